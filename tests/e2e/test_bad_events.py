"""Malformed events straight on the topics: each goes to the dead letters with its reason, and its partition goes on."""

import struct
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any
from uuid import uuid4

import pytest
from confluent_kafka import Consumer, Producer, TopicPartition

from omrs_schemas.codec import EventCodec
from omrs_schemas.typedefs.system import TypeSystem
from omrs_streams.client import EventProducer, MetadataClient
from omrs_streams.log import names
from omrs_streams.log.embedded import Endpoint
from omrs_streams.log.kafka import KafkaSettings
from omrs_streams.log.partition import partition_of
from omrs_streams.log.record import ORIGIN_HOME, ORIGINATOR, LogRecord
from omrs_streams.repository import changes
from omrs_streams.repository.events import instance_event, log_record
from omrs_streams.repository.local import LocalCollection
from workers import PARTITIONS, Running, eventually, fleet, unique

pytestmark = pytest.mark.kafka

TYPES = TypeSystem.builtin()
CODEC = EventCodec(TYPES)
HERE = 60.0  # seconds to wait for what takes milliseconds on a quiet machine; only a failure waits so long

Headers = list[tuple[str, bytes | None]]


@dataclass
class Raw:
    """A Kafka record as it is produced; `partition` is the one that the good event after it has too."""

    key: bytes | None
    value: bytes | None
    headers: Headers | None
    partition: int = 0
    expected: dict[str, str] = field(default_factory=dict)


@dataclass
class Receiver:
    """A server that receives, and a member without a server that sends to it."""

    running: Running
    cohort: str
    kafka: str
    sender: EventProducer
    client: MetadataClient
    letters: Consumer
    producer: Producer

    def produce(self, topic: str, raw: Raw) -> int:
        """Send it; its offset."""
        offsets: list[int] = []
        headers: Any = raw.headers

        def done(_: object, message: Any) -> None:
            offsets.append(message.offset())

        self.producer.produce(topic, raw.value, raw.key, raw.partition, done, headers=headers)
        assert self.producer.flush(20) == 0 and offsets
        return offsets[0]

    def letter(self, topic: str, partition: int, offset: int) -> dict[str, str]:
        """The dead letter's headers for the record at that place, and its value's size as `size`."""
        found: list[dict[str, str]] = []

        def arrived() -> bool:
            for message in self.letters.consume(100, 0.2):
                assert message.error() is None, message.error()
                headers = {name: (value or b"").decode(errors="replace") for name, value in message.headers()}
                self.seen[headers["dlq-topic"], int(headers["dlq-partition"]), int(headers["dlq-offset"])] = {
                    **headers,
                    "size": str(len(message.value() or b"")),
                }
            if (topic, partition, offset) in self.seen:
                found.append(self.seen[topic, partition, offset])
            return bool(found)

        eventually(arrived, f"dead letter of {topic}[{partition}]@{offset}", within=HERE)
        return found[0]

    def __post_init__(self) -> None:
        self.seen: dict[tuple[str, int, int], dict[str, str]] = {}

    def goes_on(self, partition: int) -> None:
        """A good event on that partition of the cohort's instances arrives."""
        guid = guid_in(partition)
        self.sender.new_entity("DataFile", {"qualifiedName": "good"}, guid=guid)
        eventually(lambda: self.client.find_entity(guid), f"a good event on partition {partition}", within=HERE)


def guid_in(partition: int) -> str:
    while partition_of(guid := str(uuid4()), PARTITIONS) != partition:
        pass
    return guid


@pytest.fixture(scope="module")
def receiver(kafka: Endpoint, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Receiver]:
    with fleet(tmp_path_factory.mktemp("receiver"), kafka.bootstrap_servers) as ours:
        cohort = unique("bad")
        running = ours.start(unique("R"), cohort=cohort)
        settings = KafkaSettings(bootstrap_servers=kafka.bootstrap_servers)
        letters = Consumer(settings.librdkafka(group_id=unique("letters"), auto_offset_reset="earliest"))
        letters.assign([TopicPartition(names.dead_letters(names.server_group(running.server)), 0, 0)])
        producer = Producer(settings.librdkafka(message_max_bytes=8_000_000))
        with EventProducer(kafka.bootstrap_servers, cohort, unique("member"), TYPES, partitions=PARTITIONS) as sender:
            sender.register()
            yield Receiver(running, cohort, kafka.bootstrap_servers, sender, running.client(), letters, producer)
        letters.close()


# ---- what a good record is, and how each bad one differs -------------------------------------------------------------


def good(guid: str, home: str = "somebody", **header: Any) -> tuple[LogRecord, Headers]:
    """A record of NEW_ENTITY_EVENT as a member of ours sends it."""
    local = LocalCollection(home, home, home)
    typedef = TYPES.require(name="DataFile")
    audit = changes.home_header(local, "sender", 1_700_000_000_000, TYPES.instance_type(typedef), "ACTIVE")
    entity = {**changes.new_instance(changes.ENTITY, guid, audit, None, local), **header}
    event = instance_event("NEW", entity, local.originator(), 1_700_000_000_000)
    record = log_record(event, CODEC.encode, PARTITIONS, event_id=str(uuid4()), origin=ORIGIN_HOME)
    return record, list(record.headers(home, [(ORIGINATOR, home.encode())]))


def crc_of(value: bytes) -> bytes:
    return b"%08x" % zlib.crc32(value)


def with_header(headers: Headers, name: str, value: bytes | None) -> Headers:
    return [(known, value if known == name else old) for known, old in headers]


def valued(headers: Headers, value: bytes) -> Headers:
    """Headers that vouch for `value`."""
    return with_header(headers, "omrs-crc", crc_of(value))


def raw_good() -> tuple[bytes, bytes, Headers, int]:
    record, headers = good(str(uuid4()))
    return record.key.encode(), record.value or b"", headers, record.partition


def changed(change: Callable[[bytes, Headers], tuple[bytes | None, Headers]]) -> Raw:
    key, value, headers, partition = raw_good()
    new_value, new_headers = change(value, headers)
    return Raw(key, new_value, new_headers, partition)


def meta(headers: Headers, position: int, text: str) -> Headers:
    old = dict(headers)["omrs-meta"] or b""
    parts = old.decode().split("|")
    parts[position] = text
    return with_header(headers, "omrs-meta", "|".join(parts).encode())


def bad_enum(value: bytes) -> bytes:
    """The first field after fingerprint is the event type's index: one that no release has."""
    return value[:10] + b"\x9e\x0e" + value[11:]


BAD = {
    "truncated": (lambda: changed(lambda v, h: (v[:-7], h)), "omrs-crc"),
    "truncated, vouched for": (lambda: changed(lambda v, h: (v[:40], valued(h, v[:40]))), ""),
    "cut in the fingerprint": (lambda: changed(lambda v, h: (v[:5], valued(h, v[:5]))), ""),
    "empty": (lambda: changed(lambda v, h: (b"", valued(h, b""))), ""),
    "a wrong fingerprint": (
        lambda: changed(lambda v, h: (w := b"\xc3\x01" + b"12345678" + v[10:], valued(h, w))),
        "fingerprint",
    ),
    "no marker": (lambda: changed(lambda v, h: (w := b"\x00\x00" + v[2:], valued(h, w))), ""),
    "a bad enum": (lambda: changed(lambda v, h: (w := bad_enum(v), valued(h, w))), "eventType"),
    "JSON": (lambda: changed(lambda v, h: (w := b'{"class":"OMRSEventV1"}', valued(h, w))), ""),
    "a registry event": (lambda: changed(lambda v, h: (w := registry_event(), valued(h, w))), ""),
    "900 KB of garbage": (lambda: changed(lambda v, h: (w := bytes(range(256)) * 3600, valued(h, w))), ""),
    "4 MB of garbage": (lambda: changed(lambda v, h: (w := bytes(4_140_000), valued(h, w))), "bytes"),
    "another crc": (lambda: changed(lambda v, h: (v, with_header(h, "omrs-crc", b"00000000"))), "omrs-crc"),
    "a crc that is no number": (lambda: changed(lambda v, h: (v, with_header(h, "omrs-crc", b"crc"))), "header"),
    "a null header": (lambda: changed(lambda v, h: (v, with_header(h, "omrs-crc", None))), "header"),
    "half a meta header": (lambda: changed(lambda v, h: (v, with_header(h, "omrs-meta", b"home|1"))), "header"),
    "a version in words": (lambda: changed(lambda v, h: (v, meta(h, 1, "one"))), "one"),
    "a version beyond 64 bits": (lambda: changed(lambda v, h: (v, meta(h, 1, "9" * 30))), "64 bits"),
    "an unknown origin": (lambda: changed(lambda v, h: (v, meta(h, 0, "elsewhere"))), "elsewhere"),
    "a type nobody knows": (
        lambda: changed(lambda v, h: (v, with_header(h, "type-guid", b"no-such-type"))),
        "no-such-type",
    ),
    "a home of 70,000 characters": (
        lambda: changed(lambda v, h: (v, with_header(h, "home-id", b"h" * 70_000))),
        "1000 characters",
    ),
    "no event id": (lambda: changed(lambda v, h: (v, [each for each in h if each[0] != "event-id"])), "event-id"),
}


def registry_event() -> bytes:
    return CODEC.encode(
        {
            "class": "OMRSEventV1",
            "protocolVersionId": "OMRS V1.0",
            "timestamp": 1,
            "originator": {"metadataCollectionId": "m", "serverName": "s"},
            "eventCategory": "REGISTRY",
            "registryEventSection": {"registryEventType": "REFRESH_REGISTRATION_REQUEST"},
        }
    )


def null_key() -> Raw:
    _, value, headers, partition = raw_good()
    return Raw(None, value, headers, partition)


def null_value() -> Raw:
    key, _, headers, partition = raw_good()
    return Raw(key, None, headers, partition)


def foreign_key() -> Raw:
    _, value, headers, partition = raw_good()
    return Raw(guid_in(partition).encode(), value, headers, partition)


def broken_key() -> Raw:
    _, value, headers, partition = raw_good()
    return Raw(b"\xff\xfe\xfd", value, headers, partition)


BAD.update(
    {
        "no key": (null_key, "no key"),
        "no value": (null_value, "no value"),
        "another guid as key": (foreign_key, "guid"),
        "a key that is no text": (broken_key, ""),
    }
)


@pytest.mark.parametrize("what", BAD)
def test_a_bad_instance_event_is_a_dead_letter(receiver: Receiver, what: str) -> None:
    make, reason = BAD[what]
    raw = make()
    topic = names.cohort_instances(receiver.cohort)
    offset = receiver.produce(topic, raw)
    letter = receiver.letter(topic, raw.partition, offset)
    assert reason in letter["dlq-reason"], letter["dlq-reason"]
    assert letter["dlq-error"] and letter["dlq-stack"] and letter["dlq-attempts"] == "1"
    if raw.value is not None and len(raw.value) > 4_128_768:
        assert letter["dlq-truncated"] == str(len(raw.value)) and letter["size"] == "65536"
    else:
        assert letter["size"] == str(len(raw.value or b""))
    receiver.goes_on(raw.partition)


def test_an_event_without_headers_counts_by_what_it_says(receiver: Receiver) -> None:
    key, value, _, partition = raw_good()
    receiver.produce(names.cohort_instances(receiver.cohort), Raw(key, value, [], partition))
    eventually(lambda: receiver.client.find_entity(key.decode()), "the entity arrives", within=HERE)
    receiver.goes_on(partition)


def test_an_event_that_lies_about_its_version_does_no_harm(receiver: Receiver) -> None:
    """Headers are what the fold decides by: they must say what the payload says."""
    key, value, headers, partition = raw_good()
    topic = names.cohort_instances(receiver.cohort)
    offset = receiver.produce(topic, Raw(key, value, meta(headers, 1, "77"), partition))
    letter = receiver.letter(topic, partition, offset)
    assert "version" in letter["dlq-reason"]
    assert receiver.client.find_entity(key.decode()) is None


GARBAGE = {"null": None, "empty": b"", "JSON": b"{}", "garbage": b"\xc3\x01garbage", "900 KB": bytes(900_000)}


@pytest.mark.parametrize("value", GARBAGE.values(), ids=GARBAGE.keys())
@pytest.mark.parametrize("which", ["registration", "types"])
def test_a_bad_registry_or_type_event_is_a_dead_letter(receiver: Receiver, which: str, value: bytes | None) -> None:
    topic = f"omrs.cohort.{receiver.cohort}.{which}"
    offset = receiver.produce(topic, Raw(b"somebody", value, [(ORIGINATOR, None)]))
    assert receiver.letter(topic, 0, offset)["dlq-reason"]
    receiver.goes_on(0)


def test_events_on_the_wrong_topic_are_dead_letters(receiver: Receiver) -> None:
    _, instance, _, _ = raw_good()
    for which, value in (("registration", instance), ("types", instance), ("types", registry_event())):
        topic = f"omrs.cohort.{receiver.cohort}.{which}"
        offset = receiver.produce(topic, Raw(b"somebody", value, None))
        assert "topic" in receiver.letter(topic, 0, offset)["dlq-reason"]


def type_event(typedef: dict[str, Any]) -> bytes:
    return CODEC.encode(
        {
            "class": "OMRSEventV1",
            "protocolVersionId": "OMRS V1.0",
            "timestamp": 1,
            "originator": {"metadataCollectionId": "m", "serverName": "s"},
            "eventCategory": "TYPEDEF",
            "typeDefEventSection": {"typeDefEventType": "NEW_TYPEDEF_EVENT", "typeDef": typedef},
        }
    )


def test_types_that_cannot_be_are_dead_letters(receiver: Receiver) -> None:
    """A definition that is none. Another type of a known name or guid is a conflict, which is answered, not buried; a
    type above which one is missing waits (tests/e2e/test_type_exchange.py)."""
    topic = names.cohort_types(receiver.cohort)
    known = TYPES.require(name="GlossaryTerm")
    for typedef, word in (
        ({**known, "guid": "", "name": "NoGuid"}, "NoGuid"),
        ({**known, "guid": str(uuid4()), "name": "Later", "headerVersion": 2}, "Later"),
        ({**known, "guid": str(uuid4()), "name": "Odd", "category": "RELATIONSHIP_DEF"}, "Odd"),
    ):
        offset = receiver.produce(topic, Raw(b"somebody", type_event(typedef), None))
        assert word in receiver.letter(topic, 0, offset)["dlq-reason"]
    offset = receiver.produce(topic, Raw(b"x", type_event({**known, "guid": str(uuid4())}), None))
    rest = receiver.running.rest()
    eventually(lambda: "OMRS-AUDIT-0203" in receiver.running.log_text(), "the conflict is reported", within=HERE)
    assert (topic, 0, offset) not in receiver.seen
    assert rest.get("/types/typedef/name/GlossaryTerm").json()["typeDef"]["guid"] == known["guid"]
    receiver.goes_on(0)


# ---- the server's own log --------------------------------------------------------------------------------------------


def foreign_on_the_log(value: bytes, *, vouched: bool) -> Raw:
    key, _, headers, partition = raw_good()
    return Raw(key, value, valued(headers, value) if vouched else headers, partition)


LOG = {
    "JSON without headers": lambda: Raw(b"k", b'{"a":1}', None),
    "no value": null_value,
    "no key": null_key,
    "truncated": lambda: changed(lambda v, h: (v[:-3], h)),
    "garbage that is vouched for": lambda: foreign_on_the_log(struct.pack(">Q", 7) * 9, vouched=True),
    "a wrong fingerprint": lambda: changed(lambda v, h: (w := b"\xc3\x0112345678" + v[10:], valued(h, w))),
    "a version beyond 64 bits": lambda: changed(lambda v, h: (v, meta(h, 1, "9" * 30))),
    "a time beyond 64 bits": lambda: changed(lambda v, h: (v, meta(h, 4, "9" * 30))),
    "a null header": lambda: changed(lambda v, h: (v, with_header(h, "kind", None))),
    "a home of 70,000 characters": lambda: changed(lambda v, h: (v, with_header(h, "home-id", b"h" * 70_000))),
    "a status of 70,000 characters": lambda: changed(lambda v, h: (v, meta(h, 6, "s" * 70_000))),
    "a home that is no text": lambda: changed(lambda v, h: (v, with_header(h, "home-id", b"\xff\xfe"))),
    "a key that is no text": broken_key,
}


@pytest.mark.parametrize("what", LOG)
def test_a_foreign_record_on_the_log_is_a_dead_letter(receiver: Receiver, what: str) -> None:
    raw = LOG[what]()
    topic = names.server_log(receiver.running.server)
    offset = receiver.produce(topic, raw)
    assert receiver.letter(topic, raw.partition, offset)["dlq-reason"]
    receiver.goes_on(raw.partition)
    made = [receiver.client.add_entity("DataFile", {"qualifiedName": f"after {what}"}) for _ in range(PARTITIONS)]
    for each in made:
        assert receiver.client.get_entity(each["guid"]) == each
    found = {each["guid"] for each in receiver.client.find_entities("DataFile")}
    assert {each["guid"] for each in made} <= found
    assert receiver.client.find_entities()  # everything, whatever its type: foreign bytes do not spoil it
    assert receiver.running.ask("/health")["status"] == "ok"


def test_the_worker_never_stopped(receiver: Receiver) -> None:
    assert receiver.running.alive()
    assert "failed unexpectedly" not in receiver.running.log_text()

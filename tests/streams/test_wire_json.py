"""Events of real Egeria members through the JSON wire: into a log record and out again; and what is no event."""

import copy
import json
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from topic_records import TYPES, entity, event, relationship

from json_changes import changed
from omrs_schemas.codec import EventCodec
from omrs_schemas.codec.egeria_json import dumps, to_json
from omrs_schemas.errors import CodecError, InvalidParameterError, OmrsError, PoisonRecordError
from omrs_schemas.typedefs.system import TypeSystem
from omrs_streams.fold.fold import fold
from omrs_streams.log import names
from omrs_streams.log.event_ids import following_id
from omrs_streams.log.kafka import MAX_VALUE_BYTES
from omrs_streams.log.partition import partition_of
from omrs_streams.log.producer import Outgoing
from omrs_streams.log.record import Effective, LogRecord
from omrs_streams.repository.events import instance_event, log_record
from omrs_streams.repository.local import LocalCollection
from omrs_streams.store.index import index_entries
from omrs_streams.worker.wire import REGISTRY, TYPEDEF, Arrival
from omrs_streams.worker.wire_json import JsonWire
from shared_data import require_shared

Bean = dict[str, Any]

US = LocalCollection("our-collection", "ours", "our-server", "Open Metadata Server", "Us")
THEM = "their-collection"
KEY = b"0d9ed4b8-1b52-4d3f-9d6c-0a3e8e6f2a11"  # Egeria's key: of a server, in no relation to its collection


@dataclass
class Message:
    """What aiokafka hands over."""

    value: bytes | None
    key: bytes | None = KEY
    headers: tuple[tuple[str, bytes], ...] = ()
    topic: str = "t"
    partition: int = 0
    offset: int = 0
    timestamp: int = 1_795_000_000_000


@dataclass
class Sent:
    """A record that we produced, as others find it."""

    outgoing: Outgoing
    message: Message = field(init=False)

    def __post_init__(self) -> None:
        topic, _, key, value, headers = self.outgoing
        self.message = Message(value, key, tuple(headers), topic)

    @property
    def event(self) -> Bean:
        found: Bean = json.loads(self.message.value or b"")
        return found


def wire(local: LocalCollection = US, types: TypeSystem = TYPES) -> JsonWire:
    return JsonWire("coco", "egeria.omag", local, EventCodec(types))


def arrived(of: Bean, reader: JsonWire | None = None) -> Arrival:
    found = (reader or wire()).read_instance(Message(dumps(of)))
    assert found is not None
    return found


def in_log(record: LogRecord, server: str = "s") -> Effective:
    """The record as a publisher reads it from the server log."""
    headers = record.headers(server)
    assert record.value is not None
    return Effective(record.partition, 7, record.key.encode(), record.value, headers, dict(headers))


@cache
def release_42() -> TypeSystem:
    return TypeSystem.from_archive(
        json.loads(require_shared("data", "archives", "OpenMetadataTypes-4.2.omarchive").read_bytes())
    )


@cache
def recorded_instances() -> list[Bean]:
    """Every recorded instance event, those never seen on the wire among them."""
    folder = require_shared("data", "egeria-events")
    found = [json.loads(line)["value"] for line in (folder / "instances.jsonl").read_text().splitlines()]
    beans: list[Path] = sorted(folder.glob("beans/*.json"))
    return [*found, *(each for path in beans if "instanceEventSection" in (each := json.loads(path.read_bytes())))]


# ---- recorded events ----------------------------------------------------------------------------------------------


def test_recorded_events_pass_through_the_log_without_loss() -> None:
    """JSON → record of our log → JSON as the home of the instance publishes it; what may differ is said below."""
    reader = wire(types=release_42())
    kinds: dict[str, set[str]] = {"record": set(), "event": set()}
    for given_event in recorded_instances():
        section, found = given_event["instanceEventSection"], arrived(given_event, reader)
        kind = section["eventType"]
        if found.record is None:
            kinds["event"].add(kind)
            assert found.event is not None
            assert to_json(found.event, sort_keys=True) == to_json(given_event, sort_keys=True)
            assert json.loads(reader.instance(found.event, "e")[3] or b"") == given_event
            continue
        kinds["record"].add(kind)
        # As the server that sent it would publish it, if it were one of ours: so the originator is equal too.
        origin = given_event["originator"]
        home = LocalCollection(
            origin["metadataCollectionId"], "", origin["serverName"], origin["serverType"], origin["organizationName"]
        )
        sent = Sent(wire(home, release_42()).published(in_log(found.record))).event
        expected = copy.deepcopy(given_event)
        if "PURGED" in kind and found.record.home_id == home.collection_id:
            # Java does not obey a purge that carries the instance (observed.md, Receivers 3).
            for instance in ("entity", "relationship"):
                expected["instanceEventSection"].pop(instance, None)
            expected["instanceEventSection"]["eventType"] = kind.removeprefix("DELETE_")
        assert to_json(sent, sort_keys=True) == to_json(expected, sort_keys=True)
    assert kinds["event"] == {
        "RE_IDENTIFIED_ENTITY_EVENT",
        "RE_IDENTIFIED_RELATIONSHIP_EVENT",
        "REFRESH_ENTITY_REQUEST",
        "REFRESH_RELATIONSHIP_REQUEST",
        "BATCH_INSTANCES_EVENT",
        "UNKNOWN_INSTANCE_EVENT",
    }
    assert len(kinds["record"]) == 23
    assert not kinds["record"] & kinds["event"]


def test_a_recorded_event_becomes_a_record_that_says_what_it_holds() -> None:
    reader, codec = wire(types=release_42()), EventCodec(release_42())
    for given_event in recorded_instances():
        found = arrived(given_event, reader)
        if found.record is not None:
            check_record(found, given_event, codec)


def check_record(found: Arrival, given_event: Bean, codec: EventCodec) -> None:
    """The record's headers and the content that indexes read are those of the event."""
    record = found.record
    assert record is not None and record.value is not None and found.decoded is not None
    again = LogRecord.parse(record.partition, -1, record.key.encode(), record.value, record.headers("s"))
    assert again == record
    section = given_event["instanceEventSection"]
    instance = section.get("relationship") or section.get("entity") or section.get("entityProxy")
    assert record.key == instance["guid"]
    assert (record.kind, record.type_guid) == (section["eventType"], instance["type"]["typeDefGUID"])
    meta = fold(again, None).meta
    assert meta is not None
    decoded = codec.decode_record(record.value)
    entries = index_entries(record.key, meta, decoded, [decoded])
    assert index_entries(record.key, meta, found.decoded, [found.decoded]) == entries
    assert entries or "PURGED" in record.kind


@settings(max_examples=300, deadline=None)
@given(st.data())
def test_whatever_arrives_is_read_or_refused(data: st.DataObject) -> None:
    """A worker must not end because of a stranger's message."""
    given_event = changed(data, data.draw(st.sampled_from(recorded_instances()), label="event"))
    reader = wire(types=release_42())
    try:
        found = reader.read_instance(Message(to_json(given_event)))
    except OmrsError:
        return
    if found is not None and found.record is not None:
        record = LogRecord.parse(0, -1, found.record.key.encode(), found.record.value, found.record.headers("s"))
        assert record == found.record
        EventCodec(release_42()).decode(found.record.value or b"")


# ---- tolerance ----------------------------------------------------------------------------------------------------


def test_what_a_section_leaves_out_is_taken_from_the_instance() -> None:
    made = event("NEW", entity("GlossaryTerm", "t", THEM))
    section = made["instanceEventSection"]
    expected = copy.deepcopy(section)
    for name in ("instanceGUID", "typeDefGUID", "typeDefName"):
        section[name] = None
    record = arrived(made).record
    assert record is not None
    assert EventCodec(TYPES).decode(record.value or b"")["instanceEventSection"] == expected


def test_what_java_leaves_out_or_adds_does_not_matter() -> None:
    made = event("UPDATED", entity("GlossaryTerm", "t", THEM))
    instance = made["instanceEventSection"]["entity"]
    del instance["version"], instance["status"], instance["headerVersion"], made["timestamp"], made["protocolVersionId"]
    instance["createTime"] = "2026-11-21T08:24:37.954+00:00"
    instance["unheardOf"] = {"class": "Anything"}
    instance["properties"]["instanceProperties"]["unheardOf"] = {
        "class": "PrimitivePropertyValue",
        "headerVersion": 1,
        "instancePropertyCategory": "PRIMITIVE",
        "primitiveDefCategory": "OM_PRIMITIVE_TYPE_STRING",
        "primitiveValue": "x",
    }
    record = arrived(made).record
    assert record is not None
    assert (record.version, record.status, record.create_time) == (0, "UNKNOWN", 1_795_249_477_954)
    back = EventCodec(TYPES).decode(record.value or b"")
    assert back["timestamp"] == Message(None).timestamp
    assert "unheardOf" in back["instanceEventSection"]["entity"]["properties"]["instanceProperties"]
    assert "unheardOf" not in back["instanceEventSection"]["entity"]


def test_a_type_that_is_not_known_is_for_the_receiver_to_judge() -> None:
    made = event("NEW", entity("GlossaryTerm", "t", THEM))
    made["instanceEventSection"]["entity"]["type"].update(typeDefGUID="unheard-of", typeDefName="UnheardOf")
    record = arrived(made).record
    assert record is not None and record.type_guid == "unheard-of"


def test_a_classification_by_another_member_comes_with_a_proxy() -> None:
    """observed.md § JSON: `entity` from the home, `entityProxy` from any other."""
    whole = entity("GlossaryTerm", "t", THEM)
    proxy = relationship("Synonym", whole, whole)["entityOneProxy"]
    classification = {
        **{name: value for name, value in whole.items() if name not in ("guid", "properties")},
        "class": "Classification",
        "name": "Confidentiality",
        "metadataCollectionId": "a-third",
        "version": 5,
    }
    record = arrived(event("CLASSIFIED", proxy, classification=classification)).record
    assert record is not None
    assert (record.is_proxy, record.home_id, record.version) == (True, "a-third", 5)
    record = arrived(event("CLASSIFIED", whole, classification=classification)).record
    assert record is not None
    assert (record.is_proxy, record.home_id, record.version) == (False, THEM, 1)


@pytest.mark.parametrize("missing", ["guid", "type", "metadataCollectionId"])
def test_an_instance_without_identity_is_left_to_the_receiver(missing: str) -> None:
    """OMRS events § 5: guid and home id non-null, else audit 9015; the receiver decides, not the wire."""
    made = event("NEW", entity("GlossaryTerm", "t", THEM))
    del made["instanceEventSection"]["entity"][missing]
    found = arrived(made)
    assert found.record is None and found.event is not None


def test_events_about_no_single_state_come_whole() -> None:
    whole = entity("GlossaryTerm", "t", THEM)
    ids = {"instanceGUID": whole["guid"], "typeDefGUID": "t", "typeDefName": "GlossaryTerm"}
    for section in (
        {"eventType": "PURGED_ENTITY_EVENT", **ids},
        {"eventType": "REFRESH_ENTITY_REQUEST", **ids, "homeMetadataCollectionId": "our-collection"},
        {"eventType": "BATCH_INSTANCES_EVENT", "instanceBatch": {"class": "InstanceGraph", "entities": [whole]}},
        {"eventType": "RE_IDENTIFIED_ENTITY_EVENT", **ids, "originalInstanceGUID": "old", "entity": whole},
        {"eventType": "UNKNOWN_INSTANCE_EVENT"},
    ):
        made = {**event("NEW", whole), "instanceEventSection": section}
        if section["eventType"] == "UNKNOWN_INSTANCE_EVENT":
            made["errorSection"] = {"errorCode": "CONFLICTING_INSTANCES", "targetInstanceGUID": whole["guid"]}
        found = arrived(made)
        assert found.record is None and found.event is not None
        assert found.event["instanceEventSection"]["eventType"] == section["eventType"]


@pytest.mark.parametrize(
    ("value", "error", "words"),
    [
        (None, CodecError, "not JSON"),
        (b"", CodecError, "not JSON"),
        (b"{}", CodecError, "class is None"),
        (b"\xc3\x01rest of an Avro record", CodecError, "not JSON"),
        (b'{"class": "OMRSEventV1"}', PoisonRecordError, "UNKNOWN event stands on the INSTANCE topic"),
        (b'{"class": "OMRSEventV1", "eventCategory": "TYPEDEF"}', PoisonRecordError, "TYPEDEF event stands"),
        (b'{"class": "OMRSEventV1", "eventCategory": "INSTANCE"}', PoisonRecordError, "without instanceEventSection"),
        (b'{"class": "OMRSEventV1", "protocolVersionId": "OMRS V9"}', CodecError, "V9"),
        (b'{"class": "OMRSEventV1", "eventCategory": "NEVER_HEARD_OF"}', CodecError, "eventCategory"),
        (
            b'{"class": "OMRSEventV1", "eventCategory": "INSTANCE", "instanceEventSection": {"entity": {"class": []}}}',
            CodecError,
            r"class is \[\]",
        ),
        (b" " * (MAX_VALUE_BYTES + 1), InvalidParameterError, "does not fit"),
    ],
)
def test_what_is_no_event_is_refused(value: bytes | None, error: type[OmrsError], words: str) -> None:
    with pytest.raises(error, match=words):
        wire().read_instance(Message(value))


@pytest.mark.parametrize("name", ["version", "createTime", "updateTime"])
def test_numbers_that_no_log_record_holds_are_refused(name: str) -> None:
    made = event("NEW", entity("GlossaryTerm", "t", THEM))
    made["instanceEventSection"]["entity"][name] = 10**18
    with pytest.raises(PoisonRecordError, match=f"{name} 1000000000000000000 of"):
        arrived(made)


# ---- echoes and identity ------------------------------------------------------------------------------------------


def registry_event(kind: str, sender: str | None, server: str = "another") -> Bean:
    originator = {"serverName": server} if sender is None else {"metadataCollectionId": sender, "serverName": server}
    return {
        "class": "OMRSEventV1",
        "timestamp": 1,
        "originator": originator,
        "eventCategory": "REGISTRY",
        "registryEventSection": {"registryEventType": kind},
    }


def test_our_own_events_are_dropped_by_key_or_originator() -> None:
    ours = event("NEW", entity("GlossaryTerm", "t", US.collection_id))
    assert wire().read_instance(Message(b"not looked at", US.collection_id.encode())) is None
    assert wire().read_instance(Message(dumps(ours))) is None
    types = {**registry_event("UN_REGISTRATION_EVENT", US.collection_id), "eventCategory": "TYPEDEF"}
    types["typeDefEventSection"] = {}
    assert wire().read(Message(b"not looked at", US.collection_id.encode()), TYPEDEF) is None
    assert wire().read(Message(dumps(types)), TYPEDEF) is None
    theirs = {**types, "originator": {"metadataCollectionId": THEM}}
    assert wire().read(Message(dumps(theirs)), TYPEDEF) is not None
    assert wire().read(Message(dumps({**types, "originator": {}}), None), TYPEDEF) is not None


def test_a_registration_under_our_id_is_seen() -> None:
    """OMRS cohort § 5: it may be another server's; the registry tells by the server's name."""
    impostor = registry_event("REGISTRATION_EVENT", US.collection_id)
    for key in (KEY, US.collection_id.encode(), None):
        assert wire().read(Message(dumps(impostor), key), REGISTRY) == impostor
    request = registry_event("REFRESH_REGISTRATION_REQUEST", None)
    assert wire().read(Message(dumps(request)), REGISTRY) == request
    assert wire().read(Message(dumps(request), US.collection_id.encode()), REGISTRY) is None


def test_an_event_id_is_the_same_at_each_delivery() -> None:
    made = event("NEW", entity("GlossaryTerm", "t", THEM))
    value = dumps(made)
    found = [wire().read_instance(Message(value, offset=offset)) for offset in (4, 4, 5)]
    ids = [each.event_id for each in found if each is not None]
    assert ids[0] == ids[1] != ids[2]
    given = [wire().read_instance(Message(value, headers=(("event-id", b"x"),), offset=offset)) for offset in (4, 5)]
    by_id = [each.event_id for each in given if each is not None]
    assert by_id == [following_id("x", THEM)] * 2, "what it is called there, and who says so"
    other = dumps(event("NEW", entity("GlossaryTerm", "t", "a-third")))
    third = wire().read_instance(Message(other, headers=(("event-id", b"x"),)))
    assert third is not None and third.event_id != by_id[0], "two members may be given the same id by their callers"


# ---- outbound -----------------------------------------------------------------------------------------------------


def home_record(kind: str, instance: Bean, **more: object) -> LogRecord:
    """What a command at our server appends."""
    made = instance_event(kind, instance, US.originator(), 1_700_000_000_001, **more)
    return log_record(made, EventCodec(TYPES).encode, 4, event_id="an-id", origin="home")


def test_records_go_to_egerias_topics_under_our_key() -> None:
    ours = wire()
    assert [spec.name for spec in ours.topics(16)] == [
        f"egeria.omag.openmetadata.repositoryservices.cohort.coco.OMRSTopic.{kind}"
        for kind in ("registration", "types", "instances")
    ]
    assert {(spec.partitions, spec.truth) for spec in ours.topics(16)} == {(1, False)}
    other = JsonWire("coco", "dev.zone", US, EventCodec(TYPES))
    assert other.instances_topic == names.egeria_instances("coco", "dev.zone")
    instance = entity("GlossaryTerm", "t", US.collection_id)
    registration = registry_event("REGISTRATION_EVENT", US.collection_id)
    for outgoing, topic in (
        (ours.registry(registration, "e"), ours.registration_topic),
        (ours.type({**registration, "eventCategory": "TYPEDEF"}, "e"), ours.types_topic),
        (ours.instance(event("REFRESHED", instance), "e"), ours.instances_topic),
        (ours.published(in_log(home_record("NEW", instance))), ours.instances_topic),
    ):
        assert outgoing[:3] == (topic, -1, US.collection_id.encode())
    # Another member of ours knows a repeated event by the id that it has in our log.
    there = wire(LocalCollection(THEM, "", "them")).read_instance(
        Sent(ours.published(in_log(home_record("NEW", instance)))).message
    )
    assert there is not None and there.event_id == following_id("an-id", US.collection_id)
    assert there.record is not None and there.record.key == instance["guid"]
    assert partition_of(there.record.key, 1) == there.record.partition


@pytest.mark.parametrize("kind", ["PURGED", "DELETE_PURGED"])
def test_a_purge_goes_out_by_ids_alone(kind: str) -> None:
    one, two = entity("GlossaryTerm", "1", US.collection_id), entity("GlossaryTerm", "2", US.collection_id)
    for instance, noun in ((one, "ENTITY"), (relationship("Synonym", one, two), "RELATIONSHIP")):
        sent = Sent(wire().published(in_log(home_record(kind, instance))))
        assert sent.event["instanceEventSection"] == {
            "eventType": f"PURGED_{noun}_EVENT",
            "typeDefGUID": instance["type"]["typeDefGUID"],
            "typeDefName": instance["type"]["typeDefName"],
            "instanceGUID": instance["guid"],
        }
        there = wire(LocalCollection(THEM, "", "them")).read_instance(sent.message)
        assert there is not None and there.record is None and there.event is not None


def test_what_we_distribute_for_an_external_home_goes_out_in_our_name() -> None:
    """OMRS cohort § 9: replicatedBy is us. A purge by ids would not be obeyed, for its home is not its originator;
    a Java member obeys one that is newer than the delete."""
    instance = entity("GlossaryTerm", "t", "a-catalogue")
    instance.update(instanceProvenanceType="EXTERNAL_SOURCE", replicatedBy=US.collection_id)
    found = arrived(event("UPDATED", instance))
    assert found.record is not None and found.record.replicated_by == US.collection_id
    sent = Sent(wire().published(in_log(found.record))).event
    assert sent["originator"] == US.originator()
    assert sent["instanceEventSection"] == event("UPDATED", instance)["instanceEventSection"]
    for kind in ("PURGED", "DELETE_PURGED"):
        purged = Sent(wire().published(in_log(home_record(kind, instance)))).event
        assert purged["instanceEventSection"]["eventType"] == "PURGED_ENTITY_EVENT"
        assert purged["instanceEventSection"]["entity"] == {**instance, "version": instance["version"] + 1}

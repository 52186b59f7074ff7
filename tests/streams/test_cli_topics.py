"""`omrs topics` on a real broker: what is listed, shown and produced, and how bad records and lines are met."""

import base64
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import Any

import fastavro
import pytest
from confluent_kafka import Consumer, TopicPartition
from topic_records import CODEC, PARTITIONS, TYPES, World, entity, event, record, relationship
from typer.testing import CliRunner

from omrs_schemas.codec import EventCodec
from omrs_schemas.codec.egeria_json import dumps
from omrs_schemas.errors import ConfigurationError, OmrsError, TypeDefNotKnownError
from omrs_schemas.model.values import to_properties
from omrs_streams.cli import output, topics_ls
from omrs_streams.cli.connection import admin_client
from omrs_streams.cli.topics import app
from omrs_streams.cohort.registry_events import Identity, refresh_request
from omrs_streams.cohort.type_beans import type_event
from omrs_streams.log import names, offsets
from omrs_streams.log.consumer import read_all
from omrs_streams.log.dead_letters import dead_letter
from omrs_streams.log.embedded import Endpoint
from omrs_streams.log.kafka import KafkaSettings
from omrs_streams.log.partition import partition_of
from omrs_streams.log.producer import LogProducer
from omrs_streams.log.record import LogRecord
from omrs_streams.log.roles import role_of
from omrs_streams.log.schemas_topic import publish_schemas, read_schemas, shipped_schemas
from omrs_streams.log.selection import Selection
from omrs_streams.log.tail import Decoder, Tail, read
from omrs_streams.log.topics import FOREVER, TopicSpec, ensure_topics
from omrs_streams.repository.events import log_record

pytestmark = pytest.mark.kafka


@pytest.fixture(autouse=True)
def environment(kafka: Endpoint, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OMRS_KAFKA__BOOTSTRAP_SERVERS", kafka.bootstrap_servers)


@pytest.fixture(scope="module")
def producer(kafka: Endpoint) -> Iterator[LogProducer]:
    ours = LogProducer(KafkaSettings(bootstrap_servers=kafka.bootstrap_servers).producer("omrs.test"))
    yield ours
    ours.close()


@pytest.fixture
def world(kafka: Endpoint, producer: LogProducer) -> World:
    """A server and a cohort of one test."""
    return World(KafkaSettings(bootstrap_servers=kafka.bootstrap_servers), producer)


def omrs(*args: str, stdin: str = "", code: int = 0) -> list[dict[str, Any]]:
    """The JSON lines of `omrs topics …`; errors of ours are raised."""
    return [json.loads(line) for line in text(*args, stdin=stdin, code=code).splitlines()]


def text(*args: str, stdin: str = "", code: int = 0) -> str:
    result = CliRunner().invoke(app, list(args), input=stdin)
    if isinstance(result.exception, OmrsError):
        raise result.exception
    assert result.exit_code == code, result.output
    return result.stdout


def complaints(*args: str, stdin: str) -> list[str]:
    """What `omrs topics produce` says of bad lines; it must end with 1."""
    result = CliRunner().invoke(app, ["produce", *args], input=stdin)
    if isinstance(result.exception, OmrsError):
        raise result.exception
    assert result.exit_code == 1, result.output
    return result.stderr.splitlines()


# ---- ls -----------------------------------------------------------------------------------------------------------


def test_ls_says_what_each_topic_is_and_holds(world: World) -> None:
    world.send(world.log, *(record(event("NEW", entity("DataFile", f"f{n}", "home"))) for n in range(7)))
    listed = {found["topic"]: found for found in omrs("ls")}
    log = listed[world.log]
    assert log["what"] == f"the truth: every change of what {world.server} holds"
    assert (log["partitions"], log["records"], log["kept"], log["cleanup"]) == (PARTITIONS, 7, "for ever", "delete")
    assert log["bytes"] is None
    assert listed[names.server_types(world.server)]["kept"] == "last of each key"
    assert listed[names.server_out(world.server)]["kept"] == "7 days"
    assert world.cohort in listed[names.cohort_instances(world.cohort)]["what"]
    assert all(name.startswith("omrs.") or name.endswith(".dlq") or role_of(name).root for name in listed)


def test_ls_all_shows_foreign_topics_too(world: World) -> None:
    foreign = f"orders-{world.server}"
    ensure_topics(world.kafka.librdkafka(), [TopicSpec(foreign, 2, FOREVER)])
    assert foreign not in {found["topic"] for found in omrs("ls")}
    found = next(found for found in omrs("ls", "--all") if found["topic"] == foreign)
    assert (found["what"], found["partitions"], found["records"]) == ("", 2, 0)


def test_ls_knows_the_bytes_of_the_embedded_kafka(
    world: World, kafka: Endpoint, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "kafka").symlink_to(kafka.data_dir)
    monkeypatch.setattr(topics_ls, "data_root", lambda: tmp_path)
    before = next(found["bytes"] for found in omrs("ls") if found["topic"] == world.log)
    world.send(world.log, record(event("NEW", entity("DataFile", "f", "home"))))
    after = next(found["bytes"] for found in omrs("ls") if found["topic"] == world.log)
    assert before == 0
    assert 300 < after < 3_000


# ---- tail ---------------------------------------------------------------------------------------------------------


def test_tail_gives_whole_events_back(world: World) -> None:
    events = [event("NEW", entity("DataFile", f"file {n}", "home")) for n in range(20)]
    world.send(world.log, *map(record, events))
    shown = omrs("tail", "--server", world.server)
    assert sorted(found["key"] for found in shown) == sorted(e["instanceEventSection"]["instanceGUID"] for e in events)
    by_guid = {found["key"]: found["event"] for found in shown}
    for each in events:
        assert by_guid[each["instanceEventSection"]["instanceGUID"]] == each
    assert all("headers" not in found and "problem" not in found for found in shown)


@dataclass(frozen=True)
class Mixed:
    """A log with files, a folder, an update, a classification and a copy. `guids`: by name; written by no test."""

    log: str
    guids: dict[str, str]


@pytest.fixture(scope="module")
def mixed(kafka: Endpoint, producer: LogProducer) -> Mixed:
    world = World(KafkaSettings(bootstrap_servers=kafka.bootstrap_servers), producer)
    file, other, folder, copy = (
        entity("DataFile", "one", "home"),
        entity("CSVFile", "two", "home"),
        entity("FileFolder", "folder", "home"),
        entity("DataFile", "theirs", "elsewhere"),
    )
    classification = {
        "class": "Classification",
        "headerVersion": 1,
        "type": TYPES.instance_type(TYPES.require(name="Confidentiality")),
        "instanceProvenanceType": "LOCAL_COHORT",
        "metadataCollectionId": "home",
        "status": "ACTIVE",
        "createTime": 5,
        "version": 1,
        "name": "Confidentiality",
        "classificationOrigin": "ASSIGNED",
    }
    classified = {**file, "classifications": [classification]}
    world.send(
        world.log,
        *(record(event("NEW", each)) for each in (file, other, folder)),
        record(event("UPDATED", {**file, "version": 2}, originalEntity=file)),
        record(event("CLASSIFIED", classified, classification=classification)),
        record(event("NEW", copy), origin="copy"),
    )
    guids = {"file": file["guid"], "other": other["guid"], "folder": folder["guid"], "copy": copy["guid"]}
    return Mixed(world.log, guids)


@pytest.mark.parametrize(
    ("filters", "wanted"),
    [
        ([], ["file", "file", "file", "other", "folder", "copy"]),
        (["--guid", "{file}"], ["file", "file", "file"]),
        (["--guid", "{file}", "--kind", "updated_entity"], ["file"]),
        (["--kind", "NEW_*"], ["file", "other", "folder", "copy"]),
        (
            ["--kind", "NEW_ENTITY", "--kind", "UPDATED_ENTITY_EVENT", "--origin", "home"],
            ["file", "file", "other", "folder"],
        ),
        (["--origin", "copy"], ["copy"]),
        (["--type", "DataFile"], ["file", "file", "file", "copy"]),
        (["--type", "DataFile", "--subtypes"], ["file", "file", "file", "other", "copy"]),
        (
            ["--type", "10752b4a-4b5d-4519-9eae-fdd6d162122f", "--type", "FileFolder"],
            ["file", "file", "file", "folder", "copy"],
        ),
        (["--type", "Confidentiality"], ["file"]),
        (["--type", "ffffffff-4b5d-4519-9eae-fdd6d162122f"], []),
    ],
)
def test_filters(mixed: Mixed, filters: list[str], wanted: list[str]) -> None:
    shown = omrs("tail", mixed.log, *(each.format(**mixed.guids) for each in filters))
    names_of = {guid: name for name, guid in mixed.guids.items()}
    assert sorted(names_of[found["key"]] for found in shown) == sorted(wanted)


def test_limit_partition_headers_and_raw(mixed: Mixed) -> None:
    assert len(omrs("tail", mixed.log, "--limit", "2")) == 2
    number = partition_of(mixed.guids["folder"], PARTITIONS)
    shown = omrs("tail", mixed.log, "--partition", str(number), "--headers")
    assert {found["partition"] for found in shown} == {number}
    folder = next(found for found in shown if found["key"] == mixed.guids["folder"])
    assert folder["headers"]["kind"] == "NEW_ENTITY_EVENT"
    raw = next(iter(omrs("tail", mixed.log, "--raw", "--guid", mixed.guids["folder"])))
    assert "event" not in raw
    assert CODEC.decode(base64.b64decode(raw["value"])) == folder["event"]
    with pytest.raises(ConfigurationError, match="no partition 99"):
        omrs("tail", mixed.log, "--partition", "99")


def test_where_to_start(world: World) -> None:
    topic = names.server_workers(world.server)
    for number in range(5):
        world.raw((topic, 0, b"0", json.dumps({"n": number}).encode(), []))
    middle = next(iter(omrs("tail", topic, "--from", "2")))["timestamp"]

    def shown(*args: str) -> list[int]:
        return [found["data"]["n"] for found in omrs("tail", topic, *args)]

    assert shown() == shown("--from", "beginning") == [0, 1, 2, 3, 4]
    assert shown("--from", "3") == shown("--from", "-2") == [3, 4]
    assert shown("--from", "-99") == shown("--from", "1h") == [0, 1, 2, 3, 4]
    assert shown("--from", "99") == shown("--from", "end") == []
    iso = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(middle / 1000)) + f".{middle % 1000:03d}+00:00"
    assert shown("--from", iso)[-3:] == [2, 3, 4]
    assert shown("--from", "2099-01-01") == []


def test_the_topics_of_a_cohort_together(world: World) -> None:
    instance = event("NEW", entity("DataFile", "f", "home"))
    world.send(names.cohort_instances(world.cohort), record(instance))
    registration = {
        "class": "OMRSEventV1",
        "timestamp": 1,
        "originator": {"metadataCollectionId": "home", "serverName": "S"},
        "eventCategory": "REGISTRY",
        "registryEventSection": {"registryEventType": "REGISTRATION_EVENT", "registrationTimestamp": 1},
    }
    world.raw((names.cohort_registration(world.cohort), 0, b"home", CODEC.encode(registration), []))
    shown = omrs("tail", "--cohort", world.cohort)
    assert [(found["topic"].rpartition(".")[2], found["event"]) for found in shown] == [
        ("instances", instance),
        ("registration", registration),
    ]
    assert [
        found["topic"].rpartition(".")[2] for found in omrs("tail", "-c", world.cohort, "--kind", "REGISTRATION")
    ] == ["registration"]


def test_types_that_a_server_learned_are_known_when_its_log_is_read(world: World) -> None:
    types = TYPES.copy()
    string = types.attribute_typedef_by_name("string")
    assert string is not None
    own = {
        **types.require(name="DataFile"),
        "guid": "aaaaaaaa-0000-4000-8000-000000000001",
        "name": "PunchCard",
        "superType": {
            "class": "TypeDefLink",
            "guid": types.require(name="DataFile")["guid"],
            "name": "DataFile",
            "status": "ACTIVE_TYPEDEF",
        },
        "propertiesDefinition": [
            {
                "class": "TypeDefAttribute",
                "headerVersion": 1,
                "attributeName": "holes",
                "attributeType": string,
                "attributeStatus": "ACTIVE_ATTRIBUTE",
                "attributeCardinality": "AT_MOST_ONE",
                "valuesMinCount": 0,
                "valuesMaxCount": 1,
                "unique": False,
                "indexable": True,
            }
        ],
    }
    types.add_typedef(own)
    codec = EventCodec(types)
    defined = type_event(types.require(name="PunchCard"), {"metadataCollectionId": "home"}, 1)
    world.raw((names.server_types(world.server), 0, own["guid"].encode(), codec.encode(defined), []))
    card = entity("DataFile", "card", "home")
    card["type"] = types.instance_type(types.require(name="PunchCard"))
    card["properties"] = to_properties(types, "PunchCard", {"qualifiedName": "card", "holes": "many"})
    new = event("NEW", card)
    world.send(world.log, log_record(new, codec.encode, PARTITIONS, event_id="e1", origin="home"))
    assert [found["event"] for found in omrs("tail", world.log, "--type", "PunchCard")] == [new]
    assert [found["event"] for found in omrs("tail", world.log, "--type", "DataFile", "--subtypes")] == [new]


def test_what_cannot_be_read_is_shown_with_the_reason_and_the_tail_goes_on(world: World) -> None:
    good = record(event("NEW", entity("DataFile", "good", "home")))
    value = good.value or b""
    world.raw(
        (world.log, 0, b"k1", b"hello", []),
        (world.log, 0, b"k2", value[:40], []),
        (world.log, 0, b"k3", b"\xc3\x01" + bytes(8) + value[10:], []),
        (world.log, 0, b"k4", b"", []),
        (world.log, 0, b"k5", None, []),
        (world.log, 0, None, b'{"class":"OMRSEventV1","eventCategory":"INSTANCE"', []),
        (world.log, 0, b"\xff\xfe", b'{"class":"Other"}', []),
        (world.log, 0, b"k8", value, []),
        (world.log, 0, good.key.encode(), value, good.headers("s")),
    )
    shown = omrs("tail", world.log)
    assert [found["offset"] for found in shown] == list(range(9))
    reasons = [found.get("problem", {}).get("message") for found in shown]
    for reason, part in zip(
        reasons,
        [
            "not an Avro",
            "broken InstanceEvent",
            "no known schema",
            "not an Avro",
            "'omrs-meta' is missing",
            "not JSON",
            "without class OMRSEventV1",
            "'omrs-meta' is missing",
        ],
        strict=False,
    ):
        assert part in reason
    assert shown[6]["key"] == "\\xff\\xfe"
    assert shown[7]["event"] == shown[8]["event"]
    assert reasons[8] is None
    assert base64.b64decode(shown[1]["value"]) == value[:40]
    assert [found["offset"] for found in omrs("tail", world.log, "--kind", "NEW_ENTITY")] == [8]


def test_dead_letters_say_why_and_from_where(world: World) -> None:
    topic, good = names.dead_letters(names.server_group(world.server)), event("NEW", entity("DataFile", "f", "home"))
    of = record(good)
    try:
        raise ConfigurationError("the type is not active here")
    except ConfigurationError as error:
        letter = dead_letter(
            names.server_group(world.server),
            "source",
            3,
            99,
            of.key.encode(),
            of.value,
            of.headers("s"),
            error,
            attempts=2,
        )
        broken = dead_letter("x", "source", 3, 100, b"k", b"hello", [], error)
    world.raw(letter, (topic, *broken[1:]))
    first, second = omrs("tail", topic)
    assert first["event"] == good
    assert first["dead_letter"] == {
        "reason": str(ConfigurationError("the type is not active here")),
        "error": ConfigurationError.code,
        "topic": "source",
        "partition": "3",
        "offset": "99",
        "attempts": "2",
    }
    assert "not an Avro" in second["problem"]["message"]
    assert second["dead_letter"]["offset"] == "100"
    assert "Traceback" in omrs("tail", topic, "--headers")[0]["dead_letter"]["stack"]
    result = CliRunner().invoke(app, ["tail", topic, "--kind", "NEW_ENTITY"])
    assert [json.loads(line)["offset"] for line in result.stdout.splitlines()] == [first["offset"]]
    assert "1 unreadable records could not be judged" in result.stderr


def test_a_topic_of_egeria_json_and_other_things(world: World) -> None:
    topic = f"egeria.{world.cohort}.instances"
    ensure_topics(world.kafka.librdkafka(), [TopicSpec(topic, 1, FOREVER)])
    mine, other = event("NEW", entity("DataFile", "f", "home")), event("NEW", entity("FileFolder", "d", "home"))
    for value in (dumps(mine), dumps(other), b"plain text", b"[1, 2]", b"\xff\x00", None):
        world.raw((topic, 0, b"serverId", value, []))
    shown = omrs("tail", topic)
    assert [found.get("event") for found in shown[:2]] == [mine, other]
    assert [found.get("data") for found in shown[2:4]] == ["plain text", [1, 2]]
    assert "neither an event nor JSON nor text" in shown[4]["problem"]["message"]
    assert shown[5]["value"] is None
    assert [found["event"] for found in omrs("tail", topic, "--type", "FileFolder")] == [other]
    assert [
        found["event"] for found in omrs("tail", topic, "--guid", mine["instanceEventSection"]["instanceGUID"])
    ] == [mine]
    assert omrs("tail", topic, "--origin", "home") == []


def test_a_whole_log_is_searched_without_being_decoded(world: World) -> None:
    template = record(event("NEW", entity("DataFile", "many", "home")))
    headers = template.headers(world.server)
    world.raw(*((world.log, n % PARTITIONS, f"g-{n}".encode(), template.value, headers) for n in range(20_000)))
    wanted = record(event("NEW", entity("FileFolder", "needle", "home")))
    world.send(world.log, wanted)
    admin = admin_client(world.kafka)
    parts = offsets.parts_of([world.log], {world.log: PARTITIONS})
    low, high = offsets.earliest(admin, parts), offsets.latest(admin, parts)
    for selection in (Selection(guid=wanted.key), Selection(types=frozenset({wanted.type_guid}))):
        decoder = Decoder(lambda: TYPES)
        tail = Tail(selection, decoder)
        seen, found = 0, []
        for batch in read(world.conf, low, high):
            seen += len(batch)
            found += tail.entries(batch)
        assert seen == 20_001
        assert [entry.key for entry in found] == [wanted.key]
        assert decoder.decoded == 1


def test_a_line_each_at_a_terminal(world: World, mixed: Mixed, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(output, "is_terminal", lambda: True)
    world.raw((world.log, 0, b"broken", b"hello", []))
    lines = text("tail", mixed.log, "--guid", mixed.guids["file"]).splitlines()
    assert len(lines) == 3
    new = next(line for line in lines if "NEW_ENTITY " in line)
    for part in ("DataFile", mixed.guids["file"], "v1", "home-name", "one", "@"):
        assert part in new
    assert "CLASSIFIED_ENTITY Confidentiality DataFile" in "\n".join(lines)
    broken = text("tail", world.log, "--guid", "broken", "--headers")
    assert "5 bytes 68 65 6c 6c 6f" in broken
    assert "unreadable: not an Avro single-object record" in broken
    several = text("tail", world.log, mixed.log, "--raw", "--guid", mixed.guids["folder"])
    assert f"{mixed.log}[" in several


def test_relationships_types_registrations_and_removals_at_a_terminal(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(output, "is_terminal", lambda: True)
    one, two = entity("FileFolder", "folder", "home"), entity("DataFile", "file", "home")
    world.send(world.log, record(event("NEW", relationship("NestedFile", one, two))))
    line = text("tail", world.log)
    for part in ("NEW_RELATIONSHIP NestedFile", "FileFolder::folder → DataFile::file"):
        assert part in line
    originator = {"metadataCollectionId": "peer", "serverName": "Peer"}
    defined = type_event(TYPES.require(name="DataFile"), originator, 1)
    leave = {
        "class": "OMRSEventV1",
        "originator": originator,
        "eventCategory": "REGISTRY",
        "registryEventSection": {"registryEventType": "REGISTRATION_ERROR_EVENT"},
        "errorSection": {"errorCode": "CONFLICTING_COLLECTION_ID", "errorMessage": "taken"},
    }
    world.raw(
        (names.cohort_types(world.cohort), 0, b"g", CODEC.encode(defined), []),
        (names.cohort_registration(world.cohort), 0, b"peer", CODEC.encode(leave), []),
        (names.server_workers(world.server), 0, b"0", b'{"worker":"w1"}', []),
        (names.server_workers(world.server), 0, b"0", None, []),
    )
    shown = text("tail", "--cohort", world.cohort)
    assert "NEW_TYPEDEF DataFile 10752b4a-4b5d-4519-9eae-fdd6d162122f v1 from Peer" in shown
    assert "REGISTRATION_ERROR Peer peer CONFLICTING_COLLECTION_ID: taken" in shown
    first, second = text("tail", names.server_workers(world.server)).splitlines()
    assert first.endswith('0: {"worker":"w1"}')
    assert second.endswith("0: (removed)")


@pytest.mark.parametrize(
    ("args", "error", "message"),
    [
        (["omrs.server.nobody.log"], ConfigurationError, "no topic omrs.server.nobody.log"),
        (["--server", "nobody"], ConfigurationError, "no topic omrs.server.nobody.log"),
        (["--cohort", "nobody"], ConfigurationError, "no cohort nobody"),
        ([], ConfigurationError, "no topic is named"),
        (["{log}", "--from", "soon"], ConfigurationError, "neither an offset nor a time"),
        (["{log}", "--type", "DataFyle"], TypeDefNotKnownError, "no type 'DataFyle'"),
        (["{log}", "--types", "/no/such/archive"], ConfigurationError, "cannot be read"),
    ],
)
def test_what_means_nothing_is_said(world: World, args: list[str], error: type[OmrsError], message: str) -> None:
    if "/no/such/archive" in args:
        world.send(world.log, record(event("NEW", entity("DataFile", "f", "home"))))
    with pytest.raises(error, match=message):
        omrs("tail", *(each.format(log=world.log) for each in args))


def test_no_kafka_is_said(world: World, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("OMRS_KAFKA__BOOTSTRAP_SERVERS")
    monkeypatch.setenv("OMRS_DATA_DIR", str(tmp_path))
    with pytest.raises(ConfigurationError, match="no Kafka is configured"):
        omrs("ls")
    monkeypatch.setenv("OMRS_KAFKA__NONSENSE", "1")
    with pytest.raises(ConfigurationError, match="nonsense"):
        omrs("ls")


def test_following_shows_what_comes_until_it_is_interrupted(world: World) -> None:
    world.send(world.log, record(event("NEW", entity("DataFile", "before", "home"))))
    argv = [
        sys.executable,
        "-m",
        "omrs_streams.cli.main",
        "topics",
        "tail",
        "--follow",
        "--kind",
        "NEW_ENTITY",
        world.log,
    ]
    with subprocess.Popen(argv, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as process:
        try:
            assert process.stdout is not None
            os.set_blocking(process.stdout.fileno(), False)
            shown, deadline = "", time.monotonic() + 60.0
            while "\n" not in shown:
                assert time.monotonic() < deadline
                world.send(world.log, record(event("NEW", entity("DataFile", "after", "home"))))
                time.sleep(0.2)
                shown += (process.stdout.read() or b"").decode()
            assert '"after"' in shown
            assert '"before"' not in shown
            process.send_signal(signal.SIGINT)
            assert process.wait(20) == 0
        finally:
            process.kill()


def test_a_reader_that_has_seen_enough_ends_the_tail_quietly(world: World) -> None:
    world.send(world.log, *(record(event("NEW", entity("DataFile", f"f{n}", "home"))) for n in range(200)))
    argv = f"{sys.executable} -m omrs_streams.cli.main topics tail {world.log} | head -n 1"
    result = subprocess.run(argv, shell=True, capture_output=True, text=True, timeout=60)
    assert len(result.stdout.splitlines()) == 1
    assert result.stderr == ""


# ---- produce ------------------------------------------------------------------------------------------------------


def lines_of(*events: Any) -> str:
    return "".join(json.dumps(each) + "\n" for each in events)


def test_events_are_produced_as_a_worker_sends_them(world: World) -> None:
    topic = names.cohort_instances(world.cohort)
    events = [event("NEW", entity("DataFile", f"f{n}", "peer")) for n in range(5)]
    assert omrs("produce", topic, stdin=lines_of(*events)) == [{"topic": topic, "produced": 5, "failed": 0}]
    found = {}
    for message in read_all(world.conf, topic, PARTITIONS):
        parsed = LogRecord.parse(
            message.partition(), message.offset(), message.key(), message.value(), message.headers()
        )
        assert dict(message.headers())["originator"] == b"peer"
        assert parsed.partition == partition_of(parsed.key, PARTITIONS)
        assert (parsed.home_id, parsed.kind, parsed.version) == ("peer", "NEW_ENTITY_EVENT", 1)
        found[parsed.key] = CODEC.decode(message.value())
    assert found == {each["instanceEventSection"]["instanceGUID"]: each for each in events}


def test_what_tail_wrote_can_be_produced_again_under_the_same_event_id(world: World, mixed: Mixed) -> None:
    shown = omrs("tail", mixed.log, "--headers")
    topic = names.server_out(world.server)
    omrs("produce", topic, stdin=lines_of(*shown))
    again = omrs("tail", topic, "--headers")
    key = lambda found: found["headers"]["event-id"]  # noqa: E731
    assert [found["event"] for found in sorted(again, key=key)] == [found["event"] for found in sorted(shown, key=key)]
    assert sorted(map(key, again)) == sorted(map(key, shown))


def test_each_bad_line_is_named_and_the_good_ones_go(world: World, tmp_path: Path) -> None:
    topic = names.cohort_instances(world.cohort)
    good = event("NEW", entity("DataFile", "f", "peer"))
    wrong = event("NEW", entity("DataFile", "f", "peer"))
    wrong["instanceEventSection"]["entity"]["version"] = "one"
    nobody = {name: value for name, value in good.items() if name != "originator"}
    empty = {**good, "instanceEventSection": {"eventType": "PURGED_ENTITY_EVENT", "instanceGUID": "g"}}
    typedef = {**good, "eventCategory": "TYPEDEF"}
    given = tmp_path / "events.jsonl"
    given.write_text(lines_of(good, wrong) + "{\n\n[1]\n{}\n" + lines_of(nobody, empty, typedef, good))
    said = complaints(topic, "--file", str(given), stdin="")
    assert [line.partition(":")[0] for line in said] == [f"line {n}" for n in (2, 3, 5, 6, 7, 8, 9)]
    for line, part in zip(
        said,
        [
            "instanceEventSection.entity.version",
            "not JSON",
            "an array",
            "class is None",
            "originator.metadataCollectionId is missing",
            "PURGED_ENTITY_EVENT carries no instance",
            "a TYPEDEF event has no place",
        ],
        strict=True,
    ):
        assert part in line
    assert len(list(read_all(world.conf, topic, PARTITIONS))) == 2


def test_registry_and_type_events_have_the_keys_that_members_give_them(world: World) -> None:
    registration, types = names.cohort_registration(world.cohort), names.cohort_types(world.cohort)
    request = refresh_request(Identity(None, "Peer"), 1)
    leave = {
        "class": "OMRSEventV1",
        "originator": {"metadataCollectionId": "peer"},
        "eventCategory": "REGISTRY",
        "registryEventSection": {"registryEventType": "UN_REGISTRATION_EVENT"},
    }
    omrs("produce", registration, stdin=lines_of(request, leave))
    assert [found["key"] for found in omrs("tail", registration)] == ["Peer", "peer"]
    assert omrs("tail", registration)[1]["event"]["timestamp"] > 1
    definition = TYPES.require(name="DataFile")
    omrs("produce", types, stdin=lines_of(type_event(definition, {"metadataCollectionId": "peer"}, 1)))
    shown = omrs("tail", types, "--guid", definition["guid"], "--headers")
    assert [(found["key"], found["headers"]["originator"]) for found in shown] == [(definition["guid"], "peer")]
    assert complaints(types, stdin=lines_of(request))[0].startswith("line 1: a REGISTRY event has no place")


def test_a_server_log_is_not_written_by_accident(world: World) -> None:
    line = lines_of(event("NEW", entity("DataFile", "f", "home")))
    with pytest.raises(ConfigurationError, match=f"only the workers of {world.server} write there"):
        omrs("produce", world.log, stdin=line)
    assert omrs("tail", world.log) == []
    omrs("produce", world.log, "--force", stdin=line)
    assert len(omrs("tail", world.log, "--origin", "home")) == 1
    for topic in (names.server_workers(world.server), names.dead_letters(names.server_group(world.server))):
        with pytest.raises(ConfigurationError, match="events have no place there"):
            omrs("produce", topic, "--force", stdin=line)
    with pytest.raises(ConfigurationError, match="there is no topic"):
        omrs("produce", world.log + "x", stdin=line)
    with pytest.raises(ConfigurationError, match="cannot be read"):
        omrs("produce", names.cohort_instances(world.cohort), "--file", "/no/such/file")


# ---- schemas ------------------------------------------------------------------------------------------------------


def test_a_stranger_decodes_with_the_schemas_topic_alone(world: World) -> None:
    first = publish_schemas(world.producer, world.conf)
    assert set(first) <= set(shipped_schemas())
    assert publish_schemas(world.producer, world.conf) == []
    assert read_schemas(world.conf) == {digits: schema for digits, (_, _, schema) in shipped_schemas().items()}
    world.send(world.log, record(event("NEW", entity("DataFile", "for strangers", "home"))))

    # From here on nothing of ours: confluent-kafka, fastavro and the topic.
    def records(topic: str, partitions: int) -> Iterator[tuple[bytes, bytes]]:
        consumer = Consumer({"bootstrap.servers": world.kafka.bootstrap_servers, "group.id": "stranger"})
        for number in range(partitions):
            low, high = consumer.get_watermark_offsets(TopicPartition(topic, number))
            consumer.assign([TopicPartition(topic, number, low)])
            while low < high:
                message = consumer.poll(1.0)
                if message is not None:
                    low = message.offset() + 1
                    if message.value() is not None:
                        yield message.key(), message.value()
        consumer.close()

    schemas = {bytes.fromhex(key.decode()): json.loads(value) for key, value in records("omrs.schemas", 1)}
    ((_, value),) = records(world.log, PARTITIONS)
    read_by_stranger = fastavro.schemaless_reader(
        BytesIO(value[10:]), fastavro.parse_schema(schemas[value[2:10]]), None
    )
    assert read_by_stranger["eventType"] == "NEW_ENTITY_EVENT"
    assert read_by_stranger["entity"]["properties"]["values"]["displayName"] == "for strangers"


def test_a_missing_schema_is_added_and_a_removed_one_comes_back(world: World) -> None:
    publish_schemas(world.producer, world.conf)
    lost = sorted(shipped_schemas())[0]
    world.raw((names.SCHEMAS_TOPIC, 0, lost.encode(), None, []))
    assert publish_schemas(world.producer, world.conf) == [lost]
    assert role_of(names.SCHEMAS_TOPIC).kind == "schemas"
    newest = omrs("tail", names.SCHEMAS_TOPIC, "--from", "-1")[0]
    assert (newest["key"], newest["data"]) == (lost, shipped_schemas()[lost][2])

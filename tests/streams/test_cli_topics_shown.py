"""How `omrs topics tail` shows records: at a terminal, and those that cannot be read."""

import base64
import json

import pytest
from topic_records import CODEC, TYPES, World, entity, event, record, relationship
from topics_cli import Mixed, omrs, text
from typer.testing import CliRunner

from omrs_schemas.codec.egeria_json import dumps
from omrs_schemas.errors import ConfigurationError
from omrs_streams.cli import output
from omrs_streams.cli.topics import app
from omrs_streams.cohort.type_beans import type_event
from omrs_streams.log import names
from omrs_streams.log.dead_letters import dead_letter
from omrs_streams.log.topics import FOREVER, TopicSpec, ensure_topics

pytestmark = [pytest.mark.kafka, pytest.mark.usefixtures("kafka_environment")]


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

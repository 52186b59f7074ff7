"""`omrs topics produce` on a real broker: events as members send them, and how bad lines are met."""

from pathlib import Path

import pytest
from topic_records import CODEC, PARTITIONS, TYPES, World, entity, event
from topics_cli import Mixed, complaints, lines_of, omrs

from omrs_schemas.errors import ConfigurationError
from omrs_streams.cohort.registry_events import Identity, refresh_request
from omrs_streams.cohort.type_beans import type_event
from omrs_streams.log import names
from omrs_streams.log.consumer import read_all
from omrs_streams.log.partition import partition_of
from omrs_streams.log.record import LogRecord

pytestmark = [pytest.mark.kafka, pytest.mark.usefixtures("kafka_environment")]


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

"""`omrs topics tail` on a real broker: what is chosen, from where on, and until when."""

import base64
import json
import os
import signal
import subprocess
import sys
import time

import pytest
from topic_records import CODEC, PARTITIONS, TYPES, World, entity, event, record
from topics_cli import Mixed, omrs

from omrs_schemas.codec import EventCodec
from omrs_schemas.errors import ConfigurationError, OmrsError, TypeDefNotKnownError
from omrs_schemas.model.values import to_properties
from omrs_streams.cli.connection import admin_client
from omrs_streams.cohort.type_beans import type_event
from omrs_streams.log import names, offsets
from omrs_streams.log.partition import partition_of
from omrs_streams.log.selection import Selection
from omrs_streams.log.tail import Decoder, Tail, read
from omrs_streams.repository.events import log_record

pytestmark = [pytest.mark.kafka, pytest.mark.usefixtures("kafka_environment")]


def test_tail_gives_whole_events_back(world: World) -> None:
    events = [event("NEW", entity("DataFile", f"file {n}", "home")) for n in range(20)]
    world.send(world.log, *map(record, events))
    shown = omrs("tail", "--server", world.server)
    assert sorted(found["key"] for found in shown) == sorted(e["instanceEventSection"]["instanceGUID"] for e in events)
    by_guid = {found["key"]: found["event"] for found in shown}
    for each in events:
        assert by_guid[each["instanceEventSection"]["instanceGUID"]] == each
    assert all("headers" not in found and "problem" not in found for found in shown)


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
    # What comes from several topics is in the order in which it came from Kafka.
    assert {found["topic"].rpartition(".")[2]: found["event"] for found in shown} == {
        "instances": instance,
        "registration": registration,
    }
    assert len(shown) == 2
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


def test_following_shows_what_comes_until_it_is_interrupted(world: World) -> None:
    world.send(world.log, record(event("NEW", entity("DataFile", "before", "home"))))
    # Where the tests run in the background of a shell, SIGINT is ignored by all that they start.
    heeding = "import signal; signal.signal(signal.SIGINT, signal.default_int_handler)"
    program = f"{heeding}; from omrs_streams.cli.main import main; main()"
    argv = [sys.executable, "-c", program, "topics", "tail", "--follow", "--kind", "NEW_ENTITY", world.log]
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
            assert process.wait(60) == 0
        finally:
            process.kill()


def test_a_reader_that_has_seen_enough_ends_the_tail_quietly(world: World) -> None:
    world.send(world.log, *(record(event("NEW", entity("DataFile", f"f{n}", "home"))) for n in range(200)))
    argv = f"{sys.executable} -m omrs_streams.cli.main topics tail {world.log} | head -n 1"
    result = subprocess.run(argv, shell=True, capture_output=True, text=True, timeout=60)
    assert len(result.stdout.splitlines()) == 1
    assert result.stderr == ""

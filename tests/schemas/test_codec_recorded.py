"""What real Egeria members and archives hold is read and written again without loss."""

import json
from pathlib import Path
from typing import Any

import pytest
from strategies import event_with

from omrs_schemas.codec import EventCodec
from omrs_schemas.codec.egeria_json import dumps, loads, to_json
from omrs_schemas.errors import CodecError
from omrs_schemas.model.archive import OpenMetadataArchive
from omrs_schemas.typedefs.system import TypeSystem
from shared_data import ARCHIVES, require_shared

EVENT_FILES = {"instances.jsonl": 1539, "registration.jsonl": 39, "types.jsonl": 84}
ARCHIVE_FILES = sorted(path.name for path in ARCHIVES.glob("*.omarchive")) or ["none"]


def release_42() -> TypeSystem:
    path = require_shared("data", "archives", "OpenMetadataTypes-4.2.omarchive")
    return TypeSystem.from_archive(json.loads(path.read_bytes()))


def recorded(path: Path) -> list[Any]:
    return [json.loads(line)["value"] for line in path.read_text(encoding="utf-8").splitlines()]


@pytest.mark.parametrize("name", EVENT_FILES)
def test_recorded_events_are_read_and_written_without_loss(name: str) -> None:
    values = recorded(require_shared("data", "egeria-events", name))
    assert len(values) == EVENT_FILES[name]
    codec = EventCodec(release_42())
    refused = 0
    for value in values:
        if not value:  # one stranger's empty message, which every member drops
            refused += 1
            with pytest.raises(CodecError, match="class is None"):
                loads(json.dumps(value))
            continue
        event = loads(json.dumps(value))
        # As text with sorted keys: 1, 1.0 and true are three things there.
        same = to_json(value, sort_keys=True)
        assert to_json(json.loads(dumps(event)), sort_keys=True) == same
        assert to_json(codec.decode(codec.encode(event)), sort_keys=True) == same
    assert refused == (1 if name == "registration.jsonl" else 0)


def test_beans_written_by_egeria_itself_are_kept() -> None:
    folder = require_shared("data", "egeria-events", "beans")
    codec = EventCodec(release_42())
    paths = sorted(folder.glob("*.json"))
    assert len(paths) == 14
    for path in paths:
        value = json.loads(path.read_bytes())
        event, same = loads(path.read_bytes()), to_json(value, sort_keys=True)
        assert to_json(json.loads(dumps(event)), sort_keys=True) == same, path.name
        assert to_json(codec.decode(codec.encode(event)), sort_keys=True) == same, path.name


@pytest.mark.parametrize("name", ARCHIVE_FILES)
def test_archives_are_read_whole(name: str) -> None:
    source = json.loads(require_shared("data", "archives", name).read_bytes())
    assert OpenMetadataArchive.model_validate(source).to_bean() == source


@pytest.mark.parametrize("name", ARCHIVE_FILES)
def test_every_instance_and_type_of_an_archive_passes_through_avro(name: str) -> None:
    source = json.loads(require_shared("data", "archives", name).read_bytes())
    codecs = [EventCodec(TypeSystem.builtin()), EventCodec(release_42()), EventCodec(TypeSystem())]
    instances = source.get("archiveInstanceStore") or {}
    events = [event_with("entity", bean) for bean in instances.get("entities", [])]
    events += [event_with("relationship", bean) for bean in instances.get("relationships", [])]
    for extension in instances.get("classifications", []):
        events.append(event_with("classification", extension["classification"]))
        events.append(event_with("entityProxy", extension["entityToClassify"]))
    types = source.get("archiveTypeStore") or {}
    for part, field, kind in (
        ("attributeTypeDefs", "attributeTypeDef", "NEW_ATTRIBUTE_TYPEDEF_EVENT"),
        ("newTypeDefs", "typeDef", "NEW_TYPEDEF_EVENT"),
        ("typeDefPatches", "typeDefPatch", "UPDATED_TYPEDEF_EVENT"),
    ):
        for bean in types.get(part, []):
            section = {"typeDefEventType": kind, field: bean}
            events.append({"class": "OMRSEventV1", "eventCategory": "TYPEDEF", "typeDefEventSection": section})
    assert events
    for event in events:
        for codec in codecs:
            assert codec.decode(codec.encode(event)) == event


def test_canonical_archive_values_are_written_plain() -> None:
    """Against its own release nothing of a content pack needs a type of its own."""
    source = json.loads(require_shared("data", "archives", "CocoGovernanceProgramArchive.omarchive").read_bytes())
    types = TypeSystem.from_archive(
        json.loads(require_shared("data", "archives", "OpenMetadataTypes.omarchive").read_bytes())
    )
    codec = EventCodec(types)
    plain = typed = 0
    for bean in source["archiveInstanceStore"]["entities"]:
        record = codec.decode_record(codec.encode(event_with("entity", bean)))
        for value in record["entity"]["properties"]["values"].values():
            if isinstance(value, dict) and isinstance(value.get("type"), dict):
                typed += 1
            else:
                plain += 1
    assert plain > 300
    assert typed < plain / 20

"""A hand-written event says of its instance once what the record needs; `omrs topics produce` repeats it."""

from typing import Any

from omrs_schemas.codec import EventCodec
from omrs_schemas.codec.egeria_json import to_json
from omrs_schemas.typedefs import TypeSystem
from omrs_streams.cli.topics_produce import Lines, parse
from omrs_streams.log.names import cohort_instances
from omrs_streams.log.roles import role_of

TYPES = TypeSystem.builtin()


def test_the_section_is_completed_from_the_instance() -> None:
    typedef = TYPES.require(name="DataFile")
    entity = {
        "class": "EntityDetail",
        "type": {"typeDefCategory": "ENTITY_DEF", "typeDefGUID": typedef["guid"], "typeDefName": "DataFile"},
        "metadataCollectionId": "my-catalog",
        "status": "ACTIVE",
        "version": 1,
        "guid": "file-b",
    }
    event: dict[str, Any] = {
        "class": "OMRSEventV1",
        "eventCategory": "INSTANCE",
        "originator": {"metadataCollectionId": "my-catalog"},
        "instanceEventSection": {"eventType": "NEW_ENTITY_EVENT", "entity": entity},
    }
    topic, codec = cohort_instances("c"), EventCodec(TYPES)
    lines = Lines({"bootstrap.servers": "127.0.0.1:1"}, topic, role_of(topic), 8, codec)
    _, key, value, headers = lines._record(*parse(to_json(event)))
    record = codec.decode_record(value)
    assert (key, record["instanceGUID"]) == (b"file-b", "file-b")
    assert (record["typeDefGUID"], record["typeDefName"]) == (typedef["guid"], "DataFile")
    assert ("originator", b"my-catalog") in headers

"""Confluent framing against the registry that confluent-kafka keeps in process; tests/e2e has a real one."""

import json
import socket
import sys
from collections.abc import Iterator
from typing import Any

import pytest
from confluent_kafka.schema_registry import Schema, SchemaRegistryClient
from confluent_kafka.schema_registry.avro import AvroDeserializer
from confluent_kafka.serialization import MessageField, SerializationContext
from strategies import event_with

from omrs_schemas.avro.files import current
from omrs_schemas.codec import EventCodec, confluent
from omrs_schemas.codec.avro import HEADER_SIZE as SINGLE_OBJECT_HEADER
from omrs_schemas.codec.confluent import HEADER_SIZE, ConfluentCodec
from omrs_schemas.errors import CodecError, ConfigurationError, NotReadyError
from omrs_schemas.model.base import JsonBean
from omrs_schemas.model.values import to_properties
from omrs_schemas.typedefs.system import TypeSystem

TYPES = TypeSystem.builtin()
TOPIC = "omrs.cohort.coco.instances"


@pytest.fixture
def codec() -> Iterator[ConfluentCodec]:
    with ConfluentCodec(TYPES, "mock://registry") as codec:
        yield codec


@pytest.fixture
def event() -> JsonBean:
    values = {"qualifiedName": "q", "additionalProperties": {"type": "t"}}
    header = TYPES.instance_type(TYPES.require(name="Asset"))
    properties = to_properties(TYPES, "Asset", values)
    odd = {"class": "PrimitivePropertyValue", "headerVersion": 1, "primitiveValue": 5}
    properties["instanceProperties"]["odd"] = odd
    entity = {"class": "EntityDetail", "headerVersion": 1, "type": header, "version": 1, "guid": "e"}
    return event_with("entity", {**entity, "properties": properties})


def client(codec: ConfluentCodec) -> SchemaRegistryClient:
    return codec._client


def test_events_come_back_equal(codec: ConfluentCodec, event: JsonBean) -> None:
    data = codec.encode(TOPIC, event)
    assert data[0] == 0
    assert data[HEADER_SIZE:] == EventCodec(TYPES).encode(event)[SINGLE_OBJECT_HEADER:]
    assert codec.decode(data) == event


def test_subjects_are_named_by_topic_and_record(codec: ConfluentCodec, event: JsonBean) -> None:
    registry: JsonBean = {
        "class": "OMRSEventV1",
        "eventCategory": "REGISTRY",
        "registryEventSection": {"registryEventType": "REFRESH_REGISTRATION_REQUEST"},
    }
    codec.encode(TOPIC, event)
    assert codec.decode(codec.encode(TOPIC, registry)) == registry
    subjects = client(codec).get_subjects()
    assert sorted(subjects) == [f"{TOPIC}-org.omrs.v1.InstanceEvent", f"{TOPIC}-org.omrs.v1.RegistryEvent"]


def test_confluents_own_deserializer_reads_it(codec: ConfluentCodec, event: JsonBean) -> None:
    data = codec.encode(TOPIC, event)
    read = AvroDeserializer(client(codec))(data, SerializationContext(TOPIC, MessageField.VALUE))
    assert read == codec.decode_record(data)[1]


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "not Confluent framing: 0 bytes"),
        (b"\x00\x00", "not Confluent framing: 2 bytes"),
        (b"\xc3\x01" + bytes(20), "not Confluent framing: 22 bytes that start with c3 01"),
        (b"\x00\x00\x00\x27\x0fbody", "does not know schema id 9999"),
    ],
)
def test_bytes_that_are_no_framed_event(codec: ConfluentCodec, data: bytes, reason: str) -> None:
    with pytest.raises(CodecError, match=reason):
        codec.decode(data)


def test_bytes_cut_anywhere(codec: ConfluentCodec, event: JsonBean) -> None:
    data = codec.encode(TOPIC, event)
    for cut in range(len(data)):
        with pytest.raises(CodecError):
            codec.decode(data[:cut])
    with pytest.raises(CodecError, match="2 bytes follow after its end"):
        codec.decode(data + b"xx")


def framed_with(codec: ConfluentCodec, schema: dict[str, Any]) -> bytes:
    schema_id = client(codec).register_schema("other", Schema(json.dumps(schema), "AVRO"))
    return b"\x00" + schema_id.to_bytes(4, "big") + b"\x00" * 30


def test_somebody_elses_schema_is_refused(codec: ConfluentCodec) -> None:
    with pytest.raises(CodecError, match="is Payment, no OMRS event"):
        codec.decode(framed_with(codec, {"type": "record", "name": "Payment", "fields": []}))


def test_an_incompatible_writer_is_refused_by_field(codec: ConfluentCodec) -> None:
    schema = json.loads(json.dumps(current("RegistryEvent")))
    schema["fields"][1] = {"name": "timestamp", "type": "string"}
    with pytest.raises(CodecError, match=r"cannot be read as RegistryEvent: RegistryEvent\.timestamp: "):
        codec.decode(framed_with(codec, schema))


def test_what_cannot_be_written(codec: ConfluentCodec, event: JsonBean) -> None:
    event["instanceEventSection"]["entity"]["version"] = "three"
    with pytest.raises(CodecError, match=r"InstanceEvent of e cannot be written: entity\.version: str 'three'"):
        codec.encode(TOPIC, event)


def test_a_registry_that_does_not_answer_can_be_tried_again(event: JsonBean) -> None:
    with ConfluentCodec(TYPES, {"url": "http://127.0.0.1:1", "max.retries": 0}) as codec:
        with pytest.raises(NotReadyError, match="the schema registry does not answer") as caught:
            codec.encode(TOPIC, event)
        assert caught.value.retriable
        with pytest.raises(NotReadyError, match="the schema registry does not answer"):
            codec.decode(b"\x00\x00\x00\x00\x01body")


def test_without_the_extra_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "confluent_kafka.schema_registry.avro", None)
    with pytest.raises(ConfigurationError, match="Confluent framing needs packages") as caught:
        ConfluentCodec(TYPES, "http://127.0.0.1:1")
    assert "omrs-streams[registry]" in caught.value.help


def test_a_registry_that_takes_requests_and_never_answers_is_not_ready(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(confluent, "REGISTRY_TIMEOUT_S", 0.2)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"http://127.0.0.1:{silent.getsockname()[1]}"
        with confluent.ConfluentCodec(TYPES, {"url": url, "max.retries": 0}) as codec, pytest.raises(NotReadyError):
            codec.decode(b"\x00" + (1).to_bytes(4, "big") + b"body")

"""Confluent framing with a real schema registry: subjects, FULL_TRANSITIVE, Confluent's own serializers as peers."""

import copy
from collections.abc import Iterator
from typing import Any
from uuid import uuid4

import orjson
import pytest
from confluent_kafka.schema_registry import (
    ConfigCompatibilityLevel,
    Schema,
    SchemaRegistryClient,
    ServerConfig,
    topic_record_subject_name_strategy,
)
from confluent_kafka.schema_registry.avro import AvroDeserializer, AvroSerializer
from confluent_kafka.schema_registry.error import SchemaRegistryError
from confluent_kafka.serialization import MessageField, SerializationContext

from omrs_schemas.avro.files import FILES, current
from omrs_schemas.codec import EventCodec
from omrs_schemas.codec.confluent import REGISTRY_TIMEOUT_S, ConfluentCodec
from omrs_schemas.errors import CodecError
from omrs_schemas.model.base import JsonBean
from omrs_schemas.model.values import to_properties
from omrs_schemas.typedefs.system import TypeSystem

TYPES = TypeSystem.builtin()
NO_DEFAULT_FIELD = {"name": "region", "type": "string"}
NEW_FIELD = {"name": "region", "type": ["null", "string"], "default": None}


@pytest.fixture
def topic() -> str:
    return f"omrs.cohort.{uuid4()}.instances"


@pytest.fixture
def client(schema_registry: str) -> Iterator[SchemaRegistryClient]:
    with SchemaRegistryClient({"url": schema_registry, "timeout": REGISTRY_TIMEOUT_S}) as client:
        yield client


@pytest.fixture
def codec(schema_registry: str) -> Iterator[ConfluentCodec]:
    with ConfluentCodec(TYPES, schema_registry) as codec:
        yield codec


@pytest.fixture
def event() -> JsonBean:
    typed = {"class": "PrimitivePropertyValue", "headerVersion": 1, "primitiveValue": 5}
    properties = to_properties(TYPES, "Asset", {"qualifiedName": "q", "additionalProperties": {"type": "t", "a": "b"}})
    properties["instanceProperties"]["unknown"] = typed
    entity = {
        "class": "EntityDetail",
        "headerVersion": 1,
        "type": TYPES.instance_type(TYPES.require(name="Asset")),
        "status": "ACTIVE",
        "createTime": 1795249478610,
        "version": 1,
        "guid": "e-1",
        "properties": properties,
    }
    return {
        "class": "OMRSEventV1",
        "protocolVersionId": "OMRS V1.0",
        "timestamp": 1795249478610,
        "originator": {"metadataCollectionId": "mc-1", "serverName": "cocoMDS1"},
        "eventCategory": "INSTANCE",
        "instanceEventSection": {"eventType": "NEW_ENTITY_EVENT", "instanceGUID": "e-1", "entity": entity},
    }


def schema_text(schema: dict[str, Any]) -> str:
    return orjson.dumps(schema).decode()


def with_field(name: str, field: dict[str, Any]) -> dict[str, Any]:
    schema = copy.deepcopy(current(name))
    schema["fields"].append(field)
    return schema


def test_what_one_member_writes_another_reads(
    schema_registry: str, codec: ConfluentCodec, client: SchemaRegistryClient, topic: str, event: JsonBean
) -> None:
    data = codec.encode(topic, event)
    with ConfluentCodec(TYPES, schema_registry) as another:
        assert another.decode(data) == event
    assert f"{topic}-org.omrs.v1.InstanceEvent" in client.get_subjects()


def test_confluents_own_serializers_are_understood_both_ways(
    codec: ConfluentCodec, client: SchemaRegistryClient, topic: str, event: JsonBean
) -> None:
    place = SerializationContext(topic, MessageField.VALUE)
    data = codec.encode(topic, event)
    assert AvroDeserializer(client)(data, place) == codec.decode_record(data)[1]

    settings = {"subject.name.strategy": topic_record_subject_name_strategy}
    serializer = AvroSerializer(client, schema_text(current("InstanceEvent")), conf=settings)
    record = EventCodec(TYPES).event_to_record(event)[1]
    assert codec.decode(serializer(record, place)) == event


@pytest.mark.parametrize("name", FILES)
def test_the_registry_holds_full_transitive(client: SchemaRegistryClient, topic: str, name: str) -> None:
    subject = f"{topic}-org.omrs.v1.{name}"
    client.register_schema(subject, Schema(schema_text(current(name)), "AVRO"))
    client.set_config(subject, ServerConfig(compatibility=ConfigCompatibilityLevel.FULL_TRANSITIVE))
    client.register_schema(subject, Schema(schema_text(with_field(name, NEW_FIELD)), "AVRO"))
    with pytest.raises(SchemaRegistryError):
        client.register_schema(subject, Schema(schema_text(with_field(name, NO_DEFAULT_FIELD)), "AVRO"))


def test_a_writer_of_a_later_schema_is_read(
    codec: ConfluentCodec, client: SchemaRegistryClient, topic: str, event: JsonBean
) -> None:
    settings = {"subject.name.strategy": topic_record_subject_name_strategy}
    later = AvroSerializer(client, schema_text(with_field("InstanceEvent", NEW_FIELD)), conf=settings)
    record = EventCodec(TYPES).event_to_record(event)[1] | {"region": "eu"}
    data = later(record, SerializationContext(topic, MessageField.VALUE))
    assert codec.decode(data) == event


def test_a_subject_that_holds_something_else_refuses_our_schema(
    codec: ConfluentCodec, client: SchemaRegistryClient, topic: str, event: JsonBean
) -> None:
    subject = f"{topic}-org.omrs.v1.InstanceEvent"
    foreign = copy.deepcopy(current("InstanceEvent"))
    foreign["fields"][1] = {"name": "timestamp", "type": "string"}
    client.register_schema(subject, Schema(schema_text(foreign), "AVRO"))
    client.set_config(subject, ServerConfig(compatibility=ConfigCompatibilityLevel.FULL_TRANSITIVE))
    with pytest.raises(CodecError, match="the schema registry refuses InstanceEvent"):
        codec.encode(topic, event)


def test_an_id_that_the_registry_does_not_know(codec: ConfluentCodec) -> None:
    with pytest.raises(CodecError, match="does not know schema id 123456"):
        codec.decode(b"\x00" + (123456).to_bytes(4, "big") + b"body")

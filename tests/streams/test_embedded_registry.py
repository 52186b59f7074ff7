"""The schema registry of the tests is a real one: Confluent's client registers, reads back and is refused by rule."""

import json
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest
from confluent_kafka.schema_registry import Schema, SchemaRegistryClient
from confluent_kafka.schema_registry.error import SchemaRegistryError

from omrs_schemas.errors import EmbeddedKafkaError
from omrs_streams.log.embedded.registry import SchemaRegistry


def record(*fields: dict[str, object]) -> Schema:
    return Schema(json.dumps({"type": "record", "name": "R", "namespace": "test", "fields": list(fields)}), "AVRO")


@pytest.fixture
def client(schema_registry: str) -> Iterator[SchemaRegistryClient]:
    with SchemaRegistryClient({"url": schema_registry}) as connected:
        yield connected


def test_confluents_client_registers_and_reads_back(client: SchemaRegistryClient) -> None:
    schema = record({"name": "a", "type": "string"})
    number = client.register_schema("round-trip", schema)
    assert json.loads(client.get_schema(number).schema_str or "")["name"] == "R"
    assert client.register_schema("round-trip", schema) == number


def test_full_transitive_compatibility_is_enforced(client: SchemaRegistryClient) -> None:
    client.set_compatibility("guarded", "FULL_TRANSITIVE")
    client.register_schema("guarded", record({"name": "a", "type": "string"}))
    with pytest.raises(SchemaRegistryError):
        client.register_schema("guarded", record({"name": "b", "type": "long"}))
    client.register_schema(
        "guarded", record({"name": "a", "type": "string"}, {"name": "b", "type": ["null", "long"], "default": None})
    )


def test_a_taken_port_is_named(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        with pytest.raises(EmbeddedKafkaError, match=f"port {port}"):
            SchemaRegistry(tmp_path, port).up()

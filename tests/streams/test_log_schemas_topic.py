"""The schemas topic on a real broker: it is all that a stranger needs to decode what we write."""

import json
from collections.abc import Iterator
from io import BytesIO

import fastavro
import pytest
from confluent_kafka import Consumer, TopicPartition
from topic_records import PARTITIONS, World, entity, event, record
from topics_cli import omrs

from omrs_streams.log import names
from omrs_streams.log.roles import role_of
from omrs_streams.log.schemas_topic import publish_schemas, read_schemas, shipped_schemas

pytestmark = [pytest.mark.kafka, pytest.mark.usefixtures("kafka_environment")]


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

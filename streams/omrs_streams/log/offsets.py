"""Where topics begin and end, and how far consumer groups have come: one request for any number of partitions."""

import time
from collections.abc import Iterable, Mapping
from concurrent.futures import Future
from typing import Any

from confluent_kafka import ConsumerGroupTopicPartitions, KafkaError, KafkaException, TopicPartition
from confluent_kafka.admin import AdminClient, OffsetSpec  # type: ignore[attr-defined]

from omrs_schemas.errors import LogError
from omrs_streams.log.topics import ADMIN_TIMEOUT_S

ANSWER_S = 8.0  # somebody at a terminal waits; a cluster far away with TLS needs 1 s to connect, a busy laptop a few
RETRY_S = 0.1  # between questions to partitions that move: an election on a local broker takes about as long

_PASSING = frozenset(
    {
        KafkaError.LEADER_NOT_AVAILABLE,
        KafkaError.NOT_LEADER_FOR_PARTITION,
        KafkaError.UNKNOWN_TOPIC_OR_PART,  # created a moment ago: the broker asked has not heard of it
        KafkaError.REPLICA_NOT_AVAILABLE,
        KafkaError.OFFSET_NOT_AVAILABLE,
        KafkaError.UNKNOWN_LEADER_EPOCH,
        KafkaError.FENCED_LEADER_EPOCH,
    }
)

Part = tuple[str, int]
"""topic, partition"""

Offsets = dict[Part, int]


def partitions(admin: AdminClient) -> dict[str, int]:
    """Every topic of the cluster with its number of partitions. LogError when Kafka does not answer."""
    try:
        topics = admin.list_topics(timeout=ANSWER_S).topics
    except KafkaException as error:
        raise LogError(
            f"Kafka does not answer: {reason(error)}",
            help="is it running? `omrs kafka status`; another cluster: --bootstrap-servers",
        ) from error
    return {name: len(found.partitions) for name, found in sorted(topics.items())}


def parts_of(topics: Iterable[str], counts: Mapping[str, int]) -> list[Part]:
    return [(topic, number) for topic in topics for number in range(counts[topic])]


def earliest(admin: AdminClient, parts: Iterable[Part]) -> Offsets:
    """The first offset that each partition still holds."""
    return _offsets(admin, parts, OffsetSpec.earliest())  # type: ignore[no-untyped-call]


def latest(admin: AdminClient, parts: Iterable[Part]) -> Offsets:
    """The offset of the next record of each partition."""
    return _offsets(admin, parts, OffsetSpec.latest())  # type: ignore[no-untyped-call]


def since(admin: AdminClient, parts: Iterable[Part], moment: int) -> Offsets:
    """The first offset at or after `moment` (epoch ms); -1 where there is no such record."""
    return _offsets(admin, parts, OffsetSpec.for_timestamp(moment))


def _offsets(admin: AdminClient, parts: Iterable[Part], spec: OffsetSpec) -> Offsets:
    """Asks again for partitions whose leader is new or not there yet: after a topic is created, or a broker fails."""
    found: Offsets = {}
    left = {TopicPartition(*part) for part in parts}
    deadline = time.monotonic() + ADMIN_TIMEOUT_S
    while left:
        for tp, future in admin.list_offsets(dict.fromkeys(left, spec), request_timeout=ADMIN_TIMEOUT_S).items():
            try:
                found[tp.topic, tp.partition] = int(future.result().offset)
                left.discard(tp)
            except KafkaException as error:
                if error.args[0].code() not in _PASSING or time.monotonic() > deadline:
                    raise LogError(
                        f"the offsets of {tp.topic}[{tp.partition}] cannot be read: {reason(error)}",
                        topic=tp.topic,
                        partition=tp.partition,
                    ) from error
        if left:
            time.sleep(RETRY_S)
    return found


def groups(admin: AdminClient) -> list[str]:
    """Every consumer group of the cluster, also those without members. LogError when Kafka does not answer."""
    try:
        listed = admin.list_consumer_groups(request_timeout=ADMIN_TIMEOUT_S).result()
    except KafkaException as error:
        raise LogError(f"the consumer groups cannot be listed: {reason(error)}") from error
    return sorted(found.group_id for found in listed.valid)


def committed(admin: AdminClient, group_ids: Iterable[str]) -> dict[str, Offsets]:
    """By group: the next offset it will read of every partition that it ever committed."""
    waiting: dict[str, Future[Any]] = {}
    for group in group_ids:
        request = [ConsumerGroupTopicPartitions(group)]
        waiting.update(admin.list_consumer_group_offsets(request, request_timeout=ADMIN_TIMEOUT_S))
    found: dict[str, Offsets] = {}
    for group, future in waiting.items():
        try:
            answer = future.result().topic_partitions
        except KafkaException as error:
            raise LogError(f"the offsets of group {group} cannot be read: {reason(error)}", group=group) from error
        found[group] = {(tp.topic, tp.partition): tp.offset for tp in answer if tp.offset >= 0}
    return found


def reason(error: KafkaException) -> str:
    """What librdkafka says of an error."""
    return str(error.args[0].str())

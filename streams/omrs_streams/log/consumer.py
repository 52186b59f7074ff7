"""Reading topics in large batches with confluent-kafka, by manual assignment: recovery, replay, publishers, views."""

import time
from collections.abc import Iterator
from typing import Any

from confluent_kafka import Consumer, KafkaError, KafkaException, Message, TopicPartition

from omrs_schemas.errors import LogError

BATCH = 5_000  # records a consume() call returns at most; more gains nothing (DESIGN.md, shape a)
POLL_S = 0.5  # how long one consume() waits for records; bounds how late a stop request is seen
FILL_S = 0.02  # how long a batch may grow once its first record is there: about 2,000 records of a fast broker
STALL_S = 30.0  # a bounded read that gets nothing for so long is reported: the broker is gone or the data is
REQUEST_S = 10.0


def take(consumer: Consumer, most: int, wait: float, fill: float = 0.0) -> list[Any]:
    """Up to `most` messages: waits `wait` s for the first, then only `fill` s for more.

    `Consumer.consume` alone would hold back what has come until the batch is full or its whole time is over.
    """
    first = consumer.poll(wait)
    return [] if first is None else [first, *consumer.consume(most - 1, fill)]


def watermarks(conf: dict[str, Any], topic: str, partitions: int) -> list[tuple[int, int]]:
    """The (earliest, next) offset of each partition of `topic`. LogError when Kafka does not answer."""
    consumer = Consumer(conf)
    try:
        return [ends_of(consumer, topic, number) for number in range(partitions)]
    finally:
        consumer.close()


def ends_of(consumer: Consumer, topic: str, partition: int, within: float = REQUEST_S) -> tuple[int, int]:
    """The (earliest, next) offset of one partition; waits for a leader, which a new topic or a failed broker lacks.

    Raises LogError when Kafka does not answer `within` seconds.
    """
    deadline = time.monotonic() + within
    while True:
        try:
            low, high = consumer.get_watermark_offsets(TopicPartition(topic, partition), timeout=REQUEST_S)
        except KafkaException as error:
            if time.monotonic() > deadline:
                raise LogError(
                    f"the offsets of {topic}[{partition}] cannot be read: {error.args[0].str()}", topic=topic
                ) from error
            time.sleep(0.1)
        else:
            return low, high


def committed(conf: dict[str, Any], group: str, topic: str, partition: int) -> int:
    """The next offset that `group` will read of a partition; 0 where it has read nothing.

    Raises LogError when Kafka does not answer.
    """
    consumer = Consumer({**conf, "group.id": group})
    try:
        [found] = consumer.committed([TopicPartition(topic, partition)], timeout=REQUEST_S)
    except KafkaException as error:
        raise LogError(
            f"the offset of {group} in {topic}[{partition}] cannot be read: {error.args[0].str()}", topic=topic
        ) from error
    finally:
        consumer.close()
    return max(0, int(found.offset))


def read_range(conf: dict[str, Any], topic: str, ranges: dict[int, tuple[int, int]]) -> Iterator[list[Message]]:
    """Batches of the records in `ranges` (partition -> first offset, end offset exclusive), in order per partition.

    Ends when every range is read. Control records and compacted offsets may be missing; the end is still recognised.
    Raises LogError when records stop coming (`STALL_S`) or the log no longer holds the first offset.
    """
    left = {p: end for p, (first, end) in ranges.items() if first < end}
    if not left:
        return
    consumer = Consumer(conf)
    try:
        consumer.assign([TopicPartition(topic, p, ranges[p][0]) for p in left])
        last_progress = time.monotonic()
        while left:
            batch = []
            for message in take(consumer, BATCH, POLL_S, FILL_S):
                error = message.error()
                partition = message.partition()
                if error is not None:
                    if error.code() == KafkaError._PARTITION_EOF:
                        left.pop(partition, None)
                        continue
                    if not error.retriable() and error.code() != KafkaError._TRANSPORT:
                        raise LogError(
                            f"{topic}[{partition}] cannot be read: {error.str()}", topic=topic, partition=partition
                        )
                    continue
                end = left.get(partition)
                if end is None:
                    continue
                offset = message.offset()
                if offset < end:
                    batch.append(message)
                if offset >= end - 1:
                    del left[partition]
                    consumer.incremental_unassign([TopicPartition(topic, partition)])
            if batch:
                last_progress = time.monotonic()
                yield batch
            elif time.monotonic() - last_progress > STALL_S:
                raise LogError(
                    f"{topic} gave no records for {STALL_S:.0f} s; still to read: partitions {sorted(left)}",
                    help="is the broker up? `omrs kafka status`",
                    topic=topic,
                )
    finally:
        consumer.close()


def read_all(conf: dict[str, Any], topic: str, partitions: int) -> Iterator[Message]:
    """Every record now in `topic`, in order per partition."""
    ranges = dict(enumerate(watermarks(conf, topic, partitions)))
    for batch in read_range(conf, topic, ranges):
        yield from batch

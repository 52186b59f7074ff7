"""Agents that take whole batches: order, commits, redelivery of what was not finished (docs/decisions/0002)."""

import asyncio
import time
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from confluent_kafka import Consumer, TopicPartition

from omrs_streams.log.consumer import watermarks
from omrs_streams.log.embedded import Endpoint
from omrs_streams.log.kafka import KafkaSettings
from omrs_streams.log.producer import LogProducer
from omrs_streams.log.topics import FOREVER, TopicSpec, ensure_topics
from omrs_streams.worker.faust_app import add_agent, make_app

pytestmark = pytest.mark.kafka

PARTITIONS = 3
DEADLINE_S = 90.0


class Lab:
    """A topic and the apps that read it, one after the other, as one consumer group."""

    def __init__(self, kafka: Endpoint, directory: Path) -> None:
        self.settings = KafkaSettings(bootstrap_servers=kafka.bootstrap_servers)
        self.topic = f"batches-{uuid4().hex[:8]}"
        self.group = f"group-{self.topic}"
        self._directory = directory
        ensure_topics(self.settings.librdkafka(), [TopicSpec(self.topic, PARTITIONS, FOREVER)])

    def produce(self, first: int, end: int) -> None:
        """Record n goes to partition n % 3 and says n."""
        producer = LogProducer(self.settings.producer("lab"))
        producer.send_and_wait([(self.topic, n % PARTITIONS, b"k", b"%d" % n, []) for n in range(first, end)])
        producer.close()

    def committed(self) -> int:
        """How many records the group is done with."""
        consumer = Consumer(self.settings.bulk_consumer(self.group))
        try:
            found = consumer.committed([TopicPartition(self.topic, n) for n in range(PARTITIONS)], timeout=60)
            return sum(max(tp.offset, 0) for tp in found)
        finally:
            consumer.close()

    def ends(self) -> int:
        return sum(high for _, high in watermarks(self.settings.bulk_consumer("lab"), self.topic, PARTITIONS))

    @staticmethod
    def _soon(until: Callable[[], bool]) -> bool:
        time.sleep(0.05)
        return until()

    async def run(self, handle: Callable[[Any], Any], until: Callable[[], bool]) -> Exception | None:
        """Run an app until `until` holds; the error that its agent ended with, if it did."""
        failed: list[Exception] = []
        app = make_app(self.group, "w1", self.settings, self._directory)
        add_agent(app, self.topic, handle, failed.append)
        app.finalize()
        await app.start()
        try:
            async with asyncio.timeout(DEADLINE_S):
                while not failed and not await asyncio.to_thread(self._soon, until):
                    pass
        finally:
            await app.stop()
        return failed[0] if failed else None


@pytest.fixture
def lab(kafka: Endpoint, tmp_path: Path) -> Lab:
    return Lab(kafka, tmp_path)


def test_every_record_once_in_order_and_committed(lab: Lab) -> None:
    lab.produce(0, 3_000)
    seen: dict[int, list[int]] = defaultdict(list)
    sizes: list[int] = []

    async def handle(records: Any) -> None:
        sizes.append(len(records))
        await asyncio.sleep(0)
        seen[records[0].partition] += [int(record.value) for record in records]

    asyncio.run(lab.run(handle, lambda: lab.committed() == 3_000))
    assert seen == {n: list(range(n, 3_000, PARTITIONS)) for n in range(PARTITIONS)}
    assert max(sizes) > 100, "records came one by one"

    seen.clear()
    lab.produce(3_000, 3_004)
    asyncio.run(lab.run(handle, lambda: lab.committed() == 3_004))
    assert sorted(n for numbers in seen.values() for n in numbers) == [3_000, 3_001, 3_002, 3_003], (
        "committed records came again"
    )


def test_a_partition_that_waits_does_not_hold_up_the_others(lab: Lab) -> None:
    lab.produce(0, 300)
    seen: set[int] = set()
    others_done = asyncio.Event()

    async def handle(records: Any) -> None:
        if records[0].partition == 0:
            await others_done.wait()
        seen.update(int(record.value) for record in records)
        if len(seen) == 200:
            others_done.set()

    asyncio.run(lab.run(handle, lambda: lab.committed() == 300))
    assert seen == set(range(300))


def test_what_fails_is_not_committed_and_comes_again(lab: Lab) -> None:
    lab.produce(0, 900)

    async def refuse(records: Any) -> None:
        if any(int(record.value) == 450 for record in records):
            raise RuntimeError("no")

    failure = asyncio.run(lab.run(refuse, lambda: False))
    assert str(failure) == "no"
    assert lab.committed() < lab.ends()
    seen: set[int] = set()

    async def take(records: Any) -> None:
        seen.update(int(record.value) for record in records)

    asyncio.run(lab.run(take, lambda: lab.committed() == 900))
    assert set(range(450, 900, PARTITIONS)) <= seen, "the failed batch, or what came after it, was skipped"


def test_a_lone_first_record_does_not_stall_the_commits_after_it(lab: Lab) -> None:
    """Faust overlooks a gap that begins at offset 0, which a batch of one record and then one of several make."""
    lab.produce(0, PARTITIONS)
    steps = iter([(PARTITIONS, 30), (30, 33), (33, 60)])
    wanted = PARTITIONS

    async def handle(records: Any) -> None:
        await asyncio.sleep(0)

    def more() -> bool:
        nonlocal wanted
        if lab.committed() < wanted:
            return False
        step = next(steps, None)
        if step is None:
            return True
        lab.produce(*step)
        wanted = step[1]
        return False

    asyncio.run(lab.run(handle, more))
    assert lab.committed() == 60

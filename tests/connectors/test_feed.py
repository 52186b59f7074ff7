"""One reader of a topic for many connectors: the slow one holds nobody up, and nothing is lost or doubled."""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

import pytest

from omrs_connectors.runtime import inbox as limits
from omrs_connectors.runtime.feed import Feed
from omrs_connectors.runtime.inbox import Inbox
from omrs_connectors.sdk.listener import Listener, Source
from omrs_streams.log.embedded import Endpoint
from omrs_streams.log.kafka import KafkaSettings
from omrs_streams.log.producer import LogProducer
from omrs_streams.log.topics import TopicSpec, days, ensure_topics
from workers import unique

pytestmark = pytest.mark.kafka

PARTITIONS = 3


class World:
    """A topic, a feed, and what each listener has been handed: (partition, offset)."""

    def __init__(self, kafka: KafkaSettings) -> None:
        self.kafka = kafka
        self.source = Source(unique("feed.topic"), kind="own")
        self.producer = LogProducer(kafka.producer("test"))
        self.feed = Feed(kafka, "d1")
        self.sent = 0

    def create(self) -> None:
        ensure_topics(self.kafka.librdkafka(), [TopicSpec(self.source.topic, PARTITIONS, days(1))])

    async def send(self, count: int) -> None:
        numbers = range(self.sent, self.sent + count)
        self.sent += count
        topic = self.source.topic
        await self.producer.send_batch([(topic, n % PARTITIONS, b"k", str(n).encode(), []) for n in numbers])

    def listener(self, position: dict[int, int] | None = None) -> Inbox:
        found = Inbox(self.feed, None if position is None else {self.source.key: position})
        found.listeners([Listener(self.source)])
        return found


async def heard(inbox: Inbox, count: int) -> list[int]:
    """The numbers of the next `count` records."""
    found: list[int] = []
    async with asyncio.timeout(60):
        while len(found) < count:
            records = await inbox.take(min(200, count - len(found)))
            inbox.done(records)
            found += [int(record.value) for record in records]
    return found


async def true_soon(condition: Callable[[], bool]) -> None:
    for _ in range(3_000):
        if condition():
            return
        await asyncio.sleep(0.01)
    raise AssertionError("not within 30 s")


def play(kafka: Endpoint, script: Callable[[World], Coroutine[Any, Any, None]]) -> None:
    async def run() -> None:
        world = World(KafkaSettings(bootstrap_servers=kafka.bootstrap_servers))
        try:
            await script(world)
        finally:
            world.feed.close()
            world.producer.close()

    asyncio.run(run())


def in_order(numbers: list[int]) -> bool:
    return all(
        mine == sorted(mine) for p in range(PARTITIONS) for mine in [[n for n in numbers if n % PARTITIONS == p]]
    )


def test_every_listener_hears_everything_once_and_in_order(kafka: Endpoint) -> None:
    async def script(world: World) -> None:
        world.create()
        await world.send(300)
        early = [world.listener() for _ in range(3)]
        for inbox in early:
            assert in_order(await heard(inbox, 300))
        await world.send(300)
        late = world.listener()
        for inbox, count in [*((each, 300) for each in early), (late, 600)]:
            numbers = await heard(inbox, count)
            assert in_order(numbers) and sorted(numbers) == list(range(600 - count, 600))

    play(kafka, script)


def test_a_listener_that_is_behind_reads_by_itself_and_joins_again(
    kafka: Endpoint, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "LIMIT", 50)

    async def script(world: World) -> None:
        world.create()
        quick, slow = world.listener(), world.listener()
        await world.send(3_000)
        assert len(set(await heard(quick, 3_000))) == 3_000  # while the slow one has taken nothing
        await world.send(3_000)
        assert len(set(await heard(quick, 3_000))) == 3_000
        numbers = await heard(slow, 6_000)
        assert in_order(numbers) and len(set(numbers)) == 6_000
        await world.send(30)
        assert sorted(await heard(slow, 30)) == list(range(6_000, 6_030))
        assert slow.positions == {world.source.key: dict.fromkeys(range(PARTITIONS), 2_010)}

    play(kafka, script)


def test_it_goes_on_from_a_position_and_waits_for_a_topic_that_is_not_there(kafka: Endpoint) -> None:
    async def script(world: World) -> None:
        inbox = world.listener(dict.fromkeys(range(PARTITIONS), 10))
        await asyncio.sleep(0.5)
        world.create()
        await world.send(60)
        numbers = await heard(inbox, 30)
        assert sorted(numbers) == list(range(30, 60))

    play(kafka, script)


def test_a_reader_that_runs_anyway_hands_its_newest_records_to_who_comes_later(kafka: Endpoint) -> None:
    async def script(world: World) -> None:
        world.create()
        await world.send(90)
        world.feed.open(world.source, {})
        await true_soon(lambda: world.feed.reached(world.source) == dict.fromkeys(range(PARTITIONS), 30))
        now = world.feed.reached(world.source)
        await world.send(9)
        await true_soon(lambda: world.feed.reached(world.source) != now)
        late = world.listener(now)
        assert sorted(await heard(late, 9)) == list(range(90, 99))

    play(kafka, script)


def test_it_is_known_where_a_topic_is_read_from_before_anything_else_begins(kafka: Endpoint) -> None:
    """One that is there, from its end; one that is not, from its first record, without waiting until it is."""

    async def script(world: World) -> None:
        world.create()
        await world.send(30)
        missing = Source(unique("feed.topic"), kind="own")
        world.feed.open(world.source, {})
        world.feed.open(missing, {})
        async with asyncio.timeout(60):
            await world.feed.begun(within=3_600)
        assert world.feed.reached(world.source) == dict.fromkeys(range(PARTITIONS), 10)
        assert world.feed.reached(missing) == {}
        world.source = missing
        world.create()
        await world.send(30)
        await true_soon(lambda: world.feed.reached(missing) == dict.fromkeys(range(PARTITIONS), 10))

    play(kafka, script)

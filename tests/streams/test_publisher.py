"""Publishers on a real log: what this worker appended comes from memory, everything else from Kafka, each record once
and in order (LOG.md § Publishing)."""

import asyncio
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import cast

import pytest
from topic_records import CODEC, World, entity, event, record

from omrs_schemas.errors import ProduceError
from omrs_streams.log.dead_letters import DeadLetters
from omrs_streams.log.embedded import Endpoint
from omrs_streams.log.kafka import KafkaSettings
from omrs_streams.log.producer import LogProducer
from omrs_streams.log.record import Effective, LogRecord
from omrs_streams.store.identity import LogIdentity
from omrs_streams.store.partition import PartitionStore
from omrs_streams.worker.appended import Appended
from omrs_streams.worker.appended import Record as Kept
from omrs_streams.worker.partition import OwnedPartition, Phase
from omrs_streams.worker.publisher import Publisher
from workers import eventually

HOME = "11111111-aaaa-4111-8111-111111111111"


def kept(*offsets: int, size: int = 10) -> list[Kept]:
    return [(offset, b"key", b"x" * size, []) for offset in offsets]


def offsets(found: list[Kept] | None) -> list[int] | None:
    return None if found is None else [each[0] for each in found]


def test_what_was_appended_is_read_from_where_a_reader_is() -> None:
    appended = Appended()
    appended.add(kept(7, 8, 9))
    assert offsets(appended.read(7, 10, 100)) == [7, 8, 9]
    assert offsets(appended.read(8, 9, 100)) == [8]
    assert offsets(appended.read(7, 10, 2)) == [7, 8]
    assert appended.read(6, 10, 100) is None
    assert appended.read(10, 11, 100) is None


def test_after_another_writers_record_only_what_follows_is_kept() -> None:
    appended = Appended()
    appended.add(kept(0, 1))
    appended.add(kept(3, 4))
    assert appended.read(1, 5, 100) is None
    assert offsets(appended.read(3, 5, 100)) == [3, 4]
    appended.add(kept(2, 4, 5))
    assert offsets(appended.read(3, 6, 100)) == [3, 4, 5]


def test_no_more_is_kept_than_the_limit() -> None:
    appended = Appended(limit=25)
    appended.add(kept(0, 1, 2, 3))
    assert appended.read(1, 4, 100) is None
    assert offsets(appended.read(2, 4, 100)) == [2, 3]
    appended.add(kept(4, size=30))
    assert appended.read(4, 5, 100) is None


class Place:
    """One partition of a log with its owner, and a target that notes what it is sent."""

    def __init__(self, kafka: Endpoint, folder: Path) -> None:
        settings = KafkaSettings(bootstrap_servers=kafka.bootstrap_servers)
        self.world = World(settings, LogProducer(settings.producer("omrs.test")))
        self.store = PartitionStore.open(folder, LogIdentity(self.world.log, "topic", 0), CODEC)
        self.owned = OwnedPartition(
            0,
            self.store,
            self.world.log,
            self.world.server,
            self.world.conf,
            self.world.producer,
            cast(DeadLetters, None),
        )
        self.owned.phase = Phase.READY
        self.sent: list[int] = []
        self.refusals = 0

    def send(self, records: Sequence[Effective]) -> None:
        if self.refusals:
            self.refusals -= 1
            raise ProduceError("not now")
        self.sent += [record.offset for record in records]

    def append(self, count: int) -> None:
        asyncio.run(self._append(count))

    async def _append(self, count: int) -> None:
        self.owned._lock = asyncio.Lock()  # each call here has an event loop of its own
        for each in records(count):
            await self.owned.append([each])

    def written_by_another(self, count: int) -> None:
        self.world.send(self.world.log, *records(count))

    @contextmanager
    def published(self) -> Iterator[Publisher]:
        conf = {**self.world.kafka.bulk_consumer(f"omrs.test.{self.world.server}"), "enable.partition.eof": False}
        failures: list[Exception] = []
        publisher = Publisher(conf, self.world.log, "test", self.send, failures.append)
        publisher.assign({0: self.owned})
        publisher.start()
        try:
            yield publisher
        finally:
            publisher.stop()
            publisher.join(30.0)
        assert not failures

    def reaches(self, publisher: Publisher, offset: int) -> None:
        eventually(lambda: publisher.cursor.get(0, 0) >= offset, f"{offset} records are published", within=60)


def records(count: int, accept: Callable[[LogRecord], bool] = lambda record: record.partition == 0) -> list[LogRecord]:
    """New entities of the partition."""
    found: list[LogRecord] = []
    while len(found) < count:
        made = record(event("NEW", entity("GlossaryTerm", "term", HOME)))
        if accept(made):
            found.append(made)
    return found


@pytest.fixture
def place(kafka: Endpoint, tmp_path: Path) -> Iterator[Place]:
    made = Place(kafka, tmp_path / "store")
    yield made
    made.store.close()
    made.world.producer.close()


@pytest.mark.kafka
def test_everything_is_published_once_and_in_order_wherever_it_comes_from(place: Place) -> None:
    place.append(5)
    with place.published() as publisher:
        place.append(20)
        place.written_by_another(7)
        place.append(20)
        place.reaches(publisher, 52)
        place.append(3)
        place.reaches(publisher, 55)
    assert place.sent == list(range(55))


@pytest.mark.kafka
def test_what_is_not_in_memory_any_more_is_fetched(place: Place) -> None:
    place.owned.appended = Appended(limit=3_000)
    place.append(30)
    with place.published() as publisher:
        place.reaches(publisher, 30)
        place.append(1)
        place.reaches(publisher, 31)
    assert place.sent == list(range(31))


@pytest.mark.kafka
def test_a_refused_batch_is_sent_again_and_nothing_before_what_is_committed(place: Place) -> None:
    with place.published() as publisher:
        place.append(10)
        place.reaches(publisher, 10)
    place.refusals = 2
    with place.published() as publisher:
        place.append(10)
        place.reaches(publisher, 20)
    assert place.sent == list(range(20))


@pytest.mark.kafka
def test_what_lost_and_what_is_not_folded_is_not_published(place: Place) -> None:
    [first] = records(1)
    with place.published() as publisher:
        asyncio.run(place.owned.append([first]))
        again = record(event("UPDATED", entity("GlossaryTerm", "term", HOME, guid=first.key, version=2)))
        again.expected_revision = 7
        place.owned._lock = asyncio.Lock()
        asyncio.run(place.owned.append([again]))
        place.append(1)
        place.reaches(publisher, 3)
        place.written_by_another(1)
        assert not publisher.wait_passed(0, 3, 0.5)
    assert place.sent == [0, 2]

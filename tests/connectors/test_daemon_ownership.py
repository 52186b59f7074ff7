"""Claims of partitions when workers are slow to write what the consumer group has given them."""

import asyncio
from collections.abc import Iterator

import pytest
from confluent_kafka import TopicPartition

from omrs_connectors.runtime import ownership
from omrs_connectors.runtime.ownership import Ownership
from omrs_connectors.runtime.states import States, state_topic
from omrs_streams.log.embedded import Endpoint
from omrs_streams.log.kafka import KafkaSettings
from omrs_streams.log.producer import LogProducer
from omrs_streams.log.topics import ensure_topics
from workers import unique

pytestmark = pytest.mark.kafka

ALL = {TopicPartition("commands", number) for number in range(2)}


@pytest.fixture
def producer(kafka: Endpoint) -> Iterator[LogProducer]:
    made = LogProducer(KafkaSettings(bootstrap_servers=kafka.bootstrap_servers).producer(unique("claims")))
    yield made
    made.close()


def states_of(daemon: str, kafka: Endpoint, producer: LogProducer) -> States:
    settings = KafkaSettings(bootstrap_servers=kafka.bootstrap_servers)
    ensure_topics(settings.librdkafka(), [state_topic(daemon)])
    return States(settings.bulk_consumer(unique("view")), daemon, 2, producer)


async def until(owner: Ownership, changed: asyncio.Event, owned: set[int]) -> None:
    async with asyncio.timeout(60):
        while set(owner.claims) != owned or owner.suspended:
            changed.clear()
            await changed.wait()


def test_a_claim_that_comes_late_leaves_no_partition_without_a_worker(
    kafka: Endpoint, producer: LogProducer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ownership, "DISPUTE_S", 2.0)

    async def run() -> None:
        states = states_of(unique("late"), kafka, producer)
        await states.view.start()
        changed = asyncio.Event()
        held: list[set[int]] = []

        def noted() -> None:
            held.append(set(owner.claims))
            changed.set()

        owner = Ownership(states, "w1", "i1", "commands", noted)
        await owner.assigned(ALL)
        await until(owner, changed, {0, 1})
        held.clear()
        await states.claim(1, "late", "w2", "i2")
        await until(owner, changed, {0, 1})
        assert {0} in held, "what another worker claims is given up at once"
        # One that the group takes away is not claimed again.
        await states.claim(1, "in time", "w2", "i2")
        await owner.revoked(ALL)
        await owner.assigned({TopicPartition("commands", 0)})
        await until(owner, changed, {0})
        await asyncio.gather(*owner._tasks)
        assert set(owner.claims) == {0} and states.claims[1].claim == "in time"
        states.view.stop()

    asyncio.run(run())

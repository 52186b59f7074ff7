"""kill -9 at each step of registration: started again, the member is known to all and knows all, without help.

The steps are seen from outside, as records on Kafka: what the member stores of itself and what it says to the cohort
(every crash between any two of them, without a broker: tests/streams/cohort/test_cohort_crashes.py).
"""

import time
from collections.abc import Iterator

import pytest
from confluent_kafka import Consumer, TopicPartition

from omrs_streams.log import names
from omrs_streams.log.embedded import Endpoint
from omrs_streams.log.kafka import KafkaSettings
from omrs_streams.log.topics import cohort_topics, ensure_topics, server_topics
from workers import PARTITIONS, START_S, Fleet, Running, eventually, fleet, unique

pytestmark = [pytest.mark.kafka, pytest.mark.faults, pytest.mark.timeout(900)]


class Watch:
    """Sees the records of one topic as they come; the topic exists before anybody writes to it."""

    def __init__(self, kafka: Endpoint, topic: str) -> None:
        conf = KafkaSettings(bootstrap_servers=kafka.bootstrap_servers).bulk_consumer(unique("watch"))
        self._consumer = Consumer(conf)
        self._consumer.assign([TopicPartition(topic, 0, 0)])

    def until(self, what: str, key: str, count: int) -> None:
        """Return at the moment the `count`-th record with this key is there."""
        deadline = time.monotonic() + START_S
        while count:
            assert time.monotonic() < deadline, f"{what} was not seen"
            message = self._consumer.poll(0.05)
            if message is not None and message.error() is None:
                count -= (message.key() or b"").decode() == key
        self._consumer.close()


def know_each_other(cohort: str, *running: Running) -> None:
    ids = {each.ask("/status")["metadata_collection_id"] for each in running}

    def complete() -> bool:
        for each in running:
            registered = each.ask("/status")["cohorts"][cohort]
            if not ids <= {one["metadataCollectionId"] for one in registered if one.get("registrationTime")}:
                return False
        return True

    eventually(complete, "everyone knows everyone")


def prepared(kafka: Endpoint, cohort: str, server: str) -> None:
    conf = KafkaSettings(bootstrap_servers=kafka.bootstrap_servers).librdkafka()
    ensure_topics(conf, [*server_topics(server, PARTITIONS), *cohort_topics(cohort, PARTITIONS)])


@pytest.fixture(scope="module")
def old(kafka: Endpoint, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, Running]]:
    """A cohort and its first member, which every newcomer has to find."""
    with fleet(tmp_path_factory.mktemp("old"), kafka.bootstrap_servers) as ours:
        cohort = unique("co")
        yield cohort, ours.start(unique("A"), cohort=cohort)


@pytest.mark.parametrize("step", ["identity", "stored", "registered", "time stored", "asked", "answer stored"])
def test_a_newcomer_killed_at_each_step(kafka: Endpoint, workers: Fleet, old: tuple[str, Running], step: str) -> None:
    cohort, member = old
    server, collection = unique("N"), unique("collection")
    prepared(kafka, cohort, server)
    registry, registration = names.server_cohorts(server), names.cohort_registration(cohort)
    watch, key, count = {
        "identity": (registry, "identity", 1),
        "stored": (registry, f"{cohort}/local", 1),
        "registered": (registration, collection, 1),
        "time stored": (registry, f"{cohort}/local", 2),
        "asked": (registration, collection, 2),
        "answer stored": (registry, f"{cohort}/{member.ask('/status')['metadata_collection_id']}", 1),
    }[step]
    seen = Watch(kafka, watch)
    newcomer = workers.spawn(server, cohort=cohort, metadata_collection_id=collection)
    seen.until(step, key, count)
    newcomer.kill()
    again = workers.start(server, cohort=cohort, metadata_collection_id=collection)
    know_each_other(cohort, member, again)


def test_a_member_killed_when_the_newcomer_asks(kafka: Endpoint, workers: Fleet) -> None:
    """The one that should answer dies; it answers when it is back."""
    cohort, server = unique("co"), unique("N")
    old = workers.start(unique("A"), cohort=cohort)
    prepared(kafka, cohort, server)
    seen = Watch(kafka, names.cohort_registration(cohort))
    newcomer = workers.spawn(server, cohort=cohort, metadata_collection_id="newcomer")
    seen.until("the newcomer registers", "newcomer", 1)
    old.kill()
    workers.await_url(newcomer).wait_ready()
    back = workers.start(old.server, cohort=cohort)
    know_each_other(cohort, newcomer, back)


def test_another_worker_speaks_when_the_one_that_did_is_killed(workers: Fleet) -> None:
    """Commands are carried out by whoever has the registration topic then."""
    cohort, server = unique("co"), unique("S")
    one, other = (workers.spawn(server, name, cohort) for name in ("w1", "w2"))
    for running in (one, other):
        workers.await_url(running).wait_ready()
    peer = workers.start(unique("B"), cohort=cohort)
    know_each_other(cohort, other, peer)
    one.kill()

    def commanded(running: Running, command: str) -> bool:
        """It may take longer than a command waits: the dead worker's topics move after its session time-out."""
        path = f"/metadata-highway/cohorts/{cohort}/{command}"
        return bool(running.rest(timeout=90.0).get(path).json().get("flag"))

    eventually(lambda: commanded(other, "disconnect"), "the other one speaks", within=90)
    one = workers.start(server, "w1", cohort)
    other.kill()  # it spoke, whoever did before
    assert one.ask("/status")["cohorts"][cohort]
    eventually(lambda: commanded(one, "connect"), "the first one speaks", within=90)
    made = peer.client().add_entity("DataFile", {"qualifiedName": unique("file")})
    client = one.wait_ready().client()
    eventually(lambda: client.find_entity(made["guid"]) == made, "it takes part")

"""Topics on a real broker, for tests of what reads and writes them."""

from collections.abc import Iterator

import pytest
from topic_records import World
from topics_cli import Mixed, mixed_log

from omrs_streams.log.embedded import Endpoint
from omrs_streams.log.kafka import KafkaSettings
from omrs_streams.log.producer import LogProducer


@pytest.fixture
def kafka_environment(kafka: Endpoint, monkeypatch: pytest.MonkeyPatch) -> None:
    """The commands find the broker."""
    monkeypatch.setenv("OMRS_KAFKA__BOOTSTRAP_SERVERS", kafka.bootstrap_servers)


@pytest.fixture(scope="module")
def log_producer(kafka: Endpoint) -> Iterator[LogProducer]:
    ours = LogProducer(KafkaSettings(bootstrap_servers=kafka.bootstrap_servers).producer("omrs.test"))
    yield ours
    ours.close()


@pytest.fixture
def world(kafka: Endpoint, log_producer: LogProducer) -> World:
    """A server and a cohort of one test."""
    return World(KafkaSettings(bootstrap_servers=kafka.bootstrap_servers), log_producer)


@pytest.fixture(scope="module")
def mixed(kafka: Endpoint, log_producer: LogProducer) -> Mixed:
    """A log that no test writes."""
    return mixed_log(World(KafkaSettings(bootstrap_servers=kafka.bootstrap_servers), log_producer))

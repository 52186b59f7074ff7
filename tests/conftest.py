"""Fixtures every test may use: a real Kafka, shared or of one's own."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from omrs_streams.log.embedded import EmbeddedKafka, Endpoint
from omrs_streams.log.embedded.registry import SchemaRegistry

pytest_plugins = ["omrs_connectors.kit.plugin"]

# Brokers and servers of other tests take the processor away for as long as they like: how long an example takes says
# nothing. Examples are the same in every run, so that a failure is a change's; `--hypothesis-profile explore` draws new
# ones. (Hypothesis also draws constants that it finds in the modules loaded so far. Which these are depends on what the
# same process has run before, and the examples would with them.)
settings.register_profile("explore", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile("suite", settings.get_profile("explore"), derandomize=True)
settings.load_profile("suite")
if (providers := sys.modules.get("hypothesis.internal.conjecture.providers")) is not None:
    vars(providers)["_get_local_constants"] = lambda: providers._local_constants


@contextmanager
def started(data_dir: Path, nodes: int = 1) -> Iterator[EmbeddedKafka]:
    """A cluster in `data_dir` for the length of the block; its files go with it."""
    broker = EmbeddedKafka(data_dir, nodes=nodes)
    try:
        broker.up()
        yield broker
    finally:
        broker.wipe(force=True)


@pytest.fixture(scope="session")
def kafka(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Endpoint]:
    """The session's broker: `.bootstrap_servers`. Shared, so use topic and group names of your own; never stop it."""
    with started(tmp_path_factory.mktemp("kafka")) as broker:
        yield broker.up()


@pytest.fixture(scope="session")
def kit_kafka(kafka: Endpoint) -> str:
    """The real servers of connector kits run on the session's broker too."""
    return kafka.bootstrap_servers


@pytest.fixture
def own_kafka(tmp_path: Path) -> Iterator[EmbeddedKafka]:
    """One node for one test that kills and restarts it: `.bootstrap_servers`, `.kill(1)`, `.start(1)`, `.stop(1)`."""
    with started(tmp_path / "kafka") as broker:
        yield broker


@pytest.fixture(scope="module")
def kafka_cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmbeddedKafka]:
    """Three nodes, replication factor 3: `.bootstrap_servers`, `.kill(n)`, `.start(n)`, `.stop(n)`."""
    with started(tmp_path_factory.mktemp("cluster"), nodes=3) as cluster:
        yield cluster


@pytest.fixture(scope="session")
def schema_registry(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The URL of a real schema registry with Confluent's API (`/apis/ccompat/v7`), shared by the session."""
    registry = SchemaRegistry(tmp_path_factory.mktemp("registry"))
    try:
        yield registry.up()
    finally:
        registry.down()

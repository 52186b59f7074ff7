"""Real workers on the session's broker; a pair of servers in one cohort that the read and write tests share."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from e2e_samples import known_types
from shared_pair import started_pair

from omrs_streams.client import MetadataClient
from omrs_streams.log.embedded import Endpoint
from workers import Fleet, Pair, Running, fleet

TYPES = known_types()


@pytest.fixture
def workers(kafka: Endpoint, tmp_path: Path) -> Iterator[Fleet]:
    """The processes of one test: `.start(server, worker, cohort, **options)`; `.spawn` does not wait."""
    with fleet(tmp_path / "fleet", kafka.bootstrap_servers) as ours:
        yield ours


@pytest.fixture
def start_worker(workers: Fleet) -> Callable[..., Running]:
    """`start_worker(server, worker="w1", cohort=…, **options) -> Running`, ready to answer."""
    return workers.start


@pytest.fixture(scope="session")
def running_pair(kafka: Endpoint, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pair]:
    """Shared by all tests that do not compare the two servers as a whole: what one test leaves behind, another sees."""
    with started_pair(tmp_path_factory.mktemp("pair"), kafka.bootstrap_servers) as found:
        yield found


@pytest.fixture
def pair(running_pair: Pair) -> Iterator[Pair]:
    """The shared pair; it must be alive and free of unexpected errors after each test."""
    before = [len(running.log_text()) for running in (running_pair.a, running_pair.b)]
    yield running_pair
    for running, position in zip((running_pair.a, running_pair.b), before, strict=True):
        said = running.log_text()[position:]
        print(f"---- {running.server}\n{said[-6000:]}")
        assert running.alive(), f"{running.server} ended with {running.proc.returncode}"
        assert "failed unexpectedly" not in said, f"{running.server} answered with a defect"


@pytest.fixture
def alice(pair: Pair) -> MetadataClient:
    """A user of server A."""
    return pair.a.client("alice", types=TYPES)


@pytest.fixture
def bob(pair: Pair) -> MetadataClient:
    """A user of server B."""
    return pair.b.client("bob", types=TYPES)

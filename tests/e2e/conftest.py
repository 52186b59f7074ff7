"""Real workers on the session's broker; a pair of servers in one cohort that the read and write tests share."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from e2e_samples import DRAFT, known_types, members

from omrs_streams.client import MetadataClient
from omrs_streams.log.embedded import Endpoint
from workers import Fleet, Pair, Running, eventually, fleet, unique

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
    with fleet(tmp_path_factory.mktemp("pair"), kafka.bootstrap_servers) as ours:
        cohort = unique("pair")
        a, b = (ours.spawn(unique(name), cohort=cohort) for name in "AB")
        for running in (a, b):
            ours.await_url(running).wait_ready()
        added = a.rest().post("/types/typedef", json=DRAFT).json()
        assert added["relatedHTTPCode"] == 200, added
        there = f"/types/typedef/name/{DRAFT['name']}"
        eventually(lambda: b.rest().get(there).json()["relatedHTTPCode"] == 200, "B learns the type of A")
        ids = (a.ask("/status")["metadata_collection_id"], b.ask("/status")["metadata_collection_id"])
        for running in (a, b):
            eventually(lambda running=running: set(ids) <= members(running, cohort), "the members know each other")
        yield Pair(cohort, a, b, ids)


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

"""A pair of servers in one cohort, as most tests here share it."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from e2e_samples import DRAFT, has_type, members

from omrs_streams.log.embedded import Endpoint
from workers import PATIENT, Pair, eventually, fleet, unique


@contextmanager
def started_pair(root: Path, bootstrap_servers: str) -> Iterator[Pair]:
    """Servers A and B that know each other, both with the type `DRAFT`."""
    with fleet(root, bootstrap_servers) as ours:
        cohort, config = unique("pair"), ours.root / "pair.yaml"
        config.write_text(PATIENT)
        a, b = (ours.spawn(unique(name), cohort=cohort, config=config) for name in "AB")
        for running in (a, b):
            ours.await_url(running).wait_ready()
        added = a.rest().post("/types/typedef", json=DRAFT).json()
        assert added["relatedHTTPCode"] == 200, added
        has_type(b, DRAFT["name"])
        ids = (a.ask("/status")["metadata_collection_id"], b.ask("/status")["metadata_collection_id"])
        for running in (a, b):
            eventually(lambda running=running: set(ids) <= members(running, cohort), "the members know each other")
        yield Pair(cohort, a, b, ids)


@pytest.fixture(scope="module")
def pair_of_one_file(kafka: Endpoint, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pair]:
    """`running_pair` of a file that compares its members whole: other tests may leave behind what differs for ever,
    such as a copy that was dropped."""
    with started_pair(tmp_path_factory.mktemp("pair"), kafka.bootstrap_servers) as found:
        yield found

"""Two members of a cohort: the repository under test, and one that plays the suite's part (OMRS conformance § 1)."""

from collections.abc import Iterator

import pytest
from repository_calls import Lab, Repository
from samples import TYPES

from omrs_streams.log.embedded import Endpoint
from workers import eventually, fleet, unique


@pytest.fixture(scope="session")
def lab(kafka: Endpoint, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    with fleet(tmp_path_factory.mktemp("conformance"), kafka.bootstrap_servers) as ours:
        cohort = unique("lab")
        tested, suite = (ours.spawn(unique(name), cohort=cohort) for name in ("Tested", "Suite"))
        for running in (tested, suite):
            ours.await_url(running).wait_ready()
        ids = [running.ask("/status")["metadata_collection_id"] for running in (tested, suite)]
        both = [
            Repository(running.rest("suite"), running.server, own, TYPES)
            for running, own in zip((tested, suite), ids, strict=True)
        ]
        path = f"/metadata-highway/cohorts/{cohort}/remote-members"
        for repository in both:
            eventually(lambda r=repository: r.get(path, "cohortMembers"), f"{repository.server} knows the other")
        yield Lab(cohort, tested, suite, (both[0], both[1]))


@pytest.fixture
def tested(lab: Lab) -> Repository:
    """The repository under test."""
    return lab.repositories[0]


@pytest.fixture
def suite(lab: Lab) -> Repository:
    """The repository of the member that tests."""
    return lab.repositories[1]

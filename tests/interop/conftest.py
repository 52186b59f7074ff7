"""A cohort of three, started once for the tests of a module; skipped where Egeria cannot be built."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from cohort_of_three import Cohort, Founder
from member import Member

from omrs_schemas.typedefs.system import TypeSystem
from omrs_streams.log.embedded import Endpoint
from peer import build
from shared_data import require_shared
from workers import fleet


@pytest.fixture(scope="session")
def archive() -> Path:
    """The types of the peer's release, as an archive."""
    return require_shared("data", "archives", "OpenMetadataTypes-4.2.omarchive")


@pytest.fixture(scope="session")
def types(archive: Path) -> TypeSystem:
    return TypeSystem.from_archive(json.loads(archive.read_text(encoding="utf-8")))


@pytest.fixture(scope="session")
def built() -> Path:
    """The Egeria member, ready to be started; skips where there is no Maven or no Java."""
    return build()


@pytest.fixture(scope="module")
def founder(
    built: Path, kafka: Endpoint, archive: Path, types: TypeSystem, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Founder]:
    root = tmp_path_factory.mktemp("interop")
    with fleet(root / "fleet", kafka.bootstrap_servers) as ours:
        yield Founder(root, ours, archive, types)


@pytest.fixture(scope="module")
def cohort(founder: Founder) -> Iterator[Cohort]:
    """Three members that have registered with one another; shared by the tests of a module, which leave it whole."""
    made = founder.cohort()
    with made.alive():
        for each in made.all:
            each.spawn()
        for each in made.all:
            each.wait()
        made.registered()
        yield made
        for each in (made.first, made.second):
            said = each.log_text()
            for trouble in ("Traceback", "failed unexpectedly", "dead letter"):
                assert trouble not in said, f"{each.name}: {said[max(0, said.index(trouble) - 2000) :][:4000]}"


@pytest.fixture
def home(cohort: Cohort, request: pytest.FixtureRequest) -> Member:
    """The member at which a test makes its changes: `@pytest.mark.parametrize("home", HOMES, indirect=True)`."""
    return cohort.process(request.param).member

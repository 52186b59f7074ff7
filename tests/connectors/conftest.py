"""A metadata server for the connector tests of a session, and daemons for each test."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from daemons import Daemons

from omrs_streams.client import MetadataClient
from omrs_streams.log.embedded import Endpoint
from postgres import PostgresServer, postgres_server
from shared_data import require_shared
from workers import Running, fleet, unique

ARCHIVE_42 = "OpenMetadataTypes-4.2.omarchive"


@pytest.fixture(scope="session")
def metadata_server(kafka: Endpoint, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    with fleet(tmp_path_factory.mktemp("connectors"), kafka.bootstrap_servers) as workers:
        yield workers.start(unique("conn"))


@pytest.fixture(scope="session")
def server_of_release_4(kafka: Endpoint, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """A metadata server whose types are those of Egeria 4.2."""
    archive = require_shared("data", "archives", "OpenMetadataTypes-4.2.omarchive")
    with fleet(tmp_path_factory.mktemp("release4"), kafka.bootstrap_servers) as workers:
        yield workers.start(unique("old"), types=archive)


@pytest.fixture(scope="module")
def server() -> Iterator[PostgresServer]:
    """A PostgreSQL server for the tests of a file; one that stops it starts its own."""
    with postgres_server() as running:
        yield running


@pytest.fixture
def client(metadata_server: Running) -> MetadataClient:
    return metadata_server.client("erinoverview")


@pytest.fixture(scope="session", params=["6.x", "4.x"])
def release_server(
    request: pytest.FixtureRequest, kafka: Endpoint, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Running]:
    """A server of each release of the open metadata types: the built-in ones, and those of the 4.2 archive."""
    types = {} if request.param == "6.x" else {"types": require_shared("data", "archives", ARCHIVE_42)}
    with fleet(tmp_path_factory.mktemp("release"), kafka.bootstrap_servers) as workers:
        yield workers.start(unique("release"), **types)


@pytest.fixture
def daemons(metadata_server: Running, kafka: Endpoint, tmp_path: Path) -> Iterator[Daemons]:
    root = tmp_path / "daemons"
    root.mkdir()
    ours = Daemons(root, metadata_server, kafka.bootstrap_servers)
    try:
        yield ours
    finally:
        ours.end()

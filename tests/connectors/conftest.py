"""A metadata server for the connector tests of a session, and daemons for each test."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from daemons import Daemons

from omrs_streams.client import MetadataClient
from omrs_streams.log.embedded import Endpoint
from workers import Running, fleet, unique


@pytest.fixture(scope="session")
def metadata_server(kafka: Endpoint, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    with fleet(tmp_path_factory.mktemp("connectors"), kafka.bootstrap_servers) as workers:
        yield workers.start(unique("conn"))


@pytest.fixture
def client(metadata_server: Running) -> MetadataClient:
    return metadata_server.client("erinoverview")


@pytest.fixture
def daemons(metadata_server: Running, kafka: Endpoint, tmp_path: Path) -> Iterator[Daemons]:
    root = tmp_path / "daemons"
    root.mkdir()
    ours = Daemons(root, metadata_server, kafka.bootstrap_servers)
    try:
        yield ours
    finally:
        ours.end()

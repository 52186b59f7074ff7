"""Fixtures for pytest: `pytest_plugins = ["omrs_connectors.kit.plugin"]` in a conftest.py.

`kit` is a ConnectorKit at a metadata server in memory, new for each test. With `--connector-kit server` it is at a real
server on a real Kafka (which is started once); with `--connector-kit both` each test runs on both. A test that is
marked `@pytest.mark.connector_kit("both")` decides for itself.
"""

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from omrs_connectors.kit.kit import ConnectorKit

KINDS = {"memory": ("memory",), "server": ("server",), "both": ("memory", "server")}


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--connector-kit",
        choices=tuple(KINDS),
        default="memory",
        help="what connectors on trial run against: a metadata server in memory, a real one on Kafka, or both in turn",
    )


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "connector_kit(kind): memory, server or both, whatever --connector-kit says")


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "kit_kind" in metafunc.fixturenames:
        marker = metafunc.definition.get_closest_marker("connector_kit")
        chosen = marker.args[0] if marker is not None else metafunc.config.getoption("--connector-kit")
        metafunc.parametrize("kit_kind", KINDS[chosen])


@pytest.fixture
def kit(kit_kind: str, request: pytest.FixtureRequest) -> "ConnectorKit":
    """A kit at an empty metadata server of the test's own."""
    found: ConnectorKit = request.getfixturevalue(f"{kit_kind}_kit")
    return found


@pytest.fixture
def memory_kit() -> "Iterator[ConnectorKit]":
    """A kit at a metadata server in memory."""
    from omrs_connectors.kit.kit import ConnectorKit  # what a test run without kits need not import

    with ConnectorKit() as kit:
        yield kit


@pytest.fixture
def server_kit(kit_kafka: str, tmp_path_factory: pytest.TempPathFactory) -> "Iterator[ConnectorKit]":
    """A kit at a real metadata server."""
    from omrs_connectors.kit.kit import ConnectorKit
    from omrs_connectors.kit.server import ServerProcess

    with ConnectorKit(ServerProcess(tmp_path_factory.mktemp("kit"), kit_kafka)) as kit:
        yield kit


@pytest.fixture(scope="session")
def kit_kafka(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Bootstrap servers of the Kafka that real servers run on; define a fixture of this name to use another one."""
    from omrs_connectors.kit.server import embedded_kafka

    with embedded_kafka(tmp_path_factory.mktemp("kit-kafka")) as bootstrap_servers:
        yield bootstrap_servers

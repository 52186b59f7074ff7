"""docs/daemon.md says what the code does."""

import re
from pathlib import Path

import pytest
from connector_lives import Life
from pydantic.alias_generators import to_camel

from omrs_connectors.builtin.files.options import FilesOptions
from omrs_connectors.runtime.loading import known_connectors, load_connector
from omrs_connectors.runtime.metrics import DaemonMetrics
from omrs_connectors.runtime.settings import DaemonSettings, load_daemon_settings
from omrs_connectors.runtime.status import ConnectorStatus
from omrs_connectors.sdk import IntegrationConnector, IntegrationConnectorConfig
from omrs_schemas.errors import ConfigurationError

DOC = Path(__file__).resolve().parents[2] / "docs" / "daemon.md"
TEXT = DOC.read_text()


def blocks(language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", TEXT, re.S)


@pytest.mark.parametrize("block", blocks("yaml"))
def test_every_example_is_a_valid_configuration(block: str, tmp_path: Path) -> None:
    file = tmp_path / "daemon.yaml"
    file.write_text(block)
    settings = load_daemon_settings(file)
    assert settings.daemon == "lake-daemon"
    for connector in settings.connectors:
        assert isinstance(load_connector(connector.connector_provider_class), IntegrationConnector)


def test_everything_is_documented() -> None:
    named = [*DaemonSettings.model_fields, *map(to_camel, IntegrationConnectorConfig.model_fields)]
    named += [to_camel(name) for name in FilesOptions.model_fields]
    named += known_connectors()
    named += [status.value for status in ConnectorStatus]
    named += [
        metric.name + ("_total" if metric.type == "counter" else "") for metric in DaemonMetrics().registry.collect()
    ]
    missing = [name for name in named if name not in TEXT]
    assert not missing


def test_the_connector_of_the_guide_starts() -> None:
    (code,) = blocks("python")
    names: dict[str, type[IntegrationConnector]] = {}
    exec(code, names)
    life = Life(names["QueueConnector"]())
    life.handler.initialize()
    life.connector.start()
    topic = str(life.handler._around.client.types.require(name="Topic")["guid"])
    assert life.handler.wants("NEW_ENTITY_EVENT", topic)


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("daemon: d", "server: Field required"),
        ("daemon: a.b\nserver: {name: s, url: u}", "a.b"),
        ("[1]", "mapping"),
        ("daemon: [", "cannot be read"),
        ("daemon: d\nserver: {name: s, url: u}\nconectors: []", "conectors"),
        (
            "daemon: d\nserver: {name: s, url: u}\nconnectors:\n"
            "- {connectorName: x, connectorProviderClass: y}\n- {connectorName: x, connectorProviderClass: y}",
            "used more than once: x",
        ),
        (
            "daemon: d\nserver: {name: s, url: u}\nconnectors:\n"
            "- {connectorName: x, connectorProviderClass: y, refresh: 1}",
            r"connectors\.0\.refresh",
        ),
    ],
)
def test_a_wrong_file_is_refused_by_name(text: str, problem: str, tmp_path: Path) -> None:
    file = tmp_path / "daemon.yaml"
    file.write_text(text)
    with pytest.raises(ConfigurationError, match=problem):
        load_daemon_settings(file)


@pytest.mark.parametrize(
    ("provider", "problem"),
    [
        ("no-such-connector", "directory-catalog"),
        ("no_such_module:Thing", "No module named"),
        ("connector_lives:Nothing", "Nothing"),
        ("connector_lives:Clock", "not an IntegrationConnector"),
    ],
)
def test_a_provider_that_is_none_is_refused(provider: str, problem: str) -> None:
    with pytest.raises(ConfigurationError, match=problem):
        load_connector(provider)

"""docs/daemon.md and docs/diagnosis.md say what the code does."""

import re
from pathlib import Path

import pytest
from daemon_messages import LINE
from pydantic.alias_generators import to_camel

from omrs_connectors.api.lineage import OPERATIONS as LINEAGE
from omrs_connectors.api.paths import BASE, OPERATIONS
from omrs_connectors.audit import CATALOGUE
from omrs_connectors.groups.group import GroupStatus
from omrs_connectors.kit import ConnectorKit
from omrs_connectors.runtime.commands import MAX_CHANGES
from omrs_connectors.runtime.loading import known_connectors, load_connector
from omrs_connectors.runtime.metrics import DaemonMetrics
from omrs_connectors.runtime.settings import DaemonSettings, load_daemon_settings
from omrs_connectors.runtime.status import ConnectorStatus
from omrs_connectors.sdk import IntegrationConnector, IntegrationConnectorConfig
from omrs_connectors.sdk.config import Deadlines
from omrs_connectors.services.registry import SERVICES
from omrs_schemas.codes import Code
from omrs_schemas.errors import ConfigurationError
from omrs_streams.audit.message import AuditMessage
from omrs_streams.log.names import daemon_group

DOCS = Path(__file__).resolve().parents[2] / "docs"
TEXT = (DOCS / "daemon.md").read_text(encoding="utf-8")
DIAGNOSIS = (DOCS / "diagnosis.md").read_text(encoding="utf-8")


def blocks(language: str, text: str = TEXT) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", text, re.S)


@pytest.mark.parametrize("block", blocks("yaml"))
def test_every_example_is_a_valid_configuration(block: str, tmp_path: Path) -> None:
    file = tmp_path / "daemon.yaml"
    file.write_text(block)
    settings = load_daemon_settings(file)
    assert settings.daemon == "lake-daemon"
    for connector in (*settings.connectors, *(each for one in settings.services for each in one.connectors)):
        assert isinstance(load_connector(connector.connector_provider_class), IntegrationConnector)


def test_everything_is_documented() -> None:
    named = [*DaemonSettings.model_fields, *map(to_camel, IntegrationConnectorConfig.model_fields)]
    named += [status.value for status in ConnectorStatus]
    named += [status.value for status in GroupStatus]
    named += [
        metric.name + ("_total" if metric.type == "counter" else "") for metric in DaemonMetrics().registry.collect()
    ]
    named += [name for service in SERVICES.values() for name in (service.url_marker, service.connector_class.__name__)]
    named += Deadlines.model_fields
    assert [name for name in named if name not in TEXT] == []
    pages = [TEXT, *(page.read_text(encoding="utf-8") for page in (DOCS / "connectors").glob("*.md"))]
    assert [name for name in known_connectors() if not any(f"`{name}`" in page for page in pages)] == []


def test_the_limit_of_changes_is_documented() -> None:
    assert f"{MAX_CHANGES // 1024} KiB" in TEXT.split("## Changes while it runs")[1].split("\n## ")[0]


def test_no_example_of_a_group_has_the_name_of_a_connector_of_the_file(tmp_path: Path) -> None:
    file = tmp_path / "daemon.yaml"
    file.write_text(blocks("yaml")[0])
    [service] = load_daemon_settings(file).services
    added = set(re.findall(r"groups add-connector \S+ (\S+)", TEXT))
    assert added and not added & {each.connector_name for each in service.connectors}


def test_the_services_are_described_as_they_are() -> None:
    for service in SERVICES.values():
        [row] = [line for line in TEXT.splitlines() if line.startswith(f"| `{service.url_marker}` ")]
        assert service.default_permitted_synchronization.value in row, service.url_marker


def test_every_path_is_documented() -> None:
    for operation in (*OPERATIONS, *LINEAGE):
        path = operation.path.removeprefix(BASE)
        assert f"{path}`" in TEXT or f"{path}?" in TEXT, operation.path
        assert operation.response in TEXT


def test_every_state_and_every_code_of_the_daemon_is_diagnosed() -> None:
    for status in ("INITIALIZE_FAILED", "CONFIG_FAILED", "FAILED", "STOPPED", "INITIALIZED", "RUNNING"):
        assert status in DIAGNOSIS
    assert {Code.CONNECTOR_LOST, Code.DELETION_REFUSED} <= set(re.findall(r"OMRS-STREAMS-\d{3}-\d{3}", DIAGNOSIS))


def test_every_message_that_is_named_exists() -> None:
    for text in (TEXT, DIAGNOSIS):
        for found in re.findall(r"INTEGRATION-DAEMON-SERVICES-\d{4}", text):
            assert found in CATALOGUE
    for short in re.findall(r"`(00\d\d)`", DIAGNOSIS):
        assert f"INTEGRATION-DAEMON-SERVICES-{short}" in CATALOGUE


def _pattern(message: AuditMessage) -> str:
    """The message's text with anything in the place of its parameters; optional parts may be there or not."""
    parts = []
    for part in re.split(r"(\[[^\[\]]*\])", message.text):
        optional = part.startswith("[")
        words = re.split(r"\{[a-z_]+\}", part.strip("[]") if optional else part)
        pattern = ".+".join(map(re.escape, words))
        parts.append(f"(?:{pattern})?" if optional else pattern)
    return "".join(parts)


@pytest.mark.parametrize("block", blocks("text", DIAGNOSIS))
def test_the_lines_that_are_shown_are_the_daemons(block: str) -> None:
    for line in block.splitlines():
        shown = LINE.fullmatch(line)
        assert shown is not None, line
        message = CATALOGUE[shown["id"]]
        assert shown["severity"] == message.severity.label
        assert re.fullmatch(_pattern(message), shown["text"]), line


def test_topics_are_named_as_they_are() -> None:
    for name in ("commands", "state", "lineage", "reports", "audit", "dlq"):
        assert f"`{daemon_group('<daemon>')}.{name}`" in TEXT


@pytest.mark.connector_kit("memory")
def test_the_connector_of_the_guide_runs(kit: ConnectorKit) -> None:
    (code,) = blocks("python")
    names: dict[str, type[IntegrationConnector]] = {}
    exec(code, names)
    trial = kit.trial(names["QueueConnector"], endpoint={"networkAddress": "broker"})
    assert trial.refresh().counts()["created"] == 2
    assert not trial.refresh().changed
    kit.client.add_entity("Topic", {"qualifiedName": "another"})
    assert trial.deliver() >= 1


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("daemon: d", "server: Field required"),
        ("daemon: a.b\nserver: {name: s, url: u}", "a.b"),
        ("[1]", "mapping"),
        ("daemon: [", "cannot be read"),
        ("daemon: d\nserver: {name: s, url: u}\nconectors: []", "conectors"),
        ("daemon: d\nserver: {name: s, url: u}", "neither connectors nor integration groups"),
        ("daemon: d\nserver: {name: s, url: u}\nservices: [{service: none}]", "no integration service 'none'"),
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

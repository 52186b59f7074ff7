"""What docs/connectors says of the connectors to PostgreSQL is what they do."""

import re
from pathlib import Path

import pytest
from pydantic.alias_generators import to_camel

from omrs_connectors.builtin.postgres.connector import PostgresConnector
from omrs_connectors.builtin.security_sync.connector import SecuritySyncConnector
from omrs_connectors.builtin.virtualizer.connector import VirtualizerConnector
from omrs_connectors.runtime.loading import load_connector
from omrs_connectors.runtime.settings import load_daemon_settings
from omrs_connectors.sdk import IntegrationConnector
from omrs_connectors.services.registry import service_for

DOCS = Path(__file__).resolve().parents[2] / "docs" / "connectors"
PAGES: dict[str, type[IntegrationConnector]] = {
    "postgres": PostgresConnector,
    "security-sync": SecuritySyncConnector,
    "virtualizer": VirtualizerConnector,
}


@pytest.mark.parametrize("page", PAGES)
def test_the_example_runs_the_connector(page: str, tmp_path: Path) -> None:
    (block,) = re.findall(r"```yaml\n(.*?)```", (DOCS / f"{page}.md").read_text(), re.S)
    file = tmp_path / "daemon.yaml"
    file.write_text(block)
    [service] = load_daemon_settings(file).services
    [config] = service.connectors
    connector = load_connector(config.connector_provider_class)
    assert type(connector) is PAGES[page]
    service_for(service.service).check(connector, page)
    assert PAGES[page].Options is not None
    PAGES[page].Options.parse(config.configuration_properties)


@pytest.mark.parametrize("page", PAGES)
def test_every_option_is_explained(page: str) -> None:
    options = PAGES[page].Options
    assert options is not None
    explained = set(re.findall(r"`([A-Za-z]+)`", (DOCS / f"{page}.md").read_text().split("## Options")[1]))
    assert not {to_camel(name) for name in options.model_fields} - explained

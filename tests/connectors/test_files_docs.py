"""What docs/connectors says of the connectors to files, archives, OpenAPI documents and Kafka is what they do."""

import re
from pathlib import Path

import pytest

from omrs_connectors.builtin.archives.connector import ArchiveFolderConnector
from omrs_connectors.builtin.files.connector import DirectoryCatalogConnector
from omrs_connectors.builtin.kafka.connector import KafkaTopicsConnector
from omrs_connectors.builtin.openapi.connector import OpenAPIConnector
from omrs_connectors.builtin.personal_data.connector import PersonalDataConnector
from omrs_connectors.runtime.loading import load_connector
from omrs_connectors.runtime.settings import load_daemon_settings
from omrs_connectors.sdk import IntegrationConnector
from omrs_connectors.services.registry import service_for

DOCS = Path(__file__).resolve().parents[2] / "docs" / "connectors"
PAGES: dict[str, type[IntegrationConnector]] = {
    "files": DirectoryCatalogConnector,
    "archives": ArchiveFolderConnector,
    "openapi": OpenAPIConnector,
    "kafka": KafkaTopicsConnector,
    "personal-data": PersonalDataConnector,
}


@pytest.mark.parametrize("page", PAGES)
def test_the_example_runs_the_connector(page: str, tmp_path: Path) -> None:
    (block,) = re.findall(r"```yaml\n(.*?)```", (DOCS / f"{page}.md").read_text(), re.S)
    file = tmp_path / "daemon.yaml"
    file.write_text(block)
    settings = load_daemon_settings(file)
    [config] = settings.connectors or settings.services[0].connectors
    connector = load_connector(config.connector_provider_class)
    assert type(connector) is PAGES[page]
    for service in settings.services:
        service_for(service.service).check(connector, page)
    options = PAGES[page].Options
    assert options is not None
    options.parse(config.configuration_properties)


@pytest.mark.parametrize("page", [page for page in PAGES if page != "personal-data"])
def test_every_option_is_explained_with_its_default(page: str) -> None:
    options = PAGES[page].Options
    assert options is not None
    rows = re.findall(r"^\| (`.*?) \| (.*?) \|", (DOCS / f"{page}.md").read_text().split("## Options")[1], re.M)
    explained = {key: default for keys, default in rows for key in re.findall(r"`([A-Za-z]+)`", keys)}
    assert set(explained) == set(options.keys())
    for name, field in options.model_fields.items():
        default, said = field.default, explained[str(field.alias or name)]
        if "files.md#options" in said:
            continue
        if isinstance(default, bool):
            assert said == str(default).lower(), name
        elif isinstance(default, int | float) and default:
            assert str(default) in said, name

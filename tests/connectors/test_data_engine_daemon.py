"""The Data Engine Proxy of docs/older-daemons.md as a real daemon, and its page of the documentation."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
import yaml
from confluent_kafka import Producer
from daemons import Daemon, Daemons
from data_engine_held import Folder, Json

from omrs_connectors.builtin.data_engine.connector import DataEngineProxyConnector
from omrs_connectors.builtin.data_engine.definitions import Document, document, gathered
from omrs_connectors.builtin.data_engine.options import DataEngineOptions
from omrs_connectors.kit import ConnectorKit
from omrs_connectors.runtime.loading import load_connector
from omrs_connectors.runtime.settings import load_daemon_settings
from omrs_connectors.services.registry import service_for
from omrs_streams.client import MetadataClient
from omrs_streams.log.embedded import Endpoint
from omrs_streams.log.topics import TopicSpec, days, ensure_topics
from workers import eventually, unique

DOCS = Path(__file__).resolve().parents[2] / "docs"
PAGE = (DOCS / "connectors" / "data-engine-proxy.md").read_text()
SHOWN: Json = json.loads(re.findall(r"```json\n(.*?)```", PAGE, re.S)[0])


def test_the_example_of_the_page_runs_the_connector(tmp_path: Path) -> None:
    (block,) = re.findall(r"```yaml\n(.*?)```", PAGE, re.S)
    file = tmp_path / "daemon.yaml"
    file.write_text(block)
    [service] = load_daemon_settings(file).services
    [config] = service.connectors
    connector = load_connector(config.connector_provider_class)
    assert type(connector) is DataEngineProxyConnector
    service_for(service.service).check(connector, config.connector_name)
    DataEngineOptions.parse(config.configuration_properties)


def test_every_option_is_explained_with_its_default() -> None:
    rows = re.findall(r"^\| (`.*?) \| (.*?) \|", PAGE.split("## Options")[1], re.M)
    explained = {key: default for keys, default in rows for key in re.findall(r"`([A-Za-z]+)`", keys)}
    assert set(explained) == set(DataEngineOptions.keys())
    for name, field in DataEngineOptions.model_fields.items():
        if field.default not in ("", None):
            default = str(field.default).lower() if isinstance(field.default, bool) else str(field.default)
            assert default in explained[str(field.alias or name)], name


def test_every_field_of_the_form_is_explained() -> None:
    form = PAGE.split("## The form")[1].split("## What it writes")[0]
    explained = set(re.findall(r"`([A-Za-z]+)`", PAGE)) | set(re.findall(r'"([A-Za-z]+)":', form)) | {"id"}

    def fields(schema: Any) -> set[str]:
        found = set(schema.get("properties", {})) if isinstance(schema, dict) else set()
        inner = schema.values() if isinstance(schema, dict) else schema if isinstance(schema, list) else ()
        return found.union(*map(fields, inner))

    assert not fields(Document.model_json_schema(by_alias=True)) - explained


def test_the_definitions_of_the_page_are_whole(kit: ConnectorKit, tmp_path: Path) -> None:
    assert len(gathered([document(json.dumps(SHOWN), "page")], "page").processes) == 3
    folder = Folder(tmp_path / "definitions")
    folder.put(SHOWN)
    kit.client.add_entity("DataSet", {"qualifiedName": "PostgreSQL::shop::public.orders"})
    trial = kit.trial(DataEngineProxyConnector, endpoint={"networkAddress": str(folder.path)})
    assert "unresolved" not in trial.refresh().counters()


# ---- the daemon ----------------------------------------------------------------------------------------------------


class Site:
    """The three engines of the documentation."""

    def __init__(self, tmp_path: Path, kafka: Endpoint, daemons: Daemons, client: MetadataClient) -> None:
        self.client, self._daemons, self._tag = client, daemons, unique("engine")
        [block] = re.findall(
            r"```yaml\n# data-engine-proxy\.yaml\n(.*?)```", (DOCS / "older-daemons.md").read_text(), re.S
        )
        self._services = yaml.safe_load(block)["services"]
        conf: dict[str, Any] = {"bootstrap.servers": kafka.bootstrap_servers, "log_level": 0}
        self._producer = Producer(conf)
        self.folders: dict[str, Folder] = {}
        self.topics: dict[str, str] = {}
        for connector in self._services[0]["connectors"]:
            name, properties = connector["connectorName"], connector["configurationProperties"]
            connector["connectorId"] = f"{self._tag}-{name}"
            if "endpoint" in connector:
                self.folders[name] = Folder(tmp_path / name)
                connector["endpoint"]["networkAddress"] = str(self.folders[name].path)
            if "eventTopic" in properties:
                self.topics[name] = properties["eventTopic"] = f"{self._tag}.{name}"
            if "engineId" in properties:
                properties["engineId"] = self.engine(name)
        ensure_topics(conf, [TopicSpec(topic, 1, days(1)) for topic in self.topics.values()])

    def engine(self, name: str) -> str:
        return f"{self._tag}-{name}"

    def start(self) -> Daemon:
        return self._daemons.start(self._tag, services=self._services)

    def tell(self, name: str, content: Any = None, key: str = "all") -> None:
        value = None if content is None else json.dumps(content).encode()
        self._producer.produce(self.topics[name], value, key.encode())
        self._producer.flush(10)

    def define(self, name: str, *processes: Json) -> None:
        self.folders[name].put({"engine": {"id": self.engine(name)}, "processes": list(processes)})

    def called(self, name: str) -> dict[str, str]:
        """Names of an engine's processes by their ids."""
        prefix = f"DataEngine::{self.engine(name)}::process::"
        found = self.client.find_entities_by_property(
            "DeployedSoftwareComponent", {"qualifiedName": f"\\Q{prefix}\\E.*"}
        )
        names = [entity.plain_properties for entity in found]
        return {str(each["qualifiedName"]).removeprefix(prefix): str(each["displayName"]) for each in names}

    def guid(self, name: str, process: str) -> str:
        qualified_name = f"DataEngine::{self.engine(name)}::process::{process}"
        found = self.client.find_by_unique_name("Process", "qualifiedName", qualified_name)
        assert found is not None, qualified_name
        return found.guid

    def becomes(self, name: str, wanted: dict[str, str]) -> None:
        eventually(lambda: self.called(name) == wanted, f"{name} has {wanted}", within=90)


@pytest.mark.kafka
def test_engines_that_are_asked_and_engines_that_tell(
    daemons: Daemons, client: MetadataClient, kafka: Endpoint, tmp_path: Path
) -> None:
    site = Site(tmp_path, kafka, daemons, client)
    for name in site.folders:
        site.define(name, {"id": "load", "name": "Load"}, {"id": "clean", "name": "Clean"})
    daemon = site.start()
    daemon.wait("all run", lambda all_: all(each["connectorStatus"] == "RUNNING" for each in all_.values()))
    for name in site.folders:
        site.becomes(name, {"load": "Load", "clean": "Clean"})

    # Told by its topic alone, hours before its interval is over; what is only asked does not know yet.
    load, clean = site.guid("hourly", "load"), site.guid("hourly", "clean")
    for name in site.folders:
        site.define(name, {"id": "load", "name": "Load all"})
    site.tell("hourly", "changed")
    site.becomes("hourly", {"load": "Load all"})
    told = eventually(
        lambda: [each for each in daemon.activity("hourly") if each["updatedElements"]], "the report of it", within=60
    )
    assert told[0]["updatedElements"] == [load] and clean in told[0]["deletedElements"]
    assert not told[0]["createdElements"]
    assert site.called("nightly") == {"load": "Load", "clean": "Clean"}
    daemon.refresh("nightly")
    assert site.called("nightly") == {"load": "Load all"}

    job = {"id": "load", "name": "Load", "processes": [{"id": "step", "name": "Step"}]}
    site.tell("streaming", {"engine": {"id": site.engine("streaming")}, "processes": [job]})
    site.becomes("streaming", {"load": "Load", "step": "Step"})
    site.tell("streaming", {"processes": [{"id": "step", "name": "First step", "parent": "load"}]})
    site.becomes("streaming", {"load": "Load", "step": "First step"})

    # Killed; what happens meanwhile is made up for: by reading again, and by events that wait.
    daemon.kill()
    site.define("nightly", {"id": "load", "name": "Load anew"})
    site.define("hourly", {"id": "load", "name": "Load anew"})
    site.tell("streaming", key="load")
    site.tell("streaming", {"processes": [{"id": "other", "name": "Other"}]})
    again = site.start()
    site.becomes("nightly", {"load": "Load anew"})
    site.becomes("hourly", {"load": "Load anew"})
    site.becomes("streaming", {"other": "Other"})
    again.wait("all run", lambda all_: all(each["connectorStatus"] == "RUNNING" for each in all_.values()))

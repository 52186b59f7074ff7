"""The connectors to files, archives, OpenAPI documents and Kafka in a daemon process."""

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
from connector_passes import by_name
from daemons import Daemons

from omrs_streams.client import MetadataClient
from omrs_streams.log.embedded import Endpoint
from workers import Running, eventually, unique

pytestmark = pytest.mark.kafka

OPERATION = {"responses": {"200": {"description": "ok"}}}


def connector(name: str, address: Path | str, **properties: Any) -> dict[str, Any]:
    return {
        "connectorName": name,
        "connectorProviderClass": name,
        "endpoint": {"networkAddress": str(address)},
        "configurationProperties": properties,
    }


def test_changes_on_disk_are_in_the_catalogue_without_being_asked_for(
    daemons: Daemons, client: MetadataClient, metadata_server: Running, kafka: Endpoint, tmp_path: Path
) -> None:
    lake, apis, packs = tmp_path / "lake", tmp_path / "apis", tmp_path / "packs"
    for folder in (lake, apis):
        folder.mkdir()
    (lake / "orders.csv").write_text("id,email\n1,a\n")
    content = {"openapi": "3.0.0", "info": {"title": "t", "version": "1"}, "paths": {"/a": {"get": OPERATION}}}
    (apis / "api.json").write_text(json.dumps(content))
    cluster = unique("cluster")
    configured = (
        connector("directory-catalog", lake),
        connector("openapi", apis),
        connector("archive-folder", packs),
        connector(
            "kafka-topics",
            kafka.bootstrap_servers,
            include=f"omrs.server.{metadata_server.server}.*",
            qualifiedNamePrefix=f"{cluster}::",
        ),
    )
    daemon = daemons.start(unique("daemon"), *configured)

    def settled(reports: dict[str, Any]) -> bool:
        """Each is RUNNING after a pass but the one whose folder is not there."""
        statuses = {name: report["connectorStatus"] for name, report in reports.items()}
        missing = statuses.pop("archive-folder")
        passed = all(report["statistics"]["passes"] for report in reports.values())
        return passed and set(statuses.values()) == {"RUNNING"} and missing == "FAILED"

    reports = daemon.wait("first passes", settled, within=120)
    assert (
        f"The directory named {packs} of connector archive-folder does not exist"
        in reports["archive-folder"]["failingExceptionMessage"]
    )
    packs.mkdir()
    daemon.call("POST", "/integration-connectors/restart", {"name": "archive-folder"})
    daemon.wait("restarted", lambda all_: all_["archive-folder"]["connectorStatus"] == "RUNNING")
    assert by_name(client, "Topic", f"{cluster}::Kafka::")

    def files() -> dict[str, str]:
        prefix = f"DataFile::{lake}/"
        found = by_name(client, "DataFile", prefix)
        return {name.removeprefix(prefix): entity.guid for name, entity in found.items()}

    (guid,) = files().values()
    (lake / "sub").mkdir()
    (lake / "orders.csv").rename(lake / "sub/bestellungen.csv")
    eventually(lambda: files() == {"sub/bestellungen.csv": guid}, "the move is noticed")
    content["paths"] = {"/a": {"get": OPERATION, "post": OPERATION}}
    (apis / "api.json").write_text(json.dumps(content))
    eventually(lambda: len(by_name(client, "APIOperation", f"OpenAPI::{apis}")) == 2, "the new operation is noticed")

    # Changed while no daemon runs.
    daemon.kill()
    shutil.copyfile(lake / "sub/bestellungen.csv", lake / "copy.csv")
    (lake / "sub/bestellungen.csv").rename(lake / "orders.csv")
    content["paths"] = {"/b": {"get": OPERATION, "post": OPERATION}}
    (apis / "api.json").write_text(json.dumps(content))
    daemons.start(daemon.name, *configured)
    eventually(lambda: set(files()) == {"copy.csv", "orders.csv"}, "caught up", within=120)
    assert files()["orders.csv"] == guid
    names = {f"OpenAPI::{apis}/api.json::{method} /b" for method in ("GET", "POST")}
    eventually(lambda: set(by_name(client, "APIOperation", f"OpenAPI::{apis}")) == names, "caught up", within=120)

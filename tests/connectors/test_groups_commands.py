"""`omrs daemon groups`: from no group to connectors with targets, and back; the documented example is this one."""

from pathlib import Path
from typing import Any

import orjson
import pytest
from typer.testing import CliRunner

from omrs_connectors.cli.groups import app
from omrs_schemas.errors import ConfigurationError, InvalidParameterError, OmrsError
from omrs_streams.client import MetadataClient
from workers import Running, unique


class Terminal:
    """Runs commands against one metadata server; behind a pipe, so that each answers lines of JSON."""

    def __init__(self, server: Running) -> None:
        self._where = {"OMRS_METADATA_URL": server.url, "OMRS_METADATA_SERVER": server.server}

    def run(self, *words: str) -> list[dict[str, Any]]:
        done = CliRunner().invoke(app, list(words), env={**self._where, "OMRS_METADATA_USER": "erinoverview"})
        if done.exception is not None:
            raise done.exception
        return [orjson.loads(line) for line in done.stdout.splitlines()]


@pytest.fixture
def terminal(metadata_server: Running) -> Terminal:
    return Terminal(metadata_server)


def test_a_group_is_defined_changed_and_taken_apart(terminal: Terminal, client: MetadataClient) -> None:
    group = unique("Exchange")
    [made] = terminal.run("create", group, "--description", "exchanges files")
    assert terminal.run("create", group) == [made]
    [added] = terminal.run(
        "add-connector", group, "lake", "--provider", "directory-catalog", "--address", "/data/lake", "--every", "5",
        "-p", 'include=["*.csv"]', "-p", "columns=false", "-p", "qualifiedNamePrefix=left",
    )  # fmt: skip
    assert {**added, "id": ""} == {
        "connector": "lake",
        "id": "",
        "provider": "directory-catalog",
        "every": "5 min",
        "where": "/data/lake",
    }
    assert [(one["connectors"], one["description"]) for one in terminal.run("list") if one["group"] == group] == [
        (1, "exchanges files")
    ]
    [changed] = terminal.run(
        "set", group, "lake", "--address", "/data/pond", "--every", "0", "-p", "columns=true",
        "--connector-user", "peter", "--direction", "FROM_THIRD_PARTY",
        "--metadata-source", "Lake:1", "--provider", "personal-data",
    )  # fmt: skip
    assert (changed["where"], changed["every"], changed["provider"]) == ("/data/pond", "once", "personal-data")
    folder = client.add_entity("FileFolder", {"qualifiedName": unique("folder")}).guid
    [target] = terminal.run("add-target", group, added["id"], folder, "--name", "raw")
    [shown] = terminal.run("show", group)
    assert (shown["id"], shown["targets"], shown["problem"]) == (added["id"], ["raw"], "")
    assert terminal.run("remove-target", group, "lake", "raw") == [{"removed": [target["target"]]}]
    with pytest.raises(ConfigurationError, match="has no catalog target raw"):
        terminal.run("remove-target", group, "lake", "raw")
    assert terminal.run("remove-connector", group, "lake") == [{"removed": added["id"]}]
    assert terminal.run("show", group) == []


def test_a_connector_can_come_from_a_file(terminal: Terminal, tmp_path: Path) -> None:
    group, file = unique("Exchange"), tmp_path / "lake.yaml"
    terminal.run("create", group)
    file.write_text(
        "connectorName: lake\nconnectorProviderClass: directory-catalog\nrefreshTimeInterval: 5\n"
        "endpoint: {networkAddress: /data/lake}\nconfigurationProperties: {columns: false}\n"
        "isolation: process\nmemoryLimit: 256\n"
    )
    [added] = terminal.run("add-connector", group, "--file", str(file), "-p", "maxFiles=3")
    assert (added["connector"], added["where"], added["every"]) == ("lake", "/data/lake", "5 min")
    [again] = terminal.run("add-connector", group, "pond", "--file", str(file), "--address", "/data/pond")
    assert (again["connector"], again["where"]) == ("pond", "/data/pond")


def test_what_cannot_be_done_is_said(terminal: Terminal, metadata_server: Running) -> None:
    group = unique("Exchange")
    with pytest.raises(OmrsError, match=f"has no integration group {group}"):
        terminal.run("show", group)
    with pytest.raises(ConfigurationError) as caught:
        terminal.run("add-connector", group, "lake", "--provider", "directory-catalog")
    assert f"omrs daemon groups create {group}" in (caught.value.help or "")
    terminal.run("create", group)
    with pytest.raises(InvalidParameterError, match="has no connector 'lake'"):
        terminal.run("set", group, "lake", "--every", "1")
    with pytest.raises(ConfigurationError, match="connectorProviderClass is missing"):
        terminal.run("add-connector", group, "lake")
    with pytest.raises(ConfigurationError, match="permittedSynchronization"):
        terminal.run("add-connector", group, "lake", "--provider", "x:Y", "--direction", "SIDEWAYS")
    with pytest.raises(ConfigurationError, match="has no value"):
        terminal.run("add-connector", group, "lake", "--provider", "x:Y", "-p", "columns")
    done = CliRunner().invoke(app, ["list"], env={"OMRS_METADATA_URL": "", "OMRS_METADATA_SERVER": ""})
    assert isinstance(done.exception, ConfigurationError)
    assert "which metadata server?" in str(done.exception)

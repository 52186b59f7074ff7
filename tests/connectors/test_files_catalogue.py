"""The data files monitor against a real metadata server: what is on disk is in the catalogue, whatever happens."""

import os
import shutil
from pathlib import Path
from typing import Any

import pytest
from connector_passes import Passes, by_name, changes, plain

from omrs_connectors.builtin.files import catalog
from omrs_connectors.builtin.files.connector import DirectoryCatalogConnector
from omrs_connectors.builtin.files.folder import DataFolderMonitorConnector
from omrs_schemas.errors import ConfigurationError, DeletionRefusedError, InvalidParameterError, OmrsError
from omrs_streams.client import Entity, MetadataClient
from workers import Running

pytestmark = pytest.mark.kafka


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    root = tmp_path / "lake"
    for name, text in {
        "sales/2026/orders.csv": "id,email\n1,a@x.org\n",
        "sales/2026/items.csv": "id,sku,price\n1,x,2.5\n",
        "sales/plan.json": '[{"region": "eu", "goal": 5}]',
        "notes.txt": "nothing here",
    }.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return root


class Lake:
    """The connector on `tree`, and what the server holds of it."""

    def __init__(self, server: Running, client: MetadataClient, tree: Path, **properties: Any) -> None:
        self.tree, self.client, self._server = tree, client, server
        self._config = {"endpoint": {"networkAddress": str(tree)}, "configurationProperties": properties}
        self.life = self.begin()

    def begin(self) -> Passes:
        """Another life of the connector."""
        self.life = Passes(DirectoryCatalogConnector, self._server, self._config)
        return self.life

    def files(self) -> dict[str, Entity]:
        found = by_name(self.client, "DataFile", f"DataFile::{self.tree}/")
        return {name.removeprefix(f"DataFile::{self.tree}/"): entity for name, entity in found.items()}

    def folders(self) -> dict[str, Entity]:
        found = by_name(self.client, "FileFolder", f"FileFolder::{self.tree}")
        return {name.removeprefix(f"FileFolder::{self.tree}"): entity for name, entity in found.items()}

    def guids(self) -> dict[str, str]:
        return {name: entity["guid"] for name, entity in {**self.files(), **self.folders()}.items()}

    def columns(self, file: str) -> dict[str, str]:
        """Guids by column name."""
        prefix = f"DataFile::{self.tree}/{file}::column::"
        found = by_name(self.client, "SchemaAttribute", prefix)
        return {name.removeprefix(prefix): entity["guid"] for name, entity in found.items()}

    def equals_the_disk(self) -> None:
        """Every file and folder once, on the right folder, with its columns; and nothing else."""
        on_disk = {path.relative_to(self.tree).as_posix() for path in self.tree.rglob("*") if path.is_file()}
        folders_on_disk = {f"/{path.relative_to(self.tree)}" for path in self.tree.rglob("*") if path.is_dir()}
        files, folders = self.files(), self.folders()
        assert set(files) == on_disk
        assert set(folders) == {"", *folders_on_disk}
        for name, entity in files.items():
            parent = folders["" if "/" not in name else f"/{name.rpartition('/')[0]}"]["guid"]
            links = self.client.relationships_of(entity["guid"], "NestedFile")
            assert [link["entityOneProxy"]["guid"] for link in links] == [parent]
            properties = plain(entity)
            path = self.tree / name
            assert (properties["pathName"], properties["fileName"]) == (str(path), path.name)
            assert properties["storeUpdateTime"] == path.stat().st_mtime_ns // 1_000_000
            assert properties["additionalProperties"]["sizeInBytes"] == str(path.stat().st_size)
            assert len(self.columns(name)) == int(properties["additionalProperties"]["columns"])
            self._schema_is_whole(name, entity["guid"])
        for name, entity in folders.items():
            if name:
                links = self.client.relationships_of(entity["guid"], "FolderHierarchy")
                above = [
                    link["entityOneProxy"]["guid"] for link in links if link["entityTwoProxy"]["guid"] == entity["guid"]
                ]
                assert above == [folders[name.rpartition("/")[0]]["guid"]]

    def _schema_is_whole(self, name: str, guid: str) -> None:
        columns = set(self.columns(name).values())
        schemas = [link["entityTwoProxy"]["guid"] for link in self.client.relationships_of(guid, "Schema")]
        assert len(schemas) == bool(columns)
        for schema in schemas:
            links = self.client.relationships_of(schema, "AttributeForSchema")
            assert sorted(link["entityTwoProxy"]["guid"] for link in links) == sorted(columns)


@pytest.fixture
def lake(metadata_server: Running, client: MetadataClient, tree: Path) -> Lake:
    return Lake(metadata_server, client, tree)


def test_first_incremental_and_unchanged(lake: Lake, tree: Path) -> None:
    report = lake.life.refresh()
    lake.equals_the_disk()
    assert changes(report)[1:] == (0, 0)
    assert set(lake.guids().values()) <= set(report.guids("created"))
    assert set(report.by_anchor()) == set(lake.guids().values())
    assert changes(lake.life.refresh()) == changes(lake.begin().refresh()) == (0, 0, 0)

    before = lake.guids()
    (tree / "sales/new.csv").write_text("a,b\n1,2\n")
    (tree / "sales/2026/orders.csv").write_text("id,email,phone\n1,a@x.org,5\n")
    report = lake.life.refresh()
    lake.equals_the_disk()
    assert report.counters()["filesCreated"] == report.counters()["filesUpdated"] == 1
    assert report.guids("updated") == [before["sales/2026/orders.csv"]]
    assert changes(report) == (10, 1, 0)  # file, schema and two columns, each with a link; one column with its link
    assert before.items() <= lake.guids().items()


def test_a_rename_keeps_the_guid_and_what_others_wrote(lake: Lake, tree: Path) -> None:
    lake.life.refresh()
    before, columns = lake.guids(), lake.columns("sales/2026/orders.csv")
    guid = before["sales/2026/orders.csv"]
    described = {**plain(lake.files()["sales/2026/orders.csv"]), "description": "what people ordered"}
    lake.client.update_entity_properties(guid, described, type_name="CSVFile")

    (tree / "sales/2026/orders.csv").rename(tree / "sales/2026/bestellungen.csv")
    report = lake.life.refresh()
    lake.equals_the_disk()
    assert lake.guids()["sales/2026/bestellungen.csv"] == guid
    assert lake.columns("sales/2026/bestellungen.csv") == columns
    assert plain(lake.files()["sales/2026/bestellungen.csv"])["description"] == "what people ordered"
    assert changes(report) == (0, 4, 0)  # the file, its schema, two columns
    assert report.by_anchor().keys() == {guid}
    assert report.counters()["filesMoved"] == 1

    # Into another folder, noticed by another life of the connector.
    (tree / "sales/2026/bestellungen.csv").rename(tree / "archiv.csv")
    assert lake.begin().refresh().counters()["filesMoved"] == 1
    lake.equals_the_disk()
    assert lake.guids()["archiv.csv"] == guid
    assert changes(lake.begin().refresh()) == (0, 0, 0)


def test_a_moved_folder_keeps_its_guid_and_those_of_everything_below(lake: Lake, tree: Path) -> None:
    lake.life.refresh()
    before = lake.guids()
    (tree / "old").mkdir()
    (tree / "sales").rename(tree / "old/verkauf")
    report = lake.life.refresh()
    lake.equals_the_disk()
    after = lake.guids()
    for old, new in {
        "/sales": "/old/verkauf",
        "/sales/2026": "/old/verkauf/2026",
        "sales/plan.json": "old/verkauf/plan.json",
        "sales/2026/orders.csv": "old/verkauf/2026/orders.csv",
    }.items():
        assert after[new] == before[old]
    assert report.counters()["filesMoved"] == 3 and report.counters()["foldersMoved"] == 2
    assert len(report.guids("deleted")) == 1  # /sales does not hang on the root any more
    assert changes(lake.life.refresh()) == (0, 0, 0)


def test_another_format_is_another_file(lake: Lake, tree: Path) -> None:
    lake.life.refresh()
    before = lake.guids()["notes.txt"]
    (tree / "notes.txt").rename(tree / "notes.xml")
    lake.life.refresh()
    lake.equals_the_disk()
    assert lake.guids()["notes.xml"] != before


def test_vanished_files_are_deleted_with_everything_below(lake: Lake, tree: Path) -> None:
    lake.life.refresh()
    before = lake.guids()
    shutil.rmtree(tree / "sales/2026")
    report = lake.life.refresh()
    lake.equals_the_disk()
    gone = {before[name] for name in ("/sales/2026", "sales/2026/orders.csv", "sales/2026/items.csv")}
    assert gone <= set(report.guids("deleted"))
    assert len(report.guids("deleted")) == 3 + 2 + 5  # with two schemas and five columns
    lake.client.restore_entity(before["sales/2026/orders.csv"])  # soft: it can come back


def test_an_emptied_folder_deletes_nothing_until_that_is_allowed(
    metadata_server: Running, client: MetadataClient, lake: Lake, tree: Path
) -> None:
    lake.life.refresh()
    before = lake.guids()
    hidden = tree.with_name("hidden")
    tree.rename(hidden)
    with pytest.raises(InvalidParameterError, match="BASIC-FILES-INTEGRATION-CONNECTORS-404-001") as missing:
        lake.life.refresh()
    assert f"The directory named {tree} of connector one does not exist" in str(missing.value)
    tree.mkdir()  # as an unmounted file system looks
    with pytest.raises(DeletionRefusedError, match="would delete 6 of 6 files and folders"):
        lake.life.refresh()
    assert lake.guids() == before

    tree.rmdir()
    hidden.rename(tree)
    assert changes(lake.life.refresh()) == (0, 0, 0)
    lake.equals_the_disk()

    for path in tree.iterdir():
        shutil.rmtree(path) if path.is_dir() else path.unlink()
    Lake(metadata_server, client, tree, maxDeletedShare=1).life.refresh()
    lake.equals_the_disk()


def test_archived_files_stay_as_mementos_and_come_back(
    metadata_server: Running, client: MetadataClient, tree: Path
) -> None:
    lake = Lake(metadata_server, client, tree, deleteMethod="ARCHIVE")
    lake.life.refresh()
    guid, columns = lake.guids()["sales/plan.json"], lake.columns("sales/plan.json")
    text, facts = (tree / "sales/plan.json").read_text(), (tree / "sales/plan.json").stat()
    (tree / "sales/plan.json").unlink()
    report = lake.life.refresh()
    assert changes(report) == (0, 1, 0) and report.guids("updated") == [guid]
    memento = client.get_entity(guid)["classifications"][0]
    assert memento["name"] == "Memento"
    assert plain(memento)["archiveProperties"] == {"pathName": str(tree / "sales/plan.json")}
    assert lake.columns("sales/plan.json") == columns
    assert changes(lake.life.refresh()) == changes(lake.begin().refresh()) == (0, 0, 0)

    (tree / "sales/plan.json").write_text(text)
    os.utime(tree / "sales/plan.json", ns=(facts.st_atime_ns, facts.st_mtime_ns))
    assert lake.life.refresh().guids("updated") == [guid]
    assert not client.get_entity(guid).get("classifications")
    assert lake.guids()["sales/plan.json"] == guid
    lake.equals_the_disk()


@pytest.mark.parametrize("writes", range(1, 24, 2))
def test_killed_in_the_middle_of_a_move_the_next_life_completes_it(
    lake: Lake, tree: Path, writes: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    lake.life.refresh()
    before, columns = lake.guids(), lake.columns("sales/2026/orders.csv")
    (tree / "sales").rename(tree / "verkauf")
    (tree / "verkauf/2026/orders.csv").rename(tree / "verkauf/orders.csv")
    (tree / "new.csv").write_text("a,b\n1,2\n")
    left = writes

    def dies(context: Any, action: str) -> None:
        nonlocal left
        left -= 1
        if left < 0:
            raise KeyboardInterrupt(action)

    with monkeypatch.context() as patch:
        patch.setattr(type(lake.life.context), "_may_write", dies)
        with pytest.raises(KeyboardInterrupt):
            lake.life.refresh()
    lake.begin().refresh()
    lake.equals_the_disk()
    after = lake.guids()
    assert after["verkauf/orders.csv"] == before["sales/2026/orders.csv"]
    assert after["/verkauf"] == before["/sales"]
    assert lake.columns("verkauf/orders.csv") == columns
    assert changes(lake.begin().refresh()) == (0, 0, 0)


def test_a_change_on_disk_wakes_a_refresh(lake: Lake, tree: Path) -> None:
    lake.life.refresh()
    try:
        assert not lake.life.wakes.acquire(timeout=0.5)
        (tree / "sales/2026/late.csv").write_text("a\n1\n")
        assert lake.life.wakes.acquire(timeout=60)
        lake.life.refresh()
        lake.equals_the_disk()
    finally:
        lake.life.end()
    (tree / "after.txt").write_text("nobody listens")
    while lake.life.wakes.acquire(timeout=0.5):
        pass


def test_catalog_targets_are_folders_beside_the_endpoint(
    metadata_server: Running, client: MetadataClient, tree: Path, tmp_path: Path
) -> None:
    other = tmp_path / "other"
    (other / "below").mkdir(parents=True)
    (other / "below/x.csv").write_text("a,b\n1,2\n")
    (other / "y.txt").write_text("y")
    folder = client.add_entity(
        "FileFolder", {"qualifiedName": f"Given::{other}", "displayName": "given", "pathName": str(other)}
    )["guid"]
    group = client.add_entity("IntegrationGroup", {"qualifiedName": f"Group::{other}"})["guid"]
    connector = client.add_entity("IntegrationConnector", {"qualifiedName": f"Connector::{other}"})["guid"]
    registered = client.add_relationship("RegisteredIntegrationConnector", group, connector)["guid"]
    target = {"catalogTargetName": "other", "configurationProperties": {"include": "*.csv"}}
    link = client.add_relationship("CatalogTarget", connector, folder, target)["guid"]
    life = Passes(
        DirectoryCatalogConnector,
        metadata_server,
        {"connectorId": registered, "endpoint": {"networkAddress": str(tree)}},
    )
    report = life.refresh()
    assert report.counters()["roots"] == 2
    assert set(by_name(client, "DataFile", f"DataFile::{other}/")) == {f"DataFile::{other}/below/x.csv"}
    below = by_name(client, "FileFolder", f"FileFolder::{other}")
    assert set(below) == {f"FileFolder::{other}/below"}  # the root is the one that was given
    links = client.relationships_of(folder, "FolderHierarchy")
    assert [each["entityTwoProxy"]["guid"] for each in links] == [entity["guid"] for entity in below.values()]
    assert len(by_name(client, "DataFile", f"DataFile::{tree}/")) == 4
    assert changes(life.refresh()) == (0, 0, 0)

    (other / "below/z.csv").write_text("c\n1\n")
    assert life.refresh().counters()["filesCreated"] == 1
    client.delete_relationship(link)
    (other / "below/late.csv").write_text("c\n1\n")
    assert life.refresh().counters()["roots"] == 1
    assert f"DataFile::{other}/below/late.csv" not in by_name(client, "DataFile", f"DataFile::{other}/")


def test_one_root_that_is_missing_does_not_keep_the_others_from_being_catalogued(
    metadata_server: Running, client: MetadataClient, tree: Path, tmp_path: Path
) -> None:
    folder = client.add_entity(
        "FileFolder", {"qualifiedName": f"Given::{tree}", "displayName": "given", "pathName": str(tree)}
    )["guid"]
    group = client.add_entity("IntegrationGroup", {"qualifiedName": f"Group::{tree}"})["guid"]
    connector = client.add_entity("IntegrationConnector", {"qualifiedName": f"Connector::{tree}"})["guid"]
    registered = client.add_relationship("RegisteredIntegrationConnector", group, connector)["guid"]
    client.add_relationship("CatalogTarget", connector, folder, {"catalogTargetName": "there"})
    missing = tmp_path / "not there"
    config = {"connectorId": registered, "endpoint": {"networkAddress": str(missing)}}
    with pytest.raises(InvalidParameterError, match=f"directory named {missing} of connector one"):
        Passes(DirectoryCatalogConnector, metadata_server, config).refresh()
    assert len(by_name(client, "DataFile", f"DataFile::{tree}/")) == 4


@pytest.mark.parametrize(
    ("config", "said"),
    [
        ({}, "has no directory"),
        ({"endpoint": {"networkAddress": "s3://bucket"}}, "no local directory"),
        ({"configurationProperties": {"deleteMethod": "SHRED"}}, "deleteMethod"),
        ({"configurationProperties": {"maxDeletion": 3}}, "is maxDeletions meant"),
    ],
)
def test_wrong_configurations_name_the_key(metadata_server: Running, config: dict[str, Any], said: str) -> None:
    with pytest.raises(ConfigurationError, match=said):
        Passes(DirectoryCatalogConnector, metadata_server, config).refresh()


def test_what_the_options_no_longer_let_through_is_deleted(
    metadata_server: Running, client: MetadataClient, tree: Path
) -> None:
    before = Lake(metadata_server, client, tree)
    before.life.refresh()
    before.life.end()
    narrowed = Lake(metadata_server, client, tree, include=["*.csv"])
    narrowed.life.refresh()
    assert set(narrowed.files()) == {"sales/2026/orders.csv", "sales/2026/items.csv"}
    narrowed.life.end()
    limited = Lake(metadata_server, client, tree, include=["o*.csv"], maxDeletions=0, maxDeletedShare=0.1)
    with pytest.raises(OmrsError, match="would delete 1 of"):
        limited.life.refresh()
    assert len(limited.files()) == 2
    limited.life.end()


def test_a_server_that_refuses_one_file_gets_the_others(
    lake: Lake, tree: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = catalog.Catalog.file

    def refuse(self: catalog.Catalog, entry: Any) -> str:
        if entry.path.endswith("plan.json"):
            raise OmrsError("no")
        return real(self, entry)

    with monkeypatch.context() as patch:
        patch.setattr(catalog.Catalog, "file", refuse)
        report = lake.life.refresh()
    assert report.messages == [f"{tree}/sales/plan.json was not catalogued: OMRS-STREAMS-500-001 no"]
    assert len(lake.files()) == 3
    assert lake.life.refresh().counters()["filesCreated"] == 1
    lake.equals_the_disk()


def test_the_folder_monitor_keeps_one_asset_of_the_whole(
    metadata_server: Running, client: MetadataClient, tree: Path
) -> None:
    config = {"endpoint": {"networkAddress": str(tree)}, "configurationProperties": {"include": "*.csv"}}
    life = Passes(DataFolderMonitorConnector, metadata_server, config)
    assert changes(life.refresh()) == (1, 0, 0)
    (folder,) = by_name(client, "DataFolder", f"DataFolder::{tree}").values()
    assert plain(folder)["additionalProperties"]["files"] == "2"
    assert changes(life.refresh()) == (0, 0, 0)
    os.utime(tree / "sales/2026/items.csv", (2_000_000_000, 2_000_000_000))
    again = Passes(DataFolderMonitorConnector, metadata_server, config)
    assert again.refresh().guids("updated") == [folder["guid"]]
    assert plain(client.get_entity(folder["guid"]))["storeUpdateTime"] == 2_000_000_000_000
    tree.rename(tree.with_name("elsewhere"))
    with pytest.raises(InvalidParameterError, match="BASIC-FILES-INTEGRATION-CONNECTORS-404-001"):
        again.refresh()
    again.end()
    life.end()

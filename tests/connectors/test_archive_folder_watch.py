"""The archive folder watcher against a real metadata server, with archives as people have them."""

import json
import os
from pathlib import Path
from typing import Any
from uuid import NAMESPACE_URL, uuid5

import pytest
from connector_passes import Passes, by_name, changes, plain

from omrs_connectors.builtin.archives.connector import ArchiveFolderConnector
from omrs_schemas.errors import DeletionRefusedError, InvalidParameterError
from omrs_streams.client import MetadataClient
from shared_data import require_shared
from workers import Running

pytestmark = pytest.mark.kafka

CATALOG, TYPES = "SimpleCatalog.omarchive", "CocoTypesArchive.omarchive"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    path = tmp_path / "drop"
    path.mkdir()
    return path


def drop(path: Path, seed: str, source: str = CATALOG) -> Path:
    """Writes a real archive to `path`, with guids that no other test has."""
    text = require_shared("data", "archives", source).read_text()
    whole = json.loads(text)
    guids = {whole["archiveProperties"]["archiveGUID"]} | {each["guid"] for each in parts(whole)}
    for guid in guids:
        text = text.replace(guid, str(uuid5(NAMESPACE_URL, f"{path.parent}/{seed}/{guid}")))
    path.write_text(text)
    return path


def parts(archive: dict[str, Any]) -> list[dict[str, Any]]:
    instances, types = archive.get("archiveInstanceStore") or {}, archive.get("archiveTypeStore") or {}
    kinds = [instances.get("entities"), instances.get("relationships"), types.get("newTypeDefs")]
    return [each for kind in kinds for each in kind or []]


def instances(path: Path) -> set[str]:
    return {each["guid"] for each in parts(json.loads(path.read_text()))}


def life(server: Running, folder: Path, **properties: Any) -> Passes:
    config = {"endpoint": {"networkAddress": str(folder)}, "configurationProperties": properties}
    return Passes(ArchiveFolderConnector, server, config)


def records(client: MetadataClient, folder: Path) -> dict[str, dict[str, Any]]:
    found = by_name(client, "DataFile", f"OpenMetadataArchive::{folder}/")
    return {name.rpartition("/")[2]: plain(entity) for name, entity in found.items()}


def holds(client: MetadataClient, guids: set[str]) -> bool:
    return all(client.find_entity(guid) or client.find_relationship(guid) for guid in guids)


def test_archives_are_loaded_once_and_again_when_they_change(
    metadata_server: Running, client: MetadataClient, folder: Path
) -> None:
    path = drop(folder / "one.omarchive", "one")
    first = life(metadata_server, folder)
    report = first.refresh()
    (record,) = by_name(client, "DataFile", f"OpenMetadataArchive::{folder}/").values()
    assert set(report.guids("created")) == instances(path) | {record.guid}
    assert holds(client, instances(path))
    assert report.by_anchor().keys() == {record.guid}
    assert plain(record)["additionalProperties"]["leftOut"] == "0"
    assert changes(first.refresh()) == changes(life(metadata_server, folder).refresh()) == (0, 0, 0)

    archive = json.loads(path.read_text())
    entity = archive["archiveInstanceStore"]["entities"][0]
    entity |= {"version": 2, "updateTime": 1795249478610}
    path.write_text(json.dumps(archive))
    report = first.refresh()
    assert set(report.guids("updated")) == {entity["guid"], record.guid}
    assert not report.guids("created")
    assert client.get_entity(entity["guid"]).version == 2

    # Another archive beside it, found by another life.
    drop(folder / "two.omarchive", "two")
    report = life(metadata_server, folder).refresh()
    assert report.counters()["archivesUnchanged"] == report.counters()["archivesLoaded"] == 1
    assert set(records(client, folder)) == {"one.omarchive", "two.omarchive"}


def test_touched_and_moved_archives_are_not_loaded_again(
    metadata_server: Running, client: MetadataClient, folder: Path
) -> None:
    path = drop(folder / "one.omarchive", "one")
    one = life(metadata_server, folder)
    one.refresh()
    (guid,) = [entity.guid for entity in by_name(client, "DataFile", f"OpenMetadataArchive::{folder}/").values()]
    os.utime(path, (2_000_000_000, 2_000_000_000))
    report = one.refresh()
    assert report.counters()["archivesTouched"] == 1 and report.guids("updated") == [guid]
    (folder / "sub").mkdir()
    path.rename(folder / "sub" / "other.omarchive")
    report = one.refresh()
    assert report.counters()["archivesMoved"] == 1 and report.guids("updated") == [guid]
    assert set(records(client, folder)) == {"other.omarchive"}
    assert changes(one.refresh()) == (0, 0, 0)


def test_a_broken_archive_is_told_and_the_others_are_loaded(
    metadata_server: Running, client: MetadataClient, folder: Path
) -> None:
    (folder / "a-broken.omarchive").write_text('{"class": "OpenMetadataArchive", ')
    (folder / "b-strange.omarchive").write_text("[]")
    drop(folder / "c.omarchive", "c")
    watcher = life(metadata_server, folder)
    for loaded in (1, 0):
        report = watcher.refresh()
        assert [message.split(" was not loaded")[0] for message in report.messages] == [
            f"archive {folder}/a-broken.omarchive",
            f"archive {folder}/b-strange.omarchive",
        ]
        assert report.counters()["archivesRefused"] == 2
        assert report.counters().get("archivesLoaded", 0) == loaded
    assert set(records(client, folder)) == {"c.omarchive"}
    drop(folder / "a-broken.omarchive", "a")
    report = watcher.refresh()
    assert (report.counters()["archivesLoaded"], report.counters()["archivesRefused"]) == (1, 1)


def test_an_archive_that_came_before_its_types_is_completed_by_them(
    metadata_server: Running, client: MetadataClient, folder: Path
) -> None:
    types = json.loads(require_shared("data", "archives", TYPES).read_text())
    report_type = next(each for each in types["archiveTypeStore"]["newTypeDefs"] if each["name"] == "BiopsyReport")
    path = drop(folder / "a.omarchive", "a")
    archive = json.loads(path.read_text())
    entity = archive["archiveInstanceStore"]["entities"][-1]
    entity["guid"] = str(uuid5(NAMESPACE_URL, f"{folder}/report"))
    entity["type"] |= {"typeDefGUID": report_type["guid"], "typeDefName": "BiopsyReport", "typeDefVersion": 1}
    entity.pop("classifications", None)
    archive["archiveInstanceStore"]["relationships"] = []
    path.write_text(json.dumps(archive))
    watcher = life(metadata_server, folder)
    report = watcher.refresh()
    assert report.counters()["archivesIncomplete"] == 1
    assert entity["guid"] in report.messages[0] and "BiopsyReport" in report.messages[0]
    assert records(client, folder)["a.omarchive"]["additionalProperties"]["leftOut"] == "1"
    assert changes(watcher.refresh()) == (0, 0, 0)

    (folder / "b.omarchive").write_text(json.dumps(types))
    report = life(metadata_server, folder).refresh()
    assert report.counters()["typesLoaded"] == 4
    assert entity["guid"] in report.guids("created")
    assert records(client, folder)["a.omarchive"]["additionalProperties"]["leftOut"] == "0"
    assert changes(watcher.refresh()) == (0, 0, 0)


def test_what_was_brought_stays_when_the_file_goes_away(
    metadata_server: Running, client: MetadataClient, folder: Path
) -> None:
    one, two = drop(folder / "one.omarchive", "one"), drop(folder / "two.omarchive", "two")
    wanted = instances(one)
    watcher = life(metadata_server, folder)
    watcher.refresh()
    one.unlink()
    assert changes(watcher.refresh()) == (0, 0, 1)
    assert set(records(client, folder)) == {"two.omarchive"}
    assert holds(client, wanted)
    drop(one, "one")
    report = watcher.refresh()
    assert report.counters()["archivesLoaded"] == 1 and len(report.guids("created")) == 1
    for path in (one, two):
        path.unlink()
    with pytest.raises(DeletionRefusedError, match="would delete 2 of 2 archives"):
        watcher.refresh()
    folder.rmdir()
    with pytest.raises(InvalidParameterError, match=f"The directory named {folder} of connector one"):
        watcher.refresh()
    folder.mkdir()
    drop(one, "one")
    drop(two, "two")
    assert not watcher.refresh().guids("created")
    watcher.end()


def test_a_load_that_was_cut_short_is_completed(
    metadata_server: Running, client: MetadataClient, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = drop(folder / "one.omarchive", "one")
    first = life(metadata_server, folder)

    def dies(*_: Any) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr("omrs_connectors.builtin.archives.connector.load_archive", dies)
        with pytest.raises(KeyboardInterrupt):
            first.refresh()
    assert life(metadata_server, folder).refresh().counters()["archivesLoaded"] == 1
    assert holds(client, instances(path))
    assert len(records(client, folder)) == 1

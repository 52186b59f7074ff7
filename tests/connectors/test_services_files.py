"""The files integrator's context, in both releases."""

from collections.abc import Iterator

import pytest
from service_contexts import changes, context_on

from omrs_connectors.services.files_integrator import (
    DelimitedFileProperties,
    FileProperties,
    FilesIntegratorContext,
    FileSystemProperties,
    FolderProperties,
)
from omrs_connectors.services.schemas import CapabilityProperties, SchemaAttributeProperties
from omrs_connectors.services.uses import UseProperties
from omrs_schemas.errors import UserNotAuthorizedError
from workers import Running, unique

pytestmark = pytest.mark.kafka


@pytest.fixture
def context(release_server: Running) -> Iterator[FilesIntegratorContext]:
    with context_on(release_server, FilesIntegratorContext, "files-integrator") as context:
        yield context


def test_a_file_system_is_told_from_other_capabilities(context: FilesIntegratorContext) -> None:
    name = unique("fs")
    system = context.file_systems.create(
        FileSystemProperties(qualified_name=name, display_name="disk", format="ext4", encryption="none")
    )
    manager = context.file_managers.create(CapabilityProperties(qualified_name=f"{name}.m"))
    assert (system.properties.format, system.properties.encryption) == ("ext4", "none")
    assert [found.guid for found in context.file_systems.find(name)] == [system.guid]
    assert [found.guid for found in context.file_managers.find(name)] == [manager.guid]
    changed = context.file_systems.update(system.guid, FileSystemProperties(format="xfs"))
    assert (changed.properties.format, changed.properties.encryption) == ("xfs", "none")

    folder = context.folders.create(FolderProperties(qualified_name=f"{name}/f", path_name="/f"))
    use = context.uses.link(system.guid, folder.guid, UseProperties(use_type="OWNS"))
    assert context.uses.of(folder.guid) == [use] and use.properties.use_type == "OWNS"


def test_folders_files_and_columns(context: FilesIntegratorContext) -> None:
    root = unique("/landing")
    outer = context.folders.ensure(FolderProperties(qualified_name=root, display_name="landing", path_name=root))
    inner = context.folders.ensure(FolderProperties(qualified_name=f"{root}/in"), parent=outer.guid)
    assert [found.guid for found in context.folders.of(outer.guid)] == [inner.guid]
    assert context.folders.of(inner.guid) == []

    given = DelimitedFileProperties(
        qualified_name=f"{root}/in/a.csv",
        display_name="a.csv",
        path_name=f"{root}/in/a.csv",
        file_name="a.csv",
        delimiter_character=";",
        encoding="UTF-8",
        store_update_time=1_700_000_000_000,
    )
    csv = context.delimited_files.ensure(given, parent=inner.guid)
    assert csv.properties == given and csv.type_name == "CSVFile"
    plain = DelimitedFileProperties(qualified_name=given.qualified_name, path_name=given.path_name)
    bare = context.delimited_files.ensure(plain, parent=inner.guid)
    assert bare.properties == plain and not bare.classifications
    json = context.files.ensure(
        FileProperties(qualified_name=f"{root}/in/b.json"), parent=inner.guid, type_name="JSONFile"
    )
    assert [found.guid for found in context.files.of(inner.guid)] == [csv.guid, json.guid]
    assert [found.guid for found in context.delimited_files.of(inner.guid)] == [csv.guid]
    assert [found.guid for found in context.files_at(f"{root}/in/a.csv")] == [csv.guid]

    columns = [
        SchemaAttributeProperties(qualified_name=f"{root}/a#{name}", display_name=name, data_type="string", position=at)
        for at, name in enumerate(("id", "name"))
    ]
    for column in columns:
        context.columns.ensure(column, parent=csv.guid)
    found = context.columns.of(csv.guid)
    assert [each.properties for each in found] == columns and {each.anchor_guid for each in found} == {csv.guid}
    changes(context)
    for column in columns:
        context.columns.ensure(column, parent=csv.guid)
    assert changes(context) == (0, 0, 0)

    assert context.archive_file(json.guid, {"why": "moved"}) and not context.archive_file(json.guid)
    memento = context.mementos.get(json.guid)
    assert memento is not None and memento.archive_properties == {"why": "moved"}
    assert memento.archive_process == context.connector_name
    assert json.guid in [each.guid for each in context.mementos.elements("DataFile")]
    assert context.mementos.remove(json.guid) and not context.mementos.remove(json.guid)

    moved = context.folders.ensure(FolderProperties(qualified_name=f"{root}/out"), parent=outer.guid)
    context.files.attach(json.guid, moved.guid)
    context.files.detach(json.guid, inner.guid)
    assert [each.guid for each in context.files.of(moved.guid)] == [json.guid]
    assert [each.guid for each in context.files.of(inner.guid)] == [csv.guid]

    changes(context)
    context.files.delete(csv.guid)
    assert changes(context) == (0, 0, 4)  # the file, its schema type, two columns
    assert context.columns.named(columns[0].qualified_name) is None


def test_writes_are_reported_by_anchor_and_refused_when_not_permitted(
    context: FilesIntegratorContext, release_server: Running
) -> None:
    file = context.files.create(FileProperties(qualified_name=unique("/file")))
    column = context.columns.create(SchemaAttributeProperties(qualified_name=unique("column")), parent=file.guid)
    by_anchor = context.report.by_anchor()
    assert set(by_anchor) == {file.guid} and column.guid in by_anchor[file.guid]["created"]

    only_out = {"permittedSynchronization": "TO_THIRD_PARTY"}
    with context_on(release_server, FilesIntegratorContext, "files-integrator", **only_out) as reader:
        assert reader.files.get(file.guid) == file
        for refused in (
            lambda: reader.files.create(FileProperties(qualified_name="x")),
            lambda: reader.files.update(file.guid, FileProperties(display_name="x")),
            lambda: reader.files.delete(file.guid),
            lambda: reader.archive_file(file.guid),
        ):
            with pytest.raises(UserNotAuthorizedError):
                refused()


def test_what_is_made_for_a_metadata_source_is_at_home_there(release_server: Running) -> None:
    source = unique("source")
    with context_on(
        release_server, FilesIntegratorContext, "files-integrator", metadataSourceQualifiedName=source
    ) as context:
        folder = context.folders.create(FolderProperties(qualified_name=unique("/f")))
        file = context.files.create(FileProperties(qualified_name=unique("/f/x")), parent=folder.guid)
        assert context.external_source is not None
        assert file.home == folder.home == context.external_source.guid
        (link,) = context.client.relationships_of(file.guid)
        assert link["metadataCollectionName"] == source

"""Files Integrator: connectors and context for file systems, folders and data files (integration § 11)."""

import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

from omrs_connectors.sdk.connector import IntegrationConnector
from omrs_connectors.sdk.context import IntegrationContext
from omrs_connectors.services.base import FROM_THIRD_PARTY, IntegrationService, wiki_of
from omrs_connectors.services.classifying import MarkKind
from omrs_connectors.services.element import Element
from omrs_connectors.services.elements import Kind
from omrs_connectors.services.kinds import Mark
from omrs_connectors.services.naming import Link
from omrs_connectors.services.properties import Properties, called
from omrs_connectors.services.relations import LinkKind
from omrs_connectors.services.schemas import (
    AssetProperties,
    CapabilityProperties,
    NoProperties,
    schema_attributes,
)
from omrs_connectors.services.uses import asset_uses


@dataclass(frozen=True, kw_only=True)
class FileSystemProperties(CapabilityProperties):
    """FileSystem: an entity in 6.x, in 4.x a SoftwareCapability with the classification."""

    format: str | None = None
    encryption: str | None = None
    canonical_mount_point: str | None = None
    local_mount_point: str | None = None


@dataclass(frozen=True, kw_only=True)
class FolderProperties(AssetProperties):
    """FileFolder."""

    path_name: str | None = None
    store_create_time: int | None = None
    store_update_time: int | None = None


@dataclass(frozen=True, kw_only=True)
class FileProperties(FolderProperties):
    """DataFile; what its data looks like stands on the encoding classification."""

    file_name: str | None = None
    file_type: str | None = None
    file_extension: str | None = None
    encoding: str | None = called("encodingType", "encoding")
    encoding_language: str | None = called("encodingLanguage", "language")
    encoding_description: str | None = called("encodingDescription")
    encoding_properties: Mapping[str, str] | None = called("encodingProperties", "properties")


@dataclass(frozen=True, kw_only=True)
class DelimitedFileProperties(FileProperties):
    """CSVFile."""

    delimiter_character: str | None = None
    quote_character: str | None = None


@dataclass(frozen=True, kw_only=True)
class MementoProperties(Properties):
    """Memento."""

    archive_date: int | None = None
    archive_user: str | None = None
    archive_process: str | None = None
    archive_service: str | None = None
    archive_method: str | None = None
    archive_properties: Mapping[str, str] | None = None


FOLDERS_ABOVE = (Link(("NestedFile",), "FileFolder", "DataFile"),)
ENCODING = Mark(("DataAssetEncoding", "DataStoreEncoding"))


class FilesIntegratorContext(IntegrationContext):
    """Metadata of file systems, folders and data files.

    A folder's parent is a folder, a file's parent the folder it lies in; `uses` says which file system or manager has
    what. Columns hang below a file; they make its schema type. Types of files: give `type_name`, such as "JSONFile".
    """

    file_systems = Kind("file systems", FileSystemProperties, ("FileSystem",), fallback="SoftwareCapability")
    file_managers = Kind("software that manages files", CapabilityProperties, ("FileManager",), "SoftwareCapability")
    folders = Kind(
        "folders", FolderProperties, ("FileFolder",), below=(Link(("FolderHierarchy",), "FileFolder", "FileFolder"),)
    )
    files = Kind("files of any type", FileProperties, ("DataFile",), below=FOLDERS_ABOVE, marks=(ENCODING,))
    delimited_files = Kind(
        "delimited files", DelimitedFileProperties, ("CSVFile",), below=FOLDERS_ABOVE, marks=(ENCODING,)
    )
    columns = schema_attributes("columns of tabular files", "TabularColumn", schema_type="TabularSchemaType")
    document_fields = schema_attributes(
        "fields of nested files, such as JSON", "DocumentSchemaAttribute", schema_type="DocumentSchemaType"
    )
    uses = asset_uses("what a file system or manager has")
    linked_files = LinkKind(
        "files that also show in another folder", NoProperties, Link(("LinkedFile",), "FileFolder", "DataFile")
    )

    mementos = MarkKind("elements whose resource is gone, kept for their lineage", MementoProperties, ("Memento",))

    def archive_file(self, guid: str, properties: Mapping[str, str] | None = None) -> bool:
        """Marks a file that is gone from its place as a memento, so that its lineage stays; False where it is one
        already. `mementos.remove` takes the mark away."""
        if self.mementos.get(guid) is not None:
            return False
        now = int(time.time() * 1000)
        return self.mementos.set(
            guid,
            MementoProperties(
                archive_date=now,
                archive_user=self.user_id,
                archive_process=self.connector_name,
                archive_properties=properties,
            ),
        )

    def files_at(self, path_name: str) -> list[Element[FileProperties]]:
        """Files with that path, wherever they are catalogued from."""
        return [found for found in self.files.find(path_name) if found.properties.path_name == path_name]


class FilesIntegratorConnector(IntegrationConnector):
    """Runs under `files-integrator`."""

    service: ClassVar[str] = "files-integrator"
    context: FilesIntegratorContext


FILES = IntegrationService(
    id=4005,
    full_name="Files Integrator OMIS",
    url_marker="files-integrator",
    description="Catalogues files and folders: what a file system, an object store or a document manager holds.",
    wiki=wiki_of("files-integrator"),
    partner="Data Manager OMAS",
    default_permitted_synchronization=FROM_THIRD_PARTY,
    connector_class=FilesIntegratorConnector,
    context_class=FilesIntegratorContext,
)

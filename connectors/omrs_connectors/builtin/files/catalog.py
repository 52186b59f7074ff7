"""Writing one folder or file, with everything that hangs on it, so that it shows what is on disk."""

import posixpath
from collections.abc import Mapping
from typing import Any

from omrs_connectors.builtin.files.formats import FileFormat, extension_of, format_of, type_for
from omrs_connectors.builtin.files.known import Known, KnownColumn, KnownFile, KnownFolder, Naming
from omrs_connectors.builtin.files.options import FilesOptions
from omrs_connectors.builtin.files.schema import Column, FileSchema
from omrs_connectors.builtin.files.walk import FileEntry, FolderEntry
from omrs_connectors.sdk import IntegrationContext
from omrs_schemas.errors import CodecError, EntityNotKnownError, InvalidParameterError, OmrsError

ALREADY_DELETED = "OMRS-REPOSITORY-400-045"
NO_COLUMNS = FileSchema(())
CSV_FACTS = ("delimiterCharacter", "quoteCharacter")  # attributes of CSVFile, not additional properties


class Catalog:
    """Brings single elements up to date. Methods for different paths may run at the same time.

    Order of writes: a new file is created first and what hangs on it follows; a changed file's properties come last.
    So whatever a crash leaves out is seen at the next start (`KnownFile.whole`, or the old size and time).
    """

    def __init__(self, context: IntegrationContext, options: FilesOptions, naming: Naming, known: Known) -> None:
        self._context = context
        self._options = options
        self._naming = naming
        self._known = known
        self._names = context.names
        self._types = context.types

    def folder(self, entry: FolderEntry) -> None:
        """Creates the folder and its link to the parent, as far as they are missing."""
        known = self._known.folders.get(entry.path)
        if known is None:
            name = posixpath.basename(entry.path) or entry.path
            properties = {
                "qualifiedName": self._naming.folder(entry.path),
                "pathName": entry.path,
                **self._asset_names(name, entry.path),
            }
            known = KnownFolder(self._context.create_entity("FileFolder", properties)["guid"])
            self._known.folders[entry.path] = known
        if entry.parent is not None and not known.linked:
            self._context.link("FolderHierarchy", self._folder_guid(entry.parent), known.guid)
            known.linked = True

    def file(self, entry: FileEntry) -> str:
        """Creates or updates the file with its columns; returns what was done: created, updated or unchanged."""
        known = self._known.files.get(entry.path)
        if known is not None and known.whole and (known.size, known.modified) == (entry.size, entry.modified):
            return "unchanged"
        try:
            return self._write_file(entry, known)
        except EntityNotKnownError:
            # Somebody deleted something behind our back. If it was the file: forget it and build it anew.
            if known is None or self._is_alive(known.guid):
                raise
            self._known.files.pop(entry.path, None)
            self._forget_columns(known)
            return self._write_file(entry, None)

    def remove_file(self, path: str) -> None:
        """Deletes a vanished file with its schema."""
        known = self._known.files.pop(path, None)
        if known is None:
            return
        self._forget_columns(known)
        self._delete(known.guid, known.type_name)

    def remove_folder(self, path: str) -> None:
        known = self._known.folders.pop(path, None)
        if known is not None:
            self._delete(known.guid, "FileFolder")

    def _write_file(self, entry: FileEntry, known: KnownFile | None) -> str:
        file_format = format_of(entry.path)
        schema = self._read_schema(entry, file_format)
        done = "updated"
        if known is None:
            done = "created"
            type_name = type_for(self._types, file_format)
            properties = self._file_properties(entry, file_format, type_name, schema)
            guid = self._context.create_entity(type_name, properties)["guid"]
            known = KnownFile(guid, type_name, entry.size, entry.modified, len(schema.columns))
            self._known.files[entry.path] = known
        if not known.linked:
            self._context.link("NestedFile", self._folder_guid(entry.parent), known.guid)
            known.linked = True
        self._write_columns(entry.path, known, schema)
        if (known.size, known.modified, known.declared) != (entry.size, entry.modified, len(schema.columns)):
            properties = self._file_properties(entry, file_format, known.type_name, schema)
            self._context.update_entity(known.guid, properties, type_name=known.type_name)
            known.size, known.modified, known.declared = entry.size, entry.modified, len(schema.columns)
        return done

    def _read_schema(self, entry: FileEntry, file_format: FileFormat) -> FileSchema:
        """The file's columns; none, with the reason counted, when they cannot be read."""
        if file_format.reader is None or not self._options.columns:
            return NO_COLUMNS
        report = self._context.report
        try:
            schema = file_format.reader(entry.path)
        except CodecError as error:
            report.count(f"columnsUnread.{error.params.get('reason', 'unknown')}")
            report.message(error.message)
            return NO_COLUMNS
        except OSError as error:
            report.count("columnsUnread.io")
            report.message(f"{entry.path} cannot be read: {error.strerror or error}")
            return NO_COLUMNS
        if len(schema.columns) > self._options.max_columns:
            report.count("columnsCut", len(schema.columns) - self._options.max_columns)
            return FileSchema(schema.columns[: self._options.max_columns], schema.nested, schema.properties)
        return schema

    def _file_properties(
        self, entry: FileEntry, file_format: FileFormat, type_name: str, schema: FileSchema
    ) -> dict[str, Any]:
        name = posixpath.basename(entry.path)
        attributes = self._types.attributes(type_name)
        properties: dict[str, Any] = {
            "qualifiedName": self._naming.file(entry.path),
            "pathName": entry.path,
            "fileName": name,
            "fileType": file_format.file_type,
            "storeUpdateTime": entry.modified,
            **self._asset_names(name, entry.path),
        }
        if self._names.file_extension and (extension := extension_of(entry.path)):
            properties[self._names.file_extension] = extension
        facts = {"sizeInBytes": str(entry.size), "columns": str(len(schema.columns))}
        for fact, value in schema.properties.items():
            if fact in CSV_FACTS and fact in attributes:
                properties[fact] = value
            elif fact not in CSV_FACTS:
                facts[fact] = value
        properties["additionalProperties"] = facts
        return properties

    def _asset_names(self, name: str, path: str) -> Mapping[str, str]:
        names = {self._names.asset_name: name}
        if self._names.resource_name:
            names[self._names.resource_name] = path
        return names

    def _write_columns(self, path: str, known: KnownFile, schema: FileSchema) -> None:
        """Makes the file's schema type and columns equal to `schema`."""
        if not schema.columns:
            self._forget_columns(known)
            return
        if known.schema is None:
            known.schema_type = "DocumentSchemaType" if schema.nested else "TabularSchemaType"
            properties = {"qualifiedName": self._naming.schema(path), "displayName": posixpath.basename(path)}
            known.schema = self._context.create_entity(known.schema_type, properties)["guid"]
        if not known.schema_linked:
            self._context.link(self._names.asset_schema, known.guid, known.schema)
            known.schema_linked = True
        wanted = {column.name for column in schema.columns}
        for name in [name for name in known.columns if name not in wanted]:
            gone = known.columns.pop(name)
            self._delete(gone.guid, gone.type_name)
        type_name = "DocumentSchemaAttribute" if schema.nested else "TabularColumn"
        for column in schema.columns:
            self._write_column(path, known, type_name, column)

    def _write_column(self, path: str, file: KnownFile, type_name: str, column: Column) -> None:
        known = file.columns.get(column.name)
        if known is not None and known.shows(column):
            return
        embedded = {"dataType": column.data_type, "schemaTypeName": "PrimitiveSchemaType"}
        on_link = {"position": column.position} if self._names.attribute_position == "relationship" else {}
        if known is None:
            entity = self._context.create_entity(
                type_name, self._column_properties(path, column), classifications={"TypeEmbeddedAttribute": embedded}
            )
            known = KnownColumn(entity["guid"], type_name, column.data_type, column.position)
            file.columns[column.name] = known
        else:
            if known.data_type != column.data_type:
                # A column found without the classification (made elsewhere) gets it; else its properties change.
                change = self._context.reclassify if known.data_type else self._context.classify
                change(known.guid, "TypeEmbeddedAttribute", embedded)
                known.data_type = column.data_type
            if known.position != column.position:
                if not on_link:
                    properties = self._column_properties(path, column)
                    self._context.update_entity(known.guid, properties, type_name=known.type_name)
                elif known.link is not None:
                    self._context.update_link(known.link, on_link, type_name="AttributeForSchema")
                known.position = column.position
        if known.link is None and file.schema is not None:
            known.link = self._context.link("AttributeForSchema", file.schema, known.guid, on_link)["guid"]

    def _column_properties(self, path: str, column: Column) -> dict[str, Any]:
        properties: dict[str, Any] = {
            "qualifiedName": self._naming.column(path, column.name),
            "displayName": column.name,
            "isNullable": column.nullable,
        }
        if self._names.attribute_position == "entity":
            properties["position"] = column.position
        return properties

    def _folder_guid(self, path: str) -> str:
        """The entity of a file's or folder's parent. InvalidParameterError when that one was refused."""
        folder = self._known.folders.get(path)
        if folder is None:
            raise InvalidParameterError(f"its folder {path} is not catalogued", help="see the message about the folder")
        return folder.guid

    def _is_alive(self, guid: str) -> bool:
        entity = self._context.client.find_entity(guid)
        return entity is not None and entity["status"] != "DELETED"

    def _forget_columns(self, known: KnownFile) -> None:
        """Deletes the schema of a file that has none any more, or is gone."""
        for column in known.columns.values():
            self._delete(column.guid, column.type_name)
        known.columns.clear()
        if known.schema is not None:
            self._delete(known.schema, known.schema_type)
            known.schema, known.schema_linked = None, False

    def _delete(self, guid: str, type_name: str) -> None:
        """Deletes an entity; one that is gone already is what was wanted."""
        try:
            self._context.delete_entity(guid, type_name=type_name)
        except EntityNotKnownError:
            return
        except InvalidParameterError as error:
            if error.code != ALREADY_DELETED:
                raise


def describe_failure(path: str, error: OmrsError) -> str:
    return f"{path} was not catalogued: {error.code} {error.message}"

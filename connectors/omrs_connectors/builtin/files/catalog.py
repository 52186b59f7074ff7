"""Writing one folder or file, with everything that hangs on it, so that it shows what is on disk."""

import posixpath
import time
from collections.abc import Mapping
from typing import Any

from omrs_connectors.builtin.files.formats import FileFormat, extension_of, format_of, type_for
from omrs_connectors.builtin.files.known import INODE, MEMENTO, Known, KnownColumn, KnownFile, KnownFolder, Naming
from omrs_connectors.builtin.files.moves import Moves
from omrs_connectors.builtin.files.options import ARCHIVE, FilesOptions
from omrs_connectors.builtin.files.schema import Column, FileSchema
from omrs_connectors.builtin.files.walk import FileEntry, FolderEntry
from omrs_connectors.builtin.safety import gone_is_fine
from omrs_connectors.sdk import IntegrationContext
from omrs_schemas.errors import (
    CodecError,
    EntityNotKnownError,
    InvalidParameterError,
)
from omrs_schemas.model.values import from_properties

NO_COLUMNS = FileSchema(())
CSV_FACTS = ("delimiterCharacter", "quoteCharacter")  # attributes of CSVFile, not additional properties


class Catalog:
    """Brings single elements up to date. Methods for different paths may run at the same time.

    Order of writes: a new file is created first and what hangs on it follows; a changed file's properties come last.
    So whatever a crash leaves out is seen at the next start (`KnownFile.whole`, or the old path, size and time).
    """

    def __init__(
        self, context: IntegrationContext, options: FilesOptions, naming: Naming, known: Known, moves: Moves
    ) -> None:
        self._context = context
        self._options = options
        self._naming = naming
        self._known = known
        self._moves = moves
        self._names = context.names
        self._types = context.types

    def folder(self, entry: FolderEntry) -> str:
        """Brings the folder and its link to the parent up to date; says what was done, as `file` does."""
        known = self._known.folders.get(entry.path)
        done = "unchanged"
        if known is None and entry.path in self._moves.folders:
            known = self._known.folders[entry.path] = self._known.folders.pop(self._moves.folders[entry.path])
            known.named = False
            done = "moved"
        if known is None:
            guid = self._context.create_entity("FileFolder", self._folder_properties(entry))["guid"]
            known = self._known.folders[entry.path] = KnownFolder(guid, entry.inode)
            done = "created"
        known.archived = self._bring_back(known.guid, known.archived)
        if not known.named:
            self._replace(known.guid, "FileFolder", self._folder_properties(entry), known.guid)
            known.named, known.inode = True, entry.inode
        if entry.parent is not None:
            self._hang("FolderHierarchy", self._folder_guid(entry.parent), known)
        return done

    def file(self, entry: FileEntry) -> str:
        """Creates or updates the file with its columns; says what was done: created, updated, moved or unchanged."""
        known = self._known.files.get(entry.path)
        moved = known is None and entry.path in self._moves.files
        if moved:
            known = self._known.files[entry.path] = self._known.files.pop(self._moves.files[entry.path])
            known.misname()
        if known is not None and self._is_current(known, entry):
            known.inode = entry.inode
            return "unchanged"
        try:
            done = self._write_file(entry, known)
        except EntityNotKnownError:
            # Somebody deleted something behind our back. If it was the file: forget it and build it anew.
            if known is None or self._is_alive(known.guid):
                raise
            self._known.files.pop(entry.path, None)
            self._forget_columns(known)
            return self._write_file(entry, None)
        return "moved" if moved else done

    def remove_file(self, path: str) -> None:
        """Deletes a vanished file with its schema, or makes it a memento."""
        known = self._known.files[path]
        if self._options.delete_method == ARCHIVE:
            known.archived = self._archive(known.guid, path)
            return
        del self._known.files[path]
        self._forget_columns(known)
        self._delete(known.guid, known.type_name)

    def remove_folder(self, path: str) -> None:
        known = self._known.folders[path]
        if self._options.delete_method == ARCHIVE:
            known.archived = self._archive(known.guid, path)
            return
        del self._known.folders[path]
        self._delete(known.guid, "FileFolder")

    def _is_current(self, known: KnownFile, entry: FileEntry) -> bool:
        folder = self._known.folders.get(entry.parent)
        hangs = folder is not None and known.parents.keys() == {folder.guid}
        return hangs and known.whole and (known.size, known.modified) == (entry.size, entry.modified)

    def _archive(self, guid: str, path: str) -> bool:
        """Keeps a vanished element for those who refer to it; True."""
        memento = {
            "archiveDate": int(time.time() * 1000),
            "archiveUser": self._context.client.user_id,
            "archiveProcess": self._context.connector_name,
            "archiveProperties": {"pathName": path},
        }
        self._context.classify(guid, MEMENTO, memento)
        return True

    def _bring_back(self, guid: str, archived: bool) -> bool:
        """Something that was archived is there again; False."""
        if archived:
            self._context.declassify(guid, MEMENTO)
        return False

    def _hang(self, type_name: str, parent: str, known: KnownFile | KnownFolder) -> None:
        """Makes `parent` the one folder of the tree that the element hangs on."""
        if parent not in known.parents:
            known.parents[parent] = self._context.link(type_name, parent, known.guid, anchor=known.guid)["guid"]
        for other in [other for other in known.parents if other != parent]:
            self._unlink(known.parents.pop(other), type_name, known.guid)

    def _replace(self, guid: str, type_name: str, properties: Mapping[str, Any], anchor: str) -> None:
        """Sets our properties and leaves those of others (a description, say) as they are."""
        existing = from_properties(self._context.client.get_entity(guid).get("properties"))
        merged = {**existing, **properties}
        theirs, ours = existing.get("additionalProperties"), properties.get("additionalProperties")
        if theirs and ours:
            merged["additionalProperties"] = {**theirs, **ours}
        self._context.update_entity(guid, merged, type_name=type_name, anchor=anchor)

    def _write_file(self, entry: FileEntry, known: KnownFile | None) -> str:
        file_format = format_of(entry.path)
        schema = self._read_schema(entry, file_format)
        done = "updated"
        if known is None:
            done = "created"
            type_name = type_for(self._types, file_format)
            properties = self._file_properties(entry, file_format, type_name, schema)
            guid = self._context.create_entity(type_name, properties)["guid"]
            known = KnownFile(guid, type_name, entry.size, entry.modified, len(schema.columns), entry.inode)
            self._known.files[entry.path] = known
        known.archived = self._bring_back(known.guid, known.archived)
        self._hang("NestedFile", self._folder_guid(entry.parent), known)
        self._write_columns(entry.path, known, schema)
        shown = (entry.size, entry.modified, len(schema.columns))
        if not known.named or (known.size, known.modified, known.declared) != shown:
            properties = self._file_properties(entry, file_format, known.type_name, schema)
            self._replace(known.guid, known.type_name, properties, known.guid)
            known.size, known.modified, known.declared = shown
            known.named, known.inode = True, entry.inode
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

    def _folder_properties(self, entry: FolderEntry) -> dict[str, Any]:
        return {
            "qualifiedName": self._naming.folder(entry.path),
            "pathName": entry.path,
            "additionalProperties": {INODE: str(entry.inode)},
            **self._asset_names(posixpath.basename(entry.path) or entry.path, entry.path),
        }

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
        facts = {"sizeInBytes": str(entry.size), "columns": str(len(schema.columns)), INODE: str(entry.inode)}
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
        properties = {"qualifiedName": self._naming.schema(path), "displayName": posixpath.basename(path)}
        if known.schema is None:
            known.schema_type = "DocumentSchemaType" if schema.nested else "TabularSchemaType"
            known.schema = self._context.create_entity(known.schema_type, properties, anchor=known.guid)["guid"]
        elif not known.schema_named:
            self._replace(known.schema, known.schema_type, properties, known.guid)
        known.schema_named = True
        if not known.schema_linked:
            self._context.link(self._names.asset_schema, known.guid, known.schema, anchor=known.guid)
            known.schema_linked = True
        wanted = {column.name for column in schema.columns}
        for name in [name for name in known.columns if name not in wanted]:
            gone = known.columns.pop(name)
            self._delete(gone.guid, gone.type_name, known.guid)
        type_name = "DocumentSchemaAttribute" if schema.nested else "TabularColumn"
        for column in schema.columns:
            self._write_column(path, known, type_name, column)

    def _write_column(self, path: str, file: KnownFile, type_name: str, column: Column) -> None:
        known = file.columns.get(column.name)
        if known is not None and known.shows(column):
            return
        embedded = {"dataType": column.data_type, "schemaTypeName": "PrimitiveSchemaType"}
        on_link = {"position": column.position} if self._names.attribute_position == "relationship" else {}
        properties = self._column_properties(path, column)
        if known is None:
            entity = self._context.create_entity(
                type_name, properties, classifications={"TypeEmbeddedAttribute": embedded}, anchor=file.guid
            )
            known = file.columns[column.name] = KnownColumn(
                entity["guid"], type_name, column.data_type, column.position
            )
        else:
            if known.data_type != column.data_type:
                # A column found without the classification (made elsewhere) gets it; else its properties change.
                change = self._context.reclassify if known.data_type else self._context.classify
                change(known.guid, "TypeEmbeddedAttribute", embedded, anchor=file.guid)
                known.data_type = column.data_type
            moved = known.position != column.position
            if not known.named or (moved and not on_link):
                self._replace(known.guid, known.type_name, properties, file.guid)
                known.named = True
            if moved and on_link and known.link is not None:
                self._context.update_link(known.link, on_link, type_name="AttributeForSchema", anchor=file.guid)
            known.position = column.position
        if known.link is None and file.schema is not None:
            link = self._context.link("AttributeForSchema", file.schema, known.guid, on_link, anchor=file.guid)
            known.link = link["guid"]

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
            self._delete(column.guid, column.type_name, known.guid)
        known.columns.clear()
        if known.schema is not None:
            self._delete(known.schema, known.schema_type, known.guid)
            known.schema, known.schema_linked = None, False

    def _delete(self, guid: str, type_name: str, anchor: str | None = None) -> None:
        """Deletes an entity; one that is gone already is what was wanted."""
        with gone_is_fine():
            self._context.delete_entity(guid, type_name=type_name, anchor=anchor)

    def _unlink(self, guid: str, type_name: str, anchor: str) -> None:
        with gone_is_fine():
            self._context.unlink(guid, type_name=type_name, anchor=anchor)

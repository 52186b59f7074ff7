"""What was loaded: one DataFile per archive, with the hash of what was read."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import PurePath
from typing import Any

from omrs_connectors.builtin.files.walk import FileEntry
from omrs_connectors.sdk import IntegrationContext
from omrs_schemas.model.values import from_properties
from omrs_streams.client import starts_with

RECORD_TYPE = "DataFile"
FILE_TYPE = "omarchive"
PREFIX = "OpenMetadataArchive::"

HASH, SIZE, LEFT_OUT, ARCHIVE_GUID, ARCHIVE_NAME = "contentHash", "sizeInBytes", "leftOut", "archiveGUID", "archiveName"


@dataclass(slots=True)
class Record:
    """An archive file as it was loaded last. `content` is empty until the load has come to its end; `left_out` counts
    the parts that had errors."""

    guid: str
    path: str
    size: int
    modified: int
    content: str
    left_out: int
    properties: dict[str, Any]

    def is_of(self, entry: FileEntry) -> bool:
        """Whether the file looks as it did: then it is not read."""
        return bool(self.content) and (self.size, self.modified) == (entry.size, entry.modified)


class Records:
    """The records of the archives below one folder, by path."""

    def __init__(self, context: IntegrationContext, root: str) -> None:
        self._context = context
        self.by_path: dict[str, Record] = {}
        pattern = starts_with(f"{PREFIX}{root.rstrip('/')}/")
        for entity in context.client.iter_entities(
            RECORD_TYPE, {"qualifiedName": pattern}, page_size=context.max_page_size
        ):
            properties = from_properties(entity.get("properties"))
            path = str(properties["qualifiedName"])[len(PREFIX) :]
            facts = properties.get("additionalProperties") or {}
            self.by_path[path] = Record(
                entity.guid,
                path,
                int(facts.get(SIZE) or -1),
                int(properties.get("storeUpdateTime") or -1),
                str(facts.get(HASH, "")),
                int(facts.get(LEFT_OUT) or 0),
                properties,
            )

    def begin(self, entry: FileEntry) -> Record:
        """The record of a file that is about to be loaded, made if there is none: its reports belong to it."""
        record = self.by_path.get(entry.path)
        if record is None:
            properties = self._named(entry.path)
            guid = self._context.create_entity(RECORD_TYPE, properties).guid
            record = self.by_path[entry.path] = Record(guid, entry.path, -1, -1, "", 0, properties)
        return record

    def finish(self, record: Record, entry: FileEntry, content: str, facts: Mapping[str, str]) -> None:
        """Remembers that the file, with this content, is loaded (or that it moved here, or was only touched)."""
        merged = {**(record.properties.get("additionalProperties") or {}), **facts}
        merged |= {HASH: content, SIZE: str(entry.size)}
        properties = {
            **record.properties,
            **self._named(entry.path),
            "storeUpdateTime": entry.modified,
            "additionalProperties": merged,
        }
        if properties != record.properties:
            self._context.update_entity(record.guid, properties, type_name=RECORD_TYPE)
        self.by_path.pop(record.path, None)
        self.by_path[entry.path] = record
        record.path, record.size, record.modified, record.content = entry.path, entry.size, entry.modified, content
        record.left_out, record.properties = int(merged.get(LEFT_OUT) or 0), properties

    def forget(self, path: str) -> None:
        """Deletes the record of a file that is gone."""
        self._context.delete_entity(self.by_path.pop(path).guid, type_name=RECORD_TYPE)

    def _named(self, path: str) -> dict[str, Any]:
        names, name = self._context.names, PurePath(path).name
        properties = {
            "qualifiedName": f"{PREFIX}{path}",
            names.asset_name: name,
            "pathName": path,
            "fileName": name,
            "fileType": FILE_TYPE,
        }
        if names.resource_name:
            properties[names.resource_name] = path
        return properties

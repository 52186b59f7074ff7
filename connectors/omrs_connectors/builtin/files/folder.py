"""The data folder monitor: a folder as one asset, whose files are its content and not assets of their own."""

import posixpath
from typing import Any, ClassVar

from omrs_connectors.builtin.files.monitor import FolderMonitor
from omrs_connectors.builtin.files.options import FilesOptions
from omrs_connectors.builtin.files.roots import Root, scan_root
from omrs_connectors.sdk import ConnectorOptions
from omrs_connectors.services.files_integrator import FilesIntegratorConnector
from omrs_schemas.model.values import from_properties
from omrs_streams.client import Entity

DATA_FOLDER = "DataFolder"


class DataFolderMonitorConnector(FolderMonitor[FilesOptions], FilesIntegratorConnector):
    """Keeps one DataFolder for the endpoint's folder, and each folder that is a catalog target, up to date: when its
    content last changed, how many files it holds and how large they are. `include` and `exclude` say what counts."""

    Options: ClassVar[type[ConnectorOptions] | None] = FilesOptions

    def refresh_root(self, root: Root[FilesOptions]) -> None:
        found = scan_root(self.context, root)
        path = str(root.path)
        shown = {
            "pathName": path,
            "storeUpdateTime": max(
                [entry.modified for entry in found.files], default=root.path.stat().st_mtime_ns // 1_000_000
            ),
        }
        facts = {"files": str(len(found.files)), "sizeInBytes": str(sum(entry.size for entry in found.files))}
        entity = self._entity(root)
        if entity is None:
            names = self.context.names
            given = {names.asset_name: posixpath.basename(path) or path}
            if names.resource_name:
                given[names.resource_name] = path
            properties = {"qualifiedName": self._name(root), **given, **shown, "additionalProperties": facts}
            self.context.create_entity(DATA_FOLDER, properties)
            return
        existing: dict[str, Any] = from_properties(entity.get("properties"))
        wanted = existing | shown
        wanted["additionalProperties"] = (existing.get("additionalProperties") or {}) | facts
        if wanted != existing:
            self.context.update_entity(entity.guid, wanted, type_name=entity.type_name)

    def _entity(self, root: Root[FilesOptions]) -> Entity | None:
        if root.target is not None:
            return self.context.client.get_entity(root.target)
        return self.context.client.find_by_unique_name(DATA_FOLDER, "qualifiedName", self._name(root))

    def _name(self, root: Root[FilesOptions]) -> str:
        return f"{root.options.qualified_name_prefix}{DATA_FOLDER}::{root.path}"

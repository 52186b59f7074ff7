"""The data files monitor: what is on disk, in the catalogue."""

from typing import ClassVar

from omrs_connectors.builtin.files.monitor import FolderMonitor
from omrs_connectors.builtin.files.options import FilesOptions
from omrs_connectors.builtin.files.roots import Root
from omrs_connectors.builtin.files.tree import Tree
from omrs_connectors.sdk import ConnectorOptions
from omrs_connectors.services.files_integrator import FilesIntegratorConnector


class DirectoryCatalogConnector(FolderMonitor[FilesOptions], FilesIntegratorConnector):
    """Catalogues each folder and everything below it.

    A folder becomes a FileFolder, a file the DataFile subtype of its format, columns a schema type with its attributes.
    Elements are found again by qualified name; a second refresh of an unchanged tree writes nothing; what was moved
    keeps its guid, changed files are updated, vanished ones deleted (softly) or archived.
    """

    Options: ClassVar[type[ConnectorOptions] | None] = FilesOptions

    def initialize(self) -> None:
        super().initialize()
        self._trees: dict[Root[FilesOptions], Tree] = {}

    def refresh_root(self, root: Root[FilesOptions]) -> None:
        tree = self._trees.get(root)
        if tree is None:
            self._trees = {each: kept for each, kept in self._trees.items() if each.path != root.path}
            tree = self._trees[root] = Tree(self.context, root)
        tree.refresh()

"""Keeping the catalogue of one folder, and everything below it, equal to what is on disk."""

import logging
import os
from collections.abc import Iterable

from omrs_connectors.builtin.files.catalog import Catalog
from omrs_connectors.builtin.files.formats import format_of, type_for
from omrs_connectors.builtin.files.jobs import Jobs
from omrs_connectors.builtin.files.known import Known, KnownFile, Naming, load_known
from omrs_connectors.builtin.files.moves import recognise
from omrs_connectors.builtin.files.options import FilesOptions
from omrs_connectors.builtin.files.roots import Root, scan_root
from omrs_connectors.builtin.files.walk import FileEntry, FolderEntry, Scan
from omrs_connectors.sdk import IntegrationContext

log = logging.getLogger(__name__)


class Tree:
    """What is known of a root is read from the server at the first refresh, and again after a failed one."""

    def __init__(self, context: IntegrationContext, root: Root[FilesOptions]) -> None:
        self._context = context
        self.root = root
        self._naming = Naming(root.options.qualified_name_prefix)
        self._known: Known | None = None

    def refresh(self) -> None:
        """New and changed first, then what has moved, at last what has vanished.

        Raises InvalidParameterError (BASIC-FILES-INTEGRATION-CONNECTORS-404-001) for a folder that is not there or not
        readable, DeletionRefusedError when too much has vanished, retriable errors of the metadata server.
        """
        found = scan_root(self._context, self.root)
        known = self._known_tree()
        jobs = Jobs(self._context, self.root.options.parallelism)
        self._known = None  # until it is certain that nothing was left half done
        catalog, held = self._catalog(found, known), _held(known)
        for level in _levels(found.folders):
            jobs.each(level, lambda entry: self._count("folders", catalog.folder(entry)), lambda entry: entry.path)
        jobs.each(found.files, lambda entry: self._count("files", catalog.file(entry)), lambda entry: entry.path)
        self._remove_vanished(found, known, held, catalog, jobs)
        if not jobs.refused:
            self._known = known

    def _known_tree(self) -> Known:
        if self._known is not None:
            return self._known
        context, path = self._context, str(self.root.path)
        known = load_known(context.client, context.names, self._naming, path, context.max_page_size, self.root.target)
        log.info(
            "%s: %d folders and %d files of %s are catalogued already",
            context.connector_name,
            len(known.folders),
            len(known.files),
            path,
        )
        return known

    def _catalog(self, found: Scan, known: Known) -> Catalog:
        seen = _paths(found)
        moves = recognise(known, found, lambda path: path not in seen and self._is_gone(path, found), self._fits)
        return Catalog(self._context, self.root.options, self._naming, known, moves)

    def _fits(self, known: KnownFile, entry: FileEntry) -> bool:
        """A file that became one of another format by its new name is another file: types of entities do not change."""
        return known.type_name == type_for(self._context.types, format_of(entry.path))

    def _remove_vanished(self, found: Scan, known: Known, held: int, catalog: Catalog, jobs: Jobs) -> None:
        """Deletes what is catalogued but not there any more (or not wanted any more). `held`: how much was catalogued
        before."""
        if self._context.stopping.is_set():
            return
        seen, root = _paths(found), str(self.root.path)
        files = [path for path, file in known.files.items() if not file.archived]
        folders = [path for path, folder in known.folders.items() if not folder.archived and path != root]
        gone_files = [path for path in files if path not in seen and self._is_gone(path, found)]
        gone_folders = [path for path in folders if path not in seen and self._is_gone(path, found)]
        safety = self.root.options.safety(root)
        gone = len(gone_files) + len(gone_folders)
        safety.check(gone, held, "files and folders", present=len(seen) - 1)
        jobs.each(gone_files, catalog.remove_file, str)
        for depth in sorted({path.count("/") for path in gone_folders}, reverse=True):
            jobs.each([path for path in gone_folders if path.count("/") == depth], catalog.remove_folder, str)

    def _is_gone(self, path: str, found: Scan) -> bool:
        """Absence from a complete scan is enough; after an incomplete one the path itself is looked at."""
        if found.complete:
            return True
        if any(path.startswith(f"{folder}/") for folder in found.unreadable):
            return False
        return not os.path.lexists(path)

    def _count(self, kind: str, done: str) -> None:
        if kind == "files" or done == "moved":
            self._context.report.count(f"{kind}{done.capitalize()}")


def _paths(found: Scan) -> set[str]:
    return {entry.path for entry in found.files} | {entry.path for entry in found.folders}


def _levels(folders: list[FolderEntry]) -> Iterable[list[FolderEntry]]:
    """Folders by depth: a folder is linked to its parent, which must be there."""
    by_depth: dict[int, list[FolderEntry]] = {}
    depth_of: dict[str, int] = {}
    for folder in folders:
        depth = 0 if folder.parent is None else depth_of[folder.parent] + 1
        depth_of[folder.path] = depth
        by_depth.setdefault(depth, []).append(folder)
    return (by_depth[depth] for depth in sorted(by_depth))


def _held(known: Known) -> int:
    """How many files and folders below the root are catalogued, those that were archived left out."""
    files = sum(not file.archived for file in known.files.values())
    return files + sum(not folder.archived for folder in known.folders.values()) - 1

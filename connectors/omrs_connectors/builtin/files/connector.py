"""`DirectoryCatalogConnector`: keeps the catalogue of a directory tree equal to what is on disk."""

import logging
import os
from collections.abc import Callable, Iterable
from concurrent.futures import FIRST_EXCEPTION, Future, ThreadPoolExecutor, wait
from pathlib import Path
from typing import TypeVar
from urllib.parse import unquote, urlsplit

from omrs_connectors.builtin.files.catalog import Catalog, describe_failure
from omrs_connectors.builtin.files.known import Known, Naming, load_known
from omrs_connectors.builtin.files.options import FilesOptions, files_options
from omrs_connectors.builtin.files.walk import FileEntry, FolderEntry, Scan, scan
from omrs_connectors.sdk import IntegrationConnector
from omrs_schemas.errors import ConfigurationError, InvalidParameterError, OmrsError

log = logging.getLogger(__name__)

Item = TypeVar("Item")

QUEUE = 64  # jobs handed to the pool per thread at a time: keeps memory flat and stops soon when told to


class DirectoryCatalogConnector(IntegrationConnector):
    """Catalogues the folder in `endpoint.networkAddress` (a path or a file: URL) and everything below it.

    A folder becomes a FileFolder, a file the DataFile subtype of its format, columns a schema type with its attributes.
    Elements are found again by qualified name; a second refresh of an unchanged tree writes nothing; changed files are
    updated, vanished ones deleted (softly). What is known is read from the server at the first refresh and kept.
    """

    def initialize(self) -> None:
        address = self.context.network_address
        if not address:
            raise ConfigurationError(
                f"connector {self.context.connector_name} has no directory",
                help="set endpoint.networkAddress to a path",
            )
        self._root = directory_of(address)
        self._options: FilesOptions = files_options(self.context.configuration_properties)
        self._naming = Naming(self._options.qualified_name_prefix)
        self._known: Known | None = None

    def refresh(self) -> None:
        if not self._root.is_dir():
            raise InvalidParameterError(
                f"directory {self._root} does not exist or is no directory",
                code="BASIC-FILES-INTEGRATION-CONNECTORS-404-001",
                http=404,
                help="create it, or correct endpoint.networkAddress, then restart the connector",
            )
        try:
            found = scan(self._root, self._options, self.context.stopping.is_set)
        except OSError as error:
            raise InvalidParameterError(
                f"directory {self._root} cannot be read: {error.strerror or error}",
                code="BASIC-FILES-INTEGRATION-CONNECTORS-404-001",
                http=404,
                help="let the daemon's user read it, then restart the connector",
            ) from error
        report = self.context.report
        report.count("foldersSeen", len(found.folders))
        report.count("filesSeen", len(found.files))
        for reason, count in found.skipped.items():
            report.count(f"skipped.{reason}", count)
        self._doubtful = False
        known = self._known_tree()
        catalog = Catalog(self.context, self._options, self._naming, known)
        try:
            for level in _levels(found.folders):
                self._each(level, catalog.folder, lambda entry: entry.path)
            self._each(found.files, lambda entry: _count_file(self, catalog, entry), lambda entry: entry.path)
            self._remove_vanished(found, known, catalog)
        except OmrsError:
            self._known = None  # some change may be half done: read again what the server really holds
            raise
        if self._doubtful:
            self._known = None  # a refusal means that the server holds something else than we thought

    def _known_tree(self) -> Known:
        if self._known is None:
            self._known = load_known(
                self.context.client, self.context.names, self._naming, str(self._root), self.context.max_page_size
            )
            log.info(
                "%s: %d folders and %d files of %s are catalogued already",
                self.context.connector_name,
                len(self._known.folders),
                len(self._known.files),
                self._root,
            )
        return self._known

    def _remove_vanished(self, found: Scan, known: Known, catalog: Catalog) -> None:
        """Deletes what is catalogued but not there any more (or not wanted any more)."""
        seen = {entry.path for entry in found.files} | {entry.path for entry in found.folders}
        gone_files = [path for path in known.files if path not in seen and self._is_gone(path, found)]
        gone_folders = [path for path in known.folders if path not in seen and self._is_gone(path, found)]
        self._each(gone_files, catalog.remove_file, str)
        depths = sorted({path.count("/") for path in gone_folders}, reverse=True)
        for depth in depths:
            self._each([path for path in gone_folders if path.count("/") == depth], catalog.remove_folder, str)

    def _is_gone(self, path: str, found: Scan) -> bool:
        """Absence from a complete scan is enough; after an incomplete one the path itself is looked at."""
        if found.complete:
            return True
        if any(path.startswith(f"{folder}/") for folder in found.unreadable):
            return False
        return not os.path.lexists(path)

    def _each(self, items: Iterable[Item], job: Callable[[Item], object], path_of: Callable[[Item], str]) -> None:
        """Runs `job` for each item on the pool. A refused item is counted and reported; a server that is not ready ends
        the refresh (the error is raised), and so does `context.stopping` (quietly)."""
        with ThreadPoolExecutor(self._options.parallelism, thread_name_prefix="catalog") as pool:
            running: set[Future[None]] = set()
            for item in items:
                if self.context.stopping.is_set():
                    break
                running.add(pool.submit(self._guarded, job, item, path_of(item)))
                if len(running) >= QUEUE * self._options.parallelism:
                    running = self._collect(running)
            while running:
                running = self._collect(running)

    def _collect(self, running: set[Future[None]]) -> set[Future[None]]:
        done, left = wait(running, return_when=FIRST_EXCEPTION)
        for future in done:
            try:
                future.result()
            except BaseException:
                for waiting in left:
                    waiting.cancel()
                raise
        return left

    def _guarded(self, job: Callable[[Item], object], item: Item, path: str) -> None:
        if self.context.stopping.is_set():
            return
        try:
            job(item)
        except OmrsError as error:
            if error.retriable:
                raise
            self.context.report.count(f"failed.{error.code}")
            self.context.report.message(describe_failure(path, error))
            self._doubtful = True


def _count_file(connector: DirectoryCatalogConnector, catalog: Catalog, entry: FileEntry) -> None:
    done = catalog.file(entry)
    connector.context.report.count(f"files{done.capitalize()}")


def _levels(folders: list[FolderEntry]) -> Iterable[list[FolderEntry]]:
    """Folders by depth: a folder is linked to its parent, which must be there."""
    by_depth: dict[int, list[FolderEntry]] = {}
    depth_of: dict[str, int] = {}
    for folder in folders:
        depth = 0 if folder.parent is None else depth_of[folder.parent] + 1
        depth_of[folder.path] = depth
        by_depth.setdefault(depth, []).append(folder)
    return (by_depth[depth] for depth in sorted(by_depth))


def directory_of(address: str) -> Path:
    """The absolute path of a directory given as path or file: URL. ConfigurationError for another scheme."""
    if "://" in address or address.startswith("file:"):
        url = urlsplit(address)
        if url.scheme != "file" or url.netloc not in ("", "localhost"):
            raise ConfigurationError(
                f"networkAddress {address!r} is no local directory", help="use a path or file: URL"
            )
        address = unquote(url.path)
    return Path(os.path.normpath(Path(address).expanduser().absolute()))

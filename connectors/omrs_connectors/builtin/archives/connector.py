"""`ArchiveFolderConnector`: loads the open metadata archives of a folder."""

import hashlib
from pathlib import Path
from typing import ClassVar

from pydantic import Field

from omrs_connectors.builtin.archives.records import ARCHIVE_GUID, ARCHIVE_NAME, LEFT_OUT, Records
from omrs_connectors.builtin.files.monitor import FolderMonitor
from omrs_connectors.builtin.files.options import FolderOptions
from omrs_connectors.builtin.files.roots import Root, scan_root
from omrs_connectors.builtin.files.walk import FileEntry
from omrs_connectors.builtin.safety import SafetyOptions
from omrs_connectors.sdk import ConnectorOptions
from omrs_schemas.errors import OmrsError
from omrs_streams.archive.load import Loaded, Target, load_archive
from omrs_streams.repository.archives import read_archive

SHOWN = 5  # parts that were left out, named in the report for each archive


class ArchiveOptions(FolderOptions, SafetyOptions):
    """Which files are archives."""

    include: tuple[str, ...] = Field(("*.omarchive",), description="files that match one of these globs are archives")


class ArchiveFolderConnector(FolderMonitor[ArchiveOptions]):
    """Loads each archive below its folders into the metadata server: new ones, and those whose content has changed.

    What was loaded is remembered as metadata, by content: a file that was only touched, moved or renamed is not loaded
    again. A broken archive is told in the report, and the others are loaded. What an archive brought stays when its
    file goes away. An archive that had parts left out is loaded again once another one has been: that may have brought
    the types.
    """

    Options: ClassVar[type[ConnectorOptions] | None] = ArchiveOptions

    def refresh_root(self, root: Root[ArchiveOptions]) -> None:
        found = scan_root(self.context, root)
        records = Records(self.context, str(root.path))
        known, here = len(records.by_path), {entry.path: entry for entry in found.files}
        incomplete: dict[str, Loaded] = {}
        brought = [self._guarded(entry, records, here, incomplete) for entry in found.files]
        if any(brought):
            for path, record in list(records.by_path.items()):
                if record.left_out and path in here:
                    self._guarded(here[path], records, here, incomplete, again=True)
        for path, loaded in incomplete.items():
            self._tell(path, loaded)
        gone = [path for path in records.by_path if path not in here]
        if found.complete and not self.context.stopping.is_set():
            root.options.safety(str(root.path)).check(len(gone), known, "archives", present=len(here))
            for path in gone:
                records.forget(path)

    def _guarded(
        self,
        entry: FileEntry,
        records: Records,
        here: dict[str, FileEntry],
        incomplete: dict[str, Loaded],
        *,
        again: bool = False,
    ) -> bool:
        """Whether the archive brought anything. One that cannot be loaded is told, and tried again when next asked."""
        if self.context.stopping.is_set():
            return False
        try:
            loaded = self._take(entry, records, here, again=again)
        except (OmrsError, OSError) as error:
            if isinstance(error, OmrsError) and (error.retriable or self.context.revoked):
                raise
            self.context.report.count("archivesRefused")
            self.context.report.message(f"archive {entry.path} was not loaded: {error}")
            return False
        if loaded is None:
            return False
        incomplete.pop(entry.path, None)
        if not loaded.complete:
            incomplete[entry.path] = loaded
        return bool(loaded.types or loaded.created or loaded.updated)

    def _take(self, entry: FileEntry, records: Records, here: dict[str, FileEntry], *, again: bool) -> Loaded | None:
        """Loads the file where its content is not loaded yet; None where it is."""
        record = records.by_path.get(entry.path)
        if record is not None and record.is_of(entry) and not again:
            self.context.report.count("archivesUnchanged")
            return None
        data = Path(entry.path).read_bytes()
        content = hashlib.sha256(data).hexdigest()
        if record is None:
            moved = (each for each in records.by_path.values() if each.content == content and each.path not in here)
            record = next(moved, None)
        if record is not None and record.content == content and not again:
            self.context.report.count("archivesMoved" if record.path != entry.path else "archivesTouched")
            records.finish(record, entry, content, {})
            return None
        archive = read_archive(data)
        self.context.permitted_synchronization.check_write(self.context.connector_name, f"load archive {entry.path}")
        record = records.begin(entry)
        loaded = self._load(entry, record.guid)
        facts = {
            ARCHIVE_GUID: archive.guid,
            ARCHIVE_NAME: archive.name,
            LEFT_OUT: str(sum(part.severity == "error" for part in loaded.report)),
        }
        records.finish(record, entry, content, facts)
        return loaded

    def _load(self, entry: FileEntry, anchor: str) -> Loaded:
        partner, report = self.context.partner, self.context.report
        with Target(partner.name, [partner.url]) as target:
            loaded = load_archive(target, Path(entry.path))
        for guid in loaded.created:
            report.created(guid, anchor=anchor)
        for guid in loaded.updated:
            report.updated(guid, anchor=anchor)
        report.count("archivesLoaded")
        report.count("typesLoaded", loaded.types)
        if loaded.types:
            self.context.client.refresh_types()
        return loaded

    def _tell(self, path: str, loaded: Loaded) -> None:
        errors = [part for part in loaded.report if part.severity == "error"]
        named = "; ".join(f"{part.guid or part.pointer}: {part.message}" for part in errors[:SHOWN])
        more = f"; and {len(errors) - SHOWN} more" if len(errors) > SHOWN else ""
        self.context.report.count("archivesIncomplete")
        self.context.report.message(f"archive {path}: {len(errors)} parts were left out: {named}{more}")

"""Walking a directory tree: folders before what is in them, each thing once, nothing that cannot be read."""

import os
import stat
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from omrs_connectors.builtin.files.options import FolderOptions

LINE_ENDS = "\x85\u2028\u2029"


@dataclass(frozen=True, slots=True)
class FolderEntry:
    """A folder; `path` and `parent` are absolute, `parent` None for the root. `inode` 0: not known."""

    path: str
    parent: str | None
    inode: int = 0


@dataclass(frozen=True, slots=True)
class FileEntry:
    """A regular file: size in bytes, modification time in epoch milliseconds."""

    path: str
    parent: str
    size: int
    modified: int
    inode: int = 0


@dataclass(slots=True)
class Scan:
    """What was found. `skipped` counts by reason; `unreadable` are folders whose content is not known."""

    folders: list[FolderEntry] = field(default_factory=list)
    files: list[FileEntry] = field(default_factory=list)
    skipped: Counter[str] = field(default_factory=Counter)
    unreadable: set[str] = field(default_factory=set)

    @property
    def complete(self) -> bool:
        """Whether everything wanted was looked at: only then does absence mean that something has vanished."""
        return not self.unreadable and not self.skipped["maxFiles"] and not self.skipped["stopped"]


def scan(root: Path, options: FolderOptions, stopped: Callable[[], bool] = lambda: False) -> Scan:
    """The tree below `root` (a readable directory), in a stable order. Raises OSError only for the root itself.

    Symbolic links to files are files; links to folders are followed only if `follow_symlinks`, each real folder once,
    so that loops end.
    """
    found = Scan()
    start = str(root)
    facts = root.stat()
    seen = {_identity(facts)}
    os.scandir(start).close()
    waiting: list[FolderEntry] = [FolderEntry(start, None, facts.st_ino)]
    while waiting:
        folder = waiting.pop()
        found.folders.append(folder)
        if stopped():
            found.skipped["stopped"] += 1
            break
        try:
            with os.scandir(folder.path) as listing:
                entries = sorted(listing, key=lambda entry: entry.name)
        except OSError:
            found.skipped["unreadableFolder"] += 1
            found.unreadable.add(folder.path)
            continue
        subfolders = []
        for entry in entries:
            below = _take(entry, folder.path, start, options, found, seen)
            if below is not None:
                subfolders.append(below)
        waiting.extend(reversed(subfolders))
    return found


def _take(
    entry: "os.DirEntry[str]", parent: str, root: str, options: FolderOptions, found: Scan, seen: set[tuple[int, int]]
) -> FolderEntry | None:
    """Records a file, or returns a folder to descend into."""
    relative = os.path.relpath(entry.path, root).replace(os.sep, "/")
    try:
        relative.encode()
    except UnicodeEncodeError:
        found.skipped["nameNotUtf8"] += 1
        return None
    if any(character < " " or character in LINE_ENDS for character in entry.name):
        found.skipped["nameWithControlCharacter"] += 1  # patterns of a search do not reach beyond a line end
        return None
    try:
        facts = entry.stat()
    except OSError:
        found.skipped["brokenLink" if entry.is_symlink() else "unreadable"] += 1
        return None
    if stat.S_ISDIR(facts.st_mode):
        if options.excludes(entry.name, relative):
            return None
        if entry.is_symlink() and not options.follow_symlinks:
            found.skipped["linkedFolder"] += 1
            return None
        identity = _identity(facts)
        if identity in seen:
            found.skipped["folderSeenBefore"] += 1
            return None
        seen.add(identity)
        return FolderEntry(entry.path, parent, facts.st_ino)
    if not stat.S_ISREG(facts.st_mode):
        found.skipped["notAFile"] += 1
    elif options.includes(entry.name, relative):
        if len(found.files) >= options.max_files:
            found.skipped["maxFiles"] += 1
        else:
            modified = facts.st_mtime_ns // 1_000_000
            found.files.append(FileEntry(entry.path, parent, facts.st_size, modified, facts.st_ino))
    return None


def _identity(facts: os.stat_result) -> tuple[int, int]:
    return facts.st_dev, facts.st_ino

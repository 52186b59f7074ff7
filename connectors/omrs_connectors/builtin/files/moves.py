"""Which vanished files and folders are the new ones under another path; pure."""

import posixpath
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from omrs_connectors.builtin.files.known import Known, KnownFile
from omrs_connectors.builtin.files.walk import FileEntry, Scan

Fits = Callable[[KnownFile, FileEntry], bool]
Facts = tuple[int | str, int, int]  # inode or name, size, modification time


@dataclass(slots=True)
class Moves:
    """Old paths by new paths, absolute. What is below a moved folder is named itself."""

    folders: dict[str, str] = field(default_factory=dict)
    files: dict[str, str] = field(default_factory=dict)


def recognise(known: Known, found: Scan, gone: Callable[[str], bool], fits: Fits = lambda file, entry: True) -> Moves:
    """Pairs what is catalogued but `gone` (or archived, and not back) with what was found but is not catalogued.

    A file is the same when inode, size and modification time are: an inode alone is given to the next new file. Where
    the inode differs (another file system, another mount) name, size and time must be those of one file on each side.
    A folder is the same when its inode is and files came along with it, or when all of its files did. `fits` says
    whether a catalogued file can go on as the found one at all.
    """
    moves = Moves()
    present = {entry.path for entry in found.files}
    lost = {path: file for path, file in known.files.items() if path not in present and (file.archived or gone(path))}
    fresh = {entry.path: entry for entry in found.files if entry.path not in known.files}
    if lost and fresh:
        moves.files = _moved_files(lost, fresh, fits)
    moves.folders = _moved_folders(known, found, moves.files, lost, gone)
    return moves


def _moved_files(lost: dict[str, KnownFile], fresh: dict[str, FileEntry], fits: Fits) -> dict[str, str]:
    moved: dict[str, str] = {}
    taken: set[str] = set()

    def pair(new: str, old: str) -> bool:
        if new in moved or old in taken or not fits(lost[old], fresh[new]):
            return False
        moved[new] = old
        taken.add(old)
        return True

    by_inode = _grouped((path, (file.inode, file.size, file.modified)) for path, file in lost.items() if file.inode)
    for path, entry in fresh.items():
        any(pair(path, old) for old in by_inode.get((entry.inode, entry.size, entry.modified), ()))
    old_names = _grouped((path, (posixpath.basename(path), file.size, file.modified)) for path, file in lost.items())
    new_names = _grouped((path, (posixpath.basename(path), each.size, each.modified)) for path, each in fresh.items())
    for facts, olds in old_names.items():
        olds = [old for old in olds if old not in taken]
        news = [new for new in new_names.get(facts, ()) if new not in moved]
        if len(olds) == len(news) == 1 and facts[1]:  # empty files are all alike
            pair(news[0], olds[0])
    return moved


def _moved_folders(
    known: Known, found: Scan, moved_files: dict[str, str], lost_files: Iterable[str], gone: Callable[[str], bool]
) -> dict[str, str]:
    present = {entry.path for entry in found.folders}
    lost = {
        path: folder.inode
        for path, folder in known.folders.items()
        if path not in present and not folder.given and (folder.archived or gone(path))
    }
    fresh = {entry.path: entry.inode for entry in found.folders if entry.path not in known.folders}
    if not lost or not fresh:
        return {}
    had = _files_below(lost_files)
    came = Counter(
        pair
        for new, old in moved_files.items()
        for pair in _folders_up(posixpath.dirname(old), posixpath.dirname(new))
        if pair[0] in lost and pair[1] in fresh
    )
    has = _files_below(entry.path for entry in found.files)
    inodes = {inode: path for path, inode in lost.items() if inode and not had[path]}
    empty = [(inodes[inode], path) for path, inode in fresh.items() if inode in inodes and not has[path]]
    moved: dict[str, str] = {}
    taken: set[str] = set()
    for (old, new), count in [*came.most_common(), *((pair, 0) for pair in empty)]:
        same = count == had[old] or (lost[old] and lost[old] == fresh[new])
        if same and new not in moved and old not in taken:
            moved[new] = old
            taken.add(old)
    return moved


def _grouped(items: Iterable[tuple[str, Facts]]) -> dict[Facts, list[str]]:
    groups: dict[Facts, list[str]] = defaultdict(list)
    for path, facts in items:
        groups[facts].append(path)
    return groups


def _folders_up(old: str, new: str) -> Iterable[tuple[str, str]]:
    """The folders that may have moved with a file: its own, and those above as long as they kept their names."""
    yield old, new
    while posixpath.basename(old) == posixpath.basename(new) and old not in ("/", ""):
        old, new = posixpath.dirname(old), posixpath.dirname(new)
        yield old, new


def _files_below(paths: Iterable[str]) -> Counter[str]:
    """How many of the files are below each folder."""
    below: Counter[str] = Counter()
    for path in paths:
        while path not in ("/", ""):
            path = posixpath.dirname(path)
            below[path] += 1
    return below

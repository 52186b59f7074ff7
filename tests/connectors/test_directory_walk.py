"""Walking real directory trees."""

import os
import pwd
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from omrs_connectors.builtin.files.options import FilesOptions
from omrs_connectors.builtin.files.roots import directory_of
from omrs_connectors.builtin.files.walk import Scan, scan
from omrs_schemas.errors import ConfigurationError


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    for path in ("a/one.csv", "a/b/two.json", "a/b/c/three.txt", "z/__pycache__/x.pyc", "top.csv"):
        file = tmp_path / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text("x")
    return tmp_path


def files_of(found: Scan, root: Path) -> set[str]:
    return {os.path.relpath(entry.path, root) for entry in found.files}


def test_folders_come_before_what_is_in_them(tree: Path) -> None:
    found = scan(tree, FilesOptions())
    assert files_of(found, tree) == {"a/one.csv", "a/b/two.json", "a/b/c/three.txt", "top.csv"}
    seen: set[str] = set()
    for folder in found.folders:
        assert folder.parent is None or folder.parent in seen
        seen.add(folder.path)
    assert found.complete


def test_size_and_time_are_the_files_own(tree: Path) -> None:
    os.utime(tree / "top.csv", (1_700_000_000.5, 1_700_000_000.5))
    entry = next(entry for entry in scan(tree, FilesOptions()).files if entry.path.endswith("top.csv"))
    assert (entry.size, entry.modified) == (1, 1_700_000_000_500)


def test_globs_choose_files_and_prune_folders(tree: Path) -> None:
    assert files_of(scan(tree, FilesOptions(include=("*.csv",))), tree) == {"a/one.csv", "top.csv"}
    assert files_of(scan(tree, FilesOptions(exclude=("a/b",))), tree) == {"a/one.csv", "top.csv", "z/__pycache__/x.pyc"}


def test_a_limit_makes_the_scan_incomplete(tree: Path) -> None:
    found = scan(tree, FilesOptions(max_files=2))
    assert len(found.files) == 2
    assert found.skipped["maxFiles"] == 2
    assert not found.complete


def test_loops_of_links_end_and_each_folder_is_seen_once(tree: Path) -> None:
    (tree / "a" / "loop").symlink_to(tree)
    (tree / "y").symlink_to(tree / "a" / "b")
    (tree / "broken").symlink_to(tree / "nowhere")
    found = scan(tree, FilesOptions(follow_symlinks=True))
    assert len({os.path.realpath(folder.path) for folder in found.folders}) == len(found.folders)
    assert found.skipped["folderSeenBefore"] == 2
    assert found.skipped["brokenLink"] == 1
    assert scan(tree, FilesOptions()).skipped["linkedFolder"] == 2


def test_what_is_no_file_or_has_no_name_is_counted(tree: Path) -> None:
    os.mkfifo(tree / "pipe")
    Path(os.fsdecode(os.fsencode(tree) + b"/bad\xff.csv")).write_text("x")
    (tree / "two\nlines.csv").write_text("x")
    found = scan(tree, FilesOptions())
    assert found.skipped["notAFile"] == 1
    assert found.skipped["nameWithControlCharacter"] == 1
    assert found.skipped["nameNotUtf8"] == 1


@contextmanager
def without_privileges() -> Iterator[None]:
    """Root reads everything; nobody else does."""
    user = os.geteuid()
    if user == 0:
        os.seteuid(pwd.getpwnam("nobody").pw_uid)
    try:
        yield
    finally:
        os.seteuid(user)


def test_an_unreadable_folder_is_counted_and_named() -> None:
    with TemporaryDirectory() as place:  # pytest's own directories are closed to others than who runs it
        root = Path(place)
        root.chmod(0o755)
        (root / "a").mkdir(0)
        (root / "top.csv").write_text("x")
        with without_privileges():
            found = scan(root, FilesOptions())
        assert files_of(found, root) == {"top.csv"}
        assert found.unreadable == {str(root / "a")}
        assert not found.complete


def test_addresses() -> None:
    assert directory_of("file:///data/my%20files/") == Path("/data/my files")
    assert directory_of("/data/../x") == Path("/x")
    with pytest.raises(ConfigurationError, match="s3"):
        directory_of("s3://bucket")


def test_options_name_what_is_wrong() -> None:
    assert FilesOptions.parse({"maxFiles": 5, "include": "*.csv, *.tsv"}).include == ("*.csv", "*.tsv")
    with pytest.raises(ConfigurationError, match=r"maxFils.*known: .*maxFiles"):
        FilesOptions.parse({"maxFils": 5})

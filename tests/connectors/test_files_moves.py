"""Recognising what was moved or renamed."""

from collections.abc import Iterable

from hypothesis import given
from hypothesis import strategies as st

from omrs_connectors.builtin.files.known import Known, KnownFile, KnownFolder
from omrs_connectors.builtin.files.moves import Moves, recognise
from omrs_connectors.builtin.files.walk import FileEntry, FolderEntry, Scan

Files = dict[str, tuple[int, int, int]]  # path -> inode, size, modified
Folders = dict[str, int]  # path -> inode


def moved(before: tuple[Folders, Files], after: tuple[Folders, Files], archived: Iterable[str] = ()) -> Moves:
    known = Known(
        {path: KnownFolder(f"guid of {path}", inode) for path, inode in before[0].items()},
        {
            path: KnownFile(f"guid of {path}", "DataFile", size, time, inode=inode, archived=path in archived)
            for path, (inode, size, time) in before[1].items()
        },
    )
    found = Scan(
        [FolderEntry(path, None, inode) for path, inode in after[0].items()],
        [FileEntry(path, path.rpartition("/")[0], size, time, inode) for path, (inode, size, time) in after[1].items()],
    )
    seen = after[0].keys() | after[1].keys()
    return recognise(known, found, lambda path: path not in seen)


ROOT = {"/r": 1}


def test_a_renamed_file_is_known_by_its_inode() -> None:
    found = moved((ROOT, {"/r/a": (5, 10, 100)}), (ROOT, {"/r/b": (5, 10, 100)}))
    assert found == Moves({}, {"/r/b": "/r/a"})


def test_an_inode_that_was_given_to_another_file_is_no_move() -> None:
    for other in ((5, 11, 100), (5, 10, 101)):
        assert moved((ROOT, {"/r/a": (5, 10, 100)}), (ROOT, {"/r/b": other})) == Moves()


def test_a_second_link_to_a_file_is_no_move() -> None:
    both = {"/r/a": (5, 10, 100), "/r/b": (5, 10, 100)}
    assert moved((ROOT, {"/r/a": (5, 10, 100)}), (ROOT, both)) == Moves()


def test_across_file_systems_name_size_and_time_tell() -> None:
    before, after = {"/r/x/a": (5, 10, 100)}, {"/r/y/a": (77, 10, 100)}
    assert moved((ROOT, before), (ROOT, after)).files == {"/r/y/a": "/r/x/a"}
    twice = {**after, "/r/z/a": (78, 10, 100)}
    assert moved((ROOT, before), (ROOT, twice)).files == {}
    assert moved((ROOT, {"/r/x/a": (5, 0, 100)}), (ROOT, {"/r/y/a": (77, 0, 100)})).files == {}


def test_a_renamed_folder_takes_everything_along() -> None:
    before = ({**ROOT, "/r/x": 2, "/r/x/s": 3, "/r/x/none": 4}, {"/r/x/s/a": (5, 10, 100), "/r/x/b": (6, 11, 100)})
    after = ({**ROOT, "/r/y": 2, "/r/y/s": 3, "/r/y/none": 4}, {"/r/y/s/a": (5, 10, 100), "/r/y/b": (6, 11, 100)})
    assert moved(before, after) == Moves(
        {"/r/y": "/r/x", "/r/y/s": "/r/x/s", "/r/y/none": "/r/x/none"},
        {"/r/y/s/a": "/r/x/s/a", "/r/y/b": "/r/x/b"},
    )


def test_a_folder_is_the_same_by_its_inode_and_a_file_or_by_all_its_files() -> None:
    files = {"/r/x/a": (5, 10, 100), "/r/x/b": (6, 11, 100)}
    half = {"/r/y/a": (5, 10, 100), "/r/z/b": (6, 11, 100)}
    assert moved(({**ROOT, "/r/x": 2}, files), ({**ROOT, "/r/y": 7, "/r/z": 8}, half)).folders == {}
    assert moved(({**ROOT, "/r/x": 2}, files), ({**ROOT, "/r/y": 2, "/r/z": 8}, half)).folders == {"/r/y": "/r/x"}
    whole = {"/r/y/a": (5, 10, 100), "/r/y/b": (6, 11, 100), "/r/y/new": (9, 1, 1)}
    assert moved(({**ROOT, "/r/x": 2}, files), ({**ROOT, "/r/y": 7}, whole)).folders == {"/r/y": "/r/x"}


def test_an_inode_alone_makes_no_folder_the_same_once_files_are_about() -> None:
    before = ({**ROOT, "/r/x": 2}, {"/r/x/a": (5, 10, 100)})
    assert moved(before, ({**ROOT, "/r/y": 2}, {"/r/y/b": (6, 11, 100)})) == Moves()


def test_what_was_archived_can_come_back_elsewhere() -> None:
    found = moved((ROOT, {"/r/a": (5, 10, 100)}), (ROOT, {"/r/b": (5, 10, 100)}), archived=["/r/a"])
    assert found.files == {"/r/b": "/r/a"}
    back = moved((ROOT, {"/r/a": (5, 10, 100)}), (ROOT, {"/r/a": (5, 10, 100)}), archived=["/r/a"])
    assert back == Moves()


paths = st.sampled_from([f"/r/{folder}/{name}" for folder in "xyz" for name in "abcd"])
facts = st.tuples(st.integers(1, 6), st.integers(0, 2), st.integers(0, 1))


@given(before=st.dictionaries(paths, facts), after=st.dictionaries(paths, facts))
def test_each_old_path_goes_to_one_new_path_at_most(before: Files, after: Files) -> None:
    folders = {**ROOT, "/r/x": 2, "/r/y": 3}
    found = moved((folders, before), ({**ROOT, "/r/z": 3, "/r/w": 2}, after))
    for pairs, old_paths, new_paths in (
        (found.files, before.keys(), after.keys()),
        (found.folders, folders.keys(), {"/r/z", "/r/w"}),
    ):
        assert len(set(pairs.values())) == len(pairs)
        assert set(pairs.values()) <= old_paths - new_paths
        assert set(pairs) <= new_paths - old_paths
    for new, old in found.files.items():
        assert before[old][1:] == after[new][1:]

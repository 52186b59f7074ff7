"""Hearing of changes on disk."""

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from omrs_connectors.builtin.files.watch import FolderWatch


class Heard:
    """A watch, and what it told."""

    def __init__(self) -> None:
        self._wakes = threading.Semaphore(0)
        self.watch = FolderWatch(self._wakes.release)

    def something(self) -> bool:
        return self._wakes.acquire(timeout=60)

    def nothing(self) -> bool:
        return not self._wakes.acquire(timeout=1)


@pytest.fixture
def heard() -> Iterator[Heard]:
    heard = Heard()
    yield heard
    heard.watch.close()


def test_what_changes_as_soon_as_it_is_watched_is_heard(heard: Heard, tmp_path: Path) -> None:
    (tmp_path / "a/b").mkdir(parents=True)
    heard.watch.watch([tmp_path])
    (tmp_path / "a/b/file").write_text("x")
    assert heard.something()
    heard.watch.close()
    while not heard.nothing():
        pass
    file = tmp_path / "api.yaml"
    file.write_text("1")
    heard.watch.watch([file])
    file.write_text("2")
    assert heard.something()


def test_a_change_far_below_a_folder(heard: Heard, tmp_path: Path) -> None:
    (tmp_path / "a/b").mkdir(parents=True)
    heard.watch.watch([tmp_path])
    assert heard.nothing()
    (tmp_path / "a/b/file").write_text("x")
    assert heard.something()


def test_a_file_that_is_replaced_and_no_other(heard: Heard, tmp_path: Path) -> None:
    (tmp_path / "below").mkdir()
    file = tmp_path / "api.yaml"
    file.write_text("1")
    heard.watch.watch([file])
    assert heard.nothing()
    (tmp_path / "other").write_text("x")
    (tmp_path / "below/api.yaml").write_text("x")
    assert heard.nothing()
    (tmp_path / "new").write_text("2")
    (tmp_path / "new").replace(file)
    assert heard.something()


def test_other_folders_from_now_on(heard: Heard, tmp_path: Path) -> None:
    one, two = tmp_path / "one", tmp_path / "two"
    one.mkdir()
    heard.watch.watch([one, two])  # two is not there yet
    two.mkdir()
    heard.watch.watch([two])
    assert heard.nothing()
    (one / "file").write_text("x")
    assert heard.nothing()
    (two / "file").write_text("x")
    assert heard.something()
    heard.watch.close()
    while not heard.nothing():
        pass
    (two / "after").write_text("x")
    assert heard.nothing()

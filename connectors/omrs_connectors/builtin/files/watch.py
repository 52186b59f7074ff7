"""Hears of changes below folders as they happen: the active side of a technology that can also be polled."""

import logging
import threading
from collections.abc import Callable, Iterable
from pathlib import Path

log = logging.getLogger(__name__)

GATHER_MS = 400  # changes within this time of each other are one: a copied tree wakes few refreshes
LOOK_MS = 200  # how soon a watch that is told to end does


class FolderWatch:
    """Calls `changed` on a thread of its own, some time after something below one of the folders, or one of the files,
    has changed.

    Without `watchfiles` (the extra `files`) nothing is heard, and the clock alone wakes a refresh.
    """

    def __init__(self, changed: Callable[[], None]) -> None:
        self._changed = changed
        self._paths: frozenset[Path] = frozenset()
        self._stop = threading.Event()
        self._threads: list[threading.Thread] = []

    def watch(self, paths: Iterable[Path]) -> None:
        """From now on these folders and files, of which those that are not there are left out; call before they are
        read, so that nothing falls between."""
        wanted = frozenset(path for path in paths if path.exists())
        if wanted == self._paths and all(thread.is_alive() for thread in self._threads):
            return
        self.close()
        self._paths, self._stop = wanted, threading.Event()
        folders = {str(path) for path in wanted if path.is_dir()}
        files = {str(path) for path in wanted} - folders
        if folders:
            self._begin(folders, lambda path: True, recursive=True)
        if files:  # a file is replaced by another of its name more often than it is written to: its folder tells
            self._begin({str(Path(path).parent) for path in files}, files.__contains__, recursive=False)

    def close(self) -> None:
        self._stop.set()
        threads, self._threads, self._paths = self._threads, [], frozenset()
        for thread in threads:
            if thread is not threading.current_thread():
                thread.join(timeout=LOOK_MS * 5 / 1000)

    def _begin(self, folders: set[str], concerns: Callable[[str], bool], *, recursive: bool) -> None:
        arguments = (sorted(folders), concerns, recursive, self._stop)
        thread = threading.Thread(target=self._run, args=arguments, name="folder-watch", daemon=True)
        self._threads.append(thread)
        thread.start()

    def _run(self, folders: list[str], concerns: Callable[[str], bool], recursive: bool, stop: threading.Event) -> None:
        try:
            from watchfiles import watch
        except ImportError:
            log.info("watchfiles is not installed: folders are looked at by the clock alone")
            return
        try:
            for _ in watch(
                *folders,
                watch_filter=lambda change, path: concerns(path),
                debounce=GATHER_MS,
                stop_event=stop,
                rust_timeout=LOOK_MS,
                raise_interrupt=False,
                recursive=recursive,
                ignore_permission_denied=True,
            ):
                self._changed()
        except (OSError, RuntimeError) as error:
            log.info("the watch of %s ended, the next refresh begins it anew: %s", ", ".join(folders), error)

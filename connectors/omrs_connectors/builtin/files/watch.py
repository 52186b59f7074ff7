"""Hears of changes below folders as they happen: the active side of a technology that can also be polled."""

import logging
import threading
from collections.abc import Callable, Iterable
from pathlib import Path

log = logging.getLogger(__name__)

GATHER_MS = 400  # changes within this time of each other are one: a copied tree wakes few refreshes
LOOK_MS = 200  # how soon a watch that is told to end does


class FolderWatch:
    """Calls `changed` on a thread of its own, some time after something below one of the folders has changed.

    Without `watchfiles` (the extra `files`) nothing is heard, and the clock alone wakes a refresh.
    """

    def __init__(self, changed: Callable[[], None]) -> None:
        self._changed = changed
        self._paths: frozenset[str] = frozenset()
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None

    def watch(self, folders: Iterable[Path]) -> None:
        """From now on these folders, of which those that are not there are left out; call before they are scanned, so
        that nothing falls between."""
        paths = frozenset(str(folder) for folder in folders if folder.is_dir())
        if paths == self._paths and self._thread is not None and self._thread.is_alive():
            return
        self.close()
        self._paths = paths
        if paths:
            self._stop = threading.Event()
            self._thread = threading.Thread(
                target=self._run, args=(sorted(paths), self._stop), name="folder-watch", daemon=True
            )
            self._thread.start()

    def close(self) -> None:
        self._stop.set()
        thread, self._thread = self._thread, None
        if thread is not None and thread is not threading.current_thread():
            thread.join(timeout=LOOK_MS * 5 / 1000)

    def _run(self, paths: list[str], stop: threading.Event) -> None:
        try:
            from watchfiles import watch
        except ImportError:
            log.info("watchfiles is not installed: folders are looked at by the clock alone")
            return
        try:
            for _ in watch(
                *paths,
                watch_filter=None,
                debounce=GATHER_MS,
                stop_event=stop,
                rust_timeout=LOOK_MS,
                raise_interrupt=False,
                ignore_permission_denied=True,
            ):
                self._changed()
        except (OSError, RuntimeError) as error:
            log.info("the watch of %s ended, the next refresh begins it anew: %s", ", ".join(paths), error)

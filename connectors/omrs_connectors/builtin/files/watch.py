"""Hears of changes below folders as they happen: the active side of a technology that can also be polled."""

import logging
import threading
from collections.abc import Callable, Iterable
from pathlib import Path

log = logging.getLogger(__name__)

GATHER_MS = 400  # changes within this time of each other are one: a copied tree wakes few refreshes
LOOK_MS = 200  # how soon a watch that is told to end does
BEGIN_S = 60.0  # a tree of a hundred thousand folders is watched within seconds; longer is not waited for


class _Until:
    """What `watchfiles` looks at again and again once it watches: whether to stop."""

    def __init__(self, stop: threading.Event) -> None:
        self._stop = stop
        self.watching = threading.Event()

    def is_set(self) -> bool:
        self.watching.set()
        return self._stop.is_set()


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
        begun = []
        if folders:
            begun.append(self._begin(folders, lambda path: True, recursive=True))
        if files:  # a file is replaced by another of its name more often than it is written to: its folder tells
            begun.append(self._begin({str(Path(path).parent) for path in files}, files.__contains__, recursive=False))
        for watching in begun:
            watching.wait(BEGIN_S)

    def close(self) -> None:
        self._stop.set()
        threads, self._threads, self._paths = self._threads, [], frozenset()
        for thread in threads:
            if thread is not threading.current_thread():
                thread.join(timeout=LOOK_MS * 5 / 1000)

    def _begin(self, folders: set[str], concerns: Callable[[str], bool], *, recursive: bool) -> threading.Event:
        """Set once changes are heard, or never will be."""
        until = _Until(self._stop)
        arguments = (sorted(folders), concerns, recursive, until)
        thread = threading.Thread(target=self._run, args=arguments, name="folder-watch", daemon=True)
        self._threads.append(thread)
        thread.start()
        return until.watching

    def _run(self, folders: list[str], concerns: Callable[[str], bool], recursive: bool, until: _Until) -> None:
        try:
            from watchfiles import watch

            for _ in watch(
                *folders,
                watch_filter=lambda change, path: concerns(path),
                debounce=GATHER_MS,
                stop_event=until,
                rust_timeout=LOOK_MS,
                raise_interrupt=False,
                recursive=recursive,
                ignore_permission_denied=True,
            ):
                if until.is_set():
                    return
                self._changed()
        except ImportError:
            log.info("watchfiles is not installed: folders are looked at by the clock alone")
        except (OSError, RuntimeError) as error:
            log.info("the watch of %s ended, the next refresh begins it anew: %s", ", ".join(folders), error)
        finally:
            until.watching.set()

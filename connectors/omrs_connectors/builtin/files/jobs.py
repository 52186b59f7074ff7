"""Runs one job per file or folder on a few threads; a refused one does not stop the others."""

from collections.abc import Callable, Iterable
from concurrent.futures import FIRST_EXCEPTION, Future, ThreadPoolExecutor, wait
from typing import TypeVar

from omrs_connectors.sdk import IntegrationContext
from omrs_schemas.errors import OmrsError

Item = TypeVar("Item")

QUEUE = 64  # jobs handed to the pool per thread at a time: keeps memory flat and stops soon when told to


class Jobs:
    """`refused`: whether the server refused a job, which means that it holds something else than was thought."""

    def __init__(self, context: IntegrationContext, threads: int) -> None:
        self._context = context
        self._threads = threads
        self.refused = False

    def each(self, items: Iterable[Item], job: Callable[[Item], object], path_of: Callable[[Item], str]) -> None:
        """Runs `job` for each item on the pool. A refused item is counted and reported; a server that is not ready ends
        the refresh (the error is raised), and so does `context.stopping` (quietly)."""
        with ThreadPoolExecutor(self._threads, thread_name_prefix="catalog") as pool:
            running: set[Future[None]] = set()
            for item in items:
                if self._context.stopping.is_set():
                    break
                running.add(pool.submit(self._guarded, job, item, path_of(item)))
                if len(running) >= QUEUE * self._threads:
                    running = _collect(running)
            while running:
                running = _collect(running)

    def _guarded(self, job: Callable[[Item], object], item: Item, path: str) -> None:
        if self._context.stopping.is_set():
            return
        try:
            job(item)
        except OmrsError as error:
            if error.retriable or self._context.revoked:
                raise
            self._context.report.count(f"failed.{error.code}")
            self._context.report.message(f"{path} was not catalogued: {error.code} {error.message}")
            self.refused = True


def _collect(running: set[Future[None]]) -> set[Future[None]]:
    done, left = wait(running, return_when=FIRST_EXCEPTION)
    for future in done:
        try:
            future.result()
        except BaseException:
            for waiting in left:
                waiting.cancel()
            raise
    return left

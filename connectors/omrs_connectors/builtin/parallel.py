"""The same job for many items, on a few threads."""

from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

T = TypeVar("T")
R = TypeVar("R")


def in_parallel(job: Callable[[T], R], items: Iterable[T], threads: int) -> Iterator[R]:
    """The results in the order of the items; the first error ends it, and what had not begun does not begin."""
    with ThreadPoolExecutor(threads, thread_name_prefix="connector") as pool:
        running = [pool.submit(job, item) for item in items]
        try:
            for future in running:
                yield future.result()
        finally:
            for future in running:
                future.cancel()

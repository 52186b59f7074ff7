"""What a worker has just appended to a log partition, for its publishers: they need not fetch it again.

Only a short cut: what is not here is read from Kafka, and whether it was folded, and lost or not, the store knows.
"""

import threading
from collections import deque
from collections.abc import Sequence
from typing import Final

from omrs_streams.log.record import Headers

LIMIT_BYTES: Final = 1 << 20
"""Payload kept per partition: some 800 records, twice what one fetch of a cohort brings at a time for a partition."""

Record = tuple[int, bytes | None, bytes | None, Headers]
"""offset, key, value and headers, as they are in the log"""


class Appended:
    """A row of records without a gap in their offsets; written by the event loop, read by the publishers' threads."""

    def __init__(self, limit: int = LIMIT_BYTES) -> None:
        self._limit = limit
        self._lock = threading.Lock()
        self._records: deque[Record] = deque()
        self._size = 0
        self._next = 0

    def add(self, records: Sequence[Record]) -> None:
        """Keep what was appended; after a gap, which is another writer's record, only what follows it."""
        with self._lock:
            for record in records:
                if record[0] < self._next:
                    continue
                if record[0] > self._next:
                    self._records.clear()
                    self._size = 0
                self._records.append(record)
                self._next = record[0] + 1
                self._size += len(record[2] or b"")
            while self._size > self._limit:
                self._size -= len(self._records.popleft()[2] or b"")

    def read(self, first: int, end: int, most: int) -> list[Record] | None:
        """Up to `most` records from offset `first` on, before `end`; None when the first of them is not here."""
        with self._lock:
            start = first - (self._next - len(self._records))
            if start < 0 or first >= self._next:
                return None
            stop = min(end - first, most, self._next - first)
            return [self._records[index] for index in range(start, start + stop)]

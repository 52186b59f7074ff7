"""Event-ids of the last offsets of a partition: the same id again is the same event, sent twice."""

from array import array
from collections import deque
from collections.abc import Iterator, Mapping
from struct import Struct
from typing import Final

import orjson

WINDOW: Final = 65_536
"""In offsets, so that every fold of the same log forgets at the same record. Producers resend within seconds, REST
callers within minutes: at 1,000 writes a second on one partition the window is a minute; a batch is never larger."""

_COUNT: Final = Struct(">I")


class RecentIds:
    """Ids by the offset of their first record, kept in chunks (one per batch) that leave the window whole."""

    def __init__(self) -> None:
        self._offsets: dict[str, int] = {}
        self._chunks: deque[tuple[int, int, tuple[str, ...]]] = deque()

    def __len__(self) -> int:
        return len(self._offsets)

    def offset_of(self, event_id: str) -> int | None:
        """Where the id was last recorded; None when not, or so long ago that it is forgotten."""
        return self._offsets.get(event_id)

    def repeats(self, event_id: str, offset: int, fresh: dict[str, int]) -> int | None:
        """The offset of the event that a record at `offset` repeats; None when it repeats none, and then it is noted in
        `fresh`, the ids of the batch being folded."""
        seen = fresh.get(event_id)
        if seen is None:
            seen = self._offsets.get(event_id)
        elif offset - seen >= WINDOW:
            del fresh[event_id]
        if seen is not None and offset - seen < WINDOW:
            return seen
        fresh[event_id] = offset
        return None

    def add(self, fresh: Mapping[str, int]) -> None:
        """Take in a batch: ids in the order of their offsets."""
        if fresh:
            offsets = list(fresh.values())
            self._chunks.append((offsets[0], offsets[-1], tuple(fresh)))
            self._offsets.update(fresh)

    def expired(self, next_offset: int) -> Iterator[int]:
        """First offsets of the chunks that no record from `next_offset` on can repeat."""
        for first, last, _ in self._chunks:
            if last + WINDOW > next_offset:
                return
            yield first

    def forget(self, next_offset: int) -> None:
        """Drop the expired chunks."""
        while self._chunks and self._chunks[0][1] + WINDOW <= next_offset:
            _, last, ids = self._chunks.popleft()
            for event_id in ids:
                if self._offsets[event_id] <= last:
                    del self._offsets[event_id]


def pack_ids(fresh: Mapping[str, int]) -> bytes:
    """One chunk as a blob: count, distances from the first offset, ids."""
    offsets = list(fresh.values())
    first = offsets[0]
    distances = array("I", [offset - first for offset in offsets])
    return _COUNT.pack(len(offsets)) + distances.tobytes() + orjson.dumps(list(fresh))


def unpack_ids(first: int, blob: bytes) -> dict[str, int]:
    """The inverse of `pack_ids` for a chunk that begins at offset `first`."""
    (count,) = _COUNT.unpack_from(blob)
    distances = array("I")
    end = _COUNT.size + count * distances.itemsize
    distances.frombytes(blob[_COUNT.size : end])
    return {event_id: first + distance for event_id, distance in zip(orjson.loads(blob[end:]), distances, strict=True)}

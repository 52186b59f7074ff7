"""What waits for one connector: records of the topics that it listens to, and how far it is done with each.

Only used on the event loop. At least once: a position passes a record when the connector is done with it, so whoever
runs the connector next reads from there.
"""

import asyncio
from collections import deque
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from omrs_connectors.sdk.listener import Source

LIMIT = 2_000  # records that wait, some 3 MB: a connector that is further behind reads its topic by itself

Positions = dict[int, int]
"""Partition -> offset of the next record."""


@dataclass(frozen=True, slots=True)
class Record:
    """One record of a topic. `timestamp` in epoch milliseconds."""

    source: Source
    partition: int
    offset: int
    key: bytes | None
    value: bytes
    headers: Mapping[str, bytes]
    timestamp: int

    @property
    def topic(self) -> str:
        return self.source.topic


class Wanting(Protocol):
    """What decides by a record's key and headers: a connector's Listener, or a group."""

    @property
    def source(self) -> Source: ...

    def wants_record(self, key: bytes | None, headers: Mapping[str, bytes]) -> bool: ...


class Supply(Protocol):
    """Where records come from: it offers them to the inboxes that are attached."""

    def attach(self, inbox: "Inbox", source: Source, position: Positions | None) -> None: ...

    def detach(self, inbox: "Inbox", source: Source) -> None: ...

    def reached(self, source: Source) -> Positions: ...


class _Track:
    """One source's progress: what is offered next, what was offered and is not done with."""

    def __init__(self, position: Positions) -> None:
        self.next = dict(position)
        self.open: dict[int, dict[int, None]] = {}  # partition -> offsets in the order they came

    def position(self) -> Positions:
        return {number: next(iter(self.open.get(number) or ()), after) for number, after in self.next.items()}


class Inbox:
    """The records that one connector's listeners want, in the order of each partition."""

    def __init__(self, supply: Supply, stored: Mapping[str, Mapping[int, int]] | None = None) -> None:
        """`stored`: positions that an earlier life of the connector kept, by `Source.key`."""
        self.on_begin: Callable[[], None] = lambda: None
        """Called when a source is read for the first time: its position is worth keeping at once."""
        self._supply = supply
        self._stored: dict[str, Positions] = {
            key: dict(position) for key, position in (stored or {}).items() if position
        }
        self._tracks: dict[Source, _Track] = {}
        self._heard: set[Source] = set()
        self._listeners: tuple[Wanting, ...] = ()
        self._queue: deque[Record] = deque()
        self._filled = asyncio.Event()
        self._room = asyncio.Event()
        self._room.set()

    @property
    def positions(self) -> dict[str, Positions]:
        """By `Source.key`: where the next life of the connector goes on. Nothing is said of a source that has not been
        read yet."""
        begun = {source.key: track.position() for source, track in self._tracks.items() if track.next}
        return {**self._stored, **begun}

    def listeners(self, wanted: Sequence[Wanting]) -> None:
        """From now on these listeners; () while the connector does not run. What waits for no listener any more is not
        handed out; the positions stay.

        Call it after `start` and before the first refresh: events of open metadata without a stored position begin with
        what comes now, what was before is seen by that refresh.
        """
        self._listeners = tuple(wanted)
        sources = {each.source for each in wanted}
        for source in [each for each in self._tracks if each not in sources]:
            self._supply.detach(self, source)
            track = self._tracks.pop(source)
            if track.next:
                self._stored[source.key] = track.position()
            self._queue = deque(record for record in self._queue if record.source != source)
        self._heard |= sources
        for source in sources - set(self._tracks):
            position = self._stored.get(source.key)
            if position is None and source.kind == "out":
                position = self._supply.reached(source)
            self._tracks[source] = _Track(position or {})
            self._supply.attach(self, source, position)
        self._note()

    def offer(self, source: Source, records: Sequence[Record], reached: Mapping[int, int]) -> bool:
        """Takes what is wanted of `records`; `reached`: the next offsets after them. False: full, nothing was taken."""
        track = self._tracks.get(source)
        if track is None:
            return True
        if len(self._queue) >= LIMIT:
            return False
        wanting = [each for each in self._listeners if each.source == source]
        for record in records:
            if record.offset >= track.next.get(record.partition, 0) and any(
                each.wants_record(record.key, record.headers) for each in wanting
            ):
                self._queue.append(record)
                track.open.setdefault(record.partition, {})[record.offset] = None
        begins = not track.next and bool(reached)
        for number, offset in reached.items():
            track.next[number] = max(offset, track.next.get(number, 0))
        self._note()
        if begins:
            self.on_begin()
        return True

    def next_of(self, source: Source) -> Positions:
        """The offsets from which records of `source` are still to be offered."""
        track = self._tracks.get(source)
        return dict(track.next) if track else {}

    async def take(self, limit: int) -> list[Record]:
        """Waits for records; at most `limit`, in order. They stay open until `done`."""
        while not self._queue:
            self._filled.clear()
            await self._filled.wait()
        found = [self._queue.popleft() for _ in range(min(limit, len(self._queue)))]
        self._note()
        return found

    def done(self, records: Iterable[Record]) -> None:
        """The connector is done with these."""
        for record in records:
            track = self._tracks.get(record.source)
            if track is not None:
                track.open.get(record.partition, {}).pop(record.offset, None)

    def pass_over(self) -> None:
        """For a FAILED connector: events of open metadata are given up, a refresh after the restart covers them; what
        came from elsewhere (lineage, topics of the technology) keeps its position."""
        self.listeners(())
        for source in self._heard:
            if source.kind == "out":
                self._stored.pop(source.key, None)

    async def room(self) -> None:
        """Waits until `offer` takes records again."""
        await self._room.wait()

    def _note(self) -> None:
        if self._queue:
            self._filled.set()
        if len(self._queue) < LIMIT:
            self._room.set()
        else:
            self._room.clear()

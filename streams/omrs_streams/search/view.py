"""The search view of one worker: opened, brought up to date behind the fold, thrown away and made anew when it fails.

One thread of its own writes. Finds read by `snapshot`, from any thread.
"""

import heapq
import logging
import threading
import time
from collections.abc import Collection, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, Final

from omrs_schemas.errors import NotReadyError
from omrs_schemas.typedefs.system import TypeSystem
from omrs_streams.fold.meta import StateMeta
from omrs_streams.search.columns import Dictionary
from omrs_streams.search.file import discard, number_of, open_table
from omrs_streams.search.part import Part
from omrs_streams.search.rows import Rows
from omrs_streams.search.settings import SearchSettings
from omrs_streams.search.table import Batch, Table, Unusable
from omrs_streams.search.writing import add_changes, known_of, write_anew
from omrs_streams.store.changes import Change
from omrs_streams.store.partition import PartitionStore

log = logging.getLogger(__name__)

EVERY_S: Final = 0.25
"""Between two writes of changes: finds decide on what is pending one by one, 0.1 ms each."""
AT_ONCE: Final = 2_000
"""Changes in one transaction, 0.2 s of work; also the rows that are read and written at once when a view is made."""
LONGEST_PAUSE_S: Final = 60.0
"""After a failure the view is made anew, later each time."""
KEPT_S: Final = 600.0
"""How long the rows of a partition that went away are kept: rebalances bring most of them back."""
SHARE: Final = 0.5
"""Of its own thread's time that making a view may take while the partitions are being written to."""


class SearchView:
    """`attach` the stores of the partitions that are served here; `start` and `stop` the thread."""

    def __init__(self, folder: Path, settings: SearchSettings, types: TypeSystem) -> None:
        self._folder = folder
        self._settings = settings
        self._types = types
        self._lock = threading.Lock()
        self._parts: dict[int, Part] = {}
        self._stopping = threading.Event()
        self._thread: threading.Thread | None = None
        self._failures = self._in_a_row = 0
        self._refused = 0
        self._number = 0
        self._gone: dict[int, float] = {}
        self._forget()

    def _forget(self) -> None:
        self.table: Table | None = None
        self.dictionary = Dictionary()
        self._rows = Rows(self._types, self.dictionary)

    # ---- life ------------------------------------------------------------------------------------------------------

    def start(self) -> None:
        """Begin to follow the attached stores."""
        if self._settings.enabled and self._thread is None:
            self._thread = threading.Thread(target=self._run, name="search-view", daemon=True)
            self._thread.start()

    def stop(self) -> None:
        """Leave the file as it is: what is pending is read again from the stores."""
        self._stopping.set()
        if self._thread is not None:
            self._thread.join()
        if self.table is not None:
            self.table.close()
            self.table = None

    def attach(self, store: PartitionStore) -> None:
        """Follow this store from now on."""
        if not self._settings.enabled:
            return
        part = Part(store, self, self._lock)
        with self._lock:
            self._parts[part.number] = part
        store.watcher = part

    def detach(self, number: int) -> None:
        """The partition is not served here any more."""
        with self._lock:
            part = self._parts.pop(number, None)
        if part is not None:
            part.store.watcher = None

    # ---- asked -----------------------------------------------------------------------------------------------------

    def usable(self, part: Part) -> bool:
        """Whether finds on this partition may use the view: all of it is in the file or pending."""
        here = self._parts.get(part.number) is part and part.synced
        return here and self.table is not None and self._rows.plans.version == self._types.version

    def all_of(self, numbers: Collection[int]) -> bool:
        """Whether the file holds no other partitions than these."""
        table = self.table
        return table is not None and table.parts <= set(numbers)

    def rows(self, sql: str, params: Sequence[Any]) -> list[tuple[Any, ...]]:
        """The answer of the file. Raises Unusable when it has none."""
        table = self.table
        if table is None:
            raise Unusable("the view is closed")
        try:
            return table.select(sql, params)
        except Unusable:
            self._refused += 1
            raise

    def status(self) -> dict[str, Any]:
        """For `/status` and the metrics."""
        with self._lock:
            parts = list(self._parts.values())
            pending = sum(len(part.pending) for part in parts)
        table = self.table
        current, past = table.rows if table is not None else (0, 0)
        return {
            "open": table is not None,
            "rows": current,
            "past_rows": past,
            "pending": pending,
            "odd": sum(len(part.odd) for part in parts),
            "synced": sorted(part.number for part in parts if part.synced),
            "syncing": sorted(part.number for part in parts if not part.synced),
            "failures": self._failures,
            "refused": self._refused,
        }

    # ---- the thread ------------------------------------------------------------------------------------------------

    def _run(self) -> None:
        while not self._stopping.wait(EVERY_S):
            try:
                self.step()
            except Exception as error:  # DuckDB's, the disk's, or ours: whatever it is, the stores have everything
                if not self._stopping.is_set():
                    self._fail(error)

    def step(self) -> None:
        """Bring the file up to date with what is known now."""
        parts = list(self._parts.values())
        if self.table is None:
            if not parts or sum(_instances(part) for part in parts) < self._settings.from_instances:
                return
            self._open()
        self._follow_types(parts)
        self._drop_gone()
        waiting = [part for part in parts if not part.synced]
        if waiting:
            self._sync(waiting)
        self._flush()

    def _open(self) -> None:
        table = open_table(self._folder, self._settings, self._number)
        self.table = table
        self._rows.plans.kinds.update(table.load(self.dictionary))
        if not self._rows.plans.still_valid():
            raise ValueError("a type that rows were made by was changed")
        self._number = 0

    def _fail(self, error: Exception) -> None:
        self._failures += 1
        pause = min(2.0**self._in_a_row, LONGEST_PAUSE_S)
        self._in_a_row += 1
        log.warning("the search view is made anew in %.0f s; until then finds read the stores: %s", pause, error)
        with self._lock:
            for part in self._parts.values():
                part.stop_recording()
                part.odd = set()
        table = self.table
        self._forget()
        if table is not None:
            self._number = number_of(table.path) + 1
            table.close()
            discard(self._folder)
        self._stopping.wait(pause)

    def _drop_gone(self) -> None:
        """Partitions that went away some time ago; one that comes back soon goes on from where it was."""
        now = time.monotonic()
        gone = self._opened.parts - self._parts.keys()
        self._gone = {number: self._gone.get(number, now) for number in gone}
        for number in gone:
            if now - self._gone[number] > KEPT_S:
                self._opened.drop(number)

    def _follow_types(self, parts: Iterable[Part]) -> None:
        """Rows stay right when types are added; instances that none explained may be explained now."""
        plans = self._rows.plans
        if plans.version == self._types.version:
            return
        for part in parts:
            part.again(list(part.odd))
        if not plans.still_valid():
            raise ValueError("a type that rows were made by was changed")

    # ---- what came before ------------------------------------------------------------------------------------------

    def _sync(self, parts: Sequence[Part]) -> None:
        """Everything that the stores have and the file does not, several partitions at once in the order of guids:
        a find in that order then has to look at the beginning of the file only."""
        known, odd = self._opened.synced(), self._opened.odd()
        recordings = {part.number: part.record() for part in parts}
        goals = {part.number: (part.source, part.next_offset) for part in parts}
        scans = []
        empty: set[int] = set()
        for part in parts:
            source, offset = known.get(part.number, ("", 0))
            if source != part.source or offset > part.next_offset:
                offset = 0
            if offset == 0:
                self._opened.drop(part.number)
                empty.add(part.number)
            part.odd = {guid for guid, number in odd.items() if number == part.number} if offset else set()
            scans.append(_changed(part, offset))
        batch = Batch()
        began = time.monotonic()
        count = 0
        for part, guid, meta in heapq.merge(*scans, key=_guid):
            count += 1
            try:
                write_anew(part, guid, meta, self._rows, batch, empty=part.number in empty)
            except NotReadyError:
                part.missed()  # the partition moved away
                continue
            batch.even.add(guid)
            if count == AT_ONCE or batch.full:
                if self._stopping.is_set():
                    return
                self._write(batch)
                batch, count = Batch(), 0
                self._give_way(time.monotonic() - began, parts)
                self._flush()
                began = time.monotonic()
        batch.synced = {part.number: goals[part.number] for part in parts if part.recording}
        self._write(batch)
        for part in parts:
            part.complete(recordings[part.number])
        self._in_a_row = 0

    def _give_way(self, worked: float, parts: Iterable[Part]) -> None:
        """Making a view takes minutes of a large server: not all of the interpreter while events come."""
        if any(part.pending for part in parts):
            self._stopping.wait(worked * (1 - SHARE) / SHARE)

    # ---- what comes ------------------------------------------------------------------------------------------------

    def _flush(self) -> None:
        """Everything that is pending now; partitions together, because a transaction costs 10 ms whatever is in it."""
        pending: list[tuple[Part, Change]] = []
        goals: dict[int, tuple[str, int]] = {}
        for part in list(self._parts.values()):
            if part.synced and part.pending:
                changes, next_offset = part.taken()
                pending.extend((part, change) for change in changes)
                goals[part.number] = (part.source, next_offset)
        first = 0
        while first < len(pending):
            some = pending[first : first + AT_ONCE]
            batch = Batch()
            try:
                taken = add_changes(batch, some, known_of(some, self._opened), self._rows)
            except NotReadyError:
                return  # a partition moved away; the others' turn comes again
            some, first = some[:taken], first + taken
            if first >= len(pending):
                batch.synced = goals
            self._write(batch)
            for part, change in some:
                part.written(change)

    def _write(self, batch: Batch) -> None:
        plans = self._rows.plans
        changed = {name: plans.kinds[name] for name in plans.changed}
        self._opened.write(batch, self.dictionary, changed)
        plans.changed.clear()
        for part in list(self._parts.values()):
            part.are_odd((guid for guid, number in batch.odd.items() if number == part.number), batch.even)

    @property
    def _opened(self) -> Table:
        assert self.table is not None
        return self.table


def _instances(part: Part) -> int:
    counts = part.store.counts()
    return counts["entities"] + counts["relationships"] + counts["deleted"]


def _changed(part: Part, offset: int) -> Iterator[tuple[Part, str, StateMeta]]:
    try:
        for guid, meta in part.store.metas_since(offset):
            yield part, guid, meta
    except NotReadyError:
        part.missed()


def _guid(found: tuple[Part, str, StateMeta]) -> str:
    return found[1]

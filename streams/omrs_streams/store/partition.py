"""The store of one log partition: everything that one batch of records changes goes into one WriteBatch."""

from collections.abc import Callable, Mapping, Sequence
from itertools import islice
from pathlib import Path
from typing import Any, Final

from rocksdict import DbClosedError, Rdict, WriteBatch

from omrs_schemas.errors import LogError
from omrs_streams.fold.effect import REASON_DUPLICATE, Effect
from omrs_streams.fold.fold import fold
from omrs_streams.fold.meta import TOMBSTONE, StateMeta
from omrs_streams.fold.recent import RecentIds, pack_ids, unpack_ids
from omrs_streams.fold.state import Stored
from omrs_streams.log.record import LogRecord
from omrs_streams.store import counts, keys
from omrs_streams.store.build import BuildReport, build_indexes
from omrs_streams.store.changes import Change, Watcher
from omrs_streams.store.codec import PayloadCodec
from omrs_streams.store.engine import EngineSettings, open_engine, read, scan, write, write_options
from omrs_streams.store.identity import LogIdentity, check_identity
from omrs_streams.store.indexer import Indexer
from omrs_streams.store.known import KnownGuids
from omrs_streams.store.reads import StoreReads, pack_mark
from omrs_streams.store.rows import pack_row

__all__ = ["PartitionStore", "Stored"]

COMPLETE: Final = b"complete"
PENDING: Final = b"pending"

CACHED_METAS: Final = 50_000
"""States kept in memory, about 350 bytes each: a guid changes again soon after it was changed, or hardly ever."""
BULK_CACHED_METAS: Final = 100_000
"""About 35 MB for each of the partitions that a process loads side by side."""

Writes = dict[bytes, bytes | None]
"""The batch by key; None deletes. The last word per key counts."""


class PartitionStore(StoreReads):
    """One writer (the owner of the partition), any number of reading threads. `open` makes one."""

    def __init__(
        self, engine: Rdict, path: Path, identity: LogIdentity, codec: PayloadCodec | None, *, bulk: bool
    ) -> None:
        super().__init__(engine, path, codec)
        self.identity = identity
        self._bulk = bulk
        self._write_options = write_options(bulk)
        self._next_offset = keys.number_of(engine.get(keys.NEXT_OFFSET) or keys.number(0))
        self._counts = counts.Counts(engine.get(keys.COUNTS))
        self._index_state: bytes = engine.get(keys.INDEX_STATE) or COMPLETE
        self._recent = RecentIds()
        for key, blob in scan(engine, keys.RECENT):
            self._recent.add(unpack_ids(keys.number_of(key), blob))
        self._recent.forget(self._next_offset)
        self._indexer = Indexer(self)
        self.watcher: Watcher | None = None
        self._known = KnownGuids() if bulk else None
        if self._known is not None:
            self._known.add(self.guids())

    @classmethod
    def open(
        cls,
        path: Path,
        identity: LogIdentity,
        codec: PayloadCodec | None = None,
        *,
        bulk: bool = False,
        settings: EngineSettings | None = None,
    ) -> "PartitionStore":
        """Open or create the store at `path`.

        `bulk`: for a replay from the start: no write-ahead log, larger memtables; call `flush` or `close` at the end.
        A store whose indexes were left incomplete builds them now, unless it is opened for bulk or without a codec.
        ConfigurationError when the store belongs to another log, topic or format.
        """
        engine = open_engine(path, settings or EngineSettings(), bulk)
        try:
            check_identity(engine, identity, path)
        except BaseException:
            engine.close()
            raise
        store = cls(engine, path, identity, codec, bulk=bulk)
        if codec is not None and not bulk and not store.indexed:
            store.build_indexes()
        return store

    # ---- folding ---------------------------------------------------------------------------------------------------

    @property
    def partition(self) -> int:
        return self.identity.partition

    @property
    def next_offset(self) -> int:
        """The first offset that is not folded yet."""
        return self._next_offset

    @property
    def indexed(self) -> bool:
        """Whether the indexes hold everything; else `build_indexes` is due."""
        return self._index_state == COMPLETE

    def apply(
        self, batch: Sequence[LogRecord], decoded: Mapping[int, dict[str, Any]] | None = None, index: bool = True
    ) -> list[Effect]:
        """Fold a batch, in offset order, in one write: all of it is stored, or (an exception) nothing.

        Returns one effect per record, in order. A record that was folded before changes nothing; its effect is what it
        was then.
        `decoded`: Avro records by offset, for the indexes; what is missing there is decoded here. `index=False` leaves
        the indexes to `build_indexes`. LogError on a record of another partition.
        """
        next_offset, recent, metas, filled = self._next_offset, self._recent, self._metas, self._known
        states: dict[str, StateMeta | None] = {}
        before: dict[str, StateMeta | None] = {}
        packed: dict[str, bytes] = {}
        fresh: dict[str, int] = {}
        writes: Writes = {}
        effects: list[Effect] = []
        folded: list[Effect] = []
        lost = 0
        partition, number, history = self.identity.partition, keys.number, keys.HISTORY
        for record in batch:
            offset, guid = record.offset, record.key
            if record.partition != partition:
                raise LogError(f"partition {partition} was given a record of partition {record.partition}")
            if offset < next_offset:
                effects.append(self._folded_before(record))
                continue
            next_offset = offset + 1
            if guid in states:
                state = states[guid]
            else:
                known = metas.get(guid)
                if known is None and (filled is None or filled.may_hold(guid)):
                    known = read(self._engine, keys.current(guid))
                state = states[guid] = before[guid] = None if known is None else StateMeta.unpack(known)
            repeated = recent.repeats(record.event_id, offset, fresh)
            if repeated is None:
                effect = fold(record, state)
            else:
                effect = Effect(record, None, state, False, REASON_DUPLICATE, repeated)
            folded.append(effect)
            meta = effect.meta
            if meta is None:
                writes[keys.lost(offset)] = pack_mark(effect.reason, effect.winner)
                lost += 1
                continue
            states[guid] = meta
            row = packed[guid] = meta.pack()
            if state is not None and meta.first_revision == meta.revision:
                self._end_life(guid, state, writes)
            if not meta.flags & TOMBSTONE:
                key = guid.encode() + b"\0" + number(meta.revision)
                writes[history + key] = pack_row(row, record.value or b"")
                if effect.overlay:
                    writes[keys.OVERLAY + key] = b""
        effects.extend(folded)
        if not folded:
            return effects
        for guid, row in packed.items():
            writes[keys.CURRENT + guid.encode()] = row
        now = self._counts.copy()
        for guid in packed:
            meta = states[guid]
            if meta is not None:
                now.change(before[guid], meta)
        now.values[counts.REVISIONS] += len(folded) - lost
        now.values[counts.LOST] += lost
        index_state = self._index_state
        changes: list[Change] | None = [] if not packed else None
        if packed and not index:
            index_state = PENDING
        elif packed and index_state == COMPLETE:
            changes = self._indexer.apply(folded, before, states, decoded or {}, writes)
        self._write(writes, next_offset, now, fresh, index_state)
        metas.update(packed)
        self._tell(changes, next_offset)
        if filled is not None:
            filled.add(packed)
        self._trim_cache()
        return effects

    def _tell(self, changes: list[Change] | None, next_offset: int) -> None:
        """Tell the watcher what was stored; None: that is not known guid by guid."""
        watcher = self.watcher
        if watcher is not None:
            if changes is None:
                watcher.missed()
            else:
                watcher.changed(changes, next_offset)

    def skip_to(self, offset: int) -> None:
        """Leave out everything before `offset`: poison records, or offsets that the log no longer holds."""
        if offset > self._next_offset:
            self._write({}, offset, self._counts, {}, self._index_state)

    def _write(
        self, writes: Writes, next_offset: int, now: counts.Counts, fresh: dict[str, int], index_state: bytes
    ) -> None:
        if fresh:
            first = next(iter(fresh.values()))
            writes[keys.recent(first)] = pack_ids(fresh)
        for first in self._recent.expired(next_offset):
            writes[keys.recent(first)] = None
        writes[keys.NEXT_OFFSET] = keys.number(next_offset)
        writes[keys.COUNTS] = now.pack()
        if index_state != self._index_state:
            writes[keys.INDEX_STATE] = index_state
        batch = WriteBatch(raw_mode=True)
        put, delete = batch.put, batch.delete
        for key in sorted(writes):
            value = writes[key]
            if value is None:
                delete(key)
            else:
                put(key, value)
        write(self._engine, batch, self._write_options)
        self._next_offset, self._counts, self._index_state = next_offset, now, index_state
        self._recent.add(fresh)
        self._recent.forget(next_offset)

    def _end_life(self, guid: str, state: StateMeta, writes: Writes) -> None:
        """Delete every revision of the life that `state` was the last of."""
        if not state.tombstone:
            for number in range(state.first_revision, state.revision + 1):
                writes[keys.revision(keys.HISTORY, guid, number)] = None
                if state.has_overlay:
                    writes[keys.revision(keys.OVERLAY, guid, number)] = None

    def _folded_before(self, record: LogRecord) -> Effect:
        """What a record did that comes once more. Of a purged life only the tombstone can tell."""
        mark = self.lost(record.offset)
        if mark is not None:
            return Effect(record, None, None, False, mark.reason, mark.winner)
        found = (stored.meta for stored in self.revisions(record.key) if stored.meta.offset == record.offset)
        return Effect(record, next(found, None) or self.get_meta(record.key), None)

    def _trim_cache(self) -> None:
        limit = BULK_CACHED_METAS if self._bulk else CACHED_METAS
        excess = len(self._metas) - limit
        if excess > 0:
            for guid in list(islice(self._metas, excess + limit // 8)):
                del self._metas[guid]

    # ---- event-ids -------------------------------------------------------------------------------------------------

    def seen(self, event_id: str) -> bool:
        """Whether a record with this id was folded lately (65,536 offsets)."""
        return self.offset_of_event(event_id) is not None

    def offset_of_event(self, event_id: str) -> int | None:
        """Where the record with this id stands; with `lost` that tells how a repeated request ended."""
        return self._recent.offset_of(event_id)

    # ---- indexes, counts, life -------------------------------------------------------------------------------------

    def build_indexes(self, progress: Callable[[int, int], None] | None = None) -> BuildReport:
        """Make all indexes anew from the current states, one decode per guid; `progress(done, of)` now and then.

        Whatever a crash leaves is pending, and built again by the next `open`. The report names undecodable payloads.
        """
        report = build_indexes(self, self._engine, progress)
        self._engine.put(keys.INDEX_STATE, COMPLETE)
        self._index_state = COMPLETE
        self._indexer.forget()
        return report

    def counts(self) -> dict[str, int]:
        """Numbers by name (see `counts.NAMES`)."""
        return self._counts.as_dict()

    def flush(self) -> None:
        """Bring everything to disk: the end of a bulk load."""
        self._engine.flush()

    def close(self) -> None:
        """Flush (bulk) and close. Afterwards reading raises NotReadyError."""
        try:
            if self._bulk:
                self.flush()
            self._engine.close()
        except DbClosedError:
            return  # closing twice does nothing

    def __enter__(self) -> "PartitionStore":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

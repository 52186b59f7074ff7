"""The fold in memory: dictionaries instead of a store. The oracle of tests and of `omrs replay --verify`."""

from collections import deque
from collections.abc import Iterable, Iterator

from omrs_streams.fold.effect import REASON_DUPLICATE, Effect, LostMark
from omrs_streams.fold.fold import fold
from omrs_streams.fold.meta import StateMeta
from omrs_streams.fold.recent import RecentIds
from omrs_streams.fold.state import Stored
from omrs_streams.log.record import LogRecord


class MemoryFold:
    """One partition. Records come in offset order; what comes again is left out, gaps are accepted."""

    def __init__(self, partition: int = 0, next_offset: int = 0) -> None:
        self._partition = partition
        self._next_offset = next_offset
        self._metas: dict[str, StateMeta] = {}
        self._history: dict[str, list[tuple[Effect, StateMeta]]] = {}
        self._lost: dict[int, LostMark] = {}
        self._recent = RecentIds()

    @property
    def partition(self) -> int:
        return self._partition

    @property
    def next_offset(self) -> int:
        return self._next_offset

    def apply(self, records: Iterable[LogRecord]) -> list[Effect]:
        """Fold records one by one; the effects of those that had not been folded before."""
        return [self._apply(record) for record in records if record.offset >= self._next_offset]

    def _apply(self, record: LogRecord) -> Effect:
        self._next_offset = record.offset + 1
        fresh: dict[str, int] = {}
        repeated = self._recent.repeats(record.event_id, record.offset, fresh)
        self._recent.add(fresh)
        self._recent.forget(self._next_offset)
        state = self._metas.get(record.key)
        if repeated is None:
            effect = fold(record, state)
        else:
            effect = Effect(record, None, state, False, REASON_DUPLICATE, repeated)
        if effect.meta is None:
            self._lost[record.offset] = LostMark(record.offset, effect.reason, effect.winner)
            return effect
        self._metas[record.key] = effect.meta
        if effect.meta.tombstone:
            self._history.pop(record.key, None)
        elif effect.meta.first_revision == effect.meta.revision:
            self._history[record.key] = [(effect, effect.meta)]
        else:
            self._history[record.key].append((effect, effect.meta))
        return effect

    def skip_to(self, offset: int) -> None:
        """Leave out the offsets before `offset`: poison, or no longer in the log."""
        self._next_offset = max(self._next_offset, offset)

    def guids(self) -> Iterator[str]:
        return iter(sorted(self._metas))

    def get_meta(self, guid: str) -> StateMeta | None:
        return self._metas.get(guid)

    def get(self, guid: str) -> Stored | None:
        return next(iter(deque(self.revisions(guid), maxlen=1)), None)

    def revisions(self, guid: str) -> Iterator[Stored]:
        payloads: dict[int, bytes] = {}
        overlay: tuple[bytes, ...] = ()
        for effect, meta in self._history.get(guid, ()):
            payloads[meta.revision] = effect.record.value or b""
            if effect.overlay:
                overlay = (*overlay, payloads[meta.revision])
            yield Stored(meta, payloads[meta.base_revision], overlay)

    def lost_between(self, first: int, end: int) -> dict[int, LostMark]:
        return {offset: self._lost[offset] for offset in sorted(self._lost) if first <= offset < end}

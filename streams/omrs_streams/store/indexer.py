"""Keeps the indexes equal to the current states, batch by batch: stale entries go, new ones come, in the same write."""

from collections.abc import Iterable, Mapping
from typing import Any, Final

from omrs_schemas.errors import CodecError
from omrs_streams.fold.effect import Effect
from omrs_streams.fold.meta import PROXY, TOMBSTONE, StateMeta
from omrs_streams.store.changes import Change
from omrs_streams.store.index import Entries, Record, index_entries
from omrs_streams.store.reads import StoreReads

CACHED_ENTRIES: Final = 1_000
"""Entries of the guids changed last, about 3 KB each: what is changed again at once is not decoded again."""

States = Mapping[str, StateMeta | None]


class Indexer:
    """Index entries of the states before and after a batch, and their difference."""

    def __init__(self, store: StoreReads) -> None:
        self._store = store
        self._entries: dict[str, tuple[int, Entries]] = {}

    def forget(self) -> None:
        """Drop what is remembered."""
        self._entries.clear()

    def apply(
        self,
        effects: Iterable[Effect],
        before: States,
        now: States,
        decoded: Mapping[int, dict[str, Any]],
        writes: dict[bytes, bytes | None],
    ) -> list[Change]:
        """Add to `writes` what the batch changes in the indexes; the changed guids, with their payloads.

        Every effective payload is decoded once: an effect whose payload cannot be gets its `error`.
        """
        records: dict[tuple[str, int], Record | None] = {}
        overlays: dict[str, list[int]] = {}
        changed: dict[str, StateMeta] = {}
        last: dict[str, Effect] = {}
        for effect in effects:
            meta, record = effect.meta, effect.record
            if meta is None:
                continue
            state = now[record.key]
            if state is not None:
                changed[record.key] = state
                last[record.key] = effect
            if meta.flags & TOMBSTONE:
                continue
            try:
                records[record.key, meta.revision] = decoded.get(record.offset) or self._decode(record.value or b"")
            except CodecError as error:
                records[record.key, meta.revision] = None
                effect.error = error
            if effect.overlay:
                overlays.setdefault(record.key, []).append(meta.revision)
        told: list[Change] = []
        for guid, state in changed.items():
            old = self._before(guid, before[guid])
            base, laid = self._payloads(guid, state, records, overlays.get(guid, ()))
            told.append(Change(guid, state, base, laid))
            try:
                new = {} if base is None else index_entries(guid, state, base, laid)
            except CodecError as error:
                new = {}
                last[guid].error = error
            if old:
                writes.update(dict.fromkeys(old.keys() - new.keys()))
                writes.update((key, value) for key, value in new.items() if old.get(key) != value)
            else:
                writes.update(new)
            self._remember(guid, state.revision, new)
        return told

    def _before(self, guid: str, meta: StateMeta | None) -> Entries:
        if meta is None:
            return {}
        known = self._entries.get(guid)
        if known is not None and known[0] == meta.revision:
            return known[1]
        base, laid = self._payloads(guid, meta, {}, ())
        try:
            return {} if base is None else index_entries(guid, meta, base, laid)
        except CodecError:
            return {}  # nor was it indexed when it came

    def _payloads(
        self,
        guid: str,
        meta: StateMeta,
        records: Mapping[tuple[str, int], Record | None],
        overlays: Iterable[int],
    ) -> tuple[Record | None, list[Record]]:
        """The payload of a state and what is laid over it, from `records` (this batch), else from the store.

        (None, []) for what is never found, and for what cannot be decoded.
        """
        if meta.flags & (TOMBSTONE | PROXY):
            return None, []
        base = self._record(guid, meta.base_revision, records)
        if base is None or not meta.has_overlay:
            return base, []
        stored = self._store.overlay_numbers(guid, meta)
        numbers = sorted({*stored, *(number for number in overlays if number >= meta.first_revision)})
        laid = (self._record(guid, number, records) for number in numbers)
        return base, [record for record in laid if record is not None]

    def _record(self, guid: str, revision: int, records: Mapping[tuple[str, int], Record | None]) -> Record | None:
        if (guid, revision) in records:
            return records[guid, revision]
        payload = self._store.payload(guid, revision)
        try:
            return None if payload is None else self._decode(payload)
        except CodecError:
            return None

    def _decode(self, payload: bytes) -> Record:
        return self._store.codec.decode_record(payload)

    def _remember(self, guid: str, revision: int, entries: Entries) -> None:
        self._entries.pop(guid, None)
        self._entries[guid] = (revision, entries)
        if len(self._entries) > CACHED_ENTRIES:
            del self._entries[next(iter(self._entries))]

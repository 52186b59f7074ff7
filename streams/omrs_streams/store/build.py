"""Building all indexes of a store from its current states, after a bulk load or whatever left them incomplete."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

from rocksdict import Rdict, WriteBatch

from omrs_schemas.errors import CodecError
from omrs_streams.fold.meta import PROXY, TOMBSTONE, StateMeta
from omrs_streams.store import keys
from omrs_streams.store.engine import scan, scan_keys, write_options
from omrs_streams.store.index import Entries, index_entries
from omrs_streams.store.reads import StoreReads

CHUNK: Final = 5_000
"""Guids whose entries are sorted and written together: about 10 MB, and a progress report every half second."""


@dataclass(slots=True)
class BuildReport:
    """`errors`: (guid, revision, what is wrong) of the payloads that could not be decoded and are not indexed."""

    indexed: int = 0
    errors: list[tuple[str, int, CodecError]] = field(default_factory=list)


def build_indexes(store: StoreReads, engine: Rdict, progress: Callable[[int, int], None] | None) -> BuildReport:
    """Clear the indexes and make them anew; everything is on disk when this returns."""
    for prefix in keys.INDEXES:
        if next(scan_keys(engine, prefix), None) is not None:
            engine.delete_range(prefix, keys.after(prefix))
    report = BuildReport()
    total = sum(1 for _ in scan_keys(engine, keys.CURRENT)) if progress else 0
    entries: Entries = {}
    done = 0
    for key, packed in scan(engine, keys.CURRENT):
        done += 1
        meta = StateMeta.unpack(packed)
        if not meta.flags & (TOMBSTONE | PROXY):
            _collect(store, key[1:].decode(), meta, entries, report)
        if done % CHUNK == 0:
            _write(engine, entries)
            if progress:
                progress(done, total)
    _write(engine, entries)
    engine.flush()
    if progress:
        progress(done, total)
    return report


def _collect(store: StoreReads, guid: str, meta: StateMeta, entries: Entries, report: BuildReport) -> None:
    revision = meta.base_revision
    try:
        base = store.codec.decode_record(store.payload(guid, revision) or b"")
    except CodecError as error:
        report.errors.append((guid, revision, error))
        return
    laid = []
    if meta.has_overlay:
        for revision in store.overlay_numbers(guid, meta):
            try:
                laid.append(store.codec.decode_record(store.payload(guid, revision) or b""))
            except CodecError as error:
                report.errors.append((guid, revision, error))
    try:
        entries.update(index_entries(guid, meta, base, laid))
    except CodecError as error:
        report.errors.append((guid, meta.base_revision, error))
    else:
        report.indexed += 1


def _write(engine: Rdict, entries: Entries) -> None:
    """In key order and without write-ahead log: a crash leaves the indexes pending, to be built again."""
    batch = WriteBatch(raw_mode=True)
    for key in sorted(entries):
        batch.put(key, entries[key])
    engine.write(batch, write_options(bulk=True))
    entries.clear()

"""From changes to what a transaction writes."""

from collections.abc import Iterable, Mapping

from omrs_schemas.errors import CodecError
from omrs_streams.fold.meta import PROXY, TOMBSTONE, StateMeta
from omrs_streams.fold.state import Stored
from omrs_streams.search.columns import Odd
from omrs_streams.search.part import Part
from omrs_streams.search.rows import Record, Row, Rows
from omrs_streams.search.table import Batch, Table
from omrs_streams.store.changes import Change

Known = Mapping[str, tuple[int, int]]
"""Guid → revision and valid_from of its present row."""


def known_of(changes: Iterable[tuple[Part, Change]], table: Table) -> Known:
    """The present rows of these guids, where there can be any."""
    return table.states(
        [change.guid for part, change in changes if change.meta.revision > 1 or change.meta.offset < part.read_until]
    )


def add_changes(batch: Batch, changes: Iterable[tuple[Part, Change]], known: Known, rows: Rows) -> int:
    """What brings the file from what is known of it to these changes, until the batch is full; how many were taken."""
    taken = 0
    for part, change in changes:
        if batch.full:
            break
        taken += 1
        guid, meta = change.guid, change.meta
        batch.parts.add(part.number)
        batch.even.add(guid)
        revision, valid_from = known.get(guid, (0, 0))
        if revision == meta.revision and guid not in part.odd:
            continue
        follows = meta.revision == revision + 1 and (meta.revision == 1 or meta.first_revision <= revision)
        if follows and meta.valid_from >= valid_from and change.base is not None:
            try:
                into = batch.advance if revision else batch.rows
                into.add([rows.row(part.number, guid, meta, change.base, change.overlay)])
            except Odd:
                _is_odd(part, guid, batch)
        else:
            write_anew(part, guid, meta, rows, batch)
    return taken


def write_anew(part: Part, guid: str, meta: StateMeta, rows: Rows, batch: Batch, *, empty: bool = False) -> None:
    """All revisions of a guid as the store has them. `empty`: the file has nothing of the partition yet."""
    if meta.revision > 1 and not empty:
        batch.clear.add(guid)
    if meta.flags & (TOMBSTONE | PROXY) and meta.first_revision == meta.revision:
        return
    batch.parts.add(part.number)
    try:
        batch.rows.add(list(_history(part, guid, part.store.revisions(guid), rows)))
    except Odd:
        _is_odd(part, guid, batch)


def _is_odd(part: Part, guid: str, batch: Batch) -> None:
    batch.clear.add(guid)
    batch.odd[guid] = part.number
    batch.even.discard(guid)


def _history(part: Part, guid: str, revisions: Iterable[Stored], rows: Rows) -> list[Row]:
    """A row per revision that is or was to be seen. Raises Odd for all of them.

    A revision is valid from its time on, until the first of those behind it is (`StoreReads.as_of`).
    """
    found: list[Row] = []
    until: int | None = None
    for stored in reversed(list(revisions)):
        meta = stored.meta
        visible = until is None or meta.valid_from < until
        if visible and not meta.flags & (TOMBSTONE | PROXY):
            row = rows.row(part.number, guid, meta, *_decoded(part, stored))
            if until is not None:
                row["valid_to"] = until
            found.append(row)
        until = meta.valid_from if until is None else min(until, meta.valid_from)
    return found


def _decoded(part: Part, stored: Stored) -> tuple[Record, list[Record]]:
    codec = part.store.codec
    try:
        base = codec.decode_record(stored.payload)
    except CodecError as error:
        raise Odd(error.message) from error
    laid: list[Record] = []
    for payload in stored.overlay:
        try:
            laid.append(codec.decode_record(payload))
        except CodecError:
            continue
    return base, laid

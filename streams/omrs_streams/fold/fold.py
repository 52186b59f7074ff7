"""The fold of one record: header-only, pure, total (LOG.md § Envelope).

A record that names the revision it expects is effective when that is the guid's revision at its offset. One that names
none (reference copies, archives) is checked for guid, createTime and "not older than what is stored"; everything else
about it was decided before it was appended. Copies of one object reach the same state in whatever order they come.
"""

from typing import Final

from omrs_streams.fold.effect import (
    NO_WINNER,
    REASON_GUID,
    REASON_IDENTITY,
    REASON_REVISION,
    REASON_STALE,
    Effect,
)
from omrs_streams.fold.kinds import CLASSIFICATION_KINDS, DELETED_STATUS, PURGE_KINDS
from omrs_streams.fold.meta import DELETED, OVERLAY, PROXY, RELATIONSHIP, TOMBSTONE, StateMeta
from omrs_streams.log.record import LogRecord

__all__ = ["Effect", "fold"]

_NUL: Final = "\0"


def fold(record: LogRecord, state: StateMeta | None) -> Effect:
    """The effect of `record` on a guid in `state` (None: never seen).

    Header fields are the instance's; of a classification event with only a proxy in it, version and home are the
    classification's, all others the proxy's.
    """
    overlay = record.is_proxy and record.kind in CLASSIFICATION_KINDS
    expected = record.expected_revision
    if expected is not None:
        if expected != (0 if state is None else state.revision):
            return _lost(record, state, REASON_REVISION)
    elif state is not None:
        reason = _copy_loses(record, state, overlay)
        if reason is not None:
            return _lost(record, state, reason)
    if not record.key or _NUL in record.key:
        return _lost(record, state, REASON_GUID)
    if record.kind in PURGE_KINDS:
        return Effect(record, _tombstone(record, state), state)
    return Effect(record, _next(record, state, overlay), state, overlay)


def _lost(record: LogRecord, state: StateMeta | None, reason: str) -> Effect:
    return Effect(record, None, state, False, reason, NO_WINNER if state is None else state.offset)


def _copy_loses(record: LogRecord, state: StateMeta, overlay: bool) -> str | None:
    """Why a record without an expected revision changes nothing; None when it does.

    Equal versions are accepted: classification changes and purges leave the version alone (OMRS instances § Currency).
    """
    ids_only = record.create_time == 0 and record.version == 0
    if state.flags & TOMBSTONE:
        same_object = record.create_time in (0, state.create_time)
        return REASON_STALE if same_object and (record.is_proxy or record.version <= state.version) else None
    if ids_only and record.kind in PURGE_KINDS:
        return None
    if state.flags & PROXY and not record.is_proxy:
        return None
    if record.is_proxy and not overlay and not state.flags & PROXY:
        return REASON_STALE
    if _differ(record.create_time, state.create_time):
        return REASON_IDENTITY
    return REASON_STALE if record.version < state.version and not overlay else None


def _differ(one: int, other: int) -> bool:
    """Two createTimes of different objects; 0 is not known (a proxy may come without)."""
    return one != other and one != 0 and other != 0


def _tombstone(record: LogRecord, state: StateMeta | None) -> StateMeta:
    """What a purge leaves. A purge by ids alone keeps the version and createTime that were stored."""
    revision = 1 if state is None else state.revision + 1
    known = state if state is not None and record.create_time == 0 else None
    return StateMeta(
        revision,
        revision,
        0,
        record.offset,
        record.version if known is None else known.version,
        record.create_time if known is None else known.create_time,
        record.type_version if known is None else known.type_version,
        record.valid_from,
        TOMBSTONE | (RELATIONSHIP if record.is_relationship else 0),
        record.type_guid or ("" if known is None else known.type_guid),
        record.home_id or ("" if known is None else known.home_id),
        record.replicated_by,
        DELETED_STATUS,
    )


def _next(record: LogRecord, state: StateMeta | None, overlay: bool) -> StateMeta:
    flags = (
        (DELETED if record.status == DELETED_STATUS else 0)
        | (PROXY if record.is_proxy else 0)
        | (RELATIONSHIP if record.is_relationship else 0)
        | (OVERLAY if overlay else 0)
    )
    if state is None:
        revision = first = 1
    else:
        revision = state.revision + 1
        first = revision if _new_life(record, state) else state.first_revision
        if first != revision:
            if overlay:
                return _with_overlay(record, state, revision)
            flags |= state.flags & OVERLAY
    return StateMeta(
        revision,
        first,
        revision,
        record.offset,
        # An overlay record's version and home are its classification's; of the proxy beneath they are not known here.
        0 if overlay else record.version,
        record.create_time,
        record.type_version,
        record.valid_from,
        flags,
        record.type_guid,
        "" if overlay else record.home_id,
        "" if overlay else record.replicated_by,
        record.status,
    )


def _new_life(record: LogRecord, state: StateMeta) -> bool:
    """Whether what was known before is another object, whose history and overlay do not belong to this one."""
    if state.flags & TOMBSTONE:
        return True
    return state.flags & PROXY != 0 and not record.is_proxy and _differ(record.create_time, state.create_time)


def _with_overlay(record: LogRecord, state: StateMeta, revision: int) -> StateMeta:
    return StateMeta(
        revision,
        state.first_revision,
        state.base_revision,
        record.offset,
        state.version,
        state.create_time,
        state.type_version,
        # A classification is never valid before the instance that carries it, whatever other clocks say.
        max(record.valid_from, state.valid_from),
        state.flags | OVERLAY,
        state.type_guid,
        state.home_id,
        state.replicated_by,
        state.status,
    )

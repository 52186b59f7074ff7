"""What record headers alone decide: the plain events, most of all that a member receives.

`receive` would say the same of them with the beans in hand; a test holds the two together.
"""

from typing import Final, Literal

from omrs_streams.fold.meta import StateMeta
from omrs_streams.log.record import LogRecord

PLAIN: Final = frozenset(
    f"{kind}_{noun}_EVENT"
    for noun in ("ENTITY", "RELATIONSHIP")
    for kind in ("NEW", "UPDATED", "UNDONE", "DELETED", "RESTORED")
)
"""Kinds that carry the instance and nothing else that counts."""

Glance = Literal["accepted", "stale"]


def glance(
    record: LogRecord, meta: StateMeta | None, collection_id: str, originator: str | None = None
) -> Glance | None:
    """`accepted`: append it as it is, without an expected revision; `stale`: leave it out; None: ask `receive`.

    `meta` is what the fold holds of the guid; `originator` the collection that sent the event, None where it does not
    say: only who maintains the instance is believed (`receiving_speakers.py`). Exchange rules, types, security and
    echoes are the caller's: they need no bean either.
    """
    if record.kind not in PLAIN or record.is_proxy or not record.home_id:
        return None
    if collection_id in (record.home_id, record.replicated_by):
        return None
    if originator and originator != record.home_id:
        replicates = meta is not None and originator == record.replicated_by == meta.replicated_by
        if not replicates:
            return None
    if meta is None:
        return "accepted"
    if meta.tombstone or meta.proxy or meta.home_id != record.home_id or meta.type_guid != record.type_guid:
        return None
    if meta.replicated_by == collection_id:
        return None
    if not meta.create_time or meta.create_time != record.create_time:
        return None
    if record.version == meta.version and meta.deleted and record.kind.startswith("DELETED"):
        return None
    if record.version <= meta.version:
        return "stale"
    return "accepted" if record.type_version >= meta.type_version else None

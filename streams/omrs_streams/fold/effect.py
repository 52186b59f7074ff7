"""What one log record did to the state."""

from dataclasses import dataclass
from typing import Final, NamedTuple

from omrs_schemas.errors import CodecError
from omrs_streams.fold.meta import StateMeta
from omrs_streams.log.record import LogRecord

REASON_REVISION: Final = "revision"
"""Another record changed the guid before this one: its expected revision is not the guid's."""
REASON_STALE: Final = "stale"
"""Older than, or less than, what is stored."""
REASON_IDENTITY: Final = "identity"
"""Another object with the same guid: createTime differs."""
REASON_DUPLICATE: Final = "duplicate"
"""The event-id was seen before."""
REASON_GUID: Final = "guid"
"""No guid that can be stored: empty, or with a NUL character."""

NO_WINNER: Final = -1
"""The record lost against the absence of its guid."""


@dataclass(slots=True)
class Effect:
    """`meta` is the new state of an effective record, None of one that changed nothing (then `reason` says why).

    `winner` is the offset of what it lost against: the guid's last effective record, or the first record with the
    same event-id. `overlay` tells that only the classifications beside the instance changed. `error` is set by a store
    whose index could not read the payload; the record is effective all the same.
    """

    record: LogRecord
    meta: StateMeta | None
    previous: StateMeta | None
    overlay: bool = False
    reason: str = ""
    winner: int = NO_WINNER
    error: CodecError | None = None

    @property
    def effective(self) -> bool:
        return self.meta is not None

    @property
    def lost(self) -> bool:
        """It changed nothing (a duplicate too): never published."""
        return self.meta is None

    @property
    def duplicate(self) -> bool:
        return self.reason == REASON_DUPLICATE


class LostMark(NamedTuple):
    """A record that changed nothing: never published, answered with a conflict that names `winner` (an offset)."""

    offset: int
    reason: str
    winner: int

"""Which side follows which; pure.

Each object carries a digest of what both sides last agreed on. Whoever still says that has not changed; so what one
side changed goes to the other, and only what both changed needs a winner.
"""

from enum import Enum, auto
from typing import Literal

from omrs_connectors.builtin.security_sync.tags import NOTHING, Tags
from omrs_connectors.sdk.config import PermittedSynchronization

Winner = Literal["metadata", "database"]


class Action(Enum):
    NONE = auto()
    AGREE = auto()
    """Both say the same: only note that they do."""
    TO_DATABASE = auto()
    TO_METADATA = auto()


def decide(
    direction: PermittedSynchronization,
    winner: Winner,
    metadata: Tags | None,
    database: Tags,
    agreed: str | None,
    *,
    ours: bool,
) -> Action:
    """`metadata`: None where the element has no security tags; `agreed`: None where nothing was ever agreed on;
    `ours`: the tags in metadata were made by this connector's user."""
    if direction is PermittedSynchronization.FROM_THIRD_PARTY:
        return _from_database(metadata, database, ours)
    said = metadata or NOTHING
    if metadata is None and agreed is None and (direction is PermittedSynchronization.TO_THIRD_PARTY or not database):
        return Action.NONE
    if said == database:
        return Action.NONE if agreed == (said.digest if said else None) else Action.AGREE
    if direction is PermittedSynchronization.TO_THIRD_PARTY:
        return Action.TO_DATABASE
    if agreed is None:
        follows = metadata is not None and (not database or winner == "metadata")
    elif database.digest == agreed:
        follows = True
    elif said.digest == agreed:
        follows = False
    else:
        follows = winner == "metadata"
    return Action.TO_DATABASE if follows else Action.TO_METADATA


def _from_database(metadata: Tags | None, database: Tags, ours: bool) -> Action:
    """Tags that somebody else made are left alone: they did not come from here."""
    if (metadata or NOTHING) == database or (metadata is not None and not ours):
        return Action.NONE
    return Action.TO_METADATA

"""What keeps a source that was away, or answered in part, from emptying the catalogue."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from pydantic import Field

from omrs_connectors.sdk.options import ConnectorOptions
from omrs_schemas.codes import Code
from omrs_schemas.errors import (
    DeletionRefusedError,
    EntityNotKnownError,
    InvalidParameterError,
    RelationshipNotKnownError,
)


class SafetyOptions(ConnectorOptions):
    """The options of every connector that deletes what its source no longer has."""

    max_deletions: int = Field(
        20, ge=0, description="elements that one refresh may delete whatever their share, as long as some are left"
    )
    max_deleted_share: float = Field(
        0.25, ge=0, le=1, description="share of the known elements that one refresh may delete beyond; 1 = no limit"
    )

    def safety(self, source: str) -> "Safety":
        """The limits, for deletions in the name of `source` (as people call it: a path, a URL, a database)."""
        return Safety(source, self.max_deletions, self.max_deleted_share)


@dataclass(frozen=True, slots=True)
class Safety:
    """Decides, before anything is deleted, whether what a source no longer has may be deleted.

    When more than one element was known and the source has none any more, nothing may go: it is more often away than
    empty. Otherwise `max_deletions` elements may go, and more as long as they are no more than
    `max_deleted_share` of what was known. A share of 1 switches all of it off.
    """

    source: str
    max_deletions: int = 20
    max_deleted_share: float = 0.25

    def allows(self, gone: int, known: int, present: int | None = None) -> bool:
        """Whether `gone` of `known` elements may be deleted. `present`: how many the source has now, new ones too;
        without, those that are not gone."""
        if gone <= 0 or self.max_deleted_share >= 1:
            return True
        if known > 1 and (known - gone if present is None else present) <= 0:
            return False
        return gone <= self.max_deletions or gone <= known * self.max_deleted_share

    def check(self, gone: int, known: int, what: str = "elements", *, present: int | None = None) -> None:
        """Call after everything new and changed is written and before the first deletion.

        Raises DeletionRefusedError, which fails the refresh: nothing has been deleted, and the next refresh that finds
        the source whole again goes on as if nothing had happened.
        """
        if not self.allows(gone, known, present):
            raise DeletionRefusedError(
                f"{self.source} would delete {gone:,} of {known:,} {what}: nothing was deleted",
                help="look whether the source is whole, then restart the connector; if they are really gone, set "
                "maxDeletedShare (or maxDeletions) in its configurationProperties, or refresh with maxDeletedShare: 1 "
                "set for a while",
                source=self.source,
                gone=gone,
                known=known,
            )


@contextmanager
def gone_is_fine() -> Iterator[None]:
    """Around a deletion: what somebody else has deleted already is as it should be."""
    try:
        yield
    except (EntityNotKnownError, RelationshipNotKnownError):
        return
    except InvalidParameterError as error:
        if error.code != Code.INSTANCE_ALREADY_DELETED:
            raise

"""Refusals that commands and queries share (OMRS queries § 4)."""

from omrs_schemas.errors import (
    EntityNotKnownError,
    EntityProxyOnlyError,
    RelationshipNotKnownError,
    RevisionConflictError,
)


def lost_to(guid: str, winner: int) -> RevisionConflictError:
    return RevisionConflictError(
        f"{guid} was changed by another writer first (log offset {winner})",
        help="read it again and repeat the change on what is there now",
        guid=guid,
        winner_offset=winner,
    )


def not_known(guid: str, *, relationship: bool) -> EntityNotKnownError | RelationshipNotKnownError:
    if relationship:
        return RelationshipNotKnownError(f"relationship {guid} is not known here", guid=guid)
    return EntityNotKnownError(f"entity {guid} is not known here", guid=guid)


def soft_deleted(guid: str, *, relationship: bool) -> EntityNotKnownError | RelationshipNotKnownError:
    if relationship:
        return RelationshipNotKnownError(f"relationship {guid} is deleted", code="OMRS-REPOSITORY-404-012", guid=guid)
    return EntityNotKnownError(f"entity {guid} is deleted", code="OMRS-REPOSITORY-404-013", guid=guid)


def proxy_only(guid: str) -> EntityProxyOnlyError:
    return EntityProxyOnlyError(f"only a proxy of entity {guid} is here", help="ask its home repository", guid=guid)

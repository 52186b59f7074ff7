"""Which error stands for a federated request that nobody could answer (OMRS queries § 5)."""

from collections.abc import Sequence

from omrs_schemas.codes import Code
from omrs_schemas.errors import (
    ClassificationError,
    EntityNotKnownError,
    EntityProxyOnlyError,
    FunctionNotSupportedError,
    InvalidParameterError,
    OmrsError,
    PagingError,
    PropertyError,
    RelationshipNotKnownError,
    RepositoryError,
    StatusNotSupportedError,
    TypeDefError,
    TypeDefNotKnownError,
    UserNotAuthorizedError,
)

WARNING = 500  # characters

Kinds = tuple[type[OmrsError], ...]

_GENERIC: Kinds = (OmrsError,)

_DELETED = frozenset({Code.ENTITY_SOFT_DELETED, Code.RELATIONSHIP_SOFT_DELETED})

READS: tuple[Kinds, ...] = (
    (UserNotAuthorizedError,),
    (RepositoryError,),
    _GENERIC,
    (PropertyError,),
    (InvalidParameterError,),
    (FunctionNotSupportedError,),
    (TypeDefError, TypeDefNotKnownError),
    (PagingError,),
    (EntityProxyOnlyError,),
    (EntityNotKnownError, RelationshipNotKnownError),
)
"""The order in which errors of reads and finds are passed on. What is known by a proxy is known."""

CREATES: tuple[Kinds, ...] = (
    (RepositoryError,),
    (UserNotAuthorizedError,),
    _GENERIC,
    (TypeDefError, TypeDefNotKnownError),
    (ClassificationError,),
    (PropertyError,),
    (StatusNotSupportedError,),
    (InvalidParameterError,),
    (EntityProxyOnlyError, EntityNotKnownError, RelationshipNotKnownError),
    (FunctionNotSupportedError,),
)
"""The same of creates, where each member in turn has refused."""


def combined(errors: Sequence[OmrsError], order: tuple[Kinds, ...] = READS) -> OmrsError:
    """The first error of the first kind in `order`; an error of no kind counts as generic. Who has it and says that it
    is deleted comes before who does not know it."""
    errors = sorted(errors, key=lambda error: error.code not in _DELETED)
    named = tuple(kind for kinds in order if kinds is not _GENERIC for kind in kinds)
    for kinds in order:
        for error in errors:
            fits = isinstance(error, kinds) if kinds is not _GENERIC else not isinstance(error, named)
            # A page size is a parameter too, but has a place of its own.
            if fits and not (isinstance(error, PagingError) and kinds == (InvalidParameterError,) and order is READS):
                return error
    return errors[0]


def no_repositories(server: str) -> RepositoryError:
    return RepositoryError(
        f"server {server} has no repository of its own, and no member of its cohorts can be queried",
        code=Code.NO_REPOSITORIES,
        help="join a cohort, or wait until its members have registered (`omrs cohort members`)",
        server=server,
    )


def not_offered(operation: str, server: str) -> FunctionNotSupportedError:
    return FunctionNotSupportedError(
        f"{operation} is not offered for all members together",
        code=Code.ENTERPRISE_NOT_SUPPORTED,
        help='ask the member that it concerns alone: the path without /enterprise, `client.in_scope("local")` in '
        "Python, `scope=local` in /api/v1",
        operation=operation,
        server=server,
    )


def short(text: str) -> str:
    """A warning that fits where it is shown, whatever a member has said."""
    return text if len(text) <= WARNING else f"{text[: WARNING - 1]}…"


def warning(member: str, error: OmrsError) -> str:
    """What a warning says of a member that could not take part. What the user may not read there is not named."""
    if isinstance(error, UserNotAuthorizedError):
        return f"{member}: {error.code} the user may not read all of it there"
    return f"{member}: {error.code} {error.message}"

"""Which of several errors is passed on."""

import pytest

from omrs_schemas.errors import (
    ClassificationError,
    EntityNotKnownError,
    EntityProxyOnlyError,
    FunctionNotSupportedError,
    InvalidParameterError,
    MemberUnavailableError,
    OmrsError,
    PagingError,
    PropertyError,
    RepositoryError,
    StatusNotSupportedError,
    TypeDefError,
    UserNotAuthorizedError,
)
from omrs_streams.federation.failures import CREATES, READS, Kinds, combined

UNKNOWN = EntityNotKnownError("not here")
READ = (
    UserNotAuthorizedError("u"),
    RepositoryError("r"),
    StatusNotSupportedError("generic"),
    PropertyError("p"),
    InvalidParameterError("i"),
    FunctionNotSupportedError("f"),
    TypeDefError("t"),
    PagingError("page"),
    EntityProxyOnlyError("proxy"),
    UNKNOWN,
)
CREATE = (
    RepositoryError("r"),
    UserNotAuthorizedError("u"),
    OmrsError("generic"),
    TypeDefError("t"),
    ClassificationError("c"),
    PropertyError("p"),
    StatusNotSupportedError("s"),
    InvalidParameterError("i"),
    FunctionNotSupportedError("f"),
)


@pytest.mark.parametrize(("order", "errors"), [(READS, READ), (CREATES, CREATE)])
def test_the_order(order: tuple[Kinds, ...], errors: tuple[OmrsError, ...]) -> None:
    for number, error in enumerate(errors):
        assert combined(list(reversed(errors[number:])), order) is error


def test_the_first_of_a_kind() -> None:
    first, second = MemberUnavailableError("b", member="b"), RepositoryError("c")
    assert combined([UNKNOWN, first, second]) is first


def test_who_has_it_and_says_that_it_is_deleted() -> None:
    deleted = EntityNotKnownError("deleted", code="OMRS-REPOSITORY-404-013")
    assert combined([UNKNOWN, deleted]) is deleted

"""The error tree: drawn completely, coded uniquely, rebuilt from the wire and across processes."""

import pickle
import re

import pytest

from omrs_schemas import errors
from omrs_schemas.codes import CODES, Code, http_of
from omrs_schemas.errors import (
    EntityNotKnownError,
    InvalidParameterError,
    NotReadyError,
    OmrsError,
    ProduceError,
    RepositoryError,
    RevisionConflictError,
    error_classes,
    from_wire,
)


def ours() -> list[type[OmrsError]]:
    return [kind for kind in error_classes() if kind.__module__ == errors.__name__]


def test_the_drawn_tree_names_every_class_below_its_parent():
    drawn: dict[str, str] = {}
    parents: list[tuple[int, str]] = []
    for line in (errors.__doc__ or "").splitlines():
        found = re.match(r"([│├└─ ]*)(\w+Error)\b", line)
        if not found:
            continue
        depth, name = len(found[1]), found[2]
        while parents and parents[-1][0] >= depth:
            parents.pop()
        drawn[name] = parents[-1][1] if parents else "Exception"
        parents.append((depth, name))
    assert drawn == {kind.__name__: kind.__bases__[0].__name__ for kind in ours()}


def test_each_code_is_used_once_and_carries_its_http_code():
    assert len(CODES) == len(set(CODES.values())) == len(Code)
    for code in Code:
        assert re.fullmatch(r"(OMRS|OMAG)(-[A-Z]+)+-[1-5]\d\d-\d{3}", code)
        assert code.http == http_of(code)


def test_text_that_is_no_id_has_no_http_code():
    assert http_of("something else") is None
    assert http_of("OMRS-REPOSITORY-404-002 ") == 404


@pytest.mark.parametrize("kind", ours(), ids=lambda kind: kind.__name__)
def test_every_class_has_a_code_of_the_table_and_survives_a_process_boundary(kind: type[OmrsError]):
    error = kind("what happened", help="what to do", guid="g-1", topic="t")
    assert error.code in CODES.values()
    assert error.http == http_of(error.code)
    assert error.java_class.endswith(f".{kind.exception_class}") and kind.exception_class.endswith("Exception")
    again = pickle.loads(pickle.dumps(error))
    assert type(again) is kind and str(again) == str(error)
    for field in ("message", "code", "http", "help", "params"):
        assert getattr(again, field) == getattr(error, field)


def test_a_code_brings_its_http_code_unless_another_is_given():
    assert InvalidParameterError("x", code=Code.ENTITY_CAN_NOT_BE_UPDATED).http == 503
    assert InvalidParameterError("x", code="OMRS-REPOSITORY-404-007").http == 404
    assert InvalidParameterError("x", code="strange").http == InvalidParameterError.http
    assert InvalidParameterError("x", code=Code.NO_GUID, http=418).http == 418


def test_text_is_code_message_and_help_and_params_are_kept_apart():
    error = EntityNotKnownError("No entity g-1", help="Check the guid.", guid="g-1")
    assert str(error) == "OMRS-REPOSITORY-404-002 No entity g-1; Check the guid."
    assert error.params == {"guid": "g-1"}
    assert str(EntityNotKnownError("No entity g-1.", help="Check.")) == "OMRS-REPOSITORY-404-002 No entity g-1. Check."
    assert str(EntityNotKnownError("No entity g-1")) == "OMRS-REPOSITORY-404-002 No entity g-1"


def test_only_what_can_succeed_later_is_retriable():
    assert {kind for kind in ours() if kind.retriable} == {NotReadyError, ProduceError}


@pytest.mark.parametrize("kind", [kind for kind in ours() if kind is not OmrsError], ids=lambda kind: kind.__name__)
def test_a_reply_gives_back_the_class_that_was_raised(kind: type[OmrsError]):
    error = kind("m", help="h")
    again = from_wire(error.java_class, error.message, code=error.code, http=error.http, help=error.help)
    assert again.exception_class == error.exception_class
    assert again.code == error.code
    assert isinstance(error, type(again)) or kind.exception_class == type(again).exception_class


def test_our_own_classes_are_recognised_by_their_code_and_strangers_become_repository_errors():
    assert type(from_wire("a.b.InvalidParameterException", "m", code=Code.REVISION_CONFLICT)) is RevisionConflictError
    assert type(from_wire("a.b.InvalidParameterException", "m", code=Code.NO_GUID)) is InvalidParameterError
    assert type(from_wire("EntityNotKnownException", "m")) is EntityNotKnownError
    stranger = from_wire("java.lang.NullPointerException", "m", code="OMAG-COMMON-500-001", http=500)
    assert type(stranger) is RepositoryError
    assert (stranger.code, stranger.http) == ("OMAG-COMMON-500-001", 500)


def test_a_class_of_a_plug_in_inherits_what_it_does_not_say():
    class PlugInError(RepositoryError):
        """An error of somebody else's package."""

    assert PlugInError("x").code == RepositoryError.default_code

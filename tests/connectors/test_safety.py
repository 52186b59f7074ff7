"""What one refresh may delete."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from omrs_connectors.builtin.safety import Safety, SafetyOptions
from omrs_schemas.errors import DeletionRefusedError

DEFAULT = SafetyOptions().safety("/data/lake")


@pytest.mark.parametrize(
    ("gone", "known", "allowed"),
    [
        (0, 0, True),
        (0, 100, True),
        (1, 1, True),  # the only one
        (2, 2, False),  # an empty answer
        (1_000, 1_000, False),
        (20, 21, True),
        (21, 22, False),
        (25, 100, True),
        (26, 100, False),
        (25_000, 100_000, True),
    ],
)
def test_the_default_limits(gone: int, known: int, allowed: bool) -> None:
    assert DEFAULT.allows(gone, known) is allowed


def test_a_source_that_has_other_elements_now_is_not_empty() -> None:
    assert DEFAULT.allows(5, 5, present=3)
    assert not DEFAULT.allows(5, 5, present=0)
    assert not DEFAULT.allows(30, 30, present=3)


def test_the_error_says_what_how_many_and_what_to_set() -> None:
    with pytest.raises(DeletionRefusedError) as raised:
        DEFAULT.check(30_000, 40_000, "files and folders")
    text = str(raised.value)
    assert text.startswith("OMRS-STREAMS-409-003 /data/lake would delete 30,000 of 40,000 files and folders")
    assert "maxDeletions" in text and "maxDeletedShare" in text
    assert not raised.value.retriable
    assert raised.value.params == {"source": "/data/lake", "gone": 30_000, "known": 40_000}


def test_an_operator_widens_the_limits() -> None:
    options = SafetyOptions.model_validate({"maxDeletions": 0, "maxDeletedShare": 0.5})
    assert [options.safety("x").allows(gone, 10) for gone in (5, 6, 10)] == [True, False, False]
    assert SafetyOptions(max_deleted_share=1).safety("x").allows(10, 10)
    for wrong in ({"maxDeletions": -1}, {"maxDeletedShare": 1.5}, {"maxdeletions": 1}):
        with pytest.raises(ValidationError, match=next(iter(wrong))):
            SafetyOptions.model_validate(wrong)


@given(gone=st.integers(0, 10_000), left=st.integers(0, 10_000), limit=st.integers(0, 500), share=st.floats(0, 0.999))
def test_an_empty_answer_never_deletes_and_fewer_deletions_are_never_worse(
    gone: int, left: int, limit: int, share: float
) -> None:
    safety = Safety("source", limit, share)
    if gone > 1:
        assert not safety.allows(gone, gone)
    if gone and safety.allows(gone, gone + left):
        assert safety.allows(gone - 1, gone + left)

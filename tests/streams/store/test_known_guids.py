"""The filter of a bulk load may say yes in vain, never no."""

from hypothesis import given
from hypothesis import strategies as st

from omrs_streams.store.known import KnownGuids


@given(st.sets(st.text()))
def test_what_was_added_is_held(guids: set[str]) -> None:
    known = KnownGuids()
    known.add(guids)
    assert all(known.may_hold(guid) for guid in guids)


def test_what_was_not_added_is_hardly_ever_held() -> None:
    known = KnownGuids()
    known.add(f"there-{number}" for number in range(10_000))
    assert sum(known.may_hold(f"not-{number}") for number in range(10_000)) < 100

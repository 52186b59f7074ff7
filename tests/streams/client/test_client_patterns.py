"""Quoting of literals in search patterns, checked with the server's own regular expressions."""

from hypothesis import given
from hypothesis import strategies as st

from omrs_streams.client import contains, ends_with, exact, starts_with
from omrs_streams.repository.matching_text import text_test

TEXT = st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Zl", "Zp"]), max_size=12)
SPIKY = TEXT | st.sampled_from(["\\E", "a\\Eb", "\\Q", "\\", "a\\", "\\E\\E", ".*", "a.b", "(", "[x", "\\Q\\E"])


@given(SPIKY, SPIKY)
def test_exact_matches_the_text_and_nothing_else(text: str, other: str) -> None:
    matches = text_test(exact(text), "test")
    assert matches(text)
    assert matches(other) == (other == text)


@given(SPIKY, SPIKY, SPIKY)
def test_parts_match_wherever_they_promise(text: str, before: str, after: str) -> None:
    assert text_test(starts_with(text), "test")(text + after)
    assert text_test(ends_with(text), "test")(before + text)
    assert text_test(contains(text), "test")(before + text + after)
    assert text_test(starts_with(text), "test")(before) == before.startswith(text)

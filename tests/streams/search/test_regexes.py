"""What is handed to RE2 accepts the texts that Java's expression accepts, and no others."""

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from omrs_schemas.javaregex import compile_java
from omrs_streams.search.regexes import to_re2

ATOMS = ("a", "b", ".", "[ab]", "[^a]", "\\d", "\\w", "\\s", "(a|b)", "(?:ab)", "\\Qa.b\\E", "1", " ", "\\.")
REPEATS = ("", "*", "+", "?", "*?", "{2}", "{02}", "{0}", "{00,1}", "{1,02}", "{01,}", "{0,}?")

patterns = st.builds(
    lambda parts, folded: ("(?i)" if folded else "") + "".join(parts),
    st.lists(st.builds(str.__add__, st.sampled_from(ATOMS), st.sampled_from(REPEATS)), min_size=1, max_size=4),
    st.booleans(),
)
texts = st.text(alphabet="aAb1. \n\u2028é{}0,", max_size=6)


def said(translated: str, among: list[str]) -> list[bool]:
    with duckdb.connect() as file:
        rows = [file.execute("SELECT regexp_full_match(?, ?)", [text, translated]).fetchall() for text in among]
    return [found for [(found,)] in rows]


@settings(deadline=None)
@given(pattern=patterns, among=st.lists(texts, min_size=1, max_size=10))
def test_both_say_the_same(pattern: str, among: list[str]) -> None:
    translated = to_re2(pattern)
    if translated is not None:
        java = compile_java(pattern)
        assert said(translated, among) == [java.fullmatch(text) is not None for text in among], translated


@pytest.mark.parametrize("pattern", ["[a]{01}.", "a{002,03}", "b{0,}"])
def test_counts_are_written_as_numbers(pattern: str) -> None:
    translated, java = to_re2(pattern), compile_java(pattern)
    among = ["ax", "aa", "aaa", "bb", "", "a{01}x"]
    assert translated is not None
    assert said(translated, among) == [java.fullmatch(text) is not None for text in among]

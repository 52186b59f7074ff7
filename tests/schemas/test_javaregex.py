"""Java patterns: the same texts match as in Java, and plain ones need no regular expression.

The tables were answered by `java.util.regex` of Java 17; random patterns were compared with it when this was written.
"""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from omrs_schemas.codes import Code
from omrs_schemas.errors import InvalidParameterError
from omrs_schemas.javaregex import LINE_TERMINATORS, compile_java, literal_parts, matcher, quote

MATCH = [
    (r"\Qa.b\E", "a.b"),
    (r"\Q\E", ""),
    (r"(?i)\QGlossary\E.*", "GLOSSARY term"),
    ("(?iu)\xe9", "\xc9"),
    ("a(?i)b|c", "aB"),
    ("a(?i)b|c", "C"),
    ("(?i)a(?-i)b", "Ab"),
    ("(?i:a)b", "Ab"),
    ("(?s)a.b", "a\nb"),
    ("(?d)a.b", "a\rb"),
    ("a$", "a"),
    (r"a$\n", "a\n"),
    (r"(?m)a$\nb", "a\nb"),
    ("(?sm).*^b", "a\nb"),
    (r"\p{Alpha}+", "abc"),
    (r"\p{L}+", "ab\xe9"),
    (r"\P{L}", "1"),
    (r"\pL", "\xe9"),
    (r"(?i)\p{Lu}", "a"),
    (r"\p{IsGreek}", "\u03b1"),
    (r"\p{InGreek}", "\u03b1"),
    (r"\p{Punct}+", "!~[]"),
    (r"\p{IsAlphabetic}", "\xe9"),
    (r"\p{javaLowerCase}", "\xe9"),
    (r"(?U)\d", "\u0663"),
    (r"(?U)\w+", "\xe9"),
    (r"\h", "\xa0"),
    (r"\v", "\u2028"),
    (r"\R", "\r\n"),
    ("[a-z&&[^bc]]+", "ade"),
    ("[a[bc]]+", "abc"),
    ("[]a]+", "]a"),
    ("[a-]", "-"),
    (r"[\d-z]", "-"),
    (r"[\Qa-]\E]+", "]-a"),
    ("[a&b]", "&"),
    ("[&&a]", "a"),
    ("a++b", "aab"),
    ("a{1,2}+a", "aaa"),
    ("a*?b", "aab"),
    (r"(a)\1", "aa"),
    (r"(?<x>a)\k<x>", "aa"),
    (r"(a)\11", "aa1"),
    ("(?=ab)a.", "ab"),
    ("(?<!a)b", "b"),
    (r"\x41\u0042\x{43}\0104\cE", "ABCD\x05"),
    (r"\x{1F600}", "\U0001f600"),
    (r"\uD83D\uDE00", "\U0001f600"),
    (r"\t\n\r\f\a\e", "\t\n\r\x0c\x07\x1b"),
    (r"\@\-\ ", "@- "),
    ("(?x) a b # c", "ab"),
    (r"(?x)a\ b", "a b"),
    ("}]", "}]"),
    ("", ""),
    ("a|", ""),
]
NO_MATCH = [
    (r"\Qa.b\E", "axb"),
    (r".*\Qx\E", "a\nx"),
    (r"\Qa\E.*", "a\r"),
    (r".*\Qa\E.*", "b\u2028a"),
    ("(?i)\xe9", "\xc9"),
    ("(?i)k", "\u212a"),
    (r"(?iu)stra\u00dfe", "STRASSE"),
    ("a(?i)b|c", "A"),
    ("(?i)a(?-i)b", "AB"),
    ("(?i:a)b", "AB"),
    ("a.b", "a\nb"),
    ("a.b", "a\x85b"),
    ("(?m).*^b", "a\nb"),
    (r"\p{Alpha}+", "ab\xe9"),
    (r"\p{Lu}", "a"),
    (r"\p{javaWhitespace}", "\xa0"),
    (r"\d", "\u0663"),
    (r"\w+", "\xe9"),
    (r"\s", "\xa0"),
    ("a\\b\xe9", "a\xe9"),
    ("[a-z&&[^bc]]", "b"),
    ("[^a-z&&[b]]", "b"),
    ("[^]a]", "]"),
    ("a*+a", "aaa"),
    ("(?>a|ab)c", "abc"),
    (r"\1", "a"),
    ("a{2}{2}", "aaaa"),
]
REFUSED = [
    "[a--b]",
    "[~~||--]",
    "[a",
    "(a",
    "a)",
    "*a",
    "a**",
    "{",
    "a{",
    "\\",
    r"\y",
    "(?z)a",
    "(?P<n>a)",
    "(?#c)a",
    "(?|a)",
    "(*F)a",
    "a{e<=1}",
    "[b-a]",
    "[]",
    r"\p{NoSuch}",
    "(?<1>a)",
    r"\k<n>",
    "a{2,1}",
    r"\x{110000}",
    "[a&&",
]


def matches(pattern: str, text: str) -> bool:
    return compile_java(pattern).fullmatch(text) is not None


@pytest.mark.parametrize(("pattern", "text"), MATCH)
def test_matches_as_in_java(pattern, text):
    assert matches(pattern, text)
    assert matcher(pattern)(text)


@pytest.mark.parametrize(("pattern", "text"), NO_MATCH)
def test_does_not_match_as_in_java(pattern, text):
    assert not matches(pattern, text)
    assert not matcher(pattern)(text)


@pytest.mark.parametrize("pattern", REFUSED)
def test_what_java_refuses_is_refused_with_the_pattern_in_the_message(pattern):
    with pytest.raises(InvalidParameterError, match="is not a regular expression") as caught:
        compile_java(pattern)
    assert caught.value.code == Code.INVALID_SEARCH_CRITERIA
    assert repr(pattern) in caught.value.message


@pytest.mark.parametrize("pattern", ["(" * 5000, "[" * 5000, "(?:" * 2000 + ")" * 2000, "a{99999999999999}"])
def test_monstrous_patterns_are_refused_and_not_a_crash(pattern):
    with pytest.raises(InvalidParameterError):
        compile_java(pattern)


def test_a_hostile_pattern_stops_at_its_timeout():
    """Without one it would be busy for longer than anybody waits."""
    test = matcher("(?:(?:a|aa)+)+c", timeout=0.05)
    with pytest.raises(TimeoutError):
        test("a" * 60)


@pytest.mark.parametrize(
    ("pattern", "parts"),
    [
        ("plain text", ("exact", "plain text")),
        ("", ("exact", "")),
        (r"\Qa.b*\E", ("exact", "a.b*")),
        (r"\Qopen end", ("exact", "open end")),
        (r"\Qa\E.*", ("prefix", "a")),
        (r".*\Qa\E", ("suffix", "a")),
        (r".*\Qa\E.*", ("contains", "a")),
        (".*plain.*", ("contains", "plain")),
        (".*", ("contains", "")),
        (r"a\.b\-c", ("exact", "a.b-c")),
        (r"\Qa\E\\E\Qb\E", ("exact", r"a\Eb")),
        (r"\Q.*\E.*", ("prefix", ".*")),
        (r"a\d", None),
        ("a.b", None),
        (r"\Qa\E*", None),
        (r".*.*a", None),
        ("a.*b", None),
        (r"(?i)\Qa\E", None),
        ("a|b", None),
        ("a\\", None),
    ],
)
def test_literal_parts(pattern, parts):
    assert literal_parts(pattern) == parts


TEXTS = st.text(st.sampled_from("abAé.*\\QE[]{}()|^$+? \t\n\r\u0085\u20280😀-&~#"), max_size=12)


@given(TEXTS)
def test_a_quoted_text_matches_itself_and_is_literal(text):
    assert matches(quote(text), text)
    assert literal_parts(quote(text)) == ("exact", text)


@given(TEXTS, TEXTS)
def test_a_quoted_text_matches_nothing_else(text, other):
    assert matches(quote(text), other) == (text == other)


@given(TEXTS, TEXTS, st.sampled_from(["{}", "{}.*", ".*{}", ".*{}.*"]))
def test_the_fast_path_says_what_the_expression_says(text, value, form):
    pattern = form.format(quote(text))
    literal = literal_parts(pattern)
    assert literal is not None and literal.text == text
    assert literal.matches(value) == matches(pattern, value)


@given(TEXTS, TEXTS, TEXTS)
def test_contains_finds_the_text_between_single_lines(before, text, after):
    one_line = not any(terminator in before + after for terminator in LINE_TERMINATORS)
    if one_line:
        assert matches(f".*{quote(text)}.*", before + text + after)


@given(st.text(max_size=15))
def test_any_text_as_a_pattern_compiles_or_is_refused(pattern):
    try:
        compile_java(pattern)
    except InvalidParameterError as error:
        assert error.code == Code.INVALID_SEARCH_CRITERIA


@given(st.text(st.sampled_from("ab.*+?|()[]^$\\dwQE{}12,-&:=!<>i#"), max_size=12), st.text("ab1 \n", max_size=4))
def test_every_pattern_of_metacharacters_ends_in_an_answer(pattern, text):
    try:
        test = matcher(pattern, timeout=60)
    except InvalidParameterError:
        return
    assert test(text) in (True, False)


def test_a_plain_pattern_that_is_only_a_fast_path_agrees_with_the_compiler():
    for pattern in ("]", "}", "a]b", "a}b", "-", "#x", "é"):
        literal = literal_parts(pattern)
        assert matches(pattern, pattern)
        assert literal is None or literal.matches(pattern)

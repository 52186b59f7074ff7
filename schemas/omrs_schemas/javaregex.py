"""Java regular expressions, as members of a cohort write them, made to run here (OMRS queries § 3).

A Java pattern is translated into one of the `regex` package that matches the same texts under full match:

- `\\Q…\\E`, also inside character classes; escapes (`\\x{…}`, `\\0nn`, `\\cX`, `\\h \\v \\R`, `\\Z \\z`, `\\k<name>`);
- flags `(?idmsuxU-…)` and `(?i:…)`, to the end of their group; case-insensitive is ASCII only unless `u` is on;
- `\\d \\w \\s` and the POSIX names (`\\p{Alpha}` …) are ASCII, scripts, blocks and categories are Unicode;
- `.`, `^` and `$` know Java's line terminators (LF, CR, CRLF, NEL, LS, PS), so `.*` does not cross any of them;
- character classes with unions, `&&` and nested classes; greedy, reluctant and possessive quantifiers.

Constructs that only the Python side knows (fuzzy `{e<=1}`, `(?P<…>)`, `(?|…)`, verbs) are refused, as Java does.
Patterns come from callers: give `fullmatch` a `timeout`, a hostile one can run for ever.
"""

from collections.abc import Callable
from functools import lru_cache
from typing import Literal, NamedTuple, Protocol

import regex

from omrs_schemas._javaregex_translate import Unsupported, translate
from omrs_schemas.codes import Code
from omrs_schemas.errors import InvalidParameterError

_CACHED = 1024  # distinct patterns of a busy server; one is a few KB compiled
LINE_TERMINATORS = "\n\r\u0085\u2028\u2029"
"""What an unflagged `.` does not match."""


class CompiledPattern(Protocol):
    """What is used of a compiled pattern of the `regex` package (which is not typed)."""

    pattern: str

    def fullmatch(self, string: str, *, timeout: float | None = None) -> object | None:
        """Match the whole text or None; raises TimeoutError."""

    def search(self, string: str, *, timeout: float | None = None) -> object | None:
        """Match somewhere in the text or None; raises TimeoutError."""


MAX_PATTERN = 20_000
"""Characters. Translating and compiling take 10 µs each: a longer one would hold up everything else in the process."""


@lru_cache(maxsize=_CACHED)
def compile_java(pattern: str) -> CompiledPattern:
    """The compiled equivalent of a Java pattern.

    Errors: `InvalidParameterError` INVALID_SEARCH_CRITERIA (PROPERTIES-400-006), naming the place where it can.
    """
    if len(pattern) > MAX_PATTERN:
        raise _bad(pattern, f"it has {len(pattern)} characters, {MAX_PATTERN} are taken")
    try:
        translated, unicode_case = translate(pattern)
        flags = regex.V1 | (regex.UNICODE if unicode_case else regex.ASCII)
        compiled: CompiledPattern = regex.compile(translated, flags)
    except Unsupported as error:
        raise _bad(pattern, f"{error.problem} near index {error.index}") from error
    except (regex.error, ValueError, OverflowError, RecursionError, KeyError) as error:
        raise _bad(pattern, str(error) or type(error).__name__) from error
    return compiled


def _bad(pattern: str, problem: str) -> InvalidParameterError:
    shown = pattern if len(pattern) <= 200 else f"{pattern[:200]}…"
    return InvalidParameterError(
        f"{shown!r} is not a regular expression: {problem}",
        code=Code.INVALID_SEARCH_CRITERIA,
        help=r"Use Java syntax; put text that is meant literally between \Q and \E.",
        parameter="searchCriteria",
        pattern=shown,
    )


def quote(text: str) -> str:
    """The Java pattern that matches exactly this text (`Pattern.quote`)."""
    return "\\Q" + text.replace("\\E", "\\E\\\\E\\Q") + "\\E"


Kind = Literal["exact", "prefix", "suffix", "contains"]


class LiteralPattern(NamedTuple):
    """A pattern that is a plain text, maybe with `.*` before or behind it."""

    kind: Kind
    text: str

    def matches(self, value: str) -> bool:
        """Exactly what the pattern's full match says, line terminators in the rest of the value included."""
        text = self.text
        if self.kind == "exact":
            return value == text
        if self.kind == "prefix":
            return value.startswith(text) and _one_line(value, len(text), len(value))
        if self.kind == "suffix":
            return value.endswith(text) and _one_line(value, 0, len(value) - len(text))
        start = value.find(text)
        while start >= 0:
            if not _one_line(value, 0, start):
                return False
            if _one_line(value, start + len(text), len(value)):
                return True
            start = value.find(text, start + 1)
        return False


def _one_line(value: str, start: int, end: int) -> bool:
    return not any(value.find(terminator, start, end) >= 0 for terminator in LINE_TERMINATORS)


_META = frozenset("\\^$.|?*+()[]{}")
_ANY = ".*"


@lru_cache(maxsize=_CACHED)
def literal_parts(pattern: str) -> LiteralPattern | None:
    """(kind, text) of a pattern that needs no regular expression at all; None for every other pattern.

    Understood: text without metacharacters, `\\Q…\\E` and escaped punctuation in any sequence, with `.*` before it
    (suffix), behind it (prefix) or both (contains). An index finds candidates by `text`; `matches` then decides.
    """
    body, leading, trailing = pattern, pattern.startswith(_ANY), False
    if leading:
        body = body[len(_ANY) :]
        if body == "":
            return LiteralPattern("contains", "")
    text: list[str] = []
    at = 0
    while at < len(body):
        char = body[at]
        if body.startswith("\\Q", at):
            close = body.find("\\E", at + 2)
            close = len(body) if close < 0 else close
            text.append(body[at + 2 : close])
            at = close + 2
        elif char == "\\" and at + 1 < len(body) and body[at + 1].isascii() and not body[at + 1].isalnum():
            text.append(body[at + 1])
            at += 2
        elif body[at:] == _ANY:
            trailing = True
            break
        elif char in _META:
            return None
        else:
            text.append(char)
            at += 1
    kinds: dict[tuple[bool, bool], Kind] = {
        (False, False): "exact",
        (False, True): "prefix",
        (True, False): "suffix",
        (True, True): "contains",
    }
    return LiteralPattern(kinds[leading, trailing], "".join(text))


def matcher(pattern: str, *, timeout: float | None = None) -> Callable[[str], bool]:
    """A test for the full match of a value, without a regular expression where the pattern allows it.

    `timeout`: seconds one value may take. Errors: as `compile_java`; the test raises `TimeoutError`.
    """
    literal = literal_parts(pattern)
    if literal is not None:
        return literal.matches
    compiled = compile_java(pattern)
    return lambda value: compiled.fullmatch(value, timeout=timeout) is not None

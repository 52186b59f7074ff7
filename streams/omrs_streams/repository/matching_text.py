"""Java regular expressions as tests of text, and what an index can use of them (OMRS queries § 3, first bullet)."""

from collections.abc import Callable

from omrs_schemas.codes import Code
from omrs_schemas.errors import InvalidParameterError
from omrs_schemas.javaregex import compile_java, matcher

_SPECIAL = frozenset("\\^$.|?*+()[]{}")
_REPEATS = frozenset("?*+{")

SECONDS_PER_VALUE = 1.0
"""What one text may take: real expressions need microseconds, one that backtracks for ever must not hold a worker."""


def text_test(pattern: str, parameter: str) -> Callable[[str], bool]:
    """Whether a whole text matches.

    Raises InvalidParameterError (OMRS-PROPERTIES-400-006) for a bad expression; so does the test when a text takes
    longer than `SECONDS_PER_VALUE`.
    """
    return _limited(matcher(pattern, timeout=SECONDS_PER_VALUE), pattern, parameter)


def found_test(pattern: str, parameter: str) -> Callable[[str], bool]:
    """Whether the expression is found somewhere in a text (`.*pattern.*`, also over several lines)."""
    compiled = compile_java(pattern)
    return _limited(lambda text: compiled.search(text, timeout=SECONDS_PER_VALUE) is not None, pattern, parameter)


def _limited(test: Callable[[str], bool], pattern: str, parameter: str) -> Callable[[str], bool]:
    def within(text: str) -> bool:
        try:
            return test(text)
        except TimeoutError as fault:
            raise InvalidParameterError(
                f"the expression {pattern!r} takes more than {SECONDS_PER_VALUE:.0f} s on one value",
                code=Code.INVALID_SEARCH_CRITERIA,
                help="Nested repetitions such as (a+)+ try every split of a text; write it without them.",
                parameter=parameter,
                pattern=pattern,
            ) from fault

    return within


def leading_literal(pattern: str) -> tuple[str, bool]:
    """The text that every match begins with, and whether it is the whole match.

    Understands `\\Q…\\E`, escaped punctuation and plain characters; stops at the first thing that may mean something
    else. An alternative anywhere outside a quotation, or a pattern that begins with flags such as `(?i)`, promises
    nothing.
    """
    literal: list[str] = []
    at, end = 0, len(pattern)
    while at < end:
        if pattern.startswith("\\Q", at):
            close = pattern.find("\\E", at + 2)
            stop = end if close < 0 else close
            quoted, after = pattern[at + 2 : stop], end if close < 0 else close + 2
            literal.extend(quoted)
            at = after
        elif pattern[at] == "\\" and pattern[at + 1 : at + 2].isascii() and not pattern[at + 1 : at + 2].isalnum():
            literal.append(pattern[at + 1 : at + 2])
            at += 2
        elif pattern[at] in _SPECIAL:
            break
        else:
            literal.append(pattern[at])
            at += 1
    rest = pattern[at:]
    if not rest:
        return "".join(literal), True
    if _has_alternative(rest):
        return "", False
    if rest[0] in _REPEATS and literal:
        literal.pop()
    return "".join(literal), False


def _has_alternative(rest: str) -> bool:
    at = 0
    while at < len(rest):
        if rest.startswith("\\Q", at):
            close = rest.find("\\E", at + 2)
            if close < 0:
                return False
            at = close + 2
        elif rest[at] == "\\":
            at += 2
        elif rest[at] == "|":
            return True
        else:
            at += 1
    return False

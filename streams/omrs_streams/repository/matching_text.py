"""Java regular expressions as tests of text, and what an index can use of them (OMRS queries § 3, first bullet)."""

from collections.abc import Callable

from omrs_schemas.javaregex import compile_java

_SPECIAL = frozenset("\\^$.|?*+()[]{}")
_REPEATS = frozenset("?*+{")


def text_test(pattern: str, parameter: str) -> Callable[[str], bool]:
    """Whether a whole text matches; raises InvalidParameterError (OMRS-PROPERTIES-400-006) for a bad expression."""
    compiled = compile_java(pattern)
    literal, whole = leading_literal(pattern)
    if whole:
        return lambda text: text == literal
    return lambda text: compiled.fullmatch(text) is not None


def found_test(pattern: str, parameter: str) -> Callable[[str], bool]:
    """Whether the expression is found somewhere in a text (`.*pattern.*`, also over several lines)."""
    compiled = compile_java(pattern)
    return lambda text: compiled.search(text) is not None


def leading_literal(pattern: str) -> tuple[str, bool]:
    """The text that every match begins with, and whether it is the whole match.

    Understands `\\Q…\\E` and plain characters; stops at the first thing that may mean something else. An alternative
    anywhere outside a quotation, or a pattern that begins with flags such as `(?i)`, promises nothing.
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

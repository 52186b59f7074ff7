"""Java expressions as RE2's, where both say yes to exactly the same texts (OMRS queries § 3).

Only what is regular and means the same everywhere is taken: literals, `\\Q…\\E`, `.`, classes of characters, ranges and
`\\d \\w \\s`, groups, alternatives, greedy and reluctant repetition, `(?i)` in front. Under full match these accept the
same texts, whether an engine backtracks or not. Everything else (anchors, look-around, back references, possessive
repetition, properties, `&&`, other flags) is left to the matcher.
"""

from functools import lru_cache
from typing import Final

import regex

from omrs_schemas.javaregex import LINE_TERMINATORS

MAX_LENGTH: Final = 1_000
MAX_REPEAT: Final = 100
"""RE2 writes repetitions out; above this it may run out of its memory."""

_SETS: Final = {"d": "0-9", "w": "a-zA-Z0-9_", "s": r" \t\n\x0b\f\r"}
_CONTROLS: Final = {"t": r"\t", "n": r"\n", "r": r"\r", "f": r"\f"}
_ANY: Final = "[^" + "".join(f"\\x{{{ord(char):x}}}" for char in LINE_TERMINATORS) + "]"
_REPEAT: Final = regex.compile(r"\{([0-9]{1,3})(,([0-9]{0,3}))?\}")
_MAX_DEPTH: Final = 20


class _Foreign(Exception):
    """Not of the part that both share."""


@lru_cache(1_024)
def to_re2(pattern: str) -> str | None:
    """The expression for RE2; None when it is not known to mean the same there."""
    if len(pattern) > MAX_LENGTH:
        return None
    folded = pattern.startswith("(?i)")
    reader = _Reader(pattern[4:] if folded else pattern, folded)
    try:
        translated = reader.alternatives(0)
        if reader.at < len(reader.pattern):
            return None
    except (_Foreign, IndexError):
        return None
    return f"(?i){translated}" if folded else translated


def _count(found: regex.Match[str]) -> str:
    """The repetition without leading zeros: with them RE2 takes it for plain text."""
    least, upwards, most = found[1], found[2], found[3]
    if upwards is None:
        return f"{{{int(least)}}}"
    return f"{{{int(least)},{int(most) if most else ''}}}"


class _Reader:
    def __init__(self, pattern: str, folded: bool) -> None:
        self.pattern = pattern
        self.at = 0
        self.folded = folded

    def alternatives(self, depth: int) -> str:
        """Up to the closing parenthesis (not taken) or the end."""
        if depth > _MAX_DEPTH:
            raise _Foreign
        out: list[str] = []
        while self.at < len(self.pattern) and self.pattern[self.at] != ")":
            if self.pattern[self.at] == "|":
                self.at += 1
                out.append("|")
            elif self.pattern.startswith("\\Q", self.at):
                self.quotation(out)
            else:
                out.append(self.atom(depth) + self.repetition())
        return "".join(out)

    def quotation(self, out: list[str]) -> None:
        close = self.pattern.find("\\E", self.at + 2)
        end = len(self.pattern) if close < 0 else close
        quoted = self.pattern[self.at + 2 : end]
        self.at = end if close < 0 else close + 2
        if not quoted and self.repeats():
            raise _Foreign
        out.extend(map(self.literal, quoted))
        if out:
            out[-1] += self.repetition()

    def repeats(self) -> bool:
        return self.at < len(self.pattern) and self.pattern[self.at] in "*+?{"

    def atom(self, depth: int) -> str:
        char = self.pattern[self.at]
        self.at += 1
        if char == "(":
            if self.pattern.startswith("?:", self.at):
                self.at += 2
            elif self.pattern.startswith("?", self.at):
                raise _Foreign
            body = self.alternatives(depth + 1)
            if self.pattern[self.at] != ")":
                raise _Foreign
            self.at += 1
            return f"(?:{body})"
        if char == ".":
            return _ANY
        if char == "[":
            return self.members()
        if char == "\\":
            return self.escape(inside=False)
        if char in "*+?{^$":
            raise _Foreign
        return self.literal(char)

    def repetition(self) -> str:
        if not self.repeats():
            return ""
        char = self.pattern[self.at]
        if char == "{":
            found = _REPEAT.match(self.pattern, self.at)
            if not found or int(found[1]) > MAX_REPEAT or int(found[3] or 0) > MAX_REPEAT:
                raise _Foreign
            repeat = _count(found)
            self.at = found.end()
        else:
            repeat = char
            self.at += 1
        if self.pattern.startswith("+", self.at):
            raise _Foreign  # possessive: gives nothing back
        if self.pattern.startswith("?", self.at):
            self.at += 1  # reluctant: the same texts
        if self.repeats():
            raise _Foreign
        return repeat

    def members(self) -> str:
        negated = self.pattern[self.at] == "^"
        if negated and self.folded:
            raise _Foreign  # RE2 folds more letters together than Java: it would leave out too much
        self.at += negated
        out: list[str] = []
        while (char := self.pattern[self.at]) != "]":
            self.at += 1
            if char == "[" or (char == "&" and self.pattern.startswith("&", self.at)) or char == "^":
                raise _Foreign
            low = self.escape(inside=True) if char == "\\" else self.literal(char)
            if self.pattern[self.at] == "-" and self.pattern[self.at + 1] != "]":
                high = self.pattern[self.at + 1]
                if char == "\\" or high in "\\[&" or high < char:
                    raise _Foreign
                low += f"-{self.literal(high)}"
                self.at += 2
            out.append(low)
        if not out:
            raise _Foreign
        self.at += 1
        return f"[{'^' if negated else ''}{''.join(out)}]"

    def escape(self, *, inside: bool) -> str:
        char = self.pattern[self.at]
        self.at += 1
        if char in _SETS:
            return _SETS[char] if inside else f"[{_SETS[char]}]"
        if char in _CONTROLS:
            return _CONTROLS[char]
        if not char.isascii() or char.isalnum():
            raise _Foreign
        return self.literal(char)

    def literal(self, char: str) -> str:
        if self.folded and not char.isascii():
            raise _Foreign
        return char if char.isascii() and char.isalnum() else f"\\x{{{ord(char):x}}}"

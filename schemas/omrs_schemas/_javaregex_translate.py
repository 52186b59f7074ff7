"""The translation behind `javaregex.compile_java`: one pass over a Java pattern, flags tracked per group."""

from dataclasses import dataclass, replace

import regex

TERMINATORS = r"\n\r\u0085\u2028\u2029"
_VERTICAL = r"\n\x0b\f\r\u0085\u2028\u2029"
_HORIZONTAL = r" \t\u00a0\u1680\u180e\u2000-\u200a\u202f\u205f\u3000"
_AT_END = rf"(?=(?:\r\n|[{TERMINATORS}])?\Z)"

_SHORTHANDS = {"d": "0-9", "w": "a-zA-Z0-9_", "s": r" \t\n\x0b\f\r", "h": _HORIZONTAL, "v": _VERTICAL}
_POSIX = {
    "Lower": "a-z",
    "Upper": "A-Z",
    "ASCII": r"\x00-\x7f",
    "Alpha": "a-zA-Z",
    "Digit": "0-9",
    "Alnum": "a-zA-Z0-9",
    "Punct": r"!-/:-@\[-`{-\~",
    "Graph": r"!-\~",
    "Print": r"\x20-\~",
    "Blank": r" \t",
    "Cntrl": r"\x00-\x1f\x7f",
    "XDigit": "0-9a-fA-F",
    "Space": r" \t\n\x0b\f\r",
}
_JAVA_NAMES = {
    "javaLowerCase": "Lowercase",
    "javaUpperCase": "Uppercase",
    "javaAlphabetic": "Alphabetic",
    "javaLetter": "L",
    "javaDigit": "Nd",
    "javaLetterOrDigit": None,
    "javaWhitespace": None,
}
_JAVA_SETS = {
    "javaLetterOrDigit": r"\p{L}\p{Nd}",
    "javaWhitespace": r"\t\n\x0b\f\r\x1c-\x1f \u1680\u2000-\u2006\u2008-\u200a\u205f\u3000\u2028\u2029",
}
_CONTROLS = {"t": "\t", "n": "\n", "r": "\r", "f": "\f", "a": "\a", "e": "\x1b"}
_FLAGS = frozenset("idmsuxU")
_PROPERTY_NAME = regex.compile(r"[A-Za-z][A-Za-z0-9_ \-]*(?:=[A-Za-z0-9_ \-]+)?")
_QUANTIFIER = regex.compile(r"(?:[*+?]|\{[0-9]+(?:,[0-9]*)?\})[?+]?")
_HEX2, _HEX4 = regex.compile(r"[0-9a-fA-F]{2}"), regex.compile(r"[0-9a-fA-F]{4}")
_GROUP_NAME = regex.compile(r"[A-Za-z][A-Za-z0-9]*")
_MAX_DEPTH = 100  # nested groups and classes; deeper ones are an attack on the stack, not a search


class Unsupported(Exception):
    """The pattern is not valid Java, or not one this translation can keep the meaning of."""

    def __init__(self, problem: str, index: int) -> None:
        super().__init__(problem)
        self.problem, self.index = problem, index


@dataclass(frozen=True, slots=True)
class Flags:
    """Java's embedded flags, as they are at a place in the pattern."""

    i: bool = False
    d: bool = False
    m: bool = False
    s: bool = False
    u: bool = False
    x: bool = False
    U: bool = False


def translate(pattern: str) -> tuple[str, bool]:
    """(pattern for `regex` V1, whether it has to be compiled with Unicode case rules)."""
    reader = _Reader(_unquoted(pattern))
    text = reader.group(Flags(), 0)
    if reader.at < len(reader.pattern):
        raise Unsupported("unmatched closing ')'", reader.at)
    return text, reader.unicode_case


def _unquoted(pattern: str) -> str:
    """Quotations written as escapes, before anything else is read: that is when Java does it."""
    if "\\Q" not in pattern:
        return pattern
    out: list[str] = []
    at = 0
    while at < len(pattern):
        if pattern.startswith("\\Q", at):
            close = pattern.find("\\E", at + 2)
            close = len(pattern) if close < 0 else close
            out.extend(map(_escaped, pattern[at + 2 : close]))
            at = close + 2
        else:
            width = 2 if pattern[at] == "\\" else 1
            out.append(pattern[at : at + width])
            at += width
    return "".join(out)


def _escaped(char: str) -> str:
    """A quoted character; digits by number, so that they never join what stands before them."""
    return rf"\x3{char}" if char in "0123456789" else char if char.isascii() and char.isalpha() else f"\\{char}"


class _Reader:
    def __init__(self, pattern: str) -> None:
        self.pattern = pattern
        self.at = 0
        self.unicode_case = False
        self.groups = 0

    # Reading

    def peek(self, text: str) -> bool:
        return self.pattern.startswith(text, self.at)

    def take(self, text: str) -> bool:
        if self.peek(text):
            self.at += len(text)
            return True
        return False

    def char(self) -> str:
        if self.at >= len(self.pattern):
            raise Unsupported("the pattern ends too early", self.at)
        self.at += 1
        return self.pattern[self.at - 1]

    def until(self, end: str) -> str:
        close = self.pattern.find(end, self.at)
        if close < 0:
            raise Unsupported(f"{end!r} is missing", self.at)
        text = self.pattern[self.at : close]
        self.at = close + len(end)
        return text

    def skip_comments(self) -> None:
        while self.at < len(self.pattern):
            char = self.pattern[self.at]
            if char in " \t\n\x0b\f\r":
                self.at += 1
            elif char == "#":
                line_end = regex.compile(f"[{TERMINATORS}]").search(self.pattern, self.at)
                self.at = line_end.end() if line_end else len(self.pattern)
            else:
                return

    # Groups

    def group(self, flags: Flags, depth: int) -> str:
        """Everything up to the closing parenthesis (not taken) or the end."""
        if depth > _MAX_DEPTH:
            raise Unsupported(f"more than {_MAX_DEPTH} groups inside each other", self.at)
        out: list[str] = []
        opened = ""  # a flag group that runs to the end of the branch and is opened again behind each `|`
        while True:
            if flags.x:
                self.skip_comments()
            if self.at >= len(self.pattern) or self.peek(")"):
                return "".join(out) + (")" if opened else "")
            if self.take("|"):
                out.append((")" if opened else "") + "|" + opened)
                continue
            changed = self.inline_flags(flags)
            if changed is not None:
                if opened:
                    out.append(")")
                flags, opened = changed, _case_group(changed)
                out.append(opened)
                continue
            out.append(self.piece(flags, depth))

    def inline_flags(self, flags: Flags) -> Flags | None:
        """`(?i)` and its kind: the flags from here to the end of the group; None when it is something else."""
        found = regex.compile(r"\(\?([a-zA-Z]*)(?:-([a-zA-Z]*))?\)").match(self.pattern, self.at)
        if not found:
            return None
        self.at = found.end()
        return self.flagged(flags, found[1], found[2] or "")

    def flagged(self, flags: Flags, on: str, off: str) -> Flags:
        unknown = set(on + off) - _FLAGS
        if unknown:
            raise Unsupported(f"unknown flag {min(unknown)!r}", self.at)
        result = replace(flags, **dict.fromkeys(on, True))
        if "U" in on:
            result = replace(result, u=True)
        result = replace(result, **dict.fromkeys(off, False))
        if "U" in off:
            result = replace(result, u=False)
        self.unicode_case |= result.u
        return result

    def piece(self, flags: Flags, depth: int) -> str:
        """One atom and its quantifier."""
        if self.take("("):
            atom = self.parenthesis(flags, depth + 1)
        elif self.take("["):
            atom = self.character_class(flags, depth + 1)
        elif self.take("\\"):
            atom = self.escape(flags)
        elif self.peek("{") and _QUANTIFIER.match(self.pattern, self.at):
            atom = "(?:)"  # Java repeats the nothing before it
        else:
            atom = self.plain(flags)
        if flags.x:
            self.skip_comments()
        quantifier = _QUANTIFIER.match(self.pattern, self.at)
        if quantifier:
            self.at = quantifier.end()
            return atom + str(quantifier[0])
        return atom

    def plain(self, flags: Flags) -> str:
        char = self.char()
        if char == ".":
            if flags.s:
                return r"[\s\S]"
            return r"[^\n]" if flags.d else f"[^{TERMINATORS}]"
        if char == "^":
            if not flags.m:
                return r"(?:\A)"
            return r"(?:\A|(?<=\n)(?!\Z))" if flags.d else rf"(?:\A|(?<=[{TERMINATORS}])(?<!\r(?=\n))(?!\Z))"
        if char == "$":
            if flags.m:
                return r"(?:(?=\n)|\Z)" if flags.d else rf"(?:(?=[{TERMINATORS}])(?<!\r(?=\n))|\Z)"
            return r"(?:(?=\n?\Z))" if flags.d else f"(?:{_AT_END})"
        if char in "*+?":
            raise Unsupported(f"dangling quantifier {char!r}", self.at - 1)
        if char == "{":
            raise Unsupported("illegal repetition", self.at - 1)
        return _literal(char)

    def parenthesis(self, flags: Flags, depth: int) -> str:
        opening = "("
        if self.take("?"):
            for simple in (":", "=", "!", ">", "<=", "<!"):
                if self.take(simple):
                    opening = f"(?{simple}"
                    break
            else:
                opening, flags = self.special_group(flags)
        else:
            self.groups += 1
        body = self.group(flags, depth)
        if not self.take(")"):
            raise Unsupported("unclosed group", self.at)
        return f"{opening}{body})"

    def special_group(self, flags: Flags) -> tuple[str, Flags]:
        if self.take("<"):
            name = self.until(">")
            if not _GROUP_NAME.fullmatch(name):
                raise Unsupported(f"bad group name {name!r}", self.at)
            self.groups += 1
            return f"(?<{name}>", flags
        found = regex.compile(r"([a-zA-Z]*)(?:-([a-zA-Z]*))?:").match(self.pattern, self.at)
        if not found:
            raise Unsupported("unknown group type", self.at)
        self.at = found.end()
        inner = self.flagged(flags, found[1], found[2] or "")
        return _case_group(inner), inner

    # Escapes

    def escape(self, flags: Flags) -> str:
        """What follows a backslash outside a character class."""
        at = self.at
        char = self.char()
        if char in "123456789":
            return self.back_reference(char)
        if char == "k":
            if not self.take("<"):
                raise Unsupported(r"\k is not followed by '<'", self.at)
            return rf"\g<{self.until('>')}>"
        anchors = {"A": r"(?:\A)", "z": r"(?:\Z)", "Z": f"(?:{_AT_END})", "G": r"(?:\G)", "X": r"\X"}
        if char in anchors:
            return anchors[char]
        if char in "bB":
            return rf"(?u:\{char})"
        if char == "R":
            return rf"(?:\r\n|[{_VERTICAL}])"
        self.at = at
        one, members = self.class_escape(flags)
        return _literal(one) if one is not None else f"(?u:[{members}])"

    def back_reference(self, first: str) -> str:
        """The longest number that is a group opened so far; Java: a group that is not there never matches."""
        number = first
        while self.at < len(self.pattern) and self.pattern[self.at] in "0123456789":
            if int(number + self.pattern[self.at]) > self.groups:
                break
            number += self.char()
        return rf"(?:\{number})" if int(number) <= self.groups else "(?!)"

    def class_escape(self, flags: Flags) -> tuple[str | None, str]:
        """(character, "") for an escaped character, (None, set members) for an escaped set."""
        char = self.char()
        if char in _CONTROLS:
            return _CONTROLS[char], ""
        if char in "xu0c":
            return self.numbered(char), ""
        if char.lower() in _SHORTHANDS and char.isascii():
            members = _SHORTHANDS[char.lower()]
            if flags.U and char in "dDwWsS":
                return None, rf"\{char}"
            return None, members if char.islower() else f"[^{members}]"
        if char in "pP":
            return None, self.property(flags, negated=char == "P")
        if char.isascii() and char.isalpha():
            raise Unsupported(rf"illegal escape \{char}", self.at - 1)
        return char, ""

    def numbered(self, kind: str) -> str:
        if kind == "c":
            return chr(ord(self.char()) ^ 64)
        if kind == "0":
            found = regex.compile(r"[0-3][0-7]{0,2}|[0-7]{1,2}").match(self.pattern, self.at)
            base, digits = 8, found[0] if found else ""
        elif kind == "x" and self.take("{"):
            return _character(self.until("}"), 16, self.at)
        else:
            found = (_HEX2 if kind == "x" else _HEX4).match(self.pattern, self.at)
            base, digits = 16, found[0] if found else ""
        self.at += len(digits)
        char = _character(digits, base, self.at)
        if "\ud800" <= char <= "\udbff":
            low = regex.compile(r"\\u([dD][c-fC-F][0-9a-fA-F]{2})").match(self.pattern, self.at)
            if low:
                self.at = low.end()
                return (char + chr(int(low[1], 16))).encode("utf-16", "surrogatepass").decode("utf-16")
        return char

    def property(self, flags: Flags, *, negated: bool) -> str:
        name = self.until("}") if self.take("{") else self.char()
        if not _PROPERTY_NAME.fullmatch(name):
            raise Unsupported(f"bad character property {name!r}", self.at)
        if name in _POSIX and not flags.U:
            return f"[^{_POSIX[name]}]" if negated else _POSIX[name]
        if name in _JAVA_SETS:
            return f"[^{_JAVA_SETS[name]}]" if negated else _JAVA_SETS[name]
        unicode_name = _JAVA_NAMES.get(name) or name
        return rf"\{'P' if negated else 'p'}{{{unicode_name}}}"

    # Character classes

    def character_class(self, flags: Flags, depth: int) -> str:
        """A class after its opening bracket, as an expression that Unicode properties in it can be part of."""
        return f"(?u:{self.class_body(flags, depth)})"

    def class_body(self, flags: Flags, depth: int) -> str:
        if depth > _MAX_DEPTH:
            raise Unsupported(f"more than {_MAX_DEPTH} classes inside each other", self.at)
        negated = self.take("^")
        operands = [self.class_operand(flags, depth, first=True)]
        while self.take("&&"):
            operands.append(self.class_operand(flags, depth, first=False))
        if not self.take("]"):
            raise Unsupported("unclosed character class", self.at)
        operands = [operand for operand in operands if operand]
        if not operands:
            raise Unsupported("empty character class", self.at)
        body = operands[0] if len(operands) == 1 else "&&".join(f"[{operand}]" for operand in operands)
        return f"[{'^' if negated else ''}{body}]"

    def class_operand(self, flags: Flags, depth: int, *, first: bool) -> str:
        """Members up to `&&` or the closing bracket; a bracket that comes first is a member."""
        members: list[str] = []
        while True:
            if flags.x:
                self.skip_comments()
            if self.at >= len(self.pattern) or self.peek("&&") or (self.peek("]") and (members or not first)):
                return "".join(members)
            if self.take("["):
                members.append(self.class_body(flags, depth + 1))
            else:
                members.append(self.member(flags))

    def member(self, flags: Flags) -> str:
        """A character, a range or an escaped set."""
        start = self.at
        if self.take("\\"):
            low, members = self.class_escape(flags)
            if low is None:
                return members
        else:
            low = self.char()
        following = self.pattern[self.at + 1 : self.at + 2]
        if not self.peek("-") or following in ("", "]", "["):
            return _literal(low)
        self.at += 1
        if self.take("\\"):
            high, _ = self.class_escape(flags)
            if high is None:
                raise Unsupported("illegal character range", start)
        else:
            high = self.char()
        if high < low:
            raise Unsupported("illegal character range", start)
        return f"{_literal(low)}-{_literal(high)}"


def _case_group(flags: Flags) -> str:
    """Opens a group in which letters compare as the flags say (full case folding never)."""
    return "(?i-f:" if flags.i else "(?-i:"


def _character(digits: str, base: int, index: int) -> str:
    try:
        return chr(int(digits, base))
    except (ValueError, OverflowError):
        raise Unsupported(f"bad character number {digits!r}", index) from None


def _literal(char: str) -> str:
    """The character itself, safe in and outside a class."""
    if char.isascii():
        if char.isalnum() or char == "_":
            return char
        return f"\\x{ord(char):02x}" if char.isspace() or not char.isprintable() else f"\\{char}"
    return f"\\U{ord(char):08x}" if "\ud800" <= char <= "\udfff" else char

"""Property values as bytes whose order is the order of the values.

| Tag | Value | Bytes |
|---|---|---|
| `b` | boolean | 0 or 1 |
| `i` | byte, short, int, long, date, an enum's ordinal | 8 bytes, sign bit flipped |
| `f` | float, double | 8 bytes IEEE 754, sign bit flipped, negative ones inverted |
| `s` | string, char | UTF-8, at most 256 bytes of it, NUL escaped, terminated |

A string longer than that is cut at a character: an index finds candidates, whoever asks compares the whole value.
"""

from struct import Struct
from typing import Final, NamedTuple

from omrs_streams.store.keys import ESCAPED, NUL

Scalar = bool | int | float | str

MAX_TEXT: Final = 256
"""Bytes of a string that are indexed: qualified names stay below it, descriptions need no longer prefix to be found."""

BOOLEAN: Final = b"b"
INTEGER: Final = b"i"
REAL: Final = b"f"
TEXT: Final = b"s"

_UNSIGNED: Final = Struct(">Q")
_DOUBLE: Final = Struct(">d")
_SIGN: Final = 1 << 63
_ALL: Final = (1 << 64) - 1


class Term(NamedTuple):
    """A decoded index value; `cut` when the string is longer than what is indexed may be (nothing is lost below it)."""

    value: Scalar
    cut: bool


def encode(value: object) -> bytes | None:
    """Tag and ordered bytes; None for what is no Scalar and for an integer outside 64 bits."""
    if type(value) is str:
        return b"s" + _text(value) + b"\0"
    if type(value) is int:
        return INTEGER + _UNSIGNED.pack(value + _SIGN) if -_SIGN <= value < _SIGN else None
    if type(value) is bool:
        return BOOLEAN + (b"\1" if value else NUL)
    if type(value) is not float:
        return None
    (bits,) = _UNSIGNED.unpack(_DOUBLE.pack(value + 0.0))
    return REAL + _UNSIGNED.pack(bits ^ _ALL if bits & _SIGN else bits | _SIGN)


def encode_prefix(text: str) -> bytes:
    """The bytes with which every indexed string begins that begins with `text`."""
    return TEXT + _text(text)


def _text(value: str) -> bytes:
    data = value.encode("utf-8", "surrogatepass")
    if len(data) > MAX_TEXT:
        data = cut(data)
    return data.replace(NUL, ESCAPED) if b"\0" in data else data


def cut(data: bytes) -> bytes:
    """At most MAX_TEXT bytes of UTF-8, whole characters only."""
    end = MAX_TEXT
    while data[end] & 0xC0 == 0x80:
        end -= 1
    return data[:end]


def decode(data: bytes, start: int = 0) -> tuple[Term, int]:
    """The value that begins at `start` and the position behind it."""
    tag = data[start : start + 1]
    if tag == TEXT:
        end = _terminator(data, start + 1)
        raw = data[start + 1 : end].replace(ESCAPED, NUL)
        return Term(raw.decode(errors="surrogatepass"), len(raw) > MAX_TEXT - 4), end + 1
    if tag == BOOLEAN:
        return Term(data[start + 1] == 1, False), start + 2
    (bits,) = _UNSIGNED.unpack_from(data, start + 1)
    if tag == INTEGER:
        return Term(bits - _SIGN, False), start + 9
    (value,) = _DOUBLE.unpack(_UNSIGNED.pack(bits ^ _SIGN if bits & _SIGN else bits ^ _ALL))
    return Term(value, False), start + 9


def _terminator(data: bytes, start: int) -> int:
    end = data.index(NUL, start)
    while data[end + 1 : end + 2] == b"\xff":
        end = data.index(NUL, end + 2)
    return end

"""Keys of a partition's store: one column family, one letter in front.

| Key | Value |
|---|---|
| `c` guid | StateMeta: the current state of a guid, tombstones included |
| `h` guid 0 revision | length, StateMeta, payload: every revision of the present life |
| `v` guid 0 revision | nothing: the payload of that revision is laid over the instance (a classification event) |
| `t` type guid 0 guid | nothing |
| `e` end guid 0 relationship guid | type guid of the relationship |
| `k` classification name 0 guid | nothing |
| `p` attribute 0 tag value guid | nothing (see `encoding.py`) |
| `l` offset | lost mark: winner, reason |
| `r` offset | recent event-ids of a batch |
| `m` name | format, identity, next offset, counts, state of the indexes |

Revisions and offsets are 8 bytes, big-endian. A guid never holds a NUL character (the fold refuses it); other text that
might is escaped, so that no key is a prefix of another's part.
"""

from struct import Struct
from typing import Final

CURRENT: Final = b"c"
HISTORY: Final = b"h"
OVERLAY: Final = b"v"
BY_TYPE: Final = b"t"
BY_END: Final = b"e"
BY_CLASSIFICATION: Final = b"k"
BY_PROPERTY: Final = b"p"
LOST: Final = b"l"
RECENT: Final = b"r"

INDEXES: Final = (BY_TYPE, BY_END, BY_CLASSIFICATION, BY_PROPERTY)

FORMAT: Final = b"mformat"
IDENTITY: Final = b"midentity"
NEXT_OFFSET: Final = b"mnext"
COUNTS: Final = b"mcounts"
INDEX_STATE: Final = b"mindex"

NUL: Final = b"\0"
ESCAPED: Final = b"\0\xff"
"""Stands for NUL inside a part; a terminator is a NUL followed by UTF-8 text, which never begins with FF."""

_NUMBER: Final = Struct(">Q")
number: Final = _NUMBER.pack


def number_of(data: bytes) -> int:
    """The revision or offset at the end of a key."""
    value: int = _NUMBER.unpack_from(data, len(data) - 8)[0]
    return value


def part(text: str) -> bytes:
    """Text as one terminated part of an index key."""
    data = text.encode()
    return (data.replace(NUL, ESCAPED) if NUL in data else data) + NUL


def current(guid: str) -> bytes:
    return CURRENT + guid.encode()


def revision(prefix: bytes, guid: str, revision: int) -> bytes:
    """The history or overlay key of one revision."""
    return prefix + guid.encode() + NUL + number(revision)


def lost(offset: int) -> bytes:
    return LOST + number(offset)


def recent(offset: int) -> bytes:
    return RECENT + number(offset)


def after(prefix: bytes) -> bytes:
    """A key behind all that go on from `prefix` with text or a tag.

    Where FF follows instead, the NUL that ends `prefix` is half of an escape: the part is a longer one and left out.
    """
    return prefix + b"\xff"

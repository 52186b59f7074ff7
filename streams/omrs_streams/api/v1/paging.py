"""Pages that neither skip nor repeat what did not change, however much else does.

The repository services page by offset, and an offset moves when instances come and go. A cursor therefore holds the
last item of its page as well, as far as the order needs it: its `Mark`. The next page starts with a look at the place
before the offset: is that item still there, the rest follows, at no extra cost; if not, the place behind it is searched
for, in steps that double and then halve. Cursors are opaque and carry a checksum of themselves and of the request that
they belong to.
"""

import base64
import binascii
import json
import zlib
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from decimal import MAX_EMAX, MIN_EMIN, Context, Decimal
from hashlib import sha256
from typing import Annotated, Any

from pydantic import ConfigDict, Field, TypeAdapter, ValidationError

from omrs_schemas.errors import PagingError
from omrs_streams.repository.local import Bean

DEFAULT_LIMIT, MAX_LIMIT = 50, 1000
FIRST_STEP = 16  # how far one insertion burst usually moves things
MARKED = 1_000
"""Of the value that a list is in the order of, a cursor holds so many characters, or half as many digits: with a guid
of as many characters, and six bytes in JSON for each of them, it stays below `finding.Cursor`'s length."""
_ROUNDED = Context(prec=MARKED // 2, Emin=MIN_EMIN, Emax=MAX_EMAX, traps=[])
_STRICT = ConfigDict(strict=True, extra="forbid")


@dataclass(frozen=True, slots=True)
class Mark:
    """What says where an item stands: its guid, and the value that its list is in the order of.

    `digest`: of the whole value, where `number` or `text` is only the beginning of one that is too long for a cursor.
    """

    __pydantic_config__ = _STRICT

    guid: str
    time: int | None = None
    number: Decimal | None = None
    text: str | None = None
    digest: str | None = None

    def value(self) -> "Mark":
        """As far as every item has it that the value, or what is left of it, does not tell from this one."""
        return replace(self, guid="", digest=None)


def mark(guid: str, value: Decimal | int | str | None) -> Mark:
    """The mark of an item in the order of a value."""
    if value is None:
        return Mark(guid)
    if isinstance(value, str):
        return Mark(guid, text=value[:MARKED], digest=None if len(value) <= MARKED else _digest(value))
    rounded = _ROUNDED.create_decimal(value)
    return Mark(guid, number=rounded, digest=None if rounded == value else _digest(str(value)))


def _digest(value: str) -> str:
    return sha256(value.encode()).hexdigest()[:32]


Fetch = Callable[[int, int], Awaitable[list[Bean]]]
"""Items by offset and count, in the order of the key."""
Key = Callable[[Mark], Any]
"""A total order of the items; but those whose values are too long, and begin alike, stand in no order that it knows."""
Keep = Callable[[Bean], Mark]
"""The mark of an item."""


@dataclass(frozen=True, slots=True)
class Position:
    """Where a page starts: at `offset`, behind `last` unless it is the first."""

    __pydantic_config__ = _STRICT

    offset: Annotated[int, Field(ge=0, lt=2**31)] = 0  # a Java int in the bodies of OMRS
    last: Mark | None = None


_POSITION = TypeAdapter(Position)


def write(position: Position, request: Any) -> str:
    """The cursor of a position in the results of `request` (anything that has a JSON form)."""
    payload = _POSITION.dump_json(position, exclude_none=True)
    return base64.urlsafe_b64encode(_checksum(payload, request) + payload).decode().rstrip("=")


def read(cursor: str | None, request: Any) -> Position:
    """The position in a cursor; the start without one. Raises PagingError for text that is no cursor of `request`."""
    if cursor is None:
        return Position()
    try:
        data = base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4))
        if data[:4] != _checksum(data[4:], request):
            raise ValueError("the checksum differs")
        return _POSITION.validate_json(data[4:])
    except (ValidationError, ValueError, binascii.Error):
        raise PagingError(
            f"{cursor[:100]!r} is no cursor of this request",
            help="a cursor continues the request that answered it: same filters, same order; begin again without it",
            parameter="cursor",
        ) from None


def _checksum(payload: bytes, request: Any) -> bytes:
    belongs = json.dumps(request, sort_keys=True, default=str).encode()
    return zlib.crc32(payload + belongs).to_bytes(4, "big")


async def page(
    fetch: Fetch, key: Key, keep: Keep, position: Position, limit: int
) -> tuple[list[Bean], Position | None]:
    """The items from `position` on, and where the next page starts; None behind the last."""
    start = position.offset
    if position.last is None:
        found = await fetch(start, limit + 1)
    else:
        window = await fetch(max(start - 1, 0), limit + 2)
        if window and start > 0 and keep(window[0]) == position.last:
            found = window[1:]
        else:
            start = await _behind(fetch, key, keep, position.last, max(start - 1, 0))
            found = await fetch(start, limit + 1)
    items = found[:limit]
    if len(found) <= limit:
        return items, None
    return items, Position(start + limit, keep(items[-1]))


async def _behind(fetch: Fetch, key: Key, keep: Keep, last: Mark, guess: int) -> int:
    """The offset of the first item that stands behind `last`, near `guess` at best."""
    if last.digest is None:
        after = key(last)
        return await _first(fetch, lambda item: bool(key(keep(item)) > after), guess)
    # Items that the marks do not tell apart by value stand together: in their midst, it is found by itself.
    value = key(last.value())
    start = await _first(fetch, lambda item: not key(keep(item).value()) < value, guess)
    end = await _first(fetch, lambda item: bool(key(keep(item).value()) > value), guess)
    for offset in range(start, end, MAX_LIMIT):
        for index, item in enumerate(await fetch(offset, min(MAX_LIMIT, end - offset))):
            if keep(item) == last:
                return offset + index + 1
    return min(max(guess, start), end)  # it is gone; where it was is the best that is known


async def _first(fetch: Fetch, holds: Callable[[Bean], bool], guess: int) -> int:
    """The offset of the first item of which something holds that holds of all behind it; that of the end if none."""

    async def reached(offset: int) -> bool:
        found = await fetch(offset, 1)
        return not found or holds(found[0])

    low, high, step = -1, guess, FIRST_STEP  # low: not reached (or before all); high: reached
    if await reached(guess):
        while high - step >= 0:
            if not await reached(high - step):
                low = high - step
                break
            high, step = high - step, step * 2
    else:
        low, high = guess, guess + step
        while not await reached(high):
            low, step = high, step * 2
            high = low + step
    while high - low > 1:
        middle = (low + high) // 2
        if await reached(middle):
            high = middle
        else:
            low = middle
    return high

"""Pages that neither skip nor repeat what did not change, however much else does.

The repository services page by offset, and an offset moves when instances come and go. A cursor therefore holds the
last item of its page as well, as far as the order needs it. The next page starts with a look at the place before the
offset: is that item still there, the rest follows, at no extra cost; if not, the place behind it is searched for, in
steps that double and then halve. Cursors are opaque and carry a checksum of themselves and of the request that they
belong to.
"""

import base64
import binascii
import json
import zlib
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

from omrs_schemas.codec.egeria_json import from_json, to_json
from omrs_schemas.errors import CodecError, PagingError
from omrs_streams.repository.local import Bean

DEFAULT_LIMIT, MAX_LIMIT = 50, 1000
FIRST_STEP = 16  # how far one insertion burst usually moves things

Fetch = Callable[[int, int], Awaitable[list[Bean]]]
"""Items by offset and count, in the order of the key."""
Key = Callable[[Bean], Any]
"""A total order of the items."""


@dataclass(frozen=True, slots=True)
class Position:
    """Where a page starts: at `offset`, behind `last` unless it is the first."""

    offset: int = 0
    last: Bean | None = None


def write(position: Position, request: Any) -> str:
    """The cursor of a position in the results of `request` (anything that has a JSON form)."""
    payload = to_json([position.offset, position.last])
    return base64.urlsafe_b64encode(_checksum(payload, request) + payload).decode().rstrip("=")


def read(cursor: str | None, request: Any) -> Position:
    """The position in a cursor; the start without one. Raises PagingError for text that is no cursor of `request`."""
    if cursor is None:
        return Position()
    try:
        data = base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4))
        if data[:4] != _checksum(data[4:], request):
            raise ValueError("the checksum differs")
        offset, last = from_json(data[4:])
    except (ValueError, binascii.Error, CodecError):
        raise PagingError(
            f"{cursor[:100]!r} is no cursor of this request",
            help="a cursor continues the request that answered it: same filters, same order; begin again without it",
            parameter="cursor",
        ) from None
    return Position(offset, last)


def _checksum(payload: bytes, request: Any) -> bytes:
    belongs = json.dumps(request, sort_keys=True, default=str).encode()
    return zlib.crc32(payload + belongs).to_bytes(4, "big")


async def page(
    fetch: Fetch, key: Key, keep: Callable[[Bean], Bean], position: Position, limit: int
) -> tuple[list[Bean], Position | None]:
    """The items from `position` on, and where the next page starts; None behind the last.

    `keep(item)`: what of an item `key` needs.
    """
    start = position.offset
    if position.last is None:
        found = await fetch(start, limit + 1)
    else:
        after = key(position.last)
        window = await fetch(max(start - 1, 0), limit + 2)
        if window and start > 0 and key(window[0]) == after:
            found = window[1:]
        else:
            start = await _behind(fetch, key, after, max(start - 1, 0))
            found = await fetch(start, limit + 1)
    items = found[:limit]
    if len(found) <= limit:
        return items, None
    return items, Position(start + limit, keep(items[-1]))


async def _behind(fetch: Fetch, key: Key, after: Any, guess: int) -> int:
    """The offset of the first item whose key is greater than `after`, near `guess` at best."""

    async def greater(offset: int) -> bool:
        found = await fetch(offset, 1)
        return not found or key(found[0]) > after

    low, high, step = -1, guess, FIRST_STEP  # low: not greater (or before all); high: greater
    if await greater(guess):
        while high - step >= 0:
            if not await greater(high - step):
                low = high - step
                break
            high, step = high - step, step * 2
    else:
        low, high = guess, guess + step
        while not await greater(high):
            low, step = high, step * 2
            high = low + step
    while high - low > 1:
        middle = (low + high) // 2
        if await greater(middle):
            high = middle
        else:
            low = middle
    return high

"""Dates on the wire: events carry epoch milliseconds, REST answers ISO-8601 with offset; both are read everywhere.

`iso_dates` and `ms_dates` rewrite the date fields of whole beans between the two forms. A property's `primitiveValue`
is milliseconds in either, and opaque parts (mappingProperties, connections) are left as they are.
"""

from __future__ import annotations

from datetime import UTC, datetime
from functools import lru_cache
from typing import Any

DATE_FIELDS = frozenset({
    "createTime", "updateTime", "effectiveFromTime", "effectiveToTime", "registrationTimestamp", "registrationTime",
    "timestamp", "creationDate", "asOfTime", "fromTime", "toTime",
})  # fmt: skip
"""Every JSON name that holds a date, in any bean."""

OPAQUE_FIELDS = frozenset({"mappingProperties", "remoteConnection", "targetRemoteConnection", "connection"})
"""Parts whose inside is not ours to rewrite."""


def to_epoch_ms(value: Any) -> Any:
    """ISO-8601 text as epoch milliseconds; anything but text is returned as it is.

    Text without offset is UTC. Digits alone are taken as milliseconds. Raises ValueError that names the text.
    """
    if not isinstance(value, str):
        return value
    text = value.strip()
    if text.isascii() and text.lstrip("-").isdigit():
        return int(text)
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise ValueError(f"not a date: {value!r} (epoch milliseconds or ISO-8601 with offset)") from None
    return datetime_ms(moment)


def datetime_ms(moment: datetime) -> int:
    """Milliseconds since 1970, the rest cut off; a datetime without an offset is UTC."""
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    delta = moment - _EPOCH
    return (delta.days * 86_400 + delta.seconds) * 1000 + delta.microseconds // 1000


def to_iso(ms: int) -> str | int:
    """Epoch milliseconds as `2026-11-21T08:24:37.954+00:00`; left as a number outside the years 1–9999."""
    try:
        return f"{_second(ms // 1000)}.{ms % 1000:03d}+00:00"
    except (OverflowError, ValueError, OSError):
        return ms


def iso_dates(bean: Any) -> Any:
    """A copy of a bean (or list of beans) with its dates as ISO-8601 text: the form of REST answers."""
    return _rewrite(bean, int, to_iso)


def ms_dates(bean: Any) -> Any:
    """A copy of a bean (or list of beans) with its dates as epoch milliseconds: the form of events and of memory.

    Raises ValueError for a date field that holds other text.
    """
    return _rewrite(bean, str, to_epoch_ms)


def _rewrite(value: Any, held: type, convert: Any) -> Any:
    if type(value) is dict:
        copy = {}
        for key, item in value.items():
            kind = type(item)
            if kind is held and key in DATE_FIELDS:
                copy[key] = convert(item)
            elif (kind is dict or kind is list) and key not in OPAQUE_FIELDS:
                copy[key] = _rewrite(item, held, convert)
            else:
                copy[key] = item
        return copy
    if type(value) is list:
        return [_rewrite(item, held, convert) if type(item) is dict or type(item) is list else item for item in value]
    return value


_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@lru_cache(maxsize=4096)  # instances written in one batch share their seconds
def _second(seconds: int) -> str:
    return datetime.fromtimestamp(seconds, UTC).isoformat()[:19]

"""Egeria's own JSON: the bytes of an event as a real member writes and reads them, and JSON text with exact numbers.

orjson does the work; numbers that it would change (integers beyond 64 bits, decimals that a float would round) are
seen before they are lost: big integers stay int, a BIGDECIMAL's value is a Decimal wherever a float prints otherwise.
"""

from __future__ import annotations

import json
from decimal import Decimal
from math import isinf
from typing import Any, NoReturn

import orjson
from pydantic import ValidationError

from omrs_schemas.codec.canonical import canonical
from omrs_schemas.errors import CodecError
from omrs_schemas.model.base import JsonBean
from omrs_schemas.model.events import OMRSEventV1
from omrs_schemas.model.primitives import exact_decimal

PROTOCOL = "OMRS V1.0"
"""The one protocol version; an event without one is taken as this (events.md § 1)."""


_BIG_CATEGORY = b"OM_PRIMITIVE_TYPE_BIG"
_BIG_INTEGER = b"0" * 20
"""Shorter integers fit in 64 bits. Looked for in a copy whose digits are all 0: ten times the speed of a pattern."""
_BEYOND_DOUBLES = object()
_DIGITS_TO_ZERO = bytes.maketrans(b"123456789", b"000000000")


def dumps(event: JsonBean) -> bytes:
    """An event bean as the JSON that an Egeria member reads: `class` there, dates in epoch milliseconds.

    Raises CodecError if the bean is no OMRS event.
    """
    if event.get("class") != "OMRSEventV1":
        raise CodecError(
            f"this is no OMRS event: class is {event.get('class')!r}",
            help="Egeria members drop messages without class OMRSEventV1; build the event bean with it.",
        )
    return to_json(event)


def loads(data: bytes | bytearray | str) -> JsonBean:
    """The event bean in an Egeria message: checked, nulls and unknown fields gone, defaults of primitives filled in.

    Raises CodecError that names the field and what is wrong with it.
    """
    parsed = from_json(data)
    if not isinstance(parsed, dict):
        raise CodecError(f"an OMRS event is a JSON object, this is {_kind(parsed)}", size=len(data), start=_start(data))
    if parsed.get("class") != "OMRSEventV1":
        raise CodecError(
            f"not an OMRS event: class is {parsed.get('class')!r}",
            help="Every member drops a message without class OMRSEventV1.",
            size=len(data),
            start=_start(data),
        )
    protocol = parsed.get("protocolVersionId")
    if protocol is not None and protocol != PROTOCOL:
        raise CodecError(
            f"protocolVersionId {protocol!r} is not supported",
            help=f"This member speaks {PROTOCOL!r} only.",
            protocol=protocol,
        )
    try:
        if canonical(OMRSEventV1)(parsed):
            return parsed
        return OMRSEventV1.model_validate(parsed).to_bean()
    except ValidationError as error:
        raise CodecError(f"not an OMRS event: {explain(error)}", size=len(data), start=_start(data)) from error
    except RecursionError:
        raise CodecError(
            "not an OMRS event: its values are nested too deeply", size=len(data), start=_start(data)
        ) from None


def to_json(value: Any, *, sort_keys: bool = False) -> bytes:
    """Any bean (or part of one) as JSON bytes, big numbers exact. Raises CodecError."""
    option = orjson.OPT_SORT_KEYS if sort_keys else None
    try:
        return orjson.dumps(value, default=_number, option=option)
    except (TypeError, ValueError):
        pass  # most likely an integer of more than 64 bits, which orjson refuses before it asks `default`
    try:
        return orjson.dumps(_with_fragments(value), default=_number, option=option)
    except (TypeError, ValueError, RecursionError) as error:
        raise CodecError(f"cannot be written as JSON: {error}") from error


def from_json(data: bytes | bytearray | str, *, plain: bool = False) -> Any:
    """Parsed JSON with numbers kept exactly. Raises CodecError that says where the text is broken.

    `plain`: it holds plain values and no beans, so that any decimal may be that of a BIGDECIMAL.
    """
    try:
        text = data.encode() if isinstance(data, str) else bytes(data)
        parsed = _parsed(text)
        if plain:
            return json.loads(text, parse_float=exact_decimal)
        if parsed is _BEYOND_DOUBLES or _BIG_CATEGORY in text or _BIG_INTEGER in text.translate(_DIGITS_TO_ZERO):
            return _exact(json.loads(text, parse_float=Decimal), big=False)
        return parsed
    except (ValueError, RecursionError) as error:
        raise CodecError(f"not JSON: {error}", size=len(data), start=_start(data)) from error


def json_text(value: Any) -> str:
    """JSON text of an opaque part (a connection, mapping properties, a number beyond long and double)."""
    return to_json(value).decode()


def json_value(text: str) -> Any:
    """The opaque part in JSON text; decimals that a float would change are Decimals. Raises CodecError."""
    try:
        return json.loads(text, parse_float=exact_decimal)
    except (ValueError, RecursionError) as error:
        raise CodecError(f"not JSON: {error}", text=text[:200]) from error


def explain(error: ValidationError, limit: int = 3) -> str:
    """What pydantic found, in one line: path, reason and the value given, for the first few faults."""
    parts = []
    for fault in error.errors(include_url=False)[:limit]:
        path = ".".join(str(step) for step in fault["loc"]) or "the object"
        reason = fault["msg"].removeprefix("Value error, ")
        given = fault.get("input")
        shown = "" if isinstance(given, dict | list) else f" (got {_short(given)})"
        parts.append(f"{path}: {reason}{shown}")
    more = error.error_count() - limit
    return "; ".join(parts) + (f"; and {more} more" if more > 0 else "")


def _parsed(text: bytes) -> Any:
    """As orjson has it, for json alone would take NaN, and text that UTF-8 cannot hold. Raises ValueError.

    _BEYOND_DOUBLES where json has to read it, because orjson cannot, and there is no more to say against the text.
    """
    try:
        return orjson.loads(text)
    except orjson.JSONDecodeError as error:
        if "infinity" not in error.msg:
            raise
    parsed = json.loads(text.decode(), parse_float=Decimal, parse_constant=_no_number)
    try:
        to_json(parsed)
    except CodecError as error:
        raise ValueError(error.message) from None
    return _BEYOND_DOUBLES


def _no_number(name: str) -> NoReturn:
    raise ValueError(f"{name} is no number of JSON")


def _exact(value: Any, *, big: bool) -> Any:
    """Decimals back to floats, except in the value of a BIGDECIMAL where they stay if a float would print otherwise."""
    if isinstance(value, dict):
        decimal = value.get("primitiveDefCategory") == "OM_PRIMITIVE_TYPE_BIGDECIMAL"
        return {key: _exact(item, big=decimal and key == "primitiveValue") for key, item in value.items()}
    if isinstance(value, list):
        return [_exact(item, big=big) for item in value]
    if isinstance(value, Decimal):
        return exact_decimal(str(value)) if big else _double(value)
    return value


def _double(value: Decimal) -> float:
    number = float(value)
    if isinf(number):
        raise ValueError(f"{value} is beyond what a double can hold")
    return number


def _number(value: Any) -> Any:
    if isinstance(value, Decimal) and value.is_finite():
        return orjson.Fragment(str(value))
    raise TypeError(f"{type(value).__name__} has no JSON form")


def _with_fragments(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _with_fragments(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_with_fragments(item) for item in value]
    if type(value) is int and not -(1 << 63) <= value < 1 << 64:
        return orjson.Fragment(str(value))
    return value


def _start(data: bytes | bytearray | str) -> str:
    start = data[:120]
    return start if isinstance(start, str) else bytes(start).decode(errors="replace")


def _kind(value: Any) -> str:
    return {list: "an array", str: "a text", type(None): "null", bool: "a boolean"}.get(type(value), "a number")


def _short(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 80 else f"{text[:77]}..."

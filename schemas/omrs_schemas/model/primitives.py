"""Primitive values: what JSON may hold for each category and how it is coerced on reading (instances.md § Fields)."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal, InvalidOperation
from math import inf, isinf
from sys import float_info
from typing import Any

from omrs_schemas.model.dates import to_epoch_ms

PRIMITIVES: tuple[tuple[str, str, str], ...] = (
    ("OM_PRIMITIVE_TYPE_UNKNOWN", "object", "1c4b21f4-0b67-41a7-a6ed-2af185eb9b3b"),
    ("OM_PRIMITIVE_TYPE_BOOLEAN", "boolean", "3863f010-611c-41fe-aaae-5d4d427f863b"),
    ("OM_PRIMITIVE_TYPE_BYTE", "byte", "6b7d410a-2e8a-4d12-981a-a806449f9bdb"),
    ("OM_PRIMITIVE_TYPE_CHAR", "char", "b0abebe5-cf85-4065-86ad-f3c6360ed9c7"),
    ("OM_PRIMITIVE_TYPE_SHORT", "short", "8e95b966-ab60-46d4-a03f-40c5a1ba6c2a"),
    ("OM_PRIMITIVE_TYPE_INT", "int", "7fc49104-fd3a-46c8-b6bf-f16b6074cd35"),
    ("OM_PRIMITIVE_TYPE_LONG", "long", "33a91510-92ee-4825-9f49-facd7a6f9db6"),
    ("OM_PRIMITIVE_TYPE_FLOAT", "float", "52aeb769-37b7-4b30-b949-ddc7dcebcfa2"),
    ("OM_PRIMITIVE_TYPE_DOUBLE", "double", "e13572e8-25c3-4994-acb6-2ea66c95812e"),
    ("OM_PRIMITIVE_TYPE_BIGINTEGER", "biginteger", "8aa56e52-1076-4e0d-9b66-3873a1ed7392"),
    ("OM_PRIMITIVE_TYPE_BIGDECIMAL", "bigdecimal", "d5c8ad9f-8fee-4a64-80b3-63ce1e47f6bb"),
    ("OM_PRIMITIVE_TYPE_STRING", "string", "b34a64b9-554a-42b1-8f8a-7d5c2339f9c4"),
    ("OM_PRIMITIVE_TYPE_DATE", "date", "1bef35ca-d4f9-48db-87c2-afce4649362d"),
)
"""(category, type name, type guid) of every primitive (types.md § 2)."""

PRIMITIVE_TYPE = {category: (name, guid) for category, name, guid in PRIMITIVES}

INTEGER_BITS = {
    "OM_PRIMITIVE_TYPE_BYTE": 8,
    "OM_PRIMITIVE_TYPE_SHORT": 16,
    "OM_PRIMITIVE_TYPE_INT": 32,
    "OM_PRIMITIVE_TYPE_LONG": 64,
    "OM_PRIMITIVE_TYPE_DATE": 64,
}


def coerce_primitive(category: str, value: Any) -> Any:
    """The value as its category holds it: int, float, bool, str, or Decimal for decimals that a float would change.

    Raises ValueError that names the category where JSON of that kind is no such value.
    """
    coercion = _COERCIONS.get(category)
    return value if coercion is None else coercion(category, value)


def exact_decimal(text: str) -> int | float | Decimal:
    """The number in a text: an int, a float if that has the same digits and scale, else a Decimal that keeps them."""
    if text.removeprefix("-").isdecimal():
        return int(text)
    number, decimal = float(text), Decimal(text)
    return number if Decimal(repr(number)).as_tuple() == decimal.as_tuple() else decimal


def _boolean(category: str, value: Any) -> Any:
    return value if isinstance(value, bool) else _mismatch(category, value)


def _integer(category: str, value: Any) -> Any:
    if category == "OM_PRIMITIVE_TYPE_DATE":
        value = to_epoch_ms(value)
    if isinstance(value, float) and value.is_integer():
        value = int(Decimal(repr(value)))  # int(1.5e30) is another number
    if isinstance(value, Decimal) and _is_whole(value):
        value = int(value)
    if not isinstance(value, int) or isinstance(value, bool):
        return _mismatch(category, value)
    bits = INTEGER_BITS.get(category)
    if bits is not None and not -(1 << (bits - 1)) <= value < 1 << (bits - 1):
        raise ValueError(f"{value} does not fit in a {category.removeprefix('OM_PRIMITIVE_TYPE_')} of {bits} bits")
    return value


def _is_whole(value: Decimal) -> bool:
    """Of those that JSON can hold: the digits of greater ones would fill the memory."""
    return value.is_finite() and value.adjusted() <= float_info.max_10_exp and value == value.to_integral_value()


def _float(category: str, value: Any) -> Any:
    if isinstance(value, float):
        return value
    if not isinstance(value, int | Decimal) or isinstance(value, bool):
        return _mismatch(category, value)
    try:
        number = float(value)
    except OverflowError:
        number = inf
    if isinf(number):
        raise ValueError(f"{value} does not fit in a {category.removeprefix('OM_PRIMITIVE_TYPE_')}")
    return number


def _decimal(category: str, value: Any) -> Any:
    if isinstance(value, bool):
        return _mismatch(category, value)
    if isinstance(value, int | float | Decimal):
        return value
    if isinstance(value, str):
        try:
            Decimal(value)
        except InvalidOperation:
            return _mismatch(category, value)
        return exact_decimal(value)
    return _mismatch(category, value)


def _big_integer(category: str, value: Any) -> Any:
    if isinstance(value, str) and value.isascii() and value.removeprefix("-").isdigit():
        return int(value)
    return _integer(category, value)


def _string(category: str, value: Any) -> Any:
    return value if isinstance(value, str) else _mismatch(category, value)


def _char(category: str, value: Any) -> Any:
    return value[:1] if isinstance(value, str) else _mismatch(category, value)


def _mismatch(category: str, value: Any) -> Any:
    kind = category.removeprefix("OM_PRIMITIVE_TYPE_")
    shown = str(value) if isinstance(value, Decimal) else repr(value)
    raise ValueError(f"{type(value).__name__} {shown} is not a {kind}")


_COERCIONS: dict[str, Callable[[str, Any], Any]] = {
    "OM_PRIMITIVE_TYPE_BOOLEAN": _boolean,
    "OM_PRIMITIVE_TYPE_BYTE": _integer,
    "OM_PRIMITIVE_TYPE_CHAR": _char,
    "OM_PRIMITIVE_TYPE_SHORT": _integer,
    "OM_PRIMITIVE_TYPE_INT": _integer,
    "OM_PRIMITIVE_TYPE_LONG": _integer,
    "OM_PRIMITIVE_TYPE_FLOAT": _float,
    "OM_PRIMITIVE_TYPE_DOUBLE": _float,
    "OM_PRIMITIVE_TYPE_BIGINTEGER": _big_integer,
    "OM_PRIMITIVE_TYPE_BIGDECIMAL": _decimal,
    "OM_PRIMITIVE_TYPE_STRING": _string,
    "OM_PRIMITIVE_TYPE_DATE": _integer,
}

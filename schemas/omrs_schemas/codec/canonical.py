"""Whether parsed JSON is a canonical bean already: exactly what its model would give back.

Nearly every event of a real member is, and seeing that takes a fraction of what validating it does. The answer is
derived from the models; what they do beyond their fields is spelled out here, and a model that does more is refused.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from types import NoneType, UnionType
from typing import Annotated, Any, Union, get_args, get_origin, get_type_hints

from annotated_types import MinLen

from omrs_schemas.model.base import Bean, WireEnum
from omrs_schemas.model.instances import (
    ArrayPropertyValue,
    InstanceProperties,
    MapPropertyValue,
    PrimitivePropertyValue,
)
from omrs_schemas.model.primitives import INTEGER_BITS

Check = Callable[[Any], bool]

_LONG = 1 << 63
_EMPTY_PROPERTIES = 2
"""Entries of an InstanceProperties bean that says nothing (class, headerVersion): its owner leaves it out."""

_LIMITS = {category: 1 << (bits - 1) for category, bits in INTEGER_BITS.items()}
_TYPES: dict[str, type] = {
    "OM_PRIMITIVE_TYPE_BOOLEAN": bool,
    "OM_PRIMITIVE_TYPE_FLOAT": float,
    "OM_PRIMITIVE_TYPE_DOUBLE": float,
    "OM_PRIMITIVE_TYPE_STRING": str,
    **dict.fromkeys(_LIMITS, int),
}
"""Primitive categories whose value has one JSON form; values of others are left to the model."""


@cache
def canonical(model: type[Bean]) -> Check:
    """The check of parsed JSON against `model`; False says only that the model has to look at it.

    Raises TypeError for a model that does something this module does not know.
    """
    decorators = model.__pydantic_decorators__
    validators = {*decorators.model_validators, *decorators.field_validators} - {"_check_class"}
    if validators - _VALIDATORS.get(model, frozenset()):
        raise TypeError(f"{model.__name__} has validators that are not known here: {', '.join(sorted(validators))}")
    hints = get_type_hints(model, include_extras=True)
    checks: dict[str, Check] = {}
    needed: list[str] = []
    for name, field in model.model_fields.items():
        check = _of(hints[name])
        if name in ("properties", "uniqueProperties"):
            check = _both(_says_something, check)
        checks[name] = _both(bool, check) if any(isinstance(each, MinLen) for each in field.metadata) else check
        # A field with a default is written though it did not come.
        if field.default_factory is None and field.default is not None:
            needed.append(name)
    if model.bean_class is not None:
        checks["class"] = _one_of(frozenset({model.bean_class}))
        needed.append("class")
    own = _OWN.get(model)
    fields = _fields(checks, frozenset(needed))
    return fields if own is None else _both(fields, own)


def _fields(checks: dict[str, Check], needed: frozenset[str]) -> Check:
    find = checks.get

    def check(value: Any) -> bool:
        if type(value) is not dict:
            return False
        for name, item in value.items():
            known = find(name)
            if known is None or not known(item):
                return False
        return needed <= value.keys()

    return check


def _of(hint: Any) -> Check:
    origin, arguments = get_origin(hint), get_args(hint)
    if origin is Annotated:
        return _of(arguments[0])
    if origin in (Union, UnionType):
        # A null is left out, so it is not canonical; what remains is one type, or beans told apart by `class`.
        members = [each for each in arguments if each is not NoneType]
        return _of(members[0]) if len(members) == 1 else _by_class([_bare(each) for each in members])
    if origin is list:
        return _each(_of(arguments[0]))
    if origin is dict:
        return _map_of(_of(arguments[1]))
    if hint is Any:
        return _anything
    if hint is int:
        return _is_long
    if hint in (str, bool):
        return _exactly(hint)
    if isinstance(hint, type) and issubclass(hint, WireEnum):
        return _one_of(frozenset(member.value for member in hint))
    if isinstance(hint, type) and issubclass(hint, Bean):
        return _later(hint)
    raise TypeError(f"fields of type {hint} are not known here")


def _bare(hint: Any) -> type[Bean]:
    model: type[Bean] = get_args(hint)[0] if get_origin(hint) is Annotated else hint
    return model


def _later(model: type[Bean]) -> Check:
    """The check of a model that may contain itself: looked up when it is first needed."""
    found: list[Check] = []

    def check(value: Any) -> bool:
        if not found:
            found.append(canonical(model))
        return found[0](value)

    return check


def _by_class(models: list[type[Bean]]) -> Check:
    checks = {model.bean_class: _later(model) for model in models}

    def check(value: Any) -> bool:
        if type(value) is not dict:
            return False
        name = value.get("class")
        known = checks.get(name) if type(name) is str else None
        return known is not None and known(value)

    return check


def _both(first: Check, second: Check) -> Check:
    return lambda value: first(value) and second(value)


def _each(item: Check) -> Check:
    return lambda value: type(value) is list and bool(value) and all(map(item, value))


def _map_of(item: Check) -> Check:
    return lambda value: type(value) is dict and bool(value) and all(map(item, value.values()))


def _one_of(names: frozenset[str]) -> Check:
    return lambda value: type(value) is str and value in names


def _exactly(kind: type) -> Check:
    return lambda value: type(value) is kind


def _is_long(value: Any) -> bool:
    return type(value) is int and -_LONG <= value < _LONG


def _anything(value: Any) -> bool:
    return value is not None


def _says_something(value: Any) -> bool:
    return type(value) is dict and len(value) > _EMPTY_PROPERTIES


def _primitive(value: dict[str, Any]) -> bool:
    category: str = value.get("primitiveDefCategory", "")
    held: Any = value.get("primitiveValue")
    if held is None:
        return True
    kind, limit = type(held), _LIMITS.get(category)
    return kind is _TYPES.get(category) and (limit is None or -limit <= held < limit)


def _array(value: dict[str, Any]) -> bool:
    items, count = (value.get("arrayValues") or {}).get("instanceProperties") or {}, value["arrayCount"]
    return all(key.isdecimal() and int(key) < count for key in items)


def _map(value: dict[str, Any]) -> bool:
    return len((value.get("mapValues") or {}).get("instanceProperties") or {}) == int(value["mapElementCount"])


_OWN: dict[type[Bean], Check] = {PrimitivePropertyValue: _primitive, ArrayPropertyValue: _array, MapPropertyValue: _map}
"""What the validators of these models ask beyond their fields."""

_VALIDATORS: dict[type[Bean], frozenset[str]] = {
    PrimitivePropertyValue: frozenset({"_coerce"}),
    ArrayPropertyValue: frozenset({"_index_in_range"}),
    MapPropertyValue: frozenset({"_count"}),
    InstanceProperties: frozenset({"_drop_nulls"}),
}

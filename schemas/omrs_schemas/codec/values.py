"""Property values, bean ⇄ plain (LOG.md § Plain property values).

A value is written plain only when its bean is exactly the canonical bean of what its TypeDef's attribute says; anything
else is a TypedValue, which keeps what came. What an attribute's canonical beans are is worked out once per type.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from omrs_schemas.codec.egeria_json import json_text, json_value
from omrs_schemas.errors import CodecError
from omrs_schemas.model.base import JsonBean
from omrs_schemas.model.primitives import PRIMITIVE_TYPE
from omrs_schemas.model.values import collection_head, enum_bean, primitive_template

if TYPE_CHECKING:
    from omrs_schemas.typedefs.attributes import AttributeSpec

TYPED: Any = object()
"""What `Plan.plain` answers for a value that has to carry its own type."""

MAX_DEPTH = 32
"""Values may be nested this deep (a map of maps is 2). No known type nests more than once; a limit that is the same
for every writer keeps a reader with little stack left able to read everything that was ever written."""

_PYTHON_TYPE: dict[str, type] = {
    "OM_PRIMITIVE_TYPE_BOOLEAN": bool,
    "OM_PRIMITIVE_TYPE_BYTE": int,
    "OM_PRIMITIVE_TYPE_CHAR": str,
    "OM_PRIMITIVE_TYPE_SHORT": int,
    "OM_PRIMITIVE_TYPE_INT": int,
    "OM_PRIMITIVE_TYPE_LONG": int,
    "OM_PRIMITIVE_TYPE_FLOAT": float,
    "OM_PRIMITIVE_TYPE_DOUBLE": float,
    "OM_PRIMITIVE_TYPE_STRING": str,
    "OM_PRIMITIVE_TYPE_DATE": int,
}
"""Categories with a plain form, and its type. Not big numbers: their plain form would not be exact everywhere."""

_VALUE_TYPE_FIELDS = ("instancePropertyCategory", "typeGUID", "typeName", "primitiveDefCategory")
_SCALAR_FIELDS = ("ordinal", "symbolicName", "description", "arrayCount", "mapElementCount")
_NESTED_FIELDS = ("arrayValues", "mapValues", "attributes")

Plain = Callable[[JsonBean], Any]
"""bean → plain value, or TYPED"""
Canonical = Callable[[Any], JsonBean | None]
"""plain value → bean, or None if the attribute can have no such value"""
Plan = Mapping[str, tuple[Plain, Canonical]]
"""Attribute name → its two conversions."""


def plan_of(attributes: Mapping[str, AttributeSpec]) -> Plan:
    """The conversions of every attribute of a type that has a plain form."""
    plan: dict[str, tuple[Plain, Canonical]] = {}
    for name, attribute in attributes.items():
        if attribute.category == "PRIMITIVE" and attribute.primitive in _PYTHON_TYPE:
            plan[name] = _primitive(attribute.primitive, attribute.type_name, attribute.type_guid)
        elif attribute.category == "ENUM_DEF" and attribute.enum is not None:
            plan[name] = _enum(attribute)
        elif attribute.category == "COLLECTION" and attribute.arguments and attribute.arguments[-1] in _PYTHON_TYPE:
            if attribute.collection == "OM_COLLECTION_ARRAY":
                plan[name] = _array(attribute)
            elif attribute.collection == "OM_COLLECTION_MAP":
                plan[name] = _map(attribute)
    return plan


def values_of(properties: JsonBean, plan: Plan) -> dict[str, Any]:
    """The values of an InstanceProperties bean for its Avro record. Raises CodecError for what is no property value."""
    values: dict[str, Any] = {}
    for name, bean in (properties.get("instanceProperties") or {}).items():
        if type(bean) is not dict:
            if bean is None:
                continue  # null removes a property
            raise CodecError(f"property {name!r} is a {type(bean).__name__}, not a property value bean", property=name)
        conversion = plan.get(name)
        value = TYPED if conversion is None else conversion[0](bean)
        values[name] = typed_record(bean, name) if value is TYPED else value
    return values


def beans_of(values: Mapping[str, Any], plan: Plan, type_name: str | None) -> dict[str, JsonBean]:
    """The property value beans in the values of a record. Raises CodecError where a type definition is missing."""
    beans: dict[str, JsonBean] = {}
    for name, value in values.items():
        if type(value) is dict and type(value.get("type")) is dict:
            beans[name] = typed_bean(value)
            continue
        conversion = plan.get(name)
        bean = None if conversion is None else conversion[1](value)
        if bean is None:
            raise _undefined(type_name, name, value, known=conversion is not None)
        beans[name] = bean
    return beans


def typed_record(bean: JsonBean, name: str, depth: int = 1) -> dict[str, Any]:
    """The TypedValue record of a value bean."""
    if depth > MAX_DEPTH:
        raise CodecError(f"property {name!r} is nested deeper than {MAX_DEPTH} levels", property=name)
    get = bean.get
    record: dict[str, Any] = {
        "class": get("class"),
        "headerVersion": get("headerVersion"),
        "type": {field: get(field) for field in _VALUE_TYPE_FIELDS},
    }
    value = get("primitiveValue")
    if value is not None:
        if type(value) in (str, bool, float) or (type(value) is int and _fits_long(value)):
            record["primitiveValue"] = value
        else:
            record["primitiveJson"] = json_text(value)
    for field in _SCALAR_FIELDS:
        if field in bean:
            record[field] = bean[field]
    for field in _NESTED_FIELDS:
        nested = get(field)
        if nested is not None:
            if type(nested) is not dict:
                shape = type(nested).__name__
                raise CodecError(f"property {name!r}: {field} is a {shape}, not an object", property=name)
            record[field] = _nested_record(nested, name, depth + 1)
    return record


def typed_bean(record: Mapping[str, Any]) -> JsonBean:
    """The value bean in a TypedValue record: exactly what came."""
    bean: JsonBean = {}
    for field in ("class", "headerVersion"):
        if record[field] is not None:
            bean[field] = record[field]
    for field, value in record["type"].items():
        if value is not None:
            bean[field] = value
    for field, value in record.items():
        if value is None or field in ("class", "headerVersion", "type"):
            continue
        if field == "primitiveJson":
            bean["primitiveValue"] = json_value(value)
        elif field in _NESTED_FIELDS:
            bean[field] = _nested_bean(value)
        else:
            bean[field] = value
    return bean


def _nested_record(properties: JsonBean, name: str, depth: int) -> dict[str, Any]:
    values = {
        key: typed_record(bean, f"{name}.{key}", depth)
        for key, bean in (properties.get("instanceProperties") or {}).items()
        if bean is not None
    }
    header = {key: properties.get(key) for key in ("headerVersion", "effectiveFromTime", "effectiveToTime")}
    return {**header, "values": values}


def _nested_bean(record: Mapping[str, Any]) -> JsonBean:
    bean: JsonBean = {"class": "InstanceProperties", "headerVersion": record["headerVersion"]}
    for field in ("effectiveFromTime", "effectiveToTime"):
        if record[field] is not None:
            bean[field] = record[field]
    if record["values"]:
        bean["instanceProperties"] = beans_of(record["values"], {}, None)
    return bean


def _fits_long(value: Any) -> bool:
    return bool(-(1 << 63) <= value < 1 << 63)


def _primitive(category: str, type_name: str, type_guid: str) -> tuple[Plain, Canonical]:
    template = primitive_template(category, type_name, type_guid)
    kind = _PYTHON_TYPE[category]
    bounded = kind is int

    def plain(bean: JsonBean) -> Any:
        value = bean.get("primitiveValue")
        if type(value) is kind:
            if bean == {**template, "primitiveValue": value} and (not bounded or _fits_long(value)):
                return value
        elif value is None and bean == template:
            return None
        return TYPED

    def canonical(value: Any) -> JsonBean | None:
        if type(value) is kind:
            return {**template, "primitiveValue": value}
        return dict(template) if value is None else None

    return plain, canonical


def _enum(attribute: AttributeSpec) -> tuple[Plain, Canonical]:
    elements = attribute.enum or {}
    beans = {ordinal: enum_bean(attribute.type_name, attribute.type_guid, item) for ordinal, item in elements.items()}

    def plain(bean: JsonBean) -> Any:
        ordinal = bean.get("ordinal")
        return ordinal if type(ordinal) is int and bean == beans.get(ordinal) else TYPED

    def canonical(value: Any) -> JsonBean | None:
        bean = beans.get(value) if type(value) is int else None
        return None if bean is None else dict(bean)

    return plain, canonical


def _array(attribute: AttributeSpec) -> tuple[Plain, Canonical]:
    head = collection_head("ArrayPropertyValue", "ARRAY", attribute.type_name, attribute.type_guid)
    element_plain, element_canonical = _element(attribute)

    def plain(bean: JsonBean) -> Any:
        elements = _elements(bean, "arrayValues")
        if elements is TYPED:
            return TYPED
        size = len(elements)
        expected = {**head, "arrayCount": size}
        if size:
            expected["arrayValues"] = bean["arrayValues"]
        if bean != expected:
            return TYPED
        values = []
        for index in range(size):
            item = elements.get(str(index))
            value = element_plain(item) if type(item) is dict else TYPED
            if value is TYPED:
                return TYPED
            values.append(value)
        return values

    def canonical(value: Any) -> JsonBean | None:
        if type(value) is not list:
            return None
        bean = {**head, "arrayCount": len(value)}
        if value:
            items = {str(index): element_canonical(item) for index, item in enumerate(value)}
            if None in items.values():
                return None
            bean["arrayValues"] = {"class": "InstanceProperties", "headerVersion": 1, "instanceProperties": items}
        return bean

    return plain, canonical


def _map(attribute: AttributeSpec) -> tuple[Plain, Canonical]:
    head = collection_head("MapPropertyValue", "MAP", attribute.type_name, attribute.type_guid)
    element_plain, element_canonical = _element(attribute)

    def plain(bean: JsonBean) -> Any:
        elements = _elements(bean, "mapValues")
        if elements is TYPED:
            return TYPED
        expected = {**head, "mapElementCount": len(elements)}
        if elements:
            expected["mapValues"] = bean["mapValues"]
        if bean != expected:
            return TYPED
        values = {}
        for key, item in elements.items():
            value = element_plain(item) if type(item) is dict else TYPED
            if value is TYPED:
                return TYPED
            values[key] = value
        return values

    def canonical(value: Any) -> JsonBean | None:
        if type(value) is not dict:
            return None
        bean = dict(head)
        if value:
            items = {key: element_canonical(item) for key, item in value.items()}
            if None in items.values():
                return None
            bean["mapValues"] = {"class": "InstanceProperties", "headerVersion": 1, "instanceProperties": items}
        bean["mapElementCount"] = len(value)
        return bean

    return plain, canonical


def _element(attribute: AttributeSpec) -> tuple[Plain, Canonical]:
    category = attribute.arguments[-1]
    return _primitive(category, *PRIMITIVE_TYPE[category])


def _elements(bean: JsonBean, field: str) -> Any:
    """The elements of a collection bean; {} without the field; TYPED unless they stand in a canonical object."""
    nested = bean.get(field)
    if nested is None:
        return {} if field not in bean else TYPED
    if type(nested) is not dict or len(nested) != 3 or nested.get("class") != "InstanceProperties":
        return TYPED
    elements = nested.get("instanceProperties")
    if nested.get("headerVersion") != 1 or type(elements) is not dict or not elements:
        return TYPED
    return elements


def _undefined(type_name: str | None, name: str, value: Any, *, known: bool) -> CodecError:
    shown = repr(value) if not isinstance(value, Decimal) else str(value)
    if known:
        return CodecError(
            f"{type_name}.{name} holds {shown[:80]}, which is no value of what its type definition says",
            help=f"The record was written with another definition of {type_name}: load that release's types.",
            type_name=type_name,
            property=name,
        )
    return CodecError(
        f"{type_name}.{name} is a plain value, but the type system has no such attribute to say what it is",
        help=f"Load the definition of type {type_name} that the record was written with (its archive or types topic).",
        type_name=type_name,
        property=name,
    )

"""Property values between Python and beans: what a client writes and reads.

| attribute | Python |
|---|---|
| boolean, byte, short, int, long | bool, int |
| float, double | float (an int is taken) |
| biginteger, bigdecimal | int, Decimal (numbers or text are taken) |
| char, string | str |
| date | int (epoch milliseconds; a datetime or ISO-8601 text is taken) |
| enum | its symbolic name (the ordinal is taken) |
| array, map, struct | list, dict, dict |
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from omrs_schemas.codes import Code
from omrs_schemas.errors import PropertyError
from omrs_schemas.model.base import JsonBean
from omrs_schemas.model.primitives import PRIMITIVE_TYPE, coerce_primitive

if TYPE_CHECKING:
    from omrs_schemas.typedefs.attributes import AttributeSpec
    from omrs_schemas.typedefs.system import TypeSystem

_OBJECT = "OM_PRIMITIVE_TYPE_UNKNOWN"


def to_value(attribute: AttributeSpec, value: Any) -> JsonBean:
    """The canonical bean of a Python value for an attribute. Raises PropertyError that names attribute and type."""
    try:
        if attribute.category == "PRIMITIVE" and attribute.primitive is not None:
            return primitive_bean(attribute.primitive, value, attribute.type_name, attribute.type_guid)
        if attribute.category == "ENUM_DEF":
            return enum_bean(attribute.type_name, attribute.type_guid, _element(attribute, value))
        return _collection(attribute, value)
    except ValueError as error:
        raise PropertyError(
            f"{attribute.name}: {error}",
            code=Code.BAD_PROPERTY_TYPE,
            help=f"The type of {attribute.name} is {attribute.type_name}.",
            property=attribute.name,
            type_name=attribute.type_name,
        ) from None


def to_properties(types: TypeSystem, type_name: str, values: Mapping[str, Any]) -> JsonBean:
    """The InstanceProperties bean of Python values by attribute name; None leaves an attribute out.

    Raises PropertyError for a name that the type does not have, TypeDefNotKnownError for a type that is not known.
    """
    attributes = types.attributes(type_name)
    beans: dict[str, JsonBean] = {}
    for name, value in values.items():
        if value is None:
            continue
        attribute = attributes.get(name)
        if attribute is None:
            raise PropertyError(
                f"type {type_name} has no property {name!r}",
                help=f"Its properties are {', '.join(sorted(attributes)) or 'none'}.",
                property=name,
                type_name=type_name,
            )
        beans[name] = to_value(attribute, value)
    return properties_bean(beans)


def properties_bean(values: Mapping[str, JsonBean]) -> JsonBean:
    """The InstanceProperties bean of value beans by name."""
    bean: JsonBean = {"class": "InstanceProperties", "headerVersion": 1}
    if values:
        bean["instanceProperties"] = dict(values)
    return bean


def from_properties(properties: JsonBean | None, *, date: Callable[[int], Any] | None = None) -> dict[str, Any]:
    """The Python values in an InstanceProperties bean; {} for none. `date` makes something else of epoch ms.

    Errors: those of `from_value`.
    """
    values = (properties or {}).get("instanceProperties") or {}
    return {name: from_value(value, date=date) for name, value in values.items()}


def from_value(value: JsonBean, *, date: Callable[[int], Any] | None = None) -> Any:
    """The Python value in a property value bean. Raises PropertyError for an array whose elements are not numbered."""
    kind = value.get("class")
    if kind == "EnumPropertyValue":
        return value.get("symbolicName", value.get("ordinal"))
    if kind == "ArrayPropertyValue":
        elements = from_properties(value.get("arrayValues"), date=date)
        return [elements[index] for index in sorted(elements, key=_index)]
    if kind == "MapPropertyValue":
        return from_properties(value.get("mapValues"), date=date)
    if kind == "StructPropertyValue":
        return from_properties(value.get("attributes"), date=date)
    held = value.get("primitiveValue")
    if date is not None and value.get("primitiveDefCategory") == "OM_PRIMITIVE_TYPE_DATE" and isinstance(held, int):
        return date(held)
    return held


def _index(key: str) -> int:
    """The place of an array's element by its key."""
    if not key.isdecimal():
        raise PropertyError(
            f"{key[:100]!r} is no place in an array",
            code=Code.BAD_PROPERTY_TYPE,
            help='The elements of an array are numbered: "0", "1", …',
        )
    return int(key)


def primitive_bean(category: str, value: Any, type_name: str | None = None, type_guid: str | None = None) -> JsonBean:
    """The canonical bean of a primitive value. Raises ValueError for a value that is none of the category."""
    if isinstance(value, datetime):
        moment = value if value.tzinfo is not None else value.replace(tzinfo=UTC)
        value = moment.isoformat()
    name, guid = PRIMITIVE_TYPE[category]
    bean = primitive_template(category, type_name or name, type_guid or guid)
    bean["primitiveValue"] = coerce_primitive(category, value)
    return bean


def primitive_template(category: str, type_name: str, type_guid: str) -> JsonBean:
    """The canonical bean of a primitive value, but for the value."""
    return {
        "class": "PrimitivePropertyValue",
        "headerVersion": 1,
        "instancePropertyCategory": "PRIMITIVE",
        "typeGUID": type_guid,
        "typeName": type_name,
        "primitiveDefCategory": category,
    }


def enum_bean(type_name: str, type_guid: str, element: Mapping[str, Any]) -> JsonBean:
    """The canonical bean of an enum element (an EnumElementDef bean)."""
    bean: JsonBean = {
        "class": "EnumPropertyValue",
        "headerVersion": 1,
        "instancePropertyCategory": "ENUM",
        "typeGUID": type_guid,
        "typeName": type_name,
        "ordinal": element["ordinal"],
    }
    if element.get("value") is not None:
        bean["symbolicName"] = element["value"]
    if element.get("description") is not None:
        bean["description"] = element["description"]
    return bean


def collection_head(class_name: str, category: str, type_name: str, type_guid: str) -> JsonBean:
    """What every canonical bean of a collection type starts with."""
    return {
        "class": class_name,
        "headerVersion": 1,
        "instancePropertyCategory": category,
        "typeGUID": type_guid,
        "typeName": type_name,
    }


def _element(attribute: AttributeSpec, value: Any) -> Mapping[str, Any]:
    """By symbolic name or ordinal."""
    element = attribute.element(value) if isinstance(value, str) else None
    if element is None and isinstance(value, int) and not isinstance(value, bool):
        element = (attribute.enum or {}).get(value)
    if element is None:
        names = ", ".join(str(item.get("value")) for item in attribute.elements)
        raise ValueError(f"{value!r} is not an element of {attribute.type_name}: {names}")
    return element


def _collection(attribute: AttributeSpec, value: Any) -> JsonBean:
    item = attribute.arguments[-1] if attribute.arguments else _OBJECT
    if attribute.collection == "OM_COLLECTION_ARRAY":
        if not isinstance(value, list | tuple | set | frozenset):
            raise ValueError(f"{type(value).__name__} {value!r} is not a list")
        entries = sorted(value) if isinstance(value, set | frozenset) else value
        bean = collection_head("ArrayPropertyValue", "ARRAY", attribute.type_name, attribute.type_guid)
        bean["arrayCount"] = len(entries)
        if entries:
            bean["arrayValues"] = properties_bean({str(i): _item(item, entry) for i, entry in enumerate(entries)})
        return bean
    if not isinstance(value, Mapping):
        raise ValueError(f"{type(value).__name__} {value!r} is not a mapping")
    entries_by_key = {str(key): _item(item, entry) for key, entry in value.items()}
    if attribute.collection == "OM_COLLECTION_MAP":
        bean = collection_head("MapPropertyValue", "MAP", attribute.type_name, attribute.type_guid)
        if entries_by_key:
            bean["mapValues"] = properties_bean(entries_by_key)
        bean["mapElementCount"] = len(entries_by_key)
        return bean
    bean = collection_head("StructPropertyValue", "STRUCT", attribute.type_name, attribute.type_guid)
    if entries_by_key:
        bean["attributes"] = properties_bean(entries_by_key)
    return bean


def _item(category: str, value: Any) -> JsonBean:
    if category != _OBJECT:
        return primitive_bean(category, value)
    return primitive_bean(_category_of(value), value)


def _category_of(value: Any) -> str:
    """The category of an element whose collection says only `object`."""
    if isinstance(value, bool):
        return "OM_PRIMITIVE_TYPE_BOOLEAN"
    if isinstance(value, int):
        return "OM_PRIMITIVE_TYPE_LONG" if -(1 << 63) <= value < 1 << 63 else "OM_PRIMITIVE_TYPE_BIGINTEGER"
    if isinstance(value, float):
        return "OM_PRIMITIVE_TYPE_DOUBLE"
    if isinstance(value, Decimal):
        return "OM_PRIMITIVE_TYPE_BIGDECIMAL"
    if isinstance(value, str):
        return "OM_PRIMITIVE_TYPE_STRING"
    if isinstance(value, datetime):
        return "OM_PRIMITIVE_TYPE_DATE"
    raise ValueError(f"{type(value).__name__} {value!r} has no primitive type")

"""Property values compared, read as numbers and as text (OMRS queries § 3, OMRS instances "Fields").

Two values are equal when category and content are equal. Their typeGUID and typeName are compared only where both
carry them: an archive or the conformance suite leaves them out, and then the TypeDef says what they are.
"""

from collections.abc import Iterator, Mapping
from decimal import Decimal, InvalidOperation
from math import isfinite

from omrs_streams.repository.matching_request import Bean

STRING = "OM_PRIMITIVE_TYPE_STRING"
DATE = "OM_PRIMITIVE_TYPE_DATE"
BIG = frozenset({"OM_PRIMITIVE_TYPE_BIGINTEGER", "OM_PRIMITIVE_TYPE_BIGDECIMAL"})
NUMERIC = BIG | {
    "OM_PRIMITIVE_TYPE_BYTE",
    "OM_PRIMITIVE_TYPE_SHORT",
    "OM_PRIMITIVE_TYPE_INT",
    "OM_PRIMITIVE_TYPE_LONG",
    "OM_PRIMITIVE_TYPE_FLOAT",
    "OM_PRIMITIVE_TYPE_DOUBLE",
    DATE,
}
COLLECTIONS: Mapping[str, str] = {"ARRAY": "arrayValues", "MAP": "mapValues", "STRUCT": "attributes"}
"""Instance property category → the field that holds the elements as an InstanceProperties bean."""

HEADER_TEXTS = frozenset(
    {"metadataCollectionId", "metadataCollectionName", "typeName", "typeGUID", "createdBy", "updatedBy"}
)
HEADER_DATES = frozenset({"createTime", "updateTime", "effectiveFromTime", "effectiveToTime"})
HEADER_NAMES = HEADER_TEXTS | HEADER_DATES
_FROM_TYPE = {"typeName": "typeDefName", "typeGUID": "typeDefGUID"}
_FROM_PROPERTIES = frozenset({"effectiveFromTime", "effectiveToTime"})


def elements(properties: Bean | None) -> Mapping[str, Bean]:
    """Name → value of an InstanceProperties bean that may be absent or empty."""
    return (properties or {}).get("instanceProperties") or {}


def value_of(header: Bean, properties: Bean, name: str) -> Bean | None:
    """The value a search name stands for: the attribute, else the header field of that name, else None.

    `header` is an entity, relationship or classification, `properties` its InstanceProperties bean. A header field is
    given as a primitive value without a type, so that it compares like any other.
    """
    found = elements(properties).get(name)
    if found is not None or name not in HEADER_NAMES:
        return found
    source: Bean = header
    if name in _FROM_TYPE:
        source = header.get("type") or {}
    elif name in _FROM_PROPERTIES:
        source = properties
    raw = source.get(_FROM_TYPE.get(name, name))
    if raw is None:
        return None
    return {
        "instancePropertyCategory": "PRIMITIVE",
        "primitiveDefCategory": DATE if name in HEADER_DATES else STRING,
        "primitiveValue": raw,
    }


def text_of(value: Bean) -> str | None:
    """The text of a string primitive, None for every other value."""
    if value.get("instancePropertyCategory") == "PRIMITIVE" and value.get("primitiveDefCategory") == STRING:
        raw = value.get("primitiveValue")
        return None if raw is None else str(raw)
    return None


def number_of(value: Bean) -> int | Decimal | None:
    """A numeric or date primitive as an exact number (dates: epoch milliseconds), None for every other value."""
    if value.get("instancePropertyCategory") != "PRIMITIVE" or value.get("primitiveDefCategory") not in NUMERIC:
        return None
    raw = value.get("primitiveValue")
    if isinstance(raw, bool) or raw is None:
        return None
    if isinstance(raw, int):
        return raw
    try:
        number = Decimal(str(raw))
    except InvalidOperation:
        return None
    return number if number.is_finite() else None


def equal(one: Bean, other: Bean) -> bool:
    """Equality of two property values, collections element by element."""
    category = one.get("instancePropertyCategory")
    if category != other.get("instancePropertyCategory") or not _same_type(one, other):
        return False
    if category == "PRIMITIVE":
        return _equal_primitives(one, other)
    if category == "ENUM":
        return one.get("ordinal") == other.get("ordinal") and one.get("symbolicName") == other.get("symbolicName")
    field = COLLECTIONS.get(str(category))
    if field is None:
        return dict(one) == dict(other)
    mine, theirs = elements(one.get(field)), elements(other.get(field))
    if category == "ARRAY" and one.get("arrayCount", len(mine)) != other.get("arrayCount", len(theirs)):
        return False
    return mine.keys() == theirs.keys() and all(equal(mine[name], theirs[name]) for name in mine)


def _same_type(one: Bean, other: Bean) -> bool:
    for field in ("typeGUID", "typeName"):
        mine, theirs = one.get(field), other.get(field)
        if mine is not None and theirs is not None and mine != theirs:
            return False
    return True


def _equal_primitives(one: Bean, other: Bean) -> bool:
    category = one.get("primitiveDefCategory")
    if category != other.get("primitiveDefCategory"):
        return False
    mine, theirs = one.get("primitiveValue"), other.get("primitiveValue")
    if mine is None or theirs is None or isinstance(mine, bool) or isinstance(theirs, bool):
        return mine is theirs
    if category in BIG:
        return number_of(one) == number_of(other)
    return bool(mine == theirs)


def string_form(value: Bean) -> str:
    """A value as one text, the way a collection is searched: `{key=text, key=text}`, nested the same way.

    Keys are in order (array elements by index), so that the form does not depend on who wrote the bean.
    """
    category = value.get("instancePropertyCategory")
    if category == "ENUM":
        return str(value.get("symbolicName", ""))
    field = COLLECTIONS.get(str(category))
    if field is None:
        raw = value.get("primitiveValue")
        if raw is None or (isinstance(raw, float) and not isfinite(raw)):
            return ""  # JSON has no such number: on its way to another worker it becomes null
        return str(raw).lower() if isinstance(raw, bool) else str(raw)
    held = elements(value.get(field))
    names = sorted(held, key=(lambda name: (len(name), name)) if category == "ARRAY" else None)
    return "{" + ", ".join(f"{name}={string_form(held[name])}" for name in names) + "}"


def texts(properties: Bean | None) -> Iterator[str]:
    """Every string value and enum symbolic name below an InstanceProperties bean, at any depth; names are not texts."""
    for value in elements(properties).values():
        category = value.get("instancePropertyCategory")
        if category == "PRIMITIVE":
            text = text_of(value)
            if text is not None:
                yield text
        elif category == "ENUM":
            if value.get("symbolicName") is not None:
                yield str(value["symbolicName"])
        elif category in COLLECTIONS:
            yield from texts(value.get(COLLECTIONS[str(category)]))

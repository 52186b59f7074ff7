"""Search criteria: text patterns and condition trees (OMRS queries § 2-3).

Patterns are Java regular expressions that match the whole text; `exact`, `starts_with`, `ends_with` and `contains`
quote a literal, so that no character of it acts as an operator.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from omrs_schemas.errors import InvalidParameterError
from omrs_schemas.javaregex import quote
from omrs_schemas.model.values import to_value
from omrs_schemas.typedefs.attributes import AttributeSpec
from omrs_schemas.typedefs.system import TypeSystem
from omrs_streams.client.wire import Bean

MatchCriteria = Literal["ALL", "ANY", "NONE"]
SequencingOrder = Literal[
    "ANY",
    "GUID",
    "CREATION_DATE_RECENT",
    "CREATION_DATE_OLDEST",
    "LAST_UPDATE_RECENT",
    "LAST_UPDATE_OLDEST",
    "PROPERTY_ASCENDING",
    "PROPERTY_DESCENDING",
]
Operator = Literal["EQ", "NEQ", "LT", "LTE", "GT", "GTE", "IN", "IS_NULL", "NOT_NULL", "LIKE"]

_STRING, _DATE = "OM_PRIMITIVE_TYPE_STRING", "OM_PRIMITIVE_TYPE_DATE"
_HEADER_STRINGS = ("metadataCollectionId", "metadataCollectionName", "typeName", "typeGUID", "createdBy", "updatedBy")
_HEADER_DATES = ("createTime", "updateTime", "effectiveFromTime", "effectiveToTime")
_HEADER = (*_HEADER_STRINGS, *_HEADER_DATES)
_PRIMITIVE_GUIDS = {_STRING: "b34a64b9-554a-42b1-8f8a-7d5c2339f9c4", _DATE: "1bef35ca-d4f9-48db-87c2-afce4649362d"}


def exact(text: str) -> str:
    """The pattern that matches `text` and nothing else."""
    return quote(text)


def starts_with(text: str) -> str:
    return exact(text) + ".*"


def ends_with(text: str) -> str:
    return ".*" + exact(text)


def contains(text: str) -> str:
    return ".*" + exact(text) + ".*"


def header_attribute(name: str) -> AttributeSpec | None:
    """The specification of an instance header field that may be searched like a property, or None."""
    category = _STRING if name in _HEADER_STRINGS else _DATE if name in _HEADER_DATES else None
    if category is None:
        return None
    return AttributeSpec(
        name=name,
        type_guid=_PRIMITIVE_GUIDS[category],
        type_name="string" if category == _STRING else "date",
        category="PRIMITIVE",
        primitive=category,
        collection=None,
        arguments=(),
        enum=None,
        unique=False,
        cardinality="AT_MOST_ONE",
    )


def attribute_of(types: TypeSystem, type_name: str | None, name: str) -> AttributeSpec:
    """The attribute `name` of the type, or the header field; InvalidParameterError lists what there is."""
    attributes = types.attributes(type_name) if type_name else {}
    found = attributes.get(name) or header_attribute(name)
    if found is None and type_name is None:
        raise InvalidParameterError(
            f"without a type, instances cannot be searched by property {name!r}",
            help=f"name a type that has it, or search by one of {', '.join(_HEADER)}",
            property=name,
        )
    if found is None:
        known = ", ".join(sorted(attributes)) or f"none of its own; of every instance: {', '.join(_HEADER)}"
        raise InvalidParameterError(
            f"type {type_name} has no property {name!r}", help=f"its properties: {known}", property=name
        )
    return found


def sortable(types: TypeSystem, type_names: Sequence[str | None], name: str) -> bool:
    """Whether instances of one of the types (None: of any) can have a property `name`; those of subtypes can, too."""
    return any(name in types.attributes(each) for type_name in type_names for each in _with_subtypes(types, type_name))


def unsortable(types: TypeSystem, type_names: Sequence[str | None], name: str) -> InvalidParameterError:
    """The error for an order by something that is not `sortable`."""
    asked = [type_name for type_name in type_names if type_name is not None]
    known = sorted({attribute for type_name in asked for attribute in types.attributes(type_name)})
    said = f"the type's properties: {', '.join(known)}; " if known else ""
    return InvalidParameterError(
        f"no instance of {' or '.join(asked) or 'any type'} has a property {name!r} to sort by",
        help=f"{said}for times and guids there is `order`",
        parameter="sort_property",
    )


def _with_subtypes(types: TypeSystem, type_name: str | None) -> Iterator[str]:
    if type_name is None:
        yield from (str(typedef["name"]) for typedef in types.typedefs())
        return
    for guid in types.subtype_guids(str(types.require(name=type_name)["guid"])):
        if (typedef := types.typedef(guid)) is not None:
            yield str(typedef["name"])


@dataclass(frozen=True, slots=True)
class Condition:
    """`property operator value`; `value` is a Python value, a sequence of them for IN, absent for IS_NULL/NOT_NULL."""

    property: str
    operator: Operator
    value: Any = None

    def to_bean(self, types: TypeSystem, type_name: str | None) -> Bean:
        bean: Bean = {"property": self.property, "operator": self.operator}
        if self.operator in ("IS_NULL", "NOT_NULL"):
            return bean
        spec = attribute_of(types, type_name, self.property)
        if self.operator == "IN":
            values = [to_value(spec, value) for value in self.value]
            bean["value"] = {
                "class": "ArrayPropertyValue",
                "headerVersion": 1,
                "instancePropertyCategory": "ARRAY",
                "arrayCount": len(values),
                "arrayValues": {
                    "class": "InstanceProperties",
                    "headerVersion": 1,
                    "instanceProperties": {str(index): value for index, value in enumerate(values)},
                },
            }
        else:
            bean["value"] = to_value(spec, self.value)
        return bean


@dataclass(frozen=True, slots=True)
class SearchProperties:
    """Conditions (or nested groups of them) and how they combine."""

    conditions: Sequence["Condition | SearchProperties"]
    match: MatchCriteria = "ALL"

    def to_bean(self, types: TypeSystem, type_name: str | None) -> Bean:
        conditions = [
            inner.to_bean(types, type_name)
            if isinstance(inner, Condition)
            else {"nestedConditions": inner.to_bean(types, type_name)}
            for inner in self.conditions
        ]
        return {"conditions": conditions, "matchCriteria": self.match}


def classified_with(*names: str, match: MatchCriteria = "ALL") -> Bean:
    """SearchClassifications for instances that carry the named classifications."""
    return {"conditions": [{"name": name} for name in names], "matchCriteria": match}

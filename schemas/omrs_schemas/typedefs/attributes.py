"""What a type says about one of its attributes, in the form that validation, codecs and indexes use."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from omrs_schemas.typedefs.constants import COLLECTION, ENUM_DEF, PRIMITIVE

Bean = dict[str, Any]


@dataclass(frozen=True, slots=True)
class AttributeSpec:
    """One attribute of a type, own or inherited.

    `type_guid`/`type_name` name its AttributeTypeDef, `category` is PRIMITIVE, COLLECTION or ENUM_DEF; exactly one of
    `primitive` (OM_PRIMITIVE_TYPE_…), `collection` (OM_COLLECTION_… with the primitive categories of its `arguments`)
    and `enum` (ordinal → EnumElementDef bean) is filled accordingly. `defined_in` is the type that declares it.
    `elements` are all enum elements: real enums give one ordinal twice, `enum` then has the first.
    """

    name: str
    type_guid: str
    type_name: str
    category: str
    primitive: str | None
    collection: str | None
    arguments: tuple[str, ...]
    enum: Mapping[int, Bean] | None
    unique: bool
    cardinality: str
    status: str = "ACTIVE_ATTRIBUTE"
    defined_in: str = ""
    elements: tuple[Bean, ...] = ()

    def element(self, symbolic_name: str) -> Bean | None:
        """The enum element of that symbolic name; None for other categories and unknown names."""
        return next((element for element in self.elements if element.get("value") == symbolic_name), None)


def attribute_spec(attribute: Bean, attribute_type: Bean, defined_in: str) -> AttributeSpec:
    """From a TypeDefAttribute bean and its AttributeTypeDef bean (the registered one where there is one)."""
    category = attribute_type["category"]
    elements = tuple(attribute_type.get("elementDefs") or ())
    by_ordinal = {element["ordinal"]: element for element in reversed(elements)}
    return AttributeSpec(
        name=attribute["attributeName"],
        type_guid=attribute_type["guid"],
        type_name=attribute_type["name"],
        category=category,
        primitive=attribute_type.get("primitiveDefCategory") if category == PRIMITIVE else None,
        collection=attribute_type.get("collectionDefCategory") if category == COLLECTION else None,
        arguments=tuple(attribute_type.get("argumentTypes") or ()),
        enum=MappingProxyType(by_ordinal) if category == ENUM_DEF else None,
        unique=bool(attribute.get("unique", False)),
        cardinality=attribute.get("attributeCardinality") or "UNKNOWN",
        status=attribute.get("attributeStatus") or "ACTIVE_ATTRIBUTE",
        defined_in=defined_in,
        elements=elements,
    )

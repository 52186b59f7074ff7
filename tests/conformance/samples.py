"""Which types the conformance checks try, and the values that they give (OMRS conformance § 3, § 4).

A bounded sample, the same every time; `OMRS_CONFORMANCE_TYPES=all` takes every active type.
"""

import os
from collections.abc import Callable, Iterable
from random import Random
from typing import Any

from omrs_schemas.typedefs.system import TypeSystem

Bean = dict[str, Any]

TYPES = TypeSystem.builtin()
EVERY = os.environ.get("OMRS_CONFORMANCE_TYPES") == "all"
SEED = 20230731

# Always among them: many super types, other kinds of values, no properties at all, one below another of them.
_ENTITIES = ("GlossaryTerm", "DataFile", "Referenceable")
_RELATIONSHIPS = ("CollectionMembership", "ResourceList")
_PAIRS = (("GlossaryTerm", "Confidentiality"), ("DataFile", "Anchors"))

_VALUES: dict[str, Callable[[str], Any]] = {
    "OM_PRIMITIVE_TYPE_STRING": lambda name: f"Test{name}Value",
    "OM_PRIMITIVE_TYPE_INT": lambda _: 42,
    "OM_PRIMITIVE_TYPE_SHORT": lambda _: 34,
    "OM_PRIMITIVE_TYPE_BYTE": lambda _: 7,
    "OM_PRIMITIVE_TYPE_CHAR": lambda _: "o",
    "OM_PRIMITIVE_TYPE_LONG": lambda _: 2452,
    "OM_PRIMITIVE_TYPE_FLOAT": lambda _: 245332.0,
    "OM_PRIMITIVE_TYPE_DOUBLE": lambda _: 2459992.0,
    "OM_PRIMITIVE_TYPE_BOOLEAN": lambda _: True,
}


def _active(category: str) -> list[Bean]:
    found = (each for each in TYPES.typedefs() if each["category"] == category and each["status"] == "ACTIVE_TYPEDEF")
    return sorted(found, key=lambda each: str(each["name"]))


def _some(all_: Iterable[Any], always: Iterable[Any], count: int) -> list[Any]:
    rest = [each for each in all_ if each not in always]
    return [*always, *rest] if EVERY else [*always, *Random(SEED).sample(rest, count)]


def entity_types() -> list[str]:
    return _some((each["name"] for each in _active("ENTITY_DEF")), _ENTITIES, 3)


def relationship_types() -> list[str]:
    return _some((each["name"] for each in _active("RELATIONSHIP_DEF")), _RELATIONSHIPS, 2)


def classified_types() -> list[tuple[str, str]]:
    """(entity type, a classification for it). Of every type: each entity type and each classification once at least."""
    entities, classifications = _active("ENTITY_DEF"), _active("CLASSIFICATION_DEF")
    pairs = [
        (str(entity["name"]), str(each["name"]))
        for each in classifications
        for entity in entities
        if any(TYPES.is_type_of(entity["name"], valid["name"]) for valid in each["validEntityDefs"])
    ]
    if not EVERY:
        return _some(pairs, _PAIRS, 2)
    Random(SEED).shuffle(pairs)
    by_entity, by_classification = dict(pairs), {classification: entity for entity, classification in pairs}
    return sorted({*by_entity.items(), *((entity, name) for name, entity in by_classification.items())})


def subtypes(name: str) -> list[str]:
    """Active types below a type, by name."""
    below = (TYPES.require(guid=guid) for guid in TYPES.subtype_guids(TYPES.require(name=name)["guid"]))
    return sorted(each["name"] for each in below if each["name"] != name and each["status"] == "ACTIVE_TYPEDEF")


def ends(relationship_type: str) -> tuple[str, str]:
    """Names of the entity types at both ends."""
    bean = TYPES.require(name=relationship_type)
    return bean["endDef1"]["entityType"]["name"], bean["endDef2"]["entityType"]["name"]


def primitive(kind: str, value: Any) -> Bean:
    """A value as the suite sends it: without name and guid of its type."""
    return {
        "class": "PrimitivePropertyValue",
        "headerVersion": 1,
        "instancePropertyCategory": "PRIMITIVE",
        "primitiveDefCategory": kind,
        "primitiveValue": value,
    }


def text(value: str) -> Bean:
    return primitive("OM_PRIMITIVE_TYPE_STRING", value)


def properties(values: Bean) -> Bean | None:
    """InstanceProperties; None without any, as the suite does."""
    if not values:
        return None
    return {"class": "InstanceProperties", "headerVersion": 1, "instanceProperties": values}


def texts(**values: str) -> Bean | None:
    return properties({name: text(value) for name, value in values.items()})


def everything(type_name: str, types: TypeSystem = TYPES) -> Bean | None:
    """A value for every primitive attribute of a type, its own and inherited ones."""
    return properties(
        {
            name: primitive(attribute.primitive, _VALUES[attribute.primitive](name))
            for name, attribute in types.attributes(type_name).items()
            if attribute.primitive in _VALUES
        }
    )


def least(type_name: str, types: TypeSystem = TYPES) -> Bean | None:
    """Values for those attributes only that tell instances of the type apart."""
    whole = everything(type_name, types) or {"instanceProperties": {}}
    unique = {name for name, attribute in types.attributes(type_name).items() if attribute.unique}
    return properties({name: value for name, value in whole["instanceProperties"].items() if name in unique})

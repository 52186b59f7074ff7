"""The types of simulated members: two entity types, a relationship, two classifications. Small on purpose."""

from typing import Any

from omrs_schemas.typedefs.system import TypeSystem

Bean = dict[str, Any]

THING, SPECIAL, LINK = "type-thing", "type-special", "type-link"
NAMES = {THING: "Thing", SPECIAL: "SpecialThing", LINK: "Link"}
CLASSIFICATIONS = ("Tag", "Mark")
TYPE_GUIDS = (THING, SPECIAL, LINK, "type-Tag", "type-Mark")


def _link(guid: str) -> Bean:
    return {"headerVersion": 1, "guid": guid, "name": NAMES[guid], "status": "ACTIVE_TYPEDEF"}


def _typedef(kind: str, category: str, guid: str, name: str, **more: Any) -> Bean:
    return {
        "class": kind,
        "headerVersion": 1,
        "guid": guid,
        "name": name,
        "status": "ACTIVE_TYPEDEF",
        "version": 1,
        "versionName": "1.0",
        "category": category,
        "validInstanceStatusList": ["ACTIVE", "DRAFT", "DELETED"],
        "initialStatus": "ACTIVE",
        **more,
    }


def _build() -> TypeSystem:
    types = TypeSystem()
    string = TypeSystem.builtin().attribute_typedef_by_name("string")
    assert string is not None
    types.add_attribute_typedef(string)
    attribute = {
        "headerVersion": 1,
        "attributeName": "value",
        "attributeType": string,
        "attributeStatus": "ACTIVE_ATTRIBUTE",
        "attributeCardinality": "AT_MOST_ONE",
        "valuesMinCount": 0,
        "valuesMaxCount": 1,
        "unique": False,
        "indexable": True,
    }
    properties = {"propertiesDefinition": [attribute]}
    types.add_typedef(_typedef("EntityDef", "ENTITY_DEF", THING, NAMES[THING], **properties))
    types.add_typedef(_typedef("EntityDef", "ENTITY_DEF", SPECIAL, NAMES[SPECIAL], superType=_link(THING)))
    end = {"headerVersion": 1, "entityType": _link(THING), "attributeCardinality": "ANY_NUMBER"}
    types.add_typedef(
        _typedef(
            "RelationshipDef",
            "RELATIONSHIP_DEF",
            LINK,
            NAMES[LINK],
            **properties,
            propagationRule="NONE",
            endDef1={**end, "attributeName": "one"},
            endDef2={**end, "attributeName": "two"},
            multiLink=True,
        )
    )
    for name in CLASSIFICATIONS:
        types.add_typedef(
            _typedef(
                "ClassificationDef",
                "CLASSIFICATION_DEF",
                f"type-{name}",
                name,
                **properties,
                validEntityDefs=[_link(THING)],
                propagatable=False,
            )
        )
    return types


TYPES = _build()


def properties(number: int) -> Bean:
    value = {
        "class": "PrimitivePropertyValue",
        "headerVersion": 1,
        "instancePropertyCategory": "PRIMITIVE",
        "primitiveDefCategory": "OM_PRIMITIVE_TYPE_STRING",
        "primitiveValue": f"value {number}",
    }
    return {"class": "InstanceProperties", "headerVersion": 1, "instanceProperties": {"value": value}}

"""TypeDefs and attribute types between the API and the beans of the repository services (OMRS types § 1, § 5)."""

from collections.abc import Iterable, Mapping
from typing import Any
from urllib.parse import quote

from omrs_schemas.errors import InvalidTypeDefError, TypeDefError
from omrs_schemas.model.enums import RelationshipEndCardinality
from omrs_schemas.model.types import TypeDefLink
from omrs_schemas.typedefs.system import TypeSystem
from omrs_streams.api.v1.base import PATH
from omrs_streams.api.v1.beans import type_guid
from omrs_streams.api.v1.type_models import (
    Attribute,
    AttributeType,
    Element,
    NewAttribute,
    NewAttributeType,
    NewClassificationType,
    NewCollection,
    NewRelationshipType,
    NewType,
    Type,
    TypeEnd,
    TypePatch,
)
from omrs_streams.api.v1.views import moment
from omrs_streams.repository.local import Bean

CLASSES = {"entity": "EntityDef", "relationship": "RelationshipDef", "classification": "ClassificationDef"}
CATEGORIES = {"entity": "ENTITY_DEF", "relationship": "RELATIONSHIP_DEF", "classification": "CLASSIFICATION_DEF"}
ATTRIBUTE_CATEGORIES = {"primitive": "PRIMITIVE", "enum": "ENUM_DEF", "collection": "COLLECTION"}
_NAMES = {value: name for name, value in {**CATEGORIES, **ATTRIBUTE_CATEGORIES}.items()}
_FIRST_VERSION = "1.0"


def type_url(name: str) -> str:
    return f"{PATH}/types/{quote(name, safe='')}"


def attribute_type_url(name: str) -> str:
    return f"{PATH}/attribute-types/{quote(name, safe='')}"


# ---- shown ---------------------------------------------------------------------------------------------------------


def shown(types: TypeSystem, bean: Bean, warnings: Iterable[str] = ()) -> Type:
    """Of a TypeDef bean."""
    name = bean["name"]
    chain = [bean, *_supertypes(types, bean)]
    ends = [bean[field] for field in ("endDef1", "endDef2") if field in bean]
    return Type(
        guid=bean["guid"],
        name=name,
        category=_NAMES[bean["category"]],
        version=bean.get("version") or 0,
        version_name=bean.get("versionName"),
        status=_status(bean.get("status")),
        description=bean.get("description"),
        super_type=(bean.get("superType") or {}).get("name"),
        attributes=[_attribute(each, of["name"]) for of in chain for each in of.get("propertiesDefinition") or ()],
        valid_statuses=list(bean.get("validInstanceStatusList") or ()),
        initial_status=bean.get("initialStatus"),
        ends=[_end(each) for each in ends] or None,
        multi_link=bean.get("multiLink"),
        propagation_rule=bean.get("propagationRule"),
        entity_types=_names(bean.get("validEntityDefs")),
        propagatable=bean.get("propagatable"),
        origin=bean.get("origin"),
        created_by=bean.get("createdBy"),
        create_time=moment(bean.get("createTime")),
        updated_by=bean.get("updatedBy"),
        update_time=moment(bean.get("updateTime")),
        options=bean.get("options"),
        url=type_url(name),
        warnings=list(warnings) or None,
    )


def _supertypes(types: TypeSystem, bean: Bean) -> list[Bean]:
    link = bean.get("superType")
    above = types.resolve(link) if link else None
    if above is None:
        return []
    return [found for name in types.supertypes(above["name"]) if (found := types.typedef_by_name(name)) is not None]


def _attribute(bean: Bean, defined_in: str) -> Attribute:
    return Attribute(
        name=bean["attributeName"],
        type=bean["attributeType"]["name"],
        description=bean.get("attributeDescription"),
        status=bean.get("attributeStatus"),
        cardinality=bean.get("attributeCardinality"),
        unique=bool(bean.get("unique")),
        default_value=bean.get("defaultValue"),
        defined_in=defined_in,
    )


def _end(bean: Bean) -> TypeEnd:
    return TypeEnd(
        type=(bean.get("entityType") or {}).get("name") or "?",
        name=bean.get("attributeName") or "?",
        cardinality=RelationshipEndCardinality[bean.get("attributeCardinality") or "UNKNOWN"],
        description=bean.get("attributeDescription"),
    )


def _names(links: Iterable[Mapping[str, Any]] | None) -> list[str] | None:
    return None if links is None else [str(link.get("name") or "") for link in links]


def _status(status: str | None) -> str | None:
    return None if status is None else status.removesuffix("_TYPEDEF").lower()


def attribute_type(bean: Bean, warnings: Iterable[str] = ()) -> AttributeType:
    """Of an AttributeTypeDef bean."""
    elements = [
        Element(name=each["value"], ordinal=each["ordinal"], description=each.get("description"))
        for each in bean.get("elementDefs") or ()
    ]
    return AttributeType(
        guid=bean["guid"],
        name=bean["name"],
        category=_NAMES[bean["category"]],
        version=bean.get("version") or 0,
        version_name=bean.get("versionName"),
        description=bean.get("description"),
        primitive=_short(bean.get("primitiveDefCategory")),
        collection=_short(bean.get("collectionDefCategory")),
        argument_types=[_short(each) or "" for each in bean.get("argumentTypes") or ()] or None,
        elements=elements or None,
        default=(bean.get("defaultValue") or {}).get("value"),
        url=attribute_type_url(bean["name"]),
        warnings=list(warnings) or None,
    )


def _short(category: str | None) -> str | None:
    return None if category is None else category.rpartition("_")[2].lower()


# ---- taken ---------------------------------------------------------------------------------------------------------


def new_type(types: TypeSystem, given: NewType, guid: str, user: str, now: int) -> Bean:
    """A TypeDef bean in version 1."""
    bean: Bean = {
        "class": CLASSES[given.category],
        "headerVersion": 1,
        "guid": guid,
        "name": given.name,
        "category": CATEGORIES[given.category],
        "status": "ACTIVE_TYPEDEF",
        "version": 1,
        "versionName": _FIRST_VERSION,
        "createdBy": user,
        "createTime": now,
        "validInstanceStatusList": ["ACTIVE", "DELETED"],
        "initialStatus": "ACTIVE",
        **_content(types, given),
    }
    if given.attributes:
        bean["propertiesDefinition"] = _attributes(types, given.attributes)
    if isinstance(given, NewRelationshipType):
        bean |= _ends(types, given.ends)
        if given.propagation_rule is not None:
            bean["propagationRule"] = given.propagation_rule.value
        if given.multi_link is not None:
            bean["multiLink"] = given.multi_link
    if isinstance(given, NewClassificationType):
        if given.entity_types is not None:
            bean["validEntityDefs"] = _entity_types(types, given.entity_types)
        if given.propagatable is not None:
            bean["propagatable"] = given.propagatable
    if given.options is not None:
        bean["options"] = given.options
    return bean


def patch(types: TypeSystem, current: Bean, given: TypePatch, user: str, now: int) -> Bean:
    """The TypeDefPatch from the current version to the next."""
    version = current.get("version") or 0
    bean: Bean = {
        "headerVersion": 1,
        "typeDefGUID": current["guid"],
        "typeDefName": current["name"],
        "applyToVersion": version,
        "updateToVersion": version + 1,
        "newVersionName": given.version_name or f"{version + 1}.0",
        "updatedBy": user,
        "updateTime": now,
        **_content(types, given),
    }
    if given.attributes:
        bean["propertyDefinitions"] = _attributes(types, given.attributes)
    if given.ends is not None:
        bean |= _ends(types, given.ends)
    if given.entity_types is not None:
        bean["validEntityDefs"] = _entity_types(types, given.entity_types)
    if given.status is not None:
        bean["typeDefStatus"] = f"{given.status.upper()}_TYPEDEF"
    if given.multi_link is not None:
        bean |= {"updateMultiLink": True, "multiLink": given.multi_link}
    if given.options is not None:
        bean["typeDefOptions"] = given.options
    return bean


def _content(types: TypeSystem, given: NewType | TypePatch) -> Bean:
    """What a TypeDef and its patch call by the same names."""
    bean: Bean = {}
    if given.description is not None:
        bean["description"] = given.description
    if given.super_type is not None:
        bean["superType"] = _link(types, given.super_type, "/superType")
    if given.valid_statuses is not None:
        bean["validInstanceStatusList"] = [status.value for status in given.valid_statuses]
        bean["initialStatus"] = bean["validInstanceStatusList"][0]
    if given.initial_status is not None:
        bean["initialStatus"] = given.initial_status.value
    return bean


def _ends(types: TypeSystem, ends: list[TypeEnd]) -> Bean:
    bean: Bean = {}
    for number, end in enumerate(ends):
        bean[f"endDef{number + 1}"] = {
            "headerVersion": 1,
            "entityType": _link(types, end.type, f"/ends/{number}/type", "ENTITY_DEF"),
            "attributeName": end.name,
            "attributeCardinality": end.cardinality.value,
            **({"attributeDescription": end.description} if end.description else {}),
        }
    return bean


def _entity_types(types: TypeSystem, names: list[str]) -> list[Bean]:
    return [_link(types, name, f"/entityTypes/{index}", "ENTITY_DEF") for index, name in enumerate(names)]


def _link(types: TypeSystem, name: str, pointer: str, category: str | None = None) -> Bean:
    typedef = types.require(guid=type_guid(types, name, pointer, category))
    return TypeDefLink(guid=typedef["guid"], name=typedef["name"], status=typedef.get("status")).to_bean()


def _attributes(types: TypeSystem, given: list[NewAttribute]) -> list[Bean]:
    found = []
    for index, each in enumerate(given):
        kind = types.attribute_typedef_by_name(each.type)
        if kind is None:
            raise TypeDefError(
                f"there is no attribute type {each.type!r}",
                help="see /api/v1/attribute-types",
                pointer=f"/attributes/{index}/type",
            )
        many = each.cardinality.value.startswith(("AT_LEAST_ONE", "ANY_NUMBER"))
        bean: Bean = {
            "headerVersion": 1,
            "attributeName": each.name,
            "attributeType": kind,
            "attributeStatus": "ACTIVE_ATTRIBUTE",
            "attributeCardinality": each.cardinality.value,
            "valuesMinCount": 1 if each.cardinality.value in ("ONE_ONLY",) or "AT_LEAST" in each.cardinality else 0,
            "valuesMaxCount": 0 if many else 1,
            "unique": each.unique,
            "indexable": True,
        }
        if each.description is not None:
            bean["attributeDescription"] = each.description
        if each.default_value is not None:
            bean["defaultValue"] = each.default_value
        found.append(bean)
    return found


def new_attribute_type(given: NewAttributeType, guid: str) -> Bean:
    """An EnumDef or CollectionDef bean in version 1."""
    bean: Bean = {
        "headerVersion": 1,
        "guid": guid,
        "name": given.name,
        "category": ATTRIBUTE_CATEGORIES[given.category],
        "version": 1,
        "versionName": _FIRST_VERSION,
    }
    if given.description is not None:
        bean["description"] = given.description
    if isinstance(given, NewCollection):
        arguments = [f"OM_PRIMITIVE_TYPE_{each.upper()}" for each in given.argument_types]
        bean["collectionDefCategory"] = f"OM_COLLECTION_{given.collection.upper()}"
        return {"class": "CollectionDef", **bean, "argumentCount": len(arguments), "argumentTypes": arguments}
    bean["elementDefs"] = [_element(each) for each in given.elements]
    if given.default is not None:
        chosen = [each for each in bean["elementDefs"] if each["value"] == given.default]
        if not chosen:
            raise InvalidTypeDefError(f"{given.default} is not one of the elements", pointer="/default")
        bean["defaultValue"] = chosen[0]
    return {"class": "EnumDef", **bean}


def _element(given: Element) -> Bean:
    bean: Bean = {"headerVersion": 1, "ordinal": given.ordinal, "value": given.name}
    if given.description is not None:
        bean["description"] = given.description
    return bean

"""What a request says as the beans of the repository services (OMRS queries § 6)."""

from collections.abc import Mapping, Sequence
from typing import Any

from omrs_schemas.errors import PropertyError, TypeDefError
from omrs_schemas.model.values import to_properties
from omrs_schemas.typedefs.system import TypeSystem
from omrs_streams.api.v1.models import Content, ExternalSource, NewClassification, NewEntity, NewRelationship, Patch
from omrs_streams.api.v1.problems import at
from omrs_streams.repository.local import Bean

_KINDS = {"ENTITY_DEF": "an entity", "RELATIONSHIP_DEF": "a relationship", "CLASSIFICATION_DEF": "a classification"}


def type_guid(types: TypeSystem, name: str, pointer: str = "/type", category: str | None = None) -> str:
    """The guid of the type named at `pointer`, or InvalidParameterError's kin: TypeDefError with that pointer."""
    found = types.typedef_by_name(name)
    if found is None:
        raise TypeDefError(f"there is no type {name!r}", help="see /api/v1/types", pointer=pointer, type_name=name)
    if category is not None and found["category"] != category:
        raise TypeDefError(
            f"{name} is the type of {_KINDS.get(found['category'])}, not of {_KINDS[category]}",
            help=f"see /api/v1/types?category={category.removesuffix('_DEF').lower()}",
            pointer=pointer,
            type_name=name,
        )
    return str(found["guid"])


def properties(types: TypeSystem, type_name: str, given: Content, pointer: str = "") -> Bean:
    """The InstanceProperties bean of a request's properties and effectivity dates."""
    with at(f"{pointer}/properties"):
        bean = to_properties(types, type_name, given.properties)
    return _effective(bean, given.effective_from, given.effective_to)


def _effective(bean: Bean, start: int | None, end: int | None) -> Bean:
    if start is not None:
        bean["effectiveFromTime"] = start
    if end is not None:
        bean["effectiveToTime"] = end
    return bean


def merged(types: TypeSystem, current: Bean, changes: Mapping[str, Any], patch: Patch | None = None) -> Bean:
    """The properties of `current` with `changes`: null removes. Values that are not named stay exactly as they are."""
    held: Bean = current.get("properties") or {"class": "InstanceProperties", "headerVersion": 1}
    type_name = current["type"]["typeDefName"]
    values: Bean = held.get("instanceProperties") or {}
    gone = {name for name, value in changes.items() if value is None}
    with at("/properties"):
        named = to_properties(types, type_name, changes).get("instanceProperties") or {}
        for name in gone - types.attributes(type_name).keys() - values.keys():
            raise PropertyError(f"type {type_name} has no property {name!r}", property=name, type_name=type_name)
    bean = {name: value for name, value in held.items() if name != "instanceProperties"}
    values = {name: value for name, value in {**values, **named}.items() if name not in gone}
    if values:
        bean["instanceProperties"] = values
    if patch is not None:
        for field, name in (("effective_from", "effectiveFromTime"), ("effective_to", "effectiveToTime")):
            if field in patch.model_fields_set:
                bean.pop(name, None)
        _effective(bean, patch.effective_from, patch.effective_to)
    return bean


def external(source: ExternalSource | None) -> Bean:
    if source is None:
        return {}
    bean: Bean = {"metadataCollectionId": source.guid}
    if source.name:
        bean["metadataCollectionName"] = source.name
    return bean


def new_entity(types: TypeSystem, given: NewEntity) -> Bean:
    """An EntityCreateRequest."""
    bean: Bean = {
        "class": "EntityCreateRequest",
        "entityTypeGUID": type_guid(types, given.type, category="ENTITY_DEF"),
        "initialProperties": properties(types, given.type, given),
        **external(given.external_source),
    }
    if given.classifications:
        bean["initialClassifications"] = [
            _classification(types, each, f"/classifications/{index}")
            for index, each in enumerate(given.classifications)
        ]
    if given.status is not None:
        bean["initialStatus"] = given.status.value
    return bean


def _classification(types: TypeSystem, given: NewClassification, pointer: str) -> Bean:
    type_guid(types, given.name, f"{pointer}/name", "CLASSIFICATION_DEF")
    bean: Bean = {
        "class": "Classification",
        "headerVersion": 1,
        "name": given.name,
        "properties": properties(types, given.name, given, pointer),
    }
    if given.origin is not None:
        bean["classificationOrigin"] = given.origin
    if given.origin_guid is not None:
        bean["classificationOriginGUID"] = given.origin_guid
    return bean


def new_relationship(types: TypeSystem, given: NewRelationship) -> Bean:
    """A RelationshipCreateRequest."""
    bean: Bean = {
        "class": "RelationshipCreateRequest",
        "relationshipTypeGUID": type_guid(types, given.type, category="RELATIONSHIP_DEF"),
        "initialProperties": properties(types, given.type, given),
        "entityOneGUID": given.end1,
        "entityTwoGUID": given.end2,
        **external(given.external_source),
    }
    if given.status is not None:
        bean["initialStatus"] = given.status.value
    return bean


def typed(bean: Bean) -> Bean:
    """The TypeDefValidationForRequest that names the type of an instance."""
    known = bean["type"]
    return {
        "class": "TypeDefValidationForRequest",
        "typeDefGUID": known["typeDefGUID"],
        "typeDefName": known["typeDefName"],
    }


def type_summary(types: TypeSystem, name: str, pointer: str = "/type") -> Bean:
    """The TypeDefSummary of a type."""
    typedef = types.require(guid=type_guid(types, name, pointer))
    kept = ("guid", "name", "version", "versionName", "category", "status")
    return {"headerVersion": 1, **{field: typedef[field] for field in kept if field in typedef}}


def type_guids(types: TypeSystem, names: Sequence[str], pointer: str, category: str | None = None) -> list[str]:
    return [type_guid(types, name, pointer, category) for name in names]

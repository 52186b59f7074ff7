"""Hypothesis strategies for beans: any model's beans from its fields, instances and events of a type system's types."""

from __future__ import annotations

import types as python_types
from decimal import Decimal
from enum import StrEnum
from functools import cache
from typing import Annotated, Any, Union, get_args, get_origin

from hypothesis import strategies as st

from omrs_schemas.model.base import Bean, JsonBean
from omrs_schemas.model.enums import InstanceStatus, TypeDefEventType
from omrs_schemas.model.events import (
    ErrorSection,
    EventOriginator,
    RegistryEventSection,
    TypeDefEventSection,
)
from omrs_schemas.model.primitives import PRIMITIVE_TYPE, exact_decimal
from omrs_schemas.model.types import AttributeTypeDef, TypeDef, TypeDefPatch
from omrs_schemas.model.values import primitive_bean, properties_bean, to_value
from omrs_schemas.typedefs.attributes import AttributeSpec
from omrs_schemas.typedefs.system import TypeSystem

texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
names = st.text("abcdefghijklmnopqrstuvwxyz", min_size=1, max_size=8)
guids = st.uuids().map(str) | st.just("a6e698b0-a4f7-4a39-8c80-db0bb0f972e") | texts.filter(bool)
longs = st.integers(-(2**63), 2**63 - 1)
dates = st.integers(-(10**14), 10**14)
doubles = st.floats(allow_nan=False, allow_infinity=False)
decimals = st.decimals(allow_nan=False, allow_infinity=False, places=None).map(lambda value: exact_decimal(str(value)))
json_values = st.recursive(
    st.booleans() | longs | doubles | texts,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3),
    max_leaves=6,
)
connections = st.dictionaries(names, json_values, min_size=1, max_size=4)

_OF_PRIMITIVE: dict[str, st.SearchStrategy[Any]] = {
    "OM_PRIMITIVE_TYPE_BOOLEAN": st.booleans(),
    "OM_PRIMITIVE_TYPE_BYTE": st.integers(-128, 127),
    "OM_PRIMITIVE_TYPE_CHAR": texts.filter(bool).map(lambda text: text[0]),
    "OM_PRIMITIVE_TYPE_SHORT": st.integers(-(2**15), 2**15 - 1),
    "OM_PRIMITIVE_TYPE_INT": st.integers(-(2**31), 2**31 - 1),
    "OM_PRIMITIVE_TYPE_LONG": longs,
    "OM_PRIMITIVE_TYPE_FLOAT": doubles,
    "OM_PRIMITIVE_TYPE_DOUBLE": doubles,
    "OM_PRIMITIVE_TYPE_BIGINTEGER": st.integers(-(10**40), 10**40),
    "OM_PRIMITIVE_TYPE_BIGDECIMAL": decimals | st.integers(-(10**30), 10**30),
    "OM_PRIMITIVE_TYPE_STRING": texts,
    "OM_PRIMITIVE_TYPE_DATE": dates,
    "OM_PRIMITIVE_TYPE_UNKNOWN": texts | longs | st.booleans(),
}

TYPED_VALUE_FIELDS = (
    "class", "headerVersion", "type", "primitiveValue", "primitiveJson", "ordinal", "symbolicName", "description",
    "arrayCount", "arrayValues", "mapElementCount", "mapValues", "attributes",
)  # fmt: skip
"""The field names of the Avro record TypedValue: keys of a map that tries to look like one."""


# --- any model ------------------------------------------------------------------------------------------------------


def beans(model: type[Bean], depth: int = 3) -> st.SearchStrategy[JsonBean]:
    """Canonical beans of a model: fields that Egeria always emits are there, others now and then."""

    @st.composite
    def build(draw: st.DrawFn) -> JsonBean:
        bean: JsonBean = {} if model.bean_class is None else {"class": model.bean_class}
        for name, info in model.model_fields.items():
            optional, kind = _optional(info.annotation)
            if optional and (not draw(st.booleans()) or (depth <= 0 and _is_nested(kind))):
                continue
            value = draw(_of_kind(kind, depth - 1))
            if value not in ([], {}):
                bean[name] = value
        return bean

    return build()


def _of_kind(kind: Any, depth: int) -> st.SearchStrategy[Any]:
    origin = get_origin(kind)
    if origin is Annotated:
        if kind.__metadata__ and get_args(kind)[0] is int:
            return longs
        return _of_kind(get_args(kind)[0], depth)
    if origin in (Union, python_types.UnionType):
        return st.one_of([_of_kind(member, depth) for member in get_args(kind)])
    if origin is list:
        return st.lists(_of_kind(get_args(kind)[0], depth), max_size=2)
    if origin is dict:
        value = get_args(kind)[1]
        return connections if value is Any else st.dictionaries(names, _of_kind(value, depth), max_size=3)
    if kind is Any:
        return json_values
    if issubclass(kind, StrEnum):
        return st.sampled_from([member.value for member in kind])
    if issubclass(kind, Bean):
        return beans(kind, depth)
    return {str: texts, bool: st.booleans(), int: longs, float: doubles}[kind]


def _optional(annotation: Any) -> tuple[bool, Any]:
    if get_origin(annotation) not in (Union, python_types.UnionType):
        return False, annotation
    rest = [member for member in get_args(annotation) if member is not type(None)]
    return len(rest) < len(get_args(annotation)), rest[0] if len(rest) == 1 else Union[tuple(rest)]  # noqa: UP007


def _is_nested(kind: Any) -> bool:
    if get_origin(kind) is list:
        return _is_nested(get_args(kind)[0])
    return not (isinstance(kind, type) and issubclass(kind, str | int | float))


def typedefs(depth: int = 2) -> st.SearchStrategy[JsonBean]:
    """TypeDef beans of the three kinds."""
    return _of_kind(TypeDef, depth)


def attribute_typedefs() -> st.SearchStrategy[JsonBean]:
    """Attribute type beans of the three kinds."""
    return _of_kind(AttributeTypeDef, 2)


def patches() -> st.SearchStrategy[JsonBean]:
    """TypeDefPatch beans."""
    return beans(TypeDefPatch, 2)


# --- property values ------------------------------------------------------------------------------------------------


def python_values(attribute: AttributeSpec) -> st.SearchStrategy[Any]:
    """Python values that an attribute can have."""
    if attribute.category == "PRIMITIVE":
        return _OF_PRIMITIVE[attribute.primitive or "OM_PRIMITIVE_TYPE_UNKNOWN"]
    if attribute.category == "ENUM_DEF":
        return st.sampled_from(sorted(attribute.enum or {}))
    element = _OF_PRIMITIVE[attribute.arguments[-1]] if attribute.arguments else texts
    if attribute.collection == "OM_COLLECTION_ARRAY":
        return st.lists(element, max_size=12)
    return st.dictionaries(texts | st.sampled_from(TYPED_VALUE_FIELDS), element, max_size=4)


def canonical_values(attribute: AttributeSpec) -> st.SearchStrategy[JsonBean]:
    """Value beans exactly as the attribute's type says."""
    return python_values(attribute).map(lambda value: to_value(attribute, value))


@st.composite
def primitive_values(draw: st.DrawFn) -> JsonBean:
    """Primitive value beans of every category, with, without or with other type ids and header versions."""
    category = draw(st.sampled_from(sorted(PRIMITIVE_TYPE)))
    bean = primitive_bean(category, draw(_OF_PRIMITIVE[category]))
    return draw(distorted(bean))


@st.composite
def distorted(draw: st.DrawFn, bean: JsonBean) -> JsonBean:
    """A value bean as strangers send it: its type ids gone or other ones, its value gone, another header version."""
    bean = dict(bean)
    change = draw(st.sampled_from(["none", "no type", "no name", "other name", "other guid", "no value", "version"]))
    if change in ("no type", "no name"):
        bean.pop("typeName", None)
    if change == "no type":
        bean.pop("typeGUID", None)
    elif change == "other name":
        bean["typeName"] = draw(texts)
    elif change == "other guid":
        bean["typeGUID"] = draw(guids)
    elif change == "no value":
        bean.pop("primitiveValue", None)
    elif change == "version":
        bean["headerVersion"] = draw(longs)
    return bean


def _nesting(inner: st.SearchStrategy[JsonBean]) -> st.SearchStrategy[JsonBean]:
    @st.composite
    def build(draw: st.DrawFn) -> JsonBean:
        kind = draw(st.sampled_from(["ArrayPropertyValue", "MapPropertyValue", "StructPropertyValue"]))
        category = kind.removesuffix("PropertyValue").upper()
        bean: JsonBean = {"class": kind, "headerVersion": 1, "instancePropertyCategory": category}
        if draw(st.booleans()):
            bean |= {"typeGUID": draw(guids), "typeName": draw(names)}
        if kind == "ArrayPropertyValue":
            items = draw(st.lists(inner, max_size=3))
            bean["arrayCount"] = len(items) + draw(st.integers(0, 2))
            if items:
                bean["arrayValues"] = properties_bean({str(index): item for index, item in enumerate(items)})
        elif kind == "MapPropertyValue":
            entries = draw(st.dictionaries(texts | st.sampled_from(TYPED_VALUE_FIELDS), inner, max_size=3))
            bean["mapElementCount"] = len(entries)
            if entries:
                bean["mapValues"] = properties_bean(entries)
        else:
            entries = draw(st.dictionaries(texts, inner, min_size=1, max_size=3))
            bean["attributes"] = properties_bean(entries)
            if draw(st.booleans()):
                bean["attributes"]["effectiveFromTime"] = draw(dates)
        return bean

    return build()


@st.composite
def enum_values(draw: st.DrawFn) -> JsonBean:
    """Enum value beans of no known type."""
    bean: JsonBean = {"class": "EnumPropertyValue", "headerVersion": 1, "instancePropertyCategory": "ENUM"}
    for field, values in {"typeGUID": guids, "typeName": names, "symbolicName": texts, "description": texts}.items():
        if draw(st.booleans()):
            bean[field] = draw(values)
    bean["ordinal"] = draw(st.integers(-5, 100))
    return bean


any_values = st.recursive(primitive_values() | enum_values(), _nesting, max_leaves=6)
"""Value beans of all five kinds, nested, of no particular type."""


@st.composite
def properties(draw: st.DrawFn, types: TypeSystem, type_name: str | None) -> JsonBean:
    """InstanceProperties beans for a type: canonical values, distorted ones, and names that the type does not have."""
    attributes = types.attributes(type_name) if type_name is not None and types.typedef_by_name(type_name) else {}
    values: dict[str, JsonBean] = {}
    if attributes:
        for name in draw(st.lists(st.sampled_from(sorted(attributes)), max_size=8, unique=True)):
            bean = draw(canonical_values(attributes[name]))
            how = draw(st.sampled_from(["canonical", "canonical", "canonical", "distorted", "any"]))
            values[name] = bean if how == "canonical" else draw(distorted(bean) if how == "distorted" else any_values)
    values |= draw(st.dictionaries(names, any_values, max_size=2))
    bean = properties_bean(values)
    for field in ("effectiveFromTime", "effectiveToTime"):
        if draw(st.integers(0, 4)) == 0:
            bean[field] = draw(dates)
    return bean


# --- instances ------------------------------------------------------------------------------------------------------


@st.composite
def audit_headers(draw: st.DrawFn, types: TypeSystem, type_name: str | None, category: str) -> JsonBean:
    """What every instance has; a type name that is not known gives an instance type with guid and name alone."""
    typedef = types.typedef_by_name(type_name) if type_name is not None else None
    header: JsonBean = {"headerVersion": 1}
    if typedef is not None:
        header["type"] = types.instance_type(typedef)
    elif type_name is not None:
        header["type"] = {
            "class": "InstanceType",
            "headerVersion": 1,
            "typeDefCategory": category,
            "typeDefGUID": draw(guids),
            "typeDefName": type_name,
            "typeDefVersion": draw(st.integers(0, 9)),
        }
    optional: dict[str, st.SearchStrategy[Any]] = {
        "instanceProvenanceType": st.sampled_from(["LOCAL_COHORT", "CONTENT_PACK", "EXTERNAL_SOURCE"]),
        "metadataCollectionId": guids,
        "metadataCollectionName": texts,
        "replicatedBy": guids,
        "instanceLicense": texts,
        "status": st.sampled_from([status.value for status in InstanceStatus]),
        "createdBy": texts,
        "updatedBy": texts,
        "maintainedBy": st.lists(texts, min_size=1, max_size=3),
        "createTime": dates,
        "updateTime": dates,
        "statusOnDelete": st.sampled_from(["ACTIVE", "DRAFT"]),
        "mappingProperties": st.dictionaries(texts, json_values, min_size=1, max_size=3),
    }
    for name, values in optional.items():
        if draw(st.integers(0, 3)):
            header[name] = draw(values)
    header["version"] = draw(st.integers(0, 2**62))
    return header


@st.composite
def classifications(draw: st.DrawFn, types: TypeSystem) -> JsonBean:
    """Classification beans of known types and of one that is not."""
    name = draw(st.sampled_from([*_names(types, "CLASSIFICATION_DEF"), "NoSuchClassification"]))
    bean = {"class": "Classification", **draw(audit_headers(types, name, "CLASSIFICATION_DEF")), "name": name}
    if draw(st.booleans()):
        bean["classificationOrigin"] = draw(st.sampled_from(["ASSIGNED", "PROPAGATED"]))
    if draw(st.booleans()):
        bean["classificationOriginGUID"] = draw(guids)
    return draw(_with_properties(bean, "properties", types, name))


@st.composite
def entities(draw: st.DrawFn, types: TypeSystem, class_name: str = "EntityDetail") -> JsonBean:
    """Entity (or proxy, or summary) beans of known types, of one that is not known, and of none."""
    name = draw(st.sampled_from([*_names(types, "ENTITY_DEF"), "NoSuchEntity", None]))
    bean = {"class": class_name, **draw(audit_headers(types, name, "ENTITY_DEF")), **draw(_identity())}
    listed = draw(st.lists(classifications(types), max_size=2))
    if listed:
        bean["classifications"] = listed
    if class_name == "EntitySummary":
        return bean
    field = "properties" if class_name == "EntityDetail" else "uniqueProperties"
    return draw(_with_properties(bean, field, types, name))


@st.composite
def relationships(draw: st.DrawFn, types: TypeSystem) -> JsonBean:
    """Relationship beans with their two proxies, or with fewer."""
    name = draw(st.sampled_from([*_names(types, "RELATIONSHIP_DEF"), "NoSuchRelationship"]))
    bean = {"class": "Relationship", **draw(audit_headers(types, name, "RELATIONSHIP_DEF")), **draw(_identity())}
    for end in ("entityOneProxy", "entityTwoProxy"):
        if draw(st.integers(0, 3)):
            bean[end] = draw(entities(types, "EntityProxy"))
    return draw(_with_properties(bean, "properties", types, name))


@st.composite
def _identity(draw: st.DrawFn) -> JsonBean:
    identity: JsonBean = {"guid": draw(guids)}
    for name in ("instanceURL", "reIdentifiedFromGUID"):
        if draw(st.booleans()):
            identity[name] = draw(texts)
    return identity


@st.composite
def _with_properties(draw: st.DrawFn, bean: JsonBean, field: str, types: TypeSystem, name: str | None) -> JsonBean:
    drawn = draw(properties(types, name))
    if len(drawn) > 2:  # one without values reads back as null
        bean[field] = drawn
    return bean


@cache
def _names(types: TypeSystem, category: str) -> list[str]:
    return sorted(typedef["name"] for typedef in types.typedefs() if typedef["category"] == category)


# --- events ---------------------------------------------------------------------------------------------------------


@st.composite
def _envelope(draw: st.DrawFn, category: str) -> JsonBean:
    event: JsonBean = {"class": "OMRSEventV1", "eventCategory": category}
    if draw(st.booleans()):
        event["protocolVersionId"] = "OMRS V1.0"
    if draw(st.integers(0, 4)):
        event["timestamp"] = draw(dates)
        event["originator"] = draw(beans(EventOriginator).filter(bool))
    return event


@st.composite
def registry_events(draw: st.DrawFn) -> JsonBean:
    """Registry events of every kind, with or without an error section."""
    event = draw(_envelope("REGISTRY"))
    event["registryEventSection"] = draw(beans(RegistryEventSection))
    return draw(_with_error(event))


@st.composite
def typedef_events(draw: st.DrawFn) -> JsonBean:
    """TypeDef events of every kind, with or without an error section."""
    event = draw(_envelope("TYPEDEF"))
    event["typeDefEventSection"] = draw(beans(TypeDefEventSection, 2))
    event["typeDefEventSection"]["typeDefEventType"] = draw(st.sampled_from([kind.value for kind in TypeDefEventType]))
    return draw(_with_error(event))


@st.composite
def _with_error(draw: st.DrawFn, event: JsonBean) -> JsonBean:
    if draw(st.booleans()):
        error = draw(beans(ErrorSection, 2))
        if error:
            event["errorSection"] = error
    return event


def event_of(section: JsonBean) -> JsonBean:
    """The event bean around an instance event section."""
    return {
        "class": "OMRSEventV1",
        "protocolVersionId": "OMRS V1.0",
        "timestamp": 1795249478610,
        "originator": {"metadataCollectionId": "mc-1", "serverName": "cocoMDS1"},
        "eventCategory": "INSTANCE",
        "instanceEventSection": section,
    }


def event_with(field: str, instance: JsonBean, event_type: str = "NEW_ENTITY_EVENT") -> JsonBean:
    """The event bean that carries an instance in a field of its section."""
    return event_of({"eventType": event_type, "instanceGUID": str(instance.get("guid")), field: instance})


@st.composite
def instance_events(draw: st.DrawFn, types: TypeSystem) -> JsonBean:
    """Instance events with one payload or a batch."""
    event = draw(_envelope("INSTANCE"))
    section: JsonBean = {"eventType": draw(st.sampled_from(["NEW_ENTITY_EVENT", "PURGED_RELATIONSHIP_EVENT"]))}
    payloads: dict[str, st.SearchStrategy[Any]] = {
        "entity": entities(types),
        "originalEntity": entities(types),
        "entityProxy": entities(types, "EntityProxy"),
        "relationship": relationships(types),
        "classification": classifications(types),
        "instanceBatch": st.fixed_dictionaries(
            {
                "class": st.just("InstanceGraph"),
                "headerVersion": st.just(1),
                "entities": st.lists(entities(types), min_size=1, max_size=2),
                "relationships": st.lists(relationships(types), min_size=1, max_size=1),
            }
        ),
    }
    chosen = draw(st.sampled_from([*payloads, None]))
    if chosen is not None:
        section[chosen] = draw(payloads[chosen])
    for field in ("typeDefGUID", "typeDefName", "instanceGUID", "originalInstanceGUID", "homeMetadataCollectionId"):
        if draw(st.booleans()):
            section[field] = draw(guids)
    event["instanceEventSection"] = section
    return draw(_with_error(event))


def exact(value: Any) -> Any:
    """A value with the Python type of every number beside it, so that 1, 1.0 and True do not compare equal."""
    if isinstance(value, dict):
        return {key: exact(item) for key, item in value.items()}
    if isinstance(value, list):
        return [exact(item) for item in value]
    if isinstance(value, Decimal):
        return ("Decimal", str(value))
    return (type(value).__name__, repr(value)) if isinstance(value, bool | int | float) else value

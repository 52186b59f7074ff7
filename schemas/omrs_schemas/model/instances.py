"""Instances: entities, relationships, classifications and what hangs on them (instances.md § Fields)."""

from __future__ import annotations

from typing import Annotated, Any, Union

from pydantic import Discriminator, Field, Tag, field_validator, model_validator

from omrs_schemas.model.base import Bean, EpochMs, JsonBean, Long, VersionedBean
from omrs_schemas.model.enums import (
    ClassificationOrigin,
    InstancePropertyCategory,
    InstanceProvenanceType,
    InstanceStatus,
    PrimitiveDefCategory,
    TypeDefCategory,
)
from omrs_schemas.model.primitives import coerce_primitive


class InstanceType(VersionedBean):
    """Which TypeDef, in which version, an instance follows."""

    bean_class = "InstanceType"

    typeDefCategory: TypeDefCategory | None = None
    typeDefGUID: str | None = None
    typeDefName: str | None = None
    typeDefVersion: Long = 0


class InstancePropertyValueBase(VersionedBean):
    """What every property value says of its type; equality includes it."""

    instancePropertyCategory: InstancePropertyCategory = InstancePropertyCategory.UNKNOWN
    typeGUID: str | None = None
    typeName: str | None = None


class PrimitivePropertyValue(InstancePropertyValueBase):
    """One primitive value; a DATE is epoch milliseconds."""

    bean_class = "PrimitivePropertyValue"

    instancePropertyCategory: InstancePropertyCategory = InstancePropertyCategory.PRIMITIVE
    primitiveDefCategory: PrimitiveDefCategory | None = None
    primitiveValue: Any = None

    @model_validator(mode="after")
    def _coerce(self) -> PrimitivePropertyValue:
        value = self.primitiveValue
        if value is not None and self.primitiveDefCategory is not None:
            coerced = coerce_primitive(str(self.primitiveDefCategory), value)
            if coerced is not value:
                self.__dict__["primitiveValue"] = coerced
        return self


class EnumPropertyValue(InstancePropertyValueBase):
    """One element of an enum type, all three of its names kept."""

    bean_class = "EnumPropertyValue"

    instancePropertyCategory: InstancePropertyCategory = InstancePropertyCategory.ENUM
    ordinal: Long = 99
    symbolicName: str | None = None
    description: str | None = None


class ArrayPropertyValue(InstancePropertyValueBase):
    """`arrayCount` values keyed "0", "1", … in `arrayValues`."""

    bean_class = "ArrayPropertyValue"

    instancePropertyCategory: InstancePropertyCategory = InstancePropertyCategory.ARRAY
    arrayCount: Long = 0
    arrayValues: InstanceProperties | None = None

    @model_validator(mode="after")
    def _index_in_range(self) -> ArrayPropertyValue:
        for key in self.arrayValues.instanceProperties if self.arrayValues is not None else ():
            if not (key.isdecimal() and int(key) < self.arrayCount):
                raise ValueError(f"array index {key!r} is not below arrayCount {self.arrayCount}")
        return self


class MapPropertyValue(InstancePropertyValueBase):
    """Values by map key; `mapElementCount` is computed from them."""

    bean_class = "MapPropertyValue"

    instancePropertyCategory: InstancePropertyCategory = InstancePropertyCategory.MAP
    mapElementCount: Long = 0
    mapValues: InstanceProperties | None = None

    @model_validator(mode="after")
    def _count(self) -> MapPropertyValue:
        self.__dict__["mapElementCount"] = len(self.mapValues.instanceProperties) if self.mapValues is not None else 0
        return self


class StructPropertyValue(InstancePropertyValueBase):
    """Values by field name."""

    bean_class = "StructPropertyValue"

    instancePropertyCategory: InstancePropertyCategory = InstancePropertyCategory.STRUCT
    attributes: InstanceProperties | None = None


VALUE_CLASS_OF_CATEGORY = {
    "PRIMITIVE": "PrimitivePropertyValue",
    "ENUM": "EnumPropertyValue",
    "ARRAY": "ArrayPropertyValue",
    "MAP": "MapPropertyValue",
    "STRUCT": "StructPropertyValue",
}


def _value_class(value: Any) -> str | None:
    if isinstance(value, dict):
        given = value.get("class") or VALUE_CLASS_OF_CATEGORY.get(str(value.get("instancePropertyCategory")))
        return given if isinstance(given, str) else None
    return getattr(value, "bean_class", None)


InstancePropertyValue = Annotated[
    Union[  # noqa: UP007 - members need tags of their own
        Annotated[PrimitivePropertyValue, Tag("PrimitivePropertyValue")],
        Annotated[EnumPropertyValue, Tag("EnumPropertyValue")],
        Annotated[ArrayPropertyValue, Tag("ArrayPropertyValue")],
        Annotated[MapPropertyValue, Tag("MapPropertyValue")],
        Annotated[StructPropertyValue, Tag("StructPropertyValue")],
    ],
    Discriminator(_value_class),
]
"""Any of the five kinds of property value, told apart by `class`."""


class InstanceProperties(VersionedBean):
    """Named property values and the time in which they hold."""

    bean_class = "InstanceProperties"

    effectiveFromTime: EpochMs | None = None
    effectiveToTime: EpochMs | None = None
    instanceProperties: dict[str, InstancePropertyValue] = Field(default_factory=dict)

    @field_validator("instanceProperties", mode="before")
    @classmethod
    def _drop_nulls(cls, value: Any) -> Any:
        # Setting a property to null removes it (instances.md § Fields).
        if value is None:
            return {}
        if isinstance(value, dict) and None in value.values():
            return {name: item for name, item in value.items() if item is not None}
        return value

    def is_empty(self) -> bool:
        """Whether there is nothing in it, so that Egeria reads it back as null."""
        return not self.instanceProperties and self.effectiveFromTime is None and self.effectiveToTime is None


class InstanceAuditHeader(VersionedBean):
    """Who made an instance, where its home is, and in which version it is."""

    type: InstanceType | None = None
    instanceProvenanceType: InstanceProvenanceType | None = None
    metadataCollectionId: str | None = None
    metadataCollectionName: str | None = None
    replicatedBy: str | None = None
    instanceLicense: str | None = None
    status: InstanceStatus | None = None
    createdBy: str | None = None
    updatedBy: str | None = None
    maintainedBy: list[str] | None = None
    createTime: EpochMs | None = None
    updateTime: EpochMs | None = None
    version: Long = 0
    statusOnDelete: InstanceStatus | None = None
    mappingProperties: dict[str, Any] | None = None


class Classification(InstanceAuditHeader):
    """A named set of properties on an entity; has no guid of its own."""

    bean_class = "Classification"

    name: str = Field(min_length=1)
    classificationOrigin: ClassificationOrigin | None = None
    classificationOriginGUID: str | None = None
    properties: InstanceProperties | None = None

    def to_bean(self) -> JsonBean:
        return without_empty_properties(super().to_bean(), "properties")


class InstanceHeader(InstanceAuditHeader):
    """What entities and relationships share; a guid is any text as given."""

    guid: str | None = None
    instanceURL: str | None = None
    reIdentifiedFromGUID: str | None = None


class EntitySummary(InstanceHeader):
    """An entity without its properties."""

    bean_class = "EntitySummary"

    classifications: list[Classification] | None = None


class EntityDetail(InstanceHeader):
    """An entity with its properties."""

    bean_class = "EntityDetail"

    classifications: list[Classification] | None = None
    properties: InstanceProperties | None = None

    def to_bean(self) -> JsonBean:
        return without_empty_properties(super().to_bean(), "properties")


class EntityProxy(InstanceHeader):
    """An entity as a relationship sees it: header, classifications and unique properties."""

    bean_class = "EntityProxy"

    classifications: list[Classification] | None = None
    uniqueProperties: InstanceProperties | None = None

    def to_bean(self) -> JsonBean:
        return without_empty_properties(super().to_bean(), "uniqueProperties")


class Relationship(InstanceHeader):
    """A link between two entities."""

    bean_class = "Relationship"

    entityOneProxy: EntityProxy | None = None
    entityTwoProxy: EntityProxy | None = None
    properties: InstanceProperties | None = None

    def to_bean(self) -> JsonBean:
        return without_empty_properties(super().to_bean(), "properties")


class InstanceGraph(VersionedBean):
    """Entities and relationships together (batch events, graph answers)."""

    bean_class = "InstanceGraph"

    entities: list[EntityDetail] | None = None
    relationships: list[Relationship] | None = None


class ClassificationEntityExtension(VersionedBean):
    """A classification for an entity that is elsewhere (archives only)."""

    bean_class = "ClassificationEntityExtension"

    classification: Classification | None = None
    entityToClassify: EntityProxy | None = None


def without_empty_properties(bean: JsonBean, name: str) -> JsonBean:
    """The bean without its properties object if that holds nothing: Egeria reads such a one back as null."""
    properties = bean.get(name)
    if properties is not None and len(properties) == 2:  # class and headerVersion only
        del bean[name]
    return bean


INSTANCE_MODELS: dict[str, type[Bean]] = {
    model.bean_class: model
    for model in (EntityDetail, EntitySummary, EntityProxy, Relationship, Classification)
    if model.bean_class is not None
}
"""The model of each instance class by its `class`."""

for _model in (ArrayPropertyValue, MapPropertyValue, StructPropertyValue):
    _model.model_rebuild()

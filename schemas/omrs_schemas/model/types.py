"""TypeDefs, attribute types, patches and the gallery (types.md § 1)."""

from __future__ import annotations

from typing import Annotated, Any, Union

from pydantic import Discriminator, Field, Tag

from omrs_schemas.model.base import EpochMs, Long, VersionedBean
from omrs_schemas.model.enums import (
    AttributeCardinality,
    AttributeTypeDefCategory,
    ClassificationPropagationRule,
    CollectionDefCategory,
    InstanceStatus,
    PrimitiveDefCategory,
    RelationshipEndCardinality,
    TypeDefAttributeStatus,
    TypeDefCategory,
    TypeDefStatus,
)


class ExternalStandardMapping(VersionedBean):
    """Where a type or attribute is found in another standard."""

    standardName: str | None = None
    standardOrganization: str | None = None
    standardTypeName: str | None = None


class AttributeTypeDefBase(VersionedBean):
    """What every attribute type has."""

    version: Long = 0
    versionName: str | None = None
    category: AttributeTypeDefCategory | None = None
    guid: str | None = None
    name: str | None = None
    description: str | None = None
    descriptionGUID: str | None = None
    descriptionWiki: str | None = None


class PrimitiveDef(AttributeTypeDefBase):
    """A primitive type."""

    bean_class = "PrimitiveDef"

    primitiveDefCategory: PrimitiveDefCategory | None = None


class CollectionDef(AttributeTypeDefBase):
    """A map, array or struct type."""

    bean_class = "CollectionDef"

    collectionDefCategory: CollectionDefCategory | None = None
    argumentCount: Long = 0
    argumentTypes: list[PrimitiveDefCategory] | None = None


class EnumElementDef(VersionedBean):
    """One element of an enum type."""

    ordinal: Long = 99
    value: str | None = None
    description: str | None = None
    descriptionGUID: str | None = None


class EnumDef(AttributeTypeDefBase):
    """An enum type."""

    bean_class = "EnumDef"

    elementDefs: list[EnumElementDef] | None = None
    defaultValue: EnumElementDef | None = None


def _class_of(value: Any) -> str | None:
    given = value.get("class") if isinstance(value, dict) else getattr(value, "bean_class", None)
    return given if isinstance(given, str) else None


AttributeTypeDef = Annotated[
    Union[  # noqa: UP007 - members need tags of their own
        Annotated[PrimitiveDef, Tag("PrimitiveDef")],
        Annotated[CollectionDef, Tag("CollectionDef")],
        Annotated[EnumDef, Tag("EnumDef")],
    ],
    Discriminator(_class_of),
]
"""Any attribute type, told apart by `class`."""


class TypeDefAttribute(VersionedBean):
    """One attribute of a TypeDef."""

    attributeName: str | None = None
    attributeType: AttributeTypeDef | None = None
    attributeStatus: TypeDefAttributeStatus | None = None
    replacedByAttribute: str | None = None
    attributeDescription: str | None = None
    attributeDescriptionGUID: str | None = None
    attributeCardinality: AttributeCardinality | None = None
    valuesMinCount: Long = 0
    valuesMaxCount: Long = 1
    unique: bool = False
    indexable: bool = True
    defaultValue: str | None = None
    externalStandardMappings: list[ExternalStandardMapping] | None = None


class TypeDefLink(VersionedBean):
    """A reference to a TypeDef.

    The built-in archives hold whole definitions in a few of these places (validEntityDefs of release 4.2), without a
    `class`; the second group of fields keeps what they say.
    """

    guid: str | None = None
    name: str | None = None
    status: TypeDefStatus | None = None
    replacedByTypeGUID: str | None = None
    replacedByTypeName: str | None = None

    version: Long | None = None
    versionName: str | None = None
    category: TypeDefCategory | None = None
    superType: TypeDefLink | None = None
    description: str | None = None
    descriptionGUID: str | None = None
    descriptionWiki: str | None = None
    origin: str | None = None
    createdBy: str | None = None
    updatedBy: str | None = None
    createTime: EpochMs | None = None
    updateTime: EpochMs | None = None
    options: dict[str, str] | None = None
    externalStandardMappings: list[ExternalStandardMapping] | None = None
    validInstanceStatusList: list[InstanceStatus] | None = None
    initialStatus: InstanceStatus | None = None
    propertiesDefinition: list[TypeDefAttribute] | None = None


class TypeDefSummary(VersionedBean):
    """A reference to a TypeDef in a version."""

    guid: str | None = None
    name: str | None = None
    status: TypeDefStatus | None = None
    replacedByTypeGUID: str | None = None
    replacedByTypeName: str | None = None
    version: Long = 0
    versionName: str | None = None
    category: TypeDefCategory | None = None


class TypeDefBase(TypeDefSummary):
    """What every TypeDef has."""

    superType: TypeDefLink | None = None
    description: str | None = None
    descriptionGUID: str | None = None
    descriptionWiki: str | None = None
    origin: str | None = None
    createdBy: str | None = None
    updatedBy: str | None = None
    createTime: EpochMs | None = None
    updateTime: EpochMs | None = None
    options: dict[str, str] | None = None
    externalStandardMappings: list[ExternalStandardMapping] | None = None
    validInstanceStatusList: list[InstanceStatus] | None = None
    initialStatus: InstanceStatus | None = None
    propertiesDefinition: list[TypeDefAttribute] | None = None


class EntityDef(TypeDefBase):
    """The type of entities."""

    bean_class = "EntityDef"


class RelationshipEndDef(VersionedBean):
    """One end of a relationship type."""

    entityType: TypeDefLink | None = None
    attributeName: str | None = None
    attributeCardinality: RelationshipEndCardinality | None = None
    attributeDescription: str | None = None
    attributeDescriptionGUID: str | None = None


class RelationshipDef(TypeDefBase):
    """The type of relationships."""

    bean_class = "RelationshipDef"

    propagationRule: ClassificationPropagationRule | None = None
    endDef1: RelationshipEndDef | None = None
    endDef2: RelationshipEndDef | None = None
    multiLink: bool = False


class ClassificationDef(TypeDefBase):
    """The type of classifications."""

    bean_class = "ClassificationDef"

    validEntityDefs: list[TypeDefLink] | None = None
    propagatable: bool = False


TypeDef = Annotated[
    Union[  # noqa: UP007 - members need tags of their own
        Annotated[EntityDef, Tag("EntityDef")],
        Annotated[RelationshipDef, Tag("RelationshipDef")],
        Annotated[ClassificationDef, Tag("ClassificationDef")],
    ],
    Discriminator(_class_of),
]
"""Any TypeDef, told apart by `class`."""


def _class_or_summary(value: Any) -> str:
    given = _class_of(value)
    return given if given in ("EntityDef", "RelationshipDef", "ClassificationDef") else ""


TypeDefOrSummary = Annotated[
    Union[  # noqa: UP007 - members need tags of their own
        Annotated[EntityDef, Tag("EntityDef")],
        Annotated[RelationshipDef, Tag("RelationshipDef")],
        Annotated[ClassificationDef, Tag("ClassificationDef")],
        Annotated[TypeDefSummary, Tag("")],
    ],
    Discriminator(_class_or_summary),
]
"""A TypeDef by its `class`, otherwise a summary of one: where Egeria declares a summary it takes a TypeDef as well."""


class TypeDefPatch(VersionedBean):
    """A change of a TypeDef from one version to another (types.md § 5)."""

    typeDefGUID: str | None = None
    typeDefName: str | None = None
    typeDefStatus: TypeDefStatus | None = None
    applyToVersion: Long = 0
    updateToVersion: Long = 0
    newVersionName: str | None = None
    updatedBy: str | None = None
    updateTime: EpochMs | None = None
    description: str | None = None
    descriptionGUID: str | None = None
    descriptionWiki: str | None = None
    superType: TypeDefLink | None = None
    propertyDefinitions: list[TypeDefAttribute] | None = None
    typeDefOptions: dict[str, str] | None = None
    externalStandardMappings: list[ExternalStandardMapping] | None = None
    validInstanceStatusList: list[InstanceStatus] | None = None
    initialStatus: InstanceStatus | None = None
    validEntityDefs: list[TypeDefLink] | None = None
    endDef1: RelationshipEndDef | None = None
    endDef2: RelationshipEndDef | None = None
    updateMultiLink: bool = False
    multiLink: bool = False


class TypeDefGallery(VersionedBean):
    """Attribute types and TypeDefs together."""

    bean_class = "TypeDefGallery"

    attributeTypeDefs: list[AttributeTypeDef] | None = None
    typeDefs: list[TypeDef] | None = None


class TypeDefProperties(VersionedBean):
    """A query for TypeDefs by the names of their attributes; only the keys count."""

    bean_class = "TypeDefProperties"

    typeDefProperties: dict[str, Any] = Field(default_factory=dict)


TypeDefLink.model_rebuild()

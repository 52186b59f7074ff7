"""The event envelope and its sections (events.md § 1)."""

from __future__ import annotations

from typing import Any

from omrs_schemas.model.base import Bean, EpochMs
from omrs_schemas.model.enums import (
    ErrorCode,
    EventCategory,
    InstanceEventType,
    InstanceProvenanceType,
    RegistryEventType,
    TypeDefEventType,
)
from omrs_schemas.model.instances import Classification, EntityDetail, EntityProxy, InstanceGraph, Relationship
from omrs_schemas.model.types import AttributeTypeDef, TypeDef, TypeDefPatch, TypeDefSummary

Connection = dict[str, Any]
"""An OCF connection: kept whole as it came, because its properties are its connector's own."""


class EventOriginator(Bean):
    """The server that sent an event; without metadataCollectionId if it has no repository."""

    metadataCollectionId: str | None = None
    serverName: str | None = None
    serverType: str | None = None
    organizationName: str | None = None


class RegistryEventSection(Bean):
    """What a registry event says (events.md § 3)."""

    registryEventType: RegistryEventType = RegistryEventType.UNKNOWN_REGISTRY_EVENT
    registrationTimestamp: EpochMs | None = None
    metadataCollectionName: str | None = None
    remoteConnection: Connection | None = None


class TypeDefEventSection(Bean):
    """What a TypeDef event says (events.md § 4)."""

    typeDefEventType: TypeDefEventType = TypeDefEventType.UNKNOWN_TYPEDEF_EVENT
    typeDefGUID: str | None = None
    typeDefName: str | None = None
    originalTypeDefSummary: TypeDefSummary | None = None
    attributeTypeDef: AttributeTypeDef | None = None
    typeDef: TypeDef | None = None
    typeDefPatch: TypeDefPatch | None = None
    originalAttributeTypeDef: AttributeTypeDef | None = None


class InstanceEventSection(Bean):
    """What an instance event says (events.md § 5): the flat header first, the payload last."""

    eventType: InstanceEventType = InstanceEventType.UNKNOWN_INSTANCE_EVENT
    typeDefGUID: str | None = None
    typeDefName: str | None = None
    instanceGUID: str | None = None
    homeMetadataCollectionId: str | None = None
    originalHomeMetadataCollectionId: str | None = None
    originalInstanceGUID: str | None = None
    originalTypeDefSummary: TypeDefSummary | None = None
    entity: EntityDetail | None = None
    entityProxy: EntityProxy | None = None
    relationship: Relationship | None = None
    classification: Classification | None = None
    originalEntity: EntityDetail | None = None
    originalRelationship: Relationship | None = None
    originalClassification: Classification | None = None
    instanceBatch: InstanceGraph | None = None


class ErrorSection(Bean):
    """What went wrong between two members; only there if errorCode is set."""

    errorCode: ErrorCode | None = None
    errorMessage: str | None = None
    targetMetadataCollectionId: str | None = None
    targetRemoteConnection: Connection | None = None
    targetTypeDefSummary: TypeDefSummary | None = None
    targetAttributeTypeDef: AttributeTypeDef | None = None
    targetInstanceGUID: str | None = None
    otherOrigin: InstanceProvenanceType | None = None
    otherMetadataCollectionId: str | None = None
    otherTypeDefSummary: TypeDefSummary | None = None
    otherTypeDef: TypeDef | None = None
    otherAttributeTypeDef: AttributeTypeDef | None = None
    otherInstanceGUID: str | None = None


class OMRSEventV1(Bean):
    """One event of any category; the section that its category names is filled."""

    bean_class = "OMRSEventV1"

    protocolVersionId: str | None = None
    timestamp: EpochMs | None = None
    originator: EventOriginator | None = None
    eventCategory: EventCategory = EventCategory.UNKNOWN
    registryEventSection: RegistryEventSection | None = None
    typeDefEventSection: TypeDefEventSection | None = None
    instanceEventSection: InstanceEventSection | None = None
    errorSection: ErrorSection | None = None

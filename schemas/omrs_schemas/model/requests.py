"""Request beans of the REST API (queries.md § 2, 6); every one carries its class name, none is refused without."""

from __future__ import annotations

from omrs_schemas.model.base import Bean, EpochMs, Long
from omrs_schemas.model.enums import (
    ClassificationOrigin,
    HistorySequencingOrder,
    InstanceStatus,
    MatchCriteria,
    PropertyComparisonOperator,
    SequencingOrder,
)
from omrs_schemas.model.instances import (
    Classification,
    EntityDetail,
    EntityProxy,
    InstanceProperties,
    InstancePropertyValue,
    Relationship,
)
from omrs_schemas.model.types import TypeDefOrSummary


class PropertyCondition(Bean):
    """One condition on a property, or nested conditions; no class on the wire."""

    property: str | None = None
    operator: PropertyComparisonOperator | None = None
    value: InstancePropertyValue | None = None
    nestedConditions: SearchProperties | None = None


class SearchProperties(Bean):
    """Conditions on properties and how they combine; no class on the wire."""

    conditions: list[PropertyCondition] | None = None
    matchCriteria: MatchCriteria | None = None


class ClassificationCondition(Bean):
    """One condition on a classification; no class on the wire."""

    name: str | None = None
    matchProperties: SearchProperties | None = None


class SearchClassifications(Bean):
    """Conditions on classifications and how they combine; no class on the wire."""

    conditions: list[ClassificationCondition] | None = None
    matchCriteria: MatchCriteria | None = None


class OMRSAPIRequest(Bean):
    """A body that says nothing."""

    bean_class = "OMRSAPIRequest"


class EntityCreateRequest(Bean):
    """A new entity; metadataCollectionId names an external source."""

    bean_class = "EntityCreateRequest"

    entityTypeGUID: str | None = None
    initialProperties: InstanceProperties | None = None
    initialClassifications: list[Classification] | None = None
    initialStatus: InstanceStatus | None = None
    metadataCollectionId: str | None = None
    metadataCollectionName: str | None = None


class RelationshipCreateRequest(Bean):
    """A new relationship; metadataCollectionId names an external source."""

    bean_class = "RelationshipCreateRequest"

    relationshipTypeGUID: str | None = None
    initialProperties: InstanceProperties | None = None
    entityOneGUID: str | None = None
    entityTwoGUID: str | None = None
    initialStatus: InstanceStatus | None = None
    metadataCollectionId: str | None = None
    metadataCollectionName: str | None = None


class TypeDefValidationForRequest(Bean):
    """The type that the caller takes an instance to have."""

    bean_class = "TypeDefValidationForRequest"

    typeDefGUID: str | None = None
    typeDefName: str | None = None


class InstancePropertiesRequest(Bean):
    """A new set of properties."""

    bean_class = "InstancePropertiesRequest"

    instanceProperties: InstanceProperties | None = None


class ClassificationRequest(Bean):
    """A new classification with where it comes from."""

    bean_class = "ClassificationRequest"

    classificationOrigin: ClassificationOrigin | None = None
    classificationOriginGUID: str | None = None
    classificationProperties: InstanceProperties | None = None
    metadataCollectionId: str | None = None
    metadataCollectionName: str | None = None


class ClassificationProxyRequest(ClassificationRequest):
    """A new classification for an entity that may be elsewhere."""

    bean_class = "ClassificationProxyRequest"

    entityProxy: EntityProxy | None = None


class ProxyClassificationRequest(InstancePropertiesRequest):
    """A classification's properties for an entity that may be elsewhere."""

    bean_class = "ProxyClassificationRequest"

    entityProxy: EntityProxy | None = None


class TypeDefChangeRequest(Bean):
    """From which type to which an instance is changed: summaries, or the whole TypeDefs."""

    bean_class = "TypeDefChangeRequest"

    currentTypeDef: TypeDefOrSummary | None = None
    newTypeDef: TypeDefOrSummary | None = None


class TypeDefReIdentifyRequest(Bean):
    """A new guid and name for a type."""

    bean_class = "TypeDefReIdentifyRequest"

    originalTypeDefName: str | None = None
    newTypeDefGUID: str | None = None
    newTypeDefName: str | None = None


class TypeDefDeleteRequest(Bean):
    """The name of the type to delete (Java clients send it beside the query parameter)."""

    bean_class = "TypeDefDeleteRequest"

    obsoleteTypeDefName: str | None = None


class MetadataCollectionIdRequest(Bean):
    """A metadata collection id."""

    bean_class = "MetadataCollectionIdRequest"

    metadataCollectionId: str | None = None


class HistoryRequest(Bean):
    """A point in time; null is now."""

    bean_class = "HistoryRequest"

    asOfTime: EpochMs | None = None


class HistoryRangeRequest(Bean):
    """A stretch of an instance's history."""

    bean_class = "HistoryRangeRequest"

    fromTime: EpochMs | None = None
    toTime: EpochMs | None = None
    offset: Long = 0
    pageSize: Long = 0
    sequencingOrder: HistorySequencingOrder | None = None


class ClassificationWithEntityRequest(Bean):
    """A classification copy with its entity or the entity's proxy."""

    bean_class = "ClassificationWithEntityRequest"

    classification: Classification | None = None
    entity: EntityDetail | None = None
    entityProxy: EntityProxy | None = None


class InstanceGraphRequest(Bean):
    """Entities and relationships together."""

    bean_class = "InstanceGraphRequest"

    entityElementList: list[EntityDetail] | None = None
    relationshipElementList: list[Relationship] | None = None


class OMRSAPIFindRequest(Bean):
    """What every find can be limited by."""

    bean_class = "OMRSAPIFindRequest"

    limitResultsByStatus: list[InstanceStatus] | None = None


class OMRSAPIHistoricalFindRequest(OMRSAPIFindRequest):
    """The same at a point in time."""

    bean_class = "OMRSAPIHistoricalFindRequest"

    asOfTime: EpochMs | None = None


class OMRSAPIPagedFindRequest(OMRSAPIFindRequest):
    """A page of what is found, in an order; pageSize 0 is everything."""

    bean_class = "OMRSAPIPagedFindRequest"

    sequencingProperty: str | None = None
    sequencingOrder: SequencingOrder | None = None
    offset: Long = 0
    pageSize: Long = 0


class TypeLimitedFindRequest(OMRSAPIPagedFindRequest):
    """A page of instances of a type and its subtypes."""

    bean_class = "TypeLimitedFindRequest"

    typeGUID: str | None = None


class TypeLimitedHistoricalFindRequest(TypeLimitedFindRequest):
    """The same at a point in time."""

    bean_class = "TypeLimitedHistoricalFindRequest"

    asOfTime: EpochMs | None = None


class SubtypeLimitedFindRequest(TypeLimitedFindRequest):
    """A page of instances of some subtypes of a type."""

    bean_class = "SubtypeLimitedFindRequest"

    subtypeGUIDs: list[str] | None = None


class InstanceFindRequest(SubtypeLimitedFindRequest):
    """A find by conditions on properties."""

    bean_class = "InstanceFindRequest"

    matchProperties: SearchProperties | None = None


class InstanceHistoricalFindRequest(InstanceFindRequest):
    """The same at a point in time."""

    bean_class = "InstanceHistoricalFindRequest"

    asOfTime: EpochMs | None = None


class EntityFindRequest(InstanceFindRequest):
    """A find of entities by conditions on properties and classifications."""

    bean_class = "EntityFindRequest"

    matchClassifications: SearchClassifications | None = None


class EntityHistoricalFindRequest(EntityFindRequest):
    """The same at a point in time."""

    bean_class = "EntityHistoricalFindRequest"

    asOfTime: EpochMs | None = None


class PropertyMatchFindRequest(TypeLimitedFindRequest):
    """A find by values of properties."""

    bean_class = "PropertyMatchFindRequest"

    matchProperties: InstanceProperties | None = None
    matchCriteria: MatchCriteria | None = None


class PropertyMatchHistoricalFindRequest(PropertyMatchFindRequest):
    """The same at a point in time."""

    bean_class = "PropertyMatchHistoricalFindRequest"

    asOfTime: EpochMs | None = None


class EntityPropertyFindRequest(PropertyMatchFindRequest):
    """A find of entities by values of properties."""

    bean_class = "EntityPropertyFindRequest"

    limitResultsByClassification: list[str] | None = None


class EntityPropertyHistoricalFindRequest(EntityPropertyFindRequest):
    """The same at a point in time."""

    bean_class = "EntityPropertyHistoricalFindRequest"

    asOfTime: EpochMs | None = None


class RelatedEntitiesFindRequest(OMRSAPIPagedFindRequest):
    """Entities that can be reached from one; of now or of the past, for which Java clients take the same path."""

    bean_class = "RelatedEntitiesFindRequest"

    entityTypeGUIDs: list[str] | None = None
    limitResultsByClassification: list[str] | None = None
    asOfTime: EpochMs | None = None


class RelatedEntitiesHistoricalFindRequest(RelatedEntitiesFindRequest):
    """The same at a point in time."""

    bean_class = "RelatedEntitiesHistoricalFindRequest"


class EntityNeighborhoodFindRequest(OMRSAPIFindRequest):
    """The graph around an entity."""

    bean_class = "EntityNeighborhoodFindRequest"

    entityTypeGUIDs: list[str] | None = None
    relationshipTypeGUIDs: list[str] | None = None
    limitResultsByClassification: list[str] | None = None


class EntityNeighborhoodHistoricalFindRequest(EntityNeighborhoodFindRequest):
    """The same at a point in time."""

    bean_class = "EntityNeighborhoodHistoricalFindRequest"

    asOfTime: EpochMs | None = None


PropertyCondition.model_rebuild()

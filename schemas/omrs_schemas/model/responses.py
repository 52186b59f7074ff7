"""Response beans of the REST API (queries.md § 4, 6): HTTP 200, `relatedHTTPCode` and payload or failure inside."""

from __future__ import annotations

from typing import Any

from omrs_schemas.model.base import Bean, EpochMs, Long
from omrs_schemas.model.events import Connection
from omrs_schemas.model.instances import Classification, EntityDetail, EntitySummary, Relationship
from omrs_schemas.model.types import AttributeTypeDef, TypeDef


class OMRSAPIResponse(Bean):
    """What every answer says: the HTTP code it stands for and, on failure, what failed."""

    relatedHTTPCode: Long = 200
    exceptionClassName: str | None = None
    exceptionCausedBy: str | None = None
    actionDescription: str | None = None
    exceptionErrorMessage: str | None = None
    exceptionErrorMessageId: str | None = None
    exceptionErrorMessageParameters: list[str] | None = None
    exceptionSystemAction: str | None = None
    exceptionUserAction: str | None = None
    exceptionProperties: dict[str, Any] | None = None

    @property
    def failed(self) -> bool:
        """Whether the call was refused."""
        return self.relatedHTTPCode != 200 or self.exceptionClassName is not None


class VoidResponse(OMRSAPIResponse):
    """Done."""

    bean_class = "VoidResponse"


class BooleanResponse(OMRSAPIResponse):
    """Yes or no."""

    bean_class = "BooleanResponse"

    flag: bool = False


class MetadataCollectionIdResponse(OMRSAPIResponse):
    """The metadata collection id of the server."""

    bean_class = "MetadataCollectionIdResponse"

    metadataCollectionId: str | None = None


class OMRSAPIPagedResponse(OMRSAPIResponse):
    """A page of results; Egeria repeats what was asked for."""

    offset: Long = 0
    pageSize: Long = 0


class EntityDetailResponse(OMRSAPIResponse):
    """An entity, or none."""

    bean_class = "EntityDetailResponse"

    entity: EntityDetail | None = None


class EntitySummaryResponse(OMRSAPIResponse):
    """An entity without properties."""

    bean_class = "EntitySummaryResponse"

    entity: EntitySummary | None = None


class EntityListResponse(OMRSAPIPagedResponse):
    """A page of entities."""

    bean_class = "EntityListResponse"

    entities: list[EntityDetail] | None = None


class RelationshipResponse(OMRSAPIResponse):
    """A relationship, or none."""

    bean_class = "RelationshipResponse"

    relationship: Relationship | None = None


class RelationshipListResponse(OMRSAPIPagedResponse):
    """A page of relationships."""

    bean_class = "RelationshipListResponse"

    relationships: list[Relationship] | None = None


class ClassificationResponse(OMRSAPIResponse):
    """A classification."""

    bean_class = "ClassificationResponse"

    classification: Classification | None = None


class ClassificationListResponse(OMRSAPIPagedResponse):
    """Classifications."""

    bean_class = "ClassificationListResponse"

    classifications: list[Classification] | None = None


class InstanceGraphResponse(OMRSAPIResponse):
    """A graph of entities and relationships."""

    bean_class = "InstanceGraphResponse"

    entityElementList: list[EntityDetail] | None = None
    relationshipElementList: list[Relationship] | None = None


class TypeDefResponse(OMRSAPIResponse):
    """A TypeDef."""

    bean_class = "TypeDefResponse"

    typeDef: TypeDef | None = None


class TypeDefListResponse(OMRSAPIResponse):
    """TypeDefs."""

    bean_class = "TypeDefListResponse"

    typeDefs: list[TypeDef] | None = None


class AttributeTypeDefResponse(OMRSAPIResponse):
    """An attribute type."""

    bean_class = "AttributeTypeDefResponse"

    attributeTypeDef: AttributeTypeDef | None = None


class AttributeTypeDefListResponse(OMRSAPIResponse):
    """Attribute types."""

    bean_class = "AttributeTypeDefListResponse"

    attributeTypeDefs: list[AttributeTypeDef] | None = None


class TypeDefGalleryResponse(OMRSAPIResponse):
    """Every type."""

    bean_class = "TypeDefGalleryResponse"

    attributeTypeDefs: list[AttributeTypeDef] | None = None
    typeDefs: list[TypeDef] | None = None


class ConnectionResponse(OMRSAPIResponse):
    """A connection."""

    bean_class = "ConnectionResponse"

    connection: Connection | None = None


class MemberRegistration(Bean):
    """A cohort member as the registry knows it (cohort.md)."""

    bean_class = "MemberRegistration"

    metadataCollectionId: str | None = None
    metadataCollectionName: str | None = None
    serverName: str | None = None
    serverType: str | None = None
    organizationName: str | None = None
    registrationTime: EpochMs | None = None
    repositoryConnection: Connection | None = None


class CohortDescription(Bean):
    """A cohort and whether the server is connected to it."""

    bean_class = "CohortDescription"

    cohortName: str | None = None
    connectionStatus: str | None = None
    topicConnection: Connection | None = None


class CohortListResponse(OMRSAPIPagedResponse):
    """The cohorts of a server."""

    bean_class = "CohortListResponse"

    cohorts: list[CohortDescription] | None = None


class CohortMembershipResponse(OMRSAPIResponse):
    """One member of a cohort."""

    bean_class = "CohortMembershipResponse"

    cohortMember: MemberRegistration | None = None


class CohortMembershipListResponse(OMRSAPIPagedResponse):
    """The members of a cohort."""

    bean_class = "CohortMembershipListResponse"

    cohortMembers: list[MemberRegistration] | None = None


class AuditLogSeverity(Bean):
    """A severity of the audit log (OMRSAuditLogReportSeverity); no class on the wire."""

    ordinal: Long = 0
    name: str | None = None
    description: str | None = None


class AuditLogSeveritiesResponse(OMRSAPIResponse):
    """The severities of the audit log."""

    bean_class = "AuditLogSeveritiesResponse"

    severities: list[AuditLogSeverity] | None = None


class AuditLogReport(Bean):
    """What an audit log has recorded (OMRSAuditLogReport): ids and counts by ordinal of the severity, destinations."""

    originatorProperties: dict[str, str] | None = None
    severityIdentification: dict[str, list[str]] | None = None
    severityCount: dict[str, Long] | None = None
    destinationsReport: dict[str, Any] | None = None


class AuditLogReportResponse(OMRSAPIResponse):
    """The report of an audit log."""

    bean_class = "AuditLogReportResponse"

    report: AuditLogReport | None = None

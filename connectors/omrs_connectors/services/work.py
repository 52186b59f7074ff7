"""What stewards work on: to-dos, incident reports and annotations, in either release."""

from collections.abc import Mapping
from dataclasses import dataclass

from omrs_connectors.services.elements import Kind
from omrs_connectors.services.naming import Link
from omrs_connectors.services.properties import Properties, ReferenceableProperties, called
from omrs_connectors.services.relations import LinkKind
from omrs_connectors.services.schemas import LinkProperties

TO_DO_STATUS = {"OPEN": "REQUESTED", "COMPLETE": "COMPLETED"}
"""The statuses of to-dos that ActivityStatus of 6.x calls otherwise than ToDoStatus (integration § 7)."""

INCIDENT_STATUS = {
    "RAISED": "UNCLASSIFIED",
    "REVIEWED": "MARGINAL",
    "VALIDATED": "IMPORTANT",
    "RESOLVED": "CRITICAL",
    "INVALID": "CATASTROPHIC",
    "IGNORED": "OTHER",
}
"""What IncidentReportStatus of 6.1 calls the elements of the same ordinals; it has none for IGNORED."""


@dataclass(frozen=True, kw_only=True)
class ToDoProperties(ReferenceableProperties):
    """ToDo. `status`: OPEN, IN_PROGRESS, WAITING, COMPLETE or ABANDONED."""

    category: str | None = called("category", "toDoType")
    priority: int | None = None
    creation_time: int | None = called("requestedTime", "creationTime")
    due_time: int | None = None
    completion_time: int | None = None
    status: str | None = called("activityStatus", "status", also=TO_DO_STATUS)


@dataclass(frozen=True, kw_only=True)
class IncidentReportProperties(ReferenceableProperties):
    """IncidentReport. `incident_status`: RAISED, REVIEWED, VALIDATED, RESOLVED, INVALID, IGNORED or OTHER."""

    domain_identifier: int | None = None
    background: str | None = None
    incident_classifiers: Mapping[str, int] | None = None
    incident_status: str | None = called("incidentStatus", also=INCIDENT_STATUS)
    start_time: int | None = called("startTime", "startDate")
    completion_time: int | None = called("completionTime", "completionDate")


@dataclass(frozen=True, kw_only=True)
class ActionTargetProperties(Properties):
    """ActionTarget."""

    action_target_name: str | None = None
    status: str | None = called("activityStatus", "status", also=TO_DO_STATUS)
    start_time: int | None = called("startTime", "startDate")
    completion_time: int | None = called("completionTime", "completionDate")
    completion_message: str | None = None


@dataclass(frozen=True, kw_only=True)
class ImpactProperties(Properties):
    """ImpactedResource."""

    severity_level: int | None = called("severityLevel", "severityLevelIdentifier")


@dataclass(frozen=True, kw_only=True)
class AnnotationProperties(ReferenceableProperties):
    """Annotation. In 4.x it is no Referenceable: it has neither qualified nor display name there."""

    annotation_type: str | None = None
    summary: str | None = None
    confidence: int | None = called("confidence", "confidenceLevel")
    expression: str | None = None
    explanation: str | None = None
    analysis_step: str | None = None
    json_properties: str | None = None


@dataclass(frozen=True, kw_only=True)
class RequestForActionProperties(AnnotationProperties):
    """RequestForAction."""

    action_source_name: str | None = called("actionSourceName", "discoveryActivity")
    action_requested: str | None = None
    action_properties: Mapping[str, str] | None = None


@dataclass(frozen=True, kw_only=True)
class SurveyProperties(ReferenceableProperties):
    """SurveyReport (6.x) / OpenDiscoveryAnalysisReport (4.x)."""

    purpose: str | None = None
    start_time: int | None = called("startTime", "executionDate")
    completion_time: int | None = None
    analysis_parameters: Mapping[str, str] | None = None
    analysis_step: str | None = None


@dataclass(frozen=True, kw_only=True)
class AssignmentProperties(Properties):
    """TeamMembership, TeamLeadership (4.x) / AssignmentScope (6.x): as what somebody is assigned."""

    position: str | None = called("assignmentType", "position")
    description: str | None = None


TO_DOS = Kind("to-dos", ToDoProperties, ("ToDo",))
INCIDENT_REPORTS = Kind("incident reports", IncidentReportProperties, ("IncidentReport",))
ACTION_TARGETS = LinkKind(
    "elements that a to-do is about", ActionTargetProperties, Link(("ActionTarget",), "ToDo", "Referenceable")
)
TO_DO_SOURCES = LinkKind(
    "who asked for a to-do", LinkProperties, Link(("ActionRequester", "ToDoSource"), "Referenceable", "ToDo")
)
TO_DO_CAUSES = LinkKind("why there is a to-do", LinkProperties, Link(("Actions",), "Referenceable", "ToDo"))
ASSIGNMENTS = LinkKind(
    "who is to do it", AssignmentProperties, Link(("AssignmentScope",), "Referenceable", "Referenceable")
)
"""ActionAssignment of 4.2 cannot say it: the patch that was to widen it took the to-do out of its ends."""
IMPACTED_RESOURCES = LinkKind(
    "elements that an incident is about",
    ImpactProperties,
    Link(("ImpactedResource",), "Referenceable", "IncidentReport"),
)
INCIDENT_ORIGINATORS = LinkKind(
    "who raised an incident",
    LinkProperties,
    Link(("ReportOriginator", "IncidentOriginator"), "Referenceable", "IncidentReport"),
)
PREVIOUS_INCIDENTS = LinkKind(
    "from an earlier incident to one that follows from it",
    LinkProperties,
    Link(("ReportDependency", "IncidentDependency"), "IncidentReport", "IncidentReport"),
)

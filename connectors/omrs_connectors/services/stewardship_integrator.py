"""Stewardship Integrator: connectors and context for the work of stewards (integration § 11)."""

from typing import ClassVar

from omrs_connectors.sdk.connector import IntegrationConnector
from omrs_connectors.sdk.context import IntegrationContext
from omrs_connectors.services.base import BOTH_DIRECTIONS, IntegrationService, wiki_of
from omrs_connectors.services.elements import Kind
from omrs_connectors.services.naming import Link
from omrs_connectors.services.organization_integrator import AssignmentProperties
from omrs_connectors.services.relations import LinkKind
from omrs_connectors.services.schemas import LinkProperties
from omrs_connectors.services.work import (
    ActionTargetProperties,
    AnnotationProperties,
    ImpactProperties,
    IncidentReportProperties,
    RequestForActionProperties,
    SurveyProperties,
    ToDoProperties,
)

SURVEY_4 = Link(("AssetDiscoveryReport",), "Asset", "OpenDiscoveryAnalysisReport")
SURVEY_6 = Link(("ReportSubject",), "OpenMetadataRoot", "Report")
FINDINGS = (
    Link(("DiscoveredAnnotation",), "OpenDiscoveryAnalysisReport", "Annotation"),
    Link(("ReportedAnnotation",), "SurveyReport", "Annotation"),
)


class StewardshipIntegratorContext(IntegrationContext):
    """To-dos, incident reports, surveys and their annotations.

    `governance.stewardship` opens to-dos and incident reports with all that hangs on them; here they are found, kept in
    step with another tool and closed. Annotations and requests for action hang below a survey report, that below the
    element that it is about.
    """

    to_dos = Kind("to-dos", ToDoProperties, ("ToDo",))
    incident_reports = Kind("incident reports", IncidentReportProperties, ("IncidentReport",))
    surveys = Kind(
        "reports of what was found about an element",
        SurveyProperties,
        ("SurveyReport", "OpenDiscoveryAnalysisReport"),
        below=(SURVEY_4, SURVEY_6),
    )
    annotations = Kind("findings of a survey", AnnotationProperties, ("Annotation",), below=FINDINGS, anchored=True)
    requests_for_action = Kind(
        "findings that somebody should act on",
        RequestForActionProperties,
        ("RequestForAction",),
        below=FINDINGS,
        anchored=True,
    )
    action_targets = LinkKind(
        "elements that a to-do is about", ActionTargetProperties, Link(("ActionTarget",), "ToDo", "Referenceable")
    )
    to_do_sources = LinkKind(
        "who asked for a to-do", LinkProperties, Link(("ActionRequester", "ToDoSource"), "Referenceable", "ToDo")
    )
    to_do_causes = LinkKind("why there is a to-do", LinkProperties, Link(("Actions",), "Referenceable", "ToDo"))
    assignments = LinkKind(
        "who is to do it", AssignmentProperties, Link(("AssignmentScope",), "Referenceable", "Referenceable")
    )
    impacted_resources = LinkKind(
        "elements that an incident is about",
        ImpactProperties,
        Link(("ImpactedResource",), "Referenceable", "IncidentReport"),
    )
    incident_originators = LinkKind(
        "who raised an incident",
        LinkProperties,
        Link(("ReportOriginator", "IncidentOriginator"), "Referenceable", "IncidentReport"),
    )
    previous_incidents = LinkKind(
        "from an earlier incident to one that follows from it",
        LinkProperties,
        Link(("ReportDependency", "IncidentDependency"), "IncidentReport", "IncidentReport"),
    )


class StewardshipIntegratorConnector(IntegrationConnector):
    """Runs under `stewardship-integrator`."""

    service: ClassVar[str] = "stewardship-integrator"
    context: StewardshipIntegratorContext


STEWARDSHIP = IntegrationService(
    id=4012,
    full_name="Stewardship Integrator OMIS",
    url_marker="stewardship-integrator",
    description="Exchanges to-dos, incident reports and annotations with tools that stewards work with.",
    wiki=wiki_of("stewardship-integrator"),
    partner="Stewardship Action OMAS",
    default_permitted_synchronization=BOTH_DIRECTIONS,
    connector_class=StewardshipIntegratorConnector,
    context_class=StewardshipIntegratorContext,
)

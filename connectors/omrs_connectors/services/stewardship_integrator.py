"""Stewardship Integrator: connectors and context for the work of stewards (integration § 11)."""

from typing import ClassVar

from omrs_connectors.sdk.connector import IntegrationConnector
from omrs_connectors.sdk.context import IntegrationContext
from omrs_connectors.services.base import BOTH_DIRECTIONS, IntegrationService, wiki_of
from omrs_connectors.services.elements import Kind
from omrs_connectors.services.naming import Link
from omrs_connectors.services.work import (
    ACTION_TARGETS,
    ASSIGNMENTS,
    IMPACTED_RESOURCES,
    INCIDENT_ORIGINATORS,
    INCIDENT_REPORTS,
    PREVIOUS_INCIDENTS,
    TO_DO_CAUSES,
    TO_DO_SOURCES,
    TO_DOS,
    AnnotationProperties,
    RequestForActionProperties,
    SurveyProperties,
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

    to_dos = TO_DOS
    incident_reports = INCIDENT_REPORTS
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
    action_targets = ACTION_TARGETS
    to_do_sources = TO_DO_SOURCES
    to_do_causes = TO_DO_CAUSES
    assignments = ASSIGNMENTS
    impacted_resources = IMPACTED_RESOURCES
    incident_originators = INCIDENT_ORIGINATORS
    previous_incidents = PREVIOUS_INCIDENTS


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

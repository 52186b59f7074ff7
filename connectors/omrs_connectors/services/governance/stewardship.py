"""To-dos and incident reports, with all that hangs on them (integration § 7, StewardshipAction)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, TypeVar

from omrs_connectors.services.element import Element
from omrs_connectors.services.elements import Elements
from omrs_connectors.services.relations import Relations
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
    ActionTargetProperties,
    ImpactProperties,
    IncidentReportProperties,
    ToDoProperties,
)
from omrs_streams.client.calls import Moment, moment_ms

if TYPE_CHECKING:
    from omrs_connectors.sdk.context import IntegrationContext


V = TypeVar("V")


class StewardshipAction:
    """Asks people to do something. A repeated call with the same qualified name completes what is missing and leaves
    the status to those who work on it.
    """

    def __init__(self, context: IntegrationContext) -> None:
        self._context = context
        self.to_dos = Elements(context, TO_DOS)
        self.incident_reports = Elements(context, INCIDENT_REPORTS)

    def open_to_do(
        self,
        qualified_name: str,
        title: str,
        *,
        instructions: str | None = None,
        category: str | None = None,
        priority: int | None = None,
        due_time: Moment | None = None,
        additional_properties: Mapping[str, str] | None = None,
        assign_to: str | Sequence[str] = (),
        cause_guid: str | None = None,
        source_guid: str | None = None,
        action_targets: Mapping[str, str | None] | Sequence[str] = (),
    ) -> Element[ToDoProperties]:
        """Opens a to-do. `assign_to`: guids of actors (profiles, roles); `cause_guid`: why it is to be done;
        `source_guid`: who asks, by default the connector's metadata source; `action_targets`: the elements to work on,
        by guid, with the name that each has in the to-do."""
        found = self.to_dos.named(qualified_name)
        if found is None:
            found = self.to_dos.create(
                ToDoProperties(
                    qualified_name=qualified_name,
                    display_name=title,
                    description=instructions,
                    category=category,
                    priority=priority,
                    due_time=None if due_time is None else moment_ms(due_time),
                    additional_properties=additional_properties,
                    status="OPEN",
                )
            )
        source = source_guid or (self._context.external_source.guid if self._context.external_source else None)
        if source is not None:
            Relations(self._context, TO_DO_SOURCES).ensure(source, found.guid)
        if cause_guid is not None:
            Relations(self._context, TO_DO_CAUSES).ensure(cause_guid, found.guid)
        for actor in (assign_to,) if isinstance(assign_to, str) else assign_to:
            Relations(self._context, ASSIGNMENTS).ensure(actor, found.guid)
        for target, name in _named(action_targets).items():
            self._target(found.guid, target, name)
        return found

    def set_to_do_status(self, guid: str, status: str, *, completion_time: Moment | None = None) -> None:
        """Sets the status: OPEN, IN_PROGRESS, WAITING, COMPLETE or ABANDONED."""
        ended = None if completion_time is None else moment_ms(completion_time)
        self.to_dos.update(guid, ToDoProperties(status=status, completion_time=ended))

    def create_incident_report(
        self,
        qualified_name: str,
        *,
        display_name: str | None = None,
        description: str | None = None,
        domain_identifier: int = 0,
        background: str | None = None,
        impacted_resources: Mapping[str, int | None] | Sequence[str] = (),
        previous_incidents: Sequence[str] = (),
        incident_classifiers: Mapping[str, int] | None = None,
        additional_properties: Mapping[str, str] | None = None,
        originator_guid: str | None = None,
    ) -> Element[IncidentReportProperties]:
        """Raises an incident. `impacted_resources`: guids of the elements it is about, with the severity for each;
        `originator_guid`: who raises it, by default the connector's metadata source. A display name is 6.x only."""
        found = self.incident_reports.named(qualified_name)
        if found is None:
            found = self.incident_reports.create(
                IncidentReportProperties(
                    qualified_name=qualified_name,
                    display_name=display_name,
                    description=description,
                    domain_identifier=domain_identifier,
                    background=background,
                    incident_classifiers=incident_classifiers,
                    additional_properties=additional_properties,
                    incident_status="RAISED",
                )
            )
        for resource, severity in _named(impacted_resources).items():
            Relations(self._context, IMPACTED_RESOURCES).ensure(
                resource, found.guid, ImpactProperties(severity_level=severity)
            )
        for previous in previous_incidents:
            Relations(self._context, PREVIOUS_INCIDENTS).ensure(previous, found.guid)
        source = originator_guid or (self._context.external_source.guid if self._context.external_source else None)
        if source is not None:
            Relations(self._context, INCIDENT_ORIGINATORS).ensure(source, found.guid)
        return found

    def set_incident_status(self, guid: str, status: str) -> None:
        """Sets the status: RAISED, REVIEWED, VALIDATED, RESOLVED, INVALID, IGNORED or OTHER."""
        self.incident_reports.update(guid, IncidentReportProperties(incident_status=status))

    def _target(self, to_do: str, target: str, name: str | None) -> None:
        targets = Relations(self._context, ACTION_TARGETS)
        if targets.between(to_do, target) is None:
            targets.link(to_do, target, ActionTargetProperties(action_target_name=name, status="OPEN"))


def _named(given: Mapping[str, V | None] | Sequence[str]) -> dict[str, V | None]:
    """Guids with what is said of each."""
    return dict(given) if isinstance(given, Mapping) else dict.fromkeys(given)

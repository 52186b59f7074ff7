"""Work for governance engines: engine actions, by request type, governance action type or process (integration § 7)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from omrs_connectors.services.element import Element, Plain
from omrs_connectors.services.elements import Elements, Kind
from omrs_connectors.services.naming import Link
from omrs_connectors.services.properties import Properties, ReferenceableProperties, called
from omrs_connectors.services.relations import LinkKind, Relations
from omrs_connectors.services.work import ActionTargetProperties
from omrs_schemas.errors import InvalidParameterError
from omrs_streams.client.calls import Moment, moment_ms

if TYPE_CHECKING:
    from omrs_connectors.sdk.context import IntegrationContext
    from omrs_connectors.services.element import Relation

ACTION_STATUS = {"COMPLETED": "ACTIONED", "CANCELLED": "OTHER", "ABANDONED": "OTHER"}
"""Statuses of 6.x that GovernanceActionStatus of 4.x calls otherwise, or has no word for."""


@dataclass(frozen=True, kw_only=True)
class EngineActionProperties(ReferenceableProperties):
    """EngineAction (6.x) / GovernanceAction (4.x). `status`: REQUESTED, APPROVED, WAITING, ACTIVATING, IN_PROGRESS,
    COMPLETED, INVALID, IGNORED, FAILED …"""

    domain_identifier: int | None = None
    status: str | None = called("activityStatus", "actionStatus", also=ACTION_STATUS)
    requested_start_time: int | None = called("requestedStartTime", "startDate")
    completion_time: int | None = called("completionTime", "completionDate")
    request_type: str | None = None
    request_parameters: Mapping[str, str] | None = None
    mandatory_guards: Sequence[str] | None = None
    received_guards: Sequence[str] | None = None
    completion_guards: Sequence[str] | None = None
    completion_message: str | None = None
    governance_action_type_guid: str | None = called("governanceActionTypeGUID")
    governance_action_type_name: str | None = None
    executor_engine_guid: str | None = called("executorEngineGUID")
    executor_engine_name: str | None = None
    process_name: str | None = None
    process_step_guid: str | None = called("processStepGUID")
    process_step_name: str | None = None


@dataclass(frozen=True, kw_only=True)
class ExecutorProperties(Properties):
    """GovernanceActionExecutor, GovernanceActionTypeExecutor."""

    request_type: str | None = None
    request_parameters: Mapping[str, str] | None = None


@dataclass(frozen=True, kw_only=True)
class RequestSourceProperties(Properties):
    """ActionRequester (6.x) / GovernanceActionRequestSource (4.x)."""

    name: str | None = called("label", "requestSourceName")


@dataclass(frozen=True, kw_only=True)
class FlowStartProperties(Properties):
    """GovernanceActionProcessFlow (6.x) / GovernanceActionFlow (4.x)."""

    guard: str | None = None
    request_parameters: Mapping[str, str] | None = None


ENGINE_ACTIONS = Kind("what engines are asked to do", EngineActionProperties, ("EngineAction", "GovernanceAction"))
TARGETS = LinkKind(
    "elements to work on", ActionTargetProperties, Link(("TargetForAction", "ActionTarget"), "EngineAction", "Any")
)
SOURCES = LinkKind(
    "who asks",
    RequestSourceProperties,
    Link(("GovernanceActionRequestSource", "ActionRequester"), "Referenceable", "EngineAction"),
)
TYPE_EXECUTORS = LinkKind(
    "the engine of a governance action type",
    ExecutorProperties,
    Link(("GovernanceActionTypeExecutor", "GovernanceActionExecutor"), "GovernanceActionType", "GovernanceEngine"),
)
EXECUTORS_4 = LinkKind(
    "the engine of an action (4.x)",
    ExecutorProperties,
    Link(("GovernanceActionExecutor",), "GovernanceAction", "GovernanceEngine"),
)
FIRST_STEPS = LinkKind(
    "how a process begins",
    FlowStartProperties,
    Link(("GovernanceActionProcessFlow", "GovernanceActionFlow"), "GovernanceActionProcess", "GovernanceActionType"),
)


class GovernanceActions:
    """Asks governance engines to do something, as metadata: whichever engine host serves the engine sees the new action
    and carries it out.

    `action_targets`: guids of the elements to work on, with the name of each; `request_sources`: guids of who asks, by
    default the connector's metadata source. A repeated call with the same qualified name makes nothing new; without a
    qualified name each call asks once more.
    """

    def __init__(self, context: IntegrationContext) -> None:
        self._context = context
        self.engine_actions = Elements(context, ENGINE_ACTIONS)

    def initiate_engine_action(
        self,
        engine: str,
        request_type: str,
        *,
        qualified_name: str | None = None,
        display_name: str | None = None,
        description: str | None = None,
        domain_identifier: int = 0,
        request_parameters: Mapping[str, str] | None = None,
        action_targets: Mapping[str, str] | None = None,
        request_sources: Sequence[str] = (),
        received_guards: Sequence[str] | None = None,
        start_time: Moment | None = None,
    ) -> Element[EngineActionProperties]:
        """Asks an engine, by its qualified name, for a request type. InvalidParameterError for an unknown engine."""
        found = self._one("GovernanceEngine", engine)
        wanted = EngineActionProperties(
            qualified_name=qualified_name or f"{engine}:{request_type}:{uuid4()}",
            display_name=display_name or request_type,
            description=description,
            domain_identifier=domain_identifier,
            request_type=request_type,
            request_parameters=request_parameters,
            received_guards=received_guards,
            requested_start_time=None if start_time is None else moment_ms(start_time),
        )
        return self._initiate(wanted, found, action_targets or {}, request_sources)

    def initiate_action_type(
        self,
        action_type: str,
        *,
        qualified_name: str | None = None,
        request_parameters: Mapping[str, str] | None = None,
        action_targets: Mapping[str, str] | None = None,
        request_sources: Sequence[str] = (),
        start_time: Moment | None = None,
    ) -> Element[EngineActionProperties]:
        """Asks for what a governance action type, by its qualified name, describes. InvalidParameterError where it is
        unknown or no engine carries it out."""
        found = self._one("GovernanceActionType", action_type)
        wanted = EngineActionProperties(
            qualified_name=qualified_name or f"{action_type}:{uuid4()}",
            requested_start_time=None if start_time is None else moment_ms(start_time),
        )
        return self._of_type(found, wanted, request_parameters or {}, action_targets or {}, request_sources)

    def initiate_process(
        self,
        process: str,
        *,
        qualified_name: str | None = None,
        request_parameters: Mapping[str, str] | None = None,
        action_targets: Mapping[str, str] | None = None,
        request_sources: Sequence[str] = (),
        start_time: Moment | None = None,
    ) -> Element[EngineActionProperties]:
        """Asks for the first step of a governance action process, by the process's qualified name; the engines go on
        from there. InvalidParameterError where the process is unknown or has no first step."""
        found = self._one("GovernanceActionProcess", process)
        first = self._first(FIRST_STEPS, found.guid)
        if first is None:
            raise InvalidParameterError(f"governance action process {process} has no first step", guid=found.guid)
        step = self._context.governance.open_metadata.get(first.second)
        guard = first.properties.guard
        wanted = EngineActionProperties(
            qualified_name=qualified_name or f"{process}:{uuid4()}",
            process_name=process,
            process_step_guid=step.guid,
            process_step_name=str(step.properties.get("qualifiedName", "")),
            received_guards=[guard] if guard else None,
            requested_start_time=None if start_time is None else moment_ms(start_time),
        )
        parameters = {**(first.properties.request_parameters or {}), **(request_parameters or {})}
        return self._of_type(step, wanted, parameters, action_targets or {}, request_sources)

    def _of_type(
        self,
        action_type: Element[Plain],
        wanted: EngineActionProperties,
        request_parameters: Mapping[str, str],
        action_targets: Mapping[str, str],
        request_sources: Sequence[str],
    ) -> Element[EngineActionProperties]:
        name = str(action_type.properties.get("qualifiedName", ""))
        executor = self._first(TYPE_EXECUTORS, action_type.guid)
        if executor is None:
            raise InvalidParameterError(f"no engine carries out governance action type {name}", guid=action_type.guid)
        known = action_type.properties
        return self._initiate(
            replace(
                wanted,
                display_name=known.get("displayName"),
                description=known.get("description"),
                domain_identifier=known.get("domainIdentifier"),
                request_type=executor.properties.request_type,
                request_parameters={**(executor.properties.request_parameters or {}), **request_parameters},
                governance_action_type_guid=action_type.guid,
                governance_action_type_name=name,
            ),
            self._context.governance.open_metadata.get(executor.second),
            action_targets,
            request_sources,
        )

    def _initiate(
        self,
        wanted: EngineActionProperties,
        engine: Element[Plain],
        action_targets: Mapping[str, str],
        request_sources: Sequence[str],
    ) -> Element[EngineActionProperties]:
        """The action has a status, and engines see it, once everything that they need hangs on it."""
        engine_name = str(engine.properties.get("qualifiedName", ""))
        action = self.engine_actions.named(wanted.qualified_name) or self.engine_actions.create(
            replace(wanted, executor_engine_guid=engine.guid, executor_engine_name=engine_name)
        )
        source = self._context.external_source
        for guid in request_sources or ((source.guid,) if source else ()):
            self._ensure(SOURCES, guid, action.guid, RequestSourceProperties(name=self._context.connector_name))
        for guid, name in action_targets.items():
            self._ensure(TARGETS, action.guid, guid, ActionTargetProperties(action_target_name=name))
        if self.engine_actions.type_name == "GovernanceAction":
            properties = ExecutorProperties(
                request_type=wanted.request_type, request_parameters=wanted.request_parameters or None
            )
            self._ensure(EXECUTORS_4, action.guid, engine.guid, properties)
        if action.properties.status is None:
            return self.engine_actions.update(action.guid, EngineActionProperties(status="REQUESTED"))
        return action

    def _ensure(self, kind: LinkKind[Any], first: str, second: str, properties: Properties) -> None:
        links = Relations(self._context, kind)
        if links.between(first, second) is None:
            links.link(first, second, properties)

    def _first(self, kind: LinkKind[Any], guid: str) -> Relation[Any] | None:
        return next((link for link in Relations(self._context, kind).of(guid) if link.first == guid), None)

    def _one(self, type_name: str, qualified_name: str) -> Element[Plain]:
        found = self._context.governance.open_metadata.find_by_unique_name(qualified_name, type_name)
        if found is None:
            raise InvalidParameterError(
                f"there is no {type_name} {qualified_name!r}", help="give its qualified name", name=qualified_name
            )
        return found

"""One report element: what a pass changed of one anchor, in the names of the server's release (integration § 8)."""

from collections.abc import Mapping
from typing import Any

from omrs_connectors.sdk.releases import TypeNames, type_names
from omrs_connectors.sdk.report import KINDS
from omrs_schemas.errors import EntityNotKnownError, EntityProxyOnlyError, InvalidParameterError
from omrs_streams.client import MetadataClient

Bean = dict[str, Any]

PRESENT, DELETED, UNKNOWN = "PRESENT", "DELETED", "UNKNOWN"
"""What the anchor is when its report is written; only one that is present can be linked."""


def write_element(client: MetadataClient, report: Mapping[str, Any], number: int, change: Mapping[str, Any]) -> str:
    """The guid of the element for the change at place `number` of a report record; made once. Raises what the server
    answers."""
    names = type_names(client.types)
    anchor = str(change["anchorGUID"])
    state = _state_of(client, anchor)
    event_id = f"integration-report/{report['reportId']}/{report['part']}/{number}"
    properties = element_properties(client, names, report, change, state)
    element = client.add_entity(names.activity_report, properties, event_id=event_id)
    if state == PRESENT:
        try:
            client.add_relationship(names.report_subject, anchor, element.guid, event_id=f"{event_id}/link")
        except (EntityNotKnownError, InvalidParameterError):
            state = _state_of(client, anchor)
            if state == PRESENT:
                raise
            said = element_properties(client, names, report, change, state)  # it was deleted just now
            client.update_entity_properties(
                element.guid, said, type_name=names.activity_report, event_id=f"{event_id}/state"
            )
    return element.guid


def element_properties(
    client: MetadataClient, names: TypeNames, report: Mapping[str, Any], change: Mapping[str, Any], state: str
) -> Bean:
    """Those of an IntegrationReport (4.x) or ConnectorActivityReport (6.x)."""
    name = f"{report['serverName']}::{report['connectorName']}::{report['reportId']}"
    part = f"{report['part']}::{change['anchorGUID']}"
    said = {
        "qualifiedName": f"{names.activity_report}::{name}::{part}",
        "displayName": f"What {report['connectorName']} changed",
        "serverName": report["serverName"],
        "connectorName": report["connectorName"],
        "connectorId": report["connectorId"],
        "refreshStartDate": report["refreshStartDate"],
        "refreshCompletionDate": report["refreshCompletionDate"],
        "startTime": report["refreshStartDate"],
        "completionTime": report["refreshCompletionDate"],
        **{f"{kind}Elements": change.get(f"{kind}Elements") or None for kind in KINDS},
        "additionalProperties": _additional(report, change, state),
    }
    known = client.types.attributes(names.activity_report)
    return {key: value for key, value in said.items() if key in known and value is not None}


def _additional(report: Mapping[str, Any], change: Mapping[str, Any], state: str) -> dict[str, str]:
    """What the types have no attribute for."""
    said = {
        "reportId": report["reportId"],
        "part": f"{report['part']} of {report['parts']}",
        "trigger": report["trigger"],
        "connectorStatus": report["connectorStatus"],
        "connectorInstanceId": report.get("connectorInstanceId"),
        "failingExceptionMessage": report.get("failingExceptionMessage"),
        "anchorGUID": change["anchorGUID"],
        "anchorStatus": state,
    }
    return {key: str(value) for key, value in said.items() if value is not None}


def _state_of(client: MetadataClient, anchor: str) -> str:
    try:
        found = client.find_entity(anchor)
        if found is None:
            client.get_entity_summary(anchor)  # a proxy can be linked, too
            return PRESENT
    except (EntityNotKnownError, EntityProxyOnlyError):
        return UNKNOWN
    return DELETED if found.get("status") == "DELETED" else PRESENT

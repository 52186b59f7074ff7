"""What the OpenAPI documents say of Egeria's paths, whose handlers take the raw request, and of refusals."""

from collections.abc import Mapping
from typing import Any

from fastapi import Response

from omrs_connectors.api.endpoint import DELEGATING, Operation, endpoint
from omrs_connectors.api.facade import Daemon
from omrs_connectors.api.security import DaemonSecurity
from omrs_streams.api.describing import DescribedAPI
from omrs_streams.api.replies import JSON
from omrs_streams.api.v1.problems import PROBLEM_JSON

_FIELDS: Mapping[str, Mapping[str, Any]] = {
    "IntegrationDaemonStatusResponse": {
        "integrationServiceSummaries": {"type": "array", "items": {"type": "object"}},
        "integrationGroupSummaries": {"type": "array", "items": {"type": "object"}},
    },
    "IntegrationServiceSummaryResponse": {"integrationServiceSummaries": {"type": "array"}},
    "IntegrationGroupSummariesResponse": {"integrationGroupSummaries": {"type": "array"}},
    "IntegrationGroupSummaryResponse": {"integrationGroupSummary": {"type": "object"}},
    "PropertiesResponse": {"properties": {"type": "object"}},
    "RegisteredOMAGServicesResponse": {"services": {"type": "array", "items": {"type": "object"}}},
}
_HTTP = {
    200: "The response bean; its relatedHTTPCode tells success from failure",
    400: "The body cannot be read",
    503: "Ask again: the daemon is starting, or Kafka is away",
}
"""HTTP itself says little on Egeria's paths."""
_REASONS = {
    400: "The request does not have the form that is described here",
    404: "The daemon has no such thing",
    422: "The request is understood, but what it says is refused",
    503: "Ask again: the daemon is starting, or Kafka is away",
}


def refused(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """The `responses` of an operation of `/api/v1` that may be refused with these."""
    content = {PROBLEM_JSON: {"schema": {"$ref": "#/components/schemas/Problem"}}}
    return {status: {"description": _REASONS[status], "content": content} for status in statuses}


def add(app: DescribedAPI, daemon: Daemon, security: DaemonSecurity, operation: Operation) -> None:
    """One of Egeria's paths, with everything that its handler does not show."""
    names = [part[1:-1] for part in operation.path.split("/") if part.startswith("{")]
    described: dict[str, Any] = {
        "parameters": [{"name": name, "in": "path", "required": True, "schema": {"type": "string"}} for name in names]
    }
    if operation.path.endswith("integration-daemon/publish-open-lineage-event"):
        described["parameters"].append({"name": DELEGATING, "in": "query", "schema": {"type": "string"}})
    if operation.body is not None:
        schema = app.schema_of(operation.body)
        described["requestBody"] = {"required": False, "content": {JSON: {"schema": schema}}}
    for method in operation.methods:
        app.add_api_route(
            operation.path,
            endpoint(daemon, security, operation),
            methods=[method],
            operation_id=_operation_id(operation, method),
            summary=operation.what[0].upper() + operation.what[1:],
            description=f"Answers a {operation.response}.",
            deprecated=operation.older or None,
            tags=[_tag(operation)],
            openapi_extra=described if method == "POST" else {"parameters": described["parameters"]},
            response_class=Response,
            responses={
                status: {"description": said, "content": {JSON: {"schema": _schema(operation)}}}
                for status, said in _HTTP.items()
            },
        )


def _operation_id(operation: Operation, method: str) -> str:
    """Unique in the document: a path by another method or of an older release is an operation of its own."""
    place = "".join(part.title().replace("-", "") for part in operation.path.split("/")[3:] if part[:1] != "{")
    return f"{operation.name}{place}{method.title()}"


def _tag(operation: Operation) -> str:
    if operation.path.endswith(("lineage", "open-lineage-event")):
        return "lineage"
    return "platform" if "/platform-services/" in operation.path else "integration daemon"


def _schema(operation: Operation) -> dict[str, Any]:
    return {
        "type": "object",
        "required": ["class", "relatedHTTPCode"],
        "properties": {
            "class": {"type": "string", "enum": [operation.response]},
            "relatedHTTPCode": {"type": "integer"},
            "exceptionClassName": {"type": "string"},
            "exceptionErrorMessage": {"type": "string"},
            "exceptionErrorMessageId": {"type": "string"},
            "exceptionUserAction": {"type": "string"},
            **_FIELDS.get(operation.response, {}),
        },
    }

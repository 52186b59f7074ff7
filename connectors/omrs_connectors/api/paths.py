"""Egeria's paths below `/servers/{server}/open-metadata/integration-daemon/users/{userId}`, and the platform's.

The table is integration § 9: newer forms first, then those of older releases that clients still use.
"""

from typing import Any

from omrs_connectors.api import bodies
from omrs_connectors.api.beans import registered, summaries
from omrs_connectors.api.endpoint import VOID, Asked, Operation
from omrs_connectors.api.facade import Bean, Daemon
from omrs_connectors.refusals import no_groups, service_not_running, unknown_group, unknown_marker
from omrs_connectors.services.registry import SERVICES

BASE = "/servers/{server}/open-metadata/integration-daemon/users/{userId}"
PLATFORM = "/servers/{server}/platform-services/users/{userId}/server-platform/registered-services"


async def status(asked: Asked) -> Bean:
    return {
        "integrationServiceSummaries": summaries(asked.daemon.service_summaries()),
        "integrationGroupSummaries": summaries(asked.daemon.group_summaries()),
    }


async def service_summaries(asked: Asked) -> Bean:
    return {"integrationServiceSummaries": summaries(asked.daemon.service_summaries())}


async def group_summaries(asked: Asked) -> Bean:
    return {"integrationGroupSummaries": summaries(asked.daemon.group_summaries())}


async def group_summary(asked: Asked) -> Bean:
    name = group_of(asked.daemon, asked.path["group"])
    found = [each for each in asked.daemon.group_summaries() if each["integrationGroupName"] == name]
    return {"integrationGroupSummary": summaries(found)[0]}


async def refresh_group(asked: Asked) -> Bean:
    await asked.daemon.refresh_group(group_of(asked.daemon, asked.path["group"]))
    return {}


async def properties(asked: Asked) -> Bean:
    service = asked.path.get("marker")
    if service is not None:
        service = service_of(asked.daemon, service)
    return {"properties": dict(asked.daemon.configuration_properties(asked.path["connector"], service))}


async def configure(asked: Asked) -> Bean:
    body = bodies.properties_of(asked.body)
    given = body.configuration_properties or {}
    await asked.daemon.configure(body.connector_name or None, given, body.merge_update, asked.user)
    return {}


async def endpoint_address(asked: Asked) -> Bean:
    await asked.daemon.set_endpoint(asked.path["connector"], bodies.string_of(asked.body), asked.user)
    return {}


async def connection(asked: Asked) -> Bean:
    await asked.daemon.set_connection(asked.path["connector"], bodies.object_of(asked.body), asked.user)
    return {}


async def refresh(asked: Asked) -> Bean:
    await asked.daemon.refresh(*_which(asked), user=asked.user)
    return {}


async def restart(asked: Asked) -> Bean:
    await asked.daemon.restart(*_which(asked), user=asked.user)
    return {}


async def registered_services(_: Asked) -> Bean:
    return {"services": [registered(service) for service in SERVICES.values()]}


def _which(asked: Asked) -> tuple[list[str] | None, str | None]:
    """The connectors and the service that a command is for."""
    marker = asked.path.get("marker")
    service = None if marker is None else service_of(asked.daemon, marker)
    name = bodies.name_of(asked.body)
    return None if name is None else [name], service


def service_of(daemon: Daemon, marker: str) -> str:
    """`marker` where such a service runs in the daemon; InvalidParameterError otherwise."""
    if marker not in SERVICES:
        raise unknown_marker(marker, SERVICES)
    running = [view.service.url_marker for view in daemon.services]
    if marker not in running:
        raise service_not_running(daemon.settings.daemon, marker, running)
    return marker


def group_of(daemon: Daemon, name: str) -> str:
    """`name` where the daemon has such a group; InvalidParameterError otherwise."""
    known = [view.name for view in daemon.groups]
    if not known:
        raise no_groups(daemon.settings.daemon)
    if name not in known:
        raise unknown_group(daemon.settings.daemon, name, known)
    return name


def _both(name: str, path: str, handler: Any, what: str, methods: tuple[str, ...]) -> tuple[Operation, Operation]:
    """A command for the connectors of a service: Egeria has had both spellings of the path."""
    newer, older = (f"{BASE}/{part}/{{marker}}/{path}" for part in ("integration-services", "integration-service"))
    body = bodies.NameRequestBody
    return (
        Operation(name, methods, newer, VOID, handler, what, body),
        Operation(name, methods, older, VOID, handler, what, body, older=True),
    )


_CONNECTORS = f"{BASE}/integration-connectors"
_GROUPS = f"{BASE}/integration-groups"
_NAME = bodies.NameRequestBody
_STATUS = "IntegrationDaemonStatusResponse"
_PROPERTIES = "PropertiesResponse"
_SERVICE = f"{BASE}/integration-services/{{marker}}"

OPERATIONS = (
    Operation("getIntegrationDaemonStatus", ("GET",), f"{BASE}/status", _STATUS, status, "every connector's state"),
    Operation(
        "getConfigurationProperties",
        ("GET",),
        f"{_CONNECTORS}/{{connector}}/configuration-properties",
        _PROPERTIES,
        properties,
        "what a connector is configured with",
    ),
    Operation(
        "updateConfigurationProperties",
        ("POST",),
        f"{_CONNECTORS}/configuration-properties",
        VOID,
        configure,
        "changes the configuration properties of one connector, or of all; none given: clears them",
        bodies.ConnectorConfigPropertiesRequestBody,
    ),
    Operation(
        "updateEndpointNetworkAddress",
        ("POST",),
        f"{_CONNECTORS}/{{connector}}/endpoint-network-address",
        VOID,
        endpoint_address,
        "changes where a connector finds its technology",
        bodies.StringRequestBody,
    ),
    Operation(
        "updateConnectorConnection",
        ("POST",),
        f"{_CONNECTORS}/{{connector}}/connection",
        VOID,
        connection,
        "changes the whole connection of a connector",
        dict[str, Any],
    ),
    Operation(
        "refreshConnectors",
        ("POST",),
        f"{_CONNECTORS}/refresh",
        VOID,
        refresh,
        "a refresh of one connector, or of all",
        _NAME,
    ),
    Operation(
        "restartConnectors",
        ("POST",),
        f"{_CONNECTORS}/restart",
        VOID,
        restart,
        "a restart of one connector, or of all",
        _NAME,
    ),
    Operation(
        "getIntegrationServiceSummaries",
        ("GET",),
        f"{BASE}/integration-services/summary",
        "IntegrationServiceSummaryResponse",
        service_summaries,
        "the integration services and their connectors",
    ),
    *_both("refreshService", "refresh", refresh, "a refresh of the service's connectors", ("POST",)),
    *_both("restartService", "restart", restart, "a restart of the service's connectors", ("GET", "POST")),
    Operation(
        "getConfigurationProperties",
        ("GET",),
        f"{_SERVICE}/connectors/{{connector}}/configuration-properties",
        _PROPERTIES,
        properties,
        "what a connector of the service is configured with",
        older=True,
    ),
    Operation(
        "refreshAllServices",
        ("POST",),
        f"{BASE}/refresh",
        VOID,
        refresh,
        "a refresh of all connectors, or of one",
        _NAME,
        older=True,
    ),
    Operation(
        "getIntegrationGroupSummaries",
        ("GET",),
        f"{_GROUPS}/summary",
        "IntegrationGroupSummariesResponse",
        group_summaries,
        "the integration groups and their connectors",
    ),
    Operation(
        "getIntegrationGroupSummary",
        ("GET",),
        f"{_GROUPS}/{{group}}/summary",
        "IntegrationGroupSummaryResponse",
        group_summary,
        "one integration group and its connectors",
    ),
    Operation(
        "refreshIntegrationGroupConfig",
        ("GET", "POST"),
        f"{_GROUPS}/{{group}}/refresh-config",
        VOID,
        refresh_group,
        "reads the configuration of a group again",
    ),
    Operation(
        "getRegisteredIntegrationServices",
        ("GET",),
        f"{PLATFORM}/integration-services",
        "RegisteredOMAGServicesResponse",
        registered_services,
        "every integration service that this software has, with its URL marker",
    ),
)

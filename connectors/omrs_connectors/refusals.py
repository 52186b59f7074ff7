"""What requests to a daemon are refused with: the error ids of integration § 9, each with what helps."""

from collections.abc import Iterable

from omrs_schemas.errors import InvalidParameterError, NotReadyError

NO_CONFIGURATION = "INTEGRATION-DAEMON-SERVICES-400-001"
UNKNOWN_MARKER = "INTEGRATION-DAEMON-SERVICES-400-010"
SERVICE_NOT_RUNNING = "INTEGRATION-DAEMON-SERVICES-400-030"
UNKNOWN_CONNECTOR = "INTEGRATION-DAEMON-SERVICES-400-031"
UNKNOWN_GROUP_CONFIGURATION = "INTEGRATION-DAEMON-SERVICES-400-032"
GROUP_NOT_READY = "INTEGRATION-DAEMON-SERVICES-400-033"
UNKNOWN_GROUP = "INTEGRATION-DAEMON-SERVICES-400-034"
NO_GROUPS = "INTEGRATION-DAEMON-SERVICES-400-035"
UNKNOWN_SERVER = "OMAG-MULTI-TENANT-404-001"


def unknown_server(given: str, daemon: str) -> InvalidParameterError:
    return InvalidParameterError(
        f"server {given} is not hosted here, integration daemon {daemon} is",
        code=UNKNOWN_SERVER,
        help="correct the server's name in the path, or ask the URL where that server is",
        parameter="serverName",
    )


def unknown_marker(marker: str, known: Iterable[str]) -> InvalidParameterError:
    return InvalidParameterError(
        f"there is no integration service {marker!r}",
        code=UNKNOWN_MARKER,
        help=f"URL markers: {_listed(known)}",
        parameter="serviceURLMarker",
    )


def service_not_running(daemon: str, marker: str, running: Iterable[str]) -> InvalidParameterError:
    return InvalidParameterError(
        f"integration service {marker} does not run in integration daemon {daemon}",
        code=SERVICE_NOT_RUNNING,
        help=f"these do: {_listed(running)}",
        parameter="serviceURLMarker",
    )


def unknown_connector(daemon: str, name: str, known: Iterable[str]) -> InvalidParameterError:
    return InvalidParameterError(
        f"integration daemon {daemon} has no connector {name!r}",
        code=UNKNOWN_CONNECTOR,
        help=f"connectors: {_listed(known)}",
        parameter="connectorName",
    )


def unknown_group_configuration(group: str, server: str) -> InvalidParameterError:
    """The metadata server has no group of that qualified name."""
    return InvalidParameterError(
        f"metadata server {server} has no integration group {group!r}",
        code=UNKNOWN_GROUP_CONFIGURATION,
        help="`omrs daemon groups create` makes one; the daemon takes it up by itself",
        parameter="integrationGroupName",
    )


def group_not_ready(daemon: str, group: str) -> NotReadyError:
    """The group is configured; its metadata have not been read yet."""
    return NotReadyError(
        f"integration group {group!r} of integration daemon {daemon} has not been read yet",
        code=GROUP_NOT_READY,
        help="is its metadata server up? The daemon goes on trying",
        parameter="integrationGroupName",
    )


def unknown_group(daemon: str, group: str, known: Iterable[str]) -> InvalidParameterError:
    return InvalidParameterError(
        f"integration daemon {daemon} has no integration group {group!r}",
        code=UNKNOWN_GROUP,
        help=f"groups: {_listed(known)}",
        parameter="integrationGroupName",
    )


def no_groups(daemon: str) -> InvalidParameterError:
    return InvalidParameterError(
        f"integration daemon {daemon} has no integration groups",
        code=NO_GROUPS,
        help="name them under `groups` in the daemon's configuration",
        parameter="integrationGroupName",
    )


def _listed(names: Iterable[str]) -> str:
    return ", ".join(sorted(names)) or "none"

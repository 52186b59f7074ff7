"""Messages of the integration services: two for each, with the service's name in the id (integration § 3, steps 3, 4).

The ids follow from the service's URL marker: `files-integrator` says `OMIS-FILES-INTEGRATOR-0001`.
"""

from omrs_schemas.model.audit import AuditSeverity as S
from omrs_streams.audit.message import AuditMessage as M

GENERIC = "generic"
"""The marker under which connectors run that belong to no service in particular."""

MARKERS = (
    "analytics-integrator",
    "api-integrator",
    "catalog-integrator",
    "database-integrator",
    "display-integrator",
    "files-integrator",
    "infrastructure-integrator",
    "lineage-integrator",
    "organization-integrator",
    "security-integrator",
    "stewardship-integrator",
    "topic-integrator",
    GENERIC,
)


def context_manager_starting(marker: str) -> str:
    """The id that says that a service's context manager is being prepared for its metadata server."""
    return f"{_prefix(marker)}-0001"


def context_created(marker: str) -> str:
    """The id that says that a connector of the service gets its context."""
    return f"{_prefix(marker)}-0002"


def _prefix(marker: str) -> str:
    return f"OMIS-{marker}".upper()


def _messages(marker: str) -> tuple[M, M]:
    return (
        M(
            context_manager_starting(marker),
            S.STARTUP,
            "{service} prepares its calls to metadata server {server} at {url}",
            "The service is configured in this daemon, or a connector of an integration group needs it.",
            "None. Whether the server answers is seen when the first connector is initialized.",
        ),
        M(
            context_created(marker),
            S.STARTUP,
            "{service} creates the context of connector {connector} ({connector_id})"
            "[ for the technology {technology}] with permitted synchronization {permitted}[ and options {options}]",
            "A connector is being made ready; with its context it reaches open metadata.",
            "None. If INTEGRATION-DAEMON-SERVICES-0031 follows, the connector's own start failed.",
        ),
    )


MESSAGES = tuple(message for marker in MARKERS for message in _messages(marker))

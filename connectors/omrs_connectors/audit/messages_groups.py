"""Messages about integration groups (integration § 6, § 10)."""

from omrs_schemas.model.audit import AuditSeverity as S
from omrs_streams.audit.message import AuditMessage as M

_AGAIN = "None if the metadata server is on its way: the daemon tries again. Otherwise do what the error says."

MESSAGES = (
    M(
        "INTEGRATION-DAEMON-SERVICES-0019",
        S.STARTUP,
        "Integration daemon {daemon} listens to metadata server {server} for changes of integration group {group}",
        "The group is watched through the server's out topic.",
        "None.",
    ),
    M(
        "INTEGRATION-DAEMON-SERVICES-0027",
        S.EXCEPTION,
        "Integration daemon {daemon} cannot listen to metadata server {server} for integration group {group}: {error}",
        "The server's out topic is not there or cannot be read.",
        _AGAIN,
    ),
    M(
        "INTEGRATION-DAEMON-SERVICES-0028",
        S.ERROR,
        "The configuration of integration group {group} cannot be read[ from metadata server {server}]: {error}",
        "The server is not available, or it has no group of that qualified name.",
        _AGAIN,
    ),
    M(
        "INTEGRATION-DAEMON-SERVICES-0051",
        S.INFO,
        "The configuration of integration group {group} is being read[ from metadata server {server}][; reason:"
        " {reason}]",
        "The daemon starts, the group changed, its time has come, or somebody asked for it.",
        "None.",
    ),
    M(
        "INTEGRATION-DAEMON-SERVICES-0052",
        S.SHUTDOWN,
        "Integration group {group} is being stopped in integration daemon {daemon}",
        "The daemon is stopping.",
        "None.",
    ),
    M(
        "INTEGRATION-DAEMON-SERVICES-0053",
        S.EXCEPTION,
        "A change of integration group {group} cannot be applied[ with {exception}]: {error}",
        "Reading the group again failed after an event said that it changed.",
        "Correct what the error says; `omrs daemon groups refresh` reads the group again.",
    ),
    M(
        "INTEGRATION-DAEMON-SERVICES-0054",
        S.EXCEPTION,
        "A change of connector {connector} of integration group {group} cannot be applied[ with {exception}]: {error}",
        "Reading the connector's registration again failed after an event said that it changed.",
        "Correct what the error says; `omrs daemon groups refresh` reads the group again.",
    ),
    M(
        "INTEGRATION-DAEMON-SERVICES-0055",
        S.ERROR,
        "Connector {connector} of integration group {group} is of no kind that this daemon can run[: {error}]",
        "Its class belongs to none of the integration services.",
        "Correct the class in the connector type of its connection.",
    ),
    M(
        "INTEGRATION-DAEMON-SERVICES-0056",
        S.INFO,
        "The configuration of integration group {group} has been read[; connectors: {count}]",
        "The daemon's connectors are what the group says.",
        "None.",
    ),
)

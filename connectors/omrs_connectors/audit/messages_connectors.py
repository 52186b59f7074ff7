"""Messages about single integration connectors (integration § 4, § 10)."""

from omrs_schemas.model.audit import AuditSeverity as S
from omrs_streams.audit.message import AuditMessage as M

FAILED = "INTEGRATION-DAEMON-SERVICES-0031"
"""A method of a connector raised something: the first message to look for."""

MESSAGES = (
    M(
        "INTEGRATION-DAEMON-SERVICES-0008",
        S.STARTUP,
        "Connector {connector} is being initialized in {service} of integration daemon {daemon};"
        " permitted synchronization: {permitted}",
        "The daemon starts, the connector was restarted, its configuration changed, or it heals by itself.",
        "None.",
    ),
    M(
        "INTEGRATION-DAEMON-SERVICES-0009",
        S.STARTUP,
        "Connector {connector}[ of {service}] cannot be built from its connection: {error}",
        "The connection names a class that cannot be loaded, or its configuration properties are wrong.",
        "Correct the connection; the message names the key. Then restart the connector.",
    ),
    M(
        "INTEGRATION-DAEMON-SERVICES-0010",
        S.STARTUP,
        "The class of connector {connector}[ of {service}] is no integration connector[: {error}]",
        "The connection's connector type names a class of another kind.",
        "Name an integration connector; `omrs daemon connectors` lists those installed.",
    ),
    M(
        "INTEGRATION-DAEMON-SERVICES-0015",
        S.INFO,
        "User {user} has changed the configuration properties of connector {connector}[: {keys}]",
        "A request to the daemon; it holds until it is changed again or the daemon's topics are deleted.",
        "None. The connector has been initialized with them.",
    ),
    M(
        "INTEGRATION-DAEMON-SERVICES-0016",
        S.INFO,
        "User {user} has cleared the configuration properties of connector {connector}",
        "A request to the daemon without properties.",
        "None. The connector has been initialized without them.",
    ),
    M(
        "INTEGRATION-DAEMON-SERVICES-0022",
        S.SHUTDOWN,
        "Connector {connector}[ of {service}] is being stopped in integration daemon {daemon}",
        "The daemon is stopping, the connector was removed, or it moves to another worker.",
        "None.",
    ),
    M(
        "INTEGRATION-DAEMON-SERVICES-0023",
        S.SHUTDOWN,
        "Method disconnect of connector {connector}[ of {service}] failed[ with {exception}]: {error}",
        "The connector raised something, or did not end in time, while it was being stopped.",
        "Look whether the connector has left something open at its technology.",
    ),
    M(
        "INTEGRATION-DAEMON-SERVICES-0024",
        S.SHUTDOWN,
        "Connector {connector}[ of {service}] has been stopped in integration daemon {daemon}",
        "The daemon is stopping, the connector was removed, or it moves to another worker.",
        "None.",
    ),
    M(
        "INTEGRATION-DAEMON-SERVICES-0030",
        S.STARTUP,
        "Connector {connector} gets a thread of its own in integration daemon {daemon}",
        "It says that its calls block (`usesBlockingCalls`).",
        "None.",
    ),
    M(
        FAILED,
        S.EXCEPTION,
        "Method {method} of connector {connector} failed[ with {exception}]: {error}",
        "The connector, its technology or the metadata server is not in order. After `start` or `refresh` the"
        " connector is FAILED and is not called any more.",
        "The error says which of the three. Correct it, then restart the connector (`omrs daemon restart`).",
    ),
    M(
        "INTEGRATION-DAEMON-SERVICES-0032",
        S.ERROR,
        "Connector {connector} is not refreshed: it failed before[: {error}]",
        "Somebody asked for a refresh of a connector that is FAILED or CONFIG_FAILED.",
        "Correct what made it fail, then restart it; a refresh never revives a failed connector.",
    ),
    M(
        "INTEGRATION-DAEMON-SERVICES-0034",
        S.INFO,
        "Method engage of connector {connector} has returned; it is called again",
        "A connector with a thread of its own has finished a round.",
        "None.",
    ),
    M(
        "INTEGRATION-DAEMON-SERVICES-0035",
        S.SHUTDOWN,
        "The thread of connector {connector} is ending in integration daemon {daemon}",
        "The connector is being stopped or built anew.",
        "None.",
    ),
    M(
        "INTEGRATION-DAEMON-SERVICES-0036",
        S.ERROR,
        "Connector {connector}[ of {service}] could not be initialized: {error}",
        "The metadata server is not available, or the connector refused to be initialized.",
        "None if the server is on its way: the daemon tries again by itself. Otherwise do what the error says.",
    ),
    M(
        "INTEGRATION-DAEMON-SERVICES-0037",
        S.ERROR,
        "The configuration of connector {connector}[ of {service}] is wrong: {error}",
        "Its connection, its class or its configuration properties cannot be used.",
        "Correct the configuration, then restart the connector.",
    ),
    M(
        "INTEGRATION-DAEMON-SERVICES-0041",
        S.INFO,
        "Connector {connector} is refreshed for the first time in integration daemon {daemon}",
        "It has not been refreshed since it was initialized.",
        "None.",
    ),
    M(
        "INTEGRATION-DAEMON-SERVICES-0042",
        S.INFO,
        "Connector {connector} is refreshed in integration daemon {daemon}[; reason: {reason}]",
        "Its interval is over, an event woke it, or somebody asked for it.",
        "None.",
    ),
    M(
        "INTEGRATION-DAEMON-SERVICES-0043",
        S.INFO,
        "The refresh of connector {connector} in integration daemon {daemon} took {milliseconds} ms",
        "The refresh is complete.",
        "None.",
    ),
)

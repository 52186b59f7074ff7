"""States of a connector (integration § 4)."""

from enum import StrEnum


class ConnectorStatus(StrEnum):
    """IntegrationConnectorStatus; the wire form is the name."""

    INITIALIZED = "INITIALIZED"
    RUNNING = "RUNNING"
    STOPPED = "STOPPED"
    INITIALIZE_FAILED = "INITIALIZE_FAILED"
    CONFIG_FAILED = "CONFIG_FAILED"
    SHUTDOWN = "SHUTDOWN"
    FAILED = "FAILED"


NEEDS_RESTART = frozenset({ConnectorStatus.FAILED, ConnectorStatus.CONFIG_FAILED})
"""States that only a restart or another configuration ends: a pass does not call such a connector."""

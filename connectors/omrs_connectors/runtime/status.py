"""Connector states and the scheduling rule, pure: no clock, no I/O (integration § 4-5)."""

from enum import StrEnum

MINUTE_MS = 60_000

FIRST_HEAL_MS = 1_000
"""First wait before an INITIALIZE_FAILED connector is tried again: usually the metadata server is still starting."""

LONGEST_HEAL_MS = 30_000
"""The wait doubles up to this: a server that is down for hours is asked twice a minute."""


class ConnectorStatus(StrEnum):
    """IntegrationConnectorStatus; the wire form is the name."""

    INITIALIZED = "INITIALIZED"
    RUNNING = "RUNNING"
    STOPPED = "STOPPED"
    INITIALIZE_FAILED = "INITIALIZE_FAILED"
    CONFIG_FAILED = "CONFIG_FAILED"
    FAILED = "FAILED"


REFRESHABLE = frozenset({ConnectorStatus.INITIALIZED, ConnectorStatus.RUNNING})
"""States in which a pass calls the connector; INITIALIZE_FAILED heals first, the others need a restart."""


def refresh_due(
    now: int, last_refresh: int | None, interval_minutes: float, *, start: int | None = None, stop: int | None = None
) -> bool:
    """Whether a pass is due at `now`. Times in epoch milliseconds; an interval of 0 or less means only once.

    Rule: outside [start, stop] never; never refreshed: now; else when a whole interval has passed since the last one.
    """
    if (start is not None and now < start) or (stop is not None and now > stop):
        return False
    if last_refresh is None:
        return True
    return interval_minutes > 0 and last_refresh + interval_minutes * MINUTE_MS < now


def heal_delay(failures: int) -> int:
    """Milliseconds to wait after the `failures`-th failed initialization in a row (1, 2, 3 …)."""
    return min(FIRST_HEAL_MS << min(failures - 1, 16), LONGEST_HEAL_MS)

"""When a connector is refreshed (integration § 5), pure: no clock, no I/O.

Intervals are measured on the monotonic clock, so that a wall clock that is set, or daylight saving, neither skips a
pass nor doubles one. Start and stop dates are moments of the wall clock: people chose them.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Self

from omrs_connectors.sdk import IntegrationConnectorConfig

FIRST_HEAL_S = 1.0
"""First wait before an INITIALIZE_FAILED connector is tried again: usually the metadata server is still starting."""

LONGEST_HEAL_S = 30.0
"""The wait doubles up to this: a server that is down for hours is asked twice a minute."""


def heal_delay(failures: int) -> float:
    """Seconds to wait after the `failures`-th failed initialization in a row (1, 2, 3 …)."""
    return min(FIRST_HEAL_S * 2.0 ** min(failures - 1, 16), LONGEST_HEAL_S)


@dataclass(frozen=True, slots=True)
class Timing:
    """`interval` in seconds, 0 or less = only once; `start` and `stop` in epoch milliseconds."""

    interval: float = 0.0
    start: int | None = None
    stop: int | None = None

    @classmethod
    def of(cls, config: IntegrationConnectorConfig) -> Self:
        return cls(config.refresh_time_interval * 60.0, _ms(config.start_date), _ms(config.stop_date))

    def open(self, now_ms: int) -> bool:
        """Whether the connector may be refreshed at this moment of the wall clock."""
        return (self.start is None or now_ms >= self.start) and (self.stop is None or now_ms <= self.stop)


class Schedule:
    """One connector's passes. Monotonic times in seconds, moments of the wall clock in epoch milliseconds.

    Never refreshed: now. Else when a whole interval has gone by since the last pass ended; with an interval of 0 or
    less never again. After a failed initialization: when the wait is over that doubles with each failure.
    """

    def __init__(self, timing: Timing) -> None:
        self.timing = timing
        self.failures = 0
        self._last: float | None = None
        self._heal_at: float | None = None

    def due(self, now_ms: int, monotonic: float) -> bool:
        if not self.timing.open(now_ms):
            return False
        if self._heal_at is not None:
            return monotonic >= self._heal_at
        if self._last is None:
            return True
        return self.timing.interval > 0 and monotonic - self._last > self.timing.interval

    def passed(self, monotonic: float) -> None:
        """A pass has ended."""
        self._last, self._heal_at, self.failures = monotonic, None, 0

    def failed_to_initialize(self, monotonic: float) -> None:
        """The next attempt waits a while."""
        self.failures += 1
        self._heal_at = monotonic + heal_delay(self.failures)

    def initialized(self) -> None:
        """Built anew: not refreshed yet. Failures count on until a pass succeeds."""
        self._last, self._heal_at = None, None


def _ms(date: datetime | None) -> int | None:
    return None if date is None else int(date.timestamp() * 1000)

"""A stopwatch that also reads processor time, which says more than wall time when a machine is shared."""

import resource
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    from bench.lab import Started


@dataclass(frozen=True, slots=True)
class Measured:
    """`seconds` of wall time and of processor time (all threads; ended child processes included) for `events`."""

    events: int
    seconds: float
    cpu_seconds: float

    @property
    def rate(self) -> float:
        """Events per second."""
        return self.events / self.seconds

    @property
    def cpu(self) -> str:
        return f"{self.cpu_seconds / self.events * 1e6:.1f} µs CPU/ev"


def combined(*parts: Measured) -> Measured:
    """Several measurements of one thing as one."""
    return Measured(
        sum(part.events for part in parts),
        sum(part.seconds for part in parts),
        sum(part.cpu_seconds for part in parts),
    )


class Stopwatch:
    """Times its block: this process and the children that end in it, or `processes` alone."""

    def __init__(self, *processes: "Started") -> None:
        self._processes = processes

    def __enter__(self) -> Self:
        self._cpu = self._cpu_seconds()
        self._started = time.perf_counter()
        return self

    def __exit__(self, *failed: object) -> None:
        self._seconds = time.perf_counter() - self._started
        self._cpu = self._cpu_seconds() - self._cpu

    def measured(self, events: int) -> Measured:
        return Measured(events, self._seconds, self._cpu)

    def _cpu_seconds(self) -> float:
        if self._processes:
            return sum(process.cpu_seconds() for process in self._processes)
        used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
        return sum(usage.ru_utime + usage.ru_stime for usage in used)

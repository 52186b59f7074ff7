"""Whether a member is asked at all: a circuit breaker. Pure; the clock is handed in.

Closed: it is asked. After `failures` calls one after the other that got no answer it opens: it is asked no more, but
for one trial call after a pause, which doubles with every trial that fails. A refusal is an answer. Calls under way at
the same time count as one, so that one hiccup under load does not open it.
"""

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(slots=True)
class Breaker:
    """`pause` and `longest` in seconds of `clock`."""

    failures: int
    pause: float
    longest: float
    clock: Callable[[], float]
    _failed: int = 0
    _last: float = float("-inf")
    _next_trial: float | None = None
    _wait: float = 0.0
    _trying: bool = False

    @property
    def open(self) -> bool:
        """Whether the member is left out now."""
        return self._next_trial is not None

    def succeeded(self) -> None:
        """The member answered, be it with a refusal."""
        self._failed = 0
        self._next_trial = None
        self._trying = False

    def failed(self, started: float) -> bool:
        """A call that began at `started` got no answer. Whether that opened the breaker."""
        if self.open or started < self._last:
            return False
        self._last = self.clock()
        self._failed += 1
        if self._failed < self.failures:
            return False
        self._wait = self.pause
        self._next_trial = self._last + self._wait
        return True

    @property
    def until_trial(self) -> float:
        """Seconds until the next trial call is due; 0 when it is due, or when the breaker is closed."""
        return 0.0 if self._next_trial is None else max(0.0, self._next_trial - self.clock())

    def begin_trial(self) -> bool:
        """Whether one trial call may be made now; there is no other until its end is told."""
        if self._next_trial is None or self._trying or self.clock() < self._next_trial:
            return False
        self._trying = True
        return True

    def trial_failed(self) -> None:
        """The trial got no answer: wait longer before the next. (Where it did: `succeeded`.)"""
        self._trying = False
        self._wait = min(self._wait * 2, self.longest)
        self._next_trial = self.clock() + self._wait

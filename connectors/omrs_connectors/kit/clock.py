"""Time that passes when a test says so."""

import threading

START_MS = 1_767_225_600_000  # 2026-01-01T00:00Z: dates in a failing test's output are easy to read


class VirtualClock:
    """Epoch milliseconds (`clock()`) and seconds of a monotonic clock that move together. Thread-safe."""

    def __init__(self, now_ms: int = START_MS) -> None:
        self._start = self._now = now_ms
        self._stamp = now_ms
        self._lock = threading.Lock()

    def __call__(self) -> int:
        return self._now

    def monotonic(self) -> float:
        return (self._now - self._start) / 1000.0

    def advance(self, *, seconds: float = 0.0, minutes: float = 0.0) -> None:
        with self._lock:
            self._now += round((seconds + minutes * 60.0) * 1000)

    def stamp(self) -> int:
        """The time for one change: a millisecond later than the one before, where they come at once, as if the machine
        took that long. Never in the past of another change."""
        with self._lock:
            self._stamp = self._now = max(self._stamp + 1, self._now)
            return self._stamp

"""The wall clock, for those who may read it; the core is handed the time."""

import time


def now_ms() -> int:
    """Epoch milliseconds."""
    return int(time.time() * 1000)

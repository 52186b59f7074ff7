"""What a real Egeria reaches: seen before, or measured in this run (`--egeria`, see `egeria.py`)."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class EgeriaFigures:
    """`creates` and `saves` (copies of a burst saved by one receiver) a second; `copy_ms` from A to B, p50."""

    creates: float
    saves: float
    copy_ms: float
    measured: bool = True


SEEN = EgeriaFigures(creates=252.0, saves=475.0, copy_ms=999.0, measured=False)
"""From a quiet machine of two cores; the saves from a busy one (434-475)."""

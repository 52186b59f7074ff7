"""The REST exchanges recorded from two real Egeria 4.2 servers in one cohort (`../shared/data/egeria-rest`)."""

import json
from dataclasses import dataclass
from functools import cache
from typing import Any

from shared_data import require_shared

PARTS = ("data", "egeria-rest", "calls.jsonl")


@dataclass(frozen=True, slots=True)
class Exchange:
    """One call and its answer. `path`: below the user's base path, with the query; `body`, `response`: parsed JSON."""

    number: int
    label: str
    server: str
    method: str
    path: str
    body: Any
    response: dict[str, Any]

    def __str__(self) -> str:
        return f"call {self.number} ({self.label})"


@cache
def exchanges() -> tuple[Exchange, ...]:
    """All of them, in order. Skips the test where the reference data is not beside the project."""
    lines = require_shared(*PARTS).read_text(encoding="utf-8").splitlines()
    return tuple(Exchange(number, **json.loads(line)) for number, line in enumerate(lines))

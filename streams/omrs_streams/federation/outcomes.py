"""Which member a create was given to, by event id: repeated, it goes to that member again, and to no other."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field

KEPT_S = 3_600.0  # who has not repeated a request within an hour does not expect it to be known
REMEMBERED = 50_000  # creates; the oldest are forgotten first

Change = tuple[str, str]
"""An operation and its event id."""


@dataclass(slots=True)
class Outcomes:
    """Held in memory: a worker that starts again has forgotten them."""

    clock: Callable[[], float] = time.monotonic
    _given: dict[Change, tuple[str, float]] = field(default_factory=dict)

    def given(self, change: Change, collection_id: str) -> None:
        """The member is about to be sent the request, and may carry it out from now on."""
        self._given.pop(change, None)  # to the end
        self._given[change] = collection_id, self.clock() + KEPT_S
        while len(self._given) > REMEMBERED or next(iter(self._given.values()))[1] <= self.clock():
            del self._given[next(iter(self._given))]

    def surely_not(self, change: Change) -> None:
        """It has not carried it out, and will not."""
        self._given.pop(change, None)

    def member(self, change: Change) -> str | None:
        """The member that carried it out or may have."""
        collection_id, until = self._given.get(change, (None, 0.0))
        return collection_id if self.clock() < until else None

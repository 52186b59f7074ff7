"""What a connector's handler tells its lane, from whichever thread or process it lives in. All of it can be pickled."""

from dataclasses import dataclass, field
from typing import Any

from omrs_connectors.runtime.status import ConnectorStatus
from omrs_connectors.sdk import ActivityReport
from omrs_connectors.sdk.listener import Listener


@dataclass(frozen=True, slots=True)
class Became:
    """A status, with the message of what went wrong, if anything. `at` in epoch milliseconds."""

    status: ConnectorStatus
    at: int
    failure: str | None = None


@dataclass(frozen=True, slots=True)
class Built:
    """A new instance of the connector: what was known of the one before is forgotten."""

    instance_id: str


@dataclass(frozen=True, slots=True)
class Said:
    """An audit message; `params` are texts and enums."""

    message_id: str
    params: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Refreshing:
    """A refresh has begun. It is over when its pass is: the report of it is published by then."""


@dataclass(frozen=True, slots=True)
class Progress:
    """How far the report under way has come, from another process."""

    report: ActivityReport


@dataclass(frozen=True, slots=True)
class Reported:
    """A report is complete. `elements`: whether elements are to be made of it."""

    report: ActivityReport
    elements: bool
    failure: str | None


@dataclass(frozen=True, slots=True)
class Listening:
    """These are the connector's listeners now, without what they call."""

    listeners: tuple[Listener, ...]


@dataclass(frozen=True, slots=True)
class Woken:
    """The connector itself has seen that there is something to refresh."""


@dataclass(frozen=True, slots=True)
class LeftBehind:
    """A thread that does not end is left to itself (+1); one that was has ended after all (-1)."""

    threads: int


Note = Became | Built | Said | Refreshing | Progress | Reported | Listening | Woken | LeftBehind


@dataclass(frozen=True, slots=True)
class Delivered:
    """How far a batch of events came: `done` of them are dealt with, of which `failures` (index, error) never can be.
    `again`: why the event at index `done` is to be delivered again."""

    done: int
    failures: tuple[tuple[int, Exception], ...] = ()
    again: Exception | None = None

"""What the registry of one cohort knows, what can happen to it, and what it asks to be done (OMRS cohort § 4, § 5)."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, Literal

from omrs_streams.cohort.registry_events import Bean, Identity, Registration

Status = Literal["NOT_INITIALIZED", "NEW", "CONFIGURATION_ERROR", "CONNECTED", "DISCONNECTING", "DISCONNECTED"]
"""CohortConnectionStatus; ours is never INITIALIZING: a worker that starts is NEW until it speaks for the server."""

NO_REMOTES: Mapping[str, Registration] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Stranger:
    """A metadata collection whose events come although it is not registered: how often and when we asked for it."""

    times: int
    last: int


@dataclass(frozen=True, slots=True)
class RegistryState:
    """What one member knows of one cohort. `local` is the stored local registration, `remotes` those of the others.

    `leaving`: the registration that the others have yet to be told is gone; until then it stays in the store.
    `unsent`: kinds of our events that could not be sent. `asked`: when we last asked for registrations (epoch ms).
    """

    cohort: str
    identity: Identity
    local: Registration | None = None
    remotes: Mapping[str, Registration] = field(default_factory=lambda: NO_REMOTES)
    status: Status = "NEW"
    leaving: Registration | None = None
    unsent: frozenset[str] = frozenset()
    asked: int | None = None
    strangers: Mapping[str, Stranger] = field(default_factory=lambda: MappingProxyType({}))

    @property
    def members(self) -> frozenset[str]:
        """Collection ids of the active members, this one included (decides DEREGISTERED_REPOSITORY on read)."""
        own = {self.local.collection_id} if self.local is not None else set()
        return frozenset(own | self.remotes.keys())


# Inputs


@dataclass(frozen=True, slots=True)
class Connect:
    """Join the cohort, at every start."""


@dataclass(frozen=True, slots=True)
class Sent:
    """The result of a `SendEvent`: `event` is that event, `fault` None when it was acknowledged.

    Every fault is reported, a success only where `SendEvent` asked for it.
    """

    event: Bean
    fault: str | None = None


@dataclass(frozen=True, slots=True)
class Received:
    """A registry event from the cohort's topic."""

    event: Bean


@dataclass(frozen=True, slots=True)
class Heard:
    """A type or instance event of this metadata collection arrived."""

    collection_id: str


@dataclass(frozen=True, slots=True)
class Tick:
    """Some seconds have passed: what could not be sent is tried again."""


@dataclass(frozen=True, slots=True)
class ConnectionFailed:
    """No connector could be built from a member's connection."""

    collection_id: str
    message: str


@dataclass(frozen=True, slots=True)
class Disconnect:
    """Leave for now: nothing is sent, the registry is kept."""


@dataclass(frozen=True, slots=True)
class Unregister:
    """Leave for good: the others are told, the registry is cleared."""


Input = Connect | Sent | Received | Heard | Tick | ConnectionFailed | Disconnect | Unregister

# Outputs


@dataclass(frozen=True, slots=True)
class SendEvent:
    """Send to the cohort's registration topic; with `report`, answer with `Sent` also when all is well."""

    event: dict[str, Any]
    report: bool = False


@dataclass(frozen=True, slots=True)
class StoreRegistration:
    """Keep a registration: the local one or a remote one (a store key is the collection id)."""

    registration: Registration
    local: bool = False


@dataclass(frozen=True, slots=True)
class RemoveRegistration:
    """Forget a registration."""

    collection_id: str
    local: bool = False


@dataclass(frozen=True, slots=True)
class FederateWith:
    """Register the member's connection with the federating connector."""

    registration: Registration


@dataclass(frozen=True, slots=True)
class StopFederating:
    """The cohort no longer holds this member's connection."""

    collection_id: str


@dataclass(frozen=True, slots=True)
class Audit:
    """An audit message: its OMRS id and the parameters."""

    id: str
    params: Mapping[str, object]


Output = SendEvent | StoreRegistration | RemoveRegistration | FederateWith | StopFederating | Audit
Step = tuple[RegistryState, list[Output]]


def audit(state: RegistryState, number: str, **params: object) -> Audit:
    """The message `OMRS-AUDIT-<number>`, or the id itself where `number` is one of ours; None parameters left out."""
    message_id = f"OMRS-AUDIT-{number}" if number.isdigit() else number
    given = {name: value for name, value in params.items() if value is not None}
    return Audit(message_id, {"cohort": state.cohort, **given})

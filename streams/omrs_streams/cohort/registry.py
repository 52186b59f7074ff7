"""The cohort registry as a pure state machine (OMRS cohort § 3, § 4, § 5, § 7).

    state, outputs = step(state, Connect(), now)

`step` is given what happens and the time (epoch milliseconds) and says what to do; a caller sends events, keeps the
registry store and writes the audit log, in the order of the outputs. One caller at a time: connecting and inbound
events are serialised.

The registration time is stored only once the registration was sent: the caller reports each `SendEvent` that has
`report` set with `Sent`. A lost report repeats the registration at the next start, which is harmless.

Two servers with one collection id (the protocol does not detect them, we do): the first registration is kept, the
second is not stored; an error event tells both. The first one gives way by un-registering.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import Any, Literal

from omrs_schemas.codes import Code
from omrs_schemas.errors import ConfigurationError
from omrs_streams.cohort.registry_events import (
    Bean,
    Identity,
    Registration,
    refresh_request,
    registration_event,
    registry_error,
    un_registration,
)

Status = Literal["NEW", "CONNECTED", "DISCONNECTED"]

_NO_REMOTES: Mapping[str, Registration] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class RegistryState:
    """What one member knows of one cohort. `local` is the stored local registration, `remotes` those of the others."""

    cohort: str
    identity: Identity
    local: Registration | None = None
    remotes: Mapping[str, Registration] = field(default_factory=lambda: _NO_REMOTES)
    status: Status = "NEW"

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
    """The result of a `SendEvent` that asked for it: `event` is that event, `fault` None when it was acknowledged."""

    event: Bean
    fault: str | None = None


@dataclass(frozen=True, slots=True)
class Received:
    """A registry event from the cohort's topic."""

    event: Bean


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


Input = Connect | Sent | Received | ConnectionFailed | Disconnect | Unregister

# Outputs


@dataclass(frozen=True, slots=True)
class SendEvent:
    """Send to the cohort's registration topic; with `report`, answer with `Sent`."""

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


def step(state: RegistryState, happened: Input, now: int) -> Step:
    """The next state and what to do. `now` is epoch milliseconds.

    Raises ConfigurationError (OMRS-COHORT-REGISTRY-400-002) from Connect when the store belongs to another collection.
    """
    if isinstance(happened, Connect):
        return _connect(state, now)
    if isinstance(happened, Sent):
        return _sent(state, happened)
    if isinstance(happened, Received):
        return _received(state, happened.event, now)
    if isinstance(happened, ConnectionFailed):
        return _connection_failed(state, happened, now)
    if isinstance(happened, Unregister):
        return _unregister(state, now)
    return _disconnect(state)


def _audit(state: RegistryState, number: str, **params: object) -> Audit:
    return Audit(f"OMRS-AUDIT-{number}", {"cohort": state.cohort, **params})


def _connect(state: RegistryState, now: int) -> Step:
    outputs: list[Output] = []
    stored, identity = state.local, state.identity
    if stored is not None and identity.collection_id is None:
        outputs += [
            _audit(state, "0063", collection_id=stored.collection_id),
            SendEvent(un_registration(stored, now)),
            RemoveRegistration(stored.collection_id, local=True),
        ]
        stored = None
    if stored is not None and stored.collection_id != identity.collection_id:
        raise ConfigurationError(
            f"the registry of cohort {state.cohort} belongs to the metadata collection {stored.collection_id}, "
            f"but {identity.server_name} is configured with {identity.collection_id}",
            code=Code.INVALID_LOCAL_METADATA_COLLECTION_ID,
            help="Unregister the server from the cohort first, or give it back its metadata collection id.",
            cohort=state.cohort,
            stored=stored.collection_id,
            configured=identity.collection_id,
        )
    local = Registration.of_identity(identity, stored.time if stored is not None else None)
    if local is not None:
        outputs.append(StoreRegistration(local, local=True))
        known = local.time is not None
        kind = "RE_REGISTRATION_EVENT" if known else "REGISTRATION_EVENT"
        announced = local if known else replace(local, time=now)
        outputs.append(_audit(state, "0061" if known else "0060", collection_id=local.collection_id))
        outputs.append(SendEvent(registration_event(kind, announced, now), report=not known))
    outputs += [FederateWith(each) for each in state.remotes.values() if each.connection is not None]
    outputs.append(_audit(state, "0062"))
    outputs.append(SendEvent(refresh_request(identity, now)))
    return replace(state, local=local, status="CONNECTED"), outputs


def _sent(state: RegistryState, sent: Sent) -> Step:
    section: Bean = sent.event.get("registryEventSection") or {}
    if sent.fault is not None:
        return state, [_audit(state, "0105", event=section.get("registryEventType"), fault=sent.fault)]
    if section.get("registryEventType") != "REGISTRATION_EVENT" or state.local is None:
        return state, []
    local = replace(state.local, time=section.get("registrationTimestamp"))
    return replace(state, local=local), [StoreRegistration(local, local=True)]


def _received(state: RegistryState, event: Bean, now: int) -> Step:
    if state.status != "CONNECTED":
        return state, []
    originator: Bean = event.get("originator") or {}
    section: Bean = event.get("registryEventSection") or {}
    kind = section.get("registryEventType")
    local_id = state.identity.collection_id
    if local_id is not None and originator.get("metadataCollectionId") == local_id:
        return _from_own_id(state, event, kind, now)
    handler = _HANDLERS.get(str(kind))
    if handler is None:
        return state, [_audit(state, "8001", event=kind, server=originator.get("serverName"))]
    return handler(state, event, now)


def _from_own_id(state: RegistryState, event: Bean, kind: object, now: int) -> Step:
    """Our own echo, or another server that uses our collection id."""
    other = (event.get("originator") or {}).get("serverName")
    if kind not in ("REGISTRATION_EVENT", "RE_REGISTRATION_EVENT") or other == state.identity.server_name:
        return state, []
    return state, _duplicate(state, "0113", str(state.identity.collection_id), state.identity.server_name, other, now)


def _duplicate(
    state: RegistryState, audit: str, collection_id: str, keeper: str | None, other: str | None, now: int
) -> list[Output]:
    message = f"{other} registers the metadata collection id {collection_id}, which belongs to {keeper}"
    error = registry_error(state.identity, "CONFLICTING_COLLECTION_ID", message, collection_id, None, now)
    return [_audit(state, audit, collection_id=collection_id, keeper=keeper, other=other), SendEvent(error)]


def _member_registered(state: RegistryState, event: Bean, now: int) -> Step:
    member = Registration.of_event(event)
    kind = (event.get("registryEventSection") or {}).get("registryEventType")
    if member is None:
        server = (event.get("originator") or {}).get("serverName")
        return state, [_audit(state, "0126", event=kind, server=server)]
    known = state.remotes.get(member.collection_id)
    if known is not None and known.server_name != member.server_name:
        return state, _duplicate(state, "0108", member.collection_id, known.server_name, member.server_name, now)
    number = "0110" if kind == "REGISTRATION_EVENT" else "0112"
    outputs: list[Output] = [_audit(state, number, collection_id=member.collection_id, server=member.server_name)]
    if member == known:
        return state, outputs
    outputs.insert(0, StoreRegistration(member))
    if member.connection is not None:
        outputs.append(FederateWith(member))
    elif known is not None and known.connection is not None:
        outputs.append(StopFederating(member.collection_id))
    remotes = MappingProxyType({**state.remotes, member.collection_id: member})
    return replace(state, remotes=remotes), outputs


def _refresh_asked(state: RegistryState, event: Bean, now: int) -> Step:
    server = (event.get("originator") or {}).get("serverName")
    outputs: list[Output] = [_audit(state, "0106", server=server)]
    if state.local is not None:
        # A registration whose sending was not confirmed yet has no time; asked now, it is `now`.
        announced = state.local if state.local.time is not None else replace(state.local, time=now)
        outputs.append(SendEvent(registration_event("RE_REGISTRATION_EVENT", announced, now)))
    return state, outputs


def _member_left(state: RegistryState, event: Bean, now: int) -> Step:
    originator: Bean = event.get("originator") or {}
    collection_id, server = originator.get("metadataCollectionId"), originator.get("serverName")
    audit = _audit(state, "0111", collection_id=collection_id, server=server)
    known = state.remotes.get(str(collection_id))
    if known is None or known.server_name != server:
        # Unknown, or a rejected second user of the id: the registration kept here is not his to remove.
        return state, [audit]
    remotes = MappingProxyType({key: each for key, each in state.remotes.items() if key != collection_id})
    outputs: list[Output] = [RemoveRegistration(known.collection_id), audit]
    if known.connection is not None:
        outputs.append(StopFederating(known.collection_id))
    return replace(state, remotes=remotes), outputs


def _told_of_error(state: RegistryState, event: Bean, now: int) -> Step:
    error: Bean = event.get("errorSection") or {}
    code, target = error.get("errorCode"), error.get("targetMetadataCollectionId")
    mine = target is not None and target == state.identity.collection_id
    params = {
        "target": target,
        "server": (event.get("originator") or {}).get("serverName"),
        "message": error.get("errorMessage"),
    }
    if code == "CONFLICTING_COLLECTION_ID":
        return state, [_audit(state, "0107" if mine else "0108", **params)]
    if code == "BAD_REMOTE_CONNECTION":
        return state, [_audit(state, "0109", **params)] if mine else []
    return state, [_audit(state, "8001", event=code, **params)]


_HANDLERS: Mapping[str, Callable[[RegistryState, Bean, int], Step]] = {
    "REGISTRATION_EVENT": _member_registered,
    "RE_REGISTRATION_EVENT": _member_registered,
    "REFRESH_REGISTRATION_REQUEST": _refresh_asked,
    "UN_REGISTRATION_EVENT": _member_left,
    "REGISTRATION_ERROR_EVENT": _told_of_error,
}


def _connection_failed(state: RegistryState, failed: ConnectionFailed, now: int) -> Step:
    """The registration stays: the member's events are processed, it only cannot be queried."""
    known = state.remotes.get(failed.collection_id)
    connection = known.connection if known is not None else None
    error = registry_error(
        state.identity, "BAD_REMOTE_CONNECTION", failed.message, failed.collection_id, connection, now
    )
    audit = _audit(state, "0114", collection_id=failed.collection_id, message=failed.message)
    return state, [audit, SendEvent(error)]


def _disconnect(state: RegistryState) -> Step:
    outputs: list[Output] = [_audit(state, "0008")]
    outputs += [StopFederating(each.collection_id) for each in state.remotes.values() if each.connection is not None]
    return replace(state, status="DISCONNECTED"), outputs


def _unregister(state: RegistryState, now: int) -> Step:
    outputs: list[Output] = [_audit(state, "0009")]
    if state.local is not None:
        outputs += [
            _audit(state, "0063", collection_id=state.local.collection_id),
            SendEvent(un_registration(state.local, now)),
            RemoveRegistration(state.local.collection_id, local=True),
        ]
    for each in state.remotes.values():
        outputs.append(RemoveRegistration(each.collection_id))
        if each.connection is not None:
            outputs.append(StopFederating(each.collection_id))
    return replace(state, local=None, remotes=_NO_REMOTES, status="DISCONNECTED"), outputs

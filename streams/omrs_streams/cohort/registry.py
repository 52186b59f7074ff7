"""The cohort registry as a pure state machine (OMRS cohort § 3, § 4, § 5, § 7).

    state, outputs = step(state, Connect(), now)

`step` is given what happens and the time (epoch milliseconds) and says what to do; a caller sends events, keeps the
registry store and writes the audit log, in the order of the outputs. One caller at a time: connecting and inbound
events are serialised.

Nothing counts as said before it was sent: the registration time is stored, and the registry of a member that leaves is
cleared, once the caller reports the event as `Sent`. Whatever could not be sent is sent again at the next `Tick`, and a
lost report only repeats an event at the next start, which is harmless.

A registration can get lost on topics that keep no history. So a member asks for registrations at every connect, and
again when it hears from a collection that is not registered: after 30 s, then twice as long each time.
"""

from dataclasses import replace
from types import MappingProxyType

from omrs_schemas.codes import Code
from omrs_schemas.errors import ConfigurationError
from omrs_streams.cohort.registry_events import (
    Bean,
    Registration,
    refresh_request,
    registration_event,
    registry_error,
    un_registration,
)
from omrs_streams.cohort.registry_inbound import received
from omrs_streams.cohort.registry_state import (
    NO_REMOTES,
    Audit,
    Connect,
    ConnectionFailed,
    Disconnect,
    FederateWith,
    Heard,
    Input,
    Output,
    Received,
    RegistryState,
    RemoveRegistration,
    SendEvent,
    Sent,
    Status,
    Step,
    StopFederating,
    StoreRegistration,
    Stranger,
    Tick,
    Unregister,
    audit,
)

__all__ = [
    "STRANGERS",
    "Audit",
    "Connect",
    "ConnectionFailed",
    "Disconnect",
    "FederateWith",
    "Heard",
    "Input",
    "Output",
    "Received",
    "RegistryState",
    "RemoveRegistration",
    "SendEvent",
    "Sent",
    "Status",
    "Step",
    "StopFederating",
    "StoreRegistration",
    "Tick",
    "Unregister",
    "step",
]

# An answer to a request takes seconds with a Java member, whose consumer polls once a second; what has not come after
# this time is asked for again.
ASK_AGAIN_MS = 30_000
# A collection that never registers (it left for good and old events are read) is asked for ever more rarely.
ASK_AT_MOST_MS = 3_600_000
# Strangers that are remembered; a cohort has tens of members.
STRANGERS = 1_000

_REGISTRATIONS = frozenset({"REGISTRATION_EVENT", "RE_REGISTRATION_EVENT"})
_REFRESH, _LEFT = "REFRESH_REGISTRATION_REQUEST", "UN_REGISTRATION_EVENT"
_REPEATED = _REGISTRATIONS | {_REFRESH, _LEFT}


def step(state: RegistryState, happened: Input, now: int) -> Step:
    """The next state and what to do. `now` is epoch milliseconds.

    Raises ConfigurationError (OMRS-COHORT-REGISTRY-400-002) from Connect when the store belongs to another collection.
    """
    match happened:
        case Connect():
            return _connect(state, now)
        case Sent(event=event, fault=None):
            return _sent(state, event)
        case Sent(event=event, fault=fault):
            return _not_sent(state, event, str(fault))
        case Received(event=event):
            return received(state, event, now)
        case Heard(collection_id=collection_id):
            return _heard(state, collection_id, now)
        case Tick():
            return _again(state, now)
        case ConnectionFailed():
            return _connection_failed(state, happened, now)
        case Unregister():
            return _unregister(state, now)
        case Disconnect():
            return _disconnect(state)


def _connect(state: RegistryState, now: int) -> Step:
    outputs: list[Output] = []
    stored, identity, leaving = state.local or state.leaving, state.identity, None
    if stored is not None and identity.collection_id is None:
        leaving, stored = stored, None
        outputs.append(audit(state, "0063", collection_id=leaving.collection_id))
        outputs.append(SendEvent(un_registration(leaving, now), report=True))
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
        outputs += _announce(state, local, now)
    outputs += [FederateWith(each) for each in state.remotes.values() if each.connection is not None]
    outputs += _ask(state, now)
    connected = replace(state, local=local, leaving=leaving, status="CONNECTED", unsent=frozenset(), asked=now)
    return connected, outputs


def _announce(state: RegistryState, local: Registration, now: int) -> list[Output]:
    """Register, or register again where a registration is known to have been sent."""
    known = local.time is not None
    kind = "RE_REGISTRATION_EVENT" if known else "REGISTRATION_EVENT"
    announced = local if known else replace(local, time=now)
    return [
        audit(state, "0061" if known else "0060", collection_id=local.collection_id),
        SendEvent(registration_event(kind, announced, now), report=not known),
    ]


def _ask(state: RegistryState, now: int) -> list[Output]:
    return [audit(state, "0062"), SendEvent(refresh_request(state.identity, now))]


def _sent(state: RegistryState, event: Bean) -> Step:
    section: Bean = event.get("registryEventSection") or {}
    kind = section.get("registryEventType")
    if kind == "REGISTRATION_EVENT" and state.local is not None and state.local.time is None:
        local = replace(state.local, time=section.get("registrationTimestamp"))
        return replace(state, local=local), [StoreRegistration(local, local=True)]
    if kind == _LEFT and state.leaving is not None:
        return _left(state, state.leaving)
    return state, []


def _not_sent(state: RegistryState, event: Bean, fault: str) -> Step:
    kind = str((event.get("registryEventSection") or {}).get("registryEventType"))
    told = audit(state, "0105", kind=kind, message=fault)
    return replace(state, unsent=state.unsent | ({kind} & _REPEATED)), [told]


def _again(state: RegistryState, now: int) -> Step:
    outputs: list[Output] = []
    if _LEFT in state.unsent and state.leaving is not None:
        outputs.append(SendEvent(un_registration(state.leaving, now), report=True))
    asked = state.asked
    if state.status == "CONNECTED":
        if state.unsent & _REGISTRATIONS and state.local is not None:
            outputs += _announce(state, state.local, now)
        if _REFRESH in state.unsent:
            outputs += _ask(state, now)
            asked = now
    return replace(state, unsent=frozenset(), asked=asked), outputs


def _heard(state: RegistryState, collection_id: str, now: int) -> Step:
    if (
        state.status != "CONNECTED"
        or collection_id in state.remotes
        or collection_id == state.identity.collection_id
        or (state.asked is not None and now - state.asked < ASK_AGAIN_MS)
    ):
        return state, []
    known = state.strangers.get(collection_id)
    if known is None and len(state.strangers) >= STRANGERS:
        return state, []
    times = 0 if known is None else known.times
    if known is not None and now - known.last < min(ASK_AGAIN_MS << times, ASK_AT_MOST_MS):
        return state, []
    strangers = MappingProxyType({**state.strangers, collection_id: Stranger(times + 1, now)})
    return replace(state, strangers=strangers, asked=now), _ask(state, now)


def _connection_failed(state: RegistryState, failed: ConnectionFailed, now: int) -> Step:
    """The registration stays: the member's events are processed, it only cannot be queried."""
    known = state.remotes.get(failed.collection_id)
    if known is None:
        return state, []
    error = registry_error(
        state.identity, "BAD_REMOTE_CONNECTION", failed.message, failed.collection_id, known.connection, now
    )
    told = audit(state, "0114", collection_id=failed.collection_id, message=failed.message)
    return state, [told, SendEvent(error)]


def _disconnect(state: RegistryState) -> Step:
    outputs: list[Output] = [audit(state, "0008"), *_no_federation(state)]
    return replace(state, status="DISCONNECTED", unsent=frozenset()), outputs


def _unregister(state: RegistryState, now: int) -> Step:
    """The store is cleared once the others were told; until then a restart tells them again."""
    leaving = state.local or state.leaving
    outputs: list[Output] = [audit(state, "0009"), *_no_federation(state)]
    if leaving is None:
        cleared, more = _left(replace(state, status="DISCONNECTING"), None)
        return cleared, [*outputs, *more]
    outputs.append(audit(state, "0063", collection_id=leaving.collection_id))
    outputs.append(SendEvent(un_registration(leaving, now), report=True))
    return replace(state, local=None, leaving=leaving, status="DISCONNECTING", unsent=frozenset()), outputs


def _left(state: RegistryState, leaving: Registration | None) -> Step:
    """The others know that `leaving` is gone. Without a local repository the member stays, otherwise it forgets all."""
    outputs: list[Output] = []
    if leaving is not None:
        outputs.append(RemoveRegistration(leaving.collection_id, local=True))
    if state.status != "DISCONNECTING":
        return replace(state, leaving=None), outputs
    outputs += [RemoveRegistration(each) for each in state.remotes]
    return replace(state, leaving=None, remotes=NO_REMOTES, status="DISCONNECTED"), outputs


def _no_federation(state: RegistryState) -> list[Output]:
    return [StopFederating(each.collection_id) for each in state.remotes.values() if each.connection is not None]

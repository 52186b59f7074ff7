"""What an arriving registry event does (OMRS cohort § 5), and what of it no Java member would notice.

Two servers with one collection id (the protocol does not detect them, we do): the first registration is kept, the
second is not stored; an error event tells both. The first one gives way by un-registering. Two members with one server
name or one address can work, so they are stored, and reported.
"""

from collections.abc import Callable, Mapping
from dataclasses import replace
from types import MappingProxyType

from omrs_streams.cohort.registry_events import (
    Bean,
    Registration,
    address_of,
    registration_event,
    registry_error,
)
from omrs_streams.cohort.registry_state import (
    FederateWith,
    Output,
    RegistryState,
    RemoveRegistration,
    SendEvent,
    Step,
    StopFederating,
    StoreRegistration,
    audit,
)

DUPLICATE_NAME = "OMRS-STREAMS-0020"
DUPLICATE_ADDRESS = "OMRS-STREAMS-0021"


def received(state: RegistryState, event: Bean, now: int) -> Step:
    """Take in a registry event; nothing changes while this member is not connected."""
    if state.status != "CONNECTED":
        return state, []
    originator: Bean = event.get("originator") or {}
    kind = _kind(event)
    local_id = state.identity.collection_id
    if local_id is not None and originator.get("metadataCollectionId") == local_id:
        return _from_own_id(state, event, kind, now)
    handler = _HANDLERS.get(kind)
    if handler is None:
        return state, [audit(state, "8001", kind=kind, server=originator.get("serverName"))]
    return handler(state, event, now)


def _kind(event: Bean) -> str:
    """The event type. Where a member left it out, an error section still tells an error (OMRS events § 9)."""
    kind = (event.get("registryEventSection") or {}).get("registryEventType")
    unknown = kind in (None, "UNKNOWN_REGISTRY_EVENT")
    return "REGISTRATION_ERROR_EVENT" if unknown and event.get("errorSection") else str(kind)


def _from_own_id(state: RegistryState, event: Bean, kind: str, now: int) -> Step:
    """Our own echo, or another server that uses our collection id."""
    other = (event.get("originator") or {}).get("serverName")
    if kind not in ("REGISTRATION_EVENT", "RE_REGISTRATION_EVENT") or other == state.identity.server_name:
        return state, []
    collection_id = str(state.identity.collection_id)
    told = audit(state, "0113", collection_id=collection_id, other_server=other)
    return state, [told, SendEvent(_conflict(state, collection_id, state.identity.server_name, other, now))]


def _conflict(
    state: RegistryState, collection_id: str, keeper: str | None, other: str | None, now: int
) -> dict[str, object]:
    message = f"{other} registers the metadata collection id {collection_id}, which belongs to {keeper}"
    return registry_error(state.identity, "CONFLICTING_COLLECTION_ID", message, collection_id, None, now)


def _member_registered(state: RegistryState, event: Bean, now: int) -> Step:
    member = Registration.of_event(event)
    kind = _kind(event)
    if member is None:
        server = (event.get("originator") or {}).get("serverName")
        return state, [audit(state, "0126", kind=kind, server=server)]
    known = state.remotes.get(member.collection_id)
    if known is not None and known.server_name != member.server_name:
        told = audit(
            state,
            "0108",
            collection_id=member.collection_id,
            server=known.server_name,
            other_server=member.server_name,
        )
        error = _conflict(state, member.collection_id, known.server_name, member.server_name, now)
        return state, [told, SendEvent(error)]
    number = "0110" if kind == "REGISTRATION_EVENT" else "0112"
    outputs: list[Output] = [audit(state, number, collection_id=member.collection_id, server=member.server_name or "?")]
    if member == known:
        return state, outputs
    outputs.append(StoreRegistration(member))
    outputs += _look_alikes(state, member, known)
    if member.connection is not None:
        outputs.append(FederateWith(member))
    elif known is not None and known.connection is not None:
        outputs.append(StopFederating(member.collection_id))
    remotes = MappingProxyType({**state.remotes, member.collection_id: member})
    strangers = MappingProxyType({k: v for k, v in state.strangers.items() if k != member.collection_id})
    return replace(state, remotes=remotes, strangers=strangers), outputs


def _look_alikes(state: RegistryState, member: Registration, known: Registration | None) -> list[Output]:
    """Members with another collection id that share the name or the address of `member`, where that is new."""
    others = [each for each in state.remotes.values() if each.collection_id != member.collection_id]
    if state.local is not None:
        others.append(state.local)
    outputs: list[Output] = []
    address = address_of(member.connection)
    for other in others:
        ids = {"collection_id": other.collection_id, "other_collection_id": member.collection_id}
        if member.server_name is not None and other.server_name == member.server_name and known is None:
            outputs.append(audit(state, DUPLICATE_NAME, server=member.server_name, **ids))
        same = address is not None and address_of(other.connection) == address
        if same and (known is None or address_of(known.connection) != address):
            outputs.append(audit(state, DUPLICATE_ADDRESS, address=address, **ids))
    return outputs


def _refresh_asked(state: RegistryState, event: Bean, now: int) -> Step:
    server = (event.get("originator") or {}).get("serverName")
    outputs: list[Output] = [audit(state, "0106", server=server)]
    if state.local is not None:
        # A registration whose sending was not confirmed yet has no time; asked now, it is `now`.
        announced = state.local if state.local.time is not None else replace(state.local, time=now)
        outputs.append(SendEvent(registration_event("RE_REGISTRATION_EVENT", announced, now)))
    return state, outputs


def _member_left(state: RegistryState, event: Bean, now: int) -> Step:
    originator: Bean = event.get("originator") or {}
    collection_id, server = originator.get("metadataCollectionId"), originator.get("serverName")
    told = audit(state, "0111", collection_id=collection_id, server=server)
    known = state.remotes.get(str(collection_id))
    if known is None or known.server_name != server:
        # Unknown, or a rejected second user of the id: the registration kept here is not his to remove.
        return state, [told]
    remotes = MappingProxyType({key: each for key, each in state.remotes.items() if key != collection_id})
    outputs: list[Output] = [RemoveRegistration(known.collection_id), told]
    if known.connection is not None:
        outputs.append(StopFederating(known.collection_id))
    return replace(state, remotes=remotes), outputs


def _told_of_error(state: RegistryState, event: Bean, now: int) -> Step:
    error: Bean = event.get("errorSection") or {}
    code, target = error.get("errorCode"), error.get("targetMetadataCollectionId")
    mine = target is not None and target == state.identity.collection_id
    server, message = (event.get("originator") or {}).get("serverName"), error.get("errorMessage")
    if code == "CONFLICTING_COLLECTION_ID" and error.get("targetRemoteConnection"):
        code = "BAD_REMOTE_CONNECTION"  # Java members say the one and mean the other (observed, Receivers 7)
    if code == "CONFLICTING_COLLECTION_ID":
        if mine:
            return state, [audit(state, "0107", collection_id=target, server=server, message=message)]
        return state, [audit(state, "0108", collection_id=target, message=_said(server, message))]
    if code == "BAD_REMOTE_CONNECTION":
        return state, [audit(state, "0109", server=server, message=message)] if mine else []
    return state, [audit(state, "8001", kind=code, server=server)]


def _said(server: str | None, message: str | None) -> str:
    return f"reported by {server}: {message}"


_HANDLERS: Mapping[str, Callable[[RegistryState, Bean, int], Step]] = {
    "REGISTRATION_EVENT": _member_registered,
    "RE_REGISTRATION_EVENT": _member_registered,
    "REFRESH_REGISTRATION_REQUEST": _refresh_asked,
    "UN_REGISTRATION_EVENT": _member_left,
    "REGISTRATION_ERROR_EVENT": _told_of_error,
}

"""Whether an instance that arrives replaces what is held of its guid (OMRS instances § Currency rule; LOG.md,
"Conflicts between members").

The rule of `currency.py`, on whole beans, with what makes all members end with the same whatever the order of events:

- Two objects with one guid (createTime differs, or homes without a re-home between them): the lower (createTime, home)
  keeps the guid at every member.
- A re-home counts against the home that it took over from, not against the version: what the former home still sends
  is stale, and of two members that took over from the same home the one with the lower collection id stays. So members
  agree although one of the two had gone on changing the instance. This may take the version back.
- A re-home counts against a purge by the former home too, or by the other new home: the new home had not heard of it.
- What a purge left takes in the same object only in a higher version, and never as deleted; another object if it is
  older, or was made after the purged one had ended: else it has lost the guid already. (Two objects of the same
  millisecond are told apart only while one of them is held, or by who gave the guid up.) Of another member's object
  its home is asked whether it still has the guid.
- The home's answer to a refresh request counts at the stored version too, if it was made later: classifications change
  without the version, and an event that carried one may have been missed.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from omrs_streams.cohort.currency import AUDIT_NEW_HOME, AUDIT_NEW_TYPE, Header, age
from omrs_streams.cohort.receiving_model import Held, Receiver, Run
from omrs_streams.fold.kinds import CLASSIFICATION_KINDS, DELETED_STATUS, PURGE_KINDS
from omrs_streams.fold.overlay import merge_classifications
from omrs_streams.store.canonical import canonical

Bean = dict[str, Any]
Outcome = Literal["accept", "stale", "keep", "yield", "type", "no_type"]

_RE_HOMED = frozenset({"RE_HOMED_ENTITY_EVENT", "RE_HOMED_RELATIONSHIP_EVENT"})
_REFRESHED = frozenset({"REFRESHED_ENTITY_EVENT", "REFRESHED_RELATIONSHIP_EVENT"})
_LIVING = frozenset(f"{kind}_ENTITY_EVENT" for kind in ("UPDATED", "UNDONE", "RETYPED")) | CLASSIFICATION_KINDS
"""What an entity may still be told of under the guid it had before: only a restore brings that back."""
_DELETED = frozenset({"DELETED_ENTITY_EVENT", "DELETED_RELATIONSHIP_EVENT"})


@dataclass(frozen=True, slots=True)
class Ruling:
    """`keep`: another object, and the held one keeps the guid; `yield`: the one that arrives does. `type`: its type is
    older than the held one's. `back`: accepted although its version is not higher. `told`: the home that both took over
    from, of a re-home that lost against the one that is held. `came_back`: what was said of it while it was held to be
    purged is lost here. `ask`: what the sender says of it now, as its home."""

    outcome: Outcome
    reason: str
    back: bool = False
    audits: tuple[str, ...] = ()
    told: str = ""
    came_back: bool = False
    ask: bool = False


@dataclass(frozen=True, slots=True)
class Arrived:
    """What decides of a single-instance event: wire kind, instance, timestamp, originalHomeMetadataCollectionId."""

    kind: str
    instance: Mapping[str, Any]
    timestamp: int = 0
    original_home: str | None = None


def rule(held: Held | None, arrived: Arrived, me: Receiver) -> Ruling:
    """The ruling on an event that carries the instance; pure."""
    if held is None:
        return Ruling("accept", "not held yet")
    incoming = Header.of(arrived.instance)
    if held.bean is None:
        return _after_purge(held, incoming, arrived)
    stored = Header.of(held.bean)
    if stored.proxy and not incoming.proxy:
        return Ruling("accept", "only a proxy is held")
    if incoming.proxy and not stored.proxy:
        return Ruling("stale", "the instance itself is held")
    if not stored.type_name or not incoming.type_name:
        return Ruling("no_type", "an instance without a type")
    if differ(stored.create_time, incoming.create_time):
        return _clash(stored, incoming, arrived.kind, "another creation time")
    audits: list[str] = []
    back = False
    if (stored.home_id or "") != (incoming.home_id or ""):
        claim = _claim(held, stored, incoming, arrived, me)
        if claim.outcome != "accept":
            return claim
        audits.append(AUDIT_NEW_HOME)
        back = claim.back
    elif not _newer(held, stored, incoming, arrived):
        return Ruling("stale", f"version {incoming.version} is not above the stored version {stored.version}")
    if incoming.type_version < stored.type_version and not back:
        return Ruling("type", f"type version {incoming.type_version} is below the stored {stored.type_version}")
    if stored.type_name != incoming.type_name:
        audits.append(AUDIT_NEW_TYPE)
    return Ruling("accept", "newer than what is held", back, tuple(audits))


def differ(one: int | None, other: int | None) -> bool:
    """Two creation times of different objects; a missing one says nothing."""
    return bool(one) and bool(other) and one != other


def _after_purge(held: Held, incoming: Header, arrived: Arrived) -> Ruling:
    if arrived.kind in _DELETED or arrived.kind in PURGE_KINDS:
        return Ruling("stale", "purged already")
    if not held.home:
        return Ruling("accept", "the guid was given up", back=True)
    if differ(held.create_time, incoming.create_time):
        taken = held.create_time < (incoming.create_time or 0) < held.ended
        if taken:
            return Ruling("stale", "the guid was taken")
        # Perhaps the sender gave the guid up and we heard of the new one first: the mark that this left on the old one
        # is gone where another member's object has lived there since.
        return Ruling("accept", "the guid is free", ask=held.home != (incoming.home_id or ""))
    there = incoming.home_id or ""
    if arrived.kind in _RE_HOMED and held.home != there and (arrived.original_home == held.home or there < held.home):
        reason = "re-homed before the purge was known there"
        return Ruling("accept", reason, back=True, audits=(AUDIT_NEW_HOME,), came_back=True)
    if incoming.version <= held.version or arrived.kind in _LIVING:
        return Ruling("stale", "purged already")
    return Ruling("accept", "it came back", came_back=True)


def _newer(held: Held, stored: Header, incoming: Header, arrived: Arrived) -> bool:
    if incoming.version != stored.version:
        return incoming.version > stored.version
    if arrived.kind in PURGE_KINDS:
        return True
    told = arrived.kind in _REFRESHED or (
        arrived.kind in _DELETED and (held.bean or {}).get("status") == DELETED_STATUS
    )
    return told and arrived.timestamp > held.event_time and says_more(held, arrived.instance)


def says_more(held: Held, instance: Mapping[str, Any]) -> bool:
    """Whether `instance`, with the classifications that are laid over it here, differs from what is held."""
    merged = merge_classifications(instance.get("classifications") or (), held.statements, instance)
    laid = {**instance, "classifications": _by_name(merged)}
    known = held.bean or {}
    return canonical(laid) != canonical({**known, "classifications": _by_name(known.get("classifications") or ())})


def _by_name(classifications: Sequence[Bean]) -> list[Bean]:
    return sorted(classifications, key=lambda each: str(each.get("name")))


def _claim(held: Held, stored: Header, incoming: Header, arrived: Arrived, me: Receiver) -> Ruling:
    """Two homes and one object: who took over from whom."""
    past = held.past()
    former = _former(past)
    begun = _begun(past, stored)
    here, there = stored.home_id or "", incoming.home_id or ""
    if arrived.kind not in _RE_HOMED:
        if there in {run.home for run in past[:-1]}:
            return Ruling("stale", "its former home")
        if here not in me.members and there in me.members and incoming.version > stored.version:
            if arrived.kind in _REFRESHED:
                return Ruling("accept", "its home has left the cohort")
            return Ruling("stale", "its home has left the cohort; whether this is the new one is asked", ask=True)
        return _clash(stored, incoming, arrived.kind, "another home, and no re-home between")
    original = arrived.original_home if arrived.original_home != there else None
    back = incoming.version <= stored.version
    if original == here and (incoming.version > begun or len(past) < 2):
        return Ruling("accept", "re-homed", back)
    if original is None and incoming.version > begun:
        return Ruling("accept", "re-homed", back)
    if original is None:
        competing = incoming.version == begun
    elif original == former:
        competing = incoming.version > _began(past, original)
    else:
        # From whom the home that is held took over was not seen: it can only be the same one while both are here.
        competing = here in me.members and original not in {run.home for run in past}
    if competing and there < here:
        return Ruling("accept", "of two new homes the lower collection id stays", back)
    if not competing and incoming.version > stored.version:
        return Ruling("accept", "re-homed", back)
    told = original or former or "" if competing else ""
    return Ruling("stale", "an earlier re-home, or of two new homes the one that does not stay", told=told)


def _former(past: Sequence[Run]) -> str | None:
    """From whom the home that is held took over. It may have taken the place of another one that had done so too."""
    if past and past[-1].original not in (None, past[-1].home):
        return past[-1].original
    return past[-2].home if len(past) > 1 else None


def _began(past: Sequence[Run], home: str) -> int:
    """The version at which `home` last began; 0 where that was not seen."""
    place = max((number for number, run in enumerate(past) if run.home == home), default=0)
    return past[place].version if place else 0


def _begun(past: Sequence[Run], stored: Header) -> int:
    """The version at which the last home of `past` began; 0 for the home that created the instance.

    Of an instance whose beginning was not seen it is the first version known.
    """
    if not past:
        return stored.version
    return 0 if len(past) == 1 and past[0].version <= 1 else past[-1].version


def _clash(stored: Header, incoming: Header, kind: str, reason: str) -> Ruling:
    if kind in PURGE_KINDS or age(stored) <= age(incoming):
        return Ruling("keep", reason)
    return Ruling("yield", reason)

"""What receiving an instance event is given, and what it answers: see `receiving.py`."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from omrs_streams.cohort.rules import ExchangeRule
from omrs_streams.fold.state import FoldedState, Stored
from omrs_streams.store.beans import instance_of, overlay_sections, with_overlay
from omrs_streams.store.codec import PayloadCodec

Bean = dict[str, Any]

ACCEPTED = "accepted"
"""Something is appended."""
STALE = "stale"
"""Known already, or older than what is stored."""
FILTERED = "filtered"
"""An exchange rule or security does not want it."""
OWN = "own"
"""An echo, or a claim about what is at home here."""
CONFLICT = "conflict"
"""About another object with the same guid, or about an older version of its type."""
INACTIVE = "inactive"
"""Its type is not active here: it may be tried again when the type comes."""
REQUEST = "request"
"""A refresh request, answered if it was for us."""
FOREIGN = "foreign"
"""Its sender does not speak for the instance."""
DEAD = "dead"
"""It lacks what its kind needs."""


class Run(NamedTuple):
    """Revisions one after the other with the same home; `version` is the OMRS version of the first, `original` the home
    that it was re-homed from, where its event says so."""

    home: str
    version: int
    original: str | None = None


def _no_past() -> Sequence[Run]:
    return ()


def _always(_: Mapping[str, Any]) -> bool:
    return True


@dataclass(frozen=True, slots=True)
class Held:
    """What the fold holds of a guid.

    `bean`: the instance as it is read, None of a purged one. `home`: its metadata collection id, known of a purged one
    too. `event_time`: the timestamp of the event that brought it (its sender's clock). `statements`: the
    classification events laid over it (instance sections). `past`: its homes, oldest first, asked for only when two
    homes claim it. `ended`: since when a purged one was deleted.
    """

    bean: Bean | None
    revision: int
    create_time: int
    version: int
    home: str = ""
    event_time: int = 0
    statements: tuple[Mapping[str, Any], ...] = ()
    past: Callable[[], Sequence[Run]] = _no_past
    ended: int = 0


@dataclass(frozen=True, slots=True)
class Receiver:
    """Who receives, under which rules. `members`: collection ids of the active members, ours included. `active`:
    whether a type (guid, name) is active here. `may_save`: the security connector's word on saving a copy.
    `originator`: the originator section of our events."""

    collection_id: str | None
    members: frozenset[str]
    process: ExchangeRule
    save: ExchangeRule
    active: Callable[[str, str], bool]
    may_save: Callable[[Mapping[str, Any]], bool] = _always
    originator: Bean = field(default_factory=dict)

    def sender(self) -> Bean:
        """The originator section of the events that answer."""
        return self.originator or {"metadataCollectionId": self.collection_id}


@dataclass(frozen=True, slots=True)
class Append:
    """An event for the server log, with origin `copy`.

    `expected_revision` None leaves the check to the fold; with one, a record that lost is to be judged again.
    `suffix` names further appends of one event: their event id is made from the event's own id and it.
    """

    guid: str
    event: Bean
    expected_revision: int | None = None
    suffix: str = ""


Audit = tuple[str, Mapping[str, object]]


@dataclass(frozen=True, slots=True)
class Receipt:
    """What an instance event does here.

    `appends` stand in the order in which they have to be in the log (those of one guid). `sends` go to the cohort that
    the event came from, past the send rule's type check only where they are errors. `rebroadcast` goes to the other
    cohorts (a publisher that sends what is `replicatedBy` us does the same). `reidentify`: our instances that lost
    their guid; after they have got new ones the same event is judged again. `audits`: message ids and parameters.
    """

    outcome: str
    appends: tuple[Append, ...] = ()
    sends: tuple[Bean, ...] = ()
    rebroadcast: tuple[Bean, ...] = ()
    audits: tuple[Audit, ...] = ()
    learned: tuple[str, ...] = ()
    reidentify: tuple[str, ...] = ()


def held_of(state: FoldedState, guid: str, codec: PayloadCodec) -> Held | None:
    """What `state` (a store or a fold in memory) holds of a guid; CodecError when the payload cannot be decoded."""
    meta = state.get_meta(guid)
    if meta is None:
        return None
    stored = None if meta.tombstone else state.get(guid)
    if stored is None:
        return Held(None, meta.revision, meta.create_time, meta.version, meta.home_id, ended=meta.valid_from)
    event = codec.decode(stored.payload)
    sections = overlay_sections(stored.overlay, codec)
    return Held(
        with_overlay(instance_of(event.get("instanceEventSection") or {}), sections),
        meta.revision,
        meta.create_time,
        meta.version,
        meta.home_id,
        int(event.get("timestamp") or 0),
        tuple(sections),
        lambda: homes(state.revisions(guid), codec),
    )


def homes(revisions: Iterable[Stored], codec: PayloadCodec) -> list[Run]:
    """The homes of a guid's present life, oldest first."""
    runs: list[Run] = []
    for stored in revisions:
        meta = stored.meta
        if meta.home_id and not meta.proxy and (not runs or runs[-1].home != meta.home_id):
            section = codec.decode(stored.payload).get("instanceEventSection") or {}
            runs.append(Run(meta.home_id, meta.version, section.get("originalHomeMetadataCollectionId")))
    return runs

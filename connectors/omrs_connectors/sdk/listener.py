"""What a connector wants to hear of, decided from a record's key and headers where they tell enough."""

from collections.abc import Awaitable, Callable, Collection, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from omrs_schemas.typedefs.system import TypeSystem
from omrs_streams.client.selection import Names, kinds_of
from omrs_streams.security.rules import zones_of

Event = dict[str, Any]
Handle = Callable[..., Awaitable[None] | None]
"""Takes an Event (out topic), the raw text and the parsed event (lineage), or a TopicRecord (a topic of its own)."""

ENTITY_CHANGES = ("NEW_ENTITY_EVENT", "UPDATED_ENTITY_EVENT")
RELATIONSHIP_CHANGES = ("NEW_RELATIONSHIP_EVENT", "UPDATED_RELATIONSHIP_EVENT")

_INSTANCES = ("entity", "originalEntity", "entityProxy", "relationship", "originalRelationship")
_CLASSIFICATIONS = ("classification", "originalClassification")
"""What of an event is in zones: an instance as it is and as it was, so that leaving a zone is heard of too."""


@dataclass(frozen=True, slots=True)
class Source:
    """Where records come from.

    `out`: the out topic of a metadata server; `lineage`: the lineage events that the daemon has accepted (its topic is
    the daemon's business: empty here); `own`: a topic of the third party technology, on the daemon's Kafka or another.
    """

    topic: str
    bootstrap_servers: str | None = None
    kind: Literal["out", "lineage", "own"] = "out"

    @property
    def key(self) -> str:
        """Names it where positions are kept; the same in every worker."""
        return "/".join((self.kind, self.bootstrap_servers or "", self.topic))


LINEAGE = Source("", kind="lineage")


@dataclass(frozen=True, slots=True)
class TopicRecord:
    """A record of a topic of the technology's own, as it came. `timestamp` in epoch milliseconds."""

    topic: str
    partition: int
    offset: int
    key: bytes | None
    value: bytes | None
    headers: Mapping[str, bytes] = field(default_factory=dict)
    timestamp: int = 0


@dataclass(frozen=True, slots=True)
class Listener:
    """Calls `handle` with each record of its source that it wants; with `refresh` a pass is asked for instead.

    None = every kind, type, guid, zone. What a record does not tell, the connector is left to find out: it is handed
    over. Zones stand in the event itself, everything else in headers too.
    """

    source: Source
    handle: Handle | None = None
    kinds: frozenset[str] | None = None
    type_guids: frozenset[str] | None = None
    guids: frozenset[str] | None = None
    zones: frozenset[str] | None = None
    refresh: bool = False

    def wants(self, kind: str, type_guid: str, guid: str = "") -> bool:
        """By what key and headers tell; empty = not told."""
        if self.kinds is not None and kind and kind not in self.kinds:
            return False
        if self.guids is not None and guid and guid not in self.guids:
            return False
        return self.type_guids is None or not type_guid or type_guid in self.type_guids

    def wants_record(self, key: bytes | None, headers: Mapping[str, bytes]) -> bool:
        """Whether a record can be for this listener, before it is decoded."""
        told = (headers.get("kind", b""), headers.get("type-guid", b""), key or b"")
        return self.wants(*(each.decode("utf-8", "replace") for each in told))

    def wants_event(self, event: Event) -> bool:
        """Whether an event of the out topic is for this listener."""
        section = event.get("instanceEventSection") or {}
        if not self.wants(*(str(section.get(name) or "") for name in ("eventType", "typeDefGUID", "instanceGUID"))):
            return False
        if self.zones is None:
            return True
        told = [section[part] for part in _INSTANCES if section.get(part)]
        told += [{"classifications": [section[part]]} for part in _CLASSIFICATIONS if section.get(part)]
        return not told or any(not self.zones.isdisjoint(zones_of(each)) for each in told)


def listener_for(
    types: TypeSystem,
    source: Source,
    handle: Handle | None,
    *,
    type_names: Names | None = None,
    kinds: Names | None = None,
    guids: Names | None = None,
    zones: Names | None = None,
    refresh: bool = False,
) -> Listener:
    """A listener for type names and their subtypes as the types are now.

    TypeDefNotKnownError for an unknown type, InvalidParameterError for a kind that is none.
    """
    type_guids: set[str] | None = None
    if type_names is not None:
        type_guids = set()
        for name in _names(type_names):
            type_guids |= types.subtype_guids(str(types.require(name=name)["guid"]))
    return Listener(
        source,
        handle,
        kinds=_set(kinds_of(kinds)),
        type_guids=_set(type_guids),
        guids=None if guids is None else frozenset(_names(guids)),
        zones=None if zones is None else frozenset(_names(zones)),
        refresh=refresh,
    )


def _names(names: Names) -> tuple[str, ...]:
    return (names,) if isinstance(names, str) else tuple(names)


def _set(names: Collection[str] | None) -> frozenset[str] | None:
    return None if names is None else frozenset(names)

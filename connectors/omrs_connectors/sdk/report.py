"""What a connector did in one pass: the integration report (integration § 8)."""

import threading
from collections import Counter
from collections.abc import Callable, Mapping
from typing import Any, Literal, Self

from omrs_connectors.sdk.discretion import discreet

Kind = Literal["created", "updated", "deleted"]
KINDS: tuple[Kind, ...] = ("created", "updated", "deleted")

MAX_MESSAGES = 50
"""Messages a report keeps, so that a broken directory of thousands of files still makes a readable report."""

ANCHORS = "Anchors"

Instance = Mapping[str, Any]
"""An entity or relationship in Egeria's JSON form."""


class ActivityReport:
    """Names what one pass created, updated and deleted, and what each of that belongs to. Thread-safe: connectors use
    thread pools. `started` in epoch milliseconds; `trigger` says why there was a pass.

    An element belongs to an anchor: the one given, else that of its `parent`, else what the `instance` itself says
    (the entity's Anchors classification; end 1 of a relationship is its parent), else what the metadata server says.
    What has none is its own anchor.
    """

    def __init__(self, connector_id: str, connector_name: str, trigger: str, started: int) -> None:
        self.connector_id = connector_id
        self.connector_name = connector_name
        self.trigger = trigger
        self.started = started
        self._lock = threading.Lock()
        self._guids: dict[str, dict[str, None]] = {kind: {} for kind in KINDS}
        self._anchors: dict[str, str] = {}
        self._parents: dict[str, str] = {}
        self._seen: dict[str, str] = {}  # anchors that instances say
        self._counters: Counter[str] = Counter()
        self._messages: list[str] = []

    def created(
        self, guid: str, anchor: str | None = None, parent: str | None = None, instance: Instance | None = None
    ) -> None:
        self._record("created", guid, anchor, parent, instance)

    def updated(
        self, guid: str, anchor: str | None = None, parent: str | None = None, instance: Instance | None = None
    ) -> None:
        self._record("updated", guid, anchor, parent, instance)

    def deleted(
        self, guid: str, anchor: str | None = None, parent: str | None = None, instance: Instance | None = None
    ) -> None:
        self._record("deleted", guid, anchor, parent, instance)

    def count(self, name: str, by: int = 1) -> None:
        """Adds to a counter of the connector's own, such as `filesSeen` or `skipped.unreadable`."""
        name = name if name.isascii() else discreet(name)
        with self._lock:
            self._counters[name] += by

    def message(self, text: str) -> None:
        """Something a reader of the report should know; the first ones are kept. Secrets are hidden."""
        with self._lock:
            if len(self._messages) < MAX_MESSAGES:
                self._messages.append(discreet(text))
            self._counters["messages"] += 1

    @property
    def changed(self) -> bool:
        """Whether the pass changed any metadata."""
        with self._lock:
            return any(self._guids.values())

    @property
    def messages(self) -> list[str]:
        with self._lock:
            return list(self._messages)

    def counts(self) -> dict[str, int]:
        """How much was created, updated and deleted so far."""
        with self._lock:
            return {kind: len(self._guids[kind]) for kind in KINDS}

    def counters(self) -> dict[str, int]:
        """The connector's own counters so far."""
        with self._lock:
            return dict(self._counters)

    def statistics(self) -> dict[str, int]:
        """Counts and counters so far; readable while the pass runs."""
        return {**self.counts(), **self.counters()}

    def guids(self, kind: Kind) -> list[str]:
        """What was created, updated or deleted, in that order; each once."""
        with self._lock:
            return list(self._guids[kind])

    def by_anchor(
        self, find_anchor: Callable[[str], str | None] = lambda guid: None
    ) -> dict[str, dict[Kind, list[str]]]:
        """The changes by the guid of what they belong to. `find_anchor` is asked about an element of which nothing is
        known here."""
        with self._lock:
            anchors, parents, seen = dict(self._anchors), dict(self._parents), dict(self._seen)
            changes = {kind: list(self._guids[kind]) for kind in KINDS}
        resolve = _Resolver(anchors, parents, lambda guid: seen.get(guid) or find_anchor(guid))
        found: dict[str, dict[Kind, list[str]]] = {}
        for kind, guids in changes.items():
            for guid in guids:
                found.setdefault(resolve(guid), {}).setdefault(kind, []).append(guid)
        return found

    def to_dict(self) -> dict[str, Any]:
        """All of it as plain values, for another process."""
        with self._lock:
            return {
                "connectorId": self.connector_id,
                "connectorName": self.connector_name,
                "trigger": self.trigger,
                "started": self.started,
                **{kind: list(self._guids[kind]) for kind in KINDS},
                "anchors": dict(self._anchors),
                "parents": dict(self._parents),
                "seen": dict(self._seen),
                "counters": dict(self._counters),
                "messages": list(self._messages),
            }

    @classmethod
    def from_dict(cls, given: Mapping[str, Any]) -> Self:
        report = cls(given["connectorId"], given["connectorName"], given["trigger"], given["started"])
        for kind in KINDS:
            report._guids[kind] = dict.fromkeys(given[kind])
        report._anchors, report._parents = dict(given["anchors"]), dict(given["parents"])
        report._seen = dict(given["seen"])
        report._counters, report._messages = Counter(given["counters"]), list(given["messages"])
        return report

    def __reduce__(self) -> tuple[Any, ...]:
        return ActivityReport.from_dict, (self.to_dict(),)

    def _record(self, kind: Kind, guid: str, anchor: str | None, parent: str | None, instance: Instance | None) -> None:
        with self._lock:
            self._guids[kind][guid] = None
            if anchor:
                self._anchors[guid] = anchor
            elif parent:
                self._parents[guid] = parent
            elif instance is not None and "entityOneProxy" in instance:
                self._parents.setdefault(guid, str(instance["entityOneProxy"]["guid"]))
            elif instance is not None:
                self._seen[guid] = anchor_in(instance)


class _Resolver:
    """Element → anchor, each found once."""

    def __init__(
        self, anchors: dict[str, str], parents: Mapping[str, str], find_anchor: Callable[[str], str | None]
    ) -> None:
        self._anchors = anchors
        self._parents = parents
        self._find_anchor = find_anchor

    def __call__(self, guid: str) -> str:
        way = [guid]
        while way[-1] not in self._anchors:
            parent = self._parents.get(way[-1])
            if parent is None or parent in way:
                self._anchors[way[-1]] = self._find_anchor(way[-1]) or way[-1]
            else:
                way.append(parent)
        anchor = self._anchors[way[-1]]
        self._anchors.update(dict.fromkeys(way, anchor))
        return anchor


def anchor_in(entity: Instance) -> str:
    """The guid of an entity's anchor by its Anchors classification; its own where it has none."""
    for classification in entity.get("classifications") or ():
        if classification.get("name") == ANCHORS:
            values = (classification.get("properties") or {}).get("instanceProperties") or {}
            found = (values.get("anchorGUID") or {}).get("primitiveValue")
            return str(found or entity["guid"])
    return str(entity["guid"])

"""What a connector did in one pass: the integration report (integration § 8)."""

import threading
from collections import Counter
from collections.abc import Mapping
from typing import Any

MAX_GUIDS = 1_000
"""Guids of each kind that a report names; beyond that it only counts (a Kafka record holds 1 MB by default)."""

MAX_MESSAGES = 50
"""Messages a report keeps, so that a broken directory of thousands of files still makes a readable report."""


class ActivityReport:
    """Counts and names what one pass created, updated and deleted. Thread-safe: connectors use thread pools."""

    def __init__(self, connector_id: str, connector_name: str, trigger: str, started: int) -> None:
        self.connector_id = connector_id
        self.connector_name = connector_name
        self.trigger = trigger
        self.started = started
        self._lock = threading.Lock()
        self._guids: dict[str, list[str]] = {"created": [], "updated": [], "deleted": []}
        self._counts: Counter[str] = Counter()
        self._seen: dict[str, set[str]] = {"created": set(), "updated": set(), "deleted": set()}
        self._counters: Counter[str] = Counter()
        self._messages: list[str] = []

    def created(self, guid: str, anchor: str | None = None, parent: str | None = None) -> None:
        self._record("created", guid)

    def updated(self, guid: str, anchor: str | None = None, parent: str | None = None) -> None:
        self._record("updated", guid)

    def deleted(self, guid: str, anchor: str | None = None, parent: str | None = None) -> None:
        self._record("deleted", guid)

    def count(self, name: str, by: int = 1) -> None:
        """Adds to a counter of the connector's own, such as `filesSeen` or `skipped.unreadable`."""
        with self._lock:
            self._counters[name] += by

    def message(self, text: str) -> None:
        """Something a reader of the report should know; the first ones are kept."""
        with self._lock:
            if len(self._messages) < MAX_MESSAGES:
                self._messages.append(text)
            self._counters["messages"] += 1

    @property
    def changed(self) -> bool:
        """Whether the pass changed any metadata."""
        with self._lock:
            return bool(self._counts)

    def statistics(self) -> dict[str, int]:
        """Counts so far; readable while the pass runs."""
        with self._lock:
            counts = {name: self._counts[name] for name in ("created", "updated", "deleted")}
            return {**counts, **self._counters}

    def to_bean(
        self, completed: int, *, server: str, status: str, failure: str | None, context: Mapping[str, Any]
    ) -> dict[str, Any]:
        """The record of the daemon's reports topic; times in epoch milliseconds."""
        with self._lock:
            bean: dict[str, Any] = {
                "class": "ConnectorActivityReport",
                "serverName": server,
                "connectorId": self.connector_id,
                "connectorName": self.connector_name,
                "connectorStatus": status,
                "trigger": self.trigger,
                "refreshStartDate": self.started,
                "refreshCompletionDate": completed,
                "createdCount": self._counts["created"],
                "updatedCount": self._counts["updated"],
                "deletedCount": self._counts["deleted"],
                "createdElements": list(self._guids["created"]),
                "updatedElements": list(self._guids["updated"]),
                "deletedElements": list(self._guids["deleted"]),
                "counters": dict(self._counters),
                "messages": list(self._messages),
                **context,
            }
        if failure:
            bean["failingExceptionMessage"] = failure
        return bean

    def _record(self, kind: str, guid: str) -> None:
        with self._lock:
            seen = self._seen[kind]
            if guid in seen:
                return
            seen.add(guid)
            self._counts[kind] += 1
            if len(self._guids[kind]) < MAX_GUIDS:
                self._guids[kind].append(guid)

"""How a connector stands, as the status call shows it: kept in memory, so that asking never reaches the connector."""

import threading
from typing import Any

from omrs_connectors.runtime.notes import Became, Built, Refreshing
from omrs_connectors.runtime.status import ConnectorStatus
from omrs_connectors.sdk import ActivityReport, IntegrationConnectorConfig

CHANGES = ("created", "updated", "deleted")
LONG = 1 << 63  # Java's


class Standing:
    """Written from the connector's threads and the event loop, read by both: every method holds the lock for a moment.

    `last_status_change` and `last_refresh_time` in epoch milliseconds.
    """

    def __init__(self, config: IntegrationConnectorConfig, now: int) -> None:
        self.status = ConnectorStatus.STOPPED
        self.failure: str | None = None
        self.last_refresh_time: int | None = None
        self.refreshing = False
        self._lock = threading.Lock()
        self._changed_at = now
        self.instance_id = ""
        self._totals = dict.fromkeys(("passes", *CHANGES, "events", "eventFailures"), 0)
        self._counters: dict[str, int] = {}  # the connector's own, of the report under way or the last one
        self._report: ActivityReport | None = None
        self.configured(config)

    def configured(self, config: IntegrationConnectorConfig) -> None:
        minutes = config.refresh_time_interval
        self._fixed = {
            "class": "IntegrationConnectorReport",
            "connectorId": config.connector_id,
            "connectorName": config.connector_name,
            "connection": config.connection.redacted(),
            "minMinutesBetweenRefresh": int(minutes) if minutes.is_integer() and abs(minutes) < LONG else minutes,
        }

    def apply(self, note: Became | Built | Refreshing) -> None:
        with self._lock:
            if isinstance(note, Became):
                if note.status is not self.status:
                    self.status, self._changed_at = note.status, note.at
                self.failure = note.failure
            elif isinstance(note, Built):
                self.instance_id = note.instance_id  # why the last life failed is told until this one becomes something
                self.last_refresh_time = None
            else:
                self.refreshing = True

    def follow(self, report: ActivityReport | None) -> None:
        """The report under way; `reported` lets it go."""
        if report is not None:
            self._report = report

    def reported(self, report: ActivityReport) -> None:
        """The report is complete: its counts are part of the totals."""
        statistics = report.statistics()
        with self._lock:
            for name in CHANGES:
                self._totals[name] += statistics.get(name, 0)
            own = _own(statistics)
            self._counters = {**self._counters, **own} if report.trigger == "events" else own or self._counters
            self._report = None

    def unfinished(self) -> ActivityReport | None:
        """The report of a connector that was given up in the middle of it, if it has changed anything."""
        report = self._report
        return report if report is not None and report.changed else None

    def passed(self, now: int | None) -> None:
        """A pass is over; `now` unless it failed."""
        with self._lock:
            self._totals["passes"] += 1
            self.refreshing = False
            if now is not None:
                self.last_refresh_time = now

    def skipped(self, now: int) -> None:
        """A pass went over a connector that needs a restart (integration § 4: the time counts all the same)."""
        with self._lock:
            self.last_refresh_time = now

    def heard(self, events: int, failures: int) -> None:
        with self._lock:
            self._totals["events"] += events
            self._totals["eventFailures"] += failures

    def bean(self) -> dict[str, Any]:
        """IntegrationConnectorReport (integration § 9)."""
        report = self._report
        live = {} if report is None else report.statistics()
        with self._lock:
            own = _own(live) or self._counters
            totals = dict(self._totals)
            for name in CHANGES:
                totals[name] += live.get(name, 0)
            bean: dict[str, Any] = {
                **self._fixed,
                "connectorInstanceId": self.instance_id,
                "connectorStatus": self.status.value,
                "lastStatusChange": self._changed_at,
                "refreshInProgress": self.refreshing,
                "statistics": {**own, **totals},
            }
            if self.last_refresh_time is not None:
                bean["lastRefreshTime"] = self.last_refresh_time
            if self.failure:
                bean["failingExceptionMessage"] = self.failure
            return bean


def _own(statistics: dict[str, int]) -> dict[str, int]:
    return {name: count for name, count in statistics.items() if name not in CHANGES}

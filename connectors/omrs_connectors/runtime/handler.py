"""The life of one connector: initialize, start, refresh, events, restart, disconnect (integration § 4).

Synchronous and single-threaded: every method here but `snapshot` and `wants` runs on the connector's own thread (see
`lane`). The clock, the way to load a class, to reach the server and to publish a report are handed in.
"""

import logging
import threading
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from omrs_connectors.runtime.status import REFRESHABLE, ConnectorStatus, heal_delay, refresh_due
from omrs_connectors.sdk import (
    ActivityReport,
    IntegrationConnector,
    IntegrationConnectorConfig,
    IntegrationContext,
    Partner,
)
from omrs_schemas.errors import ConfigurationError, NotReadyError, OmrsError
from omrs_streams.client import MetadataClient

log = logging.getLogger(__name__)

Event = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What a handler needs of the daemon. `clock` in epoch milliseconds; `publish` takes a report bean."""

    daemon: str
    client: MetadataClient
    load: Callable[[str], IntegrationConnector]
    clock: Callable[[], int]
    publish: Callable[[dict[str, Any]], None]
    max_page_size: int = 500


class ConnectorHandler:
    """State machine of one connector. No method but `deliver` raises: a failure becomes a status and a message.

    A pass that fails because the metadata server is not ready (a retriable error) is treated like a failed
    initialization: the connector is built anew by itself. Any other failure of start or refresh is FAILED and waits for
    a restart.
    """

    def __init__(self, config: IntegrationConnectorConfig, around: Surroundings) -> None:
        self.config = config
        self.status = ConnectorStatus.INITIALIZE_FAILED
        self.last_status_change = around.clock()
        self.last_refresh_time: int | None = None
        self.refresh_in_progress = False
        self.failing_exception_message: str | None = "not initialized yet"
        self.instance_id = ""
        self.stopping = threading.Event()
        self.totals = {"passes": 0, "created": 0, "updated": 0, "deleted": 0, "events": 0, "eventFailures": 0}
        self.last_counters: dict[str, int] = {}
        self._around = around
        self._connector: IntegrationConnector | None = None
        self._context: IntegrationContext | None = None
        self._report = self._new_report("start")
        self._failures = 0  # failed initializations in a row
        self._heal_at = 0
        self._begun = False

    def due(self, now: int) -> bool:
        """Whether a pass should run at `now` (epoch ms)."""
        config = self.config
        start = None if config.start_date is None else int(config.start_date.timestamp() * 1000)
        stop = None if config.stop_date is None else int(config.stop_date.timestamp() * 1000)
        if self.status is ConnectorStatus.INITIALIZE_FAILED:
            return now >= self._heal_at and refresh_due(now, None, 0, start=start, stop=stop)
        if self.status not in REFRESHABLE:
            return False
        return refresh_due(now, self.last_refresh_time, config.refresh_time_interval, start=start, stop=stop)

    @property
    def hears_events(self) -> bool | None:
        """True: deliver events now. None: not yet, keep them. False: nobody listens, they are done with."""
        if self.status in (ConnectorStatus.FAILED, ConnectorStatus.CONFIG_FAILED):
            return False
        # STOPPED is passed through in a restart, and is where a stopping daemon leaves its events to its next life.
        return True if self.status is ConnectorStatus.RUNNING and not self.stopping.is_set() else None

    def wants(self, kind: str, type_guid: str) -> bool:
        """Whether a listener of the running connector wants an event of this kind and type."""
        context = self._context
        return context is not None and any(listener.wants(kind, type_guid) for listener in context.listeners)

    def initialize(self) -> None:
        """Builds the connector anew: CONFIG_FAILED, INITIALIZE_FAILED (tried again by itself) or INITIALIZED."""
        self._release()
        self._begun = True
        self.last_refresh_time = None
        self.failing_exception_message = None
        self.instance_id = str(uuid.uuid4())
        self._report = self._new_report("start")
        try:
            connector = self._around.load(self.config.connector_provider_class)
            connector.connection = self.config.connection
        except Exception as error:
            self._fail(ConnectorStatus.CONFIG_FAILED, "load", error)
            return
        try:
            context = IntegrationContext(
                self.config,
                Partner(self._around.client.server),
                self._around.client,
                self._report,
                max_page_size=self._around.max_page_size,
                stopping=self.stopping,
            )
            context.connect()
            connector.set_context(context)
            connector.initialize()
        except ConfigurationError as error:
            self._fail(ConnectorStatus.CONFIG_FAILED, "initialize", error)
            return
        except Exception as error:
            self._heal_later("initialize", error)
            return
        self._connector, self._context = connector, context
        self._become(ConnectorStatus.INITIALIZED)

    def refresh_pass(self, trigger: str = "refresh") -> None:
        """One pass: heal, start, refresh, publish the report. Does nothing for a connector that needs a restart."""
        if self.stopping.is_set():
            return
        if self.status is ConnectorStatus.INITIALIZE_FAILED:
            self.initialize()
        if self._connector is None or self.status not in REFRESHABLE:
            log.debug("connector %s is skipped: %s", self.config.connector_name, self.status)
            return
        self._begin_recording(trigger)
        self.refresh_in_progress = True
        method = "start"
        try:
            if self.status is ConnectorStatus.INITIALIZED:
                self._connector.start()
                self._become(ConnectorStatus.RUNNING)
            method = "refresh"
            self._connector.refresh()
            self.last_refresh_time = self._around.clock()
            self._failures = 0
        except Exception as error:
            if isinstance(error, OmrsError) and error.retriable:
                self._release()
                self._heal_later(method, error)
            else:
                self._fail(ConnectorStatus.FAILED, method, error)
        finally:
            self.refresh_in_progress = False
            self.totals["passes"] += 1
            self._publish()

    def deliver(self, events: list[Event], failed: list[tuple[int, Exception]]) -> None:
        """Hands events to the listeners, in order; appends the index and error of each that can never succeed.

        Raises the first retriable error, with `params["delivered"]` the index it happened at: the caller tries again
        from there.
        """
        context = self._context
        hears = self.hears_events
        if hears is None or context is None:
            raise NotReadyError(f"connector {self.config.connector_name} is {self.status.value}", delivered=0)
        if not hears:
            return
        self._begin_recording("events")
        try:
            for index, event in enumerate(events):
                try:
                    if self.stopping.is_set():
                        raise NotReadyError(f"connector {self.config.connector_name} is stopping")
                    self._hand_over(context, event)
                    self.totals["events"] += 1
                except Exception as error:
                    if isinstance(error, OmrsError) and error.retriable:
                        error.params["delivered"] = index
                        raise
                    self.totals["eventFailures"] += 1
                    self._report.message(f"event failed: {_describe(error)}")
                    log.warning("connector %s failed on an event", self.config.connector_name, exc_info=error)
                    failed.append((index, error))
        finally:
            if self._report.changed or failed:
                self._publish()
            else:
                self._add_totals()

    def restart(self) -> None:
        """Stop, build anew; the next pass starts it. The way out of FAILED and CONFIG_FAILED."""
        self.initialize()

    def shutdown(self) -> None:
        """Disconnects for good."""
        self.stopping.set()
        self._release()
        self._become(ConnectorStatus.STOPPED)

    def snapshot(self) -> dict[str, Any]:
        """IntegrationConnectorReport of the status call. Reads what is kept here; never calls the connector."""
        live = self._report.statistics()
        totals = dict(self.totals)
        for name in ("created", "updated", "deleted"):
            totals[name] += live.pop(name)
        bean: dict[str, Any] = {
            "class": "IntegrationConnectorReport",
            "connectorId": self.config.connector_id,
            "connectorName": self.config.connector_name,
            "connectorInstanceId": self.instance_id,
            "connectorStatus": self.status.value,
            "lastStatusChange": self.last_status_change,
            "minMinutesBetweenRefresh": self.config.refresh_time_interval,
            "refreshInProgress": self.refresh_in_progress,
            "statistics": {**totals, **(live or self.last_counters)},
        }
        if self.last_refresh_time is not None:
            bean["lastRefreshTime"] = self.last_refresh_time
        if self.failing_exception_message:
            bean["failingExceptionMessage"] = self.failing_exception_message
        return bean

    def _hand_over(self, context: IntegrationContext, event: Event) -> None:
        section = event.get("instanceEventSection") or {}
        kind, type_guid = str(section.get("eventType", "")), str(section.get("typeDefGUID", ""))
        for listener in context.listeners:
            if listener.handle is not None and listener.wants(kind, type_guid):
                listener.handle(event)

    def _release(self) -> None:
        connector, self._connector, self._context = self._connector, None, None
        if connector is None:
            return
        try:
            connector.disconnect()
        except Exception as error:
            log.warning("connector %s failed to disconnect", self.config.connector_name, exc_info=error)
        self._become(ConnectorStatus.STOPPED)

    def _heal_later(self, method: str, error: Exception) -> None:
        """The metadata server is not there (or `initialize` failed): built anew after a wait that doubles."""
        self._failures += 1
        self._heal_at = self._around.clock() + heal_delay(self._failures)
        self._fail(ConnectorStatus.INITIALIZE_FAILED, method, error)

    def _fail(self, status: ConnectorStatus, method: str, error: Exception) -> None:
        self.failing_exception_message = f"{method}: {_describe(error)}"
        level = logging.INFO if status is ConnectorStatus.INITIALIZE_FAILED and self._failures > 1 else logging.WARNING
        log.log(
            level,
            "connector %s is %s after %s: %s",
            self.config.connector_name,
            status.value,
            method,
            _describe(error),
            exc_info=None if isinstance(error, OmrsError) else error,
        )
        self._become(status)

    def _become(self, status: ConnectorStatus) -> None:
        if status is not self.status:
            self.status = status
            self.last_status_change = self._around.clock()

    def _new_report(self, trigger: str) -> ActivityReport:
        return ActivityReport(self.config.connector_id, self.config.connector_name, trigger, self._around.clock())

    def _begin_recording(self, trigger: str) -> None:
        """A new report, but one that holds changes made while initializing goes on."""
        if self._report.trigger == "start" and self._report.changed:
            self._report.trigger = trigger
        else:
            self._report = self._new_report(trigger)
        if self._context is not None:
            self._context.report = self._report

    def _add_totals(self) -> None:
        counts = self._report.statistics()
        self._report = self._new_report("start")
        if self._context is not None:
            self._context.report = self._report
        for name in ("created", "updated", "deleted"):
            self.totals[name] += counts[name]

    def _publish(self) -> None:
        report = self._report
        if self.config.generate_integration_reports:
            bean = report.to_bean(
                self._around.clock(),
                server=self._around.daemon,
                status=self.status.value,
                failure=self.failing_exception_message,
                context={"connectorInstanceId": self.instance_id},
            )
            try:
                self._around.publish(bean)
            except Exception as error:
                log.warning("the report of connector %s was not published: %s", self.config.connector_name, error)
        counters = report.statistics()
        self.last_counters = {name: count for name, count in counters.items() if name not in self.totals}
        self._add_totals()


def _describe(error: Exception) -> str:
    return str(error) if isinstance(error, OmrsError) else f"{type(error).__name__}: {error}"

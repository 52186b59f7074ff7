"""One connector inside the daemon's event loop: what is due, asked for and heard, one call after the other.

The connector itself lives in a host, where it can block, crash or hang: every call of it has a deadline, and when that
has passed the host is given up. Nothing that a connector does holds back the loop, other connectors or the end.
"""

import asyncio
import contextlib
import logging
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from typing import Any

from omrs_connectors.runtime.calling import Calls
from omrs_connectors.runtime.deliveries import Deliveries
from omrs_connectors.runtime.faults import described
from omrs_connectors.runtime.handler import METHOD_FAILED, Event
from omrs_connectors.runtime.inbox import Inbox
from omrs_connectors.runtime.notes import (
    Became,
    Delivered,
    LeftBehind,
    Listening,
    Note,
    Progress,
    Reported,
    Said,
    Woken,
)
from omrs_connectors.runtime.schedule import Schedule, Timing
from omrs_connectors.runtime.standing import Standing
from omrs_connectors.runtime.status import NEEDS_RESTART
from omrs_connectors.runtime.status import ConnectorStatus as Status
from omrs_connectors.runtime.surroundings import Surroundings
from omrs_connectors.sdk import IntegrationConnectorConfig
from omrs_connectors.sdk.config import Partner
from omrs_connectors.sdk.listener import Listener
from omrs_connectors.services.base import IntegrationService
from omrs_schemas.errors import ConnectorLostError

log = logging.getLogger(__name__)

CLOSE_S = 7.0  # a daemon ends within 10 seconds, whatever its connectors do
LET_GO_S = 1.0  # for our own tasks to see that it is over
SETTLE_S = 0.25  # without another event before a refresh begins: a burst is one refresh
LONGEST_SETTLE_S = 2.0  # for a stream of events that does not pause

STOPPING = "INTEGRATION-DAEMON-SERVICES-0022"
DISCONNECT_FAILED = "INTEGRATION-DAEMON-SERVICES-0023"
STOPPED = "INTEGRATION-DAEMON-SERVICES-0024"
SKIPPED = "INTEGRATION-DAEMON-SERVICES-0032"


@dataclass(slots=True)
class _Asked:
    """A command. Its id is in `handled` when it is carried out."""

    command_id: str
    user: str


class ConnectorLane:
    """Everything that touches one connector, in turn: no two passes at once, events in order.

    Used on the event loop. `on_change` is called when what `snapshot`, `handled` or the positions say has changed.
    """

    def __init__(
        self, config: IntegrationConnectorConfig, service: IntegrationService, around: Surroundings, inbox: Inbox
    ) -> None:
        self.config = config
        self.service = service
        self.inbox = inbox
        self.handled: dict[str, str] = {}
        self.on_change: Callable[[ConnectorLane], None] = lambda lane: None
        self._around = around
        self._loop = asyncio.get_running_loop()
        self._standing = Standing(config, around.clock())
        self._schedule = Schedule(Timing.of(config))
        self._deliveries = Deliveries(self.name, inbox, around, self._deliver, self.wake, self._changed)
        self._calls = Calls(config, service, around, self._told, self._standing.follow, self._lost)
        self._listeners: tuple[Listener, ...] = ()
        self._heard: tuple[Listener, ...] = ()
        self._may_hear = False
        self._seen: Status | None = None
        self._noticing = False
        self._opened = self._closed = False
        self._life = 0
        self._pass: asyncio.Task[None] | None = None
        self._restart: asyncio.Task[None] | None = None
        self._closing: asyncio.Task[None] | None = None
        self._tasks: set[asyncio.Task[None]] = set()
        self._refresh_asked: _Asked | None = None
        self._joined: list[_Asked] = []
        self._restart_asked: _Asked | None = None
        self._woken: tuple[float, float] | None = None  # first and last event since the last refresh began

    # ---- what the daemon sees ----------------------------------------------------------------------------------------

    @property
    def connector_id(self) -> str:
        return self.config.connector_id

    @property
    def name(self) -> str:
        return self.config.connector_name

    @property
    def partner(self) -> Partner:
        return self._around.partner

    @property
    def status(self) -> Status:
        return self._standing.status

    def snapshot(self) -> dict[str, Any]:
        """IntegrationConnectorReport, from memory."""
        return self._standing.bean()

    async def open(self) -> None:
        """Builds and initializes the connector. What goes wrong is its status."""
        try:
            async with self._calls.turn:
                await self._initialize()
        except ConnectorLostError:
            pass  # said when it happened
        except Exception as error:  # the boundary: one connector must not keep a daemon from starting
            log.exception("connector %s was not initialized", self.name)
            self._apply(Became(Status.FAILED, self._around.clock(), described(error)))
        self._notice()
        self._opened = True
        self._background(self._deliveries.run(), f"events-{self.name}")

    def tick(self, now_ms: int, monotonic: float) -> None:
        """Begins a pass when one is due, asked for, or woken by events, and the connector is free."""
        if not self._opened or self._closed or _under_way(self._pass) or _under_way(self._restart):
            return
        asked, reason = self._refresh_asked, ""
        if asked is not None:
            reason = f"asked for by {asked.user}" if asked.user else "asked for"
        elif self._schedule.due(now_ms, monotonic):
            reason = "scheduled"
        elif self._events_settled(monotonic) and self._schedule.timing.open(now_ms):
            reason = "events"
        if reason:
            self._refresh_asked = None
            self._pass = asyncio.create_task(self._run_pass(reason, asked), name=f"pass-{self.name}")

    def request_refresh(self, command_id: str = "", user: str = "") -> None:
        """A pass as soon as the connector is free; one under way is not doubled, it is the one that was asked for."""
        asked = _Asked(command_id, user)
        if _under_way(self._pass):
            self._joined.append(asked)
        else:
            self._refresh_asked = asked

    def request_restart(self, command_id: str = "", user: str = "") -> None:
        """Builds the connector anew, now: a call under way gets its time to come to an end, no longer."""
        self._restart_asked = _Asked(command_id, user)
        if not self._closed and not _under_way(self._restart):
            self._restart = asyncio.create_task(self._run_restarts(), name=f"restart-{self.name}")

    def wake(self) -> None:
        """Something happened that a refresh has to look at."""
        now = self._around.monotonic()
        self._woken = (self._woken[0] if self._woken else now, now)

    async def reconfigure(self, config: IntegrationConnectorConfig) -> bool:
        """Another configuration: whether the connector is built anew for it. Schedule, user, direction and metadata
        source change as soon as it is free."""
        before, self.config = self.config, config
        if config == before:
            return False
        self._standing.configured(config)
        self._schedule.timing = Timing.of(config)
        self._calls.configure(config)
        rebuilt = ("connection", "uses_blocking_calls", "isolation")
        if any(getattr(config, name) != getattr(before, name) for name in rebuilt):
            self.request_restart()
            return True
        self._background(self._tell_configuration(), f"configure-{self.name}")
        self._changed()
        return False

    async def close(self) -> None:
        """Disconnects the connector for good, within 8 seconds, whatever it does. Whoever asks again waits for it."""
        if self._closing is None:
            self._closing = asyncio.create_task(self._close(), name=f"close-{self.name}")
        await asyncio.shield(self._closing)

    async def _close(self) -> None:
        self._closed = True
        self._say(STOPPING)
        for task in self._tasks:
            task.cancel()
        problem = await self._disconnected(min(self.config.deadlines.disconnect, CLOSE_S))
        if problem:
            log.warning("connector %s: %s", self.name, problem)
        self._deliveries.deaf()
        self._apply(Became(Status.SHUTDOWN, self._around.clock()))
        self._say(STOPPED)
        self._notice()
        with contextlib.suppress(KeyError):  # it runs elsewhere or nowhere: nobody is to be alarmed by this worker
            self._around.metrics.status.remove(self.name)
        left = [task for task in (self._pass, self._restart, *self._tasks) if task is not None and not task.done()]
        if left:  # they end by themselves, now that the connector is gone
            await asyncio.wait(left, timeout=LET_GO_S)

    # ---- passes ------------------------------------------------------------------------------------------------------

    async def _run_pass(self, reason: str, asked: _Asked | None) -> None:
        began = self._around.monotonic()
        try:
            async with self._calls.turn:
                await self._one_pass(reason, asked)
        except ConnectorLostError:
            pass  # said when it happened
        except Exception:  # the boundary: no defect of ours may end the connector's passes
            log.exception("a pass of connector %s ended unexpectedly", self.name)
            self._schedule.passed(self._around.monotonic())
        for each in (asked, *self._joined):
            if each is not None and each.command_id:
                self.handled["refresh"] = each.command_id
        self._joined.clear()
        self._around.metrics.passes.labels(self.name, self.status.value).inc()
        self._around.metrics.seconds.labels(self.name).observe(self._around.monotonic() - began)
        self._notice()
        self._changed()

    async def _one_pass(self, reason: str, asked: _Asked | None) -> None:
        if self._closed:
            return
        if self.status in (Status.INITIALIZE_FAILED, Status.STOPPED):
            await self._initialize()
        if self.status in (*NEEDS_RESTART, Status.INITIALIZE_FAILED):
            self._skip(asked)
            return
        if self.status is Status.INITIALIZED:
            await self._calls.call("start")
            self._may_hear, self._heard = True, ()
            self._notice()
        if self.status is Status.RUNNING:
            await self._refresh(reason)
        else:
            self._after_refresh(False)

    async def _refresh(self, reason: str) -> None:
        life, covered = self._life, self._deliveries.for_refresh()
        self._woken = None
        first = self._standing.last_refresh_time is None
        succeeded = False
        try:
            succeeded = await self._calls.call("refresh", "refresh", reason, first)
        finally:
            self._after_refresh(succeeded)
        if succeeded and life == self._life:  # one that was told to stop may have left things undone
            self._deliveries.refreshed(covered)

    def _after_refresh(self, succeeded: bool) -> None:
        now = self._around.monotonic()
        self._standing.passed(self._around.clock() if succeeded else None)
        if self.status is Status.INITIALIZE_FAILED:
            self._schedule.failed_to_initialize(now)
        else:
            self._schedule.passed(now)

    def _skip(self, asked: _Asked | None) -> None:
        """A pass over a connector that cannot be refreshed."""
        if self.status in NEEDS_RESTART:
            if asked is not None:
                self._say(SKIPPED, error=self._standing.failure)
            self._schedule.passed(self._around.monotonic())
        self._standing.skipped(self._around.clock())
        self._woken = None

    def _events_settled(self, monotonic: float) -> bool:
        if self._woken is None or self.status not in (Status.RUNNING, Status.INITIALIZED):
            return False
        first, last = self._woken
        return monotonic - last >= SETTLE_S or monotonic - first >= LONGEST_SETTLE_S

    # ---- building, restarting, ending --------------------------------------------------------------------------------

    async def _initialize(self) -> None:
        """In the connector's turn."""
        self._not_hearing()
        self._listeners = ()
        self._calls.begin()
        self._schedule.initialized()
        await self._calls.call("initialize")
        if self.status is Status.INITIALIZE_FAILED:
            self._schedule.failed_to_initialize(self._around.monotonic())
        self._notice()

    async def _run_restarts(self) -> None:
        """Until nobody asks for another."""
        while self._restart_asked is not None and not self._closed:
            asked, self._restart_asked = self._restart_asked, None
            try:
                problem = await self._disconnected(self.config.deadlines.disconnect)
                if problem:
                    log.warning("connector %s is restarted: %s", self.name, problem)
                async with self._calls.turn:
                    if not self._closed:
                        await self._initialize()
            except ConnectorLostError:
                pass  # said when it happened
            except Exception:  # the boundary
                log.exception("the restart of connector %s ended unexpectedly", self.name)
            if asked.command_id:
                self.handled["restart"] = asked.command_id
            self._changed()

    async def _disconnected(self, seconds: float) -> str:
        """Ends the present life of the connector: what went wrong with that."""
        self._life += 1
        if not self._calls.there:
            return ""
        self._not_hearing()
        try:
            return await self._calls.end(seconds)
        except ConnectorLostError as error:
            self._apply(Became(Status.STOPPED, self._around.clock()))
            self._say(DISCONNECT_FAILED, error=error)
            self._report_unfinished(error)
            return str(error)

    # ---- calls -------------------------------------------------------------------------------------------------------

    async def _deliver(self, events: list[Event]) -> Delivered:
        async with self._calls.turn:
            if self.status is not Status.RUNNING:
                raise ConnectorLostError(f"connector {self.name} is {self.status}", connector=self.name)
            delivered: Delivered = await self._calls.call("deliver", events)
        self._standing.heard(delivered.done, len(delivered.failures))
        self._notice()
        return delivered

    async def _tell_configuration(self) -> None:
        with contextlib.suppress(ConnectorLostError):
            async with self._calls.turn:
                if self._calls.there:
                    await self._calls.call("reconfigure", self.config)
        self._notice()

    def _lost(self, method: str, error: ConnectorLostError) -> None:
        """The connector has been given up, or its process has ended: FAILED."""
        self._say(METHOD_FAILED, method=method or "(between calls)", error=error)
        log.warning("connector %s is FAILED: %s", self.name, error)
        self._apply(Became(Status.FAILED, self._around.clock(), described(error)))
        self._notice()
        self._report_unfinished(error)

    def _report_unfinished(self, error: ConnectorLostError) -> None:
        """What the connector had changed before it was given up has happened."""
        report = self._standing.unfinished()
        if report is not None:
            note = Reported(report, True, described(error))
            self._background(asyncio.to_thread(self._report, note), f"report-{self.name}")

    # ---- what the connector tells ------------------------------------------------------------------------------------

    def _told(self, note: Note) -> None:
        """On the connector's thread, or one that reads for it."""
        if isinstance(note, Said):
            self._around.audit.record(note.message_id, **note.params)
            return
        if isinstance(note, Reported):
            self._report(note)
        elif isinstance(note, Progress):
            self._standing.follow(note.report)
        elif isinstance(note, LeftBehind):
            self._around.metrics.left_behind.labels(self.name).inc(note.threads)
        elif isinstance(note, Listening):
            self._listeners = note.listeners
        elif isinstance(note, Woken):
            self._on_loop(self.wake)
        else:
            self._apply(note)
        if not self._noticing:
            self._noticing = True
            self._on_loop(self._notice)

    def _on_loop(self, call: Callable[[], None]) -> None:
        with contextlib.suppress(RuntimeError):  # the loop is closed: the daemon has ended
            self._loop.call_soon_threadsafe(call)

    def _apply(self, note: Any) -> None:
        self._standing.apply(note)

    def _report(self, note: Reported) -> None:
        self._standing.reported(note.report)
        try:
            self._around.reports.publish(
                note.report,
                self.config,
                client=self._around.client,
                partner=self._around.partner,
                status=self.status.value,
                failure=note.failure,
                instance_id=self._standing.instance_id,
                elements=note.elements,
            )
        except Exception as error:  # the boundary: what a pass did counts, whether anybody hears of it or not
            log.warning("the report of connector %s was not published", self.name, exc_info=error)

    def _notice(self) -> None:
        """On the loop: what follows from how the connector stands."""
        self._noticing = False
        status = self.status
        if status is Status.RUNNING:
            if self._may_hear and self._heard != self._listeners:
                self._heard = self._listeners
                self._deliveries.hear(self._listeners)
        elif status is not self._seen:
            self._not_hearing(failed=status in NEEDS_RESTART)
        if status is not self._seen:
            self._seen = status
            self._around.metrics.status.labels(self.name).set(status is Status.RUNNING)
        self._changed()

    def _not_hearing(self, *, failed: bool = False) -> None:
        self._may_hear = False
        if failed:
            self._deliveries.pass_over()
        else:
            self._deliveries.deaf()

    def _changed(self) -> None:
        self.on_change(self)

    def _say(self, message_id: str, **given: object) -> None:
        self._around.audit.record(message_id, connector=self.name, service=self.service.full_name, **given)

    def _background(self, work: Coroutine[Any, Any, None], name: str) -> None:
        task = asyncio.create_task(work, name=name)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)


def _under_way(task: asyncio.Task[None] | None) -> bool:
    return task is not None and not task.done()

"""What a connector's life consists of: build, initialize, start, refresh, events, engage, disconnect (integration § 4).

Works on the connector's own thread, in the daemon's process or in one of its own (see `hosts`), and knows nothing of
either: it tells what happens by notes. When which step is taken is the lane's decision.
"""

import asyncio
import contextlib
import inspect
import logging
import threading
import time
import uuid
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from omrs_connectors.audit import context_created
from omrs_connectors.audit.log import named, said
from omrs_connectors.runtime.engaging import Engagement
from omrs_connectors.runtime.faults import described, of_a_missing_server, tellable
from omrs_connectors.runtime.notes import (
    Became,
    Built,
    Delivered,
    LeftBehind,
    Listening,
    Note,
    Refreshing,
    Reported,
    Said,
    Woken,
)
from omrs_connectors.runtime.status import ConnectorStatus as Status
from omrs_connectors.sdk import ActivityReport, IntegrationConnector, IntegrationConnectorConfig, IntegrationContext
from omrs_connectors.sdk.config import Partner
from omrs_connectors.sdk.connections import ConnectorBroker
from omrs_connectors.sdk.listener import Listener, Source
from omrs_connectors.services.base import IntegrationService
from omrs_schemas.errors import ConfigurationError, NotReadyError, OmrsError
from omrs_streams.client import MetadataClient
from omrs_streams.clock import now_ms

log = logging.getLogger(__name__)

INITIALIZING = "INTEGRATION-DAEMON-SERVICES-0008"
BAD_CONNECTION = "INTEGRATION-DAEMON-SERVICES-0009"
WRONG_CLASS = "INTEGRATION-DAEMON-SERVICES-0010"
DISCONNECT_FAILED = "INTEGRATION-DAEMON-SERVICES-0023"
METHOD_FAILED = "INTEGRATION-DAEMON-SERVICES-0031"
INITIALIZE_ERROR = "INTEGRATION-DAEMON-SERVICES-0036"
CONFIG_ERROR = "INTEGRATION-DAEMON-SERVICES-0037"
FIRST_REFRESH = "INTEGRATION-DAEMON-SERVICES-0041"
REFRESH = "INTEGRATION-DAEMON-SERVICES-0042"
REFRESHED = "INTEGRATION-DAEMON-SERVICES-0043"


@dataclass(frozen=True, slots=True)
class Event:
    """One record for the listeners of its source. `arguments` are what they are called with."""

    source: Source
    arguments: tuple[Any, ...]


@dataclass(slots=True)
class Setting:
    """What a handler needs. `clock` in epoch milliseconds. `follow`: shown each
    report while it is being written, None when it is complete."""

    config: IntegrationConnectorConfig
    service: IntegrationService
    partner: Partner
    client: MetadataClient
    broker: ConnectorBroker
    max_page_size: int
    tell: Callable[[Note], None]
    clock: Callable[[], int] = now_ms
    follow: Callable[[ActivityReport | None], None] = lambda report: None


class ConnectorHandler:
    """One connector, life after life. No method raises: what goes wrong is told as a status and audit messages.

    Every method runs on the connector's thread, except `stop` and `revoke`.
    """

    def __init__(self, setting: Setting) -> None:
        self._at = setting
        self.config = setting.config
        self._failure: str | None = None
        self._connector: IntegrationConnector | None = None
        self._context: IntegrationContext | None = None
        self._stopping = threading.Event()
        self._revoked = False
        self._active = True
        self._engagement: Engagement | None = None
        self._report = self._new_report("start")
        self._listening: tuple[Listener, ...] = ()
        self._last_failure = ""  # of initialize: one that repeats itself is recorded once
        self._running: asyncio.Task[None] | None = None
        self.loop: asyncio.AbstractEventLoop | None = None

    # ---- the steps ---------------------------------------------------------------------------------------------------

    def initialize(self) -> None:
        """Disconnects what there was, then builds and initializes: INITIALIZED, CONFIG_FAILED or INITIALIZE_FAILED."""
        self._release()
        self._stopping = stopping = threading.Event()
        self._report = self._new_report("start")
        self._at.tell(Built(str(uuid.uuid4())))
        held = [Said(INITIALIZING, self._params(permitted=self._permitted))]
        connector = self._build(held)
        if connector is None:
            return
        created = self._params(
            connector_id=self.config.connector_id,
            technology=self.config.metadata_source_qualified_name,
            permitted=self._permitted,
        )
        held.append(Said(context_created(self._at.service.url_marker), created))
        connected = False
        try:
            context = self._at.service.context_class(
                self.config,
                self._at.partner,
                self._at.client,
                self._report,
                default_permitted_synchronization=self._at.service.default_permitted_synchronization,
                max_page_size=self._at.max_page_size,
                stopping=stopping,
            )
            self._context, self._connector = context, connector
            if self._revoked:
                context.revoke()
            context.listeners_changed = self._tell_listeners
            context.request_refresh = lambda: self._at.tell(Woken())
            context.connect()
            connected = True
            connector.set_context(context)
        except Exception as error:
            wrong = isinstance(error, ConfigurationError)
            self._drop()
            self._fail(
                Status.CONFIG_FAILED if wrong else Status.INITIALIZE_FAILED, "initialize", error, held, connected
            )
            return
        try:
            for embedded in connector.embedded:
                self._call(embedded.connector.start)
            self._call(connector.initialize)
        except BaseException as error:
            self._release()
            self._fail(Status.INITIALIZE_FAILED, "initialize", error, held, connected)
            return
        self._say_all(held)
        self._last_failure = ""
        if self.config.uses_blocking_calls:
            self._engagement = Engagement(self.config.connector_name, connector.engage, self)
        self._become(Status.INITIALIZED)

    def start(self) -> None:
        """RUNNING, FAILED, or INITIALIZE_FAILED when the metadata server has gone away."""
        if self._connector is None:
            return
        self._begin("start")
        try:
            self._call(self._connector.start)
        except BaseException as error:
            self._fail_running("start", error)
            self._end_report()
            return
        self._tell_listeners()
        self._become(Status.RUNNING)
        if self._engagement is not None:
            self._engagement.begin()

    def refresh(self, trigger: str, reason: str, first: bool) -> bool:
        """One pass; whether it succeeded. `reason` is for people."""
        if self._connector is None:
            return False
        self._begin(trigger)
        self._say(FIRST_REFRESH if first else REFRESH, reason=reason)
        self._at.tell(Refreshing())
        began = time.monotonic()
        try:
            self._call(self._connector.refresh)
        except BaseException as error:
            self._fail_running("refresh", error)
            self._end_report()
            return False
        self._end_report()
        self._say(REFRESHED, milliseconds=round((time.monotonic() - began) * 1000))
        return True

    def deliver(self, events: Sequence[Event]) -> Delivered:
        """Calls the listeners with each event, in order. One that can never succeed does not end it; one that may
        succeed later does."""
        context = self._context
        failures: list[tuple[int, Exception]] = []
        again: Exception | None = None
        done = 0
        self._begin("events")
        for event in events:
            if context is None or self._stopping.is_set():
                again = NotReadyError(f"connector {self.config.connector_name} is stopping")
                break
            try:
                self._hand_over(context, event)
            except BaseException as error:
                if isinstance(error, OmrsError) and error.retriable:
                    again = tellable(error)
                    break
                self._report.message(f"event failed: {described(error)}")
                log.warning("connector %s failed on an event", self.config.connector_name, exc_info=error)
                failures.append((done, tellable(error)))
            done += 1
        if self._report.changed or failures:
            self._end_report()
        return Delivered(done, tuple(failures), again)

    def reconfigure(self, config: IntegrationConnectorConfig) -> None:
        """A change that needs no restart: schedule, user, direction, metadata source."""
        self.config = config
        context = self._context
        if context is None:
            return
        try:
            context.reconfigure(config, self._at.client, self._at.service.default_permitted_synchronization)
        except Exception as error:
            self._fail_running("initialize", error)

    def disconnect(self) -> str:
        """The end of the connector; what went wrong, or an empty text."""
        return self._release()

    def stop(self) -> None:
        """From any thread: the connector is to come to an end."""
        self._stopping.set()

    def revoke(self) -> None:
        """From any thread: the connector is given up; whatever it still calls raises."""
        self._revoked = True
        self._stopping.set()
        context, engagement = self._context, self._engagement
        if context is not None:
            context.revoke()
        if engagement is not None:
            engagement.begin()
        loop, task = self.loop, self._running
        if loop is not None and task is not None:
            with contextlib.suppress(RuntimeError):  # the loop is closed: nothing runs there any more
                loop.call_soon_threadsafe(task.cancel)

    # ---- engage, on a thread of its own ------------------------------------------------------------------------------

    def engaged(self, error: BaseException) -> None:
        """The dedicated thread's call of engage raised."""
        if not self._stopping.is_set():
            self._fail(Status.FAILED, "engage", error)

    def say(self, message_id: str) -> None:
        self._say(message_id)

    @property
    def stopping(self) -> threading.Event:
        """Of the present life."""
        return self._stopping

    def left_behind(self, threads: int) -> None:
        self._at.tell(LeftBehind(threads))

    # ---- inside ------------------------------------------------------------------------------------------------------

    @property
    def _permitted(self) -> str:
        service = self._at.service
        return (self.config.permitted_synchronization or service.default_permitted_synchronization).value

    def _build(self, held: list[Said]) -> IntegrationConnector | None:
        """The connector, or None after telling that the configuration is wrong."""
        try:
            connector = self._at.broker.connector_for(self.config.connection)
        except Exception as error:
            other_kind = isinstance(error, OmrsError) and "expected" in error.params
            held.append(Said(WRONG_CLASS if other_kind else BAD_CONNECTION, self._params(error=said(error))))
            self._fail(Status.CONFIG_FAILED, "", error, held)
            return None
        if not isinstance(connector, IntegrationConnector):
            kind = f"{type(connector).__module__}.{type(connector).__qualname__}"
            wrong = ConfigurationError(f"{kind} is no IntegrationConnector", help="subclass IntegrationConnector")
            held.append(Said(WRONG_CLASS, self._params(error=said(wrong))))
            self._fail(Status.CONFIG_FAILED, "", wrong, held)
            return None
        try:
            self._at.service.check(connector, self.config.connector_name)
        except ConfigurationError as error:
            self._fail(Status.CONFIG_FAILED, "initialize", error, held)
            return None
        return connector

    def _call(self, method: Callable[[], Awaitable[None] | None]) -> None:
        """Calls it here; a coroutine runs on the connector's own loop, on this thread."""
        result = method()
        if result is not None and inspect.isawaitable(result):
            self._run(result)

    def _run(self, awaitable: Awaitable[Any]) -> None:
        if self.loop is None:
            self.loop = asyncio.new_event_loop()

        async def awaited() -> None:
            await awaitable

        self._running = self.loop.create_task(awaited())
        try:
            self.loop.run_until_complete(self._running)
        finally:
            self._running = None

    def _hand_over(self, context: IntegrationContext, event: Event) -> None:
        for listener in context.listeners:
            if listener.source != event.source or listener.handle is None:
                continue
            if event.source.kind == "out" and not listener.wants_event(event.arguments[0]):
                continue
            result = listener.handle(*event.arguments)
            if result is not None and inspect.isawaitable(result):
                self._run(result)

    def _release(self) -> str:
        """Disconnects the connector there is, if any: STOPPED. What went wrong."""
        connector, self._connector = self._connector, None
        self._stopping.set()
        failure = ""
        if connector is not None:
            failure = self._disconnect(connector)
        if self._engagement is not None:
            self._engagement.end()
            self._engagement = None
        self._drop()
        if connector is not None:
            self._become(Status.STOPPED)
        return failure

    def _disconnect(self, connector: IntegrationConnector) -> str:
        failure = ""
        for each in (connector, *(one.connector for one in connector.embedded)):
            try:
                self._call(each.disconnect)
            except BaseException as error:
                log.warning("connector %s failed to disconnect", self.config.connector_name, exc_info=error)
                self._say(DISCONNECT_FAILED, error=said(error), exception=named(error))
                failure = failure or described(error)
        return failure

    def _drop(self) -> None:
        """The context's end: what the connector has left running can do no more."""
        context, self._context = self._context, None
        self._connector = None
        if context is not None:
            self._active = context.active_report_publishing
            context.listeners_changed = context.request_refresh = lambda: None
            context.revoke()
        self._listening = ()

    def _fail_running(self, method: str, error: BaseException) -> None:
        """FAILED; where the metadata server has gone away, INITIALIZE_FAILED, which heals by itself."""
        if isinstance(error, OmrsError) and error.retriable and not self._stopping.is_set():
            self._release()
            self._fail(Status.INITIALIZE_FAILED, method, error)
        else:
            self._fail(Status.FAILED, method, error)

    def _fail(
        self,
        status: Status,
        method: str,
        error: BaseException,
        held: Sequence[Said] = (),
        connected: bool = True,
    ) -> None:
        """`held`: what is to be said first, unless this failure only repeats the last one."""
        if self._revoked:
            log.debug("connector %s, given up before, ends with %s", self.config.connector_name, described(error))
            return
        if status is Status.INITIALIZE_FAILED:
            error = of_a_missing_server(error, self._at.partner, self._user, connected) or error
        failure = described(error)
        if status is Status.INITIALIZE_FAILED and failure == self._last_failure:
            log.debug("connector %s is still %s: %s", self.config.connector_name, status, failure)
        else:
            self._last_failure = failure if status is Status.INITIALIZE_FAILED else ""
            self._say_all(held)
            if status is Status.CONFIG_FAILED:
                self._say(CONFIG_ERROR, error=said(error))
            elif status is Status.INITIALIZE_FAILED:
                self._say(INITIALIZE_ERROR, error=said(error))
            if method:
                self._say(METHOD_FAILED, method=method, error=said(error), exception=named(error))
            unexpected = None if isinstance(error, OmrsError) else error
            name = self.config.connector_name
            log.warning("connector %s is %s: %s %s", name, status, method, failure, exc_info=unexpected)
        self._become(status, failure)

    @property
    def _user(self) -> str:
        return self.config.connector_user_id or self._at.client.user_id

    def _become(self, status: Status, failure: str | None = None) -> None:
        self._failure = failure
        self._at.tell(Became(status, self._at.clock(), failure))

    def _params(self, **given: object) -> dict[str, Any]:
        return {"connector": self.config.connector_name, "service": self._at.service.full_name, **given}

    def _say(self, message_id: str, **given: object) -> None:
        self._at.tell(Said(message_id, self._params(**given)))

    def _say_all(self, held: Sequence[Said]) -> None:
        for each in held:
            self._at.tell(each)

    def _tell_listeners(self) -> None:
        context = self._context
        if context is None:
            return
        listeners = tuple(replace(each, handle=None) for each in context.listeners)
        if listeners != self._listening:
            self._listening = listeners
            self._at.tell(Listening(listeners))

    # ---- reports (integration § 8) -----------------------------------------------------------------------------------

    def _new_report(self, trigger: str) -> ActivityReport:
        return ActivityReport(self.config.connector_id, self.config.connector_name, trigger, self._at.clock())

    def _begin(self, trigger: str) -> None:
        """A new report, but one that holds changes made while initializing or starting goes on."""
        if self._report.trigger == "start" and self._report.changed:
            self._report.trigger = trigger
        else:
            self._report = self._new_report(trigger)
        if self._context is not None:
            self._context.report = self._report
        self._at.follow(self._report)

    @property
    def _publishing(self) -> bool:
        """Elements are made of a report unless the connector has asked for none (integration § 8)."""
        return self._active if self._context is None else self._context.active_report_publishing

    def _end_report(self) -> None:
        context, report = self._context, self._report
        self._at.follow(None)
        self._at.tell(Reported(report, self._publishing, self._failure))
        self._report = self._new_report("start")
        if context is not None:
            context.report = self._report

"""One connector on trial: the handler that a daemon has for it, with every step taken by hand."""

import json
from collections.abc import Callable, Mapping
from typing import Any

import orjson

from omrs_connectors.kit.clock import VirtualClock
from omrs_connectors.kit.records import record_of
from omrs_connectors.kit.world import World
from omrs_connectors.runtime.handler import ConnectorHandler, Event, Setting
from omrs_connectors.runtime.inbox import Record
from omrs_connectors.runtime.notes import Became, Listening, Note, Reported, Said, Woken
from omrs_connectors.runtime.schedule import Schedule, Timing
from omrs_connectors.runtime.status import NEEDS_RESTART, ConnectorStatus
from omrs_connectors.sdk import ActivityReport, Connector, IntegrationConnectorConfig
from omrs_connectors.sdk.connections import ConnectorBroker
from omrs_connectors.sdk.listener import LINEAGE, Listener, Source, TopicRecord
from omrs_connectors.services.base import IntegrationService
from omrs_streams.client.decoder import OutEventDecoder
from omrs_streams.client.exchange import Request

TICK_S = 1.0  # a daemon looks every second what is due (integration § 5)
AT_ONCE = 50  # records handed to the connector in one step, as a daemon does


class TrialError(AssertionError):
    """The connector has not done what the test takes for granted; the message has its failure and its messages."""


class DiedError(BaseException):
    """The connector's process has died, for all that the connector can tell: nothing it does catches this."""


class Trial:
    """Steps of a connector's life: `initialize`, `start`, `refresh`, `deliver`, `restart`, `stop`; `advance` lets time
    pass and runs what becomes due. They run on the test's own thread, without deadlines.

    After `die_after(writes=3)` the connector dies before its fourth change, as if its process were killed; `restart`
    then is the next life. `reports`, `messages` and the number of `writes` tell what happened.
    """

    def __init__(
        self,
        world: World,
        clock: VirtualClock,
        config: IntegrationConnectorConfig,
        service: IntegrationService,
        load: Callable[[str], Connector],
        *,
        max_page_size: int = 500,
    ) -> None:
        self.world = world
        self.clock = clock
        self.config = config
        self.status = ConnectorStatus.STOPPED
        self.failure: str | None = None
        self.connector: Any = None
        self.reports: list[ActivityReport] = []
        self.messages: list[Said] = []
        self.failed_events: list[Exception] = []
        self.last_refresh_time: int | None = None
        self.woken = False
        self.writes = 0
        self._make = load
        self._writes_left: int | None = None
        self._listeners: tuple[Listener, ...] = ()
        self._waiting: list[Record] = []
        self._decoder = OutEventDecoder(world.client)
        self._position = world.position()
        self._schedule = Schedule(Timing.of(config))
        self._service = service
        self._max_page_size = max_page_size
        self._handler = self._new_handler()

    # ---- steps -----------------------------------------------------------------------------------------------------

    def initialize(self) -> "Trial":
        """Builds and initializes the connector, anew where there is one."""
        self._handler.initialize()
        if self.status is ConnectorStatus.INITIALIZE_FAILED:
            self._schedule.failed_to_initialize(self.clock.monotonic())
        else:
            self._schedule.initialized()
        return self

    def start(self) -> "Trial":
        """What comes before the first refresh. TrialError where the connector does not run then."""
        self._bring_up()
        return self._running()

    def refresh(self, *, check: bool = True) -> ActivityReport:
        """One pass, after `initialize` and `start` where they are due; the report of what it did.

        TrialError for a connector that does not run afterwards, unless `check` is false.
        """
        known = len(self.reports)
        self._pass("refresh")
        if check:
            self._running()
        return self.reports[-1] if len(self.reports) > known else self._empty()

    def deliver(self, *, check: bool = True) -> int:
        """Hands over what its listeners wait for, oldest first; then refreshes once if some of it, or the connector
        itself (`woken`), asks for that. How many records were wanted."""
        self._fill()
        wanted = 0
        while self._waiting and self.status is ConnectorStatus.RUNNING:
            records, self._waiting = self._waiting[:AT_ONCE], self._waiting[AT_ONCE:]
            planned = [each for each in map(self._planned, records) if each is not None]
            wanted += len(planned)
            self.woken = self.woken or any(wake for _, _, wake in planned)
            calls = [(record, event) for record, event, _ in planned if event is not None]
            delivered = self._handler.deliver([event for _, event in calls])
            self.failed_events += [error for _, error in delivered.failures]
            if delivered.again is not None:
                self._waiting = [record for record, _ in calls[delivered.done :]] + self._waiting
                if check:
                    raise TrialError(f"an event is to be delivered again: {delivered.again}") from delivered.again
                break
        if self.woken:
            self._pass("events")
        if check:
            self._running()
        return wanted

    def send(
        self,
        topic: str,
        value: bytes | str,
        *,
        key: bytes | None = None,
        headers: Mapping[str, bytes] | None = None,
        bootstrap_servers: str | None = None,
    ) -> None:
        """A record of a topic that the connector listens to; `deliver` hands it over."""
        given = value.encode() if isinstance(value, str) else value
        source = Source(topic, bootstrap_servers, "own")
        self._waiting.append(
            record_of(source, 0, len(self._waiting), key, given, (headers or {}).items(), self.clock())
        )

    def send_lineage(self, event: str | Mapping[str, Any]) -> None:
        """An OpenLineage event, as text or as an object; `deliver` hands it over."""
        text = event if isinstance(event, str) else json.dumps(event)
        self._waiting.append(record_of(LINEAGE, 0, len(self._waiting), None, text.encode(), (), self.clock()))

    def advance(self, *, minutes: float = 0.0, seconds: float = 0.0) -> int:
        """Lets time pass, in steps of a second; the passes that became due and were run."""
        end = self.clock.monotonic() + minutes * 60.0 + seconds
        passes = 0
        while self.clock.monotonic() < end:
            self.clock.advance(seconds=min(TICK_S, end - self.clock.monotonic()))
            if self.status not in NEEDS_RESTART and self._schedule.due(self.clock(), self.clock.monotonic()):
                self._pass("refresh")
                passes += 1
        return passes

    def restart(self) -> "Trial":
        """Stops the connector and builds it anew; after a death this is its next life, which heard no goodbye."""
        if self.died:
            self._handler.revoke()
            self._handler = self._new_handler()
        self._writes_left = None
        return self.initialize()

    def stop(self) -> "Trial":
        self._handler.disconnect()
        return self

    def die_after(self, *, writes: int) -> "Trial":
        """The connector dies before the change of open metadata that follows so many."""
        self._writes_left = writes
        return self

    # ---- what a test looks at --------------------------------------------------------------------------------------

    @property
    def context(self) -> Any:
        """The context of the connector as it is now."""
        return self.connector.context

    @property
    def report(self) -> ActivityReport:
        """The last report. TrialError where there is none."""
        if not self.reports:
            raise TrialError(f"there is no report yet; {self._told_so_far()}")
        return self.reports[-1]

    @property
    def listeners(self) -> tuple[Listener, ...]:
        return self._listeners

    @property
    def died(self) -> bool:
        return self._writes_left is not None and self._writes_left < 0

    def message_ids(self) -> list[str]:
        """The ids of the audit messages so far, in order."""
        return [each.message_id for each in self.messages]

    def close(self) -> None:
        """Ends the connector; what it still has running can do no more."""
        self._writes_left = None
        self._handler.disconnect()
        self._handler.revoke()
        if self._handler.loop is not None:
            self._handler.loop.close()
            self._handler.loop = None

    # ---- inside ----------------------------------------------------------------------------------------------------

    def _new_handler(self) -> ConnectorHandler:
        return ConnectorHandler(
            Setting(
                self.config,
                self._service,
                self.world.partner,
                self.world.client.guarded(self._count),
                ConnectorBroker(self._load),
                self._max_page_size,
                self._told,
                self.clock,
            )
        )

    def _bring_up(self) -> None:
        if self.status in (ConnectorStatus.STOPPED, ConnectorStatus.INITIALIZE_FAILED):
            self.initialize()
        if self.status is ConnectorStatus.INITIALIZED:
            self._position = self.world.position()  # what was before is seen by the first refresh
            self._handler.start()

    def _pass(self, trigger: str) -> None:
        self._bring_up()
        if self.status is not ConnectorStatus.RUNNING:
            return
        self.woken = False
        first = self.last_refresh_time is None
        if self._handler.refresh(trigger, f"{trigger} of a trial", first):
            self.last_refresh_time = self.clock()
            self._schedule.passed(self.clock.monotonic())

    def _fill(self) -> None:
        self.world.settle()
        records, self._position = self.world.events(self._position)
        self._waiting += records

    def _planned(self, record: Record) -> tuple[Record, Event | None, bool] | None:
        """What is to be called with a record, and whether it wakes a refresh; None where nobody wants it."""
        source = record.source
        wanting = [each for each in self._listeners if each.source == source]
        if source.kind == "out":
            wanting = [each for each in wanting if each.wants_record(record.key, record.headers)]
            if not wanting:
                return None
            event = self._decoder.decode(record.value)
            wanting = [each for each in wanting if each.wants_event(event)]
            arguments: tuple[Any, ...] = (event,)
        elif source.kind == "lineage":
            text = record.value.decode()
            arguments = (text, orjson.loads(text))
        else:
            whole = TopicRecord(
                record.topic, 0, record.offset, record.key, record.value, record.headers, record.timestamp
            )
            arguments = (whole,)
        if not wanting:
            return None
        call = any(not each.refresh for each in wanting)
        return record, Event(source, arguments) if call else None, any(each.refresh for each in wanting)

    def _load(self, provider: str) -> Connector:
        made = self._make(provider)
        if provider == self.config.connector_provider_class:
            self.connector = made
        return made

    def _count(self, request: Request) -> None:
        writes = request.event_id is not None
        if self._writes_left is not None:
            if writes and not self.died:
                self._writes_left -= 1
            if self.died:
                raise DiedError(f"the connector died before {request.name}")
        self.writes += writes

    def _told(self, note: Note) -> None:
        if isinstance(note, Became):
            self.status, self.failure = note.status, note.failure
        elif isinstance(note, Said):
            self.messages.append(note)
        elif isinstance(note, Reported):
            self.reports.append(note.report)
        elif isinstance(note, Listening):
            self._listeners = note.listeners
        elif isinstance(note, Woken):
            self.woken = True

    def _running(self) -> "Trial":
        if self.status is not ConnectorStatus.RUNNING:
            raise TrialError(f"connector {self.config.connector_name} is {self.status}: {self._told_so_far()}")
        return self

    def _told_so_far(self) -> str:
        return f"{self.failure or 'no failure'}; messages: {', '.join(self.message_ids()) or 'none'}"

    def _empty(self) -> ActivityReport:
        return ActivityReport(self.config.connector_id, self.config.connector_name, "refresh", self.clock())

"""Connectors made for tests (user code, as an author would write it), a handler around one, and a lane around one."""

import asyncio
import os
import threading
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any
from uuid import uuid4

from omrs_connectors.runtime.deliveries import Deliveries
from omrs_connectors.runtime.handler import ConnectorHandler, Setting
from omrs_connectors.runtime.inbox import Inbox, Positions, Record
from omrs_connectors.runtime.lane import ConnectorLane
from omrs_connectors.runtime.metrics import DaemonMetrics
from omrs_connectors.runtime.notes import Became, Note, Reported, Said
from omrs_connectors.runtime.status import ConnectorStatus
from omrs_connectors.runtime.surroundings import Surroundings
from omrs_connectors.sdk import (
    ActivityReport,
    Connector,
    ConnectorBroker,
    IntegrationConnector,
    IntegrationConnectorConfig,
    Partner,
    Source,
)
from omrs_connectors.services.base import IntegrationService
from omrs_connectors.services.registry import GENERIC
from omrs_schemas.typedefs.system import TypeSystem
from omrs_streams.client import MetadataClient, Retry
from omrs_streams.client.decoder import OutEventDecoder
from omrs_streams.log.names import server_out

PARTNER = Partner("nowhere", "http://127.0.0.1:1")
OUT = Source(server_out(PARTNER.name))
TYPES = TypeSystem.builtin()


class Recorder(IntegrationConnector):
    """Writes down what is called; `failing[method]` is raised there, as long as it is set."""

    def __init__(self) -> None:
        self.calls: list[str] = []
        self.heard: list[dict[str, Any]] = []
        self.failing: dict[str, BaseException] = {}
        self.during: dict[str, Callable[[], None]] = {}
        self.on_event: Callable[[dict[str, Any]], None] = self.heard.append
        self.refreshed_by: str | None = None

    def initialize(self) -> None:
        self._called("initialize")

    def start(self) -> None:
        self._called("start")
        self.context.register_listener(self._hear, types=["Referenceable"])
        if self.refreshed_by is not None:
            self.context.refresh_on(types=[self.refreshed_by])

    def refresh(self) -> None:
        self._called("refresh")

    def disconnect(self) -> None:
        self._called("disconnect")

    def _hear(self, event: dict[str, Any]) -> None:
        self.on_event(event)

    def _called(self, method: str) -> None:
        self.calls.append(method)
        self.during.get(method, lambda: None)()
        if method in self.failing:
            raise self.failing[method]


class Clock:
    """Epoch milliseconds that move when told to."""

    def __init__(self) -> None:
        self.now = 1_000_000

    def __call__(self) -> int:
        return self.now


def config_of(**given: Any) -> IntegrationConnectorConfig:
    provider = {} if "connection" in given else {"connectorProviderClass": "tests:one"}
    return IntegrationConnectorConfig(**{"connectorName": "one", **provider, **given})


def nobodys_client(retry: float = 0) -> MetadataClient:
    """A client of a server that is not there; it knows the types all the same."""
    return MetadataClient(PARTNER.url, PARTNER.name, "tester", retry=Retry(deadline=retry), types=TYPES)


class Life:
    """A handler, the connector in it, the clock, and what the handler tells."""

    def __init__(
        self, connector: Connector | None = None, service: IntegrationService = GENERIC, **config: Any
    ) -> None:
        self.connector: Any = connector if connector is not None else Recorder()
        self.clock = Clock()
        self.notes: list[Note] = []
        self.load_error: Exception | None = None
        self.others: dict[str, Connector] = {}
        self.handler = ConnectorHandler(
            Setting(
                config_of(**config),
                service,
                PARTNER,
                nobodys_client(),
                ConnectorBroker(self._load),
                500,
                self.notes.append,
                self.clock,
            )
        )

    def run(self) -> None:
        """Up to the end of the first refresh, as far as it comes."""
        self.handler.initialize()
        self.handler.start()
        if self.status is ConnectorStatus.RUNNING:
            self.handler.refresh("refresh", "scheduled", True)

    @property
    def statuses(self) -> list[str]:
        return [note.status.value for note in self.notes if isinstance(note, Became)]

    @property
    def status(self) -> ConnectorStatus:
        return self._last.status

    @property
    def failure(self) -> str | None:
        return self._last.failure

    @property
    def reports(self) -> list[Reported]:
        return [note for note in self.notes if isinstance(note, Reported)]

    @property
    def said(self) -> list[str]:
        """The numbers of the audit messages, with the method where there is one."""
        return [
            note.message_id.removeprefix("INTEGRATION-DAEMON-SERVICES-") + _method(note)
            for note in self.notes
            if isinstance(note, Said)
        ]

    @property
    def _last(self) -> Became:
        return next(note for note in reversed(self.notes) if isinstance(note, Became))

    def _load(self, provider: str) -> Connector:
        if provider in self.others:
            return self.others[provider]
        assert provider == "tests:one"
        if self.load_error is not None:
            raise self.load_error
        connector: Connector = self.connector
        return connector


def _method(said: Said) -> str:
    return f" {said.params['method']}" if "method" in said.params else ""


class Journal:
    """An audit log and a report publisher that remember."""

    def __init__(self) -> None:
        self.said: list[tuple[str, dict[str, object]]] = []
        self.reports: list[tuple[ActivityReport, dict[str, Any]]] = []

    def record(self, message_id: str, /, **params: object) -> None:
        self.said.append((message_id, params))

    def publish(self, report: ActivityReport, config: IntegrationConnectorConfig, **context: Any) -> None:
        self.reports.append((report, context))

    def ids(self) -> list[str]:
        return [message_id.removeprefix("INTEGRATION-DAEMON-SERVICES-") for message_id, _ in self.said]


class Topics:
    """Where an inbox asks for records; `offer` is what a feed does."""

    def __init__(self) -> None:
        self.inboxes: dict[Source, Inbox] = {}
        self.asked: list[Positions | None] = []
        self.records: dict[Source, list[Record]] = {}

    def attach(self, inbox: Inbox, source: Source, position: Positions | None) -> None:
        self.inboxes[source] = inbox
        self.asked.append(position)
        waiting = self.records.get(source, [])
        start = (position or {}).get(0, len(waiting))
        if again := [record for record in waiting if record.offset >= start]:
            inbox.offer(source, again, {0: again[-1].offset + 1})

    def detach(self, inbox: Inbox, source: Source) -> None:
        del self.inboxes[source]

    def reached(self, source: Source) -> Positions:
        return {0: len(self.records.get(source, []))}

    def offer(self, *records: Record) -> None:
        for record in records:
            self.records.setdefault(record.source, []).append(record)
            inbox = self.inboxes.get(record.source)
            if inbox is not None:
                assert inbox.offer(record.source, [record], {0: record.offset + 1})


class Lane:
    """A lane around a connector, in a loop that the test runs; `tick` is the daemon's timer."""

    def __init__(
        self,
        connector: IntegrationConnector | None = None,
        *,
        load: Callable[[str], Connector] | None = None,
        client: MetadataClient | None = None,
        partner: Partner = PARTNER,
        stored: Mapping[str, Positions] | None = None,
        monotonic: Callable[[], float] = time.monotonic,
        **config: Any,
    ) -> None:
        self.connector: Any = connector if connector is not None else Recorder()
        self.journal = Journal()
        self.topics = Topics()
        self.letters: list[tuple[int, str, int]] = []
        self.metrics = DaemonMetrics()
        self.changes = 0
        self.monotonic = monotonic
        client = client or nobodys_client()
        around = Surroundings(
            daemon="d",
            worker="w",
            partner=partner,
            client=client,
            broker=ConnectorBroker(load or (lambda provider: self.connector)),
            clock=lambda: int(time.time() * 1000),
            monotonic=monotonic,
            audit=self.journal,
            reports=self.journal,
            max_page_size=500,
            decoder=OutEventDecoder(client),
            bury=self._bury,
            metrics=self.metrics,
            call_timeout=60.0,
            retry_deadline=10.0,
        )
        self.inbox = Inbox(self.topics, stored)
        self.lane = ConnectorLane(config_of(**config), GENERIC, around, self.inbox)
        self.lane.on_change = self._changed

    def tick(self) -> None:
        self.lane.tick(int(time.time() * 1000), self.monotonic())

    async def run(self) -> None:
        """Up to the end of the first pass."""
        await self.lane.open()
        await self.one_pass()

    async def restarted(self) -> None:
        """Restarts it; up to the end of the first pass of its new life."""
        command_id = f"restart-{uuid4()}"
        self.lane.request_restart(command_id)
        await self.until(lambda: self.lane.handled.get("restart") == command_id)
        await self.one_pass()

    async def one_pass(self) -> None:
        before = self.passes
        await self.until(lambda: self.passes > before or self.skipped(), tick=True)

    def skipped(self) -> bool:
        return self.status in ("FAILED", "CONFIG_FAILED", "INITIALIZE_FAILED") and "lastRefreshTime" in self.report

    async def until(self, condition: Callable[[], Any], *, within: float = 60.0, tick: bool = False) -> None:
        async with asyncio.timeout(within):
            while not condition():
                if tick:
                    self.tick()
                await asyncio.sleep(0.01)

    @property
    def report(self) -> dict[str, Any]:
        return self.lane.snapshot()

    @property
    def status(self) -> str:
        return str(self.report["connectorStatus"])

    @property
    def passes(self) -> int:
        return int(self.report["statistics"]["passes"])

    @property
    def failure(self) -> str:
        return str(self.report.get("failingExceptionMessage", ""))

    @property
    def deliveries(self) -> Deliveries:
        return self.lane._deliveries

    @property
    def heard(self) -> list[str]:
        return [event["instanceEventSection"]["instanceGUID"] for event in self.connector.heard]

    async def _bury(self, record: Record, error: Exception, attempts: int) -> None:
        self.letters.append((record.offset, str(error), attempts))

    def _changed(self, lane: ConnectorLane) -> None:
        assert lane is self.lane
        self.changes += 1


def event_of(number: int, kind: str = "NEW_ENTITY_EVENT", type_guid: str = "") -> dict[str, Any]:
    return {
        "class": "OMRSEventV1",
        "instanceEventSection": {"eventType": kind, "typeDefGUID": type_guid, "instanceGUID": str(number)},
    }


class Failing(IntegrationConnector):
    """Never succeeds; loaded by name in a daemon process."""

    def refresh(self) -> None:
        raise ValueError("always")


class Scribe(IntegrationConnector):
    """Hears of terms, and writes each guid to the file `endpoint.networkAddress`, a line each; from the eighth on it
    waits while there is a file `hold` beside that one, or until it is to stop."""

    def start(self) -> None:
        self.context.register_listener(self._hear, types=["GlossaryTerm"], kinds=["NEW_ENTITY_EVENT"])

    def _hear(self, event: dict[str, Any]) -> None:
        file = Path(self.context.network_address)
        if len(file.read_text().split()) >= 8:
            while file.with_name("hold").exists() and not self.context.stopping.is_set():
                time.sleep(0.02)
        with file.open("a") as out:
            out.write(event["instanceEventSection"]["instanceGUID"] + "\n")


class Engaged(IntegrationConnector):
    """Blocks until it is disconnected, a given number of times."""

    def __init__(self) -> None:
        self.rounds = 0
        self.between = threading.Event()
        self.failing: Exception | None = None

    def engage(self) -> None:
        self.rounds += 1
        if self.failing is not None:
            raise self.failing
        self.between.wait(30)
        self.between.clear()

    def disconnect(self) -> None:
        self.between.set()


class Asynchronous(IntegrationConnector):
    """Everything as coroutines, and a task that goes on between the calls."""

    def __init__(self) -> None:
        self.calls: list[str] = []
        self.beats = 0
        self.heard: list[dict[str, Any]] = []

    async def initialize(self) -> None:
        await asyncio.sleep(0)
        self.calls.append("initialize")

    async def start(self) -> None:
        self.task = asyncio.create_task(self._beat())
        self.context.register_listener(self._hear)
        self.calls.append("start")

    async def refresh(self) -> None:
        await asyncio.sleep(0.01)
        self.calls.append("refresh")

    async def disconnect(self) -> None:
        self.task.cancel()
        self.calls.append("disconnect")

    async def _hear(self, event: dict[str, Any]) -> None:
        await asyncio.sleep(0)
        self.heard.append(event)

    async def _beat(self) -> None:
        while True:
            self.beats += 1
            await asyncio.sleep(0.01)


class Isolated(IntegrationConnector):
    """Does what its configuration property `does` says, in a process of its own."""

    def start(self) -> None:
        self.context.register_listener(self._hear, types=["GlossaryTerm"])

    def refresh(self) -> None:
        self.context.report.count("pid", os.getpid())
        does = str(self.context.configuration_properties.get("does", "nothing"))
        if does == "create":
            self.context.create_entity("GlossaryTerm", {"qualifiedName": self.context.network_address})
        elif does == "raise":
            raise ValueError("broken")
        elif does == "exit":
            os._exit(3)
        elif does == "leak":
            self.kept = [bytearray(b"x" * (1 << 20)) for _ in range(400)]
            time.sleep(3_600)  # until somebody looks at it
        elif does == "spin":
            while True:
                pass
        elif does == "print":
            (Path(self.context.network_address)).write_text(str(os.getpid()))

    def _hear(self, event: dict[str, Any]) -> None:
        guid = event["instanceEventSection"]["instanceGUID"]
        if guid == "guid-1":
            raise KeyError(guid)
        with Path(self.context.network_address).open("a") as out:
            out.write(f"{os.getpid()} {guid}\n")

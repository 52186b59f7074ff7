"""One connector inside the daemon's event loop: its thread, its passes, its events in order."""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from omrs_connectors.runtime.handler import ConnectorHandler
from omrs_connectors.runtime.metrics import DaemonMetrics
from omrs_connectors.runtime.status import ConnectorStatus
from omrs_schemas.errors import CodecError, OmrsError
from omrs_streams.client.decoder import OutEventDecoder

log = logging.getLogger(__name__)

SETTLE_POLL = 0.1  # seconds between looks at whether a starting connector can hear events yet
FIRST_PAUSE = 0.5  # seconds before a failed delivery is tried again; doubles
LONGEST_PAUSE = 30.0
MAX_ATTEMPTS = 20  # with the pauses about 8 minutes: longer than a server restarts, shorter than an operator sleeps
STOP_TIMEOUT = 15.0  # seconds that a refresh gets to notice `context.stopping`

DeadLetter = Callable[[Any, Exception, int], Awaitable[None]]
"""Writes a message (topic, partition, offset, key, value, headers) with its error and attempts to the dead letters."""


class ConnectorLane:
    """Serializes everything that touches one connector on one thread: no two passes at once, events in order."""

    def __init__(
        self,
        handler: ConnectorHandler,
        decoder: OutEventDecoder,
        dead_letter: DeadLetter,
        metrics: DaemonMetrics,
    ) -> None:
        self.handler = handler
        self.name = handler.config.connector_name
        self._decoder = decoder
        self._dead_letter = dead_letter
        self._metrics = metrics
        self._thread = ThreadPoolExecutor(1, thread_name_prefix=f"connector-{self.name}")
        self._pass: asyncio.Task[None] | None = None
        self._restart_wanted = False
        self._refresh_wanted = False

    def tick(self, now: int) -> None:
        """Starts a pass when one is due or asked for and none is under way. `now` in epoch ms; call it every second."""
        if self.handler.stopping.is_set() or (self._pass is not None and not self._pass.done()):
            return
        if self._restart_wanted or self._refresh_wanted or self.handler.due(now):
            restart, self._restart_wanted, self._refresh_wanted = self._restart_wanted, False, False
            self._pass = asyncio.create_task(self._run_pass(restart), name=f"pass-{self.name}")

    def request_refresh(self) -> None:
        """A pass as soon as the connector is free; one under way is not doubled."""
        if not self.handler.refresh_in_progress:
            self._refresh_wanted = True

    def request_restart(self) -> None:
        """A restart, then a pass, as soon as the connector is free."""
        self._restart_wanted = True

    async def initialize(self) -> None:
        await self._run(self.handler.initialize)
        self._note_status()

    async def process(self, messages: Sequence[Any]) -> None:
        """Delivers the messages that the connector listens for; returns when all are done with or dead letters.

        Waits while the connector is still starting. Once the daemon is stopping it only ends by being cancelled: then
        the messages must be read again.
        """
        if not await self._hearing():
            self._metrics.events.labels(self.name, "not heard").inc(len(messages))
            return
        waiting: list[tuple[Any, dict[str, Any]]] = []
        for message in messages:
            event = await self._decoded(message)
            if event is not None:
                waiting.append((message, event))
        await self._deliver(waiting)

    async def stop(self) -> None:
        """Disconnects the connector; a refresh under way is told to stop and waited for, but not for ever."""
        self.handler.stopping.set()
        try:
            async with asyncio.timeout(STOP_TIMEOUT):
                if self._pass is not None:
                    await asyncio.wait([self._pass])
                await self._run(self.handler.shutdown)
        except TimeoutError:
            log.warning("connector %s did not stop within %.0f s; it is left behind", self.name, STOP_TIMEOUT)
        self._thread.shutdown(wait=False, cancel_futures=True)

    async def _run(self, call: Callable[[], None]) -> None:
        await asyncio.get_running_loop().run_in_executor(self._thread, call)

    async def _run_pass(self, restart: bool) -> None:
        started = time.monotonic()
        try:
            if restart:
                await self._run(self.handler.restart)
            await self._run(self.handler.refresh_pass)
        except Exception:
            log.exception("a pass of connector %s ended unexpectedly", self.name)
        self._metrics.passes.labels(self.name, self.handler.status.value).inc()
        self._metrics.seconds.labels(self.name).observe(time.monotonic() - started)
        self._note_status()

    def _note_status(self) -> None:
        self._metrics.status.labels(self.name).set(self.handler.status is ConnectorStatus.RUNNING)

    async def _hearing(self) -> bool:
        while self.handler.hears_events is None:
            await self._checkpoint(SETTLE_POLL)
        return bool(self.handler.hears_events)

    async def _checkpoint(self, seconds: float) -> None:
        """Sleeps; for ever when the daemon is stopping: the agent is cancelled, the messages stay unacknowledged."""
        if self.handler.stopping.is_set():
            await asyncio.get_running_loop().create_future()
        await asyncio.sleep(seconds)

    async def _decoded(self, message: Any) -> dict[str, Any] | None:
        """The event, if a listener wants it; records that cannot be decoded go to the dead letters."""
        headers = dict(_header_pairs(message.headers))
        kind, type_guid = headers.get("kind", b"").decode("utf-8", "replace"), headers.get("type-guid", b"")
        if kind and not self.handler.wants(kind, type_guid.decode("utf-8", "replace")):
            return None
        attempts, pause = 0, FIRST_PAUSE
        while True:
            attempts += 1
            try:
                event = await asyncio.to_thread(self._decoder.decode, message.value)
            except CodecError as bad:
                await self._bury(message, bad, attempts)
                return None
            except OmrsError as error:
                log.warning("events for %s wait for the server's types: %s", self.name, error)
            else:
                section = event.get("instanceEventSection") or {}
                wanted = self.handler.wants(str(section.get("eventType", "")), str(section.get("typeDefGUID", "")))
                return event if wanted else None
            await self._checkpoint(pause)
            pause = min(pause * 2, LONGEST_PAUSE)

    async def _deliver(self, waiting: list[tuple[Any, dict[str, Any]]]) -> None:
        attempts, pause = 1, FIRST_PAUSE
        while waiting:
            # A server that is away is waited for here, where no attempt is counted.
            if not await self._hearing():
                self._metrics.events.labels(self.name, "not heard").inc(len(waiting))
                return
            batch = waiting
            failed: list[tuple[int, Exception]] = []
            retried: OmrsError | None = None

            def call(
                batch: list[tuple[Any, dict[str, Any]]] = batch, failed: list[tuple[int, Exception]] = failed
            ) -> None:
                self.handler.deliver([event for _, event in batch], failed)

            try:
                await self._run(call)
                waiting = []
            except OmrsError as error:
                retried = error
                done = int(str(error.params.get("delivered", 0)))
                waiting = batch[done:]
            for index, error_of_event in failed:
                await self._bury(batch[index][0], error_of_event, attempts)
            self._metrics.events.labels(self.name, "handled").inc(len(batch) - len(waiting) - len(failed))
            if retried is None:
                return
            progress = len(waiting) < len(batch)
            attempts, pause = (1, FIRST_PAUSE) if progress else (attempts + 1, min(pause * 2, LONGEST_PAUSE))
            if attempts > MAX_ATTEMPTS:
                await self._bury(waiting[0][0], retried, attempts - 1)
                waiting = waiting[1:]
                attempts, pause = 1, FIRST_PAUSE
            else:
                log.warning("connector %s tries an event again in %.1f s: %s", self.name, pause, retried)
                await self._checkpoint(pause)

    async def _bury(self, message: Any, error: Exception, attempts: int) -> None:
        self._metrics.events.labels(self.name, "dead letter").inc()
        pause = FIRST_PAUSE
        while True:
            try:
                await self._dead_letter(message, error, attempts)
                self._metrics.dead_letters.labels(self.name).inc()
                return
            except OmrsError as refused:
                log.error("the dead letter of %s@%s waits: %s", message.topic, message.offset, refused)
                await self._checkpoint(pause)
                pause = min(pause * 2, LONGEST_PAUSE)


def _header_pairs(headers: Any) -> list[tuple[str, bytes]]:
    """Headers as pairs, whatever form the consumer keeps them in."""
    if not headers:
        return []
    pairs = headers.items() if hasattr(headers, "items") else headers
    return [(str(name), bytes(value or b"")) for name, value in pairs]

"""Runs the proxy at the worker that owns partition 0 of the server log: sessions, one after the other."""

import asyncio
import logging
import threading
import time
from dataclasses import dataclass
from typing import Any

from omrs_schemas.errors import ConfigurationError
from omrs_streams.audit import AuditLog
from omrs_streams.proxy.interfaces import ProxyContext
from omrs_streams.proxy.loading import load_repository
from omrs_streams.proxy.plan import Planner
from omrs_streams.proxy.processor import Counts, LogProcessor, Ports
from omrs_streams.proxy.stored import StoredStates
from omrs_streams.repository.local import LocalCollection
from omrs_streams.settings import ProxySettings

log = logging.getLogger(__name__)

OWNER_PARTITION = 0
FIRST_PAUSE_S = 1.0  # a database that restarts is back within seconds
LONGEST_PAUSE_S = 30.0  # one that is away for the night is asked twice a minute
STOP_S = 15.0  # a mapper that does not end by then hangs in its driver; its thread does not keep the process alive


@dataclass(slots=True)
class Session:
    """What the present or last session came to, for `/status`."""

    state: str = "elsewhere"
    since: float = 0.0
    synchronized_at: float | None = None
    error: str = ""


class ProxyRuntime:
    """`follow(mine)` starts and stops it with the ownership; construction raises ConfigurationError."""

    def __init__(
        self,
        settings: ProxySettings,
        local: LocalCollection,
        context: ProxyContext,
        ports: Ports,
        stored: StoredStates,
        audit: AuditLog,
    ) -> None:
        self.name = settings.connector
        self.stored = stored
        self._local = local
        self._ports = ports
        self._audit = audit
        try:
            self._connector = load_repository(settings.connector, context)
        except ConfigurationError as error:
            audit.record("OMRS-AUDIT-0034", connector=self.name, message=str(error))
            raise
        self.type_names = frozenset(self._connector.type_names)
        self._type_guids = [context.types.require(name=name)["guid"] for name in sorted(self.type_names)]
        self._planner = Planner(local, context.types, settings.connector)
        self._counts = Counts()
        self._session = Session()
        self._lock = asyncio.Lock()
        self._stopped = False
        self._halt = threading.Event()
        self._thread: threading.Thread | None = None
        self._processor: LogProcessor | None = None
        audit.record("OMRS-AUDIT-0023", connector=self.name)

    # ---- on the worker's loop --------------------------------------------------------------------------------------

    async def follow(self, mine: bool) -> None:
        """Run here, or not: `mine` says whether this worker owns the partition that goes with the proxy."""
        async with self._lock:
            if mine and self._thread is None and not self._stopped:
                self._halt = threading.Event()
                self._thread = threading.Thread(target=self._run, args=(self._halt,), name="omrs-proxy", daemon=True)
                self._thread.start()
            elif not mine and self._thread is not None:
                await self._stop(self._thread)
                self._thread = None

    async def stop(self) -> None:
        """End it for good: the worker stops."""
        self._stopped = True
        await self.follow(False)

    async def _stop(self, thread: threading.Thread) -> None:
        self._halt.set()
        processor = self._processor
        if processor is not None:
            processor.close()
        await asyncio.to_thread(thread.join, STOP_S)
        if thread.is_alive():
            log.error("the repository connector %s does not end; it is left behind", self.name)
        self._session.state = "elsewhere"

    def status(self) -> dict[str, Any]:
        """For the worker's status page; nothing is asked of the connector."""
        session = self._session
        return {
            "connector": self.name,
            "state": session.state,
            "since": session.since,
            "synchronized_at": session.synchronized_at,
            "appended": self._counts.appended,
            "refused": self._counts.refused,
            "error": session.error,
        }

    # ---- on the proxy's thread -------------------------------------------------------------------------------------

    def _run(self, halt: threading.Event) -> None:
        pause = FIRST_PAUSE_S
        while not halt.is_set():
            began = self._session.synchronized_at
            try:
                self._one_session(halt)
            except Exception as error:  # the boundary: whatever a connector raises, the next session may go well
                if halt.is_set():
                    return
                if self._session.synchronized_at != began:
                    pause = FIRST_PAUSE_S
                self._failed(error, pause)
            halt.wait(pause)
            pause = min(pause * 2, LONGEST_PAUSE_S)

    def _one_session(self, halt: threading.Event) -> None:
        """Listen, read everything, follow the changes until something fails or the proxy moves. Raises what failed."""
        processor = LogProcessor(
            self._ports, self._planner, self._type_guids, self.name, self._counts, self._report_refused
        )
        self._processor = processor
        if halt.is_set():
            return
        self._enter("connecting")
        mapper = self._connector.event_mapper()
        try:
            mapper.start(processor)
            self._audit.record("OMRS-AUDIT-0024", connector=self.name)
            self._enter("synchronizing")
            processor.reconcile(self._connector.snapshot())
            self._session.error = ""
            self._session.synchronized_at = time.time()
            self._enter("following")
            processor.synchronized()
            processor.wait_over()
        finally:
            processor.close()
            mapper.stop()
            self._audit.record("OMRS-AUDIT-0025", connector=self.name)
        if processor.error is not None:
            raise processor.error

    def _enter(self, state: str) -> None:
        self._session.state = state
        self._session.since = time.time()
        log.info("repository proxy %s: %s", self.name, state)

    def _failed(self, error: Exception, pause: float) -> None:
        """Reported when it is news; that it goes on is in the log and in the status."""
        said = f"{type(error).__name__}: {error}".strip()
        news = said != self._session.error
        self._session.error = said
        self._enter("waiting")
        log.log(
            logging.WARNING if news else logging.INFO,
            "repository proxy %s failed, again in %.0f s: %s",
            self.name,
            pause,
            said,
        )
        if news:
            self._audit.record("OMRS-AUDIT-0035", connector=self.name, message=said)

    def _report_refused(self, guid: str, reason: str) -> None:
        log.warning("repository proxy %s: %s is left out: %s", self.name, guid, reason)
        self._audit.record("OMRS-AUDIT-0035", connector=self.name, message=f"{guid} is left out: {reason}")

"""Recording audit messages: by id and named parameters, from any thread, without waiting for where they go."""

import logging
import threading
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from queue import Empty, SimpleQueue
from typing import Self
from uuid import uuid4

from omrs_schemas.model.audit import AuditSeverity
from omrs_streams import metrics
from omrs_streams.audit import messages_streams as own
from omrs_streams.audit.catalogue import CATALOGUE
from omrs_streams.audit.console import ConsoleSink
from omrs_streams.audit.entry import Entry, texts
from omrs_streams.audit.message import AuditMessage
from omrs_streams.audit.settings import AuditSettings
from omrs_streams.audit.severity import severities_named
from omrs_streams.audit.sinks import ListSink, Sink, TopicSink
from omrs_streams.log import names
from omrs_streams.log.producer import LogProducer

log = logging.getLogger(__name__)

QUEUED = 20_000  # messages between recording and writing: two seconds of the fastest ingest with every event recorded
PUMP_S = 0.2  # how soon answers of Kafka are looked at when nothing else happens
CLOSE_S = 3.0  # at stop: what Kafka has not taken by now is on the console only
DRAIN_S = 5.0  # for the thread to come to the end of its queue: a console behind a pipe that somebody reads slowly


@dataclass(frozen=True, slots=True)
class AuditReport:
    """What was recorded since the start: how often each id; where it went."""

    counts: Mapping[str, int]
    destinations: tuple[str, ...]
    severities: frozenset[AuditSeverity]


class _Flush:
    def __init__(self, deadline: float) -> None:
        self.deadline = deadline
        self.left = True
        self.done = threading.Event()


class AuditLog:
    """The audit log of one worker of a server.

    `record` puts a message in a queue; a thread writes it. With the settings' severities, a message of another one
    costs a look-up in a dict. Messages recorded before `open` reach the topic afterwards.
    """

    def __init__(
        self,
        server: str,
        settings: AuditSettings | None = None,
        *,
        worker: str = "",
        clock: Callable[[], float] = time.time,
        sinks: Sequence[Sink] | None = None,
        catalogue: Mapping[str, AuditMessage] = CATALOGUE,
        topic: str = "",
    ) -> None:
        """`sinks`: other destinations than console and topic; then there is no thread, `record` writes.

        `catalogue` and `topic`: those of another kind of server than a metadata server.
        """
        settings = settings or AuditSettings()
        self.server = server
        self.severities = severities_named(settings.severities)
        self._clock = clock
        self._catalogue = catalogue
        self._wanted = {each.id: each for each in catalogue.values() if each.severity in self.severities}
        self._counts: Counter[str] = Counter()
        self._counters = {severity: metrics.AUDIT.labels(severity.label) for severity in self.severities}
        self._queue: SimpleQueue[Entry | _Flush | None] = SimpleQueue()
        self._dropped = 0
        self._thread: threading.Thread | None = None
        self._topic = TopicSink(topic or names.server_audit(server), server, worker, self.record)
        if sinks is not None:
            self._sinks = list(sinks)
            return
        console: list[Sink] = [ConsoleSink(server, worker)] if settings.console else []
        self._sinks = [*console, self._topic]
        self._thread = threading.Thread(target=self._run, name="omrs-audit", daemon=True)
        self._thread.start()

    @classmethod
    def of_test(cls, server: str = "test", *severities: str) -> tuple[Self, list[Entry]]:
        """An audit log and the list its messages go to, at once and on the caller's thread; all severities if none
        is named."""
        sink = ListSink()
        return cls(server, AuditSettings(severities=severities or ("all",)), sinks=[sink]), sink.entries

    def wants(self, message_id: str) -> bool:
        """Whether this message would be written; for callers to whom its parameters are dear."""
        return message_id in self._wanted

    def record(self, message_id: str, /, **params: object) -> None:
        """Record a message; `params` fill its text. Returns at once and never raises."""
        message = self._wanted.get(message_id)
        if message is None:
            if message_id not in self._catalogue:
                self.record(own.UNKNOWN_ID, id=message_id, message=str(params))
            return
        entry = Entry(str(uuid4()), int(self._clock() * 1000), message, texts(params))
        self._counts[message_id] += 1
        self._counters[message.severity].inc()
        if self._thread is None:
            self._write(entry)
        elif self._queue.qsize() < QUEUED:
            self._queue.put(entry)
        else:
            self._dropped += 1

    def open(self, producer: LogProducer, originator: Mapping[str, str]) -> None:
        """The audit topic is there: write what has been recorded, and what follows, to it."""
        self._topic.open(producer, originator)
        self._queue.put(_Flush(0.0))

    def report(self) -> AuditReport:
        return AuditReport(dict(self._counts), tuple(sink.name for sink in self._sinks), self.severities)

    @property
    def destinations(self) -> tuple[str, ...]:
        """Where messages go, as people call it."""
        return tuple(sink.name for sink in self._sinks)

    def flush(self, timeout: float = CLOSE_S) -> bool:
        """Wait until everything recorded so far is where it should be; False if that takes longer than `timeout`."""
        if self._thread is None:
            return True
        request = _Flush(time.monotonic() + timeout)
        self._queue.put(request)
        return request.done.wait(timeout + DRAIN_S) and not request.left

    def close(self) -> None:
        """Write what is queued, wait no longer for Kafka, end the thread. Later messages are not written."""
        if self._thread is not None:
            self.flush(0.0)
            self._queue.put(None)
            self._thread.join(PUMP_S)

    # ---- the thread ------------------------------------------------------------------------------------------------

    def _run(self) -> None:
        left = False
        while True:
            try:
                found = self._queue.get(timeout=PUMP_S if left else None)
            except Empty:
                left = self._pump()
                continue
            if found is None:
                return
            if isinstance(found, _Flush):
                while (left := self._pump()) and time.monotonic() < found.deadline:
                    time.sleep(0.01)
                found.left = left
                found.done.set()
            else:
                self._write(found)
                left = True
            if self._dropped:
                dropped, self._dropped = self._dropped, 0
                self.record(own.DROPPED, count=dropped, destination="the audit log")

    def _write(self, entry: Entry) -> None:
        for sink in self._sinks:
            try:
                sink.write(entry)
            except Exception:  # the thread's boundary: one bad message must not be the end of the audit log
                log.exception("audit message %s cannot be written to %s", entry.message.id, sink.name)

    def _pump(self) -> bool:
        left = False
        for sink in self._sinks:
            left = sink.pump() or left
        return left

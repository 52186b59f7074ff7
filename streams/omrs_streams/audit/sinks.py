"""Where messages go beside the console: the audit topic, or a list for tests."""

import logging
import time
from collections import deque
from collections.abc import Callable, Mapping
from functools import partial
from queue import Empty, SimpleQueue
from typing import Protocol

from confluent_kafka import KafkaError, KafkaException

from omrs_schemas.codec.audit import encode_audit
from omrs_schemas.errors import OmrsError
from omrs_streams.audit import messages_streams as own
from omrs_streams.audit.entry import Entry, record_bean
from omrs_streams.log.producer import LogProducer, Outgoing

log = logging.getLogger(__name__)

LIMIT = 10_000  # messages kept while Kafka is away: some MB, and more than a server says in a quiet month
IN_FLIGHT = 1_000  # of the producer's queue, which commands share, this little may be ours
PROBE_S = 5.0  # how often a topic that takes nothing is tried again

Notify = Callable[..., None]
"""`AuditLog.record`"""


class Sink(Protocol):
    """Called by one thread. `name` is the destination as people call it."""

    name: str

    def write(self, entry: Entry) -> None:
        """Take one message."""

    def pump(self) -> bool:
        """Go on with what could not be done at once; whether something is left."""


class ListSink:
    """Keeps what it is given, for tests."""

    name = "list"

    def __init__(self) -> None:
        self.entries: list[Entry] = []

    def write(self, entry: Entry) -> None:
        self.entries.append(entry)

    def pump(self) -> bool:
        return False


class TopicSink:
    """Produces to the audit topic without waiting.

    Messages are kept until Kafka has them: before `open`, and while it is away; `LIMIT` of them, further ones are
    counted and reported. What was on its way when Kafka went may be there twice; `guid` tells.
    """

    def __init__(self, topic: str, server: str, worker: str, notify: Notify, *, limit: int = LIMIT) -> None:
        self.name = f"topic {topic}"
        self._topic = topic
        self._worker = worker
        self._notify = notify
        self._limit = limit
        self._originator: Mapping[str, str] = {"serverName": server}
        self._producer: LogProducer | None = None
        self._waiting: deque[Entry] = deque()
        self._sent: dict[int, Entry] = {}
        self._answers: SimpleQueue[tuple[int, KafkaError | None]] = SimpleQueue()
        self._number = 0
        self._dropped = 0
        self._away = False
        self._probe_at = 0.0

    def open(self, producer: LogProducer, originator: Mapping[str, str]) -> None:
        """From any thread, once: the topic is there, begin to write. `originator` as on the wire."""
        self._originator = originator
        self._producer = producer

    def write(self, entry: Entry) -> None:
        if len(self._waiting) + len(self._sent) >= self._limit:
            self._dropped += 1
            return
        self._waiting.append(entry)
        self.pump()

    def pump(self) -> bool:
        self._take_answers()
        if self._producer is not None:
            self._send(self._producer)
        return bool(self._waiting or self._sent)

    def _send(self, producer: LogProducer) -> None:
        allowed = IN_FLIGHT
        if self._away:
            allowed = 1 if time.monotonic() >= self._probe_at else 0
        while self._waiting and len(self._sent) < allowed:
            entry = self._waiting[0]
            self._number += 1
            try:
                value = encode_audit(record_bean(entry, self._originator, self._worker))
                record: Outgoing = (self._topic, 0, entry.message.id.encode(), value, [])
                if not producer.try_send(record, partial(self._answered, self._number)):
                    return
            except (OmrsError, KafkaException) as error:
                log.error("audit message %s cannot be written: %s", entry.message.id, error)
                self._waiting.popleft()
                continue
            self._sent[self._number] = self._waiting.popleft()

    def _answered(self, number: int, error: KafkaError | None) -> None:
        """On the producer's thread."""
        self._answers.put((number, error))

    def _take_answers(self) -> None:
        failed: list[Entry] = []
        while True:
            try:
                number, error = self._answers.get_nowait()
            except Empty:
                break
            entry = self._sent.pop(number)
            if error is None:
                self._delivered()
            else:
                failed.append(entry)
                self._failed(error)
        self._waiting.extendleft(reversed(failed))

    def _failed(self, error: KafkaError) -> None:
        self._probe_at = time.monotonic() + PROBE_S
        if not self._away:
            self._away = True
            self._notify(own.AWAY, topic=self._topic, message=error.str(), count=self._limit)

    def _delivered(self) -> None:
        if self._away:
            self._away = False
            self._notify(own.BACK, topic=self._topic, count=len(self._waiting) + 1)
        if self._dropped and len(self._waiting) < self._limit // 2:
            dropped, self._dropped = self._dropped, 0
            self._notify(own.DROPPED, count=dropped, destination=self.name)

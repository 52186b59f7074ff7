"""Appending in batches: one future per batch, never one await per record (DESIGN.md, "Live path and replay")."""

import asyncio
import logging
import threading
from collections.abc import Callable, Sequence
from typing import Any

from confluent_kafka import KafkaError, Message, Producer

from omrs_schemas.codes import Code
from omrs_schemas.errors import InvalidParameterError, OmrsError, ProduceError
from omrs_streams.log.kafka import MAX_RECORD_BYTES, MAX_VALUE_BYTES
from omrs_streams.log.record import Headers

log = logging.getLogger(__name__)

FLUSH_TIMEOUT_S = 10.0  # at stop: what is not acknowledged by now is reported, not waited for

Outgoing = tuple[str, int, bytes | None, bytes | None, Headers]
"""topic, partition (-1: by key), key, value, headers"""


def too_large(topic: str, size: int) -> InvalidParameterError:
    """A record that no topic takes; it would fail again and again."""
    return InvalidParameterError(
        f"a record of {size} bytes does not fit in {topic}, which takes {MAX_VALUE_BYTES} bytes",
        code=Code.MALFORMED_REQUEST,
        help="keep large content elsewhere and store its URL",
        topic=topic,
        size=size,
    )


class _Batch:
    """Counts acknowledgements; resolves once, with the offset of each record in the order given."""

    __slots__ = ("_failed", "_left", "_notify", "offsets")

    def __init__(self, size: int, notify: "Any") -> None:
        self.offsets = [-1] * size
        self._left = size
        self._failed: KafkaError | None = None
        self._notify = notify

    def delivered(self, index: int, error: KafkaError | None, message: Message) -> None:
        if error is not None:
            self._failed = self._failed or error
        else:
            self.offsets[index] = message.offset() or 0
        self._left -= 1
        if self._left == 0:
            self._notify(self._failed)


class LogProducer:
    """A thread-safe idempotent producer; its callbacks run on a thread of its own.

    `send_batch` is for asyncio code, `send_and_wait` for threads. Both raise ProduceError (retriable) naming topic and
    reason; a record that timed out may still be in the log, so a writer that needs to know looks for its event id.
    """

    def __init__(self, conf: dict[str, Any]) -> None:
        self._producer = Producer(conf)
        self._closed = threading.Event()
        self._thread = threading.Thread(target=self._poll, name="omrs-producer", daemon=True)
        self._thread.start()

    def _poll(self) -> None:
        while not self._closed.is_set():
            self._producer.poll(0.1)

    async def send_batch(self, records: Sequence[Outgoing]) -> list[int]:
        """Produce `records` in order; their offsets once all are acknowledged."""
        if not records:
            return []
        loop = asyncio.get_running_loop()
        future: asyncio.Future[None] = loop.create_future()

        def done(error: KafkaError | None) -> None:
            loop.call_soon_threadsafe(_resolve, future, error, records[0][0])

        batch = _Batch(len(records), done)
        for index, record in enumerate(records):
            if not self._enqueue(record, batch, index):
                await asyncio.to_thread(self._enqueue_later, record, batch, index)
        await future
        return batch.offsets

    def send_and_wait(self, records: Sequence[Outgoing], timeout: float = 30.0) -> list[int]:
        """As `send_batch`, for a thread; `timeout` in seconds."""
        if not records:
            return []
        finished = threading.Event()
        failure: list[KafkaError] = []

        def done(error: KafkaError | None) -> None:
            if error is not None:
                failure.append(error)
            finished.set()

        batch = _Batch(len(records), done)
        for index, record in enumerate(records):
            self._enqueue_later(record, batch, index)
        if not finished.wait(timeout):
            raise ProduceError(
                f"Kafka did not acknowledge records for {records[0][0]} in {timeout:.0f} s", topic=records[0][0]
            )
        if failure:
            raise _refused(failure[0], records[0][0])
        return batch.offsets

    def send_nowait(self, record: Outgoing) -> None:
        """Produce one record without waiting; a failure is retried by librdkafka and logged when it is final."""

        def done(error: KafkaError | None) -> None:
            if error is not None:
                log.error("a record for %s was lost: %s", record[0], error.str())

        batch = _Batch(1, done)
        self._enqueue_later(record, batch, 0)

    def try_send(self, record: Outgoing, done: Callable[[KafkaError | None], None]) -> bool:
        """Produce one record if there is room in the local queue; False if not. `done` is called on the producer's
        thread, with the error where it was refused."""
        return self._enqueue(record, _Batch(1, done), 0)

    def _enqueue_later(self, record: Outgoing, batch: _Batch, index: int) -> None:
        """Enqueue, waiting while the local queue is full: the poll thread drains it."""
        while not self._enqueue(record, batch, index):
            self._closed.wait(0.01)

    def _enqueue(self, record: Outgoing, batch: _Batch, index: int) -> bool:
        topic, partition, key, value, given = record
        if value is not None and len(value) > MAX_VALUE_BYTES:
            raise too_large(topic, len(value))
        headers: Any = given
        try:
            self._producer.produce(
                topic,
                value,
                key,
                partition,
                lambda error, message: batch.delivered(index, error, message),
                headers=headers,
            )
        except BufferError:
            return False
        return True

    def flush(self, timeout: float = FLUSH_TIMEOUT_S) -> int:
        """Wait for what is under way; the number of records still unacknowledged."""
        return int(self._producer.flush(timeout))

    def close(self) -> None:
        self.flush()
        self._closed.set()
        self._thread.join(timeout=1.0)


def _resolve(future: "asyncio.Future[None]", error: KafkaError | None, topic: str) -> None:
    if future.done():
        return
    if error is None:
        future.set_result(None)
    else:
        future.set_exception(_refused(error, topic))


def _refused(error: KafkaError, topic: str) -> OmrsError:
    if error.code() == KafkaError.MSG_SIZE_TOO_LARGE:
        # Others may have created the topic, with less room than ours; it would fail again and again.
        return InvalidParameterError(
            f"a record is larger than {topic} takes",
            code=Code.MALFORMED_REQUEST,
            help=f"raise max.message.bytes of the topic to {MAX_RECORD_BYTES}",
            topic=topic,
        )
    return ProduceError(f"records for {topic} were refused: {error.str()}", topic=topic)

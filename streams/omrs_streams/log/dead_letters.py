"""Dead letters: a record that cannot be processed goes to `<consumer>.dlq` with its reason; the partition goes on."""

import logging
import traceback
from collections.abc import Callable, Sequence
from typing import Any

from omrs_schemas.errors import CodecError, OmrsError, PoisonRecordError
from omrs_streams import metrics
from omrs_streams.log.kafka import MAX_VALUE_BYTES
from omrs_streams.log.names import dead_letters
from omrs_streams.log.producer import LogProducer, Outgoing

log = logging.getLogger(__name__)

TRUNCATED = 65_536  # bytes that are kept of a value that does not fit: enough to see what it is
STACK_LIMIT = 4_000  # characters of the stack that are kept; a header is meant to be read by a person


def dead_letter(
    consumer: str,
    topic: str,
    partition: int,
    offset: int,
    key: bytes | None,
    value: bytes | None,
    headers: Sequence[tuple[str, bytes]] | None,
    error: BaseException,
    *,
    attempts: int = 1,
) -> Outgoing:
    """The dead letter of one record: its key, value and headers as they were, and why it could not be processed.

    Added headers: `dlq-reason`, `dlq-error`, `dlq-topic`, `dlq-partition`, `dlq-offset`, `dlq-attempts`, `dlq-stack`,
    and `dlq-truncated` (the size in bytes) where the value was too large to be kept whole.
    """
    code = error.code if isinstance(error, OmrsError) else type(error).__name__
    stack = "".join(traceback.format_exception(error))[-STACK_LIMIT:]
    kept = [(name, data) for name, data in headers or () if not name.startswith("dlq-")]
    if value is not None and len(value) > MAX_VALUE_BYTES:
        kept.append(("dlq-truncated", str(len(value)).encode()))
        value = value[:TRUNCATED]
    return (
        dead_letters(consumer),
        -1,
        key,
        value,
        [
            *kept,
            ("dlq-reason", str(error).encode()),
            ("dlq-error", code.encode()),
            ("dlq-topic", topic.encode()),
            ("dlq-partition", str(partition).encode()),
            ("dlq-offset", str(offset).encode()),
            ("dlq-attempts", str(attempts).encode()),
            ("dlq-stack", stack.encode()),
        ],
    )


class DeadLetters:
    """The dead letters of one consumer group: each is logged, counted and sent; nobody waits for it.

    The record itself stays where it was: the topics that can hold poison are kept for ever.
    """

    def __init__(self, consumer: str, producer: LogProducer, audit: Callable[..., None] | None = None) -> None:
        """`audit` is `AuditLog.record`."""
        self._consumer = consumer
        self._producer = producer
        self._audit = audit

    def bury(self, message: Any, error: BaseException) -> None:
        """A consumed message: an object with topic, partition, offset, key, value and headers."""
        m = message
        self.bury_record(m.topic, m.partition, m.offset, m.key, m.value, m.headers, error)

    def bury_record(
        self,
        topic: str,
        partition: int,
        offset: int,
        key: bytes | None,
        value: bytes | None,
        headers: Sequence[tuple[str, bytes]] | None,
        error: BaseException,
    ) -> None:
        log.error("dead letter from %s[%d]@%d: %s", topic, partition, offset, error)
        metrics.DEAD_LETTERS.labels(topic).inc()
        if self._audit is not None:
            unreadable = isinstance(error, CodecError | PoisonRecordError)
            self._audit(
                "OMRS-AUDIT-0100" if unreadable else "OMRS-AUDIT-0101",
                topic=topic,
                partition=partition,
                offset=offset,
                message=error,
            )
        self._producer.send_nowait(dead_letter(self._consumer, topic, partition, offset, key, value, headers, error))

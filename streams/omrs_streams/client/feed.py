"""The Kafka side of reading an out topic: where to begin, records that are none, what has been dealt with."""

import logging
import uuid
from collections import deque
from collections.abc import Callable
from datetime import datetime
from typing import Any, Literal, NamedTuple

from confluent_kafka import Consumer, KafkaError, KafkaException, Message, TopicPartition

from omrs_schemas.errors import CodecError, InvalidParameterError, LogError
from omrs_streams.client.brokers import LIBRDKAFKA, Troubles, topic_at
from omrs_streams.client.calls import Moment, moment_ms
from omrs_streams.client.decoder import OutEventDecoder
from omrs_streams.client.selection import OutEvent, Selection, out_event
from omrs_streams.log.consumer import REQUEST_S, ends_of, take
from omrs_streams.log.kafka import KafkaSettings
from omrs_streams.log.names import check_name, server_out

log = logging.getLogger(__name__)

BATCH = 500  # messages per fetch from librdkafka's queue: amortises the call
POLL_S = 0.2  # between looks at whether to stop while nothing arrives
COMMIT_MS = 1_000  # how much a killed reader reads again, in time
SESSION_MS = 10_000  # how long the partitions of a killed reader wait for another one; as with our workers

Start = Literal["now", "beginning"] | Moment
"""Where a reader begins that has not read before: what comes next, the oldest event kept, or those since a time."""

BadRecord = Callable[[Message, CodecError], None]

_PASSING = frozenset(
    {
        KafkaError._PARTITION_EOF,
        KafkaError._TRANSPORT,
        KafkaError._ALL_BROKERS_DOWN,
        KafkaError._TIMED_OUT,
        KafkaError._MAX_POLL_EXCEEDED,  # the loop body took minutes: the group goes on, what it had is read again
        KafkaError.UNKNOWN_TOPIC_OR_PART,  # a topic that is not there yet appears when the server starts
    }
)
"""Errors after which librdkafka goes on by itself."""


class Delivery(NamedTuple):
    """A record that was read. `event` is None where it is not for this subscriber, or no event."""

    event: OutEvent | None
    partition: int
    offset: int


class Feed:
    """Reads one out topic; for one thread at a time.

    With a `group` the position is kept in Kafka: what was `done` is committed within a second, and when it is closed.
    """

    def __init__(
        self,
        kafka: KafkaSettings | str | None,
        server: str,
        group: str | None,
        decoder: OutEventDecoder,
        *,
        selection: Selection | None = None,
        start: Start = "beginning",
        on_bad_record: BadRecord | None = None,
    ) -> None:
        self.topic = server_out(check_name("server", server))
        self.skipped = 0
        _check(group, start)
        self._troubles = Troubles(self.topic)
        self._settings = kafka if isinstance(kafka, KafkaSettings) else KafkaSettings(bootstrap_servers=kafka or "")
        self._group = group
        self._decoder = decoder
        self._selection = selection or Selection()
        self._start = start
        self._on_bad_record = on_bad_record or self._log_bad_record
        self._consumer: Consumer | None = None
        self._waiting: deque[Message] = deque()

    def open(self, *, must_exist: bool = True) -> None:
        """Join the group, or take every partition. Idempotent.

        Raises ConfigurationError, LogError; TypeDefNotKnownError for a type that the selection names.
        """
        if self._consumer is not None:
            return
        self._selection.start(self._decoder)
        settings = self._settings.resolved()
        conf = settings.librdkafka(
            group_id=self._group or f"omrs.reader.{uuid.uuid4()}",
            auto_offset_reset="earliest",
            enable_auto_commit=self._group is not None,
            auto_commit_interval_ms=COMMIT_MS,
            session_timeout_ms=SESSION_MS,
            enable_auto_offset_store=False,
            allow_auto_create_topics=False,
        )
        consumer = Consumer({**conf, "error_cb": self._troubles}, logger=LIBRDKAFKA)
        try:
            self._begin(consumer, settings.bootstrap_servers, must_exist)
        except BaseException:
            consumer.close()
            raise
        self._consumer = consumer
        self._troubles.aloud = True

    def _begin(self, consumer: Consumer, bootstrap_servers: str, must_exist: bool) -> None:
        if self._group is not None and self._start == "beginning" and not must_exist:
            consumer.subscribe([self.topic])
            return
        found = topic_at(consumer, self.topic, bootstrap_servers, self._troubles)
        if found.error is not None:
            raise self._unreadable(found.error)
        starts = {number: self._first(consumer, number) for number in sorted(found.partitions)}
        if self._group is None:
            consumer.assign([TopicPartition(self.topic, number, offset) for number, offset in starts.items()])
        else:
            consumer.subscribe([self.topic], on_assign=lambda owner, given: self._assigned(owner, given, starts))

    def _assigned(self, consumer: Consumer, given: list[TopicPartition], starts: dict[int, int]) -> None:
        """Partitions that the group has not read before begin where we said, and stay there if we are killed."""
        committed = consumer.committed(given, timeout=REQUEST_S)
        new = [TopicPartition(self.topic, tp.partition, starts[tp.partition]) for tp in committed if tp.offset < 0]
        consumer.assign([*(tp for tp in committed if tp.offset >= 0), *new])
        if new:
            consumer.commit(offsets=new, asynchronous=False)

    def _first(self, consumer: Consumer, number: int) -> int:
        oldest, following = ends_of(consumer, self.topic, number)
        if self._start == "beginning":
            return oldest
        if self._start == "now":
            return following
        when = TopicPartition(self.topic, number, moment_ms(self._start))
        try:
            [found] = consumer.offsets_for_times([when], timeout=REQUEST_S)
        except KafkaException as error:
            raise self._unreadable(error.args[0]) from error
        return found.offset if found.offset >= 0 else following

    def batch(self, wait: float = POLL_S) -> list[Delivery]:
        """What has come, in order; waits for it `wait` seconds. To be called when all of the last batch is done.

        Raises LogError when Kafka refuses; NotReadyError when the server is asked for types and does not answer. Then
        nothing is lost: the next call goes on with the same record.
        """
        self.open()
        if self._consumer is None:
            raise AssertionError("open leaves a consumer")
        if not self._waiting:
            self._waiting.extend(take(self._consumer, BATCH, wait))
        read: list[Delivery] = []
        while self._waiting:
            message = self._waiting[0]
            try:
                delivery = self._read(message)
            except Exception as failure:
                if read:
                    break  # it will come again, with nothing before it
                if isinstance(failure, LogError):
                    self._waiting.popleft()
                raise
            self._waiting.popleft()
            if delivery is not None:
                read.append(delivery)
        return read

    def _read(self, message: Message) -> Delivery | None:
        error = message.error()
        if error is not None:
            if error.code() in _PASSING or error.retriable():
                return None
            raise self._unreadable(error)
        self._troubles.over()
        event: OutEvent | None = None
        named = dict(message.headers() or ())
        headers = {name: value for name, value in named.items() if isinstance(value, bytes)}
        try:
            if self._selection.passes(message.key(), headers, self._decoder):
                event = out_event(message, headers, self._decoder.decode(message.value()))
        except (CodecError, ValueError) as bad:
            self.skipped += 1
            self._on_bad_record(message, bad if isinstance(bad, CodecError) else CodecError(f"a header: {bad}"))
        return Delivery(event, message.partition() or 0, message.offset() or 0)

    def done(self, delivery: Delivery) -> None:
        """The subscriber has dealt with it, and with what came before it in its partition."""
        if self._group is None or self._consumer is None:
            return
        try:
            following = TopicPartition(self.topic, delivery.partition, delivery.offset + 1)
            self._consumer.store_offsets(offsets=[following])
        except KafkaException as refused:
            # A rebalance took the partition: its new owner reads this again, which at-least-once allows.
            log.debug("%s[%d] is another reader's now: %s", self.topic, delivery.partition, refused)

    def commit(self) -> None:
        """Tell Kafka now what is done."""
        if self._group is None or self._consumer is None:
            return
        try:
            self._consumer.commit(asynchronous=False)
        except KafkaException as refused:
            if refused.args[0].code() != KafkaError._NO_OFFSET:
                log.warning("offsets of %s were not committed: %s", self.topic, refused)

    def close(self) -> None:
        """Commit what is done and leave the group; what was not done is read again by the next reader."""
        if self._consumer is not None:
            self._consumer.close()
            self._consumer = None

    def _unreadable(self, error: KafkaError) -> LogError:
        unknown = error.code() == KafkaError.UNKNOWN_TOPIC_OR_PART
        return LogError(
            f"topic {self.topic} cannot be read: {error}",
            help="is this the server's name, and has it been started?" if unknown else "see `omrs status`",
            topic=self.topic,
        )

    def _log_bad_record(self, message: Message, bad: CodecError) -> None:
        log.warning("skipped %s[%s]@%s: %s", message.topic(), message.partition(), message.offset(), bad)


def _check(group: str | None, start: Any) -> None:
    """InvalidParameterError for a group that would take records away from a server, or a beginning that is none."""
    if group is not None and (not group or group.startswith("omrs.")):
        raise InvalidParameterError(
            f"{group!r} is no group for a subscriber",
            help="groups that begin with `omrs.` are those of workers and daemons: take a name of your own",
            parameter="group",
        )
    if start not in ("now", "beginning") and (isinstance(start, bool) or not isinstance(start, int | datetime)):
        raise InvalidParameterError(
            f"a subscription cannot begin at {start!r}",
            help="from_ is 'now', 'beginning', epoch milliseconds or a datetime",
            parameter="from_",
        )

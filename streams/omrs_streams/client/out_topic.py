"""Reading a server's out topic: everything that becomes visible there, as event beans."""

import logging
from collections.abc import Callable, Iterator
from typing import Self

from confluent_kafka import Consumer, KafkaError, KafkaException, Message

from omrs_schemas.codec import EventCodec
from omrs_schemas.errors import CodecError, LogError
from omrs_schemas.typedefs.system import TypeSystem
from omrs_streams.client.wire import Bean
from omrs_streams.log.consumer import take
from omrs_streams.log.kafka import KafkaSettings
from omrs_streams.log.names import check_name, server_out

log = logging.getLogger(__name__)

BATCH = 500  # messages per fetch from librdkafka's queue: amortises the call, bounds what a crash reads again
POLL = 0.2  # seconds between looks at the deadline while nothing arrives

BadRecord = Callable[[Message, CodecError], None]


class OutTopicReader:
    """Iterates over the events of `omrs.server.<server>.out` as a member of consumer group `group`.

    At least once: the group's offsets are committed after the loop body has finished with an event's batch. A new group
    begins at the oldest event kept. A record that is no event is handed to `on_bad_record` (logged by default) and
    skipped. `types` are the server's (`MetadataClient.types`); `kafka`: bootstrap servers, or settings.

        with OutTopicReader("127.0.0.1:9092", "cocoMDS1", "my-program", client.types) as reader:
            for event in reader:
                print(event["instanceEventSection"]["eventType"])
    """

    def __init__(
        self,
        kafka: KafkaSettings | str,
        server: str,
        group: str,
        types: TypeSystem,
        *,
        on_bad_record: BadRecord | None = None,
    ) -> None:
        self.topic = server_out(check_name("server", server))
        self.skipped = 0
        self._codec = EventCodec(types)
        self._on_bad_record = on_bad_record or self._log_bad_record
        settings = KafkaSettings(bootstrap_servers=kafka) if isinstance(kafka, str) else kafka.resolved()
        self._consumer = Consumer(
            settings.librdkafka(
                group_id=group,
                auto_offset_reset="earliest",
                enable_auto_commit=False,
                allow_auto_create_topics=False,
            )
        )
        self._consumer.subscribe([self.topic])

    def __iter__(self) -> Iterator[Bean]:
        return self.events()

    def events(self, *, idle: float | None = None) -> Iterator[Bean]:
        """Events as they come; ends after `idle` seconds without one (never, if None). LogError when Kafka refuses."""
        quiet = 0.0
        while idle is None or quiet < idle:
            wait = POLL if idle is None else min(POLL, idle)
            messages = take(self._consumer, BATCH, wait)
            if not messages:
                quiet += wait
                continue
            quiet = 0.0
            good = [message for message in messages if self._usable(message)]
            for message in good:
                event = self._decode(message)
                if event is not None:
                    yield event
            if good:
                self._commit()

    def close(self) -> None:
        """Leaves the group; what was not committed is read again by the next member."""
        self._consumer.close()

    def _commit(self) -> None:
        try:
            self._consumer.commit(asynchronous=False)
        except KafkaException as refused:
            # A rebalance took the partitions: their new owner reads this batch again, which at-least-once allows.
            log.warning("offsets of %s were not committed: %s", self.topic, refused)

    def _usable(self, message: Message) -> bool:
        error = message.error()
        if error is None:
            return True
        # An out topic that is not there yet appears when the server starts; anything else would repeat for ever.
        if error.code() in (KafkaError._PARTITION_EOF, KafkaError.UNKNOWN_TOPIC_OR_PART) or error.retriable():
            return False
        raise LogError(f"topic {self.topic} cannot be read: {error}", topic=self.topic)

    def _decode(self, message: Message) -> Bean | None:
        try:
            return self._codec.decode(message.value() or b"")
        except CodecError as bad:
            self.skipped += 1
            self._on_bad_record(message, bad)
            return None

    def _log_bad_record(self, message: Message, bad: CodecError) -> None:
        log.warning("skipped %s[%s]@%s: %s", message.topic(), message.partition(), message.offset(), bad)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

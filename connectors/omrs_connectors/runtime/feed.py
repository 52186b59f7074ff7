"""Reads the topics that connectors of this worker listen to and offers the records to their inboxes.

A topic is read once for all its listeners, by a thread with a consumer of its own that belongs to no group: positions
are the connectors', not the worker's. A connector that cannot keep up leaves that reader and reads the topic by itself
until it has caught up; the others go on.
"""

import asyncio
import contextlib
import logging
import threading
from collections import deque
from collections.abc import Awaitable, Callable, Mapping, Sequence
from concurrent.futures import CancelledError, Future
from typing import Any

from confluent_kafka import Consumer, KafkaError, KafkaException, Message, TopicPartition

from omrs_connectors.runtime.inbox import Inbox, Positions, Record
from omrs_connectors.sdk.listener import Source
from omrs_schemas.errors import LogError
from omrs_streams.log.consumer import ends_of, take
from omrs_streams.log.kafka import KafkaSettings
from omrs_streams.log.names import daemon_lineage

log = logging.getLogger(__name__)

BATCH = 500  # records per hand-over to the event loop: amortises it and bounds what one step of the loop costs
POLL_S = 0.25  # how soon a reader sees that it is to stop
MISSING_S = 1.0  # between looks for a topic that is not there yet, or a broker that does not answer
RECENT = 2_000  # records kept in memory, some 3 MB: a connector that starts to listen finds its position among them

Sink = Callable[[list[Record], Positions], Awaitable[None]]
"""Takes records and the next offset of each partition they are of."""


class SourceReader:
    """Reads every partition of one topic from given offsets, on a thread, and awaits `sink` for each batch."""

    def __init__(
        self,
        kafka: KafkaSettings,
        topic: str,
        source: Source,
        starts: Mapping[int, int] | None,
        sink: Sink,
        *,
        newest: bool = False,
    ) -> None:
        """`starts`: first offsets; a partition without one begins with its oldest record, with `newest` behind its
        last. Offsets that the topic does not hold any more begin with the oldest that it holds."""
        self.topic = topic
        self._source = source
        self._settings = kafka
        self._starts = dict(starts or {})
        self._newest = newest
        self._sink = sink
        self._loop = asyncio.get_running_loop()
        self._stop = threading.Event()
        self.begun = asyncio.Event()  # set once nothing that comes into the topic is missed any more
        self._handing: Future[None] | None = None
        self.reached: Positions = {}
        self._thread = threading.Thread(target=self._run, name=f"feed-{topic}", daemon=True)
        self._thread.start()

    def stop(self, *, now: bool = True) -> None:
        """The thread ends within a poll. `now`: a sink that waits is cancelled."""
        self._stop.set()
        if now and self._handing is not None:
            self._handing.cancel()

    def _run(self) -> None:
        while not self._stop.is_set():
            try:
                self._read()
            except (KafkaException, LogError) as error:
                log.warning("%s cannot be read, it is tried again: %s", self.topic, error)
            except RuntimeError:  # the loop is closed: the process ends
                return
            self._stop.wait(MISSING_S)

    def _read(self) -> None:
        consumer = Consumer(
            self._settings.librdkafka(
                group_id="omrs.daemon.feed",
                enable_auto_commit=False,
                enable_auto_offset_store=False,
                auto_offset_reset="earliest",
                allow_auto_create_topics=False,
                fetch_wait_max_ms=50,
                queued_max_messages_kbytes=8_192,
            )
        )
        try:
            partitions = self._partitions(consumer)
            if not partitions:
                self._newest = False  # whatever comes into it then is new
                self._loop.call_soon_threadsafe(self.begun.set)
                return
            starts = {number: self._start(consumer, number) for number in partitions}
            consumer.assign([TopicPartition(self.topic, number, offset) for number, offset in starts.items()])
            self._hand_over([], starts)
            while not self._stop.is_set():
                self._hand_over_messages(take(consumer, BATCH, POLL_S))
        finally:
            consumer.close()

    def _partitions(self, consumer: Consumer) -> list[int]:
        """Empty while the topic is missing."""
        found = consumer.list_topics(self.topic, timeout=5).topics[self.topic]
        if found.error is not None:
            log.debug("%s is not there yet: %s", self.topic, found.error)
            return []
        return sorted(found.partitions)

    def _start(self, consumer: Consumer, number: int) -> int:
        low, high = ends_of(consumer, self.topic, number)
        start = self._starts.get(number)
        if start is None:
            return high if self._newest else low
        return min(max(start, low), high)

    def _hand_over_messages(self, messages: Sequence[Message]) -> None:
        records: list[Record] = []
        reached: Positions = {}
        for message in messages:
            error = message.error()
            if error is None:
                found = self._record(message)
                records.append(found)
                reached[found.partition] = found.offset + 1
            elif error.code() == KafkaError.UNKNOWN_TOPIC_OR_PART:
                raise LogError(f"{self.topic} was deleted", topic=self.topic)
        if records:
            self._hand_over(records, reached)

    def _record(self, message: Message) -> Record:
        pairs: Any = message.headers() or ()
        headers = {name: value or b"" for name, value in pairs}
        key, value = message.key(), message.value()
        return Record(
            self._source,
            message.partition() or 0,
            message.offset() or 0,
            key.encode() if isinstance(key, str) else key,
            value.encode() if isinstance(value, str) else value or b"",
            headers,
            message.timestamp()[1],
        )

    def _hand_over(self, records: list[Record], reached: Positions) -> None:
        """On the loop; waits, so that a sink that waits holds the reading back."""
        self._handing = asyncio.run_coroutine_threadsafe(self._take(records, reached), self._loop)
        with contextlib.suppress(CancelledError):
            self._handing.result()

    async def _take(self, records: list[Record], reached: Positions) -> None:
        if self._stop.is_set():
            return
        await self._sink(records, reached)
        self._starts.update(reached)
        self.reached.update(reached)
        self.begun.set()


class _Channel:
    """One topic's shared reader, who listens, and the newest records."""

    def __init__(
        self,
        kafka: KafkaSettings,
        topic: str,
        source: Source,
        starts: Mapping[int, int] | None,
        *,
        pinned: bool,
    ) -> None:
        """`pinned`: read whoever listens, partitions without a start from their end."""
        self.source = source
        self.topic = topic
        self.pinned = pinned
        self.members: set[Inbox] = set()
        self.behind: dict[Inbox, SourceReader] = {}
        self._kafka = kafka
        self._recent: deque[Record] = deque(maxlen=RECENT)
        self._since: Positions = {}  # the newest records of a partition are whole from here on
        self.reader = SourceReader(kafka, topic, source, starts, self._distribute, newest=pinned)

    def join(self, inbox: Inbox, position: Positions | None) -> None:
        """`position`: where the inbox goes on; None: with the oldest record."""
        self.members.discard(inbox)
        reached = self.reader.reached
        recent = position is not None and reached and all(position.get(n, -1) >= self._since[n] for n in reached)
        if recent and inbox.offer(self.source, list(self._recent), reached):
            self.members.add(inbox)
        elif position is not None and not reached and self.pinned:
            self.members.add(inbox)  # the reader has not begun, and begins with the first position of all
        else:
            self._read_apart(inbox, position)

    def leave(self, inbox: Inbox) -> None:
        self.members.discard(inbox)
        reader = self.behind.pop(inbox, None)
        if reader is not None:
            reader.stop()

    def stop(self) -> None:
        for reader in (self.reader, *self.behind.values()):
            reader.stop()

    async def _distribute(self, records: list[Record], reached: Positions) -> None:
        if not records:  # the reader begins, or begins again where it was
            self._since = {**reached, **self._since}
        for record in records:
            if len(self._recent) == RECENT:
                oldest = self._recent[0]
                self._since[oldest.partition] = oldest.offset + 1
            self._recent.append(record)
        for inbox in list(self.members):
            if not inbox.offer(self.source, records, reached):
                self.members.discard(inbox)
                self._read_apart(inbox, inbox.next_of(self.source))

    def _read_apart(self, inbox: Inbox, position: Positions | None) -> None:
        log.debug("a listener to %s reads by itself from %s", self.topic, position)

        async def sink(records: list[Record], reached: Positions) -> None:
            while not inbox.offer(self.source, records, reached):
                await inbox.room()
            after = inbox.next_of(self.source)
            ahead = self.reader.reached
            if ahead and all(after.get(number, 0) >= offset for number, offset in ahead.items()):
                self.members.add(inbox)
                reader.stop(now=False)
                self.behind.pop(inbox, None)

        reader = SourceReader(self._kafka, self.topic, self.source, position, sink)
        self.behind[inbox] = reader


class Feed:
    """Every topic that this worker reads for its connectors."""

    def __init__(self, kafka: KafkaSettings, daemon: str) -> None:
        self._kafka = kafka
        self._lineage = daemon_lineage(daemon)
        self._channels: dict[Source, _Channel] = {}

    def open(self, source: Source, starts: Mapping[int, int]) -> None:
        """Reads `source` from now on, whoever listens: from `starts`, partitions without one from their end."""
        self._channels[source] = self._channel(source, starts, pinned=True)

    def reads(self, source: Source) -> bool:
        return source in self._channels

    async def begun(self, within: float) -> None:
        """Waits until it is known where every topic is read from; one that is not there yet begins with its first
        record. At most `within` seconds: for a Kafka that does not answer."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(within):
                await asyncio.gather(*(channel.reader.begun.wait() for channel in self._channels.values()))

    def attach(self, inbox: Inbox, source: Source, position: Positions | None) -> None:
        channel = self._channels.get(source)
        if channel is None:
            channel = self._channel(source, position)
            self._channels[source] = channel
            channel.members.add(inbox)
        else:
            channel.join(inbox, position)

    def detach(self, inbox: Inbox, source: Source) -> None:
        channel = self._channels.get(source)
        if channel is None:
            return
        channel.leave(inbox)
        if not (channel.pinned or channel.members or channel.behind):
            del self._channels[source]
            channel.stop()

    def reached(self, source: Source) -> Positions:
        """The next offsets that will be offered; empty while the topic has not been read."""
        channel = self._channels.get(source)
        return dict(channel.reader.reached) if channel else {}

    def close(self) -> None:
        for channel in self._channels.values():
            channel.stop()
        self._channels.clear()

    def _channel(self, source: Source, starts: Mapping[int, int] | None, *, pinned: bool = False) -> _Channel:
        kafka = self._kafka
        if source.bootstrap_servers is not None:
            kafka = kafka.model_copy(update={"bootstrap_servers": source.bootstrap_servers})
        topic = self._lineage if source.kind == "lineage" else source.topic
        return _Channel(kafka, topic, source, starts, pinned=pinned)

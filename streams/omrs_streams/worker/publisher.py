"""Publishers read the log behind the fold, with a committed cursor per partition, and send each effective record on
(LOG.md § Publishing): at least once, never a record that lost.

What this worker appended itself they take from its memory (`Appended`); what is not there, and whatever else stands in
the log, they fetch from Kafka. The cursor says which record is next, wherever it comes from.
"""

import logging
import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from typing import Any

from confluent_kafka import Consumer, KafkaError, KafkaException, TopicPartition

from omrs_schemas.errors import OmrsError
from omrs_streams.log.consumer import take
from omrs_streams.log.record import Effective
from omrs_streams.worker.partition import OwnedPartition

log = logging.getLogger(__name__)

BATCH = 2_000  # records sent and committed together
POLL_S = 0.2  # how late a change of assignment or a stop request is seen
FETCH_S = 0.02  # how late what is in memory is seen while other partitions are fetched
COMMIT_S = 0.5  # a crash sends again what was sent in this time; receivers are idempotent
RETRY_S = 1.0  # between attempts after the target refused a batch

Send = Callable[[Sequence[Effective]], None]
"""Deliver effective records, in order, and return once they are at the target; raise to have them repeated."""


Fatal = Callable[[Exception], None]
"""Told of a defect: a publisher that stopped in silence would keep everything from its target."""


class Publisher(threading.Thread):
    """One target of one worker. `send` runs on this thread."""

    def __init__(self, conf: dict[str, Any], topic: str, target: str, send: Send, fatal: Fatal) -> None:
        super().__init__(name=f"publish-{target}", daemon=True)
        self.target = target
        self._conf = conf
        self._topic = topic
        self._send = send
        self._fatal = fatal
        self._stopping = threading.Event()
        self._lock = threading.Lock()
        self._wanted: dict[int, OwnedPartition] = {}
        self._on_hold = False
        self._assigned: dict[int, OwnedPartition] = {}
        self._fetched: dict[int, deque[Any]] = {}  # of the partitions that are read from Kafka
        self._news = threading.Event()
        self.cursor: dict[int, int] = {}
        self._uncommitted: dict[int, int] = {}
        self._committed = time.monotonic()
        self.passed = threading.Condition()

    def assign(self, partitions: dict[int, OwnedPartition]) -> None:
        """From now on publish exactly these partitions."""
        with self._lock:
            self._wanted = dict(partitions)

    def hold(self, held: bool) -> None:
        """Whether to publish nothing for now; afterwards it goes on at the committed cursors.

        Nothing that is appended to the log after this is published meanwhile, also where it was fetched already.
        """
        with self._lock:
            self._on_hold = held

    def stop(self) -> None:
        """End the thread after what it is doing; what was not committed is sent again by the next owner."""
        self._stopping.set()

    def wait_passed(self, partition: int, offset: int, timeout: float) -> bool:
        """Whether everything up to `offset` was delivered within `timeout` seconds."""
        with self.passed:
            return self.passed.wait_for(lambda: self.cursor.get(partition, 0) > offset, timeout)

    def run(self) -> None:
        consumer = Consumer(self._conf)
        try:
            while not self._stopping.is_set():
                try:
                    self._reassign(consumer)
                    self._receive(consumer)
                    for partition, owned in self._assigned.items():
                        self._publish(consumer, partition, owned)
                    self._commit(consumer)
                except (KafkaException, OmrsError, TimeoutError) as error:
                    if not self._stopping.is_set():
                        log.warning("publishing to %s is delayed: %s", self.target, error or "no answer in time")
                    self._restart_from_cursor(consumer)
                    self._stopping.wait(RETRY_S)
        except Exception as error:
            if not self._stopping.is_set():  # when the loop is gone its answers are cancelled
                self._fatal(error)
        finally:
            self._close(consumer)

    def _close(self, consumer: Consumer) -> None:
        try:
            self._commit(consumer, now=True)
        except KafkaException as error:
            log.debug("the last cursors for %s were not committed: %s", self.target, error)
        consumer.close()

    def _reassign(self, consumer: Consumer) -> None:
        with self._lock:
            wanted = {} if self._on_hold else self._wanted
        if wanted == self._assigned:
            return
        gone = [p for p in self._assigned if p not in wanted or wanted[p] is not self._assigned[p]]
        new = [p for p in wanted if p not in self._assigned or wanted[p] is not self._assigned[p]]
        if gone:
            self._commit(consumer, now=True)
            for partition in gone:
                self._end_fetching(consumer, partition)
                self.cursor.pop(partition, None)
                self._assigned.pop(partition).followers.discard(self._news)
        if new:
            for found in consumer.committed([TopicPartition(self._topic, p) for p in new], timeout=10.0):
                self.cursor[found.partition] = max(found.offset, 0)
                self._assigned[found.partition] = wanted[found.partition]
                wanted[found.partition].followers.add(self._news)
            self._news.set()

    def _receive(self, consumer: Consumer) -> None:
        """Wait for news: of what this worker folds, and of what Kafka has of the partitions that are fetched."""
        if not self._fetched:
            self._news.wait(POLL_S)
            self._news.clear()
            return
        waiting = self._news.is_set() or any(self._fetched.values())
        self._news.clear()
        for message in take(consumer, BATCH, 0.0 if waiting else FETCH_S):
            error = message.error()
            if error is not None:
                if (
                    error.code() != KafkaError._PARTITION_EOF
                    and not error.retriable()
                    and error.code() != KafkaError._TRANSPORT
                ):
                    raise KafkaException(error)
                continue
            fetched = self._fetched.get(message.partition())
            if fetched is not None:
                fetched.append(message)

    def _publish(self, consumer: Consumer, partition: int, owned: OwnedPartition) -> None:
        """Send the next records of a partition that are folded, if there are any."""
        with self._lock:
            if self._on_hold:
                return
        first, limit = self.cursor[partition], owned.next_offset
        if first >= limit:
            if not self._fetched.get(partition, True):
                self._end_fetching(consumer, partition)
            return
        found = owned.appended.read(first, limit, BATCH)
        if found is not None:
            self._end_fetching(consumer, partition)
            batch = [(each[0], Effective.at(partition, *each)) for each in found]
        elif partition not in self._fetched:
            self._fetched[partition] = deque()
            consumer.incremental_assign([TopicPartition(self._topic, partition, first)])
            return
        else:
            fetched = self._fetched[partition]
            batch = []
            while fetched and fetched[0].offset() < limit and len(batch) < BATCH:
                message = fetched.popleft()
                if message.offset() >= first:
                    batch.append((message.offset(), Effective.of(message)))
        if batch:
            self._pass_on(partition, owned, batch)

    def _pass_on(self, partition: int, owned: OwnedPartition, batch: Sequence[tuple[int, Effective | None]]) -> None:
        first, last = batch[0][0], batch[-1][0]
        lost = owned.store.lost_between(first, last + 1) if owned.store.counts()["lost"] else ()
        records = [record for offset, record in batch if record is not None and offset not in lost]
        if records:
            self._send(records)
        self._uncommitted[partition] = last + 1
        with self.passed:
            self.cursor[partition] = last + 1
            self.passed.notify_all()
        if last + 1 < owned.next_offset:
            self._news.set()

    def _end_fetching(self, consumer: Consumer, partition: int) -> None:
        if self._fetched.pop(partition, None) is not None:
            try:
                consumer.incremental_unassign([TopicPartition(self._topic, partition)])
            except KafkaException as error:
                log.debug("partition %d was not assigned any more: %s", partition, error)

    def _commit(self, consumer: Consumer, *, now: bool = False) -> None:
        """Commit the cursors, not more often than every `COMMIT_S`: a commit costs as much as sending 100 records."""
        if self._uncommitted and (now or time.monotonic() - self._committed > COMMIT_S):
            offsets = [TopicPartition(self._topic, number, offset) for number, offset in self._uncommitted.items()]
            self._uncommitted.clear()
            self._committed = time.monotonic()
            consumer.commit(offsets=offsets, asynchronous=True)
            if not self._fetched:
                consumer.poll(0.0)  # else nobody would hear how commits went, and they would pile up

    def _restart_from_cursor(self, consumer: Consumer) -> None:
        self._commit(consumer, now=True)
        for partition in list(self._assigned):
            self._end_fetching(consumer, partition)
            self._assigned.pop(partition).followers.discard(self._news)
            self._uncommitted.pop(partition, None)

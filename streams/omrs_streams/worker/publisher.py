"""Publishers read the log behind the fold, with a committed cursor per partition, and send each effective record on
(LOG.md § Publishing): at least once, never a record that lost."""

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
FOLD_WAIT_S = 5.0  # the fold follows an append within milliseconds; longer means the partition is moving
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
        self._held: dict[int, deque[Any]] = {}
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
                    for partition in list(self._held):
                        self._publish(consumer, partition)
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
            consumer.incremental_unassign([TopicPartition(self._topic, p) for p in gone])
            for partition in gone:
                self._held.pop(partition, None)
                self.cursor.pop(partition, None)
                self._assigned.pop(partition, None)
        if new:
            committed = consumer.committed([TopicPartition(self._topic, p) for p in new], timeout=10.0)
            starts = [TopicPartition(self._topic, tp.partition, max(tp.offset, 0)) for tp in committed]
            consumer.incremental_assign(starts)
            for start in starts:
                self.cursor[start.partition] = start.offset
                self._held[start.partition] = deque()
                self._assigned[start.partition] = wanted[start.partition]

    def _receive(self, consumer: Consumer) -> None:
        waiting = any(self._held.values())
        for message in take(consumer, BATCH, 0.0 if waiting else POLL_S):
            error = message.error()
            if error is not None:
                if (
                    error.code() != KafkaError._PARTITION_EOF
                    and not error.retriable()
                    and error.code() != KafkaError._TRANSPORT
                ):
                    raise KafkaException(error)
                continue
            held = self._held.get(message.partition())
            if held is not None:
                held.append(message)

    def _publish(self, consumer: Consumer, partition: int) -> None:
        held = self._held[partition]
        owned = self._assigned.get(partition)
        with self._lock:
            if self._on_hold:
                return
        if not held or owned is None or not owned.wait_passed(held[0].offset(), FOLD_WAIT_S):
            return
        limit = owned.next_offset
        batch: list[Any] = []
        while held and held[0].offset() < limit and len(batch) < BATCH:
            batch.append(held.popleft())
        if not batch:
            return
        first, last = batch[0].offset(), batch[-1].offset()
        lost = owned.store.lost_between(first, last + 1) if owned.store.counts()["lost"] else ()
        records = []
        for message in batch:
            if message.offset() in lost:
                continue
            record = Effective.of(message)
            if record is not None:
                records.append(record)
        if records:
            self._send(records)
        self._uncommitted[partition] = last + 1
        with self.passed:
            self.cursor[partition] = last + 1
            self.passed.notify_all()

    def _commit(self, consumer: Consumer, *, now: bool = False) -> None:
        """Commit the cursors, not more often than every `COMMIT_S`: a commit costs as much as sending 100 records."""
        if self._uncommitted and (now or time.monotonic() - self._committed > COMMIT_S):
            offsets = [TopicPartition(self._topic, number, offset) for number, offset in self._uncommitted.items()]
            self._uncommitted.clear()
            self._committed = time.monotonic()
            consumer.commit(offsets=offsets, asynchronous=True)

    def _restart_from_cursor(self, consumer: Consumer) -> None:
        self._commit(consumer, now=True)
        for partition in list(self._assigned):
            try:
                consumer.incremental_unassign([TopicPartition(self._topic, partition)])
            except KafkaException as error:
                log.debug("partition %d was not assigned any more: %s", partition, error)
            self._held.pop(partition, None)
            self._assigned.pop(partition, None)
            self._uncommitted.pop(partition, None)

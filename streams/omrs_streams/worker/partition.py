"""One partition of the server log at the worker that owns it: append, fold, wait, catch up."""

import asyncio
import logging
import threading
from collections.abc import Sequence
from enum import Enum
from typing import Any

from omrs_schemas.errors import LogError, NotReadyError, PoisonRecordError, ProduceError
from omrs_streams.fold.fold import Effect
from omrs_streams.log.consumer import read_range, watermarks
from omrs_streams.log.dead_letters import DeadLetters
from omrs_streams.log.producer import LogProducer, Outgoing
from omrs_streams.log.record import LogRecord
from omrs_streams.store.partition import PartitionStore
from omrs_streams.worker.appended import Appended

log = logging.getLogger(__name__)

# A chunk that is folded without giving the event loop a turn: about 20 ms of work with indexes.
FOLD_CHUNK = 200


class Phase(Enum):
    OPENING = "opening"
    CATCHING_UP = "catching up"
    READY = "ready"
    SUSPENDED = "suspended"
    CLOSED = "closed"


class OwnedPartition:
    """The store of one log partition and everything that is waiting for it.

    The log arbitrates: whoever appends, the fold takes records in offset order, so `fold` is called under a lock and
    records that were folded already are skipped by offset (LOG.md § Publishing, last paragraph).
    """

    def __init__(
        self,
        number: int,
        store: PartitionStore,
        topic: str,
        server: str,
        conf: dict[str, Any],
        producer: LogProducer,
        letters: DeadLetters,
    ) -> None:
        self.number = number
        self.store = store
        self.topic = topic
        self.phase = Phase.OPENING
        self.ready = asyncio.Event()
        self.passed = threading.Condition()
        self.appended = Appended()
        self.followers: set[threading.Event] = set()
        self.next_offset = store.next_offset
        self.end_offset = store.next_offset
        self._server = server
        self._conf = conf
        self._producer = producer
        self._letters = letters
        self._lock = asyncio.Lock()

    # ---- appending -------------------------------------------------------------------------------------------------

    async def append(
        self, records: Sequence[LogRecord], decoded: Sequence[dict[str, Any] | None] | None = None
    ) -> list[Effect]:
        """Append `records` (all of this partition) and fold them; the effect of each.

        `decoded`: their Avro records, for the indexes, where the caller has them already.
        Raises ProduceError when a record is not in the log, NotReadyError when the partition moved away meanwhile.
        """
        outgoing: list[Outgoing] = [
            (self.topic, self.number, record.key.encode(), record.value, record.headers(self._server))
            for record in records
        ]
        try:
            offsets = await self._producer.send_batch(outgoing)
        except ProduceError:
            await self._resolve_doubt(records)
        else:
            for record, offset in zip(records, offsets, strict=True):
                record.offset = offset
            self.appended.add([(at, sent[2], sent[3], sent[4]) for at, sent in zip(offsets, outgoing, strict=True)])
        return await self._fold_own(records, decoded)

    async def _resolve_doubt(self, records: Sequence[LogRecord]) -> None:
        """After an unacknowledged append: fold what the log holds; whoever is not in it was not appended."""
        await self.catch_up()
        for record in records:
            offset = self.store.offset_of_event(record.event_id)
            if offset is None:
                raise ProduceError(
                    f"Kafka did not acknowledge the append to {self.topic}[{self.number}] and the log does not hold it",
                    help="repeat the request; nothing was changed",
                )
            record.offset = offset

    async def _fold_own(
        self, records: Sequence[LogRecord], decoded: Sequence[dict[str, Any] | None] | None
    ) -> list[Effect]:
        """Fold records whose offsets are known. What the agent folded before us answers what it was then."""
        async with self._lock:
            if self.phase is Phase.CLOSED:
                raise NotReadyError(
                    f"partition {self.number} of {self.topic} moved to another worker before the change was folded",
                    help="repeat the request with the same X-Omrs-Event-Id",
                )
            if not self._follow([record.offset for record in records]):
                # Another writer's records lie between: take the log's order, ours included.
                await asyncio.to_thread(self._read_log, records[-1].offset + 1)
            known = None
            if decoded is not None:
                known = {r.offset: d for r, d in zip(records, decoded, strict=True) if d is not None}
            effects: list[Effect] = []
            for start in range(0, len(records), FOLD_CHUNK):
                if start:
                    await asyncio.sleep(0)
                effects += self._apply(records[start : start + FOLD_CHUNK], known)
            return effects

    # ---- folding ---------------------------------------------------------------------------------------------------

    async def fold_delivered(self, messages: Sequence[Any]) -> None:
        """Fold what the Faust agent was handed: objects with key, value, headers and offset."""
        async with self._lock:
            if self.phase is Phase.CLOSED:
                return
            fresh = [m for m in messages if m.offset >= self.store.next_offset]
            if not fresh:
                return
            if not self._follow([message.offset for message in fresh]):
                await asyncio.to_thread(self._read_log, fresh[-1].offset + 1)
                return
            self._fold_raw([(m.offset, m.key, m.value, m.headers) for m in fresh])

    def _follow(self, offsets: Sequence[int]) -> bool:
        """Whether records at `offsets` (ascending) are all of the log from what is folded to the last of them."""
        first = self.store.next_offset
        fresh = sum(offset >= first for offset in offsets)
        return fresh == 0 or offsets[-1] == first + fresh - 1

    async def catch_up(self) -> None:
        """Fold the log up to its present end in large batches."""
        async with self._lock:
            if self.phase is Phase.CLOSED:
                return
            await asyncio.to_thread(self._read_log, None)

    def _read_log(self, end: int | None) -> None:
        low, high = watermarks(self._conf, self.topic, self.number + 1)[self.number]
        start = self.store.next_offset
        if start > high:
            raise LogError(
                f"the store of {self.topic}[{self.number}] is at offset {start}, the log ends at {high}",
                help="the log lost records or is another one; check the topic, then delete the store directory",
                topic=self.topic,
                partition=self.number,
            )
        if start < low:
            if start > 0:
                raise LogError(
                    f"{self.topic}[{self.number}] starts at offset {low}, the store needs {start}",
                    help="the log was truncated: truth is lost; restore the topic",
                    topic=self.topic,
                    partition=self.number,
                )
            self.store.skip_to(low)
        self.end_offset = high
        goal = high if end is None else max(end, start)
        bulk = start == 0 and self.phase is Phase.CATCHING_UP
        for batch in read_range(self._conf, self.topic, {self.number: (self.store.next_offset, goal)}):
            self._fold_messages(batch, index=not bulk)
        if bulk:
            for guid, revision, error in self.store.build_indexes().errors:
                stored = self.store.revision(guid, revision)
                if stored is not None:
                    self._bury(stored.meta.offset, guid.encode(), stored.payload, None, error)
        if self.store.next_offset < goal:
            self.store.skip_to(goal)
            self._advance()

    def _fold_messages(self, batch: Sequence[Any], *, index: bool) -> None:
        self._fold_raw([(m.offset(), m.key(), m.value(), m.headers()) for m in batch], index=index)

    def _fold_raw(
        self,
        raw: Sequence[tuple[int, bytes | None, bytes | None, Sequence[tuple[str, bytes]] | None]],
        *,
        index: bool = True,
    ) -> None:
        records: list[LogRecord] = []
        for offset, key, value, headers in raw:
            try:
                records.append(LogRecord.parse(self.number, offset, key, value, headers))
            except PoisonRecordError as error:
                if offset >= self.store.next_offset:
                    self._bury(offset, key, value, headers, error)
        if records:
            for start in range(0, len(records), FOLD_CHUNK):
                self._apply(records[start : start + FOLD_CHUNK], None, index=index)
        last = raw[-1][0] + 1
        if self.store.next_offset < last:
            self.store.skip_to(last)
            self._advance()

    def _apply(
        self, records: Sequence[LogRecord], decoded: dict[int, dict[str, Any]] | None, *, index: bool = True
    ) -> list[Effect]:
        effects = self.store.apply(records, decoded, index=index)
        for record, effect in zip(records, effects, strict=True):
            if effect.error is not None:
                self._bury(record.offset, record.key.encode(), record.value, record.headers(self._server), effect.error)
        self._advance()
        return effects

    def _advance(self) -> None:
        with self.passed:
            self.next_offset = self.store.next_offset
            self.end_offset = max(self.end_offset, self.next_offset)
            self.passed.notify_all()
        for follower in tuple(self.followers):
            follower.set()

    def _bury(self, offset: int, key: Any, value: Any, headers: Any, error: BaseException) -> None:
        self._letters.bury_record(self.topic, self.number, offset, key, value, headers, error)

    # ---- life ------------------------------------------------------------------------------------------------------

    async def open(self) -> None:
        """Catch up with the log, then be ready."""
        self.phase = Phase.CATCHING_UP
        await self.catch_up()
        if self.phase is Phase.CATCHING_UP:
            self.phase = Phase.READY
            self.ready.set()

    def suspend(self) -> None:
        """A rebalance took the partition away, perhaps only for a moment: answer nothing until it is settled."""
        if self.phase is not Phase.CLOSED:
            self.phase = Phase.SUSPENDED
            self.ready.clear()

    async def close(self) -> None:
        self.ready.clear()
        async with self._lock:
            self.phase = Phase.CLOSED
            with self.passed:
                self.passed.notify_all()
            await asyncio.to_thread(self.store.close)

    def wait_passed(self, offset: int, timeout: float) -> bool:
        """From a thread: whether the fold has passed `offset` within `timeout` seconds."""
        with self.passed:
            return self.passed.wait_for(lambda: self.next_offset > offset or self.phase is Phase.CLOSED, timeout)

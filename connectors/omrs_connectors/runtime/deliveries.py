"""What a connector listens to, on the way from its inbox to its listeners or into a refresh. On the event loop.

At least once: a record is done with when the listeners have had it, or when a refresh that began after it has
succeeded. Many records for a refresh make few refreshes.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from typing import NamedTuple

import orjson

from omrs_connectors.runtime.handler import Event
from omrs_connectors.runtime.inbox import Inbox, Record
from omrs_connectors.runtime.notes import Delivered
from omrs_connectors.runtime.surroundings import Surroundings
from omrs_connectors.sdk.listener import Listener, TopicRecord
from omrs_schemas.errors import CodecError, ConnectorLostError, OmrsError
from omrs_streams.client.decoder import OutEventDecoder

log = logging.getLogger(__name__)

BATCH = 50  # records for the listeners at once: bounds how long they keep the connector's thread between two passes
TAKE = 1_000  # records looked at in one step: those that only wake a refresh cost next to nothing
FIRST_PAUSE = 0.5  # seconds before a failed delivery is tried again; doubles
LONGEST_PAUSE = 30.0
MAX_ATTEMPTS = 20  # with the pauses about 8 minutes: longer than a server restarts, shorter than an operator sleeps
MAX_WAITING = 50_000  # records that wait for a refresh, without their values some 20 MB: more wait in the topic
ROOM_POLL = 0.1

Deliver = Callable[[list[Event]], Awaitable[Delivered]]
"""Hands events to the connector's listeners. ConnectorLostError when the connector was given up meanwhile."""


class _Planned(NamedTuple):
    """A record, decoded: for the listeners, for a refresh, or for both."""

    record: Record
    event: Event
    call: bool
    refresh: bool


class _OtherTimesError(Exception):
    """The connector has been stopped meanwhile: what was under way comes again to its next life."""


class Deliveries:
    """The records of one connector. Nothing is taken between `deaf` and the next `hear`."""

    def __init__(
        self,
        name: str,
        inbox: Inbox,
        around: Surroundings,
        deliver: Deliver,
        wake: Callable[[], None],
        changed: Callable[[], None],
    ) -> None:
        """`wake`: there is something for a refresh. `changed`: positions have moved."""
        self._name = name
        self._inbox = inbox
        self._around = around
        self._deliver = deliver
        self._wake = wake
        self._changed = changed
        self._listeners: tuple[Listener, ...] = ()
        self._hearing = asyncio.Event()
        self._life = 0
        self._waiting: list[Record] = []

    def hear(self, listeners: tuple[Listener, ...]) -> None:
        """From now on these listeners."""
        self._listeners = listeners
        self._inbox.listeners(listeners)
        if listeners:
            self._hearing.set()

    def deaf(self) -> None:
        """The connector does not run: what it has not dealt with comes again."""
        self._end_of_life()
        self._inbox.listeners(())

    def pass_over(self) -> None:
        """The connector has failed: what open metadata says is given up, a refresh after its restart covers it."""
        self._end_of_life()
        self._inbox.pass_over()

    def for_refresh(self) -> list[Record]:
        """A refresh begins: what it covers."""
        covered, self._waiting = self._waiting, []
        return covered

    def refreshed(self, covered: Sequence[Record]) -> None:
        """The refresh has succeeded, in the same life of the connector."""
        self._done(covered)

    async def run(self) -> None:
        """Until it is cancelled."""
        while True:
            await self._hearing.wait()
            records = await self._inbox.take(TAKE)
            try:
                await self._handle(records, self._life)
            except (_OtherTimesError, ConnectorLostError):
                continue
            except Exception:  # the boundary: an error here must not end the connector's hearing
                log.exception("records for connector %s were not delivered; they come again", self._name)
                self.deaf()
                self.hear(self._listeners)
                await asyncio.sleep(FIRST_PAUSE)

    async def _handle(self, records: Sequence[Record], life: int) -> None:
        while len(self._waiting) >= MAX_WAITING:
            await self._pause(ROOM_POLL, life)
        passed: list[Record] = []
        waiting: list[Record] = []
        decoded: list[Record] = []
        for record in records:
            wanted = self._wanting(record)
            if not wanted:
                passed.append(record)
            elif all(each.refresh and each.zones is None for each in wanted):
                waiting.append(replace(record, value=b""))
            else:
                decoded.append(record)
        self._done(passed)
        self._for_a_refresh(waiting)
        for start in range(0, len(decoded), BATCH):
            await self._hand_over(await self._planned(decoded[start : start + BATCH], life), life)

    def _wanting(self, record: Record) -> list[Listener]:
        return [
            each
            for each in self._listeners
            if each.source == record.source
            and (record.source.kind != "out" or each.wants_record(record.key, record.headers))
        ]

    async def _planned(self, records: Sequence[Record], life: int) -> list[_Planned]:
        """Decoded; those that cannot be are buried, those that nobody wants after all are done."""
        pause = FIRST_PAUSE
        while True:
            read = await asyncio.to_thread(_read, records, self._around.decoder)
            self._same(life)
            away = next((each for each in read if isinstance(each, OmrsError) and each.retriable), None)
            if away is None:
                break
            log.warning("events for %s wait for the server's types: %s", self._name, away)
            await self._pause(pause, life)
            pause = min(pause * 2, LONGEST_PAUSE)
        planned: list[_Planned] = []
        for record, event in zip(records, read, strict=True):
            if isinstance(event, Exception):
                await self._bury(record, event, 1, life)
                continue
            wanted = [
                each
                for each in self._wanting(record)
                if record.source.kind != "out" or each.wants_event(event.arguments[0])
            ]
            call, refresh = any(not each.refresh for each in wanted), any(each.refresh for each in wanted)
            if wanted:
                planned.append(_Planned(record, event, call, refresh))
            else:
                self._done([record])
        return planned

    async def _hand_over(self, planned: list[_Planned], life: int) -> None:
        self._for_a_refresh([replace(each.record, value=b"") for each in planned if not each.call])
        left = [each for each in planned if each.call]
        attempts, pause = 1, FIRST_PAUSE
        while left:
            result = await self._deliver([each.event for each in left])
            self._same(life)
            for index, error in result.failures:
                await self._bury(left[index].record, error, attempts, life, done=False)
            finished, left = left[: result.done], left[result.done :]
            self._around.metrics.events.labels(self._name, "handled").inc(len(finished) - len(result.failures))
            self._for_a_refresh([replace(each.record, value=b"") for each in finished if each.refresh])
            self._done([each.record for each in finished if not each.refresh])
            if result.again is None:
                continue
            if finished:
                attempts, pause = 1, FIRST_PAUSE
            else:
                attempts, pause = attempts + 1, min(pause * 2, LONGEST_PAUSE)
            if attempts > MAX_ATTEMPTS:
                await self._bury(left[0].record, result.again, attempts - 1, life)
                left = left[1:]
                attempts, pause = 1, FIRST_PAUSE
            else:
                log.warning("connector %s tries an event again in %.1f s: %s", self._name, pause, result.again)
                await self._pause(pause, life)

    async def _bury(self, record: Record, error: Exception, attempts: int, life: int, *, done: bool = True) -> None:
        """To the dead letters, however long those take."""
        self._around.metrics.events.labels(self._name, "dead letter").inc()
        pause = FIRST_PAUSE
        while True:
            try:
                await self._around.bury(record, error, attempts)
                break
            except OmrsError as refused:
                log.error("the dead letter of %s@%d waits: %s", record.topic, record.offset, refused)
            await self._pause(pause, life)
            pause = min(pause * 2, LONGEST_PAUSE)
        self._around.metrics.dead_letters.labels(self._name).inc()
        self._same(life)
        if done:
            self._done([record])

    def _for_a_refresh(self, records: Sequence[Record]) -> None:
        if records:
            self._around.metrics.events.labels(self._name, "refresh").inc(len(records))
            self._waiting.extend(records)
            self._wake()

    def _done(self, records: Sequence[Record]) -> None:
        if records:
            self._inbox.done(records)
            self._changed()

    def _end_of_life(self) -> None:
        self._life += 1
        self._hearing.clear()
        self._waiting = []

    def _same(self, life: int) -> None:
        if life != self._life:
            raise _OtherTimesError

    async def _pause(self, seconds: float, life: int) -> None:
        await asyncio.sleep(seconds)
        self._same(life)


def _read(records: Sequence[Record], decoder: OutEventDecoder) -> list[Event | Exception]:
    """On a thread: the decoder may ask the server for types."""
    found: list[Event | Exception] = []
    for record in records:
        try:
            found.append(_event_of(record, decoder))
        except OmrsError as error:
            found.append(error)
    return found


def _event_of(record: Record, decoder: OutEventDecoder) -> Event:
    if record.source.kind == "out":
        return Event(record.source, (decoder.decode(record.value),))
    if record.source.kind == "lineage":
        try:
            text = (record.value or b"").decode()
            return Event(record.source, (text, orjson.loads(text)))
        except ValueError as error:
            raise CodecError(f"the record is no JSON: {error}") from error
    whole = TopicRecord(
        record.topic,
        record.partition,
        record.offset,
        record.key,
        record.value,
        dict(record.headers),
        record.timestamp,
    )
    return Event(record.source, (whole,))

"""TypeDef events of one cohort: taking in what others announce, announcing what is defined here (OMRS types § 7)."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterable, Sequence
from typing import Any
from uuid import uuid4
from zlib import crc32

from omrs_schemas.errors import NotReadyError, OmrsError
from omrs_streams import metrics
from omrs_streams.clock import now_ms
from omrs_streams.cohort import type_announcing as announcing
from omrs_streams.cohort.rules import ExchangeRule
from omrs_streams.cohort.type_events import Conflict, TypeReceipt, TypeReceiver, asks_use, receive
from omrs_streams.cohort.type_fold import TypeFold
from omrs_streams.log import names
from omrs_streams.log.consumer import committed, read_range, watermarks
from omrs_streams.log.kafka import MAX_VALUE_BYTES
from omrs_streams.log.producer import too_large
from omrs_streams.repository.local import Bean
from omrs_streams.worker.boundary import UNFORESEEN, fault_of
from omrs_streams.worker.parts import Parts
from omrs_streams.worker.wire import TYPEDEF, Wire

log = logging.getLogger(__name__)

RETRY_S = 0.5  # until partitions that move are served again, and can say whether a type is used
MANY = 100  # more types than a person adds: a release, which every member of a new cohort would announce
STAGGER_S = 1.0  # members that start together announce a release at different moments; it takes about 0.1 s


class TypeExchange:
    """The types topic of one cohort at one worker. `process`: the cohort's eventsToProcess rule; `in_use`: whether this
    server holds instances of a type (guid)."""

    def __init__(self, cohort: str, wire: Wire, parts: Parts) -> None:
        self.process = ExchangeRule()
        self.in_use: Callable[[str], Awaitable[bool]] | None = None
        self._cohort = cohort
        self._wire = wire
        self._parts = parts
        self._answered: set[Conflict] = set()

    # ---- inbound ---------------------------------------------------------------------------------------------------

    async def events(self, messages: Sequence[Any]) -> None:
        """The Faust agent's batch of the types topic. Returns when all that was learned is kept."""
        types = self._parts.types
        work = types.fold.copy()
        records: list[Bean] = []
        for message in messages:
            try:
                event = self._wire.read(message, TYPEDEF)
                if event is None:
                    continue
                receipt = await self._receive(event, work)
                self._require_kept(receipt.records)
                work.apply_all(receipt.records)
            except Exception as error:
                self._parts.letters.bury(message, fault_of(error, "a type event"))
                work = types.fold.copy()
                work.apply_all(records)
                continue
            records += receipt.records
            if receipt.fault is not None:
                self._parts.letters.bury(message, receipt.fault)
            for message_id, params in receipt.audits:
                self._parts.audit.record(message_id, **params)
            await self._answer(receipt)
            metrics.INBOUND.labels(self._wire.types_topic, receipt.outcome).inc()
        if records:
            await types.keep(records)
            log.info("cohort %s: %d type events changed the types here", self._cohort, len(records))

    async def _receive(self, event: Bean, work: TypeFold) -> TypeReceipt:
        local, types = self._parts.local, self._parts.types
        me = TypeReceiver(
            local.collection_id or None,
            local.originator(),
            self._cohort,
            types.repository,
            self.process,
            lambda guid, name: types.supports(name),
            self._answered,
            types.of_release,
        )
        removed = asks_use(event, work)
        used = removed is not None and await self._used(removed)
        return receive(event, work, me, now_ms(), used=used)

    def _require_kept(self, records: Iterable[Bean]) -> None:
        """Raises CodecError or InvalidParameterError for what the server's types topic cannot hold."""
        for record in records:
            size = len(self._parts.codec.encode(record))
            if size > MAX_VALUE_BYTES:
                raise too_large(self._parts.types.topic, size)

    async def _used(self, guid: str) -> bool:
        while self.in_use is not None:
            try:
                return await self.in_use(guid)
            except NotReadyError as error:
                log.info("cohort %s: whether type %s is used is asked again: %s", self._cohort, guid, error)
                await asyncio.sleep(RETRY_S)
        return False

    async def _answer(self, receipt: TypeReceipt) -> None:
        if receipt.conflict is None:
            return
        try:
            await self.tell(receipt.sends)
        except (OmrsError, *UNFORESEEN) as error:
            log.warning("cohort %s: a conflict of types is answered when it shows again: %s", self._cohort, error)
        else:
            self._answered.add(receipt.conflict)

    # ---- outbound --------------------------------------------------------------------------------------------------

    async def tell(self, events: Iterable[Bean]) -> None:
        """Send TypeDef events to the cohort, as far as the eventsToSend rule lets them pass.

        Raises ProduceError when Kafka does not acknowledge them.
        """
        if self._parts.send.type_events:
            await self._parts.producer.send_batch([self._wire.type(event, str(uuid4())) for event in events])

    async def announce_missing(self) -> None:
        """At each connect: what the members of this cohort cannot know from its types topic.

        That is looked up once this server has itself taken in what stands there. Before that it may still know a type
        that somebody has deleted since, and would bring it back for everybody.
        """
        if not self._parts.send.type_events:
            return
        fold, release = self._parts.types.fold, self._parts.types.release
        originator = self._parts.local.originator()
        if not self._wire.whole:
            await self.tell(announcing.everything(fold, release, originator, now_ms()))
            return
        announced, offset = announcing.Announced(), await self._end()
        await self._taken_in(offset)
        await asyncio.to_thread(self._read, announced, 0, offset)
        if len(announcing.missing(fold, announced, originator, now_ms())) > MANY:
            await asyncio.sleep(STAGGER_S * (crc32(self._parts.local.collection_id.encode()) % 1000) / 1000)
        while not await self._announce(announced, offset):
            end = await self._end()
            await self._taken_in(end)
            await asyncio.to_thread(self._read, announced, offset, end)
            offset = end

    async def _announce(self, announced: announcing.Announced, offset: int) -> bool:
        """Announce what is missing, if nothing was said since `offset`."""
        types = self._parts.types
        async with types.changing:
            if await self._end() != offset:
                return False
            events = announcing.missing(types.fold, announced, self._parts.local.originator(), now_ms())
            log.info("cohort %s: %d types are announced", self._cohort, len(events))
            await self.tell(events)
        return True

    async def _end(self) -> int:
        ((_, end),) = await asyncio.to_thread(watermarks, self._parts.conf, self._wire.types_topic, 1)
        return end

    async def _taken_in(self, end: int) -> None:
        """Wait until this server, whichever of its workers reads the types topic, has taken in what is before `end`."""
        group = names.server_group(self._parts.local.server)
        while True:
            if await asyncio.to_thread(committed, self._parts.conf, group, self._wire.types_topic, 0) >= end:
                return
            await asyncio.sleep(RETRY_S)

    async def member_joined(self) -> None:
        """A member registered for the first time. Where it cannot read what was said before, say what its release of
        the types does not hold."""
        if self._wire.whole or not self._parts.local.collection_id:
            return
        known = self._parts.types
        try:
            await self.tell(announcing.additions(known.fold, known.release, self._parts.local.originator(), now_ms()))
        except OmrsError as error:
            log.warning("cohort %s: a new member is not told of our own types: %s", self._cohort, error)

    def _read(self, announced: announcing.Announced, first: int, end: int) -> None:
        """Take in what was announced from offset `first` on, before `end`."""
        for batch in read_range(self._parts.conf, self._wire.types_topic, {0: (first, end)}):
            for message in batch:
                try:
                    announced.take(self._parts.codec.decode(message.value() or b""))
                except OmrsError:
                    continue  # the agent that reads this topic sends it to the dead letters

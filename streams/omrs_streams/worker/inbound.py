"""Instance events of a cohort → records of the server log (DESIGN.md, "From command to copy", lower line).

What is decided here is decided once: own echo, exchange rules, security, active type, currency. The fold only checks
again that nothing older comes through. Two ways lead to the log:

- Plain events whose log partition is served here are decided by their headers (`glance`) and appended by the batch,
  the sender's bytes as they are. The payload is decoded to prove that it can be, and that serves the indexes.
- Everything else goes through the receiving core with beans in hand (`Exchange`): conflicts, classifications, batches,
  refresh requests, errors, what other workers hold.

A batch is taken in rounds. In a round no guid goes both ways and none twice the second way, so that the order of the
events about one guid is kept while all others are handled together.
"""

import asyncio
import logging
from collections.abc import Awaitable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar

from omrs_schemas.errors import NotReadyError, OmrsError, PoisonRecordError, TypeDefError
from omrs_streams import metrics
from omrs_streams.cohort.receiving import DEAD, INACTIVE, Receipt, glance
from omrs_streams.cohort.rules import ExchangeRule
from omrs_streams.fold.fold import fold
from omrs_streams.fold.kinds import CLASSIFICATION_KINDS
from omrs_streams.fold.meta import StateMeta
from omrs_streams.log.record import ORIGIN_COPY, LogRecord
from omrs_streams.repository.local import Bean
from omrs_streams.worker.boundary import fault_of
from omrs_streams.worker.exchange import Exchange, guids_of
from omrs_streams.worker.partition import OwnedPartition
from omrs_streams.worker.parts import Parts
from omrs_streams.worker.router import Router
from omrs_streams.worker.saving import SaveRule
from omrs_streams.worker.wire import Arrival, Wire

log = logging.getLogger(__name__)

# How long an instance waits for its TypeDef, which travels on another topic and may be a moment behind.
TYPE_WAIT_S = 5.0
# A type that did not come is not waited for again for so long: a flood of its instances must not stall the others.
TYPE_FORGET_S = 60.0
TYPE_POLL_S = 0.05
# All waiting for types together: so much at first, when a new member reads a cohort's past, and a tenth of the time
# later. A flood of instances of ever new types that nobody defines would otherwise stop everything behind it.
PATIENCE_S = 30.0
PATIENCE_SHARE = 0.1
FORGOTTEN = 10_000  # types that did not come are remembered up to this number
RETRY_S = 0.5
POLL_S = 0.02  # until a partition that moves is served here; a hand-over takes some 100 ms


T = TypeVar("T")
Item = tuple[Any, Arrival]
"""A Kafka message and what it says."""


@dataclass(slots=True)
class _Round:
    """What is handled together. `ahead`: the state of guids after the plain records before."""

    plain: dict[int, list[Item]] = field(default_factory=dict)
    ahead: dict[str, StateMeta | None] = field(default_factory=dict)
    judged: dict[str, tuple[Any, Bean]] = field(default_factory=dict)
    taken: set[str] = field(default_factory=set)
    """Guids of events that are judged, or wait for the next round."""


class Inbound:
    """The agent of one cohort's instances topic at one worker."""

    def __init__(
        self,
        cohort: str,
        wire: Wire,
        parts: Parts,
        router: Router,
        process: ExchangeRule,
        saving: SaveRule,
        exchange: Exchange,
    ) -> None:
        self._cohort = cohort
        self._wire = wire
        self._topic = wire.instances_topic
        self._parts = parts
        self._router = router
        self._process = process
        self._saving = saving
        self._exchange = exchange
        self._missing: dict[str, float] = {}
        self._patience = PATIENCE_S
        self._patient_at = 0.0

    async def instance_events(self, messages: Sequence[Any]) -> None:
        """Take in a batch of one partition; bad ones go to the dead letters.

        Returns when everything accepted is in the log and folded, or the partition moved to another worker, which
        receives the batch again because it was not committed here.
        """
        pending: list[Item] = []
        for message in messages:
            try:
                arrival = self._wire.read_instance(message)
            except Exception as error:
                self._bury(message, fault_of(error, f"{message.topic}[{message.partition}]@{message.offset}"))
                continue
            if arrival is not None:
                pending.append((message, arrival))
        while pending:
            pending = await self._round(messages[0].partition, pending)

    async def _round(self, source: int, pending: Sequence[Item]) -> list[Item]:
        """Handle what can be handled together; what is left for the next round."""
        this = _Round()
        moved: list[Item] = []
        later: list[Item] = []
        for message, arrival in pending:
            try:
                handled = await self._place(this, message, arrival)
            except Exception as error:
                self._bury(message, fault_of(error, f"{message.topic}[{message.partition}]@{message.offset}"))
                continue
            if not handled:
                later.append((message, arrival))
        for number, items in this.plain.items():
            left = await self._append(source, number, items)
            if left is None:
                return []
            moved += left
        if this.judged and not await self._judge(source, this.judged):
            return []
        return [*moved, *later]

    async def _place(self, this: _Round, message: Any, arrival: Arrival) -> bool:
        """Put an arrival on one of the two ways; False when it has to wait for the next round."""
        record = arrival.record
        if record is not None and arrival.decoded is not None:
            _require_true(record, arrival.decoded)
            if record.key not in this.taken:
                if not self._wanted(record, await self._active_type(record.type_guid, record)):
                    return True
                if self._glance(this, record, (message, arrival)):
                    return True
        guids = self._guids(arrival)
        waits = not guids.isdisjoint(this.taken) or not guids.isdisjoint(this.ahead) or arrival.event_id in this.judged
        this.taken |= guids
        if waits:
            return False
        event = self._secured(arrival)
        if event is None:
            self._count("filtered")
        else:
            await self._active_type(str((event["instanceEventSection"]).get("typeDefGUID") or ""), None)
            this.judged[arrival.event_id] = (message, event)
        return True

    # ---- by headers ------------------------------------------------------------------------------------------------

    def _wanted(self, record: LogRecord, type_name: str) -> bool:
        if not self._process.instance(record.type_guid, type_name):
            self._passed_over(record, "filtered")
            return False
        # What is learned, and whose classifications are kept, the receiving core knows.
        asked = record.kind.startswith("REFRESHED") or record.kind in CLASSIFICATION_KINDS
        if asked or self._saving.rule.instance(record.type_guid, type_name) or self._may_be_ours(record.key):
            return True
        self._passed_over(record, "filtered")
        return False

    def _may_be_ours(self, guid: str) -> bool:
        """Whether what others say of the guid may concern an instance that is maintained here: that it has a new home,
        or is in conflict with another, is heard though copies of its type are not kept. What another worker serves,
        the receiving core looks up."""
        owned = self._router.local(self._router.partition(guid))
        if owned is None:
            return True
        meta = owned.store.get_meta(guid)
        return meta is not None and self._parts.local.collection_id in (meta.home_id, meta.replicated_by)

    def _glance(self, this: _Round, record: LogRecord, item: Item) -> bool:
        """Whether headers decided about the record, which is that of `item`."""
        number = self._router.partition(record.key)
        owned = self._router.local(number)
        if owned is None or self._parts.security.filters_inbound(self._cohort, record.type_guid):
            return False
        if owned.store.seen(record.event_id):
            self._passed_over(record, "stale")
            return True
        known = this.ahead[record.key] if record.key in this.ahead else owned.store.get_meta(record.key)
        verdict = glance(record, known, self._parts.local.collection_id, item[1].originator)
        if verdict == "accepted":
            record.partition, record.origin, record.expected_revision = number, ORIGIN_COPY, None
            this.ahead[record.key] = fold(record, known).meta
            this.plain.setdefault(number, []).append(item)
        elif verdict == "stale":
            self._passed_over(record, "stale")
        return verdict is not None

    async def _append(self, source: int, number: int, items: list[Item]) -> list[Item] | None:
        """Append the records of log partition `number`, which came on partition `source` of our topic; what is left.

        Who is delivered a partition has to see its events into the log, however long the log's partition takes to be
        served: they are acknowledged after this. Those of a log partition that went to another worker since they were
        looked at are left, all of them: the receiving core hands them over there. Only events of a partition of the
        topic that was taken away may be forgotten (None): whoever has it now is delivered them again.
        """
        while self._still_ours(source, len(items)):
            owned = self._router.local(number)
            if owned is None and number not in self._router.assigned:
                return items
            if owned is not None and await self._tried(self._append_to(owned, items), len(items)):
                return []
            await asyncio.sleep(POLL_S)
        return None

    async def _append_to(self, owned: OwnedPartition, items: Sequence[Item]) -> bool:
        records = [arrival.record for _, arrival in items if arrival.record is not None]
        await owned.append(records, [arrival.decoded for _, arrival in items])
        self._count("accepted", len(records))
        if self._parts.audit.wants("OMRS-AUDIT-8006"):
            for record in records:
                self._say(record.kind, record.key, "accepted")
        return True

    # ---- by beans --------------------------------------------------------------------------------------------------

    async def _judge(self, source: int, judged: Mapping[str, tuple[Any, Bean]]) -> bool:
        """See the events through the receiving core; False when their partition was taken away."""
        events = {event_id: event for event_id, (_, event) in judged.items()}
        while self._still_ours(source, len(events)):
            receipts = await self._tried(self._exchange.take_in(events), len(events))
            if receipts is not None:
                for event_id, receipt in receipts.items():
                    self._judged(*judged[event_id], receipt)
                return True
            await asyncio.sleep(POLL_S)
        return False

    def _judged(self, message: Any, event: Bean, receipt: Receipt) -> None:
        self._count(receipt.outcome)
        section = event["instanceEventSection"]
        self._say(section.get("eventType"), section.get("instanceGUID"), receipt.outcome)
        if receipt.outcome in (DEAD, INACTIVE):
            self._bury(message, _refused(event, receipt))

    def _secured(self, arrival: Arrival) -> Bean | None:
        event = arrival.event
        if event is None and arrival.decoded is not None:
            event = self._parts.codec.record_to_event(arrival.decoded)
        return None if event is None else self._parts.security.inbound(self._cohort, event)

    def _guids(self, arrival: Arrival) -> frozenset[str]:
        if arrival.event is not None:
            return guids_of(arrival.event)
        if arrival.record is None:
            raise AssertionError("an arrival has a record or an event")
        decoded = arrival.decoded or {}
        old = decoded.get("originalInstanceGUID")
        return frozenset({arrival.record.key} if old is None else {arrival.record.key, str(old)})

    # ---- shared ----------------------------------------------------------------------------------------------------

    async def _active_type(self, type_guid: str, record: LogRecord | None) -> str:
        """The name of the type, once it is known here.

        For a `record` whose type does not come in time TypeDefError is raised; for a bean the receiving core says so.
        """
        if not type_guid and record is None:
            return ""
        typedef = self._parts.types.types.typedef(type_guid)
        if typedef is None:
            typedef = await self._awaited_type(type_guid)
        if typedef is not None:
            return str(typedef["name"])
        if record is None:
            return ""
        raise _inactive(record.kind, record.key, type_guid)

    async def _awaited_type(self, type_guid: str) -> Bean | None:
        """The type, if it comes while there is patience to wait for it."""
        loop = asyncio.get_running_loop()
        started = loop.time()
        self._patience = min(PATIENCE_S, self._patience + (started - self._patient_at) * PATIENCE_SHARE)
        given_up = started - self._missing.get(type_guid, -TYPE_FORGET_S) < TYPE_FORGET_S
        deadline = started + (0 if given_up else min(TYPE_WAIT_S, self._patience))
        while True:
            typedef = self._parts.types.types.typedef(type_guid)
            if typedef is not None or loop.time() >= deadline:
                break
            await asyncio.sleep(TYPE_POLL_S)
        self._patient_at = loop.time()
        self._patience -= self._patient_at - started
        if typedef is None:
            if len(self._missing) >= FORGOTTEN:
                self._missing.clear()
            self._missing[type_guid] = self._patient_at
        return typedef

    def _still_ours(self, source: int, count: int) -> bool:
        if (self._topic, source) in self._router.feeds:
            return True
        log.info("%s[%d] was taken away; its last %d events come again elsewhere", self._topic, source, count)
        return False

    async def _tried(self, work: Awaitable[T], count: int) -> T | None:
        """What `work` gives; None when it is to be repeated."""
        try:
            return await work
        except NotReadyError as error:
            log.debug("%d events wait: %s", count, error)
        except OmrsError as error:
            if not error.retriable:
                raise
            log.warning("%d events wait: %s", count, error)
            await asyncio.sleep(RETRY_S)
        return None

    def _count(self, outcome: str, count: int = 1) -> None:
        metrics.INBOUND.labels(self._topic, outcome).inc(count)

    def _passed_over(self, record: LogRecord, outcome: str) -> None:
        self._count(outcome)
        self._say(record.kind, record.key, outcome)

    def _say(self, kind: object, guid: object, outcome: str) -> None:
        """What became of an event: for those who asked for messages of severity Event."""
        self._parts.audit.record("OMRS-AUDIT-8006", cohort=self._cohort, kind=kind, guid=guid, outcome=outcome)

    def _bury(self, message: Any, error: OmrsError) -> None:
        self._count("dead")
        self._parts.letters.bury(message, error)


def _inactive(kind: object, guid: object, type_guid: object) -> TypeDefError:
    return TypeDefError(
        f"{kind} of {guid} has type {type_guid}, which is not active here",
        help="load the archive that defines it, or have its owner announce it; then replay the dead letter",
        guid=guid,
    )


def _refused(event: Bean, receipt: Receipt) -> OmrsError:
    section = event["instanceEventSection"]
    kind, guid = section.get("eventType"), section.get("instanceGUID")
    if receipt.outcome == INACTIVE:
        return _inactive(kind, guid, section.get("typeDefGUID"))
    reasons = "; ".join(str(params.get("message") or message_id) for message_id, params in receipt.audits)
    return PoisonRecordError(f"{kind} of {guid} lacks what its kind needs: {reasons}", guid=guid)


def _require_true(record: LogRecord, decoded: Mapping[str, Any]) -> None:
    """The fold decides by headers: PoisonRecordError names the ones that do not say what the payload says."""
    if record.key != decoded.get("instanceGUID"):
        raise PoisonRecordError(
            f"the record's key {record.key!r} is not the instance's guid {decoded.get('instanceGUID')!r}"
        )
    proxy = decoded.get("entityProxy")
    instance = decoded.get("relationship") or decoded.get("entity") or proxy
    if instance is None:
        return  # a purge by ids
    classification = decoded.get("classification") or decoded.get("originalClassification")
    header = classification if proxy is not None and classification is not None else instance
    facts = {
        "kind": (record.kind, decoded.get("eventType")),
        "version": (record.version, header.get("version") or 0),
        "createTime": (record.create_time, instance.get("createTime") or 0),
        "home": (record.home_id, header.get("metadataCollectionId") or ""),
        "type": (record.type_guid, (instance.get("type") or {}).get("typeDefGUID")),
        "status": (record.status, instance.get("status") or "UNKNOWN"),
        "replicator": (record.replicated_by, header.get("replicatedBy") or ""),
    }
    wrong = [f"{name} {said!r} instead of {true!r}" for name, (said, true) in facts.items() if said != true]
    if wrong:
        raise PoisonRecordError(
            f"the headers of {record.kind} for {record.key} do not fit its payload: {', '.join(wrong)}"
        )

"""Instance events of a cohort → records of the server log (DESIGN.md, "From command to copy", lower line).

What is decided here is decided once: own echo, exchange rule, active type, currency. The fold only checks again that
nothing older comes through. The payload is decoded to prove that it can be, and that decoding serves the indexes.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any

from omrs_schemas.errors import NotReadyError, OmrsError, PoisonRecordError, TypeDefError
from omrs_streams import metrics
from omrs_streams.cohort.currency import ClassificationHeader, Header, judge_classification
from omrs_streams.cohort.rules import ExchangeRule
from omrs_streams.fold.kinds import CLASSIFICATION_KINDS, PURGE_KINDS
from omrs_streams.log.record import ORIGIN_COPY, LogRecord
from omrs_streams.worker.partition import OwnedPartition
from omrs_streams.worker.parts import Parts
from omrs_streams.worker.router import Router
from omrs_streams.worker.wire import Wire

log = logging.getLogger(__name__)

# How long an instance waits for its TypeDef, which travels on another topic and may be a moment behind.
TYPE_WAIT_S = 5.0
# A type that did not come is not waited for again for so long: a flood of its instances must not stall the others.
TYPE_FORGET_S = 60.0
RETRY_S = 0.5
POLL_S = 0.02  # until a partition that moves is served here; a hand-over takes some 100 ms


class Inbound:
    """The agent of one cohort's instances topic at one worker."""

    def __init__(
        self,
        wire: Wire,
        parts: Parts,
        router: Router,
        process: ExchangeRule,
        save: ExchangeRule,
        elsewhere: Callable[[dict[str, Any]], Awaitable[object]],
    ) -> None:
        self._wire = wire
        self._topic = wire.instances_topic
        self._letters = parts.letters
        self._local = parts.local
        self._types = parts.types
        self._codec = parts.codec
        self._audit = parts.audit
        self._router = router
        self._missing: dict[str, float] = {}
        self._process = process
        self._save = save
        self._elsewhere = elsewhere

    async def instance_events(self, messages: Sequence[Any]) -> None:
        """Append the accepted events of a batch, partition by partition; bad ones go to the dead letters.

        Returns when everything accepted is in the log and folded, or the partition moved to another worker, which
        receives the batch again because it was not committed here.
        """
        by_partition: dict[int, tuple[list[LogRecord], list[dict[str, Any] | None]]] = {}
        for message in messages:
            try:
                accepted = await self._accept(message)
            except OmrsError as error:
                self._bury(message, error)
                continue
            if accepted is None:
                continue
            record, decoded = accepted
            records, bodies = by_partition.setdefault(record.partition, ([], []))
            records.append(record)
            bodies.append(decoded)
        for number, (records, bodies) in by_partition.items():
            await self._append(messages[0].partition, number, records, bodies)

    async def _accept(self, message: Any) -> tuple[LogRecord, dict[str, Any]] | None:
        arrival = self._wire.read_instance(message)
        if arrival is None:
            return None
        record, decoded = arrival.record, arrival.decoded
        if record is None or decoded is None:
            raise PoisonRecordError(f"event {arrival.event_id} carries no instance")
        if record.home_id == self._local.collection_id and record.replicated_by != self._local.collection_id:
            self._audit.record("OMRS-AUDIT-0028", guid=record.key, kind=record.kind)
            metrics.INBOUND.labels(self._topic, "own").inc()
            return None
        name = await self._active_type(record)
        if not self._process.instance(record.type_guid, name) or not self._save.instance(record.type_guid, name):
            metrics.INBOUND.labels(self._topic, "filtered").inc()
            return None
        if record.key != decoded.get("instanceGUID"):
            raise PoisonRecordError(
                f"the record's key {record.key!r} is not the instance's guid {decoded.get('instanceGUID')!r}"
            )
        _require_true(record, decoded)
        record.partition = self._router.partition(record.key)
        record.origin = ORIGIN_COPY
        record.expected_revision = None
        return record, decoded

    async def _active_type(self, record: LogRecord) -> str:
        loop = asyncio.get_running_loop()
        given_up = loop.time() - self._missing.get(record.type_guid, -TYPE_FORGET_S) < TYPE_FORGET_S
        deadline = loop.time() + (0 if given_up else TYPE_WAIT_S)
        while True:
            typedef = self._types.types.typedef(record.type_guid)
            if typedef is not None:
                return str(typedef["name"])
            if loop.time() >= deadline:
                self._missing[record.type_guid] = loop.time()
                raise TypeDefError(
                    f"{record.kind} of {record.key} has type {record.type_guid}, which is not active here",
                    help="load the archive that defines it, or have its owner announce it; then replay the dead letter",
                    guid=record.key,
                )
            await asyncio.sleep(0.05)

    async def _append(
        self, source: int, number: int, records: list[LogRecord], bodies: list[dict[str, Any] | None]
    ) -> None:
        """Append the records of log partition `number`, which came on partition `source` of our topic.

        Who is delivered a partition has to see its events into the log, however long the log's partition takes to be
        served: they are acknowledged after this. Only events of a partition that was taken away may be left: whoever
        has it now is delivered them again.
        """
        while True:
            if (self._topic, source) not in self._router.feeds:
                log.info(
                    "%s[%d] was taken away; its last %d events come again elsewhere", self._topic, source, len(records)
                )
                return
            owned = self._router.local(number)
            try:
                if owned is not None:
                    fresh = self._current(owned, records, bodies)
                    if fresh[0]:
                        await owned.append(*fresh)
                    metrics.INBOUND.labels(self._topic, "accepted").inc(len(fresh[0]))
                    metrics.INBOUND.labels(self._topic, "stale").inc(len(records) - len(fresh[0]))
                    return
                if number not in self._router.assigned:
                    await self._hand_over(records)
                    return
            except NotReadyError:
                log.debug("partition %d moves", number)
            except OmrsError as error:
                if not error.retriable:
                    raise
                log.warning("%d events for partition %d wait: %s", len(records), number, error)
                await asyncio.sleep(RETRY_S)
            await asyncio.sleep(POLL_S)

    async def _hand_over(self, records: Sequence[LogRecord]) -> None:
        """To the worker that has the log partition: a sender put them where their key does not belong."""
        entries = [
            {
                "event_id": record.event_id,
                "guid": record.key,
                "event": self._codec.decode(record.value or b""),
                "origin": ORIGIN_COPY,
            }
            for record in records
        ]
        await self._elsewhere({"entries": entries})
        metrics.INBOUND.labels(self._topic, "accepted").inc(len(records))

    def _current(
        self, owned: OwnedPartition, records: list[LogRecord], bodies: list[dict[str, Any] | None]
    ) -> tuple[list[LogRecord], list[dict[str, Any] | None]]:
        """What is newer than the stored state, or than what stands before it in the batch."""
        ahead: dict[str, tuple[int, int]] = {}
        kept: tuple[list[LogRecord], list[dict[str, Any] | None]] = ([], [])
        for record, body in zip(records, bodies, strict=True):
            if owned.store.seen(record.event_id):
                continue
            if record.kind in CLASSIFICATION_KINDS and not _newer_classification(owned, record, body):
                continue
            known = ahead.get(record.key)
            if known is None:
                meta = owned.store.get_meta(record.key)
                if meta is not None and not (meta.proxy and not record.is_proxy):
                    known = (meta.version, meta.create_time)
            if known is not None and not _newer(record, *known):
                continue
            if record.kind not in CLASSIFICATION_KINDS:
                ahead[record.key] = (record.version, record.create_time)
            kept[0].append(record)
            kept[1].append(body)
        return kept

    def _bury(self, message: Any, error: OmrsError) -> None:
        metrics.INBOUND.labels(self._topic, "dead").inc()
        self._letters.bury(message, error)


def _newer_classification(owned: OwnedPartition, record: LogRecord, body: dict[str, Any] | None) -> bool:
    """The currency rule of a classification: its own creation time and version against the stored one's."""
    classification = (body or {}).get("classification") or (body or {}).get("originalClassification")
    stored = owned.store.get(record.key)
    if classification is None or body is None or stored is None:
        return True
    entity = body.get("entity") or body.get("entityProxy") or {}
    verdict = judge_classification(
        Header.of(owned.store.to_bean(stored)),
        Header.of(entity),
        str(classification["name"]),
        ClassificationHeader.of(classification),
        record.kind,
    )
    return verdict.outcome != "stale"


def _require_true(record: LogRecord, decoded: Mapping[str, Any]) -> None:
    """The fold decides by headers: PoisonRecordError names the ones that do not say what the payload says."""
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
    }
    wrong = [f"{name} {said!r} instead of {true!r}" for name, (said, true) in facts.items() if said != true]
    if wrong:
        raise PoisonRecordError(
            f"the headers of {record.kind} for {record.key} do not fit its payload: {', '.join(wrong)}"
        )


def _newer(record: LogRecord, version: int, create_time: int) -> bool:
    """The currency rule on headers; classification changes and purges carry the version that is stored already."""
    if record.kind in CLASSIFICATION_KINDS:
        return True
    if record.create_time and create_time and record.create_time != create_time:
        return True  # another object: the fold marks it lost, so that the conflict is on record
    return record.version > version or (record.version == version and record.kind in PURGE_KINDS)

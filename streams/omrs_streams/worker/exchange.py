"""Carries out what the receiving core decides about instance events of one cohort: appends to the server log, wherever
the guids live, answers to the cohort, new guids for instances of ours that lost theirs, the audit log."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any

from omrs_schemas.errors import OmrsError, PoisonRecordError
from omrs_streams.clock import now_ms
from omrs_streams.cohort.receiving import DEAD, Append, Receipt, Receiver, receive
from omrs_streams.cohort.registry_events import part_of
from omrs_streams.fold.effect import REASON_REVISION
from omrs_streams.log.event_ids import following_id
from omrs_streams.log.record import ORIGIN_COPY
from omrs_streams.repository.local import Bean
from omrs_streams.worker.boundary import defect, is_of_message
from omrs_streams.worker.bulk import Bulk, Entry
from omrs_streams.worker.parts import Parts
from omrs_streams.worker.saving import SaveRule

log = logging.getLogger(__name__)

# A judgement is repeated when somebody else changed the guid meanwhile: twice in a row is rare already.
ATTEMPTS = 8
# The same conflict is told once in so long: its events may come by the thousand.
TOLD_S = 60.0
TOLD = 10_000  # conflicts that are remembered

NewGuid = Callable[[str, str], Awaitable[str]]
"""`Commands.give_new_guid`: the guid that was lost and the id of the event that told → the new guid."""


class Exchange:
    """The judging side of one cohort. `me`: under which rules, as they are at the time."""

    def __init__(
        self,
        cohort: str,
        parts: Parts,
        me: Callable[[], Receiver],
        bulk: Bulk,
        saving: SaveRule,
        send: Callable[[Sequence[Bean]], Awaitable[None]],
        new_guid: NewGuid,
    ) -> None:
        self._cohort = cohort
        self._parts = parts
        self._me = me
        self._bulk = bulk
        self._saving = saving
        self._send = send
        self._new_guid = new_guid
        self._told: dict[tuple[object, ...], float] = {}

    async def take_in(self, events: Mapping[str, Bean]) -> dict[str, Receipt]:
        """Judge `events` (by event id; no two of them about one guid) and do what follows; their receipts.

        Events are judged again while others change what they are about. An event that fails for what it is gets a
        receipt that says `DEAD`, and does not keep the others from the log. Raises NotReadyError while partitions move;
        repeating is safe.
        """
        try:
            return await self._take_in(events)
        except Exception as error:
            if not is_of_message(error):
                raise
            if len(events) == 1:
                return {event_id: self._dead(event, error) for event_id, event in events.items()}
        receipts: dict[str, Receipt] = {}
        for event_id, event in events.items():
            receipts.update(await self.take_in({event_id: event}))
        return receipts

    def _dead(self, event: Bean, error: Exception) -> Receipt:
        section = part_of(event, "instanceEventSection")
        kind, guid = part_of(section, "eventType"), part_of(section, "instanceGUID")
        fault = defect(error, f"{kind} of {guid}")
        log.error("cohort %s: %s", self._cohort, fault, exc_info=None if fault is error else error)
        told = ("OMRS-AUDIT-9015", {"kind": kind, "guid": guid, "message": fault.message})
        self._parts.audit.record(told[0], cohort=self._cohort, **told[1])
        return Receipt(DEAD, audits=(told,))

    async def _take_in(self, events: Mapping[str, Bean]) -> dict[str, Receipt]:
        receipts: dict[str, Receipt] = {}
        waiting = dict(events)
        for attempt in range(ATTEMPTS):
            held = await self._bulk.held({guid for event in waiting.values() for guid in guids_of(event)})
            me, now = self._me(), now_ms()
            judged = {event_id: receive(event, held.get, me, now) for event_id, event in waiting.items()}
            # Before the copy is there to see: whoever sees it counts on the next one of its type, and after a crash
            # the answer is not taken in a second time.
            await self._saving.learn([guid for receipt in judged.values() for guid in receipt.learned])
            again = {event_id for event_id, receipt in judged.items() if await self._renamed(event_id, receipt)}
            again |= await self._append({k: v for k, v in judged.items() if k not in again}, attempt)
            receipts.update(judged)
            await self._tell([receipt for event_id, receipt in judged.items() if event_id not in again])
            waiting = {event_id: event for event_id, event in waiting.items() if event_id in again}
            if not waiting:
                break
        else:
            log.warning("cohort %s: %d events lose to other writers again and again", self._cohort, len(waiting))
        return receipts

    async def _renamed(self, event_id: str, receipt: Receipt) -> bool:
        """Whether instances of ours got new guids, so that the event is to be judged again."""
        done = False
        for guid in receipt.reidentify:
            try:
                new_guid = await self._new_guid(guid, event_id)
            except OmrsError as error:
                if error.retriable:
                    raise
                self._parts.audit.record("OMRS-AUDIT-0208", cohort=self._cohort, guid=guid, message=error.message)
            else:
                self._parts.audit.record("OMRS-AUDIT-0207", cohort=self._cohort, guid=guid, other_guid=new_guid)
                done = True
        return done

    async def _append(self, judged: Mapping[str, Receipt], attempt: int) -> set[str]:
        """Append what was decided; the ids of the events that lost against another writer."""
        entries: list[Entry] = []
        source: dict[str, str] = {}
        for event_id, receipt in judged.items():
            for append in receipt.appends:
                own_id = following_id(event_id, append.suffix, attempt or "")
                source[own_id] = event_id
                entries.append(_entry(own_id, append))
        if not entries:
            return set()
        results = (await self._bulk.append({"entries": entries}))["results"]
        refused = [result["refused"] for result in results.values() if result.get("refused")]
        if refused:
            raise PoisonRecordError("; ".join(refused))
        return {source[own_id] for own_id, result in results.items() if result["reason"] == REASON_REVISION}

    async def _tell(self, receipts: Sequence[Receipt]) -> None:
        for receipt in receipts:
            for message_id, params in receipt.audits:
                self._parts.audit.record(message_id, **{"cohort": self._cohort, **params})
        sends = [event for receipt in receipts for event in receipt.sends]
        await self._send([event for event in sends if not self._was_told(event)])

    def _was_told(self, event: Bean) -> bool:
        """Whether this is an error event that was sent a moment ago."""
        error = event.get("errorSection")
        if error is None:
            return False
        named = ("errorCode", "targetInstanceGUID", "targetMetadataCollectionId", "otherMetadataCollectionId")
        key = tuple(error.get(name) for name in named)
        now = asyncio.get_running_loop().time()
        if now - self._told.get(key, -TOLD_S) < TOLD_S:
            return True
        if len(self._told) >= TOLD:
            self._told.clear()
        self._told[key] = now
        return False


def _entry(event_id: str, append: Append) -> dict[str, Any]:
    return {
        "event_id": event_id,
        "guid": append.guid,
        "event": append.event,
        "origin": ORIGIN_COPY,
        "expected_revision": append.expected_revision,
    }


def guids_of(event: Bean) -> frozenset[str]:
    """The guids whose state decides about an instance event."""
    section: Mapping[str, Any] = event.get("instanceEventSection") or {}
    error: Mapping[str, Any] = event.get("errorSection") or {}
    found: set[Any] = {section.get("instanceGUID"), section.get("originalInstanceGUID")}
    found |= {error.get("targetInstanceGUID"), error.get("otherInstanceGUID")}
    batch: Mapping[str, Any] = section.get("instanceBatch") or {}
    instances = [section.get(name) for name in ("entity", "entityProxy", "relationship")]
    for instance in (*instances, *(batch.get("entities") or ()), *(batch.get("relationships") or ())):
        if isinstance(instance, dict):
            found |= {instance.get("guid"), instance.get("reIdentifiedFromGUID")}
    return frozenset(str(guid) for guid in found if guid)

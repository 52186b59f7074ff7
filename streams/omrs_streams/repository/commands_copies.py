"""Reference copies by request instead of by event (OMRS instances § Reference copies): the same rules decide, at the
worker that owns the guid, and the same kind of record is appended."""

from collections.abc import Callable
from dataclasses import replace

from omrs_schemas.codes import Code
from omrs_schemas.errors import EntityConflictError, NotReadyError, RelationshipConflictError, TypeDefError
from omrs_streams.audit import AuditLog
from omrs_streams.cohort.receiving import CONFLICT, INACTIVE, Append, Held, Receipt, Receiver, held_of, receive
from omrs_streams.cohort.rules import ExchangeRule
from omrs_streams.log.event_ids import following_id
from omrs_streams.log.record import ORIGIN_COPY, LogRecord
from omrs_streams.repository.commands_base import Call, CommandBase
from omrs_streams.repository.events import instance_event, log_record
from omrs_streams.repository.local import Bean
from omrs_streams.worker.partition import OwnedPartition

# A record that expects a revision loses only to another writer of the same guid: twice in a row is rare already.
ATTEMPTS = 8


class CopyCommands(CommandBase):
    """Saving and removing reference copies."""

    _receiver: Callable[[], Receiver] | None = None
    _audit: AuditLog | None = None

    def receive_as(self, receiver: Callable[[], Receiver], audit: AuditLog) -> None:
        """Under which rules copies are taken in, as they are at the time; until then nothing is taken in."""
        self._receiver = receiver
        self._audit = audit

    async def take(self, owned: OwnedPartition, call: Call, guid: str, what: Bean) -> Bean:
        """Do what the instance event `what["event"]` about `guid` asks for, if it is newer than what is held; with
        `what["regardless"]`, whatever types copies are kept of.

        Raises EntityConflictError / RelationshipConflictError where another object has the guid, TypeDefError where the
        type is not active. What is known already or unwanted by rule changes nothing, as it does as an event.
        """
        event: Bean = what["event"]
        async with self._lock(guid):
            if self._receiver is None:
                raise NotReadyError(f"the worker is starting; a copy of {guid} cannot be taken in yet")
            if owned.store.seen(call.event_id):
                return {}
            me = self._receiver()
            if what.get("regardless"):
                me = replace(me, save=ExchangeRule())
            for attempt in range(ATTEMPTS):

                def stored(wanted: str) -> Held | None:
                    return held_of(owned.store, wanted, self._codec) if wanted == guid else None

                receipt = receive(event, stored, me, self._clock())
                self._refuse(guid, event, receipt)
                records = [self._copy(append, call, attempt) for append in receipt.appends if append.guid == guid]
                if not records or all(effect.reason != "revision" for effect in await owned.append(records)):
                    self._report(receipt)
                    return {}
            return {}

    async def forget(self, owned: OwnedPartition, call: Call, guid: str, _: Bean) -> Bean:
        """Drop the copy of a guid, of which the home knows nothing: whatever the home says next is taken in, its answer
        to a refresh request too. (After a purge by the home, only a higher version is.)"""
        async with self._lock(guid):
            stored = owned.store.get(guid)
            if stored is not None and not owned.store.seen(call.event_id):
                bean = owned.store.to_bean(stored)
                event = instance_event("PURGED", bean, self._local.originator(), self._clock())
                await self._append(owned, call, event, stored.meta.revision, unpublished=True)
            return {}

    def _copy(self, append: Append, call: Call, attempt: int) -> LogRecord:
        return log_record(
            append.event,
            self._codec.encode,
            self._partitions,
            event_id=following_id(call.event_id, append.suffix, attempt or ""),
            origin=ORIGIN_COPY,
            expected_revision=append.expected_revision,
        )

    def _report(self, receipt: Receipt) -> None:
        if self._audit is not None:
            for message_id, params in receipt.audits:
                self._audit.record(message_id, **params)

    def _refuse(self, guid: str, event: Bean, receipt: Receipt) -> None:
        section = event["instanceEventSection"]
        if receipt.outcome == CONFLICT:
            self._report(receipt)
            error = RelationshipConflictError if "relationship" in section else EntityConflictError
            raise error(
                f"{guid} is the guid of another object here: its creation time or home is another",
                help="compare the two at their homes; one of them needs a new guid",
                guid=guid,
            )
        if receipt.outcome == INACTIVE:
            self._report(receipt)
            raise TypeDefError(
                f"a type of {guid} ({section.get('typeDefName')}) is not active here",
                code=Code.TYPEDEF_NOT_KNOWN_FOR_INSTANCE,
                help="load the archive that defines it",
                guid=guid,
            )

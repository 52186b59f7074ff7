"""What every command shares: the lock per guid, who sees and may change what, the append and its answer."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Protocol
from weakref import WeakValueDictionary

from omrs_schemas.codec import EventCodec
from omrs_schemas.errors import (
    EntityNotDeletedError,
    EntityNotKnownError,
    InvalidParameterError,
    NotReadyError,
    RelationshipNotDeletedError,
    RevisionConflictError,
    TypeDefError,
)
from omrs_schemas.typedefs.system import TypeSystem
from omrs_streams.clock import now_ms
from omrs_streams.log.record import ORIGIN_CONSEQUENCE, ORIGIN_HOME
from omrs_streams.repository import changes
from omrs_streams.repository.commands_errors import lost_to, not_known, soft_deleted
from omrs_streams.repository.events import instance_event, log_record
from omrs_streams.repository.local import Bean, LocalCollection
from omrs_streams.security import MetadataSecurity, OpenSecurity, Operation
from omrs_streams.store.partition import PartitionStore, Stored
from omrs_streams.worker.partition import OwnedPartition

Elsewhere = Callable[[str, str, "Call", Bean], Awaitable[Bean]]
"""Carries out a named step at the worker that owns a guid: (step, guid, call, what) → answer."""

Change = Callable[[Bean, int], tuple[str, Bean, dict[str, object]]]
"""Current bean and time → event kind ("" = nothing to do), new bean, further fields of the instance section."""


class Lookup(Protocol):
    """Finds the current bean of any guid of the server, wherever its partition lives; None when it is not known."""

    def __call__(self, guid: str) -> Awaitable[Bean | None]: ...


@dataclass(frozen=True, slots=True)
class Call:
    """Who asks, and what makes the request repeatable.

    `event_id` names the record that the command appends: the same id twice changes nothing twice.
    `expected_revision`: the caller's own view of the instance's revision, if it insists on it.
    """

    user: str
    event_id: str
    expected_revision: int | None = None
    cause: str | None = None


class CommandBase:
    """State and steps that all groups of commands use."""

    def __init__(
        self,
        local: LocalCollection,
        types: TypeSystem,
        codec: EventCodec,
        partitions: int,
        lookup: Lookup,
        clock: Callable[[], int] = now_ms,
        security: MetadataSecurity | None = None,
    ) -> None:
        self._local = local
        self._types = types
        self._codec = codec
        self._partitions = partitions
        self._lookup = lookup
        self._clock = clock
        self._security = security or OpenSecurity()
        self._elsewhere: Elsewhere | None = None
        self._locks: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()

    def connect(self, elsewhere: Elsewhere) -> None:
        """How steps of a command that concern another guid reach that guid's owner; until then they are refused."""
        self._elsewhere = elsewhere

    async def _at(self, step: str, guid: str, call: Call, what: Bean) -> Bean:
        if self._elsewhere is None:
            raise NotReadyError(f"the worker is starting; {step} of {guid} cannot reach its owner yet")
        return await self._elsewhere(step, guid, call, what)

    async def _change(
        self,
        owned: OwnedPartition,
        call: Call,
        guid: str,
        kind: str,
        operation: Operation,
        change: Change,
        *,
        deleted_too: bool = False,
        classification: str | None = None,
        proxies: bool = False,
        allowed: Callable[[Bean], None] | None = None,
    ) -> Bean:
        """Make `change` of the current state of `guid` and append it; `allowed` raises where it may not be made
        (None: only what is maintained here may change, or where `classification` is named, what is copied here too).

        UserNotAuthorizedError where security does not let the user do `operation`.
        """
        changes.require_guid(guid, "guid")
        async with self._lock(guid):
            if owned.store.seen(call.event_id):
                return self._repeated(owned, call, guid)
            stored = owned.store.get(guid)
            current = self._visible(owned.store, stored, guid, kind, deleted_too=deleted_too, proxies=proxies)
            if stored is None:
                raise AssertionError  # _visible has raised
            revision = stored.meta.revision
            require_revision(call, guid, revision)
            self._authorise(call, operation, current, classification)
            now = self._clock()
            if classification is not None and not self._local.may_write(current):
                return await self._classify_copy(owned, call, current, revision, change, now)
            (allowed or self._require_writable)(current)
            name, bean, more = change(current, now)
            if not name:
                return current
            await self._append(owned, call, instance_event(name, bean, self._local.originator(), now, **more), revision)
            return bean

    def _authorise(self, call: Call, operation: Operation, bean: Bean, classification: str | None = None) -> None:
        """What follows from a change was allowed with it."""
        if call.cause is None:
            self._security.check(call.user, operation, bean, classification)

    def _with_unseen(self, call: Call, current: Bean, properties: Bean) -> Bean:
        """`properties` and those of `current` that the security connector hides from the user: he replaces what he
        knows."""
        seen = self._security.readable(call.user, current) or {}
        held = (current.get("properties") or {}).get("instanceProperties") or {}
        shown = (seen.get("properties") or {}).get("instanceProperties") or {}
        given = properties.get("instanceProperties") or {}
        unseen = {name: value for name, value in held.items() if name not in shown and name not in given}
        return {**properties, "instanceProperties": {**given, **unseen}} if unseen else properties

    async def _classify_copy(
        self,
        owned: OwnedPartition,
        call: Call,
        current: Bean,
        revision: int,
        change: Change,
        now: int,
    ) -> Bean:
        """A home classification on a reference copy: the entity stays its home's, only the classification is ours."""
        name, bean, more = change(current, now)
        if not name:
            return current
        proxy = changes.proxy_of(self._types, current)
        event = instance_event(name, proxy, self._local.originator(), now, **more)
        await self._append(owned, call, event, revision)
        return bean

    async def _append(
        self, owned: OwnedPartition, call: Call, event: Bean, revision: int, *, unpublished: bool = False
    ) -> None:
        """Append the event and fold it. `unpublished`: the record names no home, so that no cohort is sent it."""
        record = log_record(
            event,
            self._codec.encode,
            self._partitions,
            event_id=call.event_id,
            origin=ORIGIN_CONSEQUENCE if call.cause else ORIGIN_HOME,
            expected_revision=revision,
            cause=call.cause,
        )
        if unpublished:
            record.home_id = record.replicated_by = ""
        (effect,) = await owned.append([record])
        if not effect.effective and not effect.duplicate:
            raise lost_to(record.key, effect.winner)

    def _lock(self, guid: str) -> asyncio.Lock:
        lock = self._locks.get(guid)
        if lock is None:
            lock = self._locks[guid] = asyncio.Lock()
        return lock

    def _folded(self, owned: OwnedPartition, call: Call, guid: str) -> int | None:
        """The offset of the record of `call`, None until it was folded; RevisionConflictError when it lost."""
        offset = owned.store.offset_of_event(call.event_id)
        mark = None if offset is None else owned.store.lost(offset)
        if mark is not None:
            raise lost_to(guid, mark.winner)
        return offset

    def _done(self, owned: OwnedPartition, call: Call, guid: str) -> bool:
        """Whether the record of `call` was folded before; RevisionConflictError when it lost."""
        return self._folded(owned, call, guid) is not None

    def _repeated(self, owned: OwnedPartition, call: Call, guid: str) -> Bean:
        """The answer to a request whose record was folded before: the instance as it is now, or how it lost."""
        offset = self._folded(owned, call, guid)
        meta = owned.store.get_meta(guid)
        of_guid = meta is not None and (
            meta.tombstone or any(r.meta.offset == offset for r in owned.store.revisions(guid))
        )
        if not of_guid:
            raise InvalidParameterError(
                f"the event id {call.event_id} was used for a change of another instance than {guid}",
                help="send an id of its own with each request; only a repetition of the same request has the same one",
                guid=guid,
                parameter="X-Omrs-Event-Id",
            )
        stored = owned.store.get(guid)
        if stored is None:
            raise EntityNotKnownError(f"{guid} was purged since the request was first made", guid=guid)
        return owned.store.to_bean(stored)

    def _visible(
        self, store: PartitionStore, stored: Stored | None, guid: str, kind: str, *, deleted_too: bool, proxies: bool
    ) -> Bean:
        relationship = kind == changes.RELATIONSHIP
        if stored is None or stored.meta.relationship != relationship:
            raise not_known(guid, relationship=relationship)
        return usable(store.to_bean(stored), deleted_too=deleted_too, proxies=proxies)

    def _require_writable(self, bean: Bean) -> None:
        if self._local.may_write(bean):
            return
        relationship = bean["class"] == changes.RELATIONSHIP
        raise InvalidParameterError(
            f"{bean['guid']} is a reference copy; it is maintained by metadata collection "
            f"{bean.get('replicatedBy') or bean.get('metadataCollectionId')} ({bean.get('instanceProvenanceType')})",
            code="OMRS-LOCAL-REPOSITORY-503-010" if relationship else "OMRS-LOCAL-REPOSITORY-503-009",
            help="send the change to its home repository; if that has left for good, re-home the instance here",
            guid=bean["guid"],
        )

    def _require_deleted(self, bean: Bean) -> None:
        if bean.get("status") != "DELETED":
            error = RelationshipNotDeletedError if bean["class"] == changes.RELATIONSHIP else EntityNotDeletedError
            raise error(f"{bean['guid']} is not deleted", help="delete it first", guid=bean["guid"])

    def require_type(self, type_guid: str | None, type_name: str | None) -> None:
        """TypeDefError BAD_TYPEDEF_IDS_FOR_DELETE where the two do not identify a known type."""
        found = self._types.typedef(type_guid) if type_guid else None
        if found is None or (type_name and found["name"] != type_name):
            raise TypeDefError(
                f"typeDefGUID {type_guid!r} and typeDefName {type_name!r} do not identify a known type",
                code="OMRS-REPOSITORY-400-039",
                help="pass the guid and the name of the instance's type",
                parameter="typeDefGUID",
            )

    def _previous(self, store: PartitionStore, guid: str, version: int) -> Bean | None:
        previous = None
        for stored in store.revisions(guid):
            if stored.meta.version < version and not stored.meta.proxy:
                previous = stored
        return None if previous is None else store.to_bean(previous)


def usable(bean: Bean, *, deleted_too: bool = False, proxies: bool = False) -> Bean:
    """`bean`, where it can be changed at all: InvalidParameterError for a proxy, …NotKnownError for what is deleted."""
    if bean["class"] == changes.PROXY and not proxies:
        raise InvalidParameterError(
            f"only a proxy of {bean['guid']} is here",
            code="OMRS-LOCAL-REPOSITORY-503-007",
            help="change the entity at its home",
            guid=bean["guid"],
        )
    if bean.get("status") == "DELETED" and not deleted_too:
        raise soft_deleted(bean["guid"], relationship=bean["class"] == changes.RELATIONSHIP)
    return bean


def require_revision(call: Call, guid: str, revision: int) -> None:
    """RevisionConflictError where the caller insists on another revision."""
    if call.expected_revision is not None and call.expected_revision != revision:
        raise RevisionConflictError(
            f"{guid} is at revision {revision}, the change expects {call.expected_revision}",
            help="read it again and repeat the change on what is there now",
            guid=guid,
            revision=revision,
        )

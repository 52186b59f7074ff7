"""Commands on instances at the worker that owns their partition: validate, append with the revision they expect, answer
with what was folded (DESIGN.md, "From command to copy").

Over 500 lines: one class, because every command shares the lock per guid, the visibility rules and the append.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Protocol
from weakref import WeakValueDictionary

from omrs_schemas.codec import EventCodec
from omrs_schemas.errors import (
    ClassificationError,
    EntityNotDeletedError,
    EntityNotKnownError,
    EntityProxyOnlyError,
    InvalidParameterError,
    PropertyError,
    RelationshipNotDeletedError,
    RelationshipNotKnownError,
    RevisionConflictError,
    StatusNotSupportedError,
    TypeDefError,
)
from omrs_schemas.typedefs import validate
from omrs_schemas.typedefs.system import TypeSystem
from omrs_streams.log.record import ORIGIN_CONSEQUENCE, ORIGIN_HOME
from omrs_streams.repository import changes
from omrs_streams.repository.events import guid_for, instance_event, log_record
from omrs_streams.repository.local import Bean, LocalCollection
from omrs_streams.store.partition import PartitionStore, Stored
from omrs_streams.worker.partition import OwnedPartition


class _NoHistoryError(Exception):
    """There is nothing to undo."""


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


class Commands:
    """The write side of the local metadata collection."""

    def __init__(
        self,
        local: LocalCollection,
        types: TypeSystem,
        codec: EventCodec,
        partitions: int,
        lookup: Lookup,
        clock: Callable[[], int] = lambda: int(time.time() * 1000),
    ) -> None:
        self._local = local
        self._types = types
        self._codec = codec
        self._partitions = partitions
        self._lookup = lookup
        self._clock = clock
        self._locks: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()

    # ---- create ----------------------------------------------------------------------------------------------------

    async def add_entity(
        self,
        owned: OwnedPartition,
        call: Call,
        type_guid: str | None,
        properties: Bean | None,
        classifications: list[Bean] | None,
        status: str | None,
        external: tuple[str, str] | None = None,
    ) -> Bean:
        """Create an entity (OMRS instances § Creating); raises the errors of `validate.validate_new_entity`."""
        typedef = validate.validate_new_entity(self._types, type_guid, properties, classifications, status)
        name = typedef["name"]
        now = self._clock()
        header = changes.home_header(
            self._local,
            call.user,
            now,
            self._types.instance_type(typedef),
            status or self._types.initial_status(name),
            external,
        )
        attached = [self._classification(given, call.user, now, external) for given in classifications or ()]
        bean = changes.new_instance(
            changes.ENTITY, guid_for(call.event_id), header, properties, self._local, classifications=attached
        )
        return await self._create(owned, call, bean, now)

    async def add_relationship(
        self,
        owned: OwnedPartition,
        call: Call,
        type_guid: str | None,
        properties: Bean | None,
        end1: str | None,
        end2: str | None,
        status: str | None,
        external: tuple[str, str] | None = None,
    ) -> Bean:
        """Create a relationship between two known entities, which are checked now and not again when it is folded."""
        typedef = validate.validate_new_relationship(self._types, type_guid, properties, status)
        proxies = []
        for guid, parameter in ((end1, "entityOneGUID"), (end2, "entityTwoGUID")):
            entity = await self._lookup(changes.require_guid(guid, parameter))
            if entity is None or entity.get("status") == "DELETED" or entity["class"] == changes.RELATIONSHIP:
                raise EntityNotKnownError(
                    f"the entity {guid} named as {parameter} is not known here", guid=guid, parameter=parameter
                )
            proxies.append(changes.proxy_of(self._types, entity))
        validate.validate_ends(
            self._types, typedef, proxies[0]["type"]["typeDefName"], proxies[1]["type"]["typeDefName"]
        )
        now = self._clock()
        header = changes.home_header(
            self._local,
            call.user,
            now,
            self._types.instance_type(typedef),
            status or self._types.initial_status(typedef["name"]),
            external,
        )
        bean = changes.new_instance(
            changes.RELATIONSHIP,
            guid_for(call.event_id),
            header,
            properties,
            self._local,
            entityOneProxy=proxies[0],
            entityTwoProxy=proxies[1],
        )
        return await self._create(owned, call, bean, now)

    async def _create(self, owned: OwnedPartition, call: Call, bean: Bean, now: int) -> Bean:
        guid = bean["guid"]
        async with self._lock(guid):
            if owned.store.seen(call.event_id):
                return self._repeated(owned, call, guid)
            event = instance_event("NEW", bean, self._local.originator(), now)
            await self._append(owned, call, event, 0)
            return bean

    # ---- change ----------------------------------------------------------------------------------------------------

    async def update_properties(
        self, owned: OwnedPartition, call: Call, guid: str, kind: str, properties: Bean | None
    ) -> Bean:
        """Replace the whole property set (OMRS instances § Versioning)."""
        if properties is None:
            raise PropertyError(
                f"no properties were given for {guid}",
                code="OMRS-REPOSITORY-400-037",
                guid=guid,
                parameter="properties",
            )

        def change(current: Bean, now: int) -> tuple[str, Bean, dict[str, object]]:
            validate.validate_properties(self._types, current["type"]["typeDefName"], properties)
            return "UPDATED", changes.with_properties(changes.next_version(current, call.user, now), properties), {}

        return await self._change(owned, call, guid, kind, change)

    async def update_status(self, owned: OwnedPartition, call: Call, guid: str, kind: str, status: str | None) -> Bean:
        def change(current: Bean, now: int) -> tuple[str, Bean, dict[str, object]]:
            if status is None:
                raise StatusNotSupportedError(
                    f"no status was given for {guid}", code="OMRS-REPOSITORY-400-036", guid=guid, parameter="status"
                )
            validate.validate_status(self._types, current["type"]["typeDefName"], status)
            return "UPDATED", {**changes.next_version(current, call.user, now), "status": status}, {}

        return await self._change(owned, call, guid, kind, change)

    async def undo(self, owned: OwnedPartition, call: Call, guid: str, kind: str) -> Bean | None:
        """Bring back the content of the version before; None where there is none (OMRS instances § Versioning)."""

        def change(current: Bean, now: int) -> tuple[str, Bean, dict[str, object]]:
            previous = self._previous(owned.store, guid, current["version"])
            if previous is None:
                raise _NoHistoryError
            return "UNDONE", changes.undone(current, previous, call.user, now), {}

        try:
            return await self._change(owned, call, guid, kind, change)
        except _NoHistoryError:
            return None

    async def delete(
        self, owned: OwnedPartition, call: Call, guid: str, kind: str, type_guid: str | None, type_name: str | None
    ) -> Bean:
        """Soft delete (OMRS instances § Delete)."""
        self._require_type(type_guid, type_name)

        def change(current: Bean, now: int) -> tuple[str, Bean, dict[str, object]]:
            if current.get("status") == "DELETED":
                raise InvalidParameterError(
                    f"{guid} is deleted already", code="OMRS-REPOSITORY-400-045", help="purge or restore it", guid=guid
                )
            return "DELETED", changes.deleted(current, call.user, now), {}

        return await self._change(owned, call, guid, kind, change, deleted_too=True)

    async def restore(self, owned: OwnedPartition, call: Call, guid: str, kind: str) -> Bean:
        def change(current: Bean, now: int) -> tuple[str, Bean, dict[str, object]]:
            self._require_deleted(current)
            return "RESTORED", changes.restored(current, call.user, now), {}

        return await self._change(owned, call, guid, kind, change, deleted_too=True)

    async def purge(
        self, owned: OwnedPartition, call: Call, guid: str, kind: str, type_guid: str | None, type_name: str | None
    ) -> None:
        """Remove a soft-deleted instance and its history."""
        self._require_type(type_guid, type_name)

        def change(current: Bean, now: int) -> tuple[str, Bean, dict[str, object]]:
            self._require_deleted(current)
            return "PURGED", current, {}

        try:
            await self._change(owned, call, guid, kind, change, deleted_too=True)
        except (EntityNotKnownError, RelationshipNotKnownError):
            if not owned.store.seen(call.event_id):  # else it is this very request that removed it
                raise

    async def drop_copy(self, owned: OwnedPartition, call: Call, guid: str) -> None:
        """Forget a reference copy, because an end of it is gone here; its home is not told (OMRS instances § Delete).

        Nothing happens when it is gone already.
        """
        async with self._lock(guid):
            stored = owned.store.get(guid)
            if stored is None or owned.store.seen(call.event_id):
                return
            bean = owned.store.to_bean(stored)
            event = instance_event("PURGED", bean, self._local.originator(), self._clock())
            await self._append(owned, call, event, stored.meta.revision)

    # ---- classifications -------------------------------------------------------------------------------------------

    async def classify(
        self,
        owned: OwnedPartition,
        call: Call,
        guid: str,
        name: str | None,
        properties: Bean | None,
        *,
        origin: str = "ASSIGNED",
        origin_guid: str | None = None,
        external: tuple[str, str] | None = None,
    ) -> Bean:
        """Attach a classification; the entity's own version stays (OMRS instances § Creating, Classification add)."""

        def change(current: Bean, now: int) -> tuple[str, Bean, dict[str, object]]:
            typedef = validate.validate_classification(self._types, name, current["type"]["typeDefName"])
            validate.validate_properties(self._types, typedef["name"], properties)
            present = changes.find_classification(current, typedef["name"])
            if present is not None:
                if (present.get("properties") or {}) == (properties or {}):
                    return "", current, {}
                raise ClassificationError(
                    f"{guid} carries classification {name} already, with other properties",
                    code="OMRS-REPOSITORY-400-081",
                    help="update the classification instead",
                    guid=guid,
                )
            header = changes.home_header(
                self._local, call.user, now, self._types.instance_type(typedef), "ACTIVE", external
            )
            added = changes.new_classification(typedef["name"], header, properties, origin, origin_guid)
            return "CLASSIFIED", changes.with_classification(current, added), {"classification": added}

        return await self._change(owned, call, guid, changes.ENTITY, change, classification=True)

    async def reclassify(
        self, owned: OwnedPartition, call: Call, guid: str, name: str, properties: Bean | None
    ) -> Bean:
        def change(current: Bean, now: int) -> tuple[str, Bean, dict[str, object]]:
            present = self._carried(current, name)
            validate.validate_properties(self._types, name, properties)
            updated = changes.with_properties(changes.next_version(present, call.user, now), properties)
            more: dict[str, object] = {"originalClassification": present, "classification": updated}
            return "RECLASSIFIED", changes.with_classification(current, updated), more

        return await self._change(owned, call, guid, changes.ENTITY, change, classification=True)

    async def declassify(self, owned: OwnedPartition, call: Call, guid: str, name: str) -> Bean:
        def change(current: Bean, now: int) -> tuple[str, Bean, dict[str, object]]:
            present = self._carried(current, name)
            return "DECLASSIFIED", changes.without_classification(current, name), {"originalClassification": present}

        return await self._change(owned, call, guid, changes.ENTITY, change, classification=True)

    def _carried(self, entity: Bean, name: str) -> Bean:
        present = changes.find_classification(entity, name)
        if present is None:
            raise ClassificationError(
                f"{entity['guid']} does not carry classification {name}",
                code="OMRS-REPOSITORY-400-048",
                guid=entity["guid"],
            )
        if not self._local.may_write(present):
            raise InvalidParameterError(
                f"classification {name} of {entity['guid']} is maintained by metadata collection "
                f"{present.get('replicatedBy') or present.get('metadataCollectionId')}",
                code="OMRS-LOCAL-REPOSITORY-503-009",
                help="change it at its home",
                guid=entity["guid"],
            )
        return present

    def _classification(self, given: Bean, user: str, now: int, external: tuple[str, str] | None) -> Bean:
        typedef = self._types.require(name=given.get("name"))
        header = changes.home_header(self._local, user, now, self._types.instance_type(typedef), "ACTIVE", external)
        return changes.new_classification(
            typedef["name"],
            header,
            given.get("properties"),
            given.get("classificationOrigin") or "ASSIGNED",
            given.get("classificationOriginGUID"),
        )

    # ---- shared ----------------------------------------------------------------------------------------------------

    async def _change(
        self,
        owned: OwnedPartition,
        call: Call,
        guid: str,
        kind: str,
        change: Callable[[Bean, int], tuple[str, Bean, dict[str, object]]],
        *,
        deleted_too: bool = False,
        classification: bool = False,
    ) -> Bean:
        changes.require_guid(guid, "guid")
        async with self._lock(guid):
            if owned.store.seen(call.event_id):
                return self._repeated(owned, call, guid)
            stored = owned.store.get(guid)
            current = self._visible(owned.store, stored, guid, kind, deleted_too=deleted_too)
            if stored is None:
                raise AssertionError  # _visible has raised
            revision = stored.meta.revision
            if call.expected_revision is not None and call.expected_revision != revision:
                raise RevisionConflictError(
                    f"{guid} is at revision {revision}, the change expects {call.expected_revision}",
                    help="read it again and repeat the change on what is there now",
                    guid=guid,
                    revision=revision,
                )
            now = self._clock()
            if classification and not self._local.may_write(current):
                return await self._classify_copy(owned, call, current, revision, change, now)
            self._require_writable(current)
            name, bean, more = change(current, now)
            if not name:
                return current
            await self._append(owned, call, instance_event(name, bean, self._local.originator(), now, **more), revision)
            return bean

    async def _classify_copy(
        self,
        owned: OwnedPartition,
        call: Call,
        current: Bean,
        revision: int,
        change: Callable[[Bean, int], tuple[str, Bean, dict[str, object]]],
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

    async def _append(self, owned: OwnedPartition, call: Call, event: Bean, revision: int) -> None:
        record = log_record(
            event,
            self._codec.encode,
            self._partitions,
            event_id=call.event_id,
            origin=ORIGIN_CONSEQUENCE if call.cause else ORIGIN_HOME,
            expected_revision=revision,
            cause=call.cause,
        )
        (effect,) = await owned.append([record])
        if not effect.effective and not effect.duplicate:
            raise _lost_to(record.key, effect.winner)

    def _lock(self, guid: str) -> asyncio.Lock:
        lock = self._locks.get(guid)
        if lock is None:
            lock = self._locks[guid] = asyncio.Lock()
        return lock

    def _repeated(self, owned: OwnedPartition, call: Call, guid: str) -> Bean:
        """The answer to a request whose record was folded before: the instance as it is now, or how it lost."""
        offset = owned.store.offset_of_event(call.event_id)
        mark = None if offset is None else owned.store.lost(offset)
        if mark is not None:
            raise _lost_to(guid, mark.winner)
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
        self, store: PartitionStore, stored: Stored | None, guid: str, kind: str, *, deleted_too: bool
    ) -> Bean:
        relationship = kind == changes.RELATIONSHIP
        if stored is None or stored.meta.relationship != relationship:
            raise not_known(guid, relationship=relationship)
        bean = store.to_bean(stored)
        if bean["class"] == changes.PROXY:
            raise InvalidParameterError(
                f"only a proxy of {guid} is here",
                code="OMRS-LOCAL-REPOSITORY-503-007",
                help="change the entity at its home",
                guid=guid,
            )
        if bean.get("status") == "DELETED" and not deleted_too:
            raise soft_deleted(guid, relationship=relationship)
        return bean

    def _require_writable(self, bean: Bean) -> None:
        if self._local.may_write(bean):
            return
        relationship = bean["class"] == changes.RELATIONSHIP
        raise InvalidParameterError(
            f"{bean['guid']} is a reference copy; it is maintained by metadata collection "
            f"{bean.get('replicatedBy') or bean.get('metadataCollectionId')} ({bean.get('instanceProvenanceType')})",
            code="OMRS-LOCAL-REPOSITORY-503-010" if relationship else "OMRS-LOCAL-REPOSITORY-503-009",
            help="send the change to its home repository",
            guid=bean["guid"],
        )

    def _require_deleted(self, bean: Bean) -> None:
        if bean.get("status") != "DELETED":
            error = RelationshipNotDeletedError if bean["class"] == changes.RELATIONSHIP else EntityNotDeletedError
            raise error(f"{bean['guid']} is not deleted", help="delete it first", guid=bean["guid"])

    def _require_type(self, type_guid: str | None, type_name: str | None) -> None:
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


def _lost_to(guid: str, winner: int) -> RevisionConflictError:
    return RevisionConflictError(
        f"{guid} was changed by another writer first (log offset {winner})",
        help="read it again and repeat the change on what is there now",
        guid=guid,
        winner_offset=winner,
    )


def not_known(guid: str, *, relationship: bool) -> EntityNotKnownError | RelationshipNotKnownError:
    if relationship:
        return RelationshipNotKnownError(f"relationship {guid} is not known here", guid=guid)
    return EntityNotKnownError(f"entity {guid} is not known here", guid=guid)


def soft_deleted(guid: str, *, relationship: bool) -> EntityNotKnownError | RelationshipNotKnownError:
    if relationship:
        return RelationshipNotKnownError(f"relationship {guid} is deleted", code="OMRS-REPOSITORY-404-012", guid=guid)
    return EntityNotKnownError(f"entity {guid} is deleted", code="OMRS-REPOSITORY-404-013", guid=guid)


def proxy_only(guid: str) -> EntityProxyOnlyError:
    return EntityProxyOnlyError(f"only a proxy of entity {guid} is here", help="ask its home repository", guid=guid)

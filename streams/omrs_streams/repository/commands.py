"""Commands on instances at the worker that owns their partition: validate, append with the revision they expect, answer
with what was folded (DESIGN.md, "From command to copy")."""

from omrs_schemas.errors import (
    EntityNotKnownError,
    InvalidParameterError,
    PropertyError,
    RelationshipNotKnownError,
    StatusNotSupportedError,
)
from omrs_schemas.typedefs import validate
from omrs_streams.repository import changes
from omrs_streams.repository.commands_base import Call, Lookup
from omrs_streams.repository.commands_classify import ClassifyCommands
from omrs_streams.repository.commands_copies import CopyCommands
from omrs_streams.repository.commands_errors import not_known, proxy_only, soft_deleted
from omrs_streams.repository.commands_identity import IdentityCommands
from omrs_streams.repository.events import guid_for, instance_event
from omrs_streams.repository.local import Bean
from omrs_streams.worker.partition import OwnedPartition

__all__ = ["Call", "Commands", "Lookup", "not_known", "proxy_only", "soft_deleted"]


class _NoHistoryError(Exception):
    """There is nothing to undo."""


class Commands(ClassifyCommands, IdentityCommands, CopyCommands):
    """The write side of the local metadata collection."""

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
            self._authorise(call, "create", bean)
            event = instance_event("NEW", bean, self._local.originator(), now)
            await self._append(owned, call, event, 0)
            return bean

    # ---- change ----------------------------------------------------------------------------------------------------

    async def update_properties(
        self, owned: OwnedPartition, call: Call, guid: str, kind: str, properties: Bean | None
    ) -> Bean:
        """Replace the whole property set (OMRS instances § Versioning); what the user may not see stays as it is."""
        if properties is None:
            raise PropertyError(
                f"no properties were given for {guid}",
                code="OMRS-REPOSITORY-400-037",
                guid=guid,
                parameter="properties",
            )

        def change(current: Bean, now: int) -> tuple[str, Bean, dict[str, object]]:
            validate.validate_properties(self._types, current["type"]["typeDefName"], properties)
            complete = self._with_unseen(call, current, properties)
            return "UPDATED", changes.with_properties(changes.next_version(current, call.user, now), complete), {}

        return await self._change(owned, call, guid, kind, "update", change)

    async def update_status(self, owned: OwnedPartition, call: Call, guid: str, kind: str, status: str | None) -> Bean:
        def change(current: Bean, now: int) -> tuple[str, Bean, dict[str, object]]:
            if status is None:
                raise StatusNotSupportedError(
                    f"no status was given for {guid}", code="OMRS-REPOSITORY-400-036", guid=guid, parameter="status"
                )
            validate.validate_status(self._types, current["type"]["typeDefName"], status)
            return "UPDATED", {**changes.next_version(current, call.user, now), "status": status}, {}

        return await self._change(owned, call, guid, kind, "update", change)

    async def undo(self, owned: OwnedPartition, call: Call, guid: str, kind: str) -> Bean | None:
        """Bring back the content of the version before; None where there is none (OMRS instances § Versioning)."""

        def change(current: Bean, now: int) -> tuple[str, Bean, dict[str, object]]:
            previous = self._previous(owned.store, guid, current["version"])
            if previous is None:
                raise _NoHistoryError
            return "UNDONE", changes.undone(current, previous, call.user, now), {}

        try:
            return await self._change(owned, call, guid, kind, "update", change)
        except _NoHistoryError:
            return None

    async def delete(
        self, owned: OwnedPartition, call: Call, guid: str, kind: str, type_guid: str | None, type_name: str | None
    ) -> Bean:
        """Soft delete (OMRS instances § Delete)."""
        self.require_type(type_guid, type_name)

        def change(current: Bean, now: int) -> tuple[str, Bean, dict[str, object]]:
            if current.get("status") == "DELETED":
                raise InvalidParameterError(
                    f"{guid} is deleted already", code="OMRS-REPOSITORY-400-045", help="purge or restore it", guid=guid
                )
            return "DELETED", changes.deleted(current, call.user, now), {}

        return await self._change(owned, call, guid, kind, "delete", change, deleted_too=True)

    async def restore(self, owned: OwnedPartition, call: Call, guid: str, kind: str) -> Bean:
        def change(current: Bean, now: int) -> tuple[str, Bean, dict[str, object]]:
            self._require_deleted(current)
            return "RESTORED", changes.restored(current, call.user, now), {}

        return await self._change(owned, call, guid, kind, "restore", change, deleted_too=True)

    async def purge(
        self, owned: OwnedPartition, call: Call, guid: str, kind: str, type_guid: str | None, type_name: str | None
    ) -> None:
        """Remove a soft-deleted instance and its history."""
        self.require_type(type_guid, type_name)

        def change(current: Bean, now: int) -> tuple[str, Bean, dict[str, object]]:
            self._require_deleted(current)
            return "PURGED", current, {}

        try:
            await self._change(owned, call, guid, kind, "delete", change, deleted_too=True)
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

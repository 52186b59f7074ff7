"""Commands that change what an instance is: its guid, type or home (OMRS instances § Reidentify / retype / rehome).

A new guid lives on another partition, perhaps at another worker. RE_IDENTIFIED, appended where the new guid lives,
carries the change; everything else follows from that record and is repeated until it is done
(`worker/consequences.py`): the old guid is retired, relationships of ours get their new end.
"""

from collections.abc import Container
from typing import Any

from omrs_schemas.codes import Code
from omrs_schemas.errors import InvalidParameterError, TypeDefError
from omrs_schemas.typedefs import validate
from omrs_streams.log.event_ids import following_id
from omrs_streams.repository import changes
from omrs_streams.repository.commands_base import Call, CommandBase, require_revision, usable
from omrs_streams.repository.commands_errors import not_known
from omrs_streams.repository.events import guid_for, instance_event
from omrs_streams.repository.local import EXTERNAL_SOURCE, LOCAL_COHORT, Bean
from omrs_streams.worker.partition import OwnedPartition

_SUMMARY = ("guid", "name", "status", "version", "versionName", "category")


class IdentityCommands(CommandBase):
    """reIdentify, reType, reHome, and the steps that follow from a new guid."""

    # ---- guid ------------------------------------------------------------------------------------------------------

    async def re_identify(
        self,
        owned: OwnedPartition,
        call: Call,
        guid: str,
        kind: str,
        type_guid: str | None,
        type_name: str | None,
        new_guid: str,
    ) -> Bean:
        """Give instance `guid` the guid `new_guid`, whose partition `owned` is; the instance under its new guid.

        Raises InvalidParameterError MULTIPLE_ENTITIES_SAME_GUID / MULTIPLE_RELATIONSHIPS_SAME_GUID where the new guid
        is taken, …NotKnownError, TypeDefError BAD_TYPEDEF_IDS_FOR_DELETE, RevisionConflictError.
        """
        changes.require_guid(guid, "guid")
        self.require_type(type_guid, type_name)
        return await self._re_identify(owned, call, guid, new_guid, kind)

    async def give_new_guid(self, guid: str, cause: str) -> str:
        """Give an instance of ours that lost `guid` to an older object of another member a guid of its own; that guid.

        `cause`: id of the event that told. The new guid follows from both, so repeating changes nothing twice, and from
        who we are: another member may lose the same guid by the same event. The old one is forgotten here, so that the
        other object can be taken in. (OMRS instances § Conflicts; LOG.md.)
        Raises what `re_identify` raises.
        """
        event_id = following_id(self._local.collection_id, cause, "re-identify", guid)
        new_guid = guid_for(event_id)
        call = Call(self._local.server, event_id, cause=cause)
        placed = await self._at("re_identify", new_guid, call, {"guid": guid})
        await self._forget(guid, event_id, placed)
        return new_guid

    async def _forget(self, guid: str, cause: str, placed: Bean) -> None:
        """At once, not only behind the fold: whoever gave the new guid looks again at what collided with the old one.

        What changed since `placed` was made is left to `worker/consequences.py`, which carries it along.
        """
        call = Call(self._local.server, following_id(cause, "look", guid), cause=cause)
        found = await self._at("look", guid, call, {})
        if not changes.is_former(found, placed):
            return
        if changes.content_of(found["bean"]) == changes.content_of(placed):
            revision = found["revision"]
            retire = Call(self._local.server, following_id(cause, f"retire/{revision}", guid), cause=cause)
            await self._at("retire", guid, retire, {"revision": revision, "forget": True})

    async def place(self, owned: OwnedPartition, call: Call, new_guid: str, what: Bean) -> Bean:
        """`give_new_guid` at the owner of the new guid."""
        return await self._re_identify(owned, call, what["guid"], new_guid, None)

    async def _re_identify(self, owned: OwnedPartition, call: Call, guid: str, new_guid: str, kind: str | None) -> Bean:
        if owned.store.seen(call.event_id):
            return self._repeated(owned, call, new_guid)
        found = await self._at("look", guid, call, {})
        bean: Bean | None = found.get("bean")
        relationship = kind == changes.RELATIONSHIP
        if bean is None or (kind is not None and (bean["class"] == changes.RELATIONSHIP) != relationship):
            raise not_known(guid, relationship=relationship)
        usable(bean)
        self._authorise(call, "re-identify", bean)
        self._require_writable(bean)
        require_revision(call, guid, found["revision"])
        taken = owned.store.get_meta(new_guid)
        if taken is not None and not taken.tombstone:
            raise self._taken(new_guid, relationship=relationship)
        now = self._clock()
        changed = changes.re_identified(bean, new_guid, call.user, now, self._local)
        event = instance_event("RE_IDENTIFIED", changed, self._local.originator(), now, originalInstanceGUID=guid)
        await self._append(owned, call, event, 0 if taken is None else taken.revision)
        return changed

    def _taken(self, new_guid: str, *, relationship: bool) -> InvalidParameterError:
        return InvalidParameterError(
            f"the guid {new_guid} is taken already",
            code=Code.MULTIPLE_RELATIONSHIPS_SAME_GUID if relationship else Code.MULTIPLE_ENTITIES_SAME_GUID,
            help="give the instance a guid that no other has, best a fresh UUID",
            guid=new_guid,
            parameter="newRelationshipGUID" if relationship else "newEntityGUID",
        )

    # ---- what follows from a new guid, at the owner of the guid that each step is about ----------------------------

    async def look(self, owned: OwnedPartition, call: Call, guid: str, what: Bean) -> Bean:
        """`{"bean", "revision", "deleted"}` of what is stored of a guid; empty where nothing is.

        `deleted`: the latest OMRS version in which it was soft-deleted, 0 = never.
        """
        stored = owned.store.get(guid)
        if stored is None:
            return {}
        deleted = [each.meta.version for each in owned.store.revisions(guid) if each.meta.deleted]
        bean = owned.store.to_bean(stored)
        return {"bean": bean, "revision": stored.meta.revision, "deleted": max(deleted, default=0)}

    async def retire(self, owned: OwnedPartition, call: Call, guid: str, what: Bean) -> Bean:
        """End the life of the old guid, if it is still at `what["revision"]` (RevisionConflictError else).

        It is soft-deleted, or, where `what["forget"]`, forgotten without telling anybody: the guid belongs to another
        member's object, which the other members know already.
        """
        async with self._lock(guid):
            stored = owned.store.get(guid)
            if stored is None or self._done(owned, call, guid):
                return {}
            bean, now = owned.store.to_bean(stored), self._clock()
            if what["forget"]:
                event = instance_event("PURGED", bean, self._local.originator(), now)
            else:
                event = instance_event("DELETED", changes.deleted(bean, call.user, now), self._local.originator(), now)
            await self._append(owned, call, event, what["revision"], unpublished=what["forget"])
            return {}

    async def carry(self, owned: OwnedPartition, call: Call, guid: str, what: Bean) -> Bean:
        """A change that the old guid took after the new one was made from it: `what["content"]` in place of
        `what["base"]`. Answers `{"done": False}` where the new guid was changed meanwhile, whose change then counts."""
        async with self._lock(guid):
            stored = owned.store.get(guid)
            if stored is None or self._done(owned, call, guid):
                return {"done": True}
            bean, now = owned.store.to_bean(stored), self._clock()
            if changes.content_of(bean) != what["base"]:
                return {"done": False}
            changed = changes.with_content(bean, what["content"], call.user, now)
            event = instance_event("UPDATED", changed, self._local.originator(), now)
            await self._append(owned, call, event, stored.meta.revision)
            return {"done": True}

    async def re_point(self, owned: OwnedPartition, call: Call, guid: str, what: Bean) -> Bean:
        """Relationship `guid` of ours with the entity `what["entity"]` at the end that was `what["old"]`."""
        async with self._lock(guid):
            stored = owned.store.get(guid)
            if stored is None or self._done(owned, call, guid):
                return {}
            bean, now = owned.store.to_bean(stored), self._clock()
            if not self._local.may_write(bean) or what["old"] not in changes.ends_of(bean):
                return {}
            proxy = changes.proxy_of(self._types, what["entity"])
            changed = changes.re_pointed(bean, what["old"], proxy, call.user, now)
            event = instance_event("UPDATED", changed, self._local.originator(), now)
            await self._append(owned, call, event, stored.meta.revision)
            return {}

    # ---- type ------------------------------------------------------------------------------------------------------

    async def re_type(
        self, owned: OwnedPartition, call: Call, guid: str, kind: str, current: Bean | None, new: Bean | None
    ) -> Bean:
        """Change the type of an instance; `current`, `new`: TypeDefSummary beans.

        Properties, classifications and ends must all be valid under the new type, or the error of their validation is
        raised; TypeDefError where `current` is not the instance's type or `new` no known type of that category.
        """
        old_def, new_def = self._summary(current, "currentTypeDef"), self._summary(new, "newTypeDef")

        def change(bean: Bean, now: int) -> tuple[str, Bean, dict[str, object]]:
            if bean["type"]["typeDefGUID"] != old_def["guid"]:
                raise TypeDefError(
                    f"{guid} is a {bean['type']['typeDefName']}, not a {old_def['name']}",
                    code=Code.BAD_TYPEDEF_ID_FOR_INSTANCE,
                    help="pass the type that the instance has now",
                    guid=guid,
                    parameter="currentTypeDef",
                )
            self._require_fits(bean, old_def, new_def)
            summary = {name: old_def[name] for name in _SUMMARY if name in old_def}
            changed = changes.re_typed(bean, self._types.instance_type(new_def), call.user, now)
            return "RETYPED", changed, {"originalTypeDefSummary": summary}

        return await self._change(owned, call, guid, kind, "re-type", change)

    def _summary(self, given: Bean | None, parameter: str) -> Bean:
        guid, name = (given or {}).get("guid"), (given or {}).get("name")
        typedef = self._types.typedef(guid or "")
        if typedef is None or (name and name != typedef["name"]):
            raise TypeDefError(
                f"{parameter} with guid {guid!r} and name {name!r} is not known",
                code=Code.TYPEDEF_ID_NOT_KNOWN,
                help="pass guid and name of a type that is known here",
                parameter=parameter,
            )
        return typedef

    def _require_fits(self, bean: Bean, old_def: Bean, new_def: Bean) -> None:
        if new_def["category"] != old_def["category"]:
            raise TypeDefError(
                f"{bean['guid']} is a {old_def['category']}, {new_def['name']} is a {new_def['category']}",
                code=Code.BAD_TYPEDEF_ID_FOR_INSTANCE,
                help="an entity stays an entity, a relationship a relationship",
                guid=bean["guid"],
                parameter="newTypeDef",
            )
        validate.validate_properties(self._types, new_def["name"], bean.get("properties"))
        for classification in bean.get("classifications") or ():
            validate.validate_classification(self._types, classification["name"], new_def["name"])
        if bean["class"] == changes.RELATIONSHIP:
            ends = [bean[end]["type"]["typeDefName"] for end in ("entityOneProxy", "entityTwoProxy")]
            validate.validate_ends(self._types, new_def, *ends)

    # ---- home ------------------------------------------------------------------------------------------------------

    async def re_home(
        self,
        owned: OwnedPartition,
        call: Call,
        guid: str,
        kind: str,
        home: str,
        new_home: str | None,
        new_home_name: str | None,
        type_guid: str | None,
        type_name: str | None,
        *,
        members: Container[str],
    ) -> Bean:
        """Make this collection the home of a reference copy whose home is gone.

        Raises InvalidParameterError NOT_FOR_LOCAL_COLLECTION (another collection is to be the home),
        INSTANCE_HOME_IS_LOCAL, NO_HOME_FOR_INSTANCE (the instance's home is one of `members`, and not `home`). Where no
        member is its home, `home` may be any: Egeria does not look at it (OMRS conformance § 5).
        """
        self.require_type(type_guid, type_name)
        if new_home != self._local.collection_id:
            raise InvalidParameterError(
                f"{guid} can be given a new home only there: {new_home} is not the metadata collection "
                f"{self._local.collection_id} of this server",
                code=Code.NOT_FOR_LOCAL_COLLECTION,
                help="ask the server that is to become its home",
                guid=guid,
                parameter="newHomeMetadataCollectionId",
            )

        def change(bean: Bean, now: int) -> tuple[str, Bean, dict[str, object]]:
            changed = changes.re_homed(bean, call.user, now, self._local, new_home_name)
            more: dict[str, Any] = {"originalHomeMetadataCollectionId": bean.get("metadataCollectionId")}
            return "RE_HOMED", changed, more

        return await self._change(
            owned,
            call,
            guid,
            kind,
            "re-home",
            change,
            allowed=lambda bean: self._require_other_home(bean, home, members),
        )

    def _require_other_home(self, bean: Bean, home: str, members: Container[str]) -> None:
        provenance = bean.get("instanceProvenanceType")
        maintainer = bean.get("replicatedBy") if provenance == EXTERNAL_SOURCE else bean.get("metadataCollectionId")
        if provenance in (LOCAL_COHORT, EXTERNAL_SOURCE) and maintainer == self._local.collection_id:
            raise InvalidParameterError(
                f"{bean['guid']} is at home here already ({provenance})",
                code=Code.INSTANCE_HOME_IS_LOCAL,
                help="only a reference copy can be given a new home",
                guid=bean["guid"],
            )
        if bean.get("metadataCollectionId") != home and bean.get("metadataCollectionId") in members:
            raise InvalidParameterError(
                f"the home of {bean['guid']} is {bean.get('metadataCollectionId')}, not {home}",
                code=Code.NO_HOME_FOR_INSTANCE,
                help="pass the home that the instance has now",
                guid=bean["guid"],
                parameter="homeMetadataCollectionId",
            )

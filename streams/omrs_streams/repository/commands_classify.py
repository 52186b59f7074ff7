"""Commands on classifications: each is a change of the entity that carries it, with a version of its own.

Each comes in two forms: by the guid of an entity that is here, answering the entity; and by a proxy of an entity that
may be elsewhere, answering the classification (OMRS queries § 1, entity write).
"""

from omrs_schemas.codes import Code
from omrs_schemas.errors import ClassificationError, EntityNotKnownError, InvalidParameterError
from omrs_schemas.typedefs import validate
from omrs_streams.repository import changes
from omrs_streams.repository.commands_base import Call, Change, CommandBase
from omrs_streams.repository.events import instance_event
from omrs_streams.repository.local import Bean
from omrs_streams.security import Operation
from omrs_streams.worker.partition import OwnedPartition

External = tuple[str, str] | None


class ClassifyCommands(CommandBase):
    """Home classifications, on instances of ours and on reference copies."""

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
        external: External = None,
    ) -> Bean:
        """Attach a classification; the entity's own version stays (OMRS instances § Creating, Classification add)."""
        change = self._classifying(call, name, properties, origin, origin_guid, external)
        return await self._change(owned, call, guid, changes.ENTITY, "classify", change, classification=name or "")

    async def classify_proxy(
        self,
        owned: OwnedPartition,
        call: Call,
        proxy: Bean | None,
        name: str | None,
        properties: Bean | None,
        *,
        origin: str = "ASSIGNED",
        origin_guid: str | None = None,
        external: External = None,
    ) -> Bean:
        """Attach a classification to an entity that may be known only by `proxy`; the classification."""
        change = self._classifying(call, name, properties, origin, origin_guid, external)
        entity = await self._change_proxy(owned, call, proxy, "classify", name or "", change)
        return changes.find_classification(entity, str(name)) or {}

    async def reclassify(
        self, owned: OwnedPartition, call: Call, guid: str, name: str, properties: Bean | None
    ) -> Bean:
        """Replace the properties of a classification."""
        change = self._reclassifying(call, name, properties)
        return await self._change(owned, call, guid, changes.ENTITY, "reclassify", change, classification=name or "")

    async def reclassify_proxy(
        self, owned: OwnedPartition, call: Call, proxy: Bean | None, name: str, properties: Bean | None
    ) -> Bean:
        """`reclassify` for an entity that may be known only by its proxy; the classification."""
        entity = await self._change_proxy(
            owned, call, proxy, "reclassify", name, self._reclassifying(call, name, properties)
        )
        return changes.find_classification(entity, name) or {}

    async def declassify(self, owned: OwnedPartition, call: Call, guid: str, name: str) -> Bean:
        """Remove a classification."""
        change = self._declassifying(name)
        return await self._change(owned, call, guid, changes.ENTITY, "declassify", change, classification=name or "")

    async def declassify_proxy(self, owned: OwnedPartition, call: Call, proxy: Bean | None, name: str) -> Bean | None:
        """`declassify` for an entity that may be known only by its proxy; the classification that was removed, or None
        where the same request removed it before."""
        removed: list[Bean] = []
        declassifying = self._declassifying(name)

        def change(current: Bean, now: int) -> tuple[str, Bean, dict[str, object]]:
            removed.append(self._carried(current, name))
            return declassifying(current, now)

        await self._change_proxy(owned, call, proxy, "declassify", name, change)
        return removed[0] if removed else None

    # ---- the changes -----------------------------------------------------------------------------------------------

    def _classifying(
        self,
        call: Call,
        name: str | None,
        properties: Bean | None,
        origin: str,
        origin_guid: str | None,
        external: External,
    ) -> Change:
        def change(current: Bean, now: int) -> tuple[str, Bean, dict[str, object]]:
            typedef = validate.validate_classification(self._types, name, current["type"]["typeDefName"])
            validate.validate_properties(self._types, typedef["name"], properties)
            present = changes.find_classification(current, typedef["name"])
            if present is not None:
                if (present.get("properties") or {}) == (properties or {}):
                    return "", current, {}
                raise ClassificationError(
                    f"{current['guid']} carries classification {name} already, with other properties",
                    code="OMRS-REPOSITORY-400-081",
                    help="update the classification instead",
                    guid=current["guid"],
                )
            header = changes.home_header(
                self._local, call.user, now, self._types.instance_type(typedef), "ACTIVE", external
            )
            added = changes.new_classification(typedef["name"], header, properties, origin, origin_guid)
            return "CLASSIFIED", changes.with_classification(current, added), {"classification": added}

        return change

    def _reclassifying(self, call: Call, name: str, properties: Bean | None) -> Change:
        def change(current: Bean, now: int) -> tuple[str, Bean, dict[str, object]]:
            present = self._carried(current, name)
            validate.validate_properties(self._types, name, properties)
            updated = changes.with_properties(changes.next_version(present, call.user, now), properties)
            more: dict[str, object] = {"originalClassification": present, "classification": updated}
            return "RECLASSIFIED", changes.with_classification(current, updated), more

        return change

    def _declassifying(self, name: str) -> Change:
        def change(current: Bean, now: int) -> tuple[str, Bean, dict[str, object]]:
            present = self._carried(current, name)
            return "DECLASSIFIED", changes.without_classification(current, name), {"originalClassification": present}

        return change

    async def _change_proxy(
        self,
        owned: OwnedPartition,
        call: Call,
        proxy: Bean | None,
        operation: Operation,
        classification: str,
        change: Change,
    ) -> Bean:
        """`change` of the entity that `proxy` stands for: as it is here, or of the proxy itself where nothing is."""
        if proxy is None:
            raise InvalidParameterError(
                "no entity proxy was given",
                code=Code.NULL_ENTITY_PROXY,
                help="pass the proxy of the entity",
                parameter="entityProxy",
            )
        guid = changes.require_guid(proxy.get("guid"), "entityProxy.guid")
        meta = owned.store.get_meta(guid)
        if meta is not None and not meta.tombstone:
            return await self._change(
                owned, call, guid, changes.ENTITY, operation, change, classification=classification, proxies=True
            )
        validate.validate_instance(self._types, proxy)
        if proxy["metadataCollectionId"] == self._local.collection_id:
            raise EntityNotKnownError(f"entity {guid} has its home here and is not known here", guid=guid)
        async with self._lock(guid):
            if self._done(owned, call, guid):
                return self._repeated(owned, call, guid)
            self._authorise(call, operation, proxy, classification)
            now = self._clock()
            name, bean, more = change(proxy, now)
            event = instance_event(name, proxy, self._local.originator(), now, **more)
            await self._append(owned, call, event, 0 if meta is None else meta.revision)
            return bean

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

    def _classification(self, given: Bean, user: str, now: int, external: External) -> Bean:
        typedef = self._types.require(name=given.get("name"))
        header = changes.home_header(self._local, user, now, self._types.instance_type(typedef), "ACTIVE", external)
        return changes.new_classification(
            typedef["name"],
            header,
            given.get("properties"),
            given.get("classificationOrigin") or "ASSIGNED",
            given.get("classificationOriginGUID"),
        )

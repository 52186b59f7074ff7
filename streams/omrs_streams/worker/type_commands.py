"""Changes of the types that are made at this server: checked, kept on its types topic, told to its cohorts (OMRS types
§ 4, § 5)."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from omrs_schemas.codes import Code
from omrs_schemas.errors import FunctionNotSupportedError, TypeDefConflictError, TypeDefInUseError
from omrs_schemas.typedefs.constants import INSTANCE_STATUSES
from omrs_schemas.typedefs.system import TypeSystem
from omrs_streams.clock import now_ms
from omrs_streams.cohort import type_changes
from omrs_streams.cohort.type_changes import TypeChange
from omrs_streams.cohort.type_events import NONE
from omrs_streams.repository.local import Bean
from omrs_streams.repository.matching_request import FindRequest, Kind

if TYPE_CHECKING:
    from omrs_streams.worker.worker import Worker


class TypeCommands:
    """Raises the errors of types.md § 4 and § 5 before anything is changed."""

    def __init__(self, worker: "Worker") -> None:
        self._worker = worker

    async def add(
        self,
        attributes: Sequence[Bean],
        typedefs: Sequence[Bean],
        patches: Sequence[Bean],
        *,
        gallery: bool = False,
    ) -> list[Bean]:
        """addTypeDef, addAttributeTypeDef, addTypeDefGallery; also the types of an archive. The new definitions.

        One type by itself that is known already is refused, but not as a `gallery`.
        """
        given = attributes, typedefs, patches
        change = type_changes.add(self._types, *given, self._originator(), now_ms(), gallery=gallery)
        await self._carry_out(change)
        for typedef in change.changed:
            known = self._types.typedef(typedef["guid"]) or self._types.attribute_typedef(typedef["guid"])
            if known is None or known["name"] != typedef["name"]:
                raise TypeDefConflictError(
                    f"Type {typedef['name']} ({typedef['guid']}) was not added: another request added a type of that "
                    f"name or guid at the same time",
                    help="Get the type by name and by guid to see which one it is.",
                    guid=typedef["guid"],
                )
        return change.changed

    async def update(self, patch: Bean) -> Bean:
        """updateTypeDef: the TypeDef after the patch."""
        change = type_changes.update(self._types, patch, self._originator(), now_ms())
        await self._carry_out(change)
        return change.changed[0]

    async def delete(self, guid: str, name: str) -> None:
        """deleteTypeDef. Raises TypeDefInUseError while an instance has the type, or another type is built on it."""
        change = type_changes.remove(self._types, guid, name, self._originator(), now_ms(), attribute=False)
        if await self.in_use(guid):
            raise TypeDefInUseError(
                f"Type {name} ({guid}) is the type of instances that are stored here",
                help="Purge them first; deleted ones count too, they can be restored.",
                guid=guid,
            )
        await self._carry_out(change)

    async def delete_attribute(self, guid: str, name: str) -> None:
        """deleteAttributeTypeDef. Raises TypeDefInUseError while an attribute has the type."""
        await self._carry_out(
            type_changes.remove(self._types, guid, name, self._originator(), now_ms(), attribute=True)
        )

    async def reidentify(self, guid: str, name: str, new_guid: str, new_name: str, *, attribute: bool) -> Bean:
        """reIdentifyTypeDef, reIdentifyAttributeTypeDef: the type as it is called now. Instances keep the guid and name
        that they were made with; the type answers to those as well."""
        identities = guid, name, new_guid, new_name
        change = type_changes.reidentify(self._types, *identities, self._originator(), now_ms(), attribute=attribute)
        await self._carry_out(change)
        return change.changed[0]

    async def in_use(self, guid: str) -> bool:
        """Whether an instance of this server, deleted ones included, has the TypeDef. Raises NotReadyError while
        partitions move."""
        typedef = self._types.typedef(guid)
        if typedef is None:
            return False
        statuses = tuple(INSTANCE_STATUSES)
        if typedef["category"] == "CLASSIFICATION_DEF":
            requests = [
                FindRequest("entity", "classification", classification_name=name, statuses=statuses, page_size=1)
                for name in self._types.names_of(guid)
            ]
        else:
            kind: Kind = "relationship" if typedef["category"] == "RELATIONSHIP_DEF" else "entity"
            requests = [FindRequest(kind, "search", type_guid=guid, statuses=statuses, page_size=1)]
        for request in requests:
            if await self._worker.scattered.find(request):
                return True
        return False

    @property
    def _types(self) -> TypeSystem:
        return self._worker.types

    def _originator(self) -> Bean:
        if self._worker.server_types.repository == NONE:
            raise FunctionNotSupportedError(
                "this server has no local repository, so it cannot define types",
                code=Code.METHOD_NOT_IMPLEMENTED,
                help="Define them at a member that has one.",
            )
        return self._worker.local.originator()

    async def _carry_out(self, change: TypeChange) -> None:
        types = self._worker.server_types
        async with types.changing:
            await types.keep(change.records)
            for member in self._worker.cohorts.values():
                if member.wanted:  # the others are told when the server connects
                    await member.types.tell(change.tells)

"""What a connector wants to hear of, decided from an event's headers before it is decoded."""

from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import Any

from omrs_schemas.typedefs.system import TypeSystem

Event = dict[str, Any]
Handle = Callable[[Event], None]

ENTITY_CHANGES = ("NEW_ENTITY_EVENT", "UPDATED_ENTITY_EVENT")
RELATIONSHIP_CHANGES = ("NEW_RELATIONSHIP_EVENT", "UPDATED_RELATIONSHIP_EVENT")


@dataclass(frozen=True, slots=True)
class Listener:
    """Calls `handle` with each event of one of the kinds, about an instance of one of the types (or their subtypes).

    None = every kind, every type. An event whose type is not told is handed over: the connector can look inside.
    """

    handle: Handle
    kinds: frozenset[str] | None
    type_guids: frozenset[str] | None

    def wants(self, kind: str, type_guid: str) -> bool:
        if self.kinds is not None and kind not in self.kinds:
            return False
        return self.type_guids is None or not type_guid or type_guid in self.type_guids


def listener_for(
    types: TypeSystem, handle: Handle, type_names: Collection[str] | None, kinds: Collection[str] | None
) -> Listener:
    """A listener for type names and their subtypes as the types are now; TypeDefNotKnownError for an unknown one."""
    guids: set[str] | None = None
    if type_names is not None:
        guids = set()
        for name in type_names:
            guids |= types.subtype_guids(str(types.require(name=name)["guid"]))
    return Listener(handle, None if kinds is None else frozenset(kinds), None if guids is None else frozenset(guids))

"""What an event of the out topic means for a group: which registrations to read again (integration § 6). Pure."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from omrs_connectors.groups.connections import CONNECTOR_TYPE, EMBEDDED, ends_of
from omrs_connectors.groups.reading import CONNECTOR, GROUP, REGISTRATION, TARGET, Registration
from omrs_connectors.sdk.releases import TypeNames
from omrs_schemas.typedefs.system import TypeSystem

Event = dict[str, Any]

ENTITIES = (GROUP, CONNECTOR, "Connection", "ConnectorType", "Endpoint")

CHANGED = "the group has changed"


@dataclass(slots=True)
class Pending:
    """What has changed and is not read yet."""

    group: str = ""  # why the whole group is to be read; empty: it is not
    registrations: set[str] = field(default_factory=set)
    elements: set[str] = field(default_factory=set)

    def __bool__(self) -> bool:
        return bool(self.group or self.registrations or self.elements)


class Interest:
    """The types that a group is made of, in the names of one release."""

    def __init__(self, types: TypeSystem, names: TypeNames) -> None:
        self._types = types
        self._depending = {
            names.asset_connection: "Asset",
            CONNECTOR_TYPE: "Connection",
            names.connect_endpoint: "Connection",
            EMBEDDED: "VirtualConnection",
        }
        """A link of this type concerns those who use the end of that type. The other end may be shared by many: a
        connector type that one more connection is linked to has not changed for the others."""
        self.type_guids: frozenset[str] = frozenset().union(
            *(types.subtype_guids(str(types.require(name=name)["guid"])) for name in (*ENTITIES, *self.links))
        )

    @property
    def links(self) -> tuple[str, ...]:
        return (REGISTRATION, TARGET, *self._depending)

    def note(self, event: Event, group_guid: str, group: str, pending: Pending) -> str:
        """Adds to `pending` what the event concerns. Returns the guid of the connector whose catalog targets changed,
        or nothing."""
        section = event.get("instanceEventSection") or {}
        type_name, guid = str(section.get("typeDefName") or ""), str(section.get("instanceGUID") or "")
        guids = {guid, str(section.get("originalInstanceGUID") or guid)} - {""}
        if "RELATIONSHIP" not in str(section.get("eventType") or ""):
            if not self._types.is_type_of(type_name, GROUP):
                pending.elements |= guids
            elif not guids.isdisjoint({group_guid}) if group_guid else _is_named(section, group):
                pending.group = CHANGED
            return ""
        link = section.get("relationship") or section.get("originalRelationship")
        if link is None:  # purged: it was deleted before
            pending.elements |= guids
            return ""
        one, two = ends_of(link)
        if type_name == TARGET:
            return one
        if type_name == REGISTRATION:
            if one == group_guid:
                pending.registrations |= guids
        elif type_name in self._depending:
            pending.elements |= guids | {self._depending_end(type_name, one, two)}
        return ""

    def _depending_end(self, type_name: str, one: str, two: str) -> str:
        typedef = self._types.require(name=type_name)
        return one if typedef["endDef1"]["entityType"]["name"] == self._depending[type_name] else two


def _is_named(section: Mapping[str, Any], group: str) -> bool:
    """Whether a group that is not known yet can be ours; where the event does not tell, it can."""
    entity = section.get("entity") or {}
    values = (entity.get("properties") or {}).get("instanceProperties") or {}
    named = (values.get("qualifiedName") or {}).get("primitiveValue")
    return named is None or named == group


def users_of(elements: Iterable[str], registrations: Mapping[str, Registration]) -> set[str]:
    """The registrations that were read from any of the elements."""
    changed = set(elements)
    return {guid for guid, read in registrations.items() if not changed.isdisjoint(read.elements)}

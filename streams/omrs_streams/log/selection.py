"""Which records a reader wants, judged by key and headers before anything is decoded."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from omrs_streams.fold.kinds import CLASSIFICATION_KINDS
from omrs_streams.log.roles import EVENT_KINDS, INSTANCE_KINDS, TYPES, Role

Bean = dict[str, Any]
Header = tuple[str, bytes]

_CLASSIFICATION_KINDS = frozenset(kind.encode() for kind in CLASSIFICATION_KINDS)


@dataclass(frozen=True, slots=True)
class Selection:
    """What is wanted; an empty part wants everything. `types` are guids, `kinds` event type names as on the wire.

    `classifications` are names: an event that (re-/de-)classifies an entity with one of them is wanted too where
    `types` is given.
    """

    guid: str = ""
    types: frozenset[str] = frozenset()
    classifications: frozenset[str] = frozenset()
    kinds: frozenset[str] = frozenset()
    origins: frozenset[str] = frozenset()

    @property
    def everything(self) -> bool:
        return not (self.guid or self.types or self.kinds or self.origins)

    def refuses_key(self, role: Role, key: bytes | None) -> bool:
        """The cheapest question, for tails over whole logs: whether the key alone says that a record is not wanted."""
        return bool(self.guid) and _keyed(role) and key != self.guid.encode()

    def verdict(self, role: Role, key: bytes | None, headers: Sequence[Header] | None) -> bool | None:
        """Whether a record is wanted, as far as its envelope says; None: only its content can tell.

        Records of instance topics say all in key and headers; others say some of it, or nothing.
        """
        if self.everything:
            return True
        found = dict(headers or ())
        instance = "kind" in found and "type-guid" in found
        verdicts: list[bool | None] = []
        if self.guid:
            by_key = instance or _keyed(role)
            verdicts.append(key == self.guid.encode() if by_key else None)
        if self.origins:
            verdicts.append(_origin(found) in self.origins)
        if self.kinds:
            verdicts.append(_text(found["kind"]) in self.kinds if instance else _hidden(role))
        if self.types:
            by_type = instance or (role.kind == TYPES and _keyed(role))
            verdicts.append(self._type_verdict(role, key, found) if by_type else _hidden(role))
        if False in verdicts:
            return False
        return None if None in verdicts else True

    def _type_verdict(self, role: Role, key: bytes | None, found: dict[str, bytes]) -> bool | None:
        if role.kind == TYPES:
            return _text(key) in self.types
        if _text(found["type-guid"]) in self.types:
            return True
        return None if self.classifications and found["kind"] in _CLASSIFICATION_KINDS else False

    def accepts(self, event: Bean) -> bool:
        """Whether a decoded event bean is wanted; origins are not part of an event and not asked again."""
        kind, section = kind_of(event), section_of(event)
        if self.kinds and kind not in self.kinds:
            return False
        if self.guid and self.guid not in _guids(event, section):
            return False
        return not self.types or bool(self.types & _types(section)) or self._classifies(section)

    def _classifies(self, section: Bean) -> bool:
        changed = section.get("classification") or section.get("originalClassification") or {}
        return changed.get("name") in self.classifications


SECTIONS = {
    "REGISTRY": ("registryEventSection", "registryEventType"),
    "TYPEDEF": ("typeDefEventSection", "typeDefEventType"),
    "INSTANCE": ("instanceEventSection", "eventType"),
}
"""eventCategory → name of the section, name of the event type in it."""


def section_of(event: Bean) -> Bean:
    """The section that the event's category names; empty where it has none."""
    name, _ = SECTIONS.get(str(event.get("eventCategory")), ("", ""))
    found: Bean = event.get(name) or {}
    return found


def kind_of(event: Bean) -> str:
    """The event type on the wire, such as NEW_ENTITY_EVENT."""
    _, name = SECTIONS.get(str(event.get("eventCategory")), ("", ""))
    return str(section_of(event).get(name) or "UNKNOWN")


def instance_of(section: Bean) -> Bean:
    """The entity, proxy or relationship of an instance section; empty where it has none."""
    found: Bean = section.get("entity") or section.get("relationship") or section.get("entityProxy") or {}
    return found


def type_of(section: Bean) -> Bean:
    """The definition, or the patch of one, in a TypeDef section; empty where it has none."""
    found: Bean = section.get("typeDef") or section.get("attributeTypeDef") or section.get("typeDefPatch") or {}
    return found


def _guids(event: Bean, section: Bean) -> set[Any]:
    """What the event is about: an instance, a type, or (registry) a metadata collection."""
    category, defined = event.get("eventCategory"), type_of(section)
    if category == "REGISTRY":
        return {(event.get("originator") or {}).get("metadataCollectionId")}
    if category == "TYPEDEF":
        return {section.get("typeDefGUID"), defined.get("guid"), defined.get("typeDefGUID")}
    return {section.get("instanceGUID"), section.get("originalInstanceGUID"), instance_of(section).get("guid")}


def _types(section: Bean) -> set[Any]:
    defined = type_of(section)
    return {
        section.get("typeDefGUID"),
        defined.get("guid"),
        defined.get("typeDefGUID"),
        (instance_of(section).get("type") or {}).get("typeDefGUID"),
    }


def _keyed(role: Role) -> bool:
    """Whether the key of a record says what it is about; Egeria's says who sent it."""
    return role.kind in EVENT_KINDS and not role.root


def _hidden(role: Role) -> bool | None:
    """For what only the content says: on an instance topic the headers are missing, so the record is none."""
    return False if role.kind in INSTANCE_KINDS and not role.root else None


def _origin(headers: dict[str, bytes]) -> str | None:
    meta = headers.get("omrs-meta")
    return None if meta is None else _text(meta.partition(b"|")[0])


def _text(value: bytes | None) -> str | None:
    return None if value is None else value.decode(errors="replace")

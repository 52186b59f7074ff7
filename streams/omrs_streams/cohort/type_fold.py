"""What a sequence of TypeDef events makes of the types: events in, `TypeSystem` out; pure.

The events are those of a server's own types topic, each decided before it was written (type_events); compaction may
have left them in another order than that of writing. So what is built on a type that is not here yet waits for it, and
so does a patch for the version before it. The same fold reads a cohort's types topic to learn what was announced there.
"""

from collections.abc import Iterable
from typing import Any

from omrs_schemas.errors import InvalidTypeDefError, OmrsError
from omrs_schemas.typedefs import links
from omrs_schemas.typedefs.patch import check_patch
from omrs_schemas.typedefs.system import TypeSystem
from omrs_streams.cohort.type_beans import definition, is_attribute, subject

Bean = dict[str, Any]

_REIDENTIFIED = frozenset({"RE_IDENTIFIED_TYPEDEF_EVENT", "RE_IDENTIFIED_ATTRIBUTE_TYPEDEF_EVENT"})
_DELETED = frozenset({"DELETED_TYPEDEF_EVENT", "DELETED_ATTRIBUTE_TYPEDEF_EVENT"})


class TypeFold:
    """`types` is changed in place. `waiting` holds the events whose time has not come, by record key; `own` the guids
    of the types that events brought, as against those that `types` held from the start; `ended` the events that took a
    type, or its identity, away."""

    def __init__(self, types: TypeSystem) -> None:
        self.types = types
        self.waiting: dict[str, Bean] = {}
        self.own: set[str] = set()
        self.ended: dict[str, Bean] = {}

    def copy(self) -> "TypeFold":
        """An independent fold in the same state."""
        other = TypeFold(self.types.copy())
        other.waiting, other.own, other.ended = dict(self.waiting), set(self.own), dict(self.ended)
        return other

    def apply(self, event: Bean) -> list[OmrsError]:
        """Take in one event, and what waited for it. The errors say what can never be used; it is left out."""
        faults: list[OmrsError] = []
        pending = [event]
        while pending:
            version = self.types.version
            for each in pending:
                key = record_key(each)
                try:
                    waits = self._step(each)
                except OmrsError as error:
                    self.waiting.pop(key, None)
                    faults.append(error)
                    continue
                if waits:
                    self.waiting[key] = each
                    continue
                self.waiting.pop(key, None)
                if _kind(each) in _DELETED | _REIDENTIFIED:
                    self.ended[key] = each
                else:
                    self.ended.pop(key, None)
            pending = list(self.waiting.values()) if self.types.version != version else []
        return faults

    def apply_all(self, events: Iterable[Bean]) -> list[OmrsError]:
        return [fault for event in events for fault in self.apply(event)]

    def awaits(self, guid: str, name: str) -> bool:
        """Whether the TypeDef, or a patch of it, is among what waits."""
        for event in self.waiting.values():
            typedef = definition(event) or {}
            if (guid, name) in (subject(event), (typedef.get("guid"), typedef.get("name"))):
                return True
        return False

    def _step(self, event: Bean) -> bool:
        """Whether the event has to wait."""
        kind = _kind(event)
        if kind in _DELETED:
            self._delete(event)
            return False
        if kind in _REIDENTIFIED:
            return self._reidentify(event)
        if kind == "UPDATED_TYPEDEF_EVENT":
            return self._patch(event["typeDefEventSection"].get("typeDefPatch"))
        typedef = definition(event)
        return typedef is not None and self._define(typedef)

    def _define(self, typedef: Bean) -> bool:
        types = self.types
        if is_attribute(typedef):
            if types.attribute_typedef(typedef["guid"]) is None:
                types.add_attribute_typedef(typedef)
            self.own.add(typedef["guid"])
            return False
        known = types.typedef(typedef["guid"])
        if known is None or typedef.get("version", 0) > known.get("version", 0):
            if links.missing(types, typedef):
                return True
            if known is None:
                types.add_typedef(typedef)
            else:
                types.replace_typedef(typedef)
            self.own.add(typedef["guid"])
        return False

    def _patch(self, patch: Bean | None) -> bool:
        checked = check_patch(patch)
        known = self.types.typedef(str(checked.get("typeDefGUID")))
        if known is None or checked["applyToVersion"] > known.get("version", 0):
            return True
        if checked.get("superType") and links.missing(self.types, {"superType": checked["superType"]}):
            return True
        after = self.types.apply_patch(checked)
        if after is not known:
            self.own.add(after["guid"])
        return False

    def _delete(self, event: Bean) -> None:
        guid, name = subject(event)
        if not guid or not name:
            raise InvalidTypeDefError(f"a type is deleted without guid or name ({guid}, {name})")
        if event["typeDefEventSection"]["typeDefEventType"] == "DELETED_TYPEDEF_EVENT":
            if self.types.typedef(guid) is not None:
                self.types.remove_typedef(guid, name)
        elif self.types.attribute_typedef(guid) is not None:
            self.types.remove_attribute_typedef(guid, name)
        self.own.discard(guid)
        self._give_up(guid)

    def _give_up(self, guid: str) -> None:
        """Nothing that waits may bring a deleted type back: not its definition, not the identities it had before."""
        gone = {guid}
        while found := {
            key: event for key, event in self.waiting.items() if (definition(event) or {}).get("guid") in gone
        }:
            for key, event in found.items():
                del self.waiting[key]
                gone.add(str(subject(event)[0]))
        for key in [key for key in self.waiting if key.partition("@")[0] in gone]:
            del self.waiting[key]

    def _reidentify(self, event: Bean) -> bool:
        types = self.types
        guid, name = subject(event)
        after = definition(event)
        if not guid or not name or after is None:
            raise InvalidTypeDefError(f"type {name} ({guid}) is re-identified without its old and new identity")
        if is_attribute(after):
            known = types.attribute_typedef(guid)
            if known is None:
                return self._define(after)
            if known["guid"] != after["guid"] or known["name"] != after["name"]:
                types.reidentify_attribute_typedef(guid, name, after["guid"], after["name"])
            self.own.add(after["guid"])
            return False
        known = types.typedef(guid)
        if known is None:
            if self._define(after):
                return True
            types.also_called(guid, name, after["guid"])
        elif known["guid"] != after["guid"] or known["name"] != after["name"]:
            types.reidentify_typedef(guid, name, after["guid"], after["name"])
        self.own.discard(guid)
        self.own.add(after["guid"])
        return False


def _kind(event: Bean) -> str:
    return str((event.get("typeDefEventSection") or {}).get("typeDefEventType"))


def record_key(event: Bean) -> str:
    """The key under which a types topic keeps an event: the later one about the same thing replaces the earlier one.

    Patches stand beside the definition that they wait for. A re-identification stands under the old guid.
    """
    guid, _ = subject(event)
    patch = (event.get("typeDefEventSection") or {}).get("typeDefPatch")
    return f"{guid}@{patch.get('applyToVersion', 0)}" if patch is not None else str(guid)

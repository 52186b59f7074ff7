"""What a TypeDef event of another member does here (OMRS types § 7, § 4; events § 4). Pure: time and ids are given.

- A type whose guid and name are active here is ignored silently, whatever its version or content: each start of a Java
  member announces every type again, base versions first, then the patches.
- The name, or the guid, of another type is a conflict: reported, and answered with TYPEDEF_ERROR_EVENT, once for each
  originator and type. An error event is never answered.
- A native repository supports every type that it learns, so it has nothing to verify: what is known is active. A
  repository proxy supports the types that it maps; others are known only (0302, and our store keeps reference copies of
  them), as all are without a local repository (0319).
- What refers to types that are not here yet, and patches for later versions than ours, are kept and wait (type_fold).
  A removal or a new identity counts for a type that waits as well, otherwise it would come back as it was.
- A type is removed only when no instance has it and no type is built on it. A re-identified type answers to its former
  guid and name as well (typedefs/former.py): instances keep those, and so do members that take no notice.
"""

from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import Any

from omrs_schemas.errors import InvalidTypeDefError, OmrsError, TypeDefInUseError, TypeDefNotSupportedError
from omrs_schemas.typedefs import links
from omrs_schemas.typedefs.check import check_attribute_typedef, check_typedef
from omrs_schemas.typedefs.patch import check_patch
from omrs_streams.cohort import type_beans as beans
from omrs_streams.cohort.rules import ExchangeRule
from omrs_streams.cohort.type_changes import reidentify
from omrs_streams.cohort.type_fold import TypeFold, record_key

Bean = dict[str, Any]
Audit = tuple[str, dict[str, object]]
Conflict = tuple[str, str, str]
"""Originator, error code, guid of its type."""

NATIVE, PROXY, NONE = "native", "proxy", "none"


@dataclass(frozen=True, slots=True)
class TypeReceiver:
    """Who receives. `active`: whether the repository supports the type of this guid and name, given that it is known.

    `answered`: the conflicts that their originators were told of already. `of_release`: whether the type of this guid
    is part of the configured release, which no other member takes away.
    """

    collection_id: str | None
    originator: Bean
    cohort: str
    repository: str
    process: ExchangeRule
    active: Callable[[str, str], bool]
    answered: Collection[Conflict] = ()
    of_release: Callable[[str], bool] = lambda guid: False


@dataclass(frozen=True, slots=True)
class TypeReceipt:
    """What to do: `records` to the server's types topic (TypeFold takes them in), `sends` to the cohort, `audits` (id,
    parameters). `conflict`, when there is one, is to be remembered as answered. `fault`: the event is malformed."""

    outcome: str
    records: tuple[Bean, ...] = ()
    sends: tuple[Bean, ...] = ()
    audits: tuple[Audit, ...] = ()
    conflict: Conflict | None = None
    fault: OmrsError | None = None


def asks_use(event: Bean, fold: TypeFold) -> str | None:
    """Guid of the TypeDef that the event would remove: ask whether instances have it, before `receive`."""
    if _kind(event) != "DELETED_TYPEDEF_EVENT":
        return None
    known = fold.types.typedef(beans.subject(event)[0] or "")
    return None if known is None else str(known["guid"])


def receive(event: Bean, fold: TypeFold, me: TypeReceiver, now: int, *, used: bool = False) -> TypeReceipt:
    """Decide one event; `fold` is only read. `used`: instances have the type that `asks_use` named."""
    sender = event.get("originator") or {}
    if me.collection_id is not None and sender.get("metadataCollectionId") == me.collection_id:
        return TypeReceipt("own")
    if not me.process.type_events:
        return TypeReceipt("filtered")
    turn = _Turn(event, fold, me, now, used)
    if "errorSection" in event:
        return turn.error()
    decide = _KINDS.get(_kind(event))
    if decide is None:
        return TypeReceipt("unknown", audits=(("OMRS-AUDIT-8001", {**turn.who, "kind": _kind(event)}),))
    try:
        return decide(turn)
    except OmrsError as fault:
        return TypeReceipt("dead", audits=turn.nameless(), fault=fault)


def _kind(event: Bean) -> str:
    return str((event.get("typeDefEventSection") or {}).get("typeDefEventType"))


class _Turn:
    """One event at one receiver. The methods of kinds raise OmrsError for an event that nobody could carry out."""

    def __init__(self, event: Bean, fold: TypeFold, me: TypeReceiver, now: int, used: bool) -> None:
        self.event = event
        self.section: Bean = event.get("typeDefEventSection") or {}
        self.fold = fold
        self.types = fold.types
        self.me = me
        self.now = now
        self.used = used
        sender = event.get("originator") or {}
        self.sender_id: str | None = sender.get("metadataCollectionId")
        self.who: dict[str, object] = {"cohort": me.cohort}
        if sender.get("serverName"):
            self.who["server"] = sender["serverName"]
        if self.sender_id:
            self.who["collection_id"] = self.sender_id

    # ---- new types -------------------------------------------------------------------------------------------------

    def new(self) -> TypeReceipt:
        typedef = check_typedef(self.section.get("typeDef"))
        known = self.types.typedef_by_name(typedef["name"])
        return self._new(typedef, known, self.types.typedef(typedef["guid"]))

    def new_attribute(self) -> TypeReceipt:
        typedef = check_attribute_typedef(self.section.get("attributeTypeDef"))
        known = self.types.attribute_typedef_by_name(typedef["name"])
        return self._new(typedef, known, self.types.attribute_typedef(typedef["guid"]))

    def _new(self, typedef: Bean, of_name: Bean | None, of_guid: Bean | None) -> TypeReceipt:
        if of_name is not None and of_name is of_guid:
            return TypeReceipt("known")
        if of_name is not None or of_guid is not None:
            return self._conflict(typedef, of_name or of_guid or {})
        record = beans.type_event(typedef, self.me.originator, self.now)
        held = self.fold.waiting.get(record_key(record))
        if held is not None and beans.definition(held) == typedef:
            return TypeReceipt("waiting")
        try:
            if not self._try(typedef):
                missing = ", ".join(links.missing(self.types, typedef))
                return TypeReceipt("waiting", (record,), audits=(self._refused(typedef, f"it waits for {missing}"),))
        except OmrsError as refusal:
            return TypeReceipt("refused", audits=(self._refused(typedef, refusal.message),))
        return TypeReceipt("learned", (record,), audits=((self._new_audit(typedef), self._about(typedef)),))

    def _try(self, typedef: Bean) -> bool:
        """Whether it can be added now; False when it has to wait. Raises OmrsError when it never can."""
        if beans.is_attribute(typedef):
            return True
        if links.missing(self.types, typedef):
            return False
        links.check_links(self.types, typedef)
        return True

    def _new_audit(self, typedef: Bean) -> str:
        if self.me.repository == NONE:
            return "OMRS-AUDIT-0319"
        supported = beans.is_attribute(typedef) or self.me.active(typedef["guid"], typedef["name"])
        return "OMRS-AUDIT-0301" if supported else "OMRS-AUDIT-0302"

    # ---- patches ---------------------------------------------------------------------------------------------------

    def patch(self) -> TypeReceipt:
        patch = check_patch(self.section.get("typeDefPatch"))
        guid, name = str(patch.get("typeDefGUID")), patch.get("typeDefName")
        known = self.types.typedef(guid) or (self.types.typedef_by_name(name) if name else None)
        about = {**self.who, "type_name": name or guid, "type_guid": guid, "version": patch["updateToVersion"]}
        if known is None:
            inactive = "OMRS-AUDIT-0322" if self.me.repository == NONE else "OMRS-AUDIT-0321"
            return self._held(patch, (inactive, about))
        about["type_name"] = known["name"]
        if self.types.typedef(guid) is not known or (name and self.types.typedef_by_name(name) is not known):
            audit: Audit = ("OMRS-AUDIT-0305", {**about, "type_name": name, "other_type_guid": known["guid"]})
            return TypeReceipt("refused", audits=(audit,))
        version = known.get("version", 0)
        if patch["applyToVersion"] < version:
            return TypeReceipt("known")
        if patch["applyToVersion"] > version:
            return self._held(patch, ("OMRS-AUDIT-0320", about))
        if self.me.repository == NONE:
            done: Audit = ("OMRS-AUDIT-0322", about)
        elif self.me.active(known["guid"], known["name"]):
            done = ("OMRS-AUDIT-0303", about)
        else:
            done = ("OMRS-AUDIT-0321", about)
        if patch.get("superType") and links.missing(self.types, {"superType": patch["superType"]}):
            return self._held(patch, ("OMRS-AUDIT-0320", about))
        try:
            after = self.types.copy().apply_patch(patch)
        except OmrsError as refusal:
            return self._mismatch(patch, known, refusal)
        return TypeReceipt("updated", (beans.type_event(after, self.me.originator, self.now),), audits=(done,))

    def _held(self, patch: Bean, audit: Audit) -> TypeReceipt:
        record = beans.patch_event(patch, self.me.originator, self.now)
        held = self.fold.waiting.get(record_key(record))
        if held is not None and held["typeDefEventSection"].get("typeDefPatch") == patch:
            return TypeReceipt("waiting", audits=(audit,))
        return TypeReceipt("waiting", (record,), audits=(audit,))

    # ---- removal ---------------------------------------------------------------------------------------------------

    def deleted(self) -> TypeReceipt:
        guid, name = self._named()
        known = self.types.typedef(guid)
        if known is None and self.fold.awaits(guid, name):
            record = beans.deleted_event({"guid": guid, "name": name}, self.me.originator, self.now)
            about = {**self.who, "type_name": name, "type_guid": guid}
            return TypeReceipt("removed", (record,), audits=(("OMRS-AUDIT-0304", about),))
        return self._deleted(known, self.types.typedef_by_name(name), self._remove)

    def deleted_attribute(self) -> TypeReceipt:
        guid, name = self._named()
        known, of_name = self.types.attribute_typedef(guid), self.types.attribute_typedef_by_name(name)
        return self._deleted(known, of_name, self._remove_attribute)

    def _deleted(self, known: Bean | None, of_name: Bean | None, remove: Callable[[Bean], object]) -> TypeReceipt:
        if known is None or known is not of_name:
            return TypeReceipt("known")
        try:
            remove(known)
        except OmrsError as refusal:
            return TypeReceipt("refused", audits=(self._refused(known, refusal.message),))
        record = beans.deleted_event(known, self.me.originator, self.now)
        return TypeReceipt("removed", (record,), audits=(("OMRS-AUDIT-0304", self._about(known)),))

    def _remove(self, known: Bean) -> None:
        self._require_removable(known)
        if self.used:
            raise TypeDefInUseError(f"instances of type {known['name']} are stored here")
        if self.me.repository == PROXY and self.me.active(known["guid"], known["name"]):
            raise TypeDefNotSupportedError(f"type {known['name']} is one that the repository behind this proxy has")
        self.types.copy().remove_typedef(known["guid"], known["name"])

    def _require_removable(self, known: Bean) -> None:
        if self.me.of_release(known["guid"]):
            raise TypeDefInUseError(f"type {known['name']} is part of the type release of this server")

    def _remove_attribute(self, known: Bean) -> None:
        self._require_removable(known)
        self.types.copy().remove_attribute_typedef(known["guid"], known["name"])

    def _named(self) -> tuple[str, str]:
        guid, name = beans.subject(self.event)
        if not guid or not name:
            raise InvalidTypeDefError(f"{_kind(self.event)} does not say which type ({name}, {guid})")
        return guid, name

    # ---- new identities --------------------------------------------------------------------------------------------

    def reidentified(self) -> TypeReceipt:
        after = check_typedef(self.section.get("typeDef"))
        guid, name = self._named()
        if self.types.typedef(guid) is None and self.fold.awaits(guid, name):
            return self._reidentified_early(after)
        return self._reidentified(after, self.types.typedef, self.types.typedef_by_name, self.new)

    def reidentified_attribute(self) -> TypeReceipt:
        after = check_attribute_typedef(self.section.get("attributeTypeDef"))
        lookups = self.types.attribute_typedef, self.types.attribute_typedef_by_name
        return self._reidentified(after, *lookups, self.new_attribute)

    def _reidentified_early(self, after: Bean) -> TypeReceipt:
        """The type waits under its former identity: from now on it waits under the new one."""
        for taken in (self.types.typedef(after["guid"]), self.types.typedef_by_name(after["name"])):
            if taken is not None:
                return self._conflict(after, taken)
        guid, name = self._named()
        before = {**(self.section.get("originalTypeDefSummary") or {}), "guid": guid, "name": name}
        record = beans.reidentified_event(before, after, self.me.originator, self.now)
        held = self.fold.waiting.get(record_key(record))
        if held is not None and beans.definition(held) == after:
            return TypeReceipt("waiting")
        return TypeReceipt("waiting", (record,))

    def _reidentified(
        self,
        after: Bean,
        by_guid: Callable[[str], Bean | None],
        by_name: Callable[[str], Bean | None],
        add: Callable[[], TypeReceipt],
    ) -> TypeReceipt:
        guid, name = self._named()
        before = by_guid(guid)
        if before is None or before is not by_name(name):
            return add()
        if (before["guid"], before["name"]) == (after["guid"], after["name"]):
            return TypeReceipt("known")
        for taken in (by_guid(after["guid"]), by_name(after["name"])):
            if taken is not None and taken is not before:
                return self._conflict(after, taken)
        identities = before["guid"], before["name"], after["guid"], after["name"]
        attribute = beans.is_attribute(after)
        change = reidentify(self.types, *identities, self.me.originator, self.now, attribute=attribute)
        audit: Audit = ("OMRS-AUDIT-0303", self._about(change.changed[0]))
        return TypeReceipt("updated", tuple(change.records), audits=(audit,))

    # ---- trouble ---------------------------------------------------------------------------------------------------

    def error(self) -> TypeReceipt:
        """Another member's complaint: reported, never answered."""
        error = self.event["errorSection"]
        target = error.get("targetTypeDefSummary") or error.get("targetAttributeTypeDef") or {}
        other = (
            error.get("otherTypeDef") or error.get("otherAttributeTypeDef") or error.get("otherTypeDefSummary") or {}
        )
        given = {
            "type_guid": target.get("guid"),
            "other_type_guid": other.get("guid"),
            "other_type_name": other.get("name"),
            "message": error.get("errorMessage"),
        }
        about = {**self.who, "type_name": target.get("name") or other.get("name") or "?"}
        about |= {name: value for name, value in given.items() if value}
        for_us = self.me.collection_id is not None and error.get("targetMetadataCollectionId") == self.me.collection_id
        if error.get("errorCode") in ("CONFLICTING_TYPEDEFS", "CONFLICTING_ATTRIBUTE_TYPEDEFS"):
            return TypeReceipt("error", audits=(("OMRS-AUDIT-0201" if for_us else "OMRS-AUDIT-0307", about),))
        if error.get("errorCode") == "TYPEDEF_PATCH_MISMATCH":
            return TypeReceipt("error", audits=(("OMRS-AUDIT-0202", about),) if for_us else ())
        return TypeReceipt("unknown", audits=(("OMRS-AUDIT-8001", {**self.who, "kind": str(error.get("errorCode"))}),))

    def nameless(self) -> tuple[Audit, ...]:
        """The audit messages for a definition without guid or without name."""
        typedef = beans.definition(self.event)
        if not isinstance(typedef, dict):
            return ()
        found: list[Audit] = []
        if not typedef.get("guid"):
            found.append(("OMRS-AUDIT-0308", {**self.who, "type_name": str(typedef.get("name"))}))
        if not typedef.get("name"):
            found.append(("OMRS-AUDIT-0309", {**self.who, "type_guid": str(typedef.get("guid"))}))
        return tuple(found)

    def _conflict(self, typedef: Bean, ours: Bean) -> TypeReceipt:
        """The originator's type is not ours: 9018, and once 0203 with TYPEDEF_ERROR_EVENT."""
        message = (
            f"type {typedef['name']} ({typedef['guid']}) of {self.who.get('server', 'a member')} is known here as "
            f"{ours['name']} ({ours['guid']})"
        )
        if beans.is_attribute(typedef):
            section: Bean = {"targetAttributeTypeDef": typedef, "otherAttributeTypeDef": ours}
            code = "CONFLICTING_ATTRIBUTE_TYPEDEFS"
        else:
            section = {"targetTypeDefSummary": beans.summary(typedef), "otherTypeDef": ours}
            code = "CONFLICTING_TYPEDEFS"
        told = {"other_type_guid": ours["guid"], "other_type_name": ours["name"]}
        return self._answer("OMRS-AUDIT-0203", typedef, code, message, section, told)

    def _mismatch(self, patch: Bean, ours: Bean, refusal: OmrsError) -> TypeReceipt:
        section = {
            "targetTypeDefSummary": {**beans.summary(ours), "version": patch["updateToVersion"]},
            "otherTypeDef": ours,
        }
        return self._answer("OMRS-AUDIT-0204", ours, "TYPEDEF_PATCH_MISMATCH", refusal.message, section, {})

    def _answer(
        self, audit: str, typedef: Bean, code: str, message: str, section: Bean, told: dict[str, object]
    ) -> TypeReceipt:
        about = {**self._about(typedef), **told, "message": message}
        refused: Audit = ("OMRS-AUDIT-9018", {**about, "kind": _kind(self.event)})
        if not self.sender_id:
            return TypeReceipt("conflict", audits=(refused,))
        conflict = (self.sender_id, code, str(typedef["guid"]))
        if conflict in self.me.answered:
            return TypeReceipt("conflict", audits=(refused,))
        if self.me.collection_id is not None:
            section = {**section, "otherMetadataCollectionId": self.me.collection_id}
        event = beans.error_event(code, message, self.sender_id, self.me.originator, self.now, **section)
        return TypeReceipt("conflict", sends=(event,), audits=(refused, (audit, about)), conflict=conflict)

    def _about(self, typedef: Bean) -> dict[str, object]:
        version = typedef.get("version", 0)
        return {**self.who, "type_name": typedef["name"], "type_guid": typedef["guid"], "version": version}

    def _refused(self, typedef: Bean, message: str) -> Audit:
        return "OMRS-AUDIT-9018", {**self._about(typedef), "kind": _kind(self.event), "message": message}


_KINDS: dict[str, Callable[[_Turn], TypeReceipt]] = {
    "NEW_TYPEDEF_EVENT": _Turn.new,
    "NEW_ATTRIBUTE_TYPEDEF_EVENT": _Turn.new_attribute,
    "UPDATED_TYPEDEF_EVENT": _Turn.patch,
    "DELETED_TYPEDEF_EVENT": _Turn.deleted,
    "DELETED_ATTRIBUTE_TYPEDEF_EVENT": _Turn.deleted_attribute,
    "RE_IDENTIFIED_TYPEDEF_EVENT": _Turn.reidentified,
    "RE_IDENTIFIED_ATTRIBUTE_TYPEDEF_EVENT": _Turn.reidentified_attribute,
}

"""Refresh requests and error events (OMRS events § 5; instances § Conflicts; LOG.md § Conflicts between members).

Requests. The home answers with REFRESHED, and with the removals of classifications that others had attached: a removal
leaves no trace in the entity. Three answers more than the protocol's reference implementation gives, each an event that
it knows: an instance that was purged, or whose guid went to another one, is answered with a purge by ids; one that was
re-homed with RE_HOMED by its home of today; and who maintains classifications of the entity states them again. (All
members do, for all classifications, when a home asks about its own: it may have missed the last word of one that left.)

Errors. CONFLICTING_INSTANCES is verified before anything is done: who holds the accused instance asks the other home
for its own, and decides by what comes back. CONFLICTING_TYPE does so for a copy that is the one that was refused: its
home says whether it still is.
"""

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from omrs_streams.cohort.instance_events import (
    CONFLICTING_INSTANCES,
    CONFLICTING_TYPE,
    envelope,
    purged_by_id,
    re_homed,
    refresh_request,
    refreshed,
)
from omrs_streams.cohort.receiving_model import CONFLICT, DEAD, REQUEST, Held, Receipt, Receiver
from omrs_streams.fold.overlay import newest_statements

Bean = dict[str, Any]
Stored = Callable[[str], Held | None]


def answered(event: Mapping[str, Any], stored: Stored, me: Receiver, now: int) -> Receipt:
    """The answers to a REFRESH_…_REQUEST; the send rule and security of this server still apply to them."""
    section: Mapping[str, Any] = event["instanceEventSection"]
    guid, wanted = section.get("instanceGUID"), section.get("homeMetadataCollectionId")
    held = stored(str(guid)) if guid else None
    if held is None:
        return Receipt(REQUEST)
    sender = me.sender()
    bean = held.bean or {}
    home = bean.get("metadataCollectionId")
    if not bean or bean.get("class") == "EntityProxy" or me.collection_id not in (home, bean.get("replicatedBy")):
        asker = (event.get("originator") or {}).get("metadataCollectionId")
        sends = tuple(_again(held, sender, now, _any if asker and asker == wanted else _ours(me)))
        if wanted == me.collection_id and wanted not in {run.home for run in held.past()} | {home}:
            kind = {"typeDefGUID": section.get("typeDefGUID"), "typeDefName": section.get("typeDefName")}
            relationship = section.get("eventType") == "REFRESH_RELATIONSHIP_REQUEST"
            sends = (purged_by_id(str(guid), kind, str(wanted), relationship, sender, now), *sends)
        return Receipt(REQUEST, sends=sends)
    if wanted in (None, me.collection_id, home):
        return Receipt(REQUEST, sends=(refreshed(bean, sender, now), *_again(held, sender, now, _removed)))
    if wanted in {run.home for run in held.past()}:
        return Receipt(REQUEST, sends=(re_homed(bean, str(wanted), sender, now), *_again(held, sender, now, _removed)))
    return Receipt(REQUEST)


def _ours(me: Receiver) -> Callable[[Mapping[str, Any], bool], bool]:
    def chosen(classification: Mapping[str, Any], removed: bool) -> bool:
        del removed
        return me.collection_id in (classification.get("metadataCollectionId"), classification.get("replicatedBy"))

    return chosen


def _any(classification: Mapping[str, Any], removed: bool) -> bool:
    del classification, removed
    return True


def _removed(classification: Mapping[str, Any], removed: bool) -> bool:
    del classification
    return removed


def _again(held: Held, sender: Bean, now: int, chosen: Callable[[Mapping[str, Any], bool], bool]) -> Iterable[Bean]:
    """The newest statements about the entity's classifications, as events of ours."""
    for key, classification, section in newest_statements(held.statements, held.bean or {}).values():
        if chosen(classification, key[3]):
            yield envelope(dict(section), sender, now)


def told_of_error(event: Mapping[str, Any], stored: Stored, me: Receiver, now: int) -> Receipt:
    """What an error about an instance does here; Java peers send it with `eventType` UNKNOWN_INSTANCE_EVENT."""
    error: Mapping[str, Any] = event.get("errorSection") or {}
    code = error.get("errorCode")
    guid = error.get("targetInstanceGUID") or error.get("otherInstanceGUID")
    target, other = error.get("targetMetadataCollectionId"), error.get("otherMetadataCollectionId")
    said = {
        "guid": guid,
        "server": (event.get("originator") or {}).get("serverName"),
        "collection_id": target,
        "other_collection_id": other,
        "message": error.get("errorMessage"),
    }
    params = {name: value for name, value in said.items() if value is not None}
    if code not in (CONFLICTING_INSTANCES, CONFLICTING_TYPE) or not guid or not target:
        return Receipt(DEAD, audits=(("OMRS-AUDIT-8001", {**params, "kind": str(code)}),))
    held = stored(str(guid))
    bean = None if held is None else held.bean
    accused = bean is not None and bean.get("metadataCollectionId") == target and bean.get("class") != "EntityProxy"
    if code == CONFLICTING_INSTANCES:
        sends: tuple[Bean, ...] = ()
        if bean is not None and accused and other and other != me.collection_id:
            relationship = bean["class"] == "Relationship"
            sends = (refresh_request(str(guid), str(other), bean["type"], relationship, me.sender(), now),)
        return Receipt(CONFLICT, sends=sends, audits=(("OMRS-AUDIT-0206", params),))
    if target == me.collection_id:
        return Receipt(CONFLICT, audits=(("OMRS-AUDIT-0210", params),))
    if held is None or bean is None or not accused or not _is_type(bean, error.get("targetTypeDefSummary") or {}):
        return Receipt(CONFLICT)
    ask = refresh_request(
        str(guid),
        str(bean.get("replicatedBy") or target),
        bean["type"],
        bean["class"] == "Relationship",
        me.sender(),
        now,
    )
    return Receipt(CONFLICT, sends=(ask,), audits=(("OMRS-AUDIT-0209", params),))


def _is_type(bean: Bean, summary: Mapping[str, Any]) -> bool:
    """Whether `bean` has the very type that was refused; a summary that says nothing refuses any."""
    kind: Mapping[str, Any] = bean.get("type") or {}
    pairs = (("guid", "typeDefGUID"), ("version", "typeDefVersion"))
    return all(summary.get(name) is None or summary[name] == kind.get(field) for name, field in pairs)

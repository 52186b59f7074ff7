"""What an instance event of a cohort does here (OMRS events § 5, § 6; instances § Reference copies, § Conflicts).

    receipt = receive(event, stored, me, now)

Pure: no I/O, no clock, no random ids. All 28 kinds and the error events; a batch element by element. The caller makes
event ids, encodes, appends, sends, re-identifies and writes the audit log, in whatever way it does that.

- Echoes, and whatever others say about an instance that is at home here, change nothing.
- Who maintains an instance speaks for it, nobody else: `receiving_speakers.py`.
- The process rule passes events, the save rule instances; LEARNED_TYPES learns a type from an answer to a refresh.
- Currency and conflicts: `receiving_currency.py`. Classifications: `receiving_classifications.py`. Refresh requests and
  errors: `receiving_requests.py`.
- RE_IDENTIFIED leaves a purged mark on the old guid (a deleted copy where classifications were stated by others), also
  where it was never seen: whichever of the two guids is
  heard of first, the old one does not come back.
- A purge by ids alone counts from the home (or the replicator) of what is held.

`glance` decides the plain cases from record headers alone, for the path that takes most of the events.
"""

from collections.abc import Callable, Mapping
from typing import Any

from omrs_streams.cohort.currency import Header, judge_purge_by_id
from omrs_streams.cohort.instance_events import (
    CONFLICTING_INSTANCES,
    CONFLICTING_TYPE,
    conflict,
    field_of,
    instance_event,
    purged,
    re_homed,
    refresh_request,
)
from omrs_streams.cohort.receiving_classifications import classified
from omrs_streams.cohort.receiving_currency import Arrived, Ruling, differ, rule
from omrs_streams.cohort.receiving_glance import PLAIN, glance
from omrs_streams.cohort.receiving_model import (
    ACCEPTED,
    CONFLICT,
    DEAD,
    FILTERED,
    FOREIGN,
    INACTIVE,
    OWN,
    REQUEST,
    STALE,
    Append,
    Audit,
    Held,
    Receipt,
    Receiver,
    Run,
    held_of,
)
from omrs_streams.cohort.receiving_requests import answered, told_of_error
from omrs_streams.cohort.receiving_save import admitted, ours, own, unstorable
from omrs_streams.cohort.receiving_speakers import only_ours, originator_of, speaks
from omrs_streams.cohort.rules import is_instance_error
from omrs_streams.fold.kinds import CLASSIFICATION_KINDS, DELETED_STATUS, PURGE_KINDS
from omrs_streams.log.record import TEXT_LIMIT

__all__ = [
    "ACCEPTED",
    "CONFLICT",
    "DEAD",
    "FILTERED",
    "FOREIGN",
    "INACTIVE",
    "OWN",
    "PLAIN",
    "REQUEST",
    "STALE",
    "Append",
    "Held",
    "Receipt",
    "Receiver",
    "Run",
    "Stored",
    "glance",
    "held_of",
    "receive",
]

Bean = dict[str, Any]
Stored = Callable[[str], Held | None]

BATCH = "BATCH_INSTANCES_EVENT"
_REQUESTS = frozenset({"REFRESH_ENTITY_REQUEST", "REFRESH_RELATIONSHIP_REQUEST"})
_RE_IDENTIFIED = frozenset({"RE_IDENTIFIED_ENTITY_EVENT", "RE_IDENTIFIED_RELATIONSHIP_EVENT"})
_SINGLE = frozenset(
    f"{kind}_{noun}_EVENT"
    for noun in ("ENTITY", "RELATIONSHIP")
    for kind in (
        "NEW",
        "UPDATED",
        "UNDONE",
        "DELETED",
        "PURGED",
        "DELETE_PURGED",
        "RESTORED",
        "RE_IDENTIFIED",
        "RETYPED",
        "RE_HOMED",
        "REFRESHED",
    )
)


def receive(event: Bean, stored: Stored, me: Receiver, now: int) -> Receipt:
    """What the instance event `event` does at `me`, which holds `stored(guid)`; `now` is epoch milliseconds."""
    originator = (event.get("originator") or {}).get("metadataCollectionId")
    if me.collection_id is None:
        return Receipt(FILTERED)
    if originator == me.collection_id:
        return Receipt(OWN)
    event = _typed(event)
    passed = me.process.event(event)
    if passed is None:
        return Receipt(FILTERED)
    section: Bean = passed.get("instanceEventSection") or {}
    kind = str(section.get("eventType"))
    if is_instance_error(passed) or "errorSection" in passed:
        return told_of_error(passed, stored, me, now)
    if kind in _REQUESTS:
        return answered(passed, stored, me, now)
    if kind == BATCH:
        return _batch(dict(passed), section, stored, me, now)
    if kind in CLASSIFICATION_KINDS:
        return classified(dict(passed), section, stored, me, now)
    if kind in _SINGLE:
        return _single(dict(passed), section, kind, stored, me, now)
    return Receipt(DEAD, audits=(("OMRS-AUDIT-8001", {"kind": kind, "server": _server(event)}),))


def _typed(event: Bean) -> Bean:
    """`event` with the type that its instance has, which need not be the one that the section names."""
    section: Bean = event.get("instanceEventSection") or {}
    kind: Mapping[str, Any] = (_instance(section) or {}).get("type") or {}
    named = {name: kind[name] for name in ("typeDefGUID", "typeDefName") if kind.get(name)}
    if all(section.get(name) == value for name, value in named.items()):
        return event
    return {**event, "instanceEventSection": {**section, **named}}


def _instance(section: Mapping[str, Any]) -> Bean | None:
    found: Bean | None = section.get("relationship") or section.get("entity") or section.get("entityProxy")
    return found


def _server(event: Mapping[str, Any]) -> object:
    return (event.get("originator") or {}).get("serverName")


# ---- one instance ---------------------------------------------------------------------------------------------------


def _single(
    event: Bean, section: Bean, kind: str, stored: Stored, me: Receiver, now: int, *, batch: bool = False
) -> Receipt:
    instance = _instance(section)
    if instance is None:
        if kind in PURGE_KINDS:
            return _purge_by_id(event, section, stored, me, now)
        return _refused(DEAD, "OMRS-AUDIT-0317", event, section.get("instanceGUID"), kind)
    refusal = admitted(event, instance, kind, me)
    if refusal is not None and refusal.outcome not in (FILTERED, INACTIVE):
        return refusal
    guid = str(instance["guid"])
    held = stored(guid)
    sender = originator_of(event)
    if len(_old_guid(section, instance) or "") > TEXT_LIMIT:
        return _refused(DEAD, "OMRS-AUDIT-9015", event, guid, kind, "the guid it had before is too long")
    if only_ours(held, instance, kind, sender, me) or _renames_ours(section, instance, kind, stored, me):
        return own(event, guid, kind)
    if refusal is not None and not ours(held, me):
        return refusal  # else the instance of ours was re-homed, or its guid is taken twice: no rule may hide that
    arrived = Arrived(kind, instance, int(event.get("timestamp") or 0), section.get("originalHomeMetadataCollectionId"))
    ruling = rule(held, arrived, me)
    if not speaks(sender, instance, kind, held, me, batch=batch):
        return Receipt(STALE if ruling.outcome == "stale" else FOREIGN)
    receipt = _ruled(event, section, arrived, held, ruling, me, now)
    if kind in _RE_IDENTIFIED and receipt.outcome in (ACCEPTED, STALE):
        receipt = _without_old(receipt, event, section, instance, stored, me)
    return receipt


def _ruled(
    event: Bean, section: Bean, arrived: Arrived, held: Held | None, ruling: Ruling, me: Receiver, now: int
) -> Receipt:
    instance, guid = arrived.instance, str(arrived.instance["guid"])
    if ruling.outcome == "stale":
        if ruling.told and held is not None and held.bean is not None and ours(held, me):
            # Whoever re-homed it has not heard of our doing so, and perhaps takes no copies of the type.
            return Receipt(STALE, sends=(re_homed(held.bean, ruling.told, me.sender(), now),))
        return Receipt(STALE, sends=(_ask_again(instance, me, now),) if ruling.ask else ())
    if ruling.outcome == "no_type":
        return _refused(DEAD, "OMRS-AUDIT-9015", event, guid, arrived.kind, ruling.reason)
    whole = _normalised(event, section, instance, held)
    if ruling.outcome == "accept":
        expected = held.revision if held is not None and ruling.back else None
        return Receipt(
            ACCEPTED,
            (Append(guid, whole, expected),),
            sends=(_ask_again(instance, me, now),) if ruling.came_back or ruling.ask else (),
            rebroadcast=(_as_new(whole, instance),) if instance.get("replicatedBy") == me.collection_id else (),
            audits=tuple(_moved(number, held, instance) for number in ruling.audits),
            learned=_learned(arrived.kind, instance, me),
        )
    if held is None or held.bean is None:
        raise AssertionError(ruling)  # a conflict has two sides
    if ruling.outcome == "type":
        error = conflict(CONFLICTING_TYPE, instance, held.bean, ruling.reason, me.sender(), now)
        params = {"guid": guid, "server": _server(event), "type_name": instance["type"].get("typeDefName")}
        answer = arrived.kind.startswith("REFRESHED")  # it was asked for because of such an error
        return Receipt(CONFLICT, sends=() if answer else (error,), audits=(("OMRS-AUDIT-8002", params),))
    return _conflict(event, whole, arrived, held, ruling, me, now)


def _conflict(
    event: Bean, whole: Bean, arrived: Arrived, held: Held, ruling: Ruling, me: Receiver, now: int
) -> Receipt:
    """Two objects with one guid. Who keeps it is the same at every member; the home of the one that keeps it tells."""
    bean, guid = held.bean or {}, str(arrived.instance["guid"])
    audit: Audit = (
        "OMRS-AUDIT-8005",
        {"guid": guid, "kind": arrived.kind, "server": _server(event), "message": ruling.reason},
    )
    home = bean.get("metadataCollectionId")
    mine = ours(held, me)
    if ruling.outcome == "keep":
        tells = mine or home not in me.members
        error = conflict(CONFLICTING_INSTANCES, arrived.instance, bean, ruling.reason, me.sender(), now)
        return Receipt(CONFLICT, sends=(error,) if tells else (), audits=(audit,))
    if mine and bean.get("status") != DELETED_STATUS:
        told: Audit = (
            "OMRS-AUDIT-0206",
            {
                "guid": guid,
                "collection_id": home,
                "other_collection_id": arrived.instance.get("metadataCollectionId"),
                "message": ruling.reason,
            },
        )
        return Receipt(CONFLICT, audits=(told,), reidentify=(guid,))
    away = Append(guid, purged(bean, me.sender(), now), held.revision, "displaced")
    return Receipt(ACCEPTED, (away, Append(guid, whole, held.revision + 1)), audits=(audit,))


def _old_guid(section: Bean, instance: Bean) -> str | None:
    old = section.get("originalInstanceGUID") or instance.get("reIdentifiedFromGUID")
    return None if not old or old == instance["guid"] else str(old)[: TEXT_LIMIT + 1]


def _renames_ours(section: Bean, instance: Bean, kind: str, stored: Stored, me: Receiver) -> bool:
    """Whether it gives another guid to what we maintain. (To another object, which had our guid too, anybody may.)"""
    old = _old_guid(section, instance) if kind in _RE_IDENTIFIED else None
    held = None if old is None else stored(old)
    return held is not None and ours(held, me) and only_ours(held, instance, kind, None, me)


def _without_old(receipt: Receipt, event: Bean, section: Bean, instance: Bean, stored: Stored, me: Receiver) -> Receipt:
    """And the copy under the guid that the instance had before goes (the protocol's reference implementation forgets
    it)."""
    old = _old_guid(section, instance)
    if old is None:
        return receipt
    held = stored(old)
    if held is not None:
        if not speaks(originator_of(event), instance, str(section["eventType"]), held, me):
            return receipt
        bean = held.bean
        if bean is None or differ(held.create_time, instance.get("createTime")):
            return receipt
        if held.version > (instance.get("version") or 0):
            return receipt  # restored, or changed since: its home says what becomes of it
        if bean.get("metadataCollectionId") not in (instance.get("metadataCollectionId"), None):
            return receipt
    gone = {name: value for name, value in instance.items() if name != "reIdentifiedFromGUID"} | {"guid": old}
    kind = "PURGED"
    if held is not None and held.statements:
        # Others have said something about its classifications, we perhaps: that is kept, for it may be restored.
        if (held.bean or {}).get("status") == DELETED_STATUS:
            return receipt
        kind, gone = "DELETED", gone | {"status": DELETED_STATUS, "statusOnDelete": instance.get("status", "ACTIVE")}
    told = instance_event(kind, gone, event.get("originator") or {}, int(event.get("timestamp") or 0))
    append = Append(str(old), told, None, "old")
    return Receipt(
        ACCEPTED, (*receipt.appends, append), receipt.sends, receipt.rebroadcast, receipt.audits, receipt.learned
    )


def _purge_by_id(event: Bean, section: Bean, stored: Stored, me: Receiver, now: int) -> Receipt:
    guid = section.get("instanceGUID")
    if not guid:
        return _refused(DEAD, "OMRS-AUDIT-0315", event, None, str(section.get("eventType")))
    wrong = unstorable(event)
    if wrong is not None:
        return _refused(DEAD, "OMRS-AUDIT-9015", event, guid, str(section.get("eventType")), wrong)
    held = stored(str(guid))
    if ours(held, me):
        return own(event, guid, str(section.get("eventType")))
    header = None if held is None or held.bean is None else Header.of(held.bean)
    sender = (event.get("originator") or {}).get("metadataCollectionId")
    if held is None or held.bean is None or not judge_purge_by_id(header, sender).accepted:
        return Receipt(STALE)
    carried = instance_event("PURGED", held.bean, event.get("originator") or {}, int(event.get("timestamp") or now))
    return Receipt(ACCEPTED, (Append(str(guid), carried, held.revision),))


# ---- a batch --------------------------------------------------------------------------------------------------------


def _batch(event: Bean, section: Bean, stored: Stored, me: Receiver, now: int) -> Receipt:
    """Each element as a NEW or UPDATED event of its own; the same guid twice counts in its highest version."""
    graph: Mapping[str, Any] = section.get("instanceBatch") or {}
    newest: dict[str, Bean] = {}
    receipts: list[tuple[Receipt, tuple[Append, ...]]] = []
    for each in (*(graph.get("entities") or ()), *(graph.get("relationships") or ())):
        wrong = unstorable(event, each)
        if wrong is not None:
            guid = str(each.get("guid"))[:TEXT_LIMIT]
            receipts.append((_refused(DEAD, "OMRS-AUDIT-9015", event, guid, BATCH, wrong), ()))
            continue
        known = newest.get(str(each.get("guid")))
        if known is None or (each.get("version") or 0) >= (known.get("version") or 0):
            newest[str(each.get("guid"))] = each
    for guid, instance in newest.items():
        name = "NEW" if (instance.get("version") or 0) <= 1 else "UPDATED"
        receipt = _element(event, name, instance, stored, me, now)
        appends = tuple(
            Append(one.guid, one.event, one.expected_revision, f"{guid}/{one.suffix}" if one.suffix else guid)
            for one in receipt.appends
        )
        receipts.append((receipt, appends))
    if not receipts:
        return Receipt(DEAD, audits=(("OMRS-AUDIT-0317", {"kind": BATCH, "server": _server(event)}),))
    outcomes = [receipt.outcome for receipt, _ in receipts]
    return Receipt(
        ACCEPTED if ACCEPTED in outcomes else outcomes[0],
        tuple(append for _, appends in receipts for append in appends),
        tuple(send for receipt, _ in receipts for send in receipt.sends),
        tuple(send for receipt, _ in receipts for send in receipt.rebroadcast),
        tuple(audit for receipt, _ in receipts for audit in receipt.audits),
        tuple(dict.fromkeys(guid for receipt, _ in receipts for guid in receipt.learned)),
        tuple(guid for receipt, _ in receipts for guid in receipt.reidentify),
    )


def _element(event: Bean, name: str, instance: Bean, stored: Stored, me: Receiver, now: int) -> Receipt:
    if not instance.get("guid") or not instance.get("type") or "class" not in instance:
        return _refused(DEAD, "OMRS-AUDIT-9015", event, instance.get("guid"), BATCH, "no guid, type or class")
    single = instance_event(name, instance, event.get("originator") or {}, int(event.get("timestamp") or now))
    section: Bean = single["instanceEventSection"]
    return _single(single, section, str(section["eventType"]), stored, me, now, batch=True)


# ---- shared ---------------------------------------------------------------------------------------------------------


def _normalised(event: Bean, section: Bean, instance: Mapping[str, Any], held: Held | None) -> Bean:
    """As it is appended: what identifies it says what the instance says. A re-home that names the new home as the
    original one (Java peers do, OMRS observed § Receivers) names the one that is held."""
    changes: Bean = {}
    if section.get("instanceGUID") != instance["guid"]:
        changes["instanceGUID"] = instance["guid"]
    original = section.get("originalHomeMetadataCollectionId")
    if original is not None and original == instance.get("metadataCollectionId") and held is not None and held.home:
        changes["originalHomeMetadataCollectionId"] = held.home
    if not changes:
        return event
    return {**event, "instanceEventSection": {**section, **changes}}


def _ask_again(instance: Mapping[str, Any], me: Receiver, now: int) -> Bean:
    """For what the home says now, and others say about classifications of the instance."""
    relationship = field_of(instance) == "relationship"
    home = str(instance["metadataCollectionId"])
    return refresh_request(str(instance["guid"]), home, instance["type"], relationship, me.sender(), now)


def _as_new(event: Bean, instance: Mapping[str, Any]) -> Bean:
    """As the other cohorts are told (OMRS instances § Reference copies: as NEW, with the original originator)."""
    section: Bean = event["instanceEventSection"]
    kept = {"typeDefGUID", "typeDefName", "instanceGUID", field_of(instance)}
    kind = "NEW_RELATIONSHIP_EVENT" if field_of(instance) == "relationship" else "NEW_ENTITY_EVENT"
    if str(section["eventType"]).startswith(("PURGED", "DELETE")):
        return event
    new = {"eventType": kind} | {name: value for name, value in section.items() if name in kept}
    return {**event, "instanceEventSection": new}


def _learned(kind: str, instance: Mapping[str, Any], me: Receiver) -> tuple[str, ...]:
    guid = str(instance["type"].get("typeDefGUID"))
    known = not kind.startswith("REFRESHED") or me.save.rule != "LEARNED_TYPES" or guid in me.save.selected
    return () if known else (guid,)


def _moved(number: str, held: Held | None, instance: Mapping[str, Any]) -> Audit:
    before: Mapping[str, Any] = (held.bean if held is not None else None) or {}
    params = {
        "guid": instance["guid"],
        "collection_id": instance.get("metadataCollectionId"),
        "other_collection_id": before.get("metadataCollectionId"),
        "type_name": instance["type"].get("typeDefName"),
        "other_type_name": (before.get("type") or {}).get("typeDefName"),
    }
    return number, params


def _refused(outcome: str, number: str, event: Bean, guid: object, kind: str, message: str = "") -> Receipt:
    params: dict[str, object] = {"kind": kind, "guid": guid, "server": _server(event)}
    if message:
        params["message"] = message
    return Receipt(outcome, audits=((number, {name: value for name, value in params.items() if value is not None}),))

"""Whether an instance may be saved at all, whatever is held (OMRS events § 5, Receiver details; § 6)."""

from collections.abc import Mapping
from typing import Any

from omrs_streams.cohort.receiving_model import DEAD, FILTERED, INACTIVE, OWN, Held, Receipt, Receiver
from omrs_streams.log.record import TEXT_LIMIT, fits

_NUMBERS = ("version", "createTime", "updateTime")
_TEXTS = ("guid", "metadataCollectionId", "replicatedBy", "status")
_ENDS = ("entityOneProxy", "entityTwoProxy")


def ours(held: Held | None, me: Receiver) -> bool:
    """Whether what is held of a guid is maintained here."""
    bean: Mapping[str, Any] = (held.bean if held is not None else None) or {}
    return me.collection_id in (bean.get("metadataCollectionId"), bean.get("replicatedBy"))


def own(event: Mapping[str, Any], guid: object, kind: str) -> Receipt:
    """It is about what only this server may change."""
    server = (event.get("originator") or {}).get("serverName")
    return Receipt(OWN, audits=(("OMRS-AUDIT-0028", {"kind": kind, "server": server, "guid": guid}),))


def unstorable(event: Mapping[str, Any], *beans: Mapping[str, Any]) -> str | None:
    """Which number or text of instances or classifications no log record holds (`log/record.py`); None where all fit.

    The ends of a relationship count too: they are appended as proxies.
    """
    if not _number(event.get("timestamp")):
        return "its timestamp is no number of at most 18 digits"
    for bean in beans:
        kind: Mapping[str, Any] = bean.get("type") or {}
        wrong = next((name for name in _NUMBERS if not _number(bean.get(name))), None)
        if wrong is None and not _number(kind.get("typeDefVersion")):
            wrong = "typeDefVersion"
        if wrong is not None:
            return f"its {wrong} is no number of at most 18 digits"
        texts = (*(bean.get(name) for name in _TEXTS), kind.get("typeDefGUID"))
        if any(text is not None and (not isinstance(text, str) or len(text) > TEXT_LIMIT) for text in texts):
            return f"a guid or id is no text of at most {TEXT_LIMIT} characters"
        ends = [bean[name] for name in _ENDS if bean.get(name)]
        of_end = unstorable(event, *ends) if ends else None
        if of_end is not None:
            return f"of one end {of_end}"
    return None


def _number(value: object) -> bool:
    return value is None or (isinstance(value, int) and fits(value))


def admitted(event: Mapping[str, Any], instance: Mapping[str, Any], kind: str, me: Receiver) -> Receipt | None:
    """None when the instance may be saved; otherwise the receipt that says why not.

    Guid, home and type are needed; at home elsewhere, whoever is said to replicate it; a log record holds it; type
    active; save rule and security agree.
    """
    server = (event.get("originator") or {}).get("serverName")
    guid, home = instance.get("guid"), instance.get("metadataCollectionId")
    said = {"kind": kind, "server": server}
    if not guid:
        return Receipt(DEAD, audits=(("OMRS-AUDIT-0315", said),))
    if not home:
        return Receipt(DEAD, audits=(("OMRS-AUDIT-0316", {**said, "guid": guid}),))
    if home == me.collection_id:
        return own(event, guid, kind)
    wrong = unstorable(event, instance)
    if wrong is not None:
        return Receipt(DEAD, audits=(("OMRS-AUDIT-9015", {**said, "guid": str(guid)[:TEXT_LIMIT], "message": wrong}),))
    return wanted(event, instance, instance, kind, me)


def wanted(
    event: Mapping[str, Any], entity: Mapping[str, Any], saved: Mapping[str, Any], kind: str, me: Receiver
) -> Receipt | None:
    """The part of `admitted` that is about rules: the type of `entity`, and of `saved` (it, or its classification)."""
    server = (event.get("originator") or {}).get("serverName")
    type_guid, type_name = _type(entity)
    if not type_guid or not type_name:
        params = {"kind": kind, "guid": entity.get("guid"), "server": server, "message": "the instance has no type"}
        return Receipt(DEAD, audits=(("OMRS-AUDIT-9015", params),))
    learns = kind.startswith("REFRESHED") and me.save.rule == "LEARNED_TYPES"
    if not learns and not me.save.instance(type_guid, type_name):
        return Receipt(FILTERED)
    if not me.active(type_guid, type_name) or (saved is not entity and not _active(saved, me)):
        params = {
            "kind": kind,
            "guid": entity.get("guid"),
            "server": server,
            "message": f"type {_type(saved)[1] or type_name} is not active here",
        }
        return Receipt(INACTIVE, audits=(("OMRS-AUDIT-9015", params),))
    return None if me.may_save(entity) else Receipt(FILTERED)


def _active(classification: Mapping[str, Any], me: Receiver) -> bool:
    guid, name = _type(classification)
    return not guid or me.active(guid, name or str(classification.get("name")))


def _type(instance: Mapping[str, Any]) -> tuple[str | None, str | None]:
    kind: Mapping[str, Any] = instance.get("type") or {}
    return kind.get("typeDefGUID"), kind.get("typeDefName")

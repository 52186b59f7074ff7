"""Whether an instance may be saved at all, whatever is held (OMRS events § 5, Receiver details; § 6)."""

from collections.abc import Mapping
from typing import Any

from omrs_streams.cohort.receiving_model import DEAD, FILTERED, INACTIVE, OWN, Held, Receipt, Receiver


def ours(held: Held | None, me: Receiver) -> bool:
    """Whether what is held of a guid is maintained here."""
    bean: Mapping[str, Any] = (held.bean if held is not None else None) or {}
    return me.collection_id in (bean.get("metadataCollectionId"), bean.get("replicatedBy"))


def admitted(event: Mapping[str, Any], instance: Mapping[str, Any], kind: str, me: Receiver) -> Receipt | None:
    """None when the instance may be saved; otherwise the receipt that says why not.

    Guid, home and type are needed; at home elsewhere; type active; save rule and security agree.
    """
    server = (event.get("originator") or {}).get("serverName")
    guid, home = instance.get("guid"), instance.get("metadataCollectionId")
    said = {"kind": kind, "server": server}
    if not guid:
        return Receipt(DEAD, audits=(("OMRS-AUDIT-0315", said),))
    if not home:
        return Receipt(DEAD, audits=(("OMRS-AUDIT-0316", {**said, "guid": guid}),))
    if home == me.collection_id and instance.get("replicatedBy") != me.collection_id:
        return Receipt(OWN, audits=(("OMRS-AUDIT-0028", {**said, "guid": guid}),))
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

"""Instance events that a member makes itself (OMRS events § 5): those of its commands, refresh requests and answers,
error events, batches, removals of copies.

Builders of whole event beans; originator, time (epoch milliseconds) and everything else is handed in.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from omrs_schemas.codec.egeria_json import PROTOCOL

Bean = dict[str, Any]

RELATIONSHIP = "Relationship"

CONFLICTING_INSTANCES = "CONFLICTING_INSTANCES"
CONFLICTING_TYPE = "CONFLICTING_TYPE"

_FIELDS = {"EntityDetail": "entity", "EntityProxy": "entityProxy", RELATIONSHIP: "relationship"}


def field_of(instance: Mapping[str, Any]) -> str:
    """The field of the instance section that carries `instance`."""
    return _FIELDS[instance["class"]]


def event_type(kind: str, instance: Mapping[str, Any]) -> str:
    """`UPDATED` and an entity (or proxy) make `UPDATED_ENTITY_EVENT`."""
    return f"{kind}_{'RELATIONSHIP' if instance['class'] == RELATIONSHIP else 'ENTITY'}_EVENT"


def envelope(section: Bean, originator: Bean, now: int) -> Bean:
    """An OMRSEventV1 around an instance section; nulls are left out."""
    return {
        "class": "OMRSEventV1",
        "protocolVersionId": PROTOCOL,
        "timestamp": now,
        "originator": originator,
        "eventCategory": "INSTANCE",
        "instanceEventSection": {name: value for name, value in section.items() if value is not None},
    }


def instance_event(kind: str, instance: Bean, originator: Bean, now: int, **more: object) -> Bean:
    """An OMRSEventV1 bean that carries `instance`; `more` are further fields of the instance section.

    `kind` is the wire name without instance class, such as `UPDATED`: the class of `instance` completes it.
    """
    section = {
        "eventType": event_type(kind, instance),
        "typeDefGUID": instance["type"].get("typeDefGUID"),
        "typeDefName": instance["type"].get("typeDefName"),
        "instanceGUID": instance["guid"],
        **more,
        field_of(instance): instance,
    }
    return envelope(section, originator, now)


def refresh_request(
    guid: str, home_id: str, instance_type: Mapping[str, Any], relationship: bool, originator: Bean, now: int
) -> Bean:
    """REFRESH_ENTITY_REQUEST or REFRESH_RELATIONSHIP_REQUEST to the home of an instance; `instance_type` is its
    InstanceType bean (guid and name are sent: exchange rules look at them)."""
    section = {
        "eventType": f"REFRESH_{'RELATIONSHIP' if relationship else 'ENTITY'}_REQUEST",
        "typeDefGUID": instance_type.get("typeDefGUID"),
        "typeDefName": instance_type.get("typeDefName"),
        "instanceGUID": guid,
        "homeMetadataCollectionId": home_id,
    }
    return envelope(section, originator, now)


def refreshed(instance: Bean, originator: Bean, now: int) -> Bean:
    """REFRESHED_…_EVENT: the answer of the home, soft-deleted instances included."""
    return instance_event("REFRESHED", instance, originator, now)


def re_homed(instance: Bean, original_home: str, originator: Bean, now: int) -> Bean:
    """RE_HOMED_…_EVENT with the home that the instance had before."""
    return instance_event("RE_HOMED", instance, originator, now, originalHomeMetadataCollectionId=original_home)


def purged(instance: Bean, originator: Bean, now: int) -> Bean:
    """PURGED_…_EVENT that carries the instance: as a record of the server log it takes the copy away."""
    return instance_event("PURGED", instance, originator, now)


def purged_by_id(
    guid: str, instance_type: Mapping[str, Any], home_id: str, relationship: bool, originator: Bean, now: int
) -> Bean:
    """PURGED_…_EVENT by ids only: receivers obey when the originator is the home of what they hold."""
    section = {
        "eventType": f"PURGED_{'RELATIONSHIP' if relationship else 'ENTITY'}_EVENT",
        "typeDefGUID": instance_type.get("typeDefGUID"),
        "typeDefName": instance_type.get("typeDefName"),
        "instanceGUID": guid,
        "homeMetadataCollectionId": home_id,
    }
    return envelope(section, originator, now)


def statement(kind: str, proxy: Bean, classification: Bean, original: Bean | None, originator: Bean, now: int) -> Bean:
    """A classification event in its proxy form. `kind`: CLASSIFIED, RECLASSIFIED (with the `original`) or DECLASSIFIED
    (of `classification`)."""
    if kind == "DECLASSIFIED":
        return instance_event(kind, proxy, originator, now, originalClassification=classification)
    return instance_event(kind, proxy, originator, now, originalClassification=original, classification=classification)


def batch(entities: Sequence[Bean], relationships: Sequence[Bean], originator: Bean, now: int) -> Bean:
    """BATCH_INSTANCES_EVENT: an InstanceGraph; receivers save what is not homed with them."""
    graph: Bean = {"class": "InstanceGraph", "headerVersion": 1}
    if entities:
        graph["entities"] = list(entities)
    if relationships:
        graph["relationships"] = list(relationships)
    return envelope({"eventType": "BATCH_INSTANCES_EVENT", "instanceBatch": graph}, originator, now)


def conflict(
    code: str, target: Mapping[str, Any], other: Mapping[str, Any], message: str, originator: Bean, now: int
) -> Bean:
    """INSTANCE_ERROR_EVENT. `code`: CONFLICTING_INSTANCES or CONFLICTING_TYPE; `target` is the instance (header) that
    was refused and should give way, `other` the one that it collides with."""
    event = envelope({"eventType": "INSTANCE_ERROR_EVENT", "instanceGUID": target["guid"]}, originator, now)
    section = {
        "errorCode": code,
        "errorMessage": message,
        "targetMetadataCollectionId": target.get("metadataCollectionId"),
        "targetTypeDefSummary": _summary(target),
        "targetInstanceGUID": target["guid"],
        "otherMetadataCollectionId": other.get("metadataCollectionId"),
        "otherTypeDefSummary": _summary(other),
        "otherInstanceGUID": other["guid"],
    }
    event["errorSection"] = {name: value for name, value in section.items() if value is not None}
    return event


def _summary(instance: Mapping[str, Any]) -> Bean | None:
    kind: Mapping[str, Any] = instance.get("type") or {}
    if not kind:
        return None
    summary = {
        "headerVersion": 1,
        "guid": kind.get("typeDefGUID"),
        "name": kind.get("typeDefName"),
        "version": kind.get("typeDefVersion"),
        "category": kind.get("typeDefCategory"),
    }
    return {name: value for name, value in summary.items() if value is not None}

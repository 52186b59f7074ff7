"""The TypeDef events that this server writes, and what they are about (OMRS events § 4)."""

from typing import Any

from omrs_schemas.codec.egeria_json import PROTOCOL

Bean = dict[str, Any]

ATTRIBUTE_CLASSES = frozenset({"PrimitiveDef", "CollectionDef", "EnumDef"})
_SUMMARY = ("headerVersion", "guid", "name", "status", "version", "versionName", "category")


def is_attribute(typedef: Bean) -> bool:
    return typedef.get("class") in ATTRIBUTE_CLASSES


def envelope(kind: str, originator: Bean, now: int, **section: Bean | str) -> Bean:
    """A TypeDef event of `kind`; `section` are the other fields of its section."""
    return {
        "class": "OMRSEventV1",
        "protocolVersionId": PROTOCOL,
        "timestamp": now,
        "originator": originator,
        "eventCategory": "TYPEDEF",
        "typeDefEventSection": {"typeDefEventType": kind, **section},
    }


def type_event(typedef: Bean, originator: Bean, now: int) -> Bean:
    """NEW_TYPEDEF_EVENT or NEW_ATTRIBUTE_TYPEDEF_EVENT with the whole definition."""
    if is_attribute(typedef):
        return envelope("NEW_ATTRIBUTE_TYPEDEF_EVENT", originator, now, attributeTypeDef=typedef)
    return envelope("NEW_TYPEDEF_EVENT", originator, now, typeDef=typedef)


def patch_event(patch: Bean, originator: Bean, now: int) -> Bean:
    """UPDATED_TYPEDEF_EVENT: it carries the patch only."""
    return envelope("UPDATED_TYPEDEF_EVENT", originator, now, typeDefPatch=patch)


def deleted_event(typedef: Bean, originator: Bean, now: int) -> Bean:
    """DELETED_TYPEDEF_EVENT or DELETED_ATTRIBUTE_TYPEDEF_EVENT."""
    kind = "DELETED_ATTRIBUTE_TYPEDEF_EVENT" if is_attribute(typedef) else "DELETED_TYPEDEF_EVENT"
    return envelope(kind, originator, now, typeDefGUID=typedef["guid"], typeDefName=typedef["name"])


def reidentified_event(before: Bean, after: Bean, originator: Bean, now: int) -> Bean:
    """RE_IDENTIFIED_TYPEDEF_EVENT with the original's summary, or …ATTRIBUTE… with the original itself."""
    if is_attribute(after):
        kind = "RE_IDENTIFIED_ATTRIBUTE_TYPEDEF_EVENT"
        return envelope(kind, originator, now, originalAttributeTypeDef=before, attributeTypeDef=after)
    kind = "RE_IDENTIFIED_TYPEDEF_EVENT"
    return envelope(kind, originator, now, originalTypeDefSummary=summary(before), typeDef=after)


def error_event(code: str, message: str, target: str, originator: Bean, now: int, **section: Bean | str) -> Bean:
    """TYPEDEF_ERROR_EVENT to the metadata collection `target`; `section` are further fields of the error section."""
    error = {"errorCode": code, "errorMessage": message, "targetMetadataCollectionId": target, **section}
    return {**envelope("TYPEDEF_ERROR_EVENT", originator, now), "errorSection": error}


def summary(typedef: Bean) -> Bean:
    """TypeDefSummary of a TypeDef."""
    return {field: typedef[field] for field in _SUMMARY if field in typedef}


def definition(event: Bean) -> Bean | None:
    """The type that a NEW_… event defines, or what a RE_IDENTIFIED_… event has made of one."""
    section = event.get("typeDefEventSection") or {}
    found: Bean | None = section.get("typeDef") or section.get("attributeTypeDef")
    return found


def subject(event: Bean) -> tuple[str | None, str | None]:
    """Guid and name of the type that an event is about, as it was before the event."""
    section = event.get("typeDefEventSection") or {}
    bean = section.get("originalTypeDefSummary") or section.get("originalAttributeTypeDef") or definition(event)
    if bean is not None:
        return bean.get("guid"), bean.get("name")
    patch = section.get("typeDefPatch")
    if patch is not None:
        return patch.get("typeDefGUID"), patch.get("typeDefName")
    return section.get("typeDefGUID"), section.get("typeDefName")

"""The rows that read and change entities (OMRS queries § 6)."""

from typing import Any
from uuid import uuid4

from rest_row import ANY_TEXT, Call, Never, Nothing, Refused, Row, call, entity_unknown, homeless, invalid, unreadable
from rest_world import ELSEWHERE, FUTURE, NOWHERE, World, guid_of, properties, summary, typed

from omrs_schemas.codes import Code

PROXY_ONLY = Code.ENTITY_PROXY_ONLY, "EntityProxyOnlyException"


def _new(**more: Any) -> dict[str, Any]:
    """An EntityCreateRequest."""
    body = {
        "class": "EntityCreateRequest",
        "entityTypeGUID": guid_of("GlossaryTerm"),
        "initialProperties": properties(qualifiedName=f"row-{uuid4().hex}"),
        "initialStatus": "ACTIVE",
    }
    return {**body, **more}


def _changed(**values: str) -> dict[str, Any]:
    """An InstancePropertiesRequest."""
    return {"class": "InstancePropertiesRequest", "instanceProperties": properties(**values)}


EXTERNAL = {"metadataCollectionId": "external-1", "metadataCollectionName": "an external source"}
_TYPE_UNKNOWN = Refused(Code.TYPEDEF_ID_NOT_KNOWN, "TypeErrorException", lambda w: call(_new(entityTypeGUID=NOWHERE)))
_CLASSIFICATION = "Confidentiality"
_UNKNOWN_CLASSIFICATION = Code.UNKNOWN_CLASSIFICATION, "ClassificationErrorException"


def _proxied(w: World, **more: Any) -> dict[str, Any]:
    """A request about a proxy of an entity that is here."""
    return {"entityProxy": w.proxy_of(w.entity()), **more}


_PROXY_TELLS = Never("the proxy says that there is such an entity")


def _re_homed(w: World) -> Call:
    copy = w.copy()
    query = {"newHomeMetadataCollectionId": w.collection_id, "newHomeMetadataCollectionName": "here"}
    return Call({"entityGUID": copy["guid"], "homeMetadataCollectionId": ELSEWHERE}, query, typed("GlossaryTerm"))


def _re_homed_unknown(w: World) -> Call:
    query = {"newHomeMetadataCollectionId": w.collection_id}
    return Call({"entityGUID": NOWHERE, "homeMetadataCollectionId": ELSEWHERE}, query, typed("GlossaryTerm"))


def _re_homed_away(w: World) -> Call:
    query = {"newHomeMetadataCollectionId": "another"}
    return Call({"entityGUID": w.copy()["guid"], "homeMetadataCollectionId": ELSEWHERE}, query, typed("GlossaryTerm"))


def _to(type_name: str, from_type: str = "GlossaryTerm") -> dict[str, Any]:
    return {"class": "TypeDefChangeRequest", "currentTypeDef": summary(from_type), "newTypeDef": summary(type_name)}


READS = [
    Row("isEntityKnown", lambda w: call(guid=w.entity()), Nothing(lambda w: call(guid=NOWHERE)), ANY_TEXT),
    Row("getEntitySummary", lambda w: call(guid=w.proxy()), entity_unknown(lambda w: call(guid=NOWHERE)), ANY_TEXT),
    Row(
        "getEntityDetail",
        lambda w: call(guid=w.entity()),
        entity_unknown(lambda w: call(guid=NOWHERE)),
        Refused(*PROXY_ONLY, lambda w: call(guid=w.proxy())),
    ),
    Row(
        "getEntityAsOf",
        lambda w: Call({"guid": w.entity()}, {}, {"asOfTime": w.moment()}),
        entity_unknown(lambda w: call({"asOfTime": 1}, guid=w.entity())),
        invalid(Code.REPOSITORY_NOT_CRYSTAL_BALL, lambda w: call({"asOfTime": FUTURE}, guid=w.entity())),
    ),
    Row(
        "getEntityHistory",
        lambda w: call({}, guid=w.changed()),
        entity_unknown(lambda w: call({"toTime": 1}, guid=w.entity())),
        invalid(Code.INVALID_TIME_RANGE, lambda w: call({"fromTime": 2, "toTime": 1}, guid=w.entity())),
        scope="L",
    ),
    Row(
        "getHomeClassifications",
        lambda w: call(entityGUID=w.confidential()),
        entity_unknown(lambda w: call(entityGUID=NOWHERE)),
        ANY_TEXT,
        scope="L",
    ),
    Row(
        "getHomeClassificationsAsOf",
        lambda w: call({"asOfTime": None}, entityGUID=w.confidential()),
        entity_unknown(lambda w: call({"asOfTime": 1}, entityGUID=w.confidential())),
        invalid(Code.REPOSITORY_NOT_CRYSTAL_BALL, lambda w: call({"asOfTime": FUTURE}, entityGUID=NOWHERE)),
        scope="L",
    ),
]

WRITES = [
    Row("addEntity", lambda w: call(_new()), _TYPE_UNKNOWN, unreadable(lambda w: call(_new(initialStatus="HAPPY")))),
    Row(
        "addExternalEntity",
        lambda w: call(_new(**EXTERNAL)),
        Refused(
            Code.TYPEDEF_ID_NOT_KNOWN,
            "TypeErrorException",
            lambda w: call(_new(entityTypeGUID=NOWHERE, **EXTERNAL)),
        ),
        invalid(Code.NO_GUID, lambda w: call(_new())),
    ),
    Row(
        "updateEntityStatus",
        lambda w: call("ACTIVE", entityGUID=w.entity()),
        entity_unknown(lambda w: call("ACTIVE", entityGUID=NOWHERE)),
        Refused(
            Code.BAD_DELETE_INSTANCE_STATUS,
            "StatusNotSupportedException",
            lambda w: call("DELETED", entityGUID=w.entity()),
        ),
    ),
    Row(
        "updateEntityProperties",
        lambda w: call(_changed(qualifiedName="changed"), entityGUID=w.entity()),
        entity_unknown(lambda w: call(_changed(), entityGUID=NOWHERE)),
        Refused(
            Code.BAD_PROPERTY_FOR_TYPE,
            "PropertyErrorException",
            lambda w: call(_changed(colour="red"), entityGUID=w.entity()),
        ),
    ),
    Row(
        "undoEntityUpdate",
        lambda w: call(entityGUID=w.changed()),
        entity_unknown(lambda w: call(entityGUID=NOWHERE)),
        invalid(Code.ENTITY_CAN_NOT_BE_UPDATED, lambda w: call(entityGUID=w.copy()["guid"])),
        federated={"bad input": homeless(lambda w: call(entityGUID=w.copy()["guid"]))},
    ),
    Row(
        "deleteEntity",
        lambda w: call(typed("GlossaryTerm"), obsoleteEntityGUID=w.entity()),
        entity_unknown(lambda w: call(typed("GlossaryTerm"), obsoleteEntityGUID=NOWHERE)),
        Refused(
            Code.BAD_TYPEDEF_IDS_FOR_DELETE,
            "TypeErrorException",
            lambda w: call({**typed("GlossaryTerm"), "typeDefName": NOWHERE}, obsoleteEntityGUID=w.entity()),
        ),
    ),
    Row(
        "purgeEntity",
        lambda w: call(typed("GlossaryTerm"), deletedEntityGUID=w.deleted()),
        entity_unknown(lambda w: call(typed("GlossaryTerm"), deletedEntityGUID=NOWHERE)),
        Refused(
            Code.INSTANCE_NOT_DELETED,
            "EntityNotDeletedException",
            lambda w: call(typed("GlossaryTerm"), deletedEntityGUID=w.entity()),
        ),
    ),
    Row(
        "restoreEntity",
        lambda w: call(deletedEntityGUID=w.deleted()),
        entity_unknown(lambda w: call(deletedEntityGUID=NOWHERE)),
        Refused(Code.INSTANCE_NOT_DELETED, "EntityNotDeletedException", lambda w: call(deletedEntityGUID=w.entity())),
    ),
    Row(
        "reIdentifyEntity",
        lambda w: Call({"entityGUID": w.entity()}, {"newEntityGUID": str(uuid4())}, typed("GlossaryTerm")),
        entity_unknown(lambda w: Call({"entityGUID": NOWHERE}, {"newEntityGUID": str(uuid4())}, typed("GlossaryTerm"))),
        invalid(Code.NO_GUID, lambda w: call(typed("GlossaryTerm"), entityGUID=w.entity())),
        scope="L",
    ),
    Row(
        "reTypeEntity",
        lambda w: call(_to("Referenceable"), entityGUID=w.entity()),
        entity_unknown(lambda w: call(_to("Referenceable"), entityGUID=NOWHERE)),
        Refused(
            Code.BAD_TYPEDEF_ID_FOR_INSTANCE,
            "TypeErrorException",
            lambda w: call(_to("Referenceable", "Glossary"), entityGUID=w.entity()),
        ),
        scope="L",
    ),
    Row(
        "reHomeEntity",
        _re_homed,
        entity_unknown(_re_homed_unknown),
        invalid(Code.NOT_FOR_LOCAL_COLLECTION, _re_homed_away),
        scope="L",
    ),
]

CLASSIFIES = [
    Row(
        "classifyEntity",
        lambda w: call({}, entityGUID=w.entity(), classificationName=_CLASSIFICATION),
        entity_unknown(lambda w: call({}, entityGUID=NOWHERE, classificationName=_CLASSIFICATION)),
        Refused(*_UNKNOWN_CLASSIFICATION, lambda w: call({}, entityGUID=w.entity(), classificationName=NOWHERE)),
    ),
    Row(
        "classifyEntityDetailed",
        lambda w: call(
            {"classificationOrigin": "ASSIGNED", **EXTERNAL}, entityGUID=w.entity(), classificationName=_CLASSIFICATION
        ),
        entity_unknown(lambda w: call({}, entityGUID=NOWHERE, classificationName=_CLASSIFICATION)),
        unreadable(
            lambda w: call({"classificationOrigin": "FOUND"}, entityGUID=w.entity(), classificationName=_CLASSIFICATION)
        ),
    ),
    Row(
        "declassifyEntity",
        lambda w: call(entityGUID=w.confidential(), classificationName=_CLASSIFICATION),
        entity_unknown(lambda w: call(entityGUID=NOWHERE, classificationName=_CLASSIFICATION)),
        Refused(
            Code.ENTITY_NOT_CLASSIFIED,
            "ClassificationErrorException",
            lambda w: call(entityGUID=w.entity(), classificationName=_CLASSIFICATION),
        ),
    ),
    Row(
        "updateEntityClassification",
        lambda w: call(_changed(notes="n"), entityGUID=w.confidential(), classificationName=_CLASSIFICATION),
        entity_unknown(lambda w: call(_changed(notes="n"), entityGUID=NOWHERE, classificationName=_CLASSIFICATION)),
        Refused(
            Code.BAD_PROPERTY_FOR_TYPE,
            "PropertyErrorException",
            lambda w: call(_changed(colour="red"), entityGUID=w.confidential(), classificationName=_CLASSIFICATION),
        ),
    ),
    Row(
        "classifyEntityProxy",
        lambda w: call(_proxied(w), classificationName=_CLASSIFICATION),
        Refused(*_UNKNOWN_CLASSIFICATION, lambda w: call(_proxied(w), classificationName=NOWHERE)),
        invalid(Code.NULL_ENTITY_PROXY, lambda w: call({}, classificationName=_CLASSIFICATION)),
    ),
    Row(
        "classifyEntityProxyDetailed",
        lambda w: call(_proxied(w, **EXTERNAL), classificationName=_CLASSIFICATION),
        Refused(*_UNKNOWN_CLASSIFICATION, lambda w: call(_proxied(w), classificationName=NOWHERE)),
        invalid(Code.NULL_ENTITY_PROXY, lambda w: call({}, classificationName=_CLASSIFICATION)),
    ),
    Row(
        "declassifyEntityProxy",
        lambda w: call(w.proxy_of(w.confidential()), classificationName=_CLASSIFICATION),
        _PROXY_TELLS,
        Refused(
            Code.ENTITY_NOT_CLASSIFIED,
            "ClassificationErrorException",
            lambda w: call(w.proxy_of(w.entity()), classificationName=_CLASSIFICATION),
        ),
    ),
    Row(
        "updateEntityProxyClassification",
        lambda w: call(
            {"entityProxy": w.proxy_of(w.confidential()), "instanceProperties": properties(notes="n")},
            classificationName=_CLASSIFICATION,
        ),
        _PROXY_TELLS,
        Refused(
            Code.ENTITY_NOT_CLASSIFIED,
            "ClassificationErrorException",
            lambda w: call(_proxied(w), classificationName=_CLASSIFICATION),
        ),
    ),
]

ROWS = [*READS, *WRITES, *CLASSIFIES]

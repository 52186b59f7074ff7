"""The rows that read and change relationships (OMRS queries § 6)."""

from typing import Any
from uuid import uuid4

from rest_row import (
    ANY_TEXT,
    Call,
    Nothing,
    Refused,
    Row,
    call,
    entity_unknown,
    homeless,
    invalid,
    relationship_unknown,
)
from rest_world import ELSEWHERE, FUTURE, NOWHERE, World, guid_of, properties, summary, typed

from omrs_schemas.codes import Code

EXTERNAL = {"metadataCollectionId": "external-1", "metadataCollectionName": "an external source"}


def _new(w: World, **more: Any) -> dict[str, Any]:
    """A RelationshipCreateRequest."""
    body = {
        "class": "RelationshipCreateRequest",
        "relationshipTypeGUID": guid_of("Synonym"),
        "entityOneGUID": w.entity(),
        "entityTwoGUID": w.entity(),
    }
    return {**body, **more}


def _changed(**values: str) -> dict[str, Any]:
    return {"class": "InstancePropertiesRequest", "instanceProperties": properties(**values)}


def _to(type_name: str, from_type: str = "Synonym") -> dict[str, Any]:
    return {"class": "TypeDefChangeRequest", "currentTypeDef": summary(from_type), "newTypeDef": summary(type_name)}


def _re_homed(w: World) -> Call:
    query = {"newHomeMetadataCollectionId": w.collection_id, "newHomeMetadataCollectionName": "here"}
    path = {"relationshipGUID": w.link_copy()["guid"], "homeMetadataCollectionId": ELSEWHERE}
    return Call(path, query, typed("Synonym"))


def _re_homed_unknown(w: World) -> Call:
    query = {"newHomeMetadataCollectionId": w.collection_id}
    return Call({"relationshipGUID": NOWHERE, "homeMetadataCollectionId": ELSEWHERE}, query, typed("Synonym"))


def _re_homed_at_home(w: World) -> Call:
    query = {"newHomeMetadataCollectionId": w.collection_id}
    path = {"relationshipGUID": w.link(), "homeMetadataCollectionId": w.collection_id}
    return Call(path, query, typed("Synonym"))


ROWS = [
    Row("isRelationshipKnown", lambda w: call(guid=w.link()), Nothing(lambda w: call(guid=NOWHERE)), ANY_TEXT),
    Row("getRelationship", lambda w: call(guid=w.link()), relationship_unknown(lambda w: call(guid=NOWHERE)), ANY_TEXT),
    Row(
        "getRelationshipAsOf",
        lambda w: Call({"guid": w.link()}, {}, {"asOfTime": w.moment()}),
        relationship_unknown(lambda w: call({"asOfTime": 1}, guid=w.link())),
        invalid(Code.REPOSITORY_NOT_CRYSTAL_BALL, lambda w: call({"asOfTime": FUTURE}, guid=NOWHERE)),
    ),
    Row(
        "getRelationshipHistory",
        lambda w: call({}, guid=w.link()),
        relationship_unknown(lambda w: call({}, guid=NOWHERE)),
        Refused(Code.NEGATIVE_PAGE_SIZE, "PagingErrorException", lambda w: call({"pageSize": -1}, guid=w.link())),
        scope="L",
    ),
    Row(
        "addRelationship",
        lambda w: call(_new(w)),
        entity_unknown(lambda w: call(_new(w, entityTwoGUID=NOWHERE))),
        invalid(Code.NO_GUID, lambda w: call(_new(w, entityOneGUID=None))),
    ),
    Row(
        "addExternalRelationship",
        lambda w: call(_new(w, **EXTERNAL)),
        Refused(
            Code.TYPEDEF_ID_NOT_KNOWN,
            "TypeErrorException",
            lambda w: call(_new(w, relationshipTypeGUID=NOWHERE, **EXTERNAL)),
        ),
        invalid(Code.NO_GUID, lambda w: call(_new(w))),
    ),
    Row(
        "updateRelationshipStatus",
        lambda w: call("ACTIVE", relationshipGUID=w.link()),
        relationship_unknown(lambda w: call("ACTIVE", relationshipGUID=NOWHERE)),
        Refused(
            Code.BAD_INSTANCE_STATUS,
            "StatusNotSupportedException",
            lambda w: call("DRAFT", relationshipGUID=w.link()),
        ),
    ),
    Row(
        "updateRelationshipProperties",
        lambda w: call(_changed(description="changed"), relationshipGUID=w.link()),
        relationship_unknown(lambda w: call(_changed(), relationshipGUID=NOWHERE)),
        Refused(Code.NO_NEW_PROPERTIES, "PropertyErrorException", lambda w: call({}, relationshipGUID=w.link())),
    ),
    Row(
        "undoRelationshipUpdate",
        lambda w: call(relationshipGUID=w.changed_link()),
        relationship_unknown(lambda w: call(relationshipGUID=NOWHERE)),
        invalid(Code.RELATIONSHIP_CAN_NOT_BE_UPDATED, lambda w: call(relationshipGUID=w.link_copy()["guid"])),
        federated={"bad input": homeless(lambda w: call(relationshipGUID=w.link_copy()["guid"]))},
    ),
    Row(
        "deleteRelationship",
        lambda w: call(typed("Synonym"), obsoleteRelationshipGUID=w.link()),
        relationship_unknown(lambda w: call(typed("Synonym"), obsoleteRelationshipGUID=NOWHERE)),
        invalid(
            Code.INSTANCE_ALREADY_DELETED, lambda w: call(typed("Synonym"), obsoleteRelationshipGUID=w.deleted_link())
        ),
        # what is deleted is not seen by the look for its home
        federated={
            "bad input": Refused(
                Code.RELATIONSHIP_SOFT_DELETED,
                "RelationshipNotKnownException",
                lambda w: call(typed("Synonym"), obsoleteRelationshipGUID=w.deleted_link()),
            )
        },
    ),
    Row(
        "purgeRelationship",
        lambda w: call(typed("Synonym"), deletedRelationshipGUID=w.deleted_link()),
        relationship_unknown(lambda w: call(typed("Synonym"), deletedRelationshipGUID=NOWHERE)),
        Refused(
            Code.INSTANCE_NOT_DELETED,
            "RelationshipNotDeletedException",
            lambda w: call(typed("Synonym"), deletedRelationshipGUID=w.link()),
        ),
    ),
    Row(
        "restoreRelationship",
        lambda w: call(deletedRelationshipGUID=w.deleted_link()),
        relationship_unknown(lambda w: call(deletedRelationshipGUID=NOWHERE)),
        Refused(
            Code.INSTANCE_NOT_DELETED,
            "RelationshipNotDeletedException",
            lambda w: call(deletedRelationshipGUID=w.link()),
        ),
    ),
    Row(
        "reIdentifyRelationship",
        lambda w: Call({"relationshipGUID": w.link()}, {"newRelationshipGUID": str(uuid4())}, typed("Synonym")),
        relationship_unknown(
            lambda w: Call({"relationshipGUID": NOWHERE}, {"newRelationshipGUID": str(uuid4())}, typed("Synonym"))
        ),
        invalid(
            Code.MULTIPLE_RELATIONSHIPS_SAME_GUID,
            lambda w: Call({"relationshipGUID": w.link()}, {"newRelationshipGUID": w.link()}, typed("Synonym")),
        ),
        scope="L",
    ),
    Row(
        "reTypeRelationship",
        lambda w: call(_to("RelatedTerm"), relationshipGUID=w.link()),
        relationship_unknown(lambda w: call(_to("RelatedTerm"), relationshipGUID=NOWHERE)),
        Refused(
            Code.BAD_TYPEDEF_ID_FOR_INSTANCE,
            "TypeErrorException",
            lambda w: call(_to("GlossaryTerm"), relationshipGUID=w.link()),
        ),
        scope="L",
    ),
    Row(
        "reHomeRelationship",
        _re_homed,
        relationship_unknown(_re_homed_unknown),
        invalid(Code.INSTANCE_HOME_IS_LOCAL, _re_homed_at_home),
        scope="L",
    ),
]

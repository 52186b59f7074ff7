"""The rows about reference copies (OMRS queries § 6); none of them is offered through `/enterprise` but the proxy."""

from typing import Any

from e2e_samples import Bean
from rest_row import Call, Make, Never, Refused, Row, call, entity_unknown, invalid, relationship_unknown, unreadable
from rest_world import ELSEWHERE, NOWHERE, World, foreign, properties, typed

from omrs_schemas.codes import Code

TOLD = Never("it is told as by an event: of what is not here there is nothing to change")
NEW = Never("what is told is taken in, whether it is known or not")
_UNKNOWN_TYPE = {
    "class": "InstanceType",
    "typeDefCategory": "ENTITY_DEF",
    "typeDefGUID": NOWHERE,
    "typeDefName": NOWHERE,
}


def _entity(**more: Any) -> Bean:
    return foreign("EntityDetail", "GlossaryTerm", properties=properties(qualifiedName="there"), **more)


def _classification(**more: Any) -> Bean:
    bean = {**foreign("Classification", "Confidentiality"), "name": "Confidentiality", **more}
    return {name: value for name, value in bean.items() if name != "guid"}


def _classified(w: World, **more: Any) -> Call:
    """A classification that a member without home here tells about, and its entity."""
    return call({"classification": _classification(**more), "entity": w.copy()})


def _at(guid: str, noun: str, home: str = ELSEWHERE) -> Call:
    type_name = "GlossaryTerm" if noun == "entity" else "Synonym"
    return Call({f"{noun}GUID": guid}, {"homeMetadataCollectionId": home} if home else {}, typed(type_name))


def _without(name: str, bean: Bean) -> Bean:
    return {key: value for key, value in bean.items() if key != name}


def _row(operation: str, success: Make, missing: Any, bad: Any) -> Row:
    return Row(operation, success, missing, bad, scope="L")


ROWS = [
    Row(
        "addEntityProxy",
        lambda w: call(foreign("EntityProxy", "GlossaryTerm")),
        NEW,
        invalid(
            Code.LOCAL_ENTITY_PROXY,
            lambda w: call({**foreign("EntityProxy", "GlossaryTerm"), "metadataCollectionId": w.collection_id}),
        ),
    ),
    _row(
        "saveEntityReferenceCopy",
        lambda w: call(_entity()),
        NEW,
        Refused(
            Code.NULL_INSTANCE_METADATA_COLLECTION_ID,
            "InvalidEntityException",
            lambda w: call(_without("metadataCollectionId", _entity())),
        ),
    ),
    _row(
        "deleteEntityReferenceCopy",
        lambda w: call({**w.copy(), "version": 2}),
        TOLD,
        unreadable(lambda w: call([])),
    ),
    _row(
        "purgeEntityReferenceCopy",
        lambda w: call(w.copy()),
        TOLD,
        Refused(Code.NO_GUID, "InvalidEntityException", lambda w: call({"class": "EntityDetail"})),
    ),
    _row(
        "purgeEntityReferenceCopyByGUID",
        lambda w: _at(w.copy()["guid"], "entity"),
        entity_unknown(lambda w: _at(NOWHERE, "entity")),
        Refused(Code.HOME_REFRESH, "HomeEntityException", lambda w: _at(w.entity(), "entity")),
    ),
    _row(
        "refreshEntityReferenceCopy",
        lambda w: _at(w.copy()["guid"], "entity"),
        Never("what is not here is what is asked for"),
        invalid(Code.NULL_INSTANCE_METADATA_COLLECTION_ID, lambda w: _at(w.copy()["guid"], "entity", "")),
    ),
    _row(
        "saveClassificationReferenceCopy",
        _classified,
        NEW,
        invalid(Code.NULL_REFERENCE_INSTANCE, lambda w: call({"entity": w.copy()})),
    ),
    _row(
        "purgeClassificationReferenceCopy",
        _classified,
        TOLD,
        invalid(Code.NULL_REFERENCE_INSTANCE, lambda w: call({"classification": _classification()})),
    ),
    _row(
        "saveRelationshipReferenceCopy",
        lambda w: call(w.foreign_link()),
        NEW,
        Refused(
            Code.INVALID_INSTANCE,
            "InvalidRelationshipException",
            lambda w: call(_without("entityOneProxy", w.foreign_link())),
        ),
    ),
    _row(
        "deleteRelationshipReferenceCopy",
        lambda w: call({**w.link_copy(), "version": 2}),
        TOLD,
        unreadable(lambda w: call("Synonym")),
    ),
    _row(
        "purgeRelationshipReferenceCopy",
        lambda w: call(w.link_copy()),
        TOLD,
        Refused(Code.NO_GUID, "InvalidRelationshipException", lambda w: call({"class": "Relationship"})),
    ),
    _row(
        "purgeRelationshipReferenceCopyByGUID",
        lambda w: _at(w.link_copy()["guid"], "relationship"),
        relationship_unknown(lambda w: _at(NOWHERE, "relationship")),
        invalid(Code.NO_HOME_FOR_INSTANCE, lambda w: _at(w.link_copy()["guid"], "relationship", "another")),
    ),
    _row(
        "refreshRelationshipReferenceCopy",
        lambda w: _at(w.link_copy()["guid"], "relationship"),
        Never("what is not here is what is asked for"),
        Refused(
            Code.HOME_REFRESH,
            "HomeRelationshipException",
            lambda w: _at(w.link(), "relationship", w.collection_id),
        ),
    ),
    _row(
        "saveInstanceReferenceCopies",
        lambda w: call({"entityElementList": [_entity()], "relationshipElementList": [w.foreign_link()]}),
        NEW,
        Refused(
            Code.TYPEDEF_NOT_KNOWN_FOR_INSTANCE,
            "TypeDefNotKnownException",
            lambda w: call({"entityElementList": [{**_entity(), "type": _UNKNOWN_TYPE}]}),
        ),
    ),
]

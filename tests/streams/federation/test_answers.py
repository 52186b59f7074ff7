"""Answers of other members that are not what merging relies on: theirs are left out, those of the others stay."""

from typing import Any

import pytest
from memory_members import LINK, TERM, MemoryMember, Together, link, tag, term

from omrs_schemas.errors import RepositoryError
from omrs_streams.federation.answers import checked
from omrs_streams.federation.member import Asked

Bean = dict[str, Any]
GET = Asked("getEntityDetail", {"guid": "g"})
FIND = Asked("findEntities", body={})
GRAPH = Asked("getEntityNeighborhood", {"entityGUID": "g"})
RELATIONSHIPS = Asked("findRelationships", body={})


def text(value: Any) -> Bean:
    return {"instanceProperties": {"displayName": value}}


WRONG: list[Bean] = [
    {"guid": ["g"]},
    {"guid": 5},
    {"guid": ""},
    {"guid": None},
    {"class": "Relationship"},
    {"class": ["EntityDetail"]},
    {"version": "9"},
    {"version": True},
    {"version": 10**400},
    {"type": None},
    {"type": "GlossaryTerm"},
    {"type": {**TERM, "typeDefName": 5}},
    {"status": ["ACTIVE"]},
    {"metadataCollectionId": ["x"]},
    {"replicatedBy": {}},
    {"instanceProvenanceType": {"a": 1}},
    {"createTime": ["x"]},
    {"updateTime": 1.5},
    {"maintainedBy": [1]},
    {"mappingProperties": "x"},
    {"classifications": "x"},
    {"classifications": [None]},
    {"classifications": [{"version": 1}]},
    {"classifications": [{"name": "a", "version": "z"}]},
    {"classifications": [{"name": "a", "properties": [1]}]},
    {"properties": [1]},
    {"properties": {"effectiveFromTime": "x"}},
    {"properties": {"instanceProperties": [1]}},
    {"properties": text("bare")},
    {"properties": text({"primitiveDefCategory": ["x"]})},
    {"properties": text({"primitiveValue": [1]})},
    {"properties": text({"arrayValues": text({"primitiveValue": 1})})},
    {"properties": text({"mapValues": {"instanceProperties": {"a": 1}}})},
    {"uniqueProperties": "x"},
]


@pytest.mark.parametrize("fields", WRONG, ids=repr)
def test_an_entity_of_another_shape(fields: Bean) -> None:
    bean = {**term("g", "b"), **fields}
    for payload, result, asked in (
        ("entity", bean, GET),
        ("entities", [term("h", "b"), bean], FIND),
        (None, {"entityElementList": [bean]}, GRAPH),
    ):
        with pytest.raises(RepositoryError, match="no instance or type"):
            checked(payload, result, asked, "far")


LINKED = link("r", "b", "a", "g")


@pytest.mark.parametrize(
    "bean",
    [
        None,
        {"class": "Relationship", "guid": "r", "version": 1, "type": LINK},
        {**LINKED, "entityTwoProxy": {"guid": 5}},
        {**LINKED, "entityOneProxy": "a"},
        {**LINKED, "class": "EntityDetail"},
    ],
    ids=repr,
)
def test_a_relationship_of_another_shape(bean: Any) -> None:
    for payload, result, asked in (
        ("relationships", [LINKED, bean], RELATIONSHIPS),
        (None, {"relationshipElementList": [bean]}, GRAPH),
    ):
        with pytest.raises(RepositoryError):
            checked(payload, result, asked, "far")


TYPE = {"guid": "t", "name": "T"}


@pytest.mark.parametrize(
    "bean",
    [
        "T",
        {"guid": "t", "name": 5},
        {**TYPE, "superType": "S"},
        {**TYPE, "propertiesDefinition": "abc"},
        {**TYPE, "propertiesDefinition": [{"attributeName": "a", "attributeType": {"guid": []}}]},
        {**TYPE, "elementDefs": [{"ordinal": "1"}]},
        {**TYPE, "validEntityDefs": [1]},
        {**TYPE, "endDef1": {"entityType": []}},
    ],
    ids=repr,
)
def test_a_type_of_another_shape(bean: Any) -> None:
    with pytest.raises(RepositoryError):
        checked("typeDefs", [bean], Asked("searchForTypeDefs"), "far")
    with pytest.raises(RepositoryError):
        checked(None, {"typeDefs": [bean]}, Asked("getAllTypes"), "far")


def test_lists_that_are_none() -> None:
    with pytest.raises(RepositoryError):
        checked("entities", {"guid": "g"}, FIND, "far")
    with pytest.raises(RepositoryError):
        checked("flag", "yes", Asked("verifyTypeDef"), "far")
    assert checked("entities", None, FIND, "far") is None


def test_another_instance_than_was_asked_for() -> None:
    with pytest.raises(RepositoryError, match="not asked for"):
        checked("entity", term("other", "b", 99), GET, "far")


def test_a_class_that_was_left_out() -> None:
    bare = {name: value for name, value in term("g", "b", 1, tag("X", "b")).items() if name != "class"}
    assert checked("entity", dict(bare), GET, "far")["class"] == "EntityDetail"
    summary = Asked("getEntitySummary", GET.path)
    assert checked("entity", dict(bare), summary, "far")["class"] == "EntitySummary"
    ends = {"entityOneProxy": dict(bare), "entityTwoProxy": dict(bare)}
    [found] = checked("relationships", [{**bare, **ends}], RELATIONSHIPS, "far")
    assert found["class"] == "Relationship" and found["entityOneProxy"]["class"] == "EntityProxy"


def test_the_others_answer() -> None:
    odd = MemoryMember("b")
    odd.refuses["findEntities"] = RepositoryError("the answer holds something that is no instance")
    answer = Together(MemoryMember("local", term("g", "local")), odd)("findEntities", body={})
    assert len(answer.result) == 1 and answer.warnings[0].startswith("b: ")

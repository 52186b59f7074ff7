"""What is wrong first is said first: requests with many faults, mended one by one (OMRS queries § 1)."""

from typing import Any

import pytest
from e2e_samples import Bean
from rest_world import FUTURE, NOWHERE, guid_of, properties, text

from omrs_schemas.codes import Code
from omrs_streams.api.enterprise import ENTERPRISE
from workers import Pair, eventually

pytestmark = pytest.mark.kafka

TERM, SYNONYM = guid_of("GlossaryTerm"), guid_of("Synonym")
MENDED = object()
"""In place of a value: the field is left out."""

Ladder = list[tuple[str, Any, Any, str]]
"""Field, value that is wrong, value that is right, and what the wrong one is answered with."""

PAGING: Ladder = [
    ("pageSize", -1, 1, Code.NEGATIVE_PAGE_SIZE),
    ("offset", -1, 0, Code.NEGATIVE_PAGE_SIZE),
]
PAST: Ladder = [("asOfTime", FUTURE, MENDED, Code.REPOSITORY_NOT_CRYSTAL_BALL)]
TYPE: Ladder = [
    ("typeGUID", NOWHERE, SYNONYM, Code.TYPEDEF_ID_NOT_KNOWN),
    ("typeGUID", SYNONYM, TERM, Code.BAD_TYPEDEF_ID_FOR_INSTANCE),
]
LINK_TYPE: Ladder = [
    ("typeGUID", NOWHERE, TERM, Code.TYPEDEF_ID_NOT_KNOWN),
    ("typeGUID", TERM, SYNONYM, Code.BAD_TYPEDEF_ID_FOR_INSTANCE),
]
SUBTYPES: Ladder = [("subtypeGUIDs", [guid_of("Glossary")], [TERM], Code.TYPEDEF_NOT_SUBTYPE)]
MATCH: Ladder = [
    ("matchProperties", properties(colour="red"), properties(qualifiedName="x"), Code.BAD_PROPERTY_FOR_TYPE),
    ("matchCriteria", MENDED, "ALL", Code.NO_MATCH_CRITERIA),
]
ENTITY_TYPES: Ladder = [
    ("entityTypeGUIDs", [NOWHERE], [SYNONYM], Code.TYPEDEF_ID_NOT_KNOWN),
    ("entityTypeGUIDs", [SYNONYM], [TERM], Code.BAD_TYPEDEF_ID_FOR_INSTANCE),
]
LINK_TYPES: Ladder = [("relationshipTypeGUIDs", [TERM], [SYNONYM], Code.BAD_TYPEDEF_ID_FOR_INSTANCE)]


def conditions(operator: str) -> Bean:
    condition = {"property": "qualifiedName", "operator": operator, "value": text("x")}
    return {"conditions": [condition], "matchCriteria": "ALL"}


SEARCH: Ladder = [
    ("matchProperties", conditions("GTE"), conditions("IN"), Code.INVALID_NUMERIC_CONDITION),
    ("matchProperties", conditions("IN"), conditions("EQ"), Code.INVALID_LIST_CONDITION),
]
CLASSIFIED: Ladder = [
    ("matchClassifications", {"conditions": [{}], "matchCriteria": "ALL"}, MENDED, Code.INVALID_CLASSIFICATION_SEARCH)
]
UNKNOWN = Code.ENTITY_NOT_KNOWN
FOUND = ""
AT, FROM, MANY = "/instances/entity", "/instances/entities/from-entity", "/instances/entities"

LADDERS: list[tuple[str, Ladder, str]] = [
    # path, the faults in the order in which they are told, and what the request without fault is answered with
    (f"{MANY}/history", [*PAGING, *PAST, *TYPE, *SUBTYPES, *SEARCH, *CLASSIFIED], FOUND),
    (f"{MANY}/by-property/history", [*PAGING, *PAST, *TYPE, *MATCH], FOUND),
    (f"{MANY}/by-classification/{NOWHERE}/history", [*PAGING, *PAST, *TYPE], Code.UNKNOWN_CLASSIFICATION),
    (f"{MANY}/by-property-value/history", [*PAGING, *PAST, *TYPE], Code.NO_SEARCH_CRITERIA),
    ("/instances/relationships/history", [*PAGING, *PAST, *LINK_TYPE], FOUND),
    (f"{AT}/{NOWHERE}/relationships/history", [*PAGING, *PAST, *LINK_TYPE], UNKNOWN),
    (f"{FROM}/{NOWHERE}/by-relationship/history", [*PAGING, *PAST, *ENTITY_TYPES], UNKNOWN),
    (f"{FROM}/{NOWHERE}/by-neighborhood/history?level=1", [*PAST, *ENTITY_TYPES, *LINK_TYPES], UNKNOWN),
    (f"{FROM}/{NOWHERE}/by-linkage/history?endEntityGUID={NOWHERE}", PAST, UNKNOWN),
    (f"{AT}/{NOWHERE}/history", PAST, UNKNOWN),
    (f"{AT}/{NOWHERE}/home-classifications/history", PAST, UNKNOWN),
    (
        f"{AT}/{NOWHERE}/history/all",
        [
            *PAGING,
            ("toTime", 1, FUTURE + 1, Code.INVALID_TIME_RANGE),
            ("fromTime", FUTURE, 2, Code.REPOSITORY_NOT_CRYSTAL_BALL),
            ("toTime", FUTURE + 1, 3, Code.REPOSITORY_NOT_CRYSTAL_BALL),
        ],
        UNKNOWN,
    ),
]
ONLY_LOCAL = ("/home-classifications/history", "/history/all")


def body(ladder: Ladder, mended: int) -> Bean:
    """A request in which the first `mended` faults are mended; of several faults of one field the first counts."""
    right = {field: value for field, _, value, _ in ladder[:mended]}
    wrong = {field: value for field, value, _, _ in reversed(ladder[mended:])}
    return {field: value for field, value in (right | wrong).items() if value is not MENDED}


@pytest.mark.parametrize("base", ["", ENTERPRISE], ids=["local", "enterprise"])
@pytest.mark.parametrize(("path", "ladder", "last"), LADDERS, ids=[path for path, _, _ in LADDERS])
def test_faults_are_told_in_order(pair: Pair, base: str, path: str, ladder: Ladder, last: str) -> None:
    if base and path.endswith(ONLY_LOCAL):
        return  # not offered there
    told = []
    for mended in range(len(ladder) + 1):
        answer = pair.a.rest().post(base + path, json=body(ladder, mended)).json()
        told.append(answer.get("exceptionErrorMessageId", FOUND))
    assert told == [*(code for _, _, _, code in ladder), last]


@pytest.mark.parametrize("base", ["", ENTERPRISE], ids=["local", "enterprise"])
def test_nulls_and_empty_lists_limit_nothing(pair: Pair, base: str) -> None:
    rest = pair.a.rest()
    made = {"entityTypeGUID": TERM, "initialProperties": properties(qualifiedName="nulls")}
    guid = rest.post("/instances/entity", json=made).json()["entity"]["guid"]
    lists = ("limitResultsByStatus", "subtypeGUIDs", "limitResultsByClassification")
    nulls = ("typeGUID", "matchCriteria", "matchProperties", "matchClassifications", "sequencingOrder", "asOfTime")
    asked: Bean = {**{name: [] for name in lists}, **dict.fromkeys(nulls), "offset": 0, "pageSize": 0}
    for path in (MANY, f"{MANY}/by-property", f"{MANY}/by-property/history", f"{MANY}/history"):
        answer = rest.post(base + path, json=asked).json()
        assert guid in {each["guid"] for each in answer["entities"]}, path
    assert "entities" not in rest.post(base + MANY, json={**asked, "offset": 10**9}).json(), "an offset past the end"
    gone = rest.post(f"{AT}/{guid}/delete", json={"typeDefGUID": TERM, "typeDefName": "GlossaryTerm"}).json()
    assert gone["relatedHTTPCode"] == 200

    def found(statuses: list[str]) -> bool:
        answer = rest.post(base + MANY, json={**asked, "limitResultsByStatus": statuses}).json()
        return guid in {each["guid"] for each in answer.get("entities", ())}

    assert found(["DELETED"]) and found(["ACTIVE", "DELETED"])
    eventually(lambda: not found([]) and not found(["ACTIVE"]), "it is deleted at the other member too")


def test_an_external_classification_is_at_home_here(pair: Pair) -> None:
    """Provenance EXTERNAL_SOURCE, replicated by the server that was asked (OMRS instances § Provenance rules)."""
    rest = pair.a.rest()
    guid = rest.post(AT, json={"entityTypeGUID": TERM}).json()["entity"]["guid"]
    external = {"metadataCollectionId": "external-1", "metadataCollectionName": "an external source"}
    for name, more in (("Confidentiality", external), ("Impact", {})):
        done = rest.post(f"{AT}/{guid}/classification/{name}/detailed", json=more).json()
        assert done["relatedHTTPCode"] == 200, done
    there = rest.get(f"{AT}/{guid}/home-classifications").json()["classifications"]
    assert {each["name"]: each["metadataCollectionId"] for each in there} == {
        "Confidentiality": "external-1",
        "Impact": pair.ids[0],
    }
    eventually(lambda: pair.b.rest().get(f"{AT}/{guid}").json()["relatedHTTPCode"] == 200, "the copy arrives")
    assert "classifications" not in pair.b.rest().get(f"{AT}/{guid}/home-classifications").json()

"""`/api/v1/entities` as its users see it: create, read, change, delete, and what is refused."""

from typing import Any
from uuid import uuid4

import pytest
from v1_people import Person

from workers import Pair


@pytest.fixture
def erin(pair: Pair) -> Person:
    return Person(pair.a, "erin")


def term(name: str | None = None, **more: Any) -> dict[str, Any]:
    name = name or uuid4().hex
    return {"type": "GlossaryTerm", "properties": {"qualifiedName": f"term:{name}", "displayName": name}, **more}


def test_a_created_entity_is_shown_plainly(erin: Person) -> None:
    made = erin.post("/entities", json=term("customer", classifications=[{"name": "Confidentiality"}]))
    assert made.status_code == 201, made.text
    entity = made.json()
    assert made.headers["location"] == entity["url"] == f"/api/v1/entities/{entity['guid']}"
    assert made.headers["etag"] == '"1"'
    assert entity["type"] == "GlossaryTerm" and entity["status"] == "ACTIVE" and entity["version"] == 1
    assert entity["properties"] == {"qualifiedName": "term:customer", "displayName": "customer"}
    assert entity["createdBy"] == "erin" and entity["createTime"].endswith("Z")
    assert entity["home"]["collectionId"] == erin.collection and entity["home"]["provenance"] == "LOCAL_COHORT"
    assert [each["name"] for each in entity["classifications"]] == ["Confidentiality"]

    read = erin.get(f"/entities/{entity['guid']}")
    assert read.status_code == 200 and read.json() == entity and read.headers["etag"] == '"1"'

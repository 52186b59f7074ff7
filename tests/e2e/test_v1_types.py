"""`/api/v1/types` and `/api/v1/attribute-types` as their users see them."""

from typing import Any
from uuid import uuid4

import pytest
from v1_people import Person, is_problem

from workers import Pair


@pytest.fixture
def erin(pair: Pair) -> Person:
    return Person(pair.a, "erin")


def name() -> str:
    return f"V1{uuid4().hex}"


def mascot(**more: Any) -> dict[str, Any]:
    attributes = [
        {"name": "mood", "description": "how it is"},
        {"name": "age", "type": "int", "cardinality": "ONE_ONLY"},
    ]
    return {"category": "entity", "name": name(), "superType": "Referenceable", "attributes": attributes, **more}


def test_a_type_is_read_by_name_and_by_guid(erin: Person) -> None:
    read = erin.get("/types/GlossaryTerm")
    assert read.status_code == 200 and read.headers["etag"] == '"1"'
    shown = read.json()
    assert shown["category"] == "entity" and shown["url"] == "/api/v1/types/GlossaryTerm"
    by_name = {each["name"]: each for each in shown["attributes"]}
    assert by_name["summary"]["definedIn"] == "GlossaryTerm" and by_name["summary"]["type"] == "string"
    assert by_name["qualifiedName"]["definedIn"] == "Referenceable" and by_name["qualifiedName"]["unique"] is True
    assert erin.get(f"/types/{shown['guid']}").json() == shown
    assert erin.get("/types/GlossaryTerm", headers={"If-None-Match": '"1"'}).status_code == 304
    assert [each["type"] for each in erin.get("/types/RelatedTerm").json()["ends"]] == ["GlossaryTerm"] * 2
    assert "entityTypes" in erin.get("/types/Confidentiality").json()
    is_problem(erin.get("/types/Nothing"), 404, "Nothing")
    is_problem(erin.get("/attribute-types/Nothing"), 404, "Nothing")


def test_types_are_listed_in_pages(erin: Person) -> None:
    pages = erin.walk("/types", category="classification", limit=20)
    found = [each["name"] for page in pages for each in page]
    assert len(pages) > 1 and found == sorted(found) and "Confidentiality" in found and "GlossaryTerm" not in found
    below = [each["name"] for page in erin.walk("/types", superType="GlossaryTerm") for each in page]
    assert "GlossaryTerm" in below and "Referenceable" not in below
    assert [each["name"] for each in erin.get("/types", params={"q": "glossaryt"}).json()["items"]] == ["GlossaryTerm"]
    own = erin.get("/types", params={"attribute": "qualifiedName", "limit": 1000}).json()["items"]
    assert "Referenceable" in [each["name"] for each in own]
    assert all("qualifiedName" in [a["name"] for a in each["attributes"]] for each in own)
    enums = [each for page in erin.walk("/attribute-types", category="enum", limit=50) for each in page]
    assert enums and all(each["elements"] for each in enums)
    is_problem(erin.get("/types", params={"category": "thing"}), 400, pointer="category")
    is_problem(erin.get("/types", params={"superType": "Nothing"}), 422, pointer="superType")


def test_a_type_from_its_definition_to_its_end(erin: Person) -> None:
    given = mascot(validStatuses=["DRAFT", "ACTIVE", "DELETED"])
    made = erin.post("/types", json=given)
    assert made.status_code == 201, made.text
    assert made.headers["location"] == f"/api/v1/types/{given['name']}" and made.headers["etag"] == '"1"'
    shown = made.json()
    assert shown["version"] == 1 and shown["createdBy"] == "erin" and shown["superType"] == "Referenceable"
    assert shown["validStatuses"] == given["validStatuses"] and shown["initialStatus"] == "DRAFT"
    own = [each for each in shown["attributes"] if each["definedIn"] == given["name"]]
    assert {each["name"]: each["type"] for each in own} == {"mood": "string", "age": "int"}

    entity = erin.create(given["name"], {"qualifiedName": "m", "age": 3})
    assert entity["status"] == "DRAFT" and entity["properties"]["age"] == 3
    is_problem(erin.delete(f"/types/{given['name']}"), 409, given["name"])
    erin.delete(f"/entities/{entity['guid']}", params={"purge": "true"}).raise_for_status()

    path = f"/types/{given['name']}"
    patch = {"description": "d", "attributes": [{"name": "colour"}]}
    patched = erin.patch(path, json=patch, headers={"If-Match": '"1"'})
    assert patched.status_code == 200 and patched.headers["etag"] == '"2"', patched.text
    assert patched.json()["description"] == "d" and patched.json()["updatedBy"] == "erin"
    assert {"mood", "age", "colour"} <= {each["name"] for each in patched.json()["attributes"]}
    is_problem(erin.patch(path, json=patch, headers={"If-Match": '"1"'}), 412, "version 2")
    wrong = {"attributes": [{"name": "age", "type": "string"}]}
    is_problem(erin.patch(path, json=wrong), 422, "age")

    new = {"guid": str(uuid4()), "name": name()}
    moved = erin.post(f"{path}/reidentify", json=new)
    assert moved.status_code == 200 and moved.json()["name"] == new["name"], moved.text
    is_problem(erin.delete(f"/types/{new['name']}", headers={"If-Match": '"77"'}), 412)
    assert erin.delete(f"/types/{new['name']}").status_code == 204
    here = {"scope": "local"}  # the other member drops the type when it hears of it
    is_problem(erin.get(f"/types/{new['name']}", params=here), 404)
    is_problem(erin.patch(f"/types/{new['name']}", json={}, params=here), 404)
    is_problem(erin.delete(f"/types/{new['name']}", params=here), 404)


def test_relationship_and_classification_types(erin: Person) -> None:
    ends = [{"type": "GlossaryTerm", "name": "ones"}, {"type": "ToDo", "name": "others", "cardinality": "AT_MOST_ONE"}]
    relation = {"category": "relationship", "name": name(), "ends": ends, "multiLink": True}
    made = erin.post("/types", json=relation)
    assert made.status_code == 201, made.text
    assert [each["type"] for each in made.json()["ends"]] == ["GlossaryTerm", "ToDo"] and made.json()[
        "multiLink"
    ] is True
    mark = {"category": "classification", "name": name(), "entityTypes": ["GlossaryTerm"], "propagatable": False}
    made = erin.post("/types", json=mark)
    assert made.status_code == 201 and made.json()["entityTypes"] == ["GlossaryTerm"], made.text
    term = erin.create("GlossaryTerm", {"qualifiedName": "t"})
    assert erin.put(f"/entities/{term['guid']}/classifications/{mark['name']}", json={}).status_code == 201
    todo = erin.create("ToDo", {"qualifiedName": "t"})
    is_problem(erin.put(f"/entities/{todo['guid']}/classifications/{mark['name']}", json={}), 422, "ToDo")


def test_attribute_types(erin: Person) -> None:
    elements = [{"name": "CALM", "ordinal": 0}, {"name": "WILD", "ordinal": 1, "description": "beware"}]
    mood = {"category": "enum", "name": name(), "elements": elements, "default": "CALM"}
    made = erin.post("/attribute-types", json=mood)
    assert made.status_code == 201, made.text
    assert made.json()["elements"] == elements and made.json()["default"] == "CALM"
    kind = mascot(attributes=[{"name": "mood", "type": mood["name"]}])
    erin.post("/types", json=kind).raise_for_status()
    assert erin.create(kind["name"], {"mood": "WILD"})["properties"] == {"mood": "WILD"}
    is_problem(erin.delete(f"/attribute-types/{mood['name']}"), 409)

    many = {"category": "collection", "name": name(), "collection": "array", "argumentTypes": ["long"]}
    assert erin.post("/attribute-types", json=many).json()["argumentTypes"] == ["long"]
    new = {"guid": str(uuid4()), "name": name()}
    moved = erin.post(f"/attribute-types/{many['name']}/reidentify", json=new)
    assert moved.status_code == 200 and moved.json()["guid"] == new["guid"], moved.text
    assert erin.delete(f"/attribute-types/{new['guid']}").status_code == 204
    is_problem(erin.delete(f"/attribute-types/{new['name']}", params={"scope": "local"}), 404)
    is_problem(erin.post("/attribute-types", json={**mood, "name": name(), "default": "ODD"}), 422, pointer="/default")
    is_problem(erin.post("/attribute-types", json={"category": "enum", "name": name()}), 400)


@pytest.mark.parametrize(
    ("change", "status", "word"),
    [
        ({"superType": "Nothing"}, 422, "Nothing"),
        ({"attributes": [{"name": "a", "type": "nothing"}]}, 422, "nothing"),
        ({"attributes": [{"name": "a b"}]}, 400, "name"),
        ({"attributes": [{"name": "a"}, {"name": "a"}]}, 422, "twice"),
        ({"validStatuses": ["ACTIVE"], "initialStatus": "DRAFT"}, 422, "DRAFT"),
        ({"validStatuses": []}, 400, "validStatuses"),
        ({"ends": []}, 400, "ends"),
        ({"category": "relationship"}, 400, "ends"),
        ({"name": ""}, 400, "name"),
    ],
)
def test_a_wrong_type_is_refused(erin: Person, change: dict[str, Any], status: int, word: str) -> None:
    is_problem(erin.post("/types", json=mascot(**change)), status, word)


def test_a_name_is_taken_once_and_a_key_repeats(erin: Person) -> None:
    given, key = mascot(), {"Idempotency-Key": uuid4().hex}
    first, second = (erin.post("/types", json=given, headers=key) for _ in range(2))
    assert first.status_code == second.status_code == 201 and first.json() == second.json()
    is_problem(erin.post("/types", json=given), 409, given["name"])

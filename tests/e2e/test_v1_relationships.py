"""`/api/v1/relationships`, classifications of entities, and the graphs around them, as their users see them."""

from typing import Any
from uuid import uuid4

import pytest
from v1_people import Person, is_problem

from workers import Pair

NOBODY = "/relationships/00000000-0000-0000-0000-000000000000"


@pytest.fixture
def erin(pair: Pair) -> Person:
    return Person(pair.a, "erin")


def entity(erin: Person, name: str = "", type_name: str = "GlossaryTerm") -> str:
    return str(erin.create(type_name, {"qualifiedName": name or uuid4().hex})["guid"])


def relate(erin: Person, one: str, two: str, **more: Any) -> dict[str, Any]:
    made = erin.post("/relationships", json={"type": "RelatedTerm", "end1": one, "end2": two, **more})
    assert made.status_code == 201, made.text
    relationship: dict[str, Any] = made.json()
    assert made.headers["location"] == relationship["url"] and made.headers["etag"] == '"1"'
    return relationship


def test_a_relationship_from_create_to_purge(erin: Person) -> None:
    one, two = entity(erin, "one"), entity(erin, "two")
    made = relate(erin, one, two, properties={"description": "d"})
    assert made["end1"] == {
        "guid": one,
        "type": "GlossaryTerm",
        "properties": {"qualifiedName": "one"},
        "url": f"/api/v1/entities/{one}",
    }
    assert made["type"] == "RelatedTerm" and made["properties"] == {"description": "d"}
    path = f"/relationships/{made['guid']}"
    assert erin.get(path).json() == made

    patched = erin.patch(path, json={"properties": {"expression": "e"}}, headers={"If-Match": '"1"'})
    assert patched.json()["properties"] == {"description": "d", "expression": "e"}
    is_problem(erin.patch(path, json={"properties": {}}, headers={"If-Match": '"1"'}), 412)
    assert erin.put(path, json={"properties": {"expression": "f"}}).json()["properties"] == {"expression": "f"}
    assert erin.post(f"{path}/undo").json()["properties"] == {"description": "d", "expression": "e"}
    assert [each["version"] for each in erin.get(f"{path}/history").json()["items"]] == [4, 3, 2, 1]
    past = erin.get(path, params={"asOf": made["createTime"]}).json()
    assert past["version"] == 1

    assert erin.delete(path).status_code == 204
    is_problem(erin.get(path), 404)
    assert erin.get(path, params={"includeDeleted": "true"}).json()["status"] == "DELETED"
    assert erin.post(f"{path}/restore").json()["status"] == "ACTIVE"
    moved = erin.post(f"{path}/reidentify", json={"guid": str(uuid4())}).json()
    assert moved["reIdentifiedFrom"] == made["guid"]
    assert erin.delete(path, params={"purge": "true"}).status_code == 204, "what it was is kept as deleted"
    assert erin.delete(f"/relationships/{moved['guid']}", params={"purge": "true"}).status_code == 204
    is_problem(erin.get(f"/relationships/{moved['guid']}"), 404)


def test_a_wrong_relationship_is_refused_with_the_field(erin: Person) -> None:
    one, two = entity(erin), entity(erin)
    good = {"type": "RelatedTerm", "end1": one, "end2": two}
    is_problem(erin.post("/relationships", json={**good, "end2": "nobody"}), 422, "nobody", pointer="/end2")
    is_problem(erin.post("/relationships", json={**good, "type": "GlossaryTerm"}), 422, pointer="/type")
    todo = {**good, "end2": entity(erin, type_name="ToDo")}
    is_problem(erin.post("/relationships", json=todo), 422, "ToDo")
    is_problem(erin.post("/relationships", json={**good, "properties": {"x": 1}}), 422, pointer="/properties/x")
    is_problem(erin.post("/relationships", json={"type": "RelatedTerm", "end1": one}), 400, pointer="/end2")


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("GET", "", None),
        ("PUT", "", {}),
        ("PATCH", "", {"properties": {}}),
        ("DELETE", "", None),
        ("GET", "/history", None),
        ("POST", "/restore", None),
        ("POST", "/undo", None),
        ("POST", "/reidentify", {"guid": "x"}),
        ("POST", "/retype", {"type": "RelatedTerm"}),
        ("POST", "/rehome", {"collectionId": "x"}),
    ],
)
def test_a_relationship_that_is_not_known(erin: Person, method: str, path: str, body: Any) -> None:
    is_problem(erin.request(method, NOBODY + path, json=body), 404)


def test_relationships_of_an_entity_in_pages(erin: Person) -> None:
    hub = entity(erin)
    made = {relate(erin, hub, entity(erin))["guid"] for _ in range(5)}
    path = f"/entities/{hub}/relationships"
    seen = erin.walk(path, limit=2)
    assert [len(page) for page in seen] == [2, 2, 1]
    assert {each["guid"] for page in seen for each in page} == made
    newest = erin.get(path, params={"sort": "-createTime", "limit": 1}).json()["items"]
    assert newest[0]["createTime"] == max(each["createTime"] for page in seen for each in page)
    assert erin.get(path, params={"type": "Synonym"}).json() == {"items": []}
    is_problem(erin.get(path, params={"type": "Nothing"}), 422, pointer="type")


def test_classifications_are_put_patched_and_taken_off(erin: Person) -> None:
    path = f"/entities/{entity(erin)}/classifications"
    assert erin.get(path).json() == {"items": []}
    put = erin.put(f"{path}/Confidentiality", json={"properties": {"notes": "n"}})
    assert put.status_code == 201 and put.headers["location"] == f"/api/v1{path}/Confidentiality"
    assert put.json()["name"] == "Confidentiality" and put.json()["properties"] == {"notes": "n"}
    assert erin.get(f"{path}/Confidentiality").json() == put.json()

    again = erin.put(f"{path}/Confidentiality", json={"properties": {"steward": "s"}})
    assert again.status_code == 200 and again.json()["properties"] == {"steward": "s"}
    patched = erin.patch(f"{path}/Confidentiality", json={"properties": {"notes": "m"}})
    assert patched.json()["properties"] == {"steward": "s", "notes": "m"}
    assert [each["name"] for each in erin.get(path).json()["items"]] == ["Confidentiality"]
    assert erin.get(f"{path}/Confidentiality", params={"asOf": put.json()["createTime"]}).is_success

    assert erin.delete(f"{path}/Confidentiality").status_code == 204
    is_problem(erin.get(f"{path}/Confidentiality"), 404)
    is_problem(erin.delete(f"{path}/Confidentiality"), 404)
    is_problem(erin.patch(f"{path}/Confidentiality", json={"properties": {}}), 404)
    is_problem(erin.put(f"{path}/Nothing", json={}), 422, "Nothing")
    is_problem(erin.put(f"{path}/GlossaryTerm", json={}), 422, "entity")
    is_problem(erin.put(f"{path}/Confidentiality", json={"properties": {"x": 1}}), 422, pointer="/properties/x")
    is_problem(erin.put(f"{path}/Confidentiality", json={"notes": "n"}), 400, pointer="/notes")


def test_graphs_around_an_entity(erin: Person) -> None:
    a, b, c, d = (entity(erin, name) for name in "abcd")
    for one, two in ((a, b), (b, c), (c, d)):
        relate(erin, one, two)
    near = erin.get(f"/entities/{a}/neighborhood", params={"level": 2}).json()
    assert {each["guid"] for each in near["entities"]} == {a, b, c} and len(near["relationships"]) == 2
    assert {each["guid"] for each in erin.get(f"/entities/{a}/neighborhood").json()["entities"]} == {a, b}
    alone = erin.get(f"/entities/{a}/neighborhood", params={"relationshipType": "Synonym"}).json()
    assert [each["guid"] for each in alone["entities"]] == [a] and alone["relationships"] == []

    between = erin.get(f"/entities/{a}/paths/{c}").json()
    assert {each["guid"] for each in between["entities"]} == {a, b, c} and len(between["relationships"]) == 2
    related = [each for page in erin.walk(f"/entities/{a}/related", limit=2) for each in page]
    assert {each["guid"] for each in related} == {a, b, c, d} and len(related) == 4

    is_problem(erin.get(f"/entities/{a}/neighborhood", params={"level": 101}), 400, pointer="level")
    is_problem(erin.get(f"/entities/{a}/neighborhood", params={"entityType": "Nothing"}), 422, pointer="entityType")
    is_problem(erin.get(f"/entities/{a}/paths/nobody"), 404)

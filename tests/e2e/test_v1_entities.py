"""`/api/v1/entities` as its users see it: create, read, change, delete, and what is refused."""

from typing import Any
from uuid import uuid4

import pytest
from v1_people import Person, is_problem

from workers import Pair, eventually, purge_old

NOBODY = "/entities/00000000-0000-0000-0000-000000000000"
FUTURE = "2999-01-01T00:00:00Z"


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


def test_values_go_in_and_out_as_the_type_says(erin: Person) -> None:
    given = {
        "qualifiedName": "values",
        "aliases": ["a", "b"],
        "additionalProperties": {"k": "v"},
        "contentStatus": "DRAFT",
    }
    made = erin.create("GlossaryTerm", given, effectiveFrom="2026-01-02T03:04:05Z")
    assert made["properties"] == given
    assert made["effectiveFrom"] == "2026-01-02T03:04:05.000Z"
    log = erin.create("ToDo", {"qualifiedName": "todo", "dueTime": "2026-12-31T12:00:00+01:00"})
    assert log["properties"]["dueTime"] == "2026-12-31T11:00:00.000Z"


@pytest.mark.parametrize(
    ("body", "status", "pointer", "word"),
    [
        ({"properties": {}}, 400, "/type", "required"),
        ({"type": "GlossaryTerm", "colour": "red"}, 400, "/colour", "known: "),
        ({"type": "GlossaryTerm", "properties": []}, 400, "/properties", "dictionary"),
        ({"type": "GlossaryTerm", "status": "LOST"}, 400, "/status", "DRAFT"),
        ({"type": "GlossaryTerm", "effectiveFrom": "soon"}, 400, "/effectiveFrom", "soon"),
        ({"type": "GlossaryTerm", "effectiveFrom": 5}, 400, "/effectiveFrom", "2026"),
        ({"type": "Nothing"}, 422, "/type", "Nothing"),
        ({"type": "Confidentiality"}, 422, "/type", "classification"),
        ({"type": "GlossaryTerm", "properties": {"colour": "red"}}, 422, "/properties/colour", "colour"),
        ({"type": "GlossaryTerm", "properties": {"displayName": 3}}, 422, "/properties/displayName", "displayName"),
        ({"type": "GlossaryTerm", "classifications": [{"name": "X"}]}, 422, "/classifications/0/name", "X"),
        (
            {"type": "GlossaryTerm", "classifications": [{"name": "Confidentiality", "properties": {"x": 1}}]},
            422,
            "/classifications/0/properties/x",
            "x",
        ),
        ({"type": "GlossaryTerm", "status": "DELETED"}, 422, "", "DELETED"),
        ([], 400, "", "dictionary"),
    ],
)
def test_a_wrong_entity_is_refused_with_the_field(
    erin: Person, body: Any, status: int, pointer: str, word: str
) -> None:
    problem = is_problem(erin.post("/entities", json=body), status, pointer=pointer or None)
    assert word in problem["detail"] or word in problem.get("help", ""), problem


def test_a_body_that_is_no_json(erin: Person) -> None:
    headers = {"content-type": "application/json"}
    is_problem(erin.post("/entities", content=b'{"type": ', headers=headers), 400)
    is_problem(erin.post("/entities", content=b'{"type": "\\ud800"}', headers=headers), 400)
    is_problem(erin.post("/entities", content=b'{"type": NaN}', headers=headers), 400)
    is_problem(erin.post("/entities", content=b"type=x", headers={"content-type": "text/plain"}), 415, "text/plain")
    is_problem(erin.post("/entities", content=b"{}" + b" " * (17 << 20), headers=headers), 413)


def test_paths_and_methods_that_are_not_there(erin: Person) -> None:
    is_problem(erin.get("/nothing"), 404, "/api/v1/nothing")
    is_problem(erin.get("/entities/a%0Ab"), 404)
    refused = erin.request("OPTIONS", NOBODY)
    is_problem(refused, 405)
    assert refused.headers["allow"] == "DELETE, GET, PATCH, PUT"


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("GET", "", None),
        ("GET", "?includeDeleted=true", None),
        ("GET", "?asOf=2026-01-01T00:00:00Z", None),
        ("PUT", "", {}),
        ("PATCH", "", {"properties": {}}),
        ("DELETE", "", None),
        ("GET", "/history", None),
        ("GET", "/relationships", None),
        ("GET", "/classifications", None),
        ("GET", "/neighborhood", None),
        ("GET", "/related", None),
        ("GET", "/paths/x", None),
        ("POST", "/restore", None),
        ("POST", "/undo", None),
        ("POST", "/reidentify", {"guid": "x"}),
        ("POST", "/retype", {"type": "GlossaryTerm"}),
        ("POST", "/rehome", {"collectionId": "x"}),
    ],
)
def test_an_entity_that_is_not_known(erin: Person, method: str, path: str, body: Any) -> None:
    is_problem(erin.request(method, NOBODY + path, json=body), 404)


def test_replaced_properties_are_the_whole_set(erin: Person) -> None:
    entity = erin.create("GlossaryTerm", {"qualifiedName": "whole", "summary": "gone soon"})
    put = erin.put(f"/entities/{entity['guid']}", json={"properties": {"qualifiedName": "whole", "usage": "new"}})
    assert put.status_code == 200 and put.headers["etag"] == '"2"'
    assert put.json()["properties"] == {"qualifiedName": "whole", "usage": "new"}
    assert put.json()["version"] == 2 and put.json()["updatedBy"] == "erin"
    is_problem(erin.put(f"/entities/{entity['guid']}", json={"properties": {"x": 1}}), 422, pointer="/properties/x")


def test_a_patch_keeps_what_it_does_not_name(erin: Person) -> None:
    entity = erin.create("GlossaryTerm", {"qualifiedName": "patched", "summary": "s", "usage": "u"})
    path = f"/entities/{entity['guid']}"
    patched = erin.patch(path, json={"properties": {"summary": None, "displayName": "d"}})
    assert patched.json()["properties"] == {"qualifiedName": "patched", "usage": "u", "displayName": "d"}
    assert patched.headers["etag"] == '"2"'
    dated = erin.patch(path, json={"effectiveTo": "2027-01-01T00:00:00Z"}).json()
    assert dated["effectiveTo"] == "2027-01-01T00:00:00.000Z" and dated["properties"] == patched.json()["properties"]
    assert "effectiveTo" not in erin.patch(path, json={"effectiveTo": None}).json()
    is_problem(erin.patch(path, json={"properties": {"colour": None}}), 422, pointer="/properties/colour")
    assert erin.patch(path, json={}).headers["etag"] == erin.get(path).headers["etag"]


def test_status_and_properties_change_in_one_patch(erin: Person) -> None:
    entity = erin.create("E2eProposal", {"qualifiedName": "p"}, status="DRAFT")
    assert entity["status"] == "DRAFT"
    both = {"properties": {"wording": "w"}, "status": "PROPOSED"}
    patched = erin.patch(f"/entities/{entity['guid']}", json=both, headers={"If-Match": '"1"', "Idempotency-Key": "k1"})
    assert patched.status_code == 200, patched.text
    assert patched.json()["status"] == "PROPOSED" and patched.json()["properties"]["wording"] == "w"
    assert patched.json()["version"] == 3
    is_problem(erin.patch(f"/entities/{entity['guid']}", json={"status": "APPROVED"}), 422, "APPROVED")


def test_deleted_restored_and_purged(erin: Person) -> None:
    path = f"/entities/{erin.create('GlossaryTerm', {'qualifiedName': 'mortal'})['guid']}"
    is_problem(erin.post(f"{path}/restore"), 409, "not deleted")
    deleted = erin.delete(path)
    assert deleted.status_code == 204 and deleted.content == b""
    is_problem(erin.get(path), 404, "deleted")
    is_problem(erin.delete(path), 409, "deleted")
    gone = erin.get(path, params={"includeDeleted": "true"}).json()
    assert gone["status"] == "DELETED" and gone["statusBeforeDelete"] == "ACTIVE"
    restored = erin.post(f"{path}/restore")
    assert restored.status_code == 200 and restored.json()["status"] == "ACTIVE"
    assert erin.get(path, params={"includeDeleted": "true"}).json() == restored.json()

    assert erin.delete(path, params={"purge": "true"}).status_code == 204
    is_problem(erin.get(path, params={"includeDeleted": "true"}), 404)
    other = f"/entities/{erin.create('GlossaryTerm', {'qualifiedName': 'mortal 2'})['guid']}"
    assert erin.delete(other).status_code == erin.delete(other, params={"purge": "true"}).status_code == 204
    is_problem(erin.delete(other, params={"purge": "true"}), 404)


def test_history_undo_and_the_past(erin: Person) -> None:
    entity = erin.create("GlossaryTerm", {"qualifiedName": "h", "summary": "one"})
    path = f"/entities/{entity['guid']}"
    is_problem(erin.post(f"{path}/undo"), 409, "no version before")
    for text in ("two", "three"):
        erin.patch(path, json={"properties": {"summary": text}})
    undone = erin.post(f"{path}/undo")
    assert undone.json()["properties"]["summary"] == "two" and undone.json()["version"] == 4
    assert undone.headers["etag"] == '"4"'

    newest = erin.get(f"{path}/history").json()
    assert [each["version"] for each in newest["items"]] == [4, 3, 2, 1] and "next" not in newest
    first = erin.get(f"{path}/history", params={"order": "oldest", "limit": 3}).json()
    assert [each["properties"]["summary"] for each in first["items"]] == ["one", "two", "three"]
    erin.patch(path, json={"properties": {"summary": "five"}})
    rest = erin.get(first["next"].removeprefix("/api/v1")).json()
    assert [each["version"] for each in rest["items"]] == [4, 5]

    past = erin.get(path, params={"asOf": newest["items"][-1]["createTime"]})
    assert past.json()["properties"]["summary"] == "one" and past.headers["etag"].startswith("W/")
    is_problem(erin.get(path, params={"asOf": "2000-01-01T00:00:00Z"}), 404)
    is_problem(erin.get(path, params={"asOf": FUTURE}), 422, pointer="asOf")
    is_problem(erin.get(path, params={"asOf": "yesterday"}), 400, pointer="asOf")
    is_problem(erin.get(f"{path}/history", params={"from": "2026-01-02T00:00:00Z", "to": "2026-01-01T00:00:00Z"}), 422)


def test_another_guid_type_and_home(erin: Person, pair: Pair) -> None:
    entity = erin.create("GlossaryTerm", {"qualifiedName": "moves"})
    new = str(uuid4())
    moved = erin.post(f"/entities/{entity['guid']}/reidentify", json={"guid": new})
    assert moved.status_code == 200, moved.text
    assert moved.json()["guid"] == new and moved.json()["reIdentifiedFrom"] == entity["guid"]
    assert moved.headers["location"] == f"/api/v1/entities/{new}"
    retyped = erin.post(f"/entities/{new}/retype", json={"type": "Referenceable"})
    assert retyped.status_code == 200 and retyped.json()["type"] == "Referenceable"
    is_problem(erin.post(f"/entities/{new}/retype", json={"type": "Nothing"}), 422, pointer="/type")
    is_problem(erin.post(f"/entities/{new}/reidentify", json={}), 400, pointer="/guid")

    bob = Person(pair.b, "bob")
    eventually(lambda: bob.get(f"/entities/{new}", params={"scope": "local"}).is_success, "the copy arrives at B")
    refused = bob.patch(f"/entities/{new}", params={"scope": "local"}, json={"properties": {"qualifiedName": "x"}})
    is_problem(refused, 409, "reference copy")
    purge_old(pair.a.client("erin"), entity["guid"])


def test_an_entity_of_an_external_source(erin: Person) -> None:
    source = {"guid": str(uuid4()), "name": "crm"}
    made = erin.create("GlossaryTerm", {"qualifiedName": "ext"}, externalSource=source)
    assert made["home"]["provenance"] == "EXTERNAL_SOURCE" and made["home"]["collectionId"] == source["guid"]
    assert made["home"]["collectionName"] == "crm" and made["home"]["replicatedBy"] == erin.collection


def test_any_member_answers_for_all(erin: Person, pair: Pair) -> None:
    entity = erin.create("GlossaryTerm", {"qualifiedName": "far"})
    bob = Person(pair.b, "bob")
    found = bob.get(f"/entities/{entity['guid']}")
    assert found.status_code == 200 and found.json()["properties"] == {"qualifiedName": "far"}
    changed = bob.patch(f"/entities/{entity['guid']}", json={"properties": {"summary": "by bob"}})
    assert changed.status_code == 200, changed.text
    assert erin.get(f"/entities/{entity['guid']}").json()["updatedBy"] == "bob"

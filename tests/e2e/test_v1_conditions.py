"""`/api/v1`: entity tags, conditional and repeated requests, who asks."""

import threading
from uuid import uuid4

import pytest
from v1_people import Person, is_problem

from workers import Pair, eventually


@pytest.fixture
def erin(pair: Pair) -> Person:
    return Person(pair.a, "erin")


@pytest.fixture
def path(erin: Person) -> str:
    """Of an entity at revision 1."""
    return f"/entities/{erin.create('GlossaryTerm', {'qualifiedName': uuid4().hex})['guid']}"


def change(text: str) -> dict[str, dict[str, str]]:
    return {"properties": {"summary": text}}


@pytest.mark.parametrize("tag", ['"1"', "*", '"7", "1"', 'W/"1", "1"'])
def test_if_match_lets_the_revision_pass(erin: Person, path: str, tag: str) -> None:
    assert erin.patch(path, json=change("x"), headers={"If-Match": tag}).headers["etag"] == '"2"'


@pytest.mark.parametrize("tag", ['"2"', '"2", "3"', 'W/"1"', '"x"', "what?", "1", '"1'])
def test_if_match_of_another_revision(erin: Person, path: str, tag: str) -> None:
    headers = {"If-Match": tag}
    is_problem(erin.patch(path, json=change("x"), headers=headers), 412, "revision 1")
    is_problem(erin.put(path, json=change("x"), headers=headers), 412, "revision 1")
    is_problem(erin.put(f"{path}/classifications/Confidentiality", json={}, headers=headers), 412, "revision 1")
    is_problem(erin.delete(path, headers=headers), 412, "revision 1")
    assert erin.get(path).headers["etag"] == '"1"'
    if tag != '"2"':  # the one revision that the change itself insists on
        assert tag in erin.delete(path, headers=headers).json()["detail"]


def test_if_none_match_answers_without_a_body(erin: Person, path: str) -> None:
    read = erin.get(path)
    for tag in (read.headers["etag"], "*", '"x", W/"1"'):
        unchanged = erin.get(path, headers={"If-None-Match": tag})
        assert unchanged.status_code == 304 and unchanged.content == b"" and unchanged.headers["etag"] == '"1"'
    assert erin.get(path, headers={"If-None-Match": '"2"'}).status_code == 200
    past = erin.get(path, params={"asOf": read.json()["createTime"]})
    again = {"If-None-Match": past.headers["etag"]}
    assert erin.get(path, params={"asOf": read.json()["createTime"]}, headers=again).status_code == 304


def test_every_write_answers_the_revision_it_made(erin: Person, path: str) -> None:
    def tag(answer: object) -> str:
        return str(getattr(answer, "headers", {}).get("etag"))

    assert tag(erin.put(path, json={"properties": {"qualifiedName": "q"}})) == '"2"'
    assert tag(erin.put(f"{path}/classifications/Confidentiality", json={})) == '"3"'
    assert tag(erin.patch(f"{path}/classifications/Confidentiality", json={"properties": {}})) in ('"3"', '"4"')
    before = int(tag(erin.get(path)).strip('"'))
    assert tag(erin.post(f"{path}/undo")) == f'"{before + 1}"'
    erin.delete(path)
    assert tag(erin.post(f"{path}/restore")) == f'"{before + 3}"' == tag(erin.get(path))


def test_the_same_key_again_changes_nothing_again(erin: Person) -> None:
    key = {"Idempotency-Key": uuid4().hex}
    body = {"type": "GlossaryTerm", "properties": {"qualifiedName": "once"}}
    first, second = (erin.post("/entities", json=body, headers=key) for _ in range(2))
    assert first.status_code == second.status_code == 201 and first.json() == second.json()
    assert first.headers["etag"] == second.headers["etag"] == '"1"'

    path = f"/entities/{first.json()['guid']}"
    key = {"Idempotency-Key": uuid4().hex}
    assert [erin.patch(path, json=change("x"), headers=key).json()["version"] for _ in range(2)] == [2, 2]
    is_problem(erin.post("/entities", json=body, headers={"Idempotency-Key": "x" * 256}), 400)


def test_a_key_is_not_for_another_request(erin: Person) -> None:
    key = {"Idempotency-Key": uuid4().hex}
    body = {"type": "GlossaryTerm", "properties": {"qualifiedName": "once", "aliases": ["a"]}}
    made = erin.post("/entities", json=body, headers=key).json()
    for other in ({**body, "type": "ToDo", "properties": {}}, {**body, "properties": {"qualifiedName": "twice"}}):
        problem = is_problem(erin.post("/entities", json=other, headers=key), 422, made["guid"])
        assert problem["errors"][0]["pointer"] == "Idempotency-Key"
    erin.patch(f"/entities/{made['guid']}", json=change("x")).raise_for_status()
    again = erin.post("/entities", json=body, headers=key)
    assert again.status_code == 201 and again.json()["version"] == 2

    ends = [erin.create("GlossaryTerm", {"qualifiedName": uuid4().hex})["guid"] for _ in range(3)]
    key = {"Idempotency-Key": uuid4().hex}
    related = {"type": "RelatedTerm", "end1": ends[0], "end2": ends[1]}
    assert [erin.post("/relationships", json=related, headers=key).status_code for _ in range(2)] == [201, 201]
    is_problem(erin.post("/relationships", json={**related, "end2": ends[2]}, headers=key), 422)


def test_patches_at_the_same_time_are_all_kept(erin: Person, path: str, pair: Pair) -> None:
    fields = ["summary", "usage", "examples", "abbreviation"]
    answers: dict[str, int] = {}

    def patch(field: str) -> None:
        someone = Person(pair.a, field)
        answers[field] = someone.patch(path, json={"properties": {field: field}}).status_code

    threads = [threading.Thread(target=patch, args=(field,)) for field in fields]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert answers == dict.fromkeys(fields, 200)
    properties = erin.get(path).json()["properties"]
    assert {field: properties[field] for field in fields} == {field: field for field in fields}


def test_who_asks(pair: Pair, erin: Person) -> None:
    assert erin.create("GlossaryTerm", {"qualifiedName": "mine"})["createdBy"] == "erin"
    del erin.headers["X-Omrs-User"]
    assert erin.create("GlossaryTerm", {"qualifiedName": "nobody's"})["createdBy"] == "anonymous"
    is_problem(erin.get("/entities", headers={"X-Omrs-User": ""}), 400, pointer="x-omrs-user")
    is_problem(erin.get("/entities", params={"scope": "world"}), 400, pointer="scope")


def test_the_server_says_who_it_is(pair: Pair, erin: Person) -> None:
    server = erin.get("/server").json()
    assert server["name"] == pair.a.server and server["collectionId"] == pair.ids[0]
    [cohort] = server["cohorts"]
    assert cohort["name"] == pair.cohort
    eventually(lambda: erin.get("/server").json()["cohorts"][0]["status"] == "CONNECTED", "A says that it is connected")
    assert [member["collectionId"] for member in cohort["members"]] == [pair.ids[1]]
    assert cohort["members"][0]["server"] == pair.b.server


def test_the_history_of_a_copy_is_said_to_be_of_a_copy(pair: Pair, erin: Person, path: str) -> None:
    bob = Person(pair.b, "bob")
    eventually(lambda: bob.get(path, params={"scope": "local"}).status_code == 200, "the copy", within=60)
    page = bob.get(f"{path}/history").json()
    assert len(page["items"]) == 1 and erin.collection in page["warnings"][0]
    assert "warnings" not in erin.get(f"{path}/history").json()

"""Lists and searches of `/api/v1`: filters, conditions, order, and pages while things change."""

from collections.abc import Iterator
from typing import Any
from uuid import uuid4

import pytest
from v1_people import Person, is_problem

from workers import Pair, eventually


@pytest.fixture(scope="module")
def erin(running_pair: Pair) -> Iterator[Person]:
    with Person(running_pair.a, f"erin-{uuid4().hex[:6]}") as person:
        yield person


@pytest.fixture(scope="module")
def mark(erin: Person, running_pair: Pair) -> str:
    """A word that the values of the four terms below share, and no others; delta is deleted.

    The other member knows of it too: until then what it finds counts as well.
    """
    mark, bob, here = uuid4().hex, Person(running_pair.b, "bob"), {"scope": "local", "includeDeleted": "true"}
    for name in ("alpha", "beta", "gamma", "delta"):
        properties = {"qualifiedName": f"{mark}.{name}", "displayName": name, "summary": f"{mark} (word)"}
        if name == "gamma":
            properties["usage"] = "rare"
        made = erin.create("GlossaryTerm", properties)
        if name == "beta":
            beta = f"/entities/{made['guid']}"
            erin.put(f"{beta}/classifications/Confidentiality", json={}).raise_for_status()
            eventually(lambda at=beta: bob.get(at, params=here).json().get("classifications"), "B has it classified")
        if name == "delta":
            delta = f"/entities/{made['guid']}"
            erin.delete(delta).raise_for_status()
            eventually(lambda at=delta: bob.get(at, params=here).json().get("status") == "DELETED", "B has it deleted")
    return mark


def names(answer: Any) -> list[str]:
    assert answer.status_code == 200, answer.text
    return [each["properties"]["displayName"] for each in answer.json()["items"]]


def test_simple_filters(erin: Person, mark: str) -> None:
    mine: dict[str, Any] = {"type": "GlossaryTerm", "q": mark, "sort": "displayName"}
    assert names(erin.get("/entities", params=mine)) == ["alpha", "beta", "gamma"]
    assert names(erin.get("/entities", params={**mine, "sort": "-displayName"})) == ["gamma", "beta", "alpha"]
    assert names(erin.get("/entities", params={**mine, "status": "DELETED"})) == ["delta"]
    everything = {**mine, "status": ["DELETED", "ACTIVE"], "q": f"{mark} (word)"}
    assert names(erin.get("/entities", params=everything)) == ["alpha", "beta", "delta", "gamma"]
    assert names(erin.get("/entities", params={**mine, "classification": "Confidentiality"})) == ["beta"]
    assert names(erin.get("/entities", params={**mine, "type": "Referenceable"})) == ["alpha", "beta", "gamma"]
    assert names(erin.get("/entities", params={**mine, "type": "ToDo"})) == []
    exact = {"type": "GlossaryTerm", "property.qualifiedName": f"{mark}.beta"}
    assert names(erin.get("/entities", params=exact)) == ["beta"]
    assert names(erin.get("/entities", params={**exact, "property.displayName": "alpha"})) == []
    assert names(erin.get("/entities", params={**exact, "classification": "Confidentiality"})) == ["beta"]
    author = {"property.createdBy": erin.headers["X-Omrs-User"], "q": mark}
    is_problem(erin.get("/entities", params=author), 422, pointer="q")
    del author["q"]
    by_her = erin.get("/entities", params={**author, "limit": 1000}).json()["items"]
    assert by_her and {each["createdBy"] for each in by_her} == {author["property.createdBy"]}


def test_the_past_of_a_list(erin: Person, mark: str) -> None:
    mine = {"type": "GlossaryTerm", "q": mark, "asOf": "2026-01-01T00:00:00Z"}
    assert names(erin.get("/entities", params=mine)) == []
    is_problem(erin.get("/entities", params={**mine, "asOf": "2999-01-01T00:00:00Z"}), 422, pointer="asOf")


@pytest.mark.parametrize(
    ("query", "status", "pointer"),
    [
        ({"colour": "red"}, 400, "colour"),
        ({"limit": "0"}, 400, "limit"),
        ({"limit": "1001"}, 400, "limit"),
        ({"limit": "many"}, 400, "limit"),
        ({"status": "LOST"}, 400, "status.0"),
        ({"sort": "a b"}, 400, "sort"),
        ({"sort": "colour"}, 422, "sort"),
        ({"type": "GlossaryTerm", "sort": "colour"}, 422, "sort"),
        ({"type": "Nothing"}, 422, "type"),
        ({"type": "Synonym"}, 422, "type"),
        ({"classification": "Nothing"}, 422, "classification"),
        ({"property.colour": "red"}, 422, "property.colour"),
        ({"type": "GlossaryTerm", "property.colour": "red"}, 422, "property.colour"),
        ({"type": "GlossaryTerm", "q": "x", "property.displayName": "y"}, 422, "q"),
        ({"cursor": "abc"}, 422, "cursor"),
        ({"cursor": "!"}, 400, "cursor"),
    ],
)
def test_a_wrong_list_is_refused_with_the_parameter(
    erin: Person, query: dict[str, str], status: int, pointer: str
) -> None:
    is_problem(erin.get("/entities", params=query), status, pointer=pointer)


@pytest.mark.parametrize(
    ("where", "found"),
    [
        ({"property": "displayName", "value": "beta"}, ["beta"]),
        ({"property": "displayName", "operator": "ne", "value": "beta"}, ["alpha", "gamma"]),
        ({"property": "displayName", "operator": "in", "value": ["alpha", "beta"]}, ["alpha", "beta"]),
        ({"property": "displayName", "operator": "startsWith", "value": "al"}, ["alpha"]),
        ({"property": "displayName", "operator": "endsWith", "value": "a"}, ["alpha", "beta", "gamma"]),
        ({"property": "displayName", "operator": "contains", "value": "mm"}, ["gamma"]),
        ({"property": "displayName", "operator": "matches", "value": "(alpha|beta)"}, ["alpha", "beta"]),
        ({"property": "usage", "operator": "null"}, ["alpha", "beta"]),
        ({"property": "usage", "operator": "notNull"}, ["gamma"]),
        ({"property": "createTime", "operator": "gt", "value": "2026-01-01T00:00:00Z"}, ["alpha", "beta", "gamma"]),
        ({"property": "createTime", "operator": "le", "value": "2026-01-01T00:00:00Z"}, []),
        (
            {
                "any": [
                    {"property": "displayName", "value": "alpha"},
                    {"all": [{"property": "displayName", "value": "beta"}, {"property": "usage", "operator": "null"}]},
                ]
            },
            ["alpha", "beta"],
        ),
        ({"none": [{"property": "displayName", "value": "alpha"}]}, ["beta", "gamma"]),
    ],
)
def test_conditions(erin: Person, mark: str, where: dict[str, Any], found: list[str]) -> None:
    mine = {"property": "qualifiedName", "operator": "startsWith", "value": mark}
    asked = {"type": "GlossaryTerm", "where": {"all": [mine, where]}, "sort": "displayName"}
    assert names(erin.post("/search/entities", json=asked)) == found


def test_conditions_on_classifications_and_subtypes(erin: Person, mark: str) -> None:
    mine = {"property": "qualifiedName", "operator": "startsWith", "value": mark}
    asked: dict[str, Any] = {"type": "Referenceable", "where": mine, "sort": "displayName"}
    carrying = {**asked, "classifications": [{"name": "Confidentiality"}]}
    assert names(erin.post("/search/entities", json=carrying)) == ["beta"]
    assert names(erin.post("/search/entities", json={**carrying, "classificationMatch": "none"})) == ["alpha", "gamma"]
    noted = {"name": "Confidentiality", "where": {"property": "notes", "operator": "notNull"}}
    assert names(erin.post("/search/entities", json={**asked, "classifications": [noted]})) == []
    assert names(erin.post("/search/entities", json={**asked, "subtypes": ["GlossaryTerm"]})) == [
        "alpha",
        "beta",
        "gamma",
    ]
    assert names(erin.post("/search/entities", json={**asked, "subtypes": ["ToDo"]})) == []


@pytest.mark.parametrize(
    ("body", "status", "pointer"),
    [
        ({"wher": {}}, 400, "/wher"),
        ({"type": "Nothing"}, 422, "/type"),
        ({"subtypes": ["Nothing"]}, 422, "/subtypes"),
        ({"type": "GlossaryTerm", "where": {"property": "colour", "value": 1}}, 422, "/where/property"),
        ({"type": "GlossaryTerm", "where": {"property": "displayName"}}, 422, "/where/value"),
        (
            {"type": "GlossaryTerm", "where": {"property": "displayName", "operator": "in", "value": 1}},
            422,
            "/where/value",
        ),
        (
            {"type": "GlossaryTerm", "where": {"all": [{"property": "displayName", "value": 3}]}},
            422,
            "/where/all/0/value",
        ),
        ({"classifications": [{"name": "Nothing"}]}, 422, "/classifications/0/name"),
        ({"limit": 0}, 400, "/limit"),
        ({"cursor": "abc"}, 422, "cursor"),
    ],
)
def test_a_wrong_search_is_refused_with_the_field(
    erin: Person, body: dict[str, Any], status: int, pointer: str
) -> None:
    is_problem(erin.post("/search/entities", json=body), status, pointer=pointer)


def test_a_wrong_expression_is_named(erin: Person) -> None:
    where = {"property": "displayName", "operator": "matches", "value": "a{2,1}("}
    is_problem(erin.post("/search/entities", json={"type": "GlossaryTerm", "where": where}), 422, "a{2,1}(")


@pytest.mark.parametrize("sort", [None, "displayName", "-displayName", "createTime", "-updateTime"])
def test_pages_neither_skip_nor_repeat_while_things_come_and_go(erin: Person, sort: str | None) -> None:
    mark = uuid4().hex
    made = [erin.create("GlossaryTerm", {"qualifiedName": f"{mark}{n}", "displayName": f"n{n:02}"}) for n in range(12)]
    query: dict[str, Any] = {"type": "GlossaryTerm", "q": mark, "limit": 3, **({"sort": sort} if sort else {})}
    whole = [each["guid"] for each in erin.get("/entities", params={**query, "limit": 100}).json()["items"]]
    assert sorted(whole) == sorted(each["guid"] for each in made)

    seen: list[str] = []
    come: set[str] = set()
    page = erin.get("/entities", params=query).json()
    gone = whole[1]  # of the page that was shown already: what follows moves up
    while True:
        seen += [each["guid"] for each in page["items"]]
        if "next" not in page:
            break
        if gone in seen:
            erin.delete(f"/entities/{gone}")
        come.add(erin.create("GlossaryTerm", {"qualifiedName": f"{mark}new", "displayName": f"n{len(come)}"})["guid"])
        page = erin.get(page["next"].removeprefix("/api/v1")).json()
    assert len(seen) == len(set(seen))
    assert [guid for guid in seen if guid not in come] == whole


def test_a_search_goes_on_with_its_cursor(erin: Person, mark: str) -> None:
    where = {"property": "qualifiedName", "operator": "startsWith", "value": mark}
    asked: dict[str, Any] = {"type": "GlossaryTerm", "where": where, "sort": "displayName", "limit": 2}
    first = erin.post("/search/entities", json=asked).json()
    assert "next" not in first
    second = erin.post("/search/entities", json={**asked, "cursor": first["cursor"]})
    assert names(second) == ["gamma"] and "cursor" not in second.json()
    other = {**asked, "sort": "-displayName", "cursor": first["cursor"]}
    is_problem(erin.post("/search/entities", json=other), 422, pointer="cursor")


def test_relationships_are_listed_and_searched(erin: Person) -> None:
    mark = uuid4().hex
    guids = [erin.create("GlossaryTerm", {"qualifiedName": f"{mark}{n}"})["guid"] for n in range(3)]
    for other in guids[1:]:
        body = {"type": "RelatedTerm", "end1": guids[0], "end2": other, "properties": {"description": mark}}
        erin.post("/relationships", json=body).raise_for_status()

    def count(answer: Any) -> int:
        assert answer.status_code == 200, answer.text
        return len(answer.json()["items"])

    assert count(erin.get("/relationships", params={"type": "RelatedTerm", "property.description": mark})) == 2
    assert count(erin.get("/relationships", params={"q": mark})) == 2
    assert [len(page) for page in erin.walk("/relationships", q=mark, limit=1, type="RelatedTerm")] == [1, 1]
    where = {"property": "description", "operator": "contains", "value": mark}
    assert count(erin.post("/search/relationships", json={"type": "RelatedTerm", "where": where})) == 2
    is_problem(erin.post("/search/relationships", json={"type": "GlossaryTerm"}), 422, pointer="/type")
    is_problem(erin.post("/search/relationships", json={"classifications": []}), 400, pointer="/classifications")
    is_problem(erin.get("/relationships", params={"classification": "Confidentiality"}), 400, pointer="classification")

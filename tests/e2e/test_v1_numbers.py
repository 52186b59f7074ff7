"""Numbers that no 64 bits and no float hold go through `/api/v1` without the loss of a digit."""

import json
from decimal import Decimal
from typing import Any
from uuid import uuid4

import httpx
import pytest
from e2e_samples import entity_def
from v1_people import Person, is_problem

from omrs_schemas.codec.egeria_json import to_json
from omrs_schemas.typedefs.system import TypeSystem
from workers import Pair, eventually

COUNT = 7 * 10**400 + 1  # beyond doubles, too
SHARES = [Decimal(f"0.1234567890123456789012345678901234567890{last}") for last in range(1, 4)]  # one float for all
SHARE = SHARES[0]
PRICE = Decimal("12.50")  # a float would be 12.5


@pytest.fixture(scope="module")
def measured(running_pair: Pair) -> str:
    """A type with attributes of these kinds, known to both servers."""
    here, there = running_pair.a, running_pair.b
    types = TypeSystem.builtin()
    typedef = entity_def(f"Measured{uuid4().hex[:10]}", attribute="wording")
    (first,) = typedef["propertiesDefinition"]
    typedef["propertiesDefinition"] += [
        {**first, "attributeName": name, "attributeType": types.attribute_typedef_by_name(kind)}
        for name, kind in (
            ("count", "biginteger"),
            ("share", "bigdecimal"),
            ("price", "bigdecimal"),
            ("ratio", "double"),
            ("year", "int"),
            ("shares", "map<string,object>"),
        )
    ]
    assert here.rest().post("/types/typedef", json=typedef).json()["relatedHTTPCode"] == 200
    path, away = f"/types/{typedef['name']}", Person(there, "erin")
    eventually(lambda: away.get(path, params={"scope": "local"}).status_code == 200, "B learns the type")
    return str(typedef["name"])


def send(person: Person, method: str, path: str, body: Any) -> Any:
    answer = person.request(method, path, content=to_json(body), headers={"content-type": "application/json"})
    assert answer.status_code in (200, 201), answer.text
    return exact(answer)


def exact(answer: httpx.Response) -> Any:
    return json.loads(answer.text, parse_float=Decimal)


def written(values: Any) -> str:
    """As they are compared here: 12.50 is not 12.5."""
    return json.dumps(values, sort_keys=True, default=lambda number: f"number {number}")


def test_what_is_written_is_read_found_and_changed_exactly(pair: Pair, measured: str) -> None:
    erin, away = Person(pair.a, "erin"), Person(pair.b, "anna")
    given = {"count": COUNT, "share": SHARE, "price": PRICE, "shares": {"hers": SHARE, "his": COUNT}}
    made = send(erin, "POST", "/entities", {"type": measured, "properties": given})
    path = f"/entities/{made['guid']}"
    assert written(made["properties"]) == written(given)
    for person in (erin, away):
        eventually(lambda person=person: person.get(path).status_code == 200, "it is known there")
        assert written(exact(person.get(path))["properties"]) == written(given)

    changed = send(erin, "PATCH", path, {"properties": {"count": -COUNT}})
    assert written(changed["properties"]) == written({**given, "count": -COUNT})
    less = {"share": -SHARE}
    assert written(send(erin, "PUT", path, {"properties": less})["properties"]) == written(less)
    assert written(exact(erin.get(f"{path}/history"))["items"][0]["properties"]) == written(less)


def test_numbers_alike_to_a_float_are_told_apart(pair: Pair, measured: str) -> None:
    erin = Person(pair.a, "erin")
    mark = uuid4().hex
    made = [
        send(erin, "POST", "/entities", {"type": measured, "properties": {"share": share, "wording": mark}})
        for share in SHARES
    ]

    def search(operator: str, value: Any, **more: Any) -> list[str]:
        alike = {"property": "wording", "value": mark}
        where = {"all": [alike, {"property": "share", "operator": operator, "value": value}]}
        found = send(erin, "POST", "/search/entities", {"type": measured, "where": where, **more})
        return [str(each["properties"]["share"]) for each in found["items"]]

    first, second, third = map(str, SHARES)
    assert search("eq", SHARES[1]) == [second]
    assert search("gt", SHARES[1]) == [third]
    assert search("in", SHARES[:2], sort="share") == [first, second]
    assert search("ge", SHARES[0], sort="-share") == [third, second, first]
    query = {"type": measured, "property.wording": mark}
    assert [each["guid"] for each in erin.walk("/entities", **query, **{"property.share": second})[0]] == [
        made[1]["guid"]
    ]
    for sort, expected in (("share", made), ("-share", made[::-1])):
        pages = erin.walk("/entities", **query, sort=sort, limit="1")
        assert [[each["guid"] for each in page] for page in pages] == [[each["guid"]] for each in expected]


@pytest.mark.parametrize(
    ("name", "text", "shown"),
    [
        ("ratio", "0.12345678901234567890123456789", "0.12345678901234568"),
        ("ratio", "1.50", "1.5"),
        ("year", "2026.00", "2026"),
        ("year", "2.026e3", "2026"),
        ("count", "1.5e30", "15" + "0" * 29),
        ("price", "1e3", "1E+3"),
        ("price", '"1e400"', "1E+400"),
    ],
)
def test_a_number_may_be_written_in_any_way(pair: Pair, measured: str, name: str, text: str, shown: str) -> None:
    erin = Person(pair.a, "erin")
    body = f'{{"type": "{measured}", "properties": {{"{name}": {text}}}}}'
    answer = erin.post("/entities", content=body, headers={"content-type": "application/json"})
    assert answer.status_code == 201, answer.text
    assert f'"{name}":{shown}' in answer.text
    away, path = Person(pair.b, "anna"), f"/entities/{answer.json()['guid']}"
    eventually(lambda: away.get(path).status_code == 200, "it is known there")
    assert f'"{name}":{shown}' in away.get(path).text


@pytest.mark.parametrize(("name", "text"), [("ratio", "1e400"), ("ratio", "1" + "0" * 400), ("count", "1e400")])
def test_a_number_that_its_type_does_not_hold_is_refused(pair: Pair, measured: str, name: str, text: str) -> None:
    body = f'{{"type": "{measured}", "properties": {{"{name}": {text}}}}}'
    answer = Person(pair.a, "erin").post("/entities", content=body, headers={"content-type": "application/json"})
    is_problem(answer, 422, name, pointer=f"/properties/{name}")

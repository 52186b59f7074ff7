"""Malformed REST requests: each is answered with what is wrong and where, and the worker stays well."""

from typing import Any
from uuid import uuid4

import pytest
from e2e_samples import Bean

from omrs_schemas.typedefs.system import TypeSystem
from omrs_streams.client import MetadataClient
from workers import Pair, eventually

pytestmark = pytest.mark.kafka

TYPES = TypeSystem.builtin()
TERM = TYPES.require(name="GlossaryTerm")["guid"]
TODO = TYPES.require(name="ToDo")["guid"]
SYNONYM = TYPES.require(name="Synonym")["guid"]
DEEP = (
    b'{"initialProperties":'
    + b'{"class":"InstanceProperties","instanceProperties":{"a":' * 300
    + b"1"
    + b"}}" * 300
    + b"}"
)

NEW = "/instances/entity"
LINK = "/instances/relationship"
FIND = "/instances/entities"
BY_PROPERTY = "/instances/entities/by-property"
TYPEDEF = "/types/typedef"
GUID = "{guid}"  # of an entity that exists


def value(category: str, primitive: Any, **more: Any) -> Bean:
    return {
        "class": "PrimitivePropertyValue",
        "instancePropertyCategory": "PRIMITIVE",
        "primitiveDefCategory": f"OM_PRIMITIVE_TYPE_{category}",
        "primitiveValue": primitive,
        **more,
    }


def entity(**properties: Any) -> Bean:
    initial = {"class": "InstanceProperties", "instanceProperties": properties}
    return {"entityTypeGUID": TODO, "initialProperties": initial}


def search(operator: str, of: str = "displayName", given: Any = None, **more: Any) -> Bean:
    condition = {"property": of, "operator": operator, "value": given, **more}
    return {"typeGUID": TODO, "matchProperties": {"conditions": [condition], "matchCriteria": "ALL"}}


BODIES: list[tuple[str, str, Any, tuple[str, ...]]] = [
    # what, path, body (bytes: as they are), words of the message
    ("nothing", NEW, b"", ("request body",)),
    ("blank", NEW, b"  \n", ("request body",)),
    ("half a body", NEW, b'{"entityTypeGUID": "', ("not JSON",)),
    ("no UTF-8", NEW, b"\xff\xfe\x00", ("not JSON",)),
    ("half a character", NEW, b'{"entityTypeGUID": "\\ud800"}', ("not JSON",)),
    ("XML", NEW, b"<entity/>", ("not JSON",)),
    ("a list", NEW, [], ("JSON object", "list")),
    ("a text", NEW, "GlossaryTerm", ("JSON object", "str")),
    ("a null", NEW, b"null", ("JSON object",)),
    ("a thousand levels", NEW, b"[" * 3000, ("not JSON",)),
    ("values in values in values", NEW, DEEP, ("initialProperties",)),
    ("type is a number", NEW, {"entityTypeGUID": 5}, ("/entityTypeGUID",)),
    ("no type", NEW, {}, ("type",)),
    ("unknown status", NEW, {"entityTypeGUID": TERM, "initialStatus": "HAPPY"}, ("/initialStatus", "HAPPY")),
    ("properties are a text", NEW, {"entityTypeGUID": TERM, "initialProperties": "x"}, ("/initialProperties",)),
    ("a bare value", NEW, entity(displayName="x"), ("displayName",)),
    ("a value of no class", NEW, entity(displayName={"primitiveValue": "x"}), ("displayName",)),
    ("a value of an unknown class", NEW, entity(displayName={"class": "Wrong"}), ("displayName", "Wrong")),
    ("an unknown primitive", NEW, entity(displayName=value("TEXT", "x")), ("displayName", "OM_PRIMITIVE_TYPE_TEXT")),
    ("text for a number", NEW, entity(priority=value("INT", "many")), ("priority",)),
    ("a number that is too big", NEW, entity(priority=value("INT", 2**40)), ("priority",)),
    ("text for a date", NEW, entity(dueTime=value("DATE", "tomorrow")), ("dueTime",)),
    ("another category", NEW, entity(priority=value("STRING", "1")), ("priority", "OM_PRIMITIVE_TYPE_INT")),
    ("a property of no type", NEW, entity(colour=value("STRING", "red")), ("colour", "ToDo")),
    ("a property without name", NEW, entity(**{"": value("STRING", "red")}), ("name",)),
    (
        "classifications are an object",
        NEW,
        {"entityTypeGUID": TERM, "initialClassifications": {}},
        ("/initialClassifications",),
    ),
    (
        "a classification without name",
        NEW,
        {"entityTypeGUID": TERM, "initialClassifications": [{"class": "Classification"}]},
        ("lassification", "name"),
    ),
    ("five megabytes", NEW, entity(displayName=value("STRING", "x" * 5_000_000)), ("bytes",)),
    ("an external entity of nobody", f"{NEW}/external", entity(), ("external source",)),
    ("properties are null", f"{NEW}/{GUID}/properties", {"instanceProperties": None}, ("properties", GUID)),
    (
        "properties are a list",
        f"{NEW}/{GUID}/properties",
        {"instanceProperties": {"class": "InstanceProperties", "instanceProperties": []}},
        ("/instanceProperties",),
    ),
    ("a status object", f"{NEW}/{GUID}/status", {"status": "ACTIVE"}, ("JSON string", "dict")),
    ("an unknown status", f"{NEW}/{GUID}/status", "HAPPY", ("HAPPY",)),
    ("delete nothing", f"{NEW}/{GUID}/delete", {"typeDefGUID": 1}, ("/typeDefGUID",)),
    ("a time in words", f"{NEW}/{GUID}/history", {"asOfTime": "yesterday"}, ("/asOfTime",)),
    ("a time that is an object", f"{NEW}/{GUID}/history", {"asOfTime": {}}, ("/asOfTime",)),
    ("many pages", f"{NEW}/{GUID}/history/all", {"pageSize": "many"}, ("/pageSize",)),
    ("sideways", f"{NEW}/{GUID}/history/all", {"sequencingOrder": "SIDEWAYS"}, ("/sequencingOrder", "SIDEWAYS")),
    ("relationships of a page", f"{NEW}/{GUID}/relationships", {"pageSize": -2}, ("pageSize", "-2")),
    ("an unknown relationship type", f"{NEW}/{GUID}/relationships", {"typeGUID": "tt"}, ("tt",)),
    ("a relationship of nothing", LINK, {"relationshipTypeGUID": SYNONYM}, ("entityOneGUID",)),
    ("a relationship of an entity type", LINK, {"relationshipTypeGUID": TERM}, ("GlossaryTerm", "RELATIONSHIP_DEF")),
    (
        "a relationship to nowhere",
        LINK,
        {"relationshipTypeGUID": SYNONYM, "entityOneGUID": GUID, "entityTwoGUID": "nowhere"},
        ("nowhere", "entityTwoGUID"),
    ),
    ("find a number", FIND, {"typeGUID": 7}, ("/typeGUID",)),
    ("find an unknown type", FIND, {"typeGUID": "gg"}, ("gg",)),
    ("find by a text", FIND, {"matchProperties": "name=x"}, ("/matchProperties",)),
    ("an unknown operator", FIND, search("ALMOST", given=value("STRING", "x")), ("operator", "ALMOST")),
    ("no operator", FIND, search(None, given=value("STRING", "x")), ("operator",)),
    ("a comparison with nothing", FIND, search("EQ"), ("displayName",)),
    ("LIKE a number", FIND, search("LIKE", "priority", value("INT", 1)), ("LIKE", "conditions[0]")),
    ("IN one value", FIND, search("IN", "priority", value("INT", 1)), ("IN", "conditions[0]")),
    (
        "nested and plain",
        FIND,
        search("EQ", given=value("STRING", "x"), nestedConditions={"conditions": [], "matchCriteria": "ALL"}),
        ("nested",),
    ),
    ("a negative page", FIND, {"pageSize": -1}, ("pageSize", "-1")),
    ("a negative offset", FIND, {"offset": -1}, ("offset", "-1")),
    ("a broken page", FIND, {"pageSize": 1.5}, ("/pageSize",)),
    ("an unknown order", FIND, {"sequencingOrder": "UPWARDS"}, ("/sequencingOrder", "UPWARDS")),
    ("an unknown status to find", FIND, {"limitResultsByStatus": ["GONE"]}, ("/limitResultsByStatus/0", "GONE")),
    ("subtypes are a text", FIND, {"subtypeGUIDs": TODO}, ("/subtypeGUIDs",)),
    (
        "no criteria",
        BY_PROPERTY,
        {"matchProperties": {"class": "InstanceProperties", "instanceProperties": {"source": value("STRING", "x")}}},
        ("matchCriteria",),
    ),
    (
        "a pattern that is none",
        BY_PROPERTY,
        {
            "matchCriteria": "ALL",
            "matchProperties": {
                "class": "InstanceProperties",
                "instanceProperties": {"source": value("STRING", "a{2,1}(")},
            },
        },
        ("a{2,1}(",),
    ),
    ("no search text", f"{FIND}/by-property-value", {}, ("searchCriteria",)),
    ("an unknown classification", f"{FIND}/by-classification/Nothing", {}, ("Nothing",)),
    ("a type without class", TYPEDEF, {"name": "X"}, ("class",)),
    ("a type without guid", TYPEDEF, {"class": "EntityDef", "name": "X"}, ("guid",)),
    ("a type without name", TYPEDEF, {"class": "EntityDef", "guid": "1-2-3"}, ("name",)),
    (
        "a type below nothing",
        TYPEDEF,
        {
            "class": "EntityDef",
            "guid": "1-2-3",
            "name": "E2eOrphan",
            "category": "ENTITY_DEF",
            "superType": {"guid": "4-5-6", "name": "Nowhere"},
        },
        ("4-5-6",),
    ),
    ("an attribute type that is none", "/types/attribute-typedef", {"class": "EntityDef"}, ("class",)),
]


@pytest.fixture(scope="session")
def known(running_pair: Pair) -> str:
    return str(running_pair.a.client().add_entity("ToDo", {"qualifiedName": "to be left alone"})["guid"])


@pytest.mark.parametrize(("path", "body", "words"), [case[1:] for case in BODIES], ids=[case[0] for case in BODIES])
def test_a_malformed_body_is_named(pair: Pair, known: str, path: str, body: Any, words: tuple[str, ...]) -> None:
    rest = pair.a.rest()
    path = path.replace(GUID, known)
    if isinstance(body, bytes):
        answer = rest.post(path, content=body, headers={"content-type": "application/json"})
    else:
        if isinstance(body, dict) and body.get("entityOneGUID") == GUID:
            body = {**body, "entityOneGUID": known}
        answer = rest.post(path, json=body)
    assert answer.status_code in (200, 400), answer.text[:500]
    said = answer.json()
    assert said["relatedHTTPCode"] in range(400, 500), said
    message = said["exceptionErrorMessage"]
    assert said["exceptionErrorMessageId"] in message and said["exceptionUserAction"]
    for word in words:
        assert word.replace(GUID, known) in message, message
    assert len(message) < 3000


def test_nothing_changed_and_the_worker_is_well(pair: Pair, known: str) -> None:
    client = pair.a.client()
    assert client.get_entity(known)["version"] == 1 and client.relationships_of(known) == []
    assert pair.a.ask("/health") == {"status": "ok", "reason": ""}
    assert pair.a.ask("/ready") == {"ready": True, "waiting": {}}


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("DELETE", "/instances/entity/x", 405),
        ("GET", "/instances/nothing", 404),
        ("POST", "/instances/entity/x/y/z", 404),
    ],
)
def test_paths_that_are_not_there(pair: Pair, method: str, path: str, status: int) -> None:
    answer = pair.a.rest().request(method, path, follow_redirects=True)
    assert answer.status_code == status


def test_headers_that_cannot_be_used(pair: Pair, known: str) -> None:
    rest = pair.a.rest()
    for header, text in (("If-Match", '"x"'), ("If-Match", "*"), ("If-Match", '"1", "2"')):
        answer = rest.post(f"/instances/entity/{known}/status", json="ACTIVE", headers={header: text}).json()
        assert answer["relatedHTTPCode"] == 400 and text in answer["exceptionErrorMessage"]


def test_an_event_id_of_any_text_is_one(alice: MetadataClient) -> None:
    for event_id in ("x", "with space", "x" * 1000, str(uuid4())):
        first = alice.add_entity("Referenceable", {}, event_id=event_id)
        assert alice.add_entity("Referenceable", {}, event_id=event_id) == first


def test_a_large_instance_travels_whole(alice: MetadataClient, bob: MetadataClient) -> None:
    made = alice.add_entity("Referenceable", {"qualifiedName": "large", "description": uuid4().hex * 70_000})
    eventually(lambda: bob.find_entity(made["guid"]) == made, "2.2 MB arrive", within=60)

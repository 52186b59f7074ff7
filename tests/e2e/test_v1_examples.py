"""The request bodies that the document of `/api/v1` shows are taken as they are."""

from typing import Any

from v1_people import Person

from workers import Pair


def test_every_example_of_a_body_succeeds(pair: Pair) -> None:
    erin = Person(pair.a, "erin")
    shown = bodies(erin.get("/openapi.json").json())
    made: dict[str, list[dict[str, Any]]] = {}

    def send(operation: str, method: str, path: str, **instead: Any) -> None:
        for title, body in shown.pop(operation).items():
            answer = erin.request(method, path, json={**body, **instead})
            assert answer.status_code in (200, 201), f"{operation}, {title}: {answer.text}"
            made.setdefault(operation, []).append(answer.json())

    send("createEntity", "POST", "/entities")
    one, other = (entity["guid"] for entity in made["createEntity"])
    send("createRelationship", "POST", "/relationships", end1=one, end2=other)
    send("putClassification", "PUT", f"/entities/{other}/classifications/Confidentiality")
    send("patchClassification", "PATCH", f"/entities/{other}/classifications/Confidentiality")
    send("searchEntities", "POST", "/search/entities")
    assert {one, other} <= {found["guid"] for found in made["searchEntities"][0]["items"]}
    send("searchRelationships", "POST", "/search/relationships")
    assert made["searchRelationships"][0]["items"]
    send("createType", "POST", "/types")
    send("patchType", "PATCH", f"/types/{made['createType'][0]['name']}")
    send("createAttributeType", "POST", "/attribute-types")
    assert shown == {}


def bodies(document: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """The examples by operation and title."""
    found = {}
    for path in document["paths"].values():
        for operation in path.values():
            content = operation.get("requestBody", {}).get("content", {})
            examples = content.get("application/json", {}).get("examples")
            if examples:
                found[operation["operationId"]] = {title: each["value"] for title, each in examples.items()}
    return found

"""Changes through the federated repository go to the home, and nowhere else; creates to the first that takes them."""

from collections.abc import Iterator
from typing import Any
from uuid import uuid4

import pytest
from e2e_samples import refused
from federated_pair import SYNONYM, TERM, UNKNOWN, Two, good, term, text, texts, two_apart

from omrs_streams.log.embedded import Endpoint
from workers import eventually, unique

pytestmark = pytest.mark.kafka

CONFIDENTIALITY = "Confidentiality"
OF_TERM = {"class": "TypeDefValidationForRequest", "typeDefGUID": TERM, "typeDefName": "GlossaryTerm"}
OF_SYNONYM = {"class": "TypeDefValidationForRequest", "typeDefGUID": SYNONYM, "typeDefName": "Synonym"}


@pytest.fixture(scope="module")
def two(kafka: Endpoint, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Two]:
    with two_apart(tmp_path_factory.mktemp("federation"), kafka.bootstrap_servers) as found:
        yield found


def level(value: int) -> dict[str, Any]:
    number = {
        "class": "PrimitivePropertyValue",
        "headerVersion": 1,
        "instancePropertyCategory": "PRIMITIVE",
        "primitiveDefCategory": "OM_PRIMITIVE_TYPE_INT",
        "primitiveValue": value,
    }
    properties = {"class": "InstanceProperties", "headerVersion": 1, "instanceProperties": {"confidence": number}}
    return {"class": "InstancePropertiesRequest", "instanceProperties": properties}


def test_an_entity_is_created_here(two: Two) -> None:
    body = {
        "class": "EntityCreateRequest",
        "entityTypeGUID": TERM,
        "initialProperties": texts(qualifiedName=unique("c")),
    }
    made = good(two.ask("/instances/entity", body))["entity"]
    assert made["metadataCollectionId"] == two.near_id
    assert good(two.near.rest().get(f"/instances/entity/{made['guid']}"))["entity"]["guid"] == made["guid"]


def test_what_is_wrong_with_a_new_entity_is_said_and_nobody_else_asked(two: Two) -> None:
    bad = {"class": "EntityCreateRequest", "entityTypeGUID": TERM, "initialProperties": texts(nonsense="x")}
    refused(two.ask("/instances/entity", bad), "OMRS-REPOSITORY-400-028", "PropertyErrorException")


def test_an_update_reaches_the_home(two: Two) -> None:
    guid = term(two.far.client(), unique("update"))["guid"]
    name = unique("updated")
    body = {"class": "InstancePropertiesRequest", "instanceProperties": texts(qualifiedName=name)}
    changed = good(two.ask(f"/instances/entity/{guid}/properties", body))["entity"]
    assert (text(changed, "qualifiedName"), changed["version"]) == (name, 2)
    held = two.far.client().get_entity(guid)
    assert (text(held, "qualifiedName"), held["version"], held["metadataCollectionId"]) == (name, 2, two.far_id)
    undone = good(two.ask(f"/instances/entity/{guid}/previous"))["entity"]
    assert undone["version"] == 3 and text(undone, "qualifiedName") != name


def test_a_change_is_made_once_however_often_it_is_sent(two: Two) -> None:
    guid = term(two.far.client(), unique("once"))["guid"]
    body = {"class": "InstancePropertiesRequest", "instanceProperties": texts(qualifiedName=unique("twice"))}
    headers = {"X-Omrs-Event-Id": str(uuid4())}
    for _ in range(2):
        path = f"/enterprise/instances/entity/{guid}/properties"
        answer = two.near.rest().post(path, json=body, headers=headers).json()
        assert answer["relatedHTTPCode"] == 200
    assert two.far.client().get_entity(guid)["version"] == 2


def test_if_match_holds_at_the_home(two: Two) -> None:
    guid = term(two.far.client(), unique("match"))["guid"]
    tag = two.ask(f"/instances/entity/{guid}").headers["etag"]
    body = {"class": "InstancePropertiesRequest", "instanceProperties": texts(qualifiedName=unique("match"))}
    path = f"/enterprise/instances/entity/{guid}/properties"
    first = two.near.rest().post(path, json=body, headers={"if-match": tag})
    assert first.json()["relatedHTTPCode"] == 200 and first.headers["etag"] != tag
    again = two.near.rest().post(path, json=body, headers={"if-match": tag})
    refused(again, "OMRS-STREAMS-409-001", "InvalidParameterException", guid)


def test_delete_restore_and_purge(two: Two) -> None:
    guid = term(two.far.client(), unique("delete"))["guid"]
    early = two.ask(f"/instances/entity/{guid}/purge", OF_TERM)
    refused(early, "OMRS-REPOSITORY-400-046", "EntityNotDeletedException")
    assert good(two.ask(f"/instances/entity/{guid}/delete", OF_TERM))["entity"]["status"] == "DELETED"
    refused(two.ask(f"/instances/entity/{guid}"), "OMRS-REPOSITORY-404-013", "EntityNotKnownException")
    assert good(two.ask(f"/instances/entity/{guid}/restore"))["entity"]["status"] == "ACTIVE"
    good(two.ask(f"/instances/entity/{guid}/delete", OF_TERM))
    good(two.ask(f"/instances/entity/{guid}/purge", OF_TERM))
    refused(two.ask(f"/instances/entity/{guid}"), "OMRS-REPOSITORY-404-002", "EntityNotKnownException")


def test_nothing_is_changed_that_nobody_knows(two: Two) -> None:
    body = {"class": "InstancePropertiesRequest", "instanceProperties": texts(qualifiedName="x")}
    answer = two.ask(f"/instances/entity/{UNKNOWN}/properties", body)
    refused(answer, "OMRS-REPOSITORY-404-002", "EntityNotKnownException")
    answer = two.ask(f"/instances/relationship/{UNKNOWN}/delete", OF_SYNONYM)
    refused(answer, "OMRS-REPOSITORY-404-011", "RelationshipNotKnownException")


def test_a_relationship_between_entities_of_two_members(two: Two) -> None:
    ours, theirs = term(two.near.client(), unique("ours")), term(two.far.client(), unique("theirs"))
    body = {
        "class": "RelationshipCreateRequest",
        "relationshipTypeGUID": SYNONYM,
        "entityOneGUID": ours["guid"],
        "entityTwoGUID": theirs["guid"],
    }
    made = good(two.ask("/instances/relationship", body))["relationship"]
    assert made["metadataCollectionId"] == two.near_id
    assert made["entityTwoProxy"]["metadataCollectionId"] == two.far_id
    guid = made["guid"]
    find = {"class": "TypeLimitedFindRequest"}
    at_theirs = good(two.ask(f"/instances/entity/{theirs['guid']}/relationships", find))["relationships"]
    assert [each["guid"] for each in at_theirs] == [guid]
    graph = good(two.ask(f"/instances/entities/from-entity/{ours['guid']}/by-neighborhood?level=1", {}))
    assert [each["guid"] for each in graph["entityElementList"]] == [ours["guid"]], "near has no more than a proxy"
    assert good(two.ask(f"/instances/relationship/{guid}/delete", OF_SYNONYM))["relationship"]["status"] == "DELETED"


def test_a_relationship_needs_both_entities(two: Two) -> None:
    ours = term(two.near.client(), unique("alone"))
    body = {
        "class": "RelationshipCreateRequest",
        "relationshipTypeGUID": SYNONYM,
        "entityOneGUID": ours["guid"],
        "entityTwoGUID": UNKNOWN,
    }
    refused(two.ask("/instances/relationship", body), "OMRS-REPOSITORY-404-002", "EntityNotKnownException", UNKNOWN)


def test_a_classification_is_given_at_the_home_of_the_entity(two: Two) -> None:
    guid = term(two.far.client(), unique("classify"))["guid"]
    path = f"/instances/entity/{guid}/classification/{CONFIDENTIALITY}"
    [given] = good(two.ask(path, level(10)))["entity"]["classifications"]
    assert (given["name"], given["metadataCollectionId"]) == (CONFIDENTIALITY, two.far_id)
    [again] = good(two.ask(path, level(10)))["entity"]["classifications"]
    assert again["version"] == given["version"], "the same classification once more changes nothing"
    refused(two.ask(path, level(20)), "OMRS-REPOSITORY-400-081", "ClassificationErrorException", guid)
    [changed] = good(two.ask(f"{path}/properties", level(20)))["entity"]["classifications"]
    assert changed["version"] > given["version"]
    assert "classifications" not in good(two.ask(f"{path}/delete", None, method="POST"))["entity"]
    assert "classifications" not in two.far.client().get_entity(guid)
    gone = two.ask(f"{path}/delete", None, method="POST")
    refused(gone, "OMRS-REPOSITORY-400-048", "ClassificationErrorException", guid)


def test_a_classification_away_from_the_home_of_its_entity(two: Two) -> None:
    """near classifies a term of far by a proxy; far does not keep what others say of its terms' classifications."""
    made = term(two.far.client(), unique("away"))
    guid = made["guid"]
    proxy = {name: value for name, value in made.items() if name != "properties"} | {"class": "EntityProxy"}
    body = {**level(5), "class": "ProxyClassificationRequest", "entityProxy": proxy}
    given = two.near.rest().post(f"/instances/entity/classification/{CONFIDENTIALITY}", json=body).json()
    assert given["classification"]["metadataCollectionId"] == two.near_id, given

    def seen() -> list[str]:
        entity = good(two.ask(f"/instances/entity/{guid}"))["entity"]
        return [each["metadataCollectionId"] for each in entity.get("classifications", [])]

    assert seen() == [two.near_id]
    found = good(two.ask("/instances/entities/by-property-value?searchCriteria=away.*", {}))["entities"]
    [entity] = [each for each in found if each["guid"] == guid]
    assert [each["name"] for each in entity["classifications"]] == [CONFIDENTIALITY]
    path = f"/instances/entity/{guid}/classification/{CONFIDENTIALITY}"
    [changed] = good(two.ask(f"{path}/properties", level(6)))["entity"]["classifications"]
    assert (changed["metadataCollectionId"], changed["version"] > 1) == (two.near_id, True)
    good(two.ask(f"{path}/delete", None, method="POST"))
    assert seen() == []
    eventually(lambda: "classifications" not in two.far.client().get_entity(guid), "far shows none either")


def test_copies_are_asked_for_of_what_was_found(two: Two) -> None:
    """A comment that near has lost is found at far, and its copy comes back by itself."""
    made = two.far.client().add_entity("Comment", {"qualifiedName": unique("learn"), "description": "words"})
    guid = made["guid"]
    at_near = f"/instances/entity/{guid}"
    eventually(lambda: "entity" in two.near.rest().get(at_near).json(), "near has a copy")
    forget = f"/instances/entities/reference-copy/{guid}/purge?homeMetadataCollectionId={two.far_id}"
    kind = made["type"]
    body = {
        "class": "TypeDefValidationForRequest",
        "typeDefGUID": kind["typeDefGUID"],
        "typeDefName": kind["typeDefName"],
    }
    assert two.near.rest().post(forget, json=body).json()["relatedHTTPCode"] == 200
    assert two.near.rest().get(at_near).json()["relatedHTTPCode"] == 404
    assert good(two.ask(at_near))["entity"]["guid"] == guid
    eventually(lambda: "entity" in two.near.rest().get(at_near).json(), "the copy has come back")

"""Relationships over REST: ends, versions, and what happens to them when an entity goes."""

import time
from uuid import uuid4

import pytest
from e2e_samples import refused

from omrs_schemas.errors import (
    EntityNotKnownError,
    InvalidParameterError,
    RelationshipNotDeletedError,
    RelationshipNotKnownError,
)
from omrs_schemas.model.values import from_properties
from omrs_streams.client import ExternalSource, MetadataClient
from workers import Pair, deleted, eventually

pytestmark = pytest.mark.kafka


@pytest.fixture
def terms(alice: MetadataClient) -> tuple[str, str]:
    one, two = (alice.add_entity("GlossaryTerm", {"qualifiedName": f"Term:{uuid4()}"})["guid"] for _ in "12")
    return one, two


def test_a_relationship_carries_proxies_of_its_ends(alice: MetadataClient, terms: tuple[str, str], pair: Pair) -> None:
    alice.classify(terms[0], "Confidentiality", {"confidentialityLevel": 2})
    made = alice.add_relationship("Synonym", *terms, {"description": "same", "confidence": 80})
    assert made["class"] == "Relationship" and (made["version"], made["status"]) == (1, "ACTIVE")
    assert (made["createdBy"], made["metadataCollectionId"]) == ("alice", pair.ids[0])
    assert from_properties(made["properties"]) == {"description": "same", "confidence": 80}
    for name, guid in zip(("entityOneProxy", "entityTwoProxy"), terms, strict=True):
        proxy, entity = made[name], alice.get_entity(guid)
        assert proxy["class"] == "EntityProxy" and proxy["guid"] == guid
        unique = from_properties(proxy["uniqueProperties"])
        assert unique == {"qualifiedName": from_properties(entity["properties"])["qualifiedName"]}
        for header in ("type", "version", "createTime", "createdBy", "metadataCollectionId"):
            assert proxy[header] == entity[header]
    assert made["entityOneProxy"]["classifications"][0]["name"] == "Confidentiality"
    assert alice.get_relationship(made["guid"]) == made == alice.find_relationship(made["guid"])
    answer = pair.a.rest().get(made["instanceURL"]).json()
    assert answer["relationship"]["guid"] == made["guid"]
    for guid in terms:
        assert alice.relationships_of(guid) == [made]
        assert alice.relationships_of(guid, "RelatedTerm") == []
        assert alice.relationships_of(guid, "Synonym") == [made]


def test_the_life_of_a_relationship(alice: MetadataClient, terms: tuple[str, str]) -> None:
    made = alice.add_relationship("Synonym", *terms, {"description": "v1"})
    guid = made["guid"]
    time.sleep(0.002)
    changed = alice.as_user("carol").update_relationship_properties(guid, {"description": "v2"})
    assert (changed["version"], changed["updatedBy"]) == (2, "carol")
    undone = alice.undo_relationship(guid)
    assert (undone["version"], from_properties(undone["properties"])) == (3, {"description": "v1"})
    assert alice.update_relationship_status(guid, "ACTIVE")["version"] == 4
    with pytest.raises(RelationshipNotDeletedError) as alive:
        alice.purge_relationship(guid)
    assert alive.value.code == "OMRS-REPOSITORY-400-046"
    gone = alice.delete_relationship(guid)
    assert (gone["version"], gone["status"], gone["statusOnDelete"]) == (5, "DELETED", "ACTIVE")
    with pytest.raises(RelationshipNotKnownError) as hidden:
        alice.get_relationship(guid)
    assert hidden.value.code == "OMRS-REPOSITORY-404-012"
    assert alice.find_relationship(guid) == gone
    assert alice.relationships_of(terms[0]) == []
    assert guid in {found["guid"] for found in alice.find_relationships("Synonym", statuses=["DELETED"])}
    with pytest.raises(InvalidParameterError) as twice:
        alice.delete_relationship(guid)
    assert twice.value.code == "OMRS-REPOSITORY-400-045"
    back = alice.restore_relationship(guid)
    assert (back["version"], back["status"]) == (6, "ACTIVE")
    assert alice.relationships_of(terms[1]) == [back]
    assert alice.get_relationship(guid, as_of=made["createTime"]) == made
    event_id = str(uuid4())
    alice.delete_relationship(guid)
    for _ in range(2):
        alice.purge_relationship(guid, type_name="Synonym", event_id=event_id)
    assert alice.find_relationship(guid) is None
    with pytest.raises(RelationshipNotKnownError):
        alice.get_relationship(guid)


def test_the_history_of_a_relationship(alice: MetadataClient, terms: tuple[str, str], pair: Pair) -> None:
    guid = alice.add_relationship("Synonym", *terms, {"description": "v1"})["guid"]
    alice.update_relationship_properties(guid, {"description": "v2"})
    for order, versions in (("FORWARDS", [1, 2]), ("BACKWARDS", [2, 1]), (None, [2, 1])):
        body = {"sequencingOrder": order} if order else {}
        found = pair.a.rest().post(f"/instances/relationship/{guid}/history/all", json=body).json()["relationships"]
        assert [each["version"] for each in found] == versions


def test_ends_must_be_known_and_of_the_right_types(alice: MetadataClient, terms: tuple[str, str], pair: Pair) -> None:
    folder = alice.add_entity("FileFolder", {"qualifiedName": "Folder:x"})["guid"]
    with pytest.raises(InvalidParameterError, match="FileFolder") as wrong:
        alice.add_relationship("Synonym", terms[0], folder)
    assert wrong.value.code == "OMRS-REPOSITORY-400-047"
    with pytest.raises(InvalidParameterError) as swapped:
        alice.add_relationship("SemanticAssignment", terms[0], folder)
    assert swapped.value.code == "OMRS-REPOSITORY-400-047"
    assert alice.add_relationship("SemanticAssignment", folder, terms[0])["version"] == 1
    nobody = str(uuid4())
    link = alice.add_relationship("Synonym", *terms)["guid"]
    for ends in ((nobody, terms[0]), (terms[0], nobody), (link, terms[0])):
        with pytest.raises(EntityNotKnownError):
            alice.add_relationship("Synonym", *ends)
    alice.delete_entity(folder)
    with pytest.raises(EntityNotKnownError, match=folder):
        alice.add_relationship("SemanticAssignment", folder, terms[0])
    rest = pair.a.rest()
    body = {"relationshipTypeGUID": alice.type_guid("Synonym"), "entityOneGUID": terms[0]}
    refused(rest.post("/instances/relationship", json=body), "OMRS-REPOSITORY-400-014", "InvalidParameterException")


def test_an_external_relationship(alice: MetadataClient, terms: tuple[str, str], pair: Pair) -> None:
    source = ExternalSource(str(uuid4()), "crm")
    made = alice.add_relationship("Synonym", *terms, external_source=source)
    assert (made["metadataCollectionId"], made["replicatedBy"]) == (source.guid, pair.ids[0])
    assert alice.get_relationship(made["guid"])["instanceProvenanceType"] == "EXTERNAL_SOURCE"


def test_if_match_on_a_relationship(alice: MetadataClient, terms: tuple[str, str], pair: Pair) -> None:
    guid = alice.add_relationship("Synonym", *terms)["guid"]
    rest = pair.a.rest()
    tag = rest.get(f"/instances/relationship/{guid}").headers["etag"]
    path = f"/instances/relationship/{guid}/status"
    assert rest.post(path, json="ACTIVE", headers={"If-Match": tag}).json()["relationship"]["version"] == 2
    answer = rest.post(path, json="ACTIVE", headers={"If-Match": tag})
    refused(answer, "OMRS-STREAMS-409-001", "InvalidParameterException", guid)


def test_deleting_an_entity_deletes_its_relationships(alice: MetadataClient, terms: tuple[str, str]) -> None:
    links = [alice.add_relationship(name, *terms) for name in ("Synonym", "Antonym", "RelatedTerm")]
    alice.add_relationship("Synonym", terms[1], terms[1])  # at both ends the other entity: stays
    alice.delete_entity(terms[0])
    for link in links:
        assert deleted(alice, link["guid"], relationship=True)["version"] == 2
    assert len(alice.relationships_of(terms[1])) == 1
    alice.restore_entity(terms[0])
    assert alice.relationships_of(terms[0]) == []  # what the cascade deleted is not restored
    alice.delete_entity(terms[0])
    alice.purge_entity(terms[0], type_name="GlossaryTerm")

    def purged() -> bool:
        return all(alice.find_relationship(link["guid"]) is None for link in links)

    eventually(purged, "the relationships of a purged entity go", within=60)


def test_relationships_of_an_entity_in_pages_and_in_the_past(alice: MetadataClient, terms: tuple[str, str]) -> None:
    links = [alice.add_relationship("Synonym", *terms, {"description": f"{n}"}) for n in range(5)]
    time.sleep(0.002)
    then = max(link["createTime"] for link in links)
    pages = [alice.relationships_of(terms[0], page_size=2, offset=offset) for offset in (0, 2, 4)]
    assert sorted(each["guid"] for page in pages for each in page) == sorted(link["guid"] for link in links)
    assert [len(page) for page in pages] == [2, 2, 1]
    time.sleep(0.002)
    alice.delete_relationship(links[0]["guid"])
    assert len(alice.relationships_of(terms[0])) == 4
    assert len(alice.relationships_of(terms[0], as_of=then)) == 5
    with pytest.raises(EntityNotKnownError):
        alice.relationships_of(str(uuid4()))
    with pytest.raises(InvalidParameterError) as future:
        alice.relationships_of(terms[0], as_of=then + 10**9)
    assert future.value.code == "OMRS-REPOSITORY-400-038"

"""The blocking and the asynchronous client against real servers: one set of tests for both."""

import asyncio
import threading
from collections.abc import Iterator
from typing import Any
from uuid import uuid4

import pytest
from e2e_samples import entity_def, known_types

from clients import KINDS, client_of_kind
from omrs_schemas.errors import (
    EntityNotDeletedError,
    EntityNotKnownError,
    FunctionNotSupportedError,
    RevisionConflictError,
    TypeDefNotKnownError,
)
from omrs_schemas.model.instances import EntityDetail
from omrs_streams.client import Condition, MetadataClient, SearchProperties, starts_with
from workers import Pair, eventually, moment, purge_old, unique

pytestmark = pytest.mark.kafka
TERM = "GlossaryTerm"


@pytest.fixture(params=KINDS)
def client(request: pytest.FixtureRequest, pair: Pair) -> Iterator[Any]:
    """A client of server A, of either kind."""
    with (
        asyncio.Runner() as runner,
        client_of_kind(request.param, runner, pair.a.url, pair.a.server, "carol", types=known_types()) as made,
    ):
        yield made


def names(name: str) -> dict[str, str]:
    return {"qualifiedName": name, "displayName": name}


def test_the_life_of_an_entity(client: Any) -> None:
    name = unique("term")
    made = client.add_entity(TERM, names(name), event_id=name)
    assert client.add_entity(TERM, names(name), event_id=name).guid == made.guid
    assert made.plain_properties == names(name) and isinstance(made.as_model(), EntityDetail)
    before = moment()
    client.update_entity_properties(made.guid, {**names(name), "description": "two"})
    client.classify(made.guid, "Confidentiality", {"confidentialityLevel": 1})
    client.reclassify(made.guid, "Confidentiality", {"confidentialityLevel": 2})
    assert client.home_classifications(made.guid)[0]["name"] == "Confidentiality"
    assert "classifications" not in client.declassify(made.guid, "Confidentiality")
    assert client.undo_entity(made.guid)["version"] == 3
    assert "description" not in client.get_entity(made.guid).plain_properties
    assert client.get_entity(made.guid, as_of=before)["version"] == 1
    assert [each["version"] for each in client.entity_history(made.guid, oldest_first=True)][-1] == 3
    with pytest.raises(EntityNotDeletedError):
        client.purge_entity(made.guid)
    assert client.delete_entity(made.guid)["status"] == "DELETED"
    with pytest.raises(EntityNotKnownError):
        client.get_entity(made.guid)
    assert client.find_entity(made.guid)["status"] == "DELETED"
    assert client.restore_entity(made.guid)["status"] == "ACTIVE"
    assert client.get_entity_summary(made.guid).as_model().guid == made.guid
    client.delete_entity(made.guid, type_name=TERM)
    client.purge_entity(made.guid, type_name=TERM)
    assert client.find_entity(made.guid) is None


def test_a_change_that_would_overwrite_is_refused(client: Any, alice: MetadataClient) -> None:
    made = client.add_entity(TERM, names(unique("term")))
    read = client.get_entity(made.guid)
    alice.update_entity_properties(made.guid, {**names("faster"), "description": "alice was here"})
    changes = [
        lambda: client.update_entity_properties(made.guid, names("later"), expected_revision=read.revision),
        lambda: client.classify(made.guid, "Confidentiality", expected_revision=read.revision),
        lambda: client.undo_entity(made.guid, expected_revision=read.revision),
        lambda: client.delete_entity(made.guid, expected_revision=read.revision),
    ]
    for change in changes:
        with pytest.raises(RevisionConflictError):
            change()
    again = client.get_entity(made.guid)
    assert again.plain_properties["description"] == "alice was here" and again.revision > read.revision
    client.update_entity_properties(made.guid, names("now"), expected_revision=again.revision)


def test_relationships_and_what_is_reached_by_them(client: Any) -> None:
    one, two, three = (client.add_entity(TERM, names(unique("term"))).guid for _ in range(3))
    first = client.add_relationship("Synonym", one, two, {"description": "alike"})
    second = client.add_relationship("Synonym", two, three)
    assert first.plain_properties == {"description": "alike"}
    client.update_relationship_properties(first.guid, {"description": "very much"})
    assert client.undo_relationship(first.guid)["version"] == 3
    history = client.relationship_history(first.guid)
    assert [each["version"] for each in history] == [3, 2, 1]
    assert {each.guid for each in client.relationships_of(two, "Synonym")} == {first.guid, second.guid}
    assert [each.guid for each in client.iter_relationships_of(two, page_size=1)] == sorted([first.guid, second.guid])
    around = client.neighborhood(one, 1, relationship_types=["Synonym"])
    assert {each.guid for each in around.entities} == {one, two} and around.relationships[0].guid == first.guid
    assert {each.guid for each in client.related_entities(one, entity_types=[TERM])} == {one, two, three}
    path = client.linking_entities(one, three)
    assert {each.guid for each in path.relationships} == {first.guid, second.guid}
    client.delete_relationship(second.guid)
    assert {each.guid for each in client.neighborhood(one, -1).entities} == {one, two}
    client.restore_relationship(second.guid)
    client.delete_relationship(second.guid, type_name="Synonym")
    client.purge_relationship(second.guid, type_name="Synonym")
    assert client.find_relationship(second.guid) is None


def test_finds(client: Any) -> None:
    mark = unique("find")
    made = [client.add_entity(TERM, names(f"{mark}-{number}")).guid for number in range(7)]
    client.classify(made[0], "Confidentiality", {"confidentialityLevel": 4})
    pattern = {"qualifiedName": starts_with(mark)}
    like = SearchProperties([Condition("qualifiedName", "LIKE", starts_with(mark))])
    assert len(client.find_entities(TERM, properties=like)) == 7
    ordered = client.find_entities_by_property(TERM, pattern, sort_property="qualifiedName", offset=2, page_size=3)
    assert [each.guid for each in ordered] == made[2:5]
    classified = client.find_entities_by_classification("Confidentiality", {"confidentialityLevel": 4}, type_name=TERM)
    assert made[0] in {each.guid for each in classified}
    assert len(client.find_entities_by_value(starts_with(mark), TERM, classifications=["Confidentiality"])) == 1
    assert client.find_by_unique_name(TERM, "qualifiedName", f"{mark}-3").guid == made[3]
    assert [each.guid for each in client.iter_entities(TERM, pattern, page_size=2)] == sorted(made)
    assert [each.guid for each in client.iter_entities(TERM, like, classifications=["Confidentiality"])] == made[:1]


def test_iterating_while_others_write(client: Any, alice: MetadataClient) -> None:
    """What stays is seen once, however much comes and goes; as of a time nothing does."""
    mark = unique("busy")
    kept = {client.add_entity(TERM, names(f"{mark}-{number}")).guid for number in range(40)}
    stop = threading.Event()

    def busy() -> None:
        while not stop.is_set():
            alice.delete_entity(alice.add_entity(TERM, names(f"{mark}-x"))["guid"], type_name=TERM)

    since = moment()
    other = threading.Thread(target=busy)
    other.start()
    try:
        pattern = {"qualifiedName": starts_with(mark)}
        for _ in range(3):
            seen = [each.guid for each in client.iter_entities(TERM, pattern, page_size=3)]
            assert len(seen) == len(set(seen)) and kept <= set(seen)
        assert {each.guid for each in client.iter_entities(TERM, pattern, page_size=7, as_of=since)} == kept
    finally:
        stop.set()
        other.join()


def test_types_that_come_and_change(client: Any) -> None:
    """Everything about a type, and a client that follows without being told."""
    old, new = unique("Ward").replace("-", ""), unique("Clinic").replace("-", "")
    with pytest.raises(TypeDefNotKnownError):
        client.add_entity(old, {})
    typedef = entity_def(old, attribute=f"words{old}")
    assert client.verify_typedef(typedef) is False
    client.add_typedef(typedef)
    assert client.verify_typedef(typedef) is True
    made = client.add_entity(old, {"qualifiedName": old, f"words{old}": "a"})
    assert client.get_typedef(name=old)["guid"] == client.get_typedef(typedef["guid"])["guid"] == typedef["guid"]
    assert old in {each["name"] for each in client.search_typedefs(f"{old}.*")}
    client.re_identify_typedef(typedef["guid"], old, str(uuid4()), new)
    guids = {made.guid}
    for name in (new, old):
        assert {each.guid for each in client.find_entities(name)} == guids
        guids.add(client.add_entity(name, {"qualifiedName": unique(name), f"words{old}": "b"}).guid)
    assert {each.guid for each in client.find_entities(old)} == guids
    assert client.types.is_type_of(old, "Referenceable")


def test_identity(client: Any, bob: MetadataClient, pair: Pair) -> None:
    made = client.add_entity("DataFile", {"qualifiedName": unique("file")})
    assert client.re_type_entity(made.guid, "CSVFile").type_name == "CSVFile"
    guid = str(uuid4())
    assert client.re_identify_entity(made.guid, guid).guid == guid
    purge_old(client, made.guid, "CSVFile")
    theirs = bob.add_entity(TERM, names(unique("term")))
    eventually(lambda: client.find_entity(theirs.guid), "the copy arrives")
    assert client.re_home_entity(theirs.guid, pair.ids[0])["metadataCollectionId"] == pair.ids[0]
    assert client.metadata_collection_id() == pair.ids[0]


def test_the_whole_cohort_answers(client: Any, bob: MetadataClient) -> None:
    """What is at home at B is found, changed and read through A."""
    mark = unique("cohort")
    theirs, ours = bob.add_entity(TERM, names(f"{mark}-b")), client.add_entity(TERM, names(f"{mark}-a"))
    everywhere = client.in_scope("cohort")
    pattern = {"qualifiedName": starts_with(mark)}
    assert {each.guid for each in everywhere.iter_entities(TERM, pattern)} == {theirs.guid, ours.guid}
    changed = everywhere.update_entity_properties(theirs.guid, {**names(f"{mark}-b"), "description": "by way of A"})
    assert changed["version"] == 2 and bob.get_entity(theirs.guid)["version"] == 2
    assert everywhere.get_entity(theirs.guid).plain_properties["description"] == "by way of A"
    with pytest.raises(FunctionNotSupportedError):
        everywhere.entity_history(theirs.guid)

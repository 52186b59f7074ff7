"""One virtual repository over ours and a real Egeria 4.2: each asks the other for what it has no copy of.

Our server sends nothing of its instances but those of one type and keeps no copies but those, so that what is found
through one member and homed with the other was asked for by REST. Each test is run both ways.
"""

import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial
from uuid import uuid4

import pytest
from arriving import term
from cohort_of_three import Founder, Ours
from member import Bean, Member, differences

from omrs_schemas.errors import (
    ClassificationError,
    EntityNotDeletedError,
    EntityNotKnownError,
    FunctionNotSupportedError,
    RelationshipNotKnownError,
    StatusNotSupportedError,
)
from omrs_streams.client import (
    Condition,
    MetadataClient,
    PartialAnswerWarning,
    SearchProperties,
    contains,
    exact,
    starts_with,
)
from peer import EgeriaPeer, create_topics, running
from workers import eventually, unique

pytestmark = [pytest.mark.interop, pytest.mark.kafka, pytest.mark.timeout(900)]  # the first test may build Egeria

ONLY_COMMENTS = {"rule": "SELECTED_TYPES", "types": ["Comment"]}
OURS, EGERIA = "ours", "egeria"
NOTHING_CARRIED = '"classifications" is null'
"""Java: the in-memory repository looks for classifications in the first entity that carries none, and fails."""


@dataclass
class Asked:
    """`cohort` asks all members through one of them, `near` that one alone; `home` is the other, which has what is
    looked for. `java`: that is Egeria."""

    cohort: MetadataClient
    near: MetadataClient
    home: MetadataClient
    java: bool

    def term(self, word: str = "federated", type_name: str = "GlossaryTerm", status: str | None = None) -> Bean:
        made: Bean = self.home.add_entity(type_name, term(word), status=status)
        return made

    def absent(self, *guids: str) -> None:
        """The member that is asked has nothing of them itself."""
        for guid in guids:
            assert self.near.find_entity(guid) is None, guid


@dataclass
class Apart:
    ours: Ours
    egeria: EgeriaPeer

    def client(self, member: Member) -> MetadataClient:
        return MetadataClient(member.url, member.name, "garygeeke", types=member.types)


@pytest.fixture(scope="module")
def apart(founder: Founder) -> Iterator[Apart]:
    name = unique("interop")
    create_topics(founder.fleet.bootstrap_servers, name)
    rules = {"events_to_send": ONLY_COMMENTS, "events_to_save": ONLY_COMMENTS}
    ours, egeria = founder.ours(unique("Ours"), name, **rules), founder.egeria(unique("Egeria"), name)
    with running(egeria):
        for each in (ours, egeria):
            each.spawn()
        for each in (ours, egeria):
            each.wait()
        for one, other in ((ours, egeria), (egeria, ours)):
            knows = {other.member.collection_id: other.name}
            eventually(partial(lambda member, all_: member.members() == all_, one.member, knows), "all are registered")
        yield Apart(ours, egeria)
        assert "failed unexpectedly" not in ours.log_text()
        ours.close()
        said = [line for line in egeria.log_text().splitlines() if " Exception OMRS-" in line or " Error OMRS-" in line]
        assert [line for line in said if NOTHING_CARRIED not in line] == [], "Egeria dislikes what it was answered"


@pytest.fixture(params=[EGERIA, OURS])
def asked(apart: Apart, request: pytest.FixtureRequest) -> Iterator[Asked]:
    """Once Egeria is asked for what is ours, once we for what is Egeria's."""
    near, home = apart.egeria.member, apart.ours.member
    if request.param == OURS:
        near, home = home, near
    with ExitStack() as open_clients:
        clients = [open_clients.enter_context(apart.client(member)) for member in (near, home)]
        yield Asked(clients[0].in_scope("cohort"), *clients, home.java)


def same(expected: Bean, found: Bean | None) -> None:
    assert not differences(expected, found), "\n".join(differences(expected, found))


def one(expected: Bean, found: Sequence[Bean]) -> None:
    assert [bean["guid"] for bean in found] == [expected["guid"]]
    same(expected, found[0])


def test_entities_are_found_by_properties(asked: Asked) -> None:
    made = asked.term(mark := f"found{uuid4().hex}")
    asked.absent(made["guid"])
    one(made, asked.cohort.find_entities_by_property("GlossaryTerm", {"displayName": contains(mark)}))
    one(made, asked.cohort.find_entities_by_value(contains(mark), "GlossaryTerm"))
    like = SearchProperties([Condition("qualifiedName", "LIKE", contains(mark))])
    one(made, asked.cohort.find_entities("Referenceable", properties=like))
    assert asked.cohort.find_entities_by_value(exact(mark), "GlossaryTerm") == []


def test_entities_are_found_by_classification(asked: Asked) -> None:
    mark, made = uuid4().hex, asked.term()
    classified = asked.home.classify(made["guid"], "Confidentiality", {"levelIdentifier": 3, "notes": mark})
    asked.absent(made["guid"])
    one(classified, asked.cohort.find_entities_by_classification("Confidentiality", {"notes": exact(mark)}))


def test_entities_are_found_by_what_they_carry(asked: Asked) -> None:
    made = asked.term()
    classified = asked.home.classify(made["guid"], "Confidentiality", {"levelIdentifier": 3})
    asked.absent(made["guid"])
    named = SearchProperties([Condition("qualifiedName", "EQ", text(made, "qualifiedName"))])
    find = partial(asked.cohort.find_entities, "GlossaryTerm", properties=named, classifications=["Confidentiality"])
    if asked.java:
        with pytest.warns(PartialAnswerWarning, match=NOTHING_CARRIED):
            assert find() == []
    else:
        one(classified, find())


def text(bean: Bean, name: str) -> str:
    return str(bean["properties"]["instanceProperties"][name]["primitiveValue"])


def test_an_entity_is_read(asked: Asked) -> None:
    made = asked.term()
    guid = made["guid"]
    asked.absent(guid)
    same(made, asked.cohort.get_entity(guid))
    same(made, asked.cohort.find_entity(guid))
    summary = asked.cohort.get_entity_summary(guid)
    assert (summary["class"], summary["guid"], summary["version"]) == ("EntitySummary", guid, 1)
    before = time.time_ns() // 1_000_000 - 1
    updated = asked.home.update_entity_properties(guid, term("later"))
    same(updated, asked.cohort.get_entity(guid))
    same(made, asked.cohort.get_entity(guid, as_of=before))


def test_relationships_are_found_and_read(asked: Asked) -> None:
    ends = [asked.term(word) for word in ("left", "right")]
    mark = uuid4().hex
    link = asked.home.add_relationship("Synonym", *(end["guid"] for end in ends), {"description": mark})
    asked.absent(*(end["guid"] for end in ends))
    assert asked.near.find_relationship(link["guid"]) is None
    same(link, asked.cohort.get_relationship(link["guid"]))
    same(link, asked.cohort.find_relationship(link["guid"]))
    one(link, asked.cohort.relationships_of(ends[0]["guid"], "Synonym"))
    one(link, asked.cohort.find_relationships_by_property("Synonym", {"description": exact(mark)}))
    one(link, asked.cohort.find_relationships_by_value(exact(mark)))
    sought = SearchProperties([Condition("description", "EQ", mark)])
    one(link, asked.cohort.find_relationships("Synonym", properties=sought))


def test_a_neighbourhood_is_read(asked: Asked) -> None:
    ends = [asked.term(word) for word in ("left", "right")]
    link = asked.home.add_relationship("Synonym", *(end["guid"] for end in ends))
    asked.absent(ends[0]["guid"])
    graph = asked.cohort.neighborhood(ends[0]["guid"], 1)
    one(link, graph.relationships)
    assert {bean["guid"] for bean in graph.entities} == {end["guid"] for end in ends}
    for end in ends:
        same(end, next(bean for bean in graph.entities if bean["guid"] == end["guid"]))


def test_an_entity_is_changed_at_its_home(asked: Asked) -> None:
    made = asked.term(type_name="ControlledGlossaryTerm", status="DRAFT")
    guid = made["guid"]
    asked.absent(guid)
    updated = asked.cohort.update_entity_properties(guid, term("changed"))
    assert (updated["version"], updated["metadataCollectionId"]) == (2, made["metadataCollectionId"])
    same(updated, asked.home.get_entity(guid))
    approved = asked.cohort.update_entity_status(guid, "APPROVED")
    assert (approved["status"], approved["version"]) == ("APPROVED", 3)
    same(approved, asked.home.get_entity(guid))
    undone = asked.cohort.undo_entity(guid)
    assert undone is not None and (undone["status"], undone["version"]) == ("DRAFT", 4)
    same(undone, asked.home.get_entity(guid))


def test_an_entity_is_classified_at_its_home(asked: Asked) -> None:
    made = asked.term()
    guid = made["guid"]
    asked.absent(guid)
    classified = asked.cohort.classify(guid, "Criticality", {"levelIdentifier": 2})
    same(classified, asked.home.get_entity(guid))
    (own,) = classified["classifications"]
    assert (own["name"], own["metadataCollectionId"]) == ("Criticality", made["metadataCollectionId"])
    again = asked.cohort.reclassify(guid, "Criticality", {"levelIdentifier": 4})
    same(again, asked.home.get_entity(guid))
    assert again["classifications"][0]["properties"]["instanceProperties"]["levelIdentifier"]["primitiveValue"] == 4
    without = asked.cohort.declassify(guid, "Criticality")
    assert not without.get("classifications")
    same(without, asked.home.get_entity(guid))


def test_an_entity_is_deleted_restored_and_purged_at_its_home(asked: Asked) -> None:
    made = asked.term()
    guid = made["guid"]
    asked.absent(guid)
    deleted = asked.cohort.delete_entity(guid)
    assert (deleted["status"], deleted["version"]) == ("DELETED", 2)
    same(deleted, asked.home.find_entity(guid))
    restored = asked.cohort.restore_entity(guid)
    assert (restored["status"], restored["version"]) == ("ACTIVE", 3)
    same(restored, asked.home.get_entity(guid))
    asked.cohort.delete_entity(guid)
    asked.cohort.purge_entity(guid, type_name="GlossaryTerm")
    assert asked.home.find_entity(guid) is None


def test_a_relationship_is_changed_at_its_home(asked: Asked) -> None:
    ends = [asked.term(word)["guid"] for word in ("left", "right")]
    guid = asked.home.add_relationship("Synonym", *ends, {"description": "alike"})["guid"]
    asked.absent(*ends)
    updated = asked.cohort.update_relationship_properties(guid, {"description": "the same"})
    assert updated["version"] == 2
    same(updated, asked.home.get_relationship(guid))
    undone = asked.cohort.undo_relationship(guid)
    assert undone is not None and undone["version"] == 3
    same(undone, asked.home.get_relationship(guid))
    deleted = asked.cohort.delete_relationship(guid)
    assert deleted["status"] == "DELETED"
    same(deleted, asked.home.find_relationship(guid))


def test_a_relationship_between_what_is_here_and_what_is_there(asked: Asked) -> None:
    """It is made where it was asked for, which keeps a proxy of the end that is the other's."""
    there, here = asked.term("there"), asked.near.add_entity("GlossaryTerm", term("here"))
    asked.absent(there["guid"])
    made = asked.cohort.add_relationship("Synonym", here["guid"], there["guid"])
    assert made["metadataCollectionId"] == here["metadataCollectionId"]
    assert made["entityTwoProxy"]["metadataCollectionId"] == there["metadataCollectionId"]
    same(made, asked.near.get_relationship(made["guid"]))
    one(made, asked.cohort.relationships_of(there["guid"]))


def test_what_is_created_is_homed_where_it_was_asked_for(asked: Asked) -> None:
    made = asked.cohort.add_entity("GlossaryTerm", term("created"))
    same(made, asked.near.get_entity(made["guid"]))
    assert made["metadataCollectionId"] == asked.near.metadata_collection_id()


def test_what_nobody_has(asked: Asked) -> None:
    guid = str(uuid4())
    assert asked.cohort.find_entity(guid) is None
    with pytest.raises(EntityNotKnownError):
        asked.cohort.get_entity(guid)
    with pytest.raises(RelationshipNotKnownError):
        asked.cohort.get_relationship(guid)
    with pytest.raises(EntityNotKnownError):
        asked.cohort.delete_entity(guid, type_name="GlossaryTerm")


def test_what_is_wrong_is_said_by_the_home(asked: Asked) -> None:
    made = asked.term()
    with pytest.raises(StatusNotSupportedError):
        asked.cohort.update_entity_status(made["guid"], "APPROVED")
    with pytest.raises(ClassificationError):
        asked.cohort.declassify(made["guid"], "Criticality")
    with pytest.raises(EntityNotDeletedError):
        asked.cohort.purge_entity(made["guid"])
    same(made, asked.home.get_entity(made["guid"]))


def test_the_types_of_all(asked: Asked) -> None:
    types = asked.cohort.refresh_types()
    assert len(types.typedefs()) == 667
    assert differences(types.require(name="GlossaryTerm"), asked.home.types.require(name="GlossaryTerm")) == []


def test_what_lies_between_two_entities(asked: Asked) -> None:
    ends = [asked.term(word)["guid"] for word in ("left", "right")]
    link = asked.home.add_relationship("Synonym", *ends)
    asked.absent(*ends)
    if asked.java:
        # Java: the in-memory repository finds no paths.
        with pytest.raises(FunctionNotSupportedError):
            asked.cohort.linking_entities(*ends)
        with pytest.raises(FunctionNotSupportedError):
            asked.cohort.related_entities(ends[0])
        return
    graph = asked.cohort.linking_entities(*ends)
    one(link, graph.relationships)
    assert {bean["guid"] for bean in asked.cohort.related_entities(ends[0])} >= {ends[1]}


def test_a_page_of_what_both_have_is_sorted(apart: Apart) -> None:
    """Ours only: Java asks everybody for the same page and neither sorts nor cuts what comes."""
    mark = uuid4().hex
    with apart.client(apart.ours.member) as ours, apart.client(apart.egeria.member) as egeria:
        for number, at in enumerate((egeria, ours, ours, egeria, ours)):
            at.add_entity("GlossaryTerm", {"qualifiedName": f"{mark}/{number}"})
        found = [
            text(bean, "qualifiedName")
            for offset in (0, 2, 4)
            for bean in ours.in_scope("cohort").find_entities_by_property(
                "GlossaryTerm",
                {"qualifiedName": starts_with(mark)},
                offset=offset,
                page_size=2,
                order="PROPERTY_DESCENDING",
                sort_property="qualifiedName",
            )
        ]
    assert found == [f"{mark}/{number}" for number in (4, 3, 2, 1, 0)]

"""Two servers in a cohort: what one is home of reaches the other, stays equal there, and stays its home's."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from uuid import uuid4

import httpx
import pytest
from e2e_samples import DRAFT, Bean, entity_def, has_type, known_types, members, refused
from shared_pair import pair_of_one_file

from omrs_schemas.errors import EntityNotKnownError, InvalidParameterError
from omrs_schemas.model.values import from_properties
from omrs_streams.client import ExternalSource, MetadataClient
from workers import Pair, Running, arrives, deleted, eventually, unique

pytestmark = pytest.mark.kafka

HERE = 60.0  # seconds to wait for what takes milliseconds on a quiet machine; only a failure waits so long

running_pair = pair_of_one_file


def equal_digests(one: Running, other: Running, home: str) -> None:
    found: list[Bean] = []

    def equal() -> bool:
        found[:] = [each.ask("/digest", home=home) for each in (one, other)]
        return found[0] == found[1]

    try:
        eventually(equal, f"digests of {home}", within=HERE)
    except AssertionError:
        assert found[0] == found[1]
    assert found[0]["count"] > 0


def test_every_change_of_an_entity_reaches_the_other(alice: MetadataClient, bob: MetadataClient) -> None:
    values = {
        "qualifiedName": f"ToDo:{uuid4()}",
        "priority": 3,
        "dueTime": 1_700_000_000_001,
        "activityStatus": "WAITING",
        "additionalProperties": {"a": "b"},
    }
    made = alice.add_entity("ToDo", values, classifications={"Confidentiality": {"confidentialityLevel": 1}})
    guid = made["guid"]
    arrives(bob, made)
    arrives(bob, alice.update_entity_properties(guid, {**values, "priority": 4}))
    arrives(bob, alice.update_entity_status(guid, "ACTIVE"))
    arrives(bob, alice.undo_entity(guid))
    arrives(bob, alice.classify(guid, "Template"))
    arrives(bob, alice.reclassify(guid, "Confidentiality", {"confidentialityLevel": 2}))
    arrives(bob, alice.declassify(guid, "Template"))
    arrives(bob, alice.delete_entity(guid))
    with pytest.raises(EntityNotKnownError):
        bob.get_entity(guid)
    arrives(bob, alice.restore_entity(guid))
    assert [each["version"] for each in bob.entity_history(guid)] == [6, 5, 4, 3, 2, 1]
    assert bob.entity_history(guid) == alice.entity_history(guid)
    alice.delete_entity(guid)
    alice.purge_entity(guid, type_name="ToDo")
    eventually(lambda: bob.find_entity(guid) is None, "the purge arrives", within=HERE)


def test_every_change_of_a_relationship_reaches_the_other(alice: MetadataClient, bob: MetadataClient) -> None:
    terms = [alice.add_entity("GlossaryTerm", {"qualifiedName": f"Term:{uuid4()}"}) for _ in "12"]
    ends = [each["guid"] for each in terms]
    made = alice.add_relationship("Synonym", *ends, {"description": "v1", "confidence": 7})
    guid = made["guid"]
    for each in (*terms, made):
        arrives(bob, each)
    arrives(bob, alice.update_relationship_properties(guid, {"description": "v2"}))
    arrives(bob, alice.undo_relationship(guid))
    arrives(bob, alice.delete_relationship(guid))
    back = alice.restore_relationship(guid)
    arrives(bob, back)
    assert bob.relationships_of(ends[1]) == [back]
    alice.delete_entity(ends[0])
    arrives(bob, deleted(alice, guid, relationship=True))  # Java members send no event for it; we do
    alice.purge_entity(ends[0], type_name="GlossaryTerm")
    eventually(lambda: bob.find_relationship(guid) is None, "the purge of the relationship arrives", within=HERE)


def test_both_directions_and_equal_digests(pair: Pair, alice: MetadataClient, bob: MetadataClient) -> None:
    for n in range(20):
        alice.add_entity("DataFile", {"qualifiedName": f"A{n}"})
        bob.add_entity("DataFile", {"qualifiedName": f"B{n}"})
    for home in pair.ids:
        equal_digests(pair.a, pair.b, home)


def test_an_external_entity_is_distributed_by_its_server(alice: MetadataClient, bob: MetadataClient) -> None:
    source = ExternalSource(str(uuid4()), "erp")
    made = alice.add_entity("DataFile", {"qualifiedName": "x"}, external_source=source)
    arrives(bob, made)
    with pytest.raises(InvalidParameterError):
        bob.update_entity_properties(made["guid"], {"qualifiedName": "y"})


def test_a_copy_cannot_be_changed(alice: MetadataClient, bob: MetadataClient, pair: Pair) -> None:
    made = alice.add_entity("GlossaryTerm", {"qualifiedName": "mine"})
    other = alice.add_entity("GlossaryTerm", {"qualifiedName": "also mine"})
    link = alice.add_relationship("Synonym", made["guid"], other["guid"])
    for each in (made, other, link):
        arrives(bob, each)
    guid = made["guid"]
    changes: list[Callable[[], object]] = [
        lambda: bob.update_entity_properties(guid, {"qualifiedName": "yours"}),
        lambda: bob.update_entity_status(guid, "ACTIVE"),
        lambda: bob.undo_entity(guid),
        lambda: bob.delete_entity(guid),
    ]
    for change in changes:
        with pytest.raises(InvalidParameterError, match=pair.ids[0]) as caught:
            change()
        assert (caught.value.code, caught.value.http) == ("OMRS-LOCAL-REPOSITORY-503-009", 503)
    with pytest.raises(InvalidParameterError) as caught:
        bob.update_relationship_properties(link["guid"], {"description": "yours"})
    assert caught.value.code == "OMRS-LOCAL-REPOSITORY-503-010"
    with pytest.raises(InvalidParameterError):
        bob.delete_relationship(link["guid"])
    alice.classify(guid, "Confidentiality")
    arrives(bob, alice.get_entity(guid))
    with pytest.raises(InvalidParameterError, match=pair.ids[0]):
        bob.declassify(guid, "Confidentiality")
    gone = alice.delete_entity(guid)
    arrives(bob, gone)
    with pytest.raises(InvalidParameterError):
        bob.restore_entity(guid)
    with pytest.raises(InvalidParameterError):
        bob.purge_entity(guid, type_name="GlossaryTerm")
    assert bob.find_entity(guid) == gone


def test_a_classification_of_the_other_member_stays(alice: MetadataClient, bob: MetadataClient, pair: Pair) -> None:
    guid = alice.add_entity("GlossaryTerm", {"qualifiedName": "shared"})["guid"]
    arrives(bob, alice.get_entity(guid))
    classified = bob.classify(guid, "Confidentiality", {"confidentialityLevel": 3})
    (ours,) = classified["classifications"]
    assert (ours["metadataCollectionId"], ours["createdBy"]) == (pair.ids[1], "bob")
    arrives(alice, classified)
    with pytest.raises(InvalidParameterError, match=pair.ids[1]):
        alice.declassify(guid, "Confidentiality")
    updated = alice.update_entity_properties(guid, {"qualifiedName": "renamed"})
    assert updated["classifications"] == [ours]
    arrives(bob, updated)
    changed = bob.reclassify(guid, "Confidentiality", {"confidentialityLevel": 4})
    assert from_properties(changed["classifications"][0]["properties"]) == {"confidentialityLevel": 4}
    arrives(alice, changed)
    arrives(alice, bob.declassify(guid, "Confidentiality"))
    assert "classifications" not in alice.get_entity(guid)
    arrives(alice, bob.add_entity("DataFile", {"qualifiedName": "B"}))
    for home in pair.ids:
        equal_digests(pair.a, pair.b, home)


def test_a_relationship_of_the_other_member_at_our_entities(alice: MetadataClient, bob: MetadataClient) -> None:
    ends = [alice.add_entity("GlossaryTerm", {"qualifiedName": f"Term:{uuid4()}"}) for _ in "12"]
    for end in ends:
        arrives(bob, end)
    link = bob.add_relationship("Synonym", ends[0]["guid"], ends[1]["guid"], {"description": "bob's"})
    arrives(alice, link)
    assert alice.relationships_of(ends[0]["guid"]) == [link]
    with pytest.raises(InvalidParameterError):
        alice.delete_relationship(link["guid"])


def test_one_of_two_writers_with_the_same_view_wins(alice: MetadataClient, bob: MetadataClient, pair: Pair) -> None:
    guid = alice.add_entity("GlossaryTerm", {"qualifiedName": "contended"})["guid"]
    writers = [pair.a.rest(f"writer{n}") for n in range(4)]
    path = f"/instances/entity/{guid}"

    def write(rest: httpx.Client, tag: str) -> httpx.Response:
        return rest.post(f"{path}/status", json="ACTIVE", headers={"If-Match": tag})

    with ThreadPoolExecutor(4) as pool:
        for round_ in range(5):
            tag = writers[0].get(path).headers["etag"]
            answers = list(pool.map(write, writers, [tag] * 4))
            won = [answer for answer in answers if answer.json()["relatedHTTPCode"] == 200]
            assert len(won) == 1 and won[0].json()["entity"]["version"] == round_ + 2
            for answer in answers:
                if answer is not won[0]:
                    refused(answer, "OMRS-STREAMS-409-001", "InvalidParameterException", guid)
    arrives(bob, alice.get_entity(guid))


def test_a_type_added_at_one_member_is_learned_by_the_other(pair: Pair) -> None:
    for running, home in ((pair.a, pair.ids[0]), (pair.b, pair.ids[1])):
        typedef = entity_def(unique("E2eLearned"), attribute="wording")
        other = pair.b if running is pair.a else pair.a
        added = running.rest().post("/types/typedef", json=typedef)
        assert added.json()["relatedHTTPCode"] == 200, added.text
        has_type(other, typedef["name"])
        types = known_types(typedef)
        made = running.client("alice", types=types).add_entity(typedef["name"], {"wording": "w"})
        assert made["metadataCollectionId"] == home
        arrives(other.client("bob", types=types), made)
        again = running.rest().post("/types/typedef", json=typedef)
        refused(again, "OMRS-REPOSITORY-400-003", "TypeDefKnownException", typedef["name"])


def test_a_late_joiner_gets_everything_and_keeps_it(
    pair: Pair, alice: MetadataClient, bob: MetadataClient, start_worker: Callable[..., Running]
) -> None:
    mine = alice.add_entity("GlossaryTerm", {"qualifiedName": "before"}, classifications=["Template"])
    his = bob.add_entity(DRAFT["name"], {"wording": "before"})
    arrives(alice, his)
    late = start_worker(unique("C"), cohort=pair.cohort)
    client = late.client(types=known_types())
    for expected in (mine, his):
        arrives(client, expected)
    for home in pair.ids:
        equal_digests(pair.a, late, home)
    typedef = entity_def(unique("E2eLate"), attribute="wording")
    assert pair.a.rest().post("/types/typedef", json=typedef).json()["relatedHTTPCode"] == 200
    has_type(late, typedef["name"])
    assert late.stop() == 0

    types = known_types(typedef)
    meanwhile = pair.a.client("alice", types=types).add_entity(typedef["name"], {"wording": "while C was away"})
    again = start_worker(late.server, cohort=pair.cohort)
    path = f"/types/typedef/name/{typedef['name']}"
    assert again.rest().get(path).json()["typeDef"]["guid"] == typedef["guid"]
    arrives(again.client(types=types), meanwhile)
    own = again.client("chris", types=types).add_entity(typedef["name"], {"wording": "C's"})
    for there in (pair.a, pair.b):
        arrives(there.client(types=types), own)
        equal_digests(there, again, own["metadataCollectionId"])

    left = again.rest().get(f"/metadata-highway/cohorts/{pair.cohort}/unregister").json()
    assert left["flag"], "others use the pair, which would ask C for whatever the two do not know"
    for there in (pair.a, pair.b):
        eventually(lambda there=there: own["metadataCollectionId"] not in members(there, pair.cohort), "C has left")


def test_members_know_each_other(pair: Pair) -> None:
    for running in (pair.a, pair.b):
        assert set(pair.ids) <= members(running, pair.cohort)


def test_numbers_beyond_64_bits_stay_exact(pair: Pair) -> None:
    """From a client through REST, log, store and cohort and back: not one digit moves."""
    types = known_types()
    typedef = entity_def(unique("E2eNumbers"), attribute="wording")
    (first,) = typedef["propertiesDefinition"]
    typedef["propertiesDefinition"] += [
        {**first, "attributeName": name, "attributeType": types.attribute_typedef_by_name(kind)}
        for name, kind in (("count", "biginteger"), ("share", "bigdecimal"))
    ]
    assert pair.a.rest().post("/types/typedef", json=typedef).json()["relatedHTTPCode"] == 200
    has_type(pair.b, typedef["name"])
    types = known_types(typedef)
    given = {"count": -(2**80) - 1, "share": Decimal("0.12345678901234567890123456789")}
    made = pair.a.client(types=types).add_entity(typedef["name"], given)
    arrives(pair.b.client(types=types), made)
    for running in (pair.a, pair.b):
        assert from_properties(running.client(types=types).get_entity(made["guid"])["properties"]) == given


def test_deleting_an_end_drops_the_copies_of_relationships_to_it(
    pair: Pair, alice: MetadataClient, bob: MetadataClient
) -> None:
    """OMRS instances § Delete: relationships at home are deleted, copies of others' relationships are dropped."""
    ours = alice.add_entity("GlossaryTerm", {"qualifiedName": unique("ours")})
    other = alice.add_entity("GlossaryTerm", {"qualifiedName": unique("other")})
    for guid in (ours["guid"], other["guid"]):
        eventually(lambda guid=guid: bob.find_entity(guid), "B has the copies")
    link = bob.add_relationship("Synonym", ours["guid"], other["guid"])
    eventually(lambda: alice.relationships_of(ours["guid"]), "A has the copy of B's relationship")
    alice.delete_entity(ours["guid"])
    eventually(lambda: not alice.relationships_of(other["guid"]), "A has dropped it")
    assert bob.get_relationship(link["guid"])["status"] == "ACTIVE", "its home decides over it"
    bob.delete_relationship(link["guid"])
    bob.purge_relationship(link["guid"])  # the pair is shared: what B holds and A does not would differ for ever

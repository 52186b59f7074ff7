"""A new guid, another type, another home: what the other member of a cohort makes of it, field by field."""

from typing import Any
from uuid import uuid4

import pytest
from e2e_samples import known_types
from shared_pair import pair_of_one_file

from omrs_schemas.errors import InvalidParameterError
from omrs_schemas.model.values import from_properties
from omrs_streams.client import MetadataClient
from omrs_streams.log.embedded import Endpoint
from oracle import equals_its_log
from workers import Pair, arrives, deleted, eventually, moment, purge_old, unique

pytestmark = pytest.mark.kafka

TYPES = known_types()
HERE = 60.0  # seconds to wait for what takes milliseconds on a quiet machine; only a failure waits so long

running_pair = pair_of_one_file
Bean = dict[str, Any]


def term(client: MetadataClient, name: str, **more: Any) -> Bean:
    return client.add_entity("GlossaryTerm", {"qualifiedName": unique(name)}, **more)


def is_deleted(there: MetadataClient, guid: str) -> bool:
    found = there.find_entity(guid)
    return found is None or found["status"] == "DELETED"


def is_gone(there: MetadataClient, guid: str) -> None:
    eventually(lambda: there.find_entity(guid) is None, f"{guid} is gone", within=HERE)


def equal_digests(pair: Pair) -> None:
    for home in pair.ids:

        def equal(home: str = home) -> bool:
            one, other = (each.ask("/digest", home=home) for each in (pair.a, pair.b))
            return bool(one == other)

        eventually(equal, f"digests of {home}", within=HERE, every=0.2)


def test_a_new_guid_at_the_other_member(
    alice: MetadataClient, bob: MetadataClient, pair: Pair, kafka: Endpoint
) -> None:
    """The copy under the old guid goes, relationships of the home come re-pointed, and the member's own relationship
    at the entity is re-pointed by the member that has it."""
    made, other = term(alice, "here", classifications=["Template"]), term(alice, "other")
    link = alice.add_relationship("Synonym", made["guid"], other["guid"])
    for each in (made, other, link):
        arrives(bob, each)
    bobs = bob.add_relationship("Antonym", made["guid"], other["guid"])
    bob.classify(made["guid"], "Confidentiality", {"confidentialityLevel": 3})
    arrives(alice, bobs)
    eventually(lambda: len(alice.get_entity(made["guid"])["classifications"]) == 2, "bob's classification", within=HERE)

    changed = alice.re_identify_entity(made["guid"], str(uuid4()))
    assert len(changed["classifications"]) == 2
    arrives(bob, changed)
    # As at its home, what bob said about the classifications of the old one is kept until that is purged.
    eventually(lambda: is_deleted(bob, made["guid"]), "the copy under the old guid is deleted", within=HERE)
    eventually(lambda: alice.get_relationship(link["guid"])["version"] == 2, "alice re-points hers", within=HERE)
    arrives(bob, alice.get_relationship(link["guid"]))
    eventually(lambda: bob.get_relationship(bobs["guid"])["version"] == 2, "bob re-points his", within=HERE)
    mine = bob.get_relationship(bobs["guid"])
    assert (mine["entityOneProxy"]["guid"], mine["metadataCollectionId"]) == (changed["guid"], pair.ids[1])
    arrives(alice, mine)
    assert {each["guid"] for each in bob.relationships_of(changed["guid"])} == {link["guid"], bobs["guid"]}
    without = bob.declassify(changed["guid"], "Confidentiality")
    assert [each["name"] for each in without["classifications"]] == ["Template"]
    arrives(alice, without)
    updated = alice.update_entity_properties(changed["guid"], {"qualifiedName": unique("after")})
    arrives(bob, updated)
    purge_old(alice, made["guid"])
    is_gone(bob, made["guid"])
    equal_digests(pair)
    for running in (pair.a, pair.b):
        equals_its_log(kafka.bootstrap_servers, running)


def test_a_relationship_under_a_new_guid_at_the_other_member(alice: MetadataClient, bob: MetadataClient) -> None:
    ends = [term(alice, "end")["guid"] for _ in "12"]
    link = alice.add_relationship("Synonym", *ends)
    arrives(bob, link)
    arrives(bob, alice.re_identify_relationship(link["guid"], str(uuid4())))
    eventually(lambda: bob.find_relationship(link["guid"]) is None, "the old guid is gone", within=HERE)
    deleted(alice, link["guid"], relationship=True)
    alice.purge_relationship(link["guid"], type_name="Synonym")


def test_another_type_at_the_other_member(alice: MetadataClient, bob: MetadataClient) -> None:
    made = alice.add_entity("DataFile", {"qualifiedName": unique("file")})
    arrives(bob, made)
    arrives(bob, alice.re_type_entity(made["guid"], "CSVFile"))
    arrives(bob, alice.re_type_entity(made["guid"], "DataFile"))
    assert bob.entity_history(made["guid"]) == alice.entity_history(made["guid"])
    ends = [term(alice, "end")["guid"] for _ in "12"]
    link = alice.add_relationship("Synonym", *ends)
    arrives(bob, link)
    arrives(bob, alice.re_type_relationship(link["guid"], "Antonym"))


def test_another_home_at_the_other_member(alice: MetadataClient, bob: MetadataClient, pair: Pair) -> None:
    """The former home holds a copy now, and takes changes from the new one."""
    made, other = term(alice, "moves"), term(alice, "stays")
    alice.classify(made["guid"], "Confidentiality", {"confidentialityLevel": 2})
    link = alice.add_relationship("Synonym", made["guid"], other["guid"])
    for each in (alice.get_entity(made["guid"]), other, link):
        arrives(bob, each)
    changed = bob.re_home_entity(made["guid"], pair.ids[1])
    arrives(alice, changed)
    with pytest.raises(InvalidParameterError, match=pair.ids[1]):
        alice.update_entity_properties(made["guid"], {"qualifiedName": "not any more"})
    arrives(alice, bob.update_entity_properties(made["guid"], {"qualifiedName": unique("bob's")}))
    arrives(alice, bob.reclassify(made["guid"], "Confidentiality", {"confidentialityLevel": 3}))
    arrives(alice, bob.declassify(made["guid"], "Confidentiality"))
    arrives(alice, bob.re_home_relationship(link["guid"], pair.ids[1]))
    arrives(alice, bob.update_relationship_properties(link["guid"], {"description": "bob's"}))
    arrives(bob, alice.re_home_entity(made["guid"], pair.ids[0]))
    assert alice.update_entity_properties(made["guid"], {"qualifiedName": unique("back")})["version"] == 5
    equal_digests(pair)


def standing(pair: Pair, command: str) -> None:
    """B connects to the cohort, or disconnects from it."""
    answer = pair.b.rest("operator").get(f"/metadata-highway/cohorts/{pair.cohort}/{command}").json()
    assert answer["flag"], answer


def at_once(alice: MetadataClient, bob: MetadataClient, pair: Pair) -> tuple[str, list[Bean], list[Bean]]:
    """Alice and Bob each give an entity of theirs the same guid, before either has heard of the other's.

    The guid, the two entities before (Alice's is older) and after.
    """
    guid, made = str(uuid4()), [term(alice, "older")]
    moment()
    made.append(term(bob, "younger"))
    standing(pair, "disconnect")
    after = [client.re_identify_entity(bean["guid"], guid) for client, bean in zip((alice, bob), made, strict=True)]
    standing(pair, "connect")
    return guid, made, after


def test_two_objects_with_one_guid(alice: MetadataClient, bob: MetadataClient, pair: Pair) -> None:
    """The older keeps the guid everywhere, the younger gets one of its own from its home, with its relationships."""
    guid, made, (older, younger) = at_once(alice, bob, pair)
    arrives(bob, older)
    arrives(alice, older)
    found: list[Bean] = []
    name = from_properties(younger["properties"])["qualifiedName"]

    def renamed() -> bool:
        named = bob.find_entities_by_property("GlossaryTerm", {"qualifiedName": name})
        found[:] = [each for each in named if each.get("reIdentifiedFromGUID") == guid]
        return len(found) == 1

    eventually(renamed, "the younger has a guid of its own", within=HERE)
    assert found[0]["createTime"] == younger["createTime"] and found[0]["metadataCollectionId"] == pair.ids[1]
    arrives(alice, found[0])
    updated = alice.update_entity_properties(guid, {"qualifiedName": "older still"})
    arrives(bob, updated)
    for client, bean in zip((alice, bob), made, strict=True):
        purge_old(client, bean["guid"])
    equal_digests(pair)

"""A new guid, another type, another home: at the home first, then at the other member, and in the log."""

from collections.abc import Callable
from typing import Any
from uuid import uuid4

import pytest
from e2e_samples import known_types, refused

from omrs_schemas.errors import (
    ClassificationError,
    EntityNotKnownError,
    InvalidParameterError,
    PropertyError,
    RelationshipNotKnownError,
    RevisionConflictError,
    TypeDefError,
)
from omrs_schemas.model.values import from_properties
from omrs_streams.client import ExternalSource, MetadataClient
from omrs_streams.log.embedded import Endpoint
from omrs_streams.log.partition import partition_of
from oracle import equals_its_log
from workers import PARTITIONS, Fleet, Pair, Running, deleted, eventually, purge_old, unique

pytestmark = pytest.mark.kafka

TYPES = known_types()
HERE = 60.0  # seconds to wait for what takes milliseconds on a quiet machine; only a failure waits so long
Bean = dict[str, Any]


def term(client: MetadataClient, name: str, **more: Any) -> Bean:
    return client.add_entity("GlossaryTerm", {"qualifiedName": unique(name)}, **more)


def same_but(bean: Bean, *names: str) -> Bean:
    return {name: value for name, value in bean.items() if name not in names}


HEADER = ("version", "updatedBy", "updateTime", "maintainedBy")


# ---- guid ------------------------------------------------------------------------------------------------------------


def test_an_entity_under_a_new_guid(alice: MetadataClient, pair: Pair) -> None:
    """OMRS instances § Reidentify: old guid soft-deleted, version + 1 for both, proxies of relationships re-pointed."""
    made = term(alice, "renamed", classifications=["Template"])
    others = [term(alice, f"other{n}") for n in "12"]
    links = [
        alice.add_relationship("Synonym", made["guid"], others[0]["guid"]),
        alice.add_relationship("Synonym", others[1]["guid"], made["guid"]),
    ]
    new_guid = str(uuid4())
    changed = alice.re_identify_entity(made["guid"], new_guid)
    assert changed["guid"] == new_guid and changed["reIdentifiedFromGUID"] == made["guid"]
    assert (changed["version"], changed["createTime"]) == (2, made["createTime"])
    assert changed["instanceURL"].endswith(new_guid)
    new = ("guid", "reIdentifiedFromGUID", "instanceURL")
    assert same_but(changed, *HEADER, *new) == same_but(made, *HEADER, *new)
    assert alice.get_entity(new_guid) == changed

    old = deleted(alice, made["guid"])
    assert (old["version"], old["statusOnDelete"]) == (2, "ACTIVE")
    with pytest.raises(EntityNotKnownError):
        alice.get_entity(made["guid"])
    found = {each["guid"]: each for each in re_pointed(alice, new_guid, len(links))}
    assert set(found) == {link["guid"] for link in links}
    for link, end in zip(links, ("entityOneProxy", "entityTwoProxy"), strict=True):
        moved = found[link["guid"]]
        assert (moved["version"], moved["updatedBy"]) == (2, "alice")
        assert moved[end]["guid"] == new_guid and moved[end]["uniqueProperties"] == link[end]["uniqueProperties"]
        assert same_but(moved, *HEADER, end) == same_but(link, *HEADER, end)
    purge_old(alice, made["guid"])  # the pair is shared: B does not keep it as deleted


def re_pointed(client: MetadataClient, new_guid: str, count: int) -> list[Bean]:
    """The relationships at a new guid, when there are so many: they follow moments after it was given."""

    def all_there() -> list[Bean]:
        found = client.relationships_of(new_guid)
        return found if len(found) >= count else []

    return eventually(all_there, f"the relationships at {new_guid}", within=HERE)


def test_a_new_guid_must_be_free(alice: MetadataClient, pair: Pair) -> None:
    one, other = term(alice, "one"), term(alice, "other")
    rest = pair.a.rest("alice")
    body = {
        "class": "TypeDefValidationForRequest",
        "typeDefGUID": one["type"]["typeDefGUID"],
        "typeDefName": "GlossaryTerm",
    }
    at = f"/instances/entity/{one['guid']}/identity"
    for taken in (other["guid"], one["guid"]):
        answer = rest.post(at, params={"newEntityGUID": taken}, json=body)
        refused(answer, "OMRS-METADATA-COLLECTION-409-001", "InvalidParameterException", taken)
    refused(rest.post(at, json=body), "OMRS-REPOSITORY-400-014", "InvalidParameterException", "newEntityGUID")
    wrong = rest.post(at, params={"newEntityGUID": str(uuid4())}, json={**body, "typeDefGUID": "nothing"})
    refused(wrong, "OMRS-REPOSITORY-400-039", "TypeErrorException", "nothing")
    gone = rest.post(f"/instances/entity/{uuid4()}/identity", params={"newEntityGUID": str(uuid4())}, json=body)
    refused(gone, "OMRS-REPOSITORY-404-002", "EntityNotKnownException")
    assert alice.get_entity(one["guid"]) == one


def test_a_new_guid_is_given_once(alice: MetadataClient, pair: Pair) -> None:
    made, new_guid, event_id = term(alice, "once"), str(uuid4()), str(uuid4())
    changed = alice.re_identify_entity(made["guid"], new_guid, event_id=event_id)
    assert alice.re_identify_entity(made["guid"], new_guid, event_id=event_id) == changed
    deleted(alice, made["guid"])
    with pytest.raises(EntityNotKnownError):
        alice.re_identify_entity(made["guid"], str(uuid4()))
    assert len(alice.entity_history(new_guid)) == 1
    fresh = term(alice, "insisted")
    rest = pair.a.rest("alice")
    body = {
        "class": "TypeDefValidationForRequest",
        "typeDefGUID": fresh["type"]["typeDefGUID"],
        "typeDefName": "GlossaryTerm",
    }
    at, query = f"/instances/entity/{fresh['guid']}/identity", {"newEntityGUID": str(uuid4())}
    refused(
        rest.post(at, params=query, json=body, headers={"If-Match": "7"}),
        RevisionConflictError.code,
        "InvalidParameterException",
    )
    assert rest.post(at, params=query, json=body, headers={"If-Match": "1"}).json()["relatedHTTPCode"] == 200
    for old in (made, fresh):
        purge_old(alice, old["guid"])


def test_a_relationship_under_a_new_guid(alice: MetadataClient) -> None:
    ends = [term(alice, f"end{n}")["guid"] for n in "12"]
    link, new_guid = alice.add_relationship("Synonym", *ends, {"description": "kept"}), str(uuid4())
    changed = alice.re_identify_relationship(link["guid"], new_guid)
    new = ("guid", "reIdentifiedFromGUID", "instanceURL")
    assert same_but(changed, *HEADER, *new) == same_but(link, *HEADER, *new)
    assert changed["reIdentifiedFromGUID"] == link["guid"] and changed["version"] == 2
    deleted(alice, link["guid"], relationship=True)
    with pytest.raises(RelationshipNotKnownError):
        alice.get_relationship(link["guid"])
    assert alice.relationships_of(ends[0]) == [changed]
    with pytest.raises(InvalidParameterError, match="taken"):
        alice.re_identify_relationship(new_guid, new_guid)
    with pytest.raises(RelationshipNotKnownError):
        alice.re_identify_relationship(ends[0], str(uuid4()))
    alice.purge_relationship(link["guid"], type_name="Synonym")


# ---- type ------------------------------------------------------------------------------------------------------------


def test_an_entity_of_another_type_and_back(alice: MetadataClient) -> None:
    """To a subtype and back; what lies between keeps its properties (OMRS instances: the Java store does not)."""
    made = alice.add_entity("DataFile", {"qualifiedName": unique("file"), "displayName": "f"})
    sub = alice.re_type_entity(made["guid"], "CSVFile")
    assert sub["type"]["typeDefName"] == "CSVFile" and sub["version"] == 2
    assert same_but(sub, *HEADER, "type") == same_but(made, *HEADER, "type")
    assert alice.get_entity(made["guid"]) == sub
    found = alice.find_entities("CSVFile", properties=None, page_size=0)
    assert made["guid"] in {each["guid"] for each in found}
    given = {**from_properties(sub["properties"]), "delimiterCharacter": ";"}
    alice.update_entity_properties(made["guid"], given)
    with pytest.raises(PropertyError, match="delimiterCharacter"):
        alice.re_type_entity(made["guid"], "DataFile")
    del given["delimiterCharacter"]
    alice.update_entity_properties(made["guid"], given)
    back = alice.re_type_entity(made["guid"], "DataFile")
    assert (back["type"], back["version"]) == (made["type"], 5)
    assert back["properties"] == made["properties"]
    assert [each["type"]["typeDefName"] for each in alice.entity_history(made["guid"], oldest_first=True)] == [
        "DataFile",
        "CSVFile",
        "CSVFile",
        "CSVFile",
        "DataFile",
    ]


def test_a_type_that_does_not_fit_is_refused(alice: MetadataClient, pair: Pair) -> None:
    made = term(alice, "stays", classifications=["AbstractConcept"] if TYPES.typedef_by_name("AbstractConcept") else ())
    rest, at = pair.a.rest("alice"), f"/instances/entity/{made['guid']}/type"

    def change(current: str, new: str) -> Any:
        now, then = (TYPES.require(name=name) for name in (current, new))
        return rest.post(at, json={"class": "TypeDefChangeRequest", "currentTypeDef": now, "newTypeDef": then})

    refused(change("DataFile", "CSVFile"), "OMRS-REPOSITORY-400-034", "TypeErrorException", "GlossaryTerm")
    refused(change("GlossaryTerm", "Synonym"), "OMRS-REPOSITORY-400-034", "TypeErrorException", "Synonym")
    refused(rest.post(at, json={"class": "TypeDefChangeRequest"}), "OMRS-REPOSITORY-404-007", "TypeErrorException")
    assert alice.get_entity(made["guid"]) == made


def test_classifications_must_fit_the_new_type(alice: MetadataClient) -> None:
    made = term(alice, "classified")
    name = next(
        each["name"]
        for each in TYPES.typedefs()
        if each["category"] == "CLASSIFICATION_DEF"
        and [link["name"] for link in each.get("validEntityDefs") or ()] == ["GlossaryTerm"]
    )
    alice.classify(made["guid"], name)
    with pytest.raises((ClassificationError, PropertyError)):
        alice.re_type_entity(made["guid"], "Referenceable")


def test_a_relationship_of_another_type(alice: MetadataClient) -> None:
    ends = [term(alice, f"typed{n}")["guid"] for n in "12"]
    link = alice.add_relationship("Synonym", *ends, {"description": "kept"})
    changed = alice.re_type_relationship(link["guid"], "Antonym")
    assert changed["type"]["typeDefName"] == "Antonym" and changed["version"] == 2
    assert alice.relationships_of(ends[0], "Antonym") == [changed]
    with pytest.raises((TypeDefError, PropertyError, InvalidParameterError)):
        alice.re_type_relationship(link["guid"], "NestedFile")


# ---- home ------------------------------------------------------------------------------------------------------------


def arrives(client: MetadataClient, guid: str, version: int = 1) -> Bean:
    def there() -> Bean | None:
        known = client.find_entity(guid)
        return known if known is not None and known["version"] >= version else None

    return eventually(there, f"{guid} version {version} arrives", within=HERE) or {}


def test_a_copy_gets_its_home_here(alice: MetadataClient, bob: MetadataClient, pair: Pair) -> None:
    """At the repository that becomes home; the event names the home it had (OMRS instances, the Java bug mended)."""
    made = term(alice, "orphan")
    alice.classify(made["guid"], "Confidentiality", {"confidentialityLevel": 2})
    eventually(lambda: (bob.find_entity(made["guid"]) or {}).get("classifications"), "the copy arrives", within=HERE)
    copy = arrives(bob, made["guid"])
    with pytest.raises(InvalidParameterError, match=pair.ids[0]):
        bob.update_entity_properties(made["guid"], {"qualifiedName": "not mine"})
    changed = bob.re_home_entity(made["guid"], pair.ids[1], "bob's")
    assert (changed["metadataCollectionId"], changed["metadataCollectionName"]) == (pair.ids[1], "bob's")
    assert (changed["instanceProvenanceType"], changed["version"]) == ("LOCAL_COHORT", 2)
    assert pair.b.server in changed["instanceURL"]
    home = ("metadataCollectionId", "metadataCollectionName", "instanceURL", "classifications")
    assert same_but(changed, *HEADER, *home) == same_but(copy, *HEADER, *home)
    assert [(each["metadataCollectionId"], each["version"]) for each in changed["classifications"]] == [
        (pair.ids[1], 2)
    ]
    mine = bob.update_entity_properties(made["guid"], {"qualifiedName": "mine now"})
    assert mine["version"] == 3
    undone = bob.undo_entity(made["guid"])
    assert undone is not None and undone["properties"] == made["properties"]
    assert undone["metadataCollectionId"] == pair.ids[1]
    assert not bob.declassify(made["guid"], "Confidentiality").get("classifications")
    with pytest.raises(InvalidParameterError, match="at home here already"):
        bob.re_home_entity(made["guid"], pair.ids[1])


def test_a_home_is_changed_only_where_it_is_to_be(alice: MetadataClient, bob: MetadataClient, pair: Pair) -> None:
    made = term(alice, "kept")
    arrives(bob, made["guid"])
    rest = pair.b.rest("bob")
    body = {
        "class": "TypeDefValidationForRequest",
        "typeDefGUID": made["type"]["typeDefGUID"],
        "typeDefName": "GlossaryTerm",
    }

    def change(home: str, new_home: str) -> Any:
        at = f"/instances/entity/{made['guid']}/home/{home}"
        return rest.post(at, params={"newHomeMetadataCollectionId": new_home}, json=body)

    refused(change(*pair.ids[:1], pair.ids[0]), "OMRS-LOCAL-REPOSITORY-400-002", "InvalidParameterException")
    refused(change("elsewhere", pair.ids[1]), "OMRS-REPOSITORY-400-056", "InvalidParameterException", "elsewhere")
    ours = pair.a.rest("alice").post(
        f"/instances/entity/{made['guid']}/home/{pair.ids[0]}",
        params={"newHomeMetadataCollectionId": pair.ids[0]},
        json=body,
    )
    refused(ours, "OMRS-METADATA-COLLECTION-500-017", "InvalidParameterException")
    assert bob.get_entity(made["guid"])["metadataCollectionId"] == pair.ids[0]


def test_a_relationship_copy_gets_its_home_here(alice: MetadataClient, bob: MetadataClient, pair: Pair) -> None:
    ends = [term(alice, f"home{n}")["guid"] for n in "12"]
    link = alice.add_relationship("Synonym", *ends)
    eventually(lambda: bob.find_relationship(link["guid"]), "the copy arrives", within=HERE)
    changed = bob.re_home_relationship(link["guid"], pair.ids[1])
    assert (changed["metadataCollectionId"], changed["version"]) == (pair.ids[1], 2)
    assert changed["entityOneProxy"] == link["entityOneProxy"]
    assert bob.update_relationship_properties(link["guid"], {"description": "bob's"})["version"] == 3


# ---- replicatedBy ----------------------------------------------------------------------------------------------------


def test_an_external_instance_is_changed_at_its_replicator(
    alice: MetadataClient, bob: MetadataClient, pair: Pair
) -> None:
    source = ExternalSource(str(uuid4()), "catalogue")
    made = term(alice, "external", external_source=source)
    assert (made["instanceProvenanceType"], made["replicatedBy"]) == ("EXTERNAL_SOURCE", pair.ids[0])
    arrives(bob, made["guid"])
    changed = alice.update_entity_properties(made["guid"], {"qualifiedName": "from the catalogue"})
    assert (changed["metadataCollectionId"], changed["replicatedBy"]) == (source.guid, pair.ids[0])
    assert arrives(bob, made["guid"], 2) == changed
    with pytest.raises(InvalidParameterError, match=pair.ids[0]):
        bob.update_entity_properties(made["guid"], {"qualifiedName": "not here"})
    with pytest.raises(InvalidParameterError, match="at home here already"):
        alice.re_home_entity(made["guid"], pair.ids[0])
    moved = alice.re_identify_entity(made["guid"], str(uuid4()))
    assert (moved["metadataCollectionId"], moved["replicatedBy"]) == (source.guid, pair.ids[0])
    purge_old(alice, made["guid"])
    taken = bob.re_home_entity(arrives(bob, moved["guid"])["guid"], pair.ids[1])
    assert taken["instanceProvenanceType"] == "LOCAL_COHORT" and "replicatedBy" not in taken


# ---- the log ---------------------------------------------------------------------------------------------------------


def test_what_the_log_holds_of_a_new_guid(
    kafka: Endpoint, start_worker: Callable[..., Running], workers: Fleet
) -> None:
    """Two workers, old and new guid at different ones: a record at each partition, consequences name their cause."""
    server = unique("S")
    one, other = (workers.spawn(server, name) for name in ("w1", "w2"))
    for running in (one, other):
        workers.await_url(running).wait_ready()

    def shares() -> dict[str, set[int]] | None:
        found = {
            running.worker: {p["partition"] for p in running.ask("/status")["partitions"] if p["phase"] == "ready"}
            for running in (one, other)
        }
        return found if all(found.values()) and sum(map(len, found.values())) == PARTITIONS else None

    owners = eventually(shares, "both workers have a share")
    client = one.client("alice", types=TYPES)
    made, end = term(client, "a"), term(client, "b")
    link = client.add_relationship("Synonym", made["guid"], end["guid"])
    here = next(name for name, numbers in owners.items() if partition_of(made["guid"], PARTITIONS) in numbers)
    there = next(numbers for name, numbers in owners.items() if name != here)
    new_guid = next(g for g in iter(lambda: str(uuid4()), "") if partition_of(g, PARTITIONS) in there)
    event_id = str(uuid4())
    changed = client.re_identify_entity(made["guid"], new_guid, event_id=event_id)
    (moved,) = re_pointed(client, new_guid, 1)
    assert moved["guid"] == link["guid"] and moved["entityOneProxy"]["guid"] == new_guid
    assert client.re_identify_entity(made["guid"], new_guid, event_id=event_id) == changed
    deleted(client, made["guid"])

    log = equals_its_log(kafka.bootstrap_servers, one, other)
    (first,) = log.revisions(new_guid)
    assert (first.kind, first.origin, first.expected_revision) == ("RE_IDENTIFIED_ENTITY_EVENT", "home", 0)
    section = log.codec.decode(first.value or b"")["instanceEventSection"]
    assert section["originalInstanceGUID"] == made["guid"]
    last = log.revisions(made["guid"])[-1]
    assert (last.kind, last.origin, last.cause, last.version) == ("DELETED_ENTITY_EVENT", "consequence", event_id, 2)
    pointed = log.revisions(link["guid"])[-1]
    assert (pointed.kind, pointed.cause, pointed.version) == ("UPDATED_RELATIONSHIP_EVENT", event_id, 2)
    assert (partition_of(new_guid, PARTITIONS) in owners[here]) is False

"""Reference copies by request: kept, refused, removed, asked for again; nothing of them is told to the cohort."""

from typing import Any
from uuid import uuid4

import pytest
from e2e_samples import known_types, refused

from omrs_schemas.codec import EventCodec
from omrs_schemas.errors import (
    EntityConflictError,
    EntityNotKnownError,
    EntityProxyOnlyError,
    HomeEntityError,
    InvalidEntityError,
    InvalidParameterError,
    RelationshipNotKnownError,
    TypeDefError,
)
from omrs_streams.client import MetadataClient
from omrs_streams.log.consumer import read_all
from omrs_streams.log.embedded import Endpoint
from omrs_streams.log.kafka import KafkaSettings
from omrs_streams.log.names import cohort_instances
from oracle import equals_its_log
from workers import PARTITIONS, Pair, eventually, unique

pytestmark = pytest.mark.kafka

TYPES = known_types()
Bean = dict[str, Any]


@pytest.fixture
def home() -> str:
    """A metadata collection that is no member of the cohort."""
    return str(uuid4())


def header(type_name: str, home: str, **more: Any) -> Bean:
    return {
        "headerVersion": 1,
        "type": TYPES.instance_type(TYPES.require(name=type_name)),
        "instanceProvenanceType": "LOCAL_COHORT",
        "metadataCollectionId": home,
        "metadataCollectionName": "elsewhere",
        "createdBy": "erin",
        "createTime": 1_700_000_000_000,
        "version": 1,
        "status": "ACTIVE",
        **more,
    }


def entity(home: str, type_name: str = "GlossaryTerm", **more: Any) -> Bean:
    return {"class": "EntityDetail", **header(type_name, home), "guid": str(uuid4()), **more}


def proxy_of(bean: Bean) -> Bean:
    return {**{name: value for name, value in bean.items() if name != "properties"}, "class": "EntityProxy"}


def relationship(home: str, one: Bean, other: Bean, **more: Any) -> Bean:
    ends = {"entityOneProxy": proxy_of(one), "entityTwoProxy": proxy_of(other)}
    return {"class": "Relationship", **header("Synonym", home), "guid": str(uuid4()), **ends, **more}


def classification(home: str, name: str = "Template", **more: Any) -> Bean:
    own = {"class": "Classification", "name": name, "classificationOrigin": "ASSIGNED"}
    return {**own, **header(name, home), **more}


def as_read(bean: Bean) -> Bean:
    """Its home is no member: it reads as deregistered (OMRS instances § Provenance rules), its ends and classifications
    too."""
    read = {**bean, "instanceProvenanceType": "DEREGISTERED_REPOSITORY"}
    for end in ("entityOneProxy", "entityTwoProxy"):
        if end in read:
            read[end] = as_read(read[end])
    if "classifications" in read:
        read["classifications"] = [as_read(each) for each in read["classifications"]]
    return read


def test_an_entity_copy_from_first_to_last(alice: MetadataClient, home: str) -> None:
    first = entity(home)
    guid = first["guid"]
    alice.save_entity_copy(first)
    assert alice.get_entity(guid) == as_read(first)
    with pytest.raises(InvalidParameterError, match=home):
        alice.delete_entity(guid)
    second = {**first, "version": 2, "updatedBy": "erin", "updateTime": 1_700_000_000_500}
    alice.save_entity_copy(second)
    alice.save_entity_copy(first)  # older: changes nothing
    assert alice.get_entity(guid) == as_read(second)
    third = {**second, "version": 3, "status": "DELETED", "statusOnDelete": "ACTIVE"}
    alice.delete_entity_copy(third)
    assert alice.find_entity(guid) == as_read(third)
    with pytest.raises(EntityNotKnownError):
        alice.get_entity(guid)
    alice.purge_entity_copy(third)
    assert alice.find_entity(guid) is None
    alice.delete_entity_copy(third)
    assert alice.find_entity(guid) is None


def test_a_copy_is_deleted_though_it_does_not_say_so(alice: MetadataClient, home: str) -> None:
    first = entity(home)
    alice.save_entity_copy(first)
    alice.delete_entity_copy({**first, "version": 2})
    found = alice.find_entity(first["guid"])
    assert found is not None and (found["status"], found["statusOnDelete"]) == ("DELETED", "ACTIVE")


def test_a_relationship_copy_brings_proxies_of_its_ends(alice: MetadataClient, home: str) -> None:
    one, other = entity(home), entity(home)
    alice.save_entity_copy(one)
    link = relationship(home, one, other)
    alice.save_relationship_copy(link)
    assert alice.get_relationship(link["guid"]) == as_read(link)
    assert alice.relationships_of(one["guid"]) == [as_read(link)]

    def proxied() -> bool:
        try:
            alice.get_entity(other["guid"])
        except EntityProxyOnlyError:
            return True
        except EntityNotKnownError:
            return False
        return False

    eventually(proxied, "the unknown end is kept as a proxy")
    alice.delete_relationship_copy({**link, "version": 2, "status": "DELETED", "statusOnDelete": "ACTIVE"})
    assert not alice.relationships_of(one["guid"])
    alice.purge_relationship_copy_of(link["guid"], "Synonym", home)
    assert alice.find_relationship(link["guid"]) is None
    with pytest.raises(RelationshipNotKnownError):
        alice.purge_relationship_copy_of(link["guid"], "Synonym", home)


def test_a_graph_of_copies(alice: MetadataClient, home: str) -> None:
    ends = [entity(home), entity(home)]
    link = relationship(home, *ends)
    event_id = str(uuid4())
    for _ in range(2):
        alice.save_copies(ends, [link], event_id=event_id)
    for end in ends:
        assert alice.get_entity(end["guid"]) == as_read(end)
    assert alice.get_relationship(link["guid"]) == as_read(link)


def test_classification_copies(alice: MetadataClient, home: str) -> None:
    """In the proxy form a third member says so, in the entity form the home."""
    first, third = entity(home), str(uuid4())
    alice.save_entity_copy(first)
    theirs = classification(third)
    alice.save_classification_copy(proxy_of(first), theirs)
    assert alice.get_entity(first["guid"])["classifications"] == [as_read(theirs)]
    newer = {**theirs, "version": 2}
    alice.save_classification_copy(proxy_of(first), newer)
    alice.save_classification_copy(proxy_of(first), theirs)
    assert alice.get_entity(first["guid"])["classifications"] == [as_read(newer)]
    alice.purge_classification_copy(proxy_of(first), newer)
    assert "classifications" not in alice.get_entity(first["guid"])
    own = classification(home, "Memento")
    alice.save_classification_copy({**first, "classifications": [own]}, own)
    assert alice.get_entity(first["guid"])["classifications"] == [as_read(own)]


def test_an_entity_proxy(alice: MetadataClient, home: str, pair: Pair) -> None:
    first = entity(home)
    alice.add_entity_proxy(proxy_of(first))
    with pytest.raises(EntityProxyOnlyError):
        alice.get_entity(first["guid"])
    assert alice.get_entity_summary(first["guid"])["guid"] == first["guid"]
    alice.save_entity_copy(first)
    alice.add_entity_proxy(proxy_of(first))
    assert alice.get_entity(first["guid"]) == as_read(first)
    rest = pair.a.rest("alice")
    ours = rest.post("/instances/entity-proxy", json=proxy_of(entity(pair.ids[0])))
    refused(ours, "OMRS-REPOSITORY-400-044", "InvalidParameterException", pair.ids[0])
    none = rest.post("/instances/entity-proxy", json={"class": "EntityProxy"})
    refused(none, "OMRS-REPOSITORY-400-043", "InvalidParameterException")


def test_what_is_refused(alice: MetadataClient, home: str, pair: Pair) -> None:
    first = entity(home)
    alice.save_entity_copy(first)
    with pytest.raises(EntityConflictError, match=first["guid"]):
        alice.save_entity_copy({**first, "createTime": 1_700_000_000_001, "version": 9})
    assert alice.get_entity(first["guid"]) == as_read(first)
    with pytest.raises(InvalidEntityError):
        alice.save_entity_copy({name: value for name, value in first.items() if name != "metadataCollectionId"})
    unknown = {**first, "type": {**first["type"], "typeDefGUID": str(uuid4()), "typeDefName": "Unheard"}}
    with pytest.raises(Exception, match="Unheard") as caught:
        alice.save_entity_copy(unknown)
    assert caught.type.__name__ in ("TypeDefError", "TypeDefNotKnownError")
    alice.save_entity_copy({**first, "headerVersion": 2, "version": 2})  # passed over in silence
    assert alice.get_entity(first["guid"]) == as_read(first)
    mine = alice.add_entity("GlossaryTerm", {"qualifiedName": unique("mine")})
    alice.save_entity_copy({**mine, "version": 7})  # reported, and nothing else
    assert alice.get_entity(mine["guid"]) == mine
    with pytest.raises(InvalidParameterError, match=home):
        alice.purge_entity_copy_of(first["guid"], "GlossaryTerm", str(uuid4()))
    with pytest.raises(HomeEntityError):
        alice.purge_entity_copy_of(mine["guid"], "GlossaryTerm", home)
    with pytest.raises(HomeEntityError):
        alice.refresh_entity_copy(mine["guid"], "GlossaryTerm", pair.ids[0])
    at = f"/instances/entities/reference-copy/{first['guid']}/refresh"
    body = {"class": "TypeDefValidationForRequest", "typeDefGUID": "nothing"}
    with pytest.raises(TypeDefError):
        alice._transport.post(at, body, homeMetadataCollectionId=home)


def test_the_cohort_hears_of_requests_only(alice: MetadataClient, home: str, pair: Pair, kafka: Endpoint) -> None:
    """Copies by request are not told to anybody; a refresh is asked of the home over the cohort."""
    first = entity(home)
    alice.save_entity_copy(first)
    alice.refresh_entity_copy(first["guid"], "GlossaryTerm", home)
    link = str(uuid4())
    alice.refresh_relationship_copy(link, "Synonym", home)
    conf = KafkaSettings(bootstrap_servers=kafka.bootstrap_servers).bulk_consumer("reference-copies-test")
    codec = EventCodec(TYPES)

    def sent() -> dict[str, Bean]:
        found = {}
        for message in read_all(conf, cohort_instances(pair.cohort), PARTITIONS):
            if message.key() not in (first["guid"].encode(), link.encode()):
                continue  # of other tests, with keys and types of their own
            section = codec.decode(message.value() or b"").get("instanceEventSection") or {}
            if section.get("instanceGUID") in (first["guid"], link):
                found[section["instanceGUID"]] = section
        return found if len(found) == 2 else {}

    found = eventually(sent, "the requests are on the cohort's topic")
    assert found[first["guid"]]["eventType"] == "REFRESH_ENTITY_REQUEST"
    assert found[first["guid"]]["homeMetadataCollectionId"] == home
    assert found[first["guid"]]["typeDefName"] == "GlossaryTerm"
    assert found[link]["eventType"] == "REFRESH_RELATIONSHIP_REQUEST"
    equals_its_log(kafka.bootstrap_servers, pair.a)

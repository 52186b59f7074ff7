"""Entities, relationships and classifications from first to last: what is made is kept as it was given, each change
makes a version, what is deleted comes back, what is purged does not (OMRS conformance § 3, § 4)."""

from collections.abc import Callable

import pytest
from repository_calls import ENTITY, RELATIONSHIP, Bean, Repository, now_ms
from samples import TYPES, classified_types, ends, entity_types, everything, least, relationship_types, text

from omrs_schemas.errors import (
    EntityNotKnownError,
    OmrsError,
    PropertyError,
    RelationshipNotKnownError,
    StatusNotSupportedError,
    TypeDefError,
)

pytestmark = pytest.mark.kafka

NOT_KNOWN: dict[str, type[OmrsError]] = {ENTITY: EntityNotKnownError, RELATIONSHIP: RelationshipNotKnownError}
KINDS = [
    *(pytest.param(ENTITY, name, id=name) for name in entity_types()),
    *(pytest.param(RELATIONSHIP, name, id=name) for name in relationship_types()),
]

Make = Callable[[str, str], Bean]


@pytest.fixture
def make(tested: Repository) -> Make:
    """`make(kind, type name)`: an instance with a value for every property; a relationship with ends of its own."""

    def make(kind: str, name: str) -> Bean:
        if kind == ENTITY:
            return tested.add_entity(name, everything(name))
        one, other = (tested.add_entity(end, everything(end))["guid"] for end in ends(name))
        return tested.add_relationship(name, one, other, everything(name))

    return make


def given(bean: Bean) -> Bean:
    """The values of an instance by name."""
    found: Bean = (bean.get("properties") or {}).get("instanceProperties") or {}
    return {name: value["primitiveValue"] for name, value in found.items()}


def wanted(properties: Bean | None) -> Bean:
    return given({"properties": properties})


@pytest.mark.conformance("ENTITY_LIFECYCLE", "RELATIONSHIP_LIFECYCLE", "METADATA_INSTANCE_ACCESS")
@pytest.mark.parametrize(("kind", "name"), KINDS)
def test_what_is_made_is_found_as_it_was_given(kind: str, name: str, tested: Repository, make: Make) -> None:
    before = now_ms()
    made = make(kind, name)
    typedef = TYPES.require(name=name)
    assert made["createdBy"] == "suite" and before - 1000 <= made["createTime"] <= now_ms() + 1000
    assert (made["instanceProvenanceType"], made["metadataCollectionId"]) == ("LOCAL_COHORT", tested.collection_id)
    assert made["status"] == typedef["initialStatus"] and made["version"] > 0
    assert (made["type"]["typeDefGUID"], made["type"]["typeDefName"]) == (typedef["guid"], name)
    assert given(made) == wanted(everything(name))
    assert tested.known(kind, made["guid"]) == tested.detail(kind, made["guid"]) == made
    if kind == ENTITY:
        header = {key: value for key, value in made.items() if key != "properties"}
        assert tested.summary(made["guid"]) == header | {"class": "EntitySummary"}
        assert tested.relationships_of(made["guid"]) is None
    else:
        proxies = [made[end] for end in ("entityOneProxy", "entityTwoProxy")]
        assert [proxy["type"]["typeDefName"] for proxy in proxies] == list(ends(name))
        for proxy in proxies:
            assert proxy["class"] == "EntityProxy" and tested.relationships_of(proxy["guid"]) == [made]
    tested.remove(kind, made)


@pytest.mark.conformance("ENTITY_LIFECYCLE", "RELATIONSHIP_LIFECYCLE", "INSTANCE_VERSIONING")
@pytest.mark.parametrize(("kind", "name"), KINDS)
def test_every_status_but_deleted_can_be_set(kind: str, name: str, tested: Repository, make: Make) -> None:
    made = make(kind, name)
    for status in TYPES.require(name=name)["validInstanceStatusList"]:
        if status == "DELETED":
            with pytest.raises(StatusNotSupportedError):
                tested.set_status(kind, made["guid"], status)
        else:
            changed = tested.set_status(kind, made["guid"], status)
            assert (changed["status"], changed["version"]) == (status, made["version"] + 1)
            made = changed
    tested.remove(kind, made)


@pytest.mark.conformance("RETURN_PREVIOUS_VERSION", "NEW_VERSION_NUMBER_ON_UNDO", "INSTANCE_VERSIONING")
@pytest.mark.parametrize(("kind", "name"), KINDS)
def test_an_update_and_its_undo(kind: str, name: str, tested: Repository, make: Make) -> None:
    made = make(kind, name)
    if everything(name) is None:
        with pytest.raises(PropertyError):
            tested.update(kind, made["guid"], None)
        return
    fewer = least(name) or {"class": "InstanceProperties", "instanceProperties": {}}
    updated = tested.update(kind, made["guid"], fewer)
    assert updated["version"] == made["version"] + 1 and given(updated) == wanted(least(name))
    undone = tested.undo(kind, made["guid"])
    assert undone["version"] == updated["version"] + 1
    assert undone["properties"] == made["properties"]
    tested.remove(kind, undone)


@pytest.mark.conformance("GET_ENTITY_VERSIONS", "GET_RELATIONSHIP_VERSIONS", "HISTORICAL_PROPERTY_SEARCH")
@pytest.mark.parametrize(("kind", "name"), KINDS)
def test_versions_both_ways_and_at_a_time(kind: str, name: str, tested: Repository, make: Make) -> None:
    made = make(kind, name)
    active = TYPES.require(name=name)["initialStatus"]
    versions = [made, *(tested.set_status(kind, made["guid"], active) for _ in range(2))]
    guid, created = made["guid"], made["createTime"]
    assert tested.history(kind, guid, sequencingOrder="FORWARDS") == versions
    assert tested.history(kind, guid, sequencingOrder="BACKWARDS") == tested.history(kind, guid) == versions[::-1]
    assert tested.history(kind, guid, pageSize=2, offset=1, sequencingOrder="FORWARDS") == versions[1:]
    with pytest.raises(NOT_KNOWN[kind]):
        tested.history(kind, guid, fromTime=created - 2000, toTime=created - 1000)
    with pytest.raises(NOT_KNOWN[kind]):
        tested.detail_at(kind, guid, created - 1000)
    assert tested.detail_at(kind, guid, now_ms()) == versions[-1]
    tested.remove(kind, made)


@pytest.mark.conformance("SOFT_DELETE_INSTANCE", "UNDELETE_INSTANCE", "NEW_VERSION_NUMBER_ON_RESTORE")
@pytest.mark.parametrize(("kind", "name"), KINDS)
def test_what_is_deleted_comes_back(kind: str, name: str, tested: Repository, make: Make) -> None:
    made = make(kind, name)
    guid = made["guid"]
    deleted = tested.delete(kind, made)
    assert (deleted["status"], deleted["version"]) == ("DELETED", made["version"] + 1)
    with pytest.raises(NOT_KNOWN[kind]):
        tested.detail(kind, guid)
    assert tested.known(kind, guid) == deleted
    with pytest.raises(NOT_KNOWN[kind]):
        tested.detail_at(kind, guid, deleted["updateTime"])
    assert tested.history(kind, guid) == [deleted, made]
    restored = tested.restore(kind, guid)
    assert (restored["status"], restored["version"]) == (made["status"], deleted["version"] + 1)
    assert tested.detail(kind, guid) == restored
    assert restored.get("properties") == made.get("properties")
    tested.remove(kind, restored)


@pytest.mark.conformance("ENTITY_LIFECYCLE", "RELATIONSHIP_LIFECYCLE")
@pytest.mark.parametrize(("kind", "name"), KINDS)
def test_what_is_purged_leaves_nothing(kind: str, name: str, tested: Repository, make: Make) -> None:
    made = make(kind, name)
    tested.remove(kind, made)
    assert tested.gone(kind, made["guid"])
    for asked in (
        lambda: tested.detail(kind, made["guid"]),
        lambda: tested.history(kind, made["guid"]),
        lambda: tested.detail_at(kind, made["guid"], made["createTime"]),
        lambda: tested.restore(kind, made["guid"]),
    ):
        with pytest.raises(NOT_KNOWN[kind]):
            asked()


@pytest.mark.conformance("CLASSIFICATION_LIFECYCLE")
@pytest.mark.parametrize(("entity", "name"), [pytest.param(*pair, id="-".join(pair)) for pair in classified_types()])
def test_a_classification_from_first_to_last(entity: str, name: str, tested: Repository) -> None:
    made = tested.add_entity(entity, everything(entity))
    assert "classifications" not in made
    classified = tested.classify(made["guid"], name, None)
    [bare] = classified["classifications"]
    assert (bare["name"], bare.get("properties")) == (name, None)
    assert tested.detail(ENTITY, made["guid"]) == classified
    properties = everything(name)
    if properties is not None:
        [changed] = tested.reclassify(made["guid"], name, properties)["classifications"]
        assert given(changed) == wanted(properties) and changed["version"] > bare["version"]
    assert "classifications" not in tested.declassify(made["guid"], name)
    assert "classifications" not in tested.detail(ENTITY, made["guid"])
    tested.remove(ENTITY, made)


@pytest.mark.conformance("TYPE_ENFORCEMENT", "UNSUPPORTED_TYPE_ERRORS")
def test_instances_are_held_to_their_type(tested: Repository) -> None:
    unknown = {"class": "InstanceProperties", "instanceProperties": {"noSuchProperty": text("a")}}
    with pytest.raises(PropertyError, match="noSuchProperty"):
        tested.add_entity("GlossaryTerm", unknown)
    with pytest.raises(StatusNotSupportedError):
        tested.add_entity("GlossaryTerm", None, initialStatus="PROPOSED")
    with pytest.raises(TypeDefError):
        tested.post("/instances/entity", {"class": "EntityCreateRequest", "entityTypeGUID": "no-such-type"})
    relationship = TYPES.require(name="ResourceList")["guid"]
    with pytest.raises(TypeDefError):
        tested.post("/instances/entity", {"class": "EntityCreateRequest", "entityTypeGUID": relationship})
    one, other = (tested.add_entity("GlossaryTerm", None)["guid"] for _ in range(2))
    with pytest.raises(OmrsError, match="end"):
        tested.add_relationship("CollectionMembership", one, other, None)
    with pytest.raises(OmrsError, match="PrimaryKey"):
        tested.classify(one, "PrimaryKey", None)

"""Reference copies: kept exactly as their home has them, changed by nobody else, gone when the home purges them; and
what becomes of a copy whose home no member has (OMRS conformance § 5)."""

from collections.abc import Callable, Iterator
from uuid import uuid4

import pytest
from repository_calls import ENTITY, RELATIONSHIP, Bean, Repository
from samples import ends, entity_types, everything, least, primitive, relationship_types, text

from omrs_schemas.errors import EntityNotKnownError, InvalidParameterError, OmrsError, RelationshipNotKnownError
from workers import eventually

pytestmark = pytest.mark.kafka

KINDS = [
    *(pytest.param(ENTITY, name, id=name) for name in entity_types()),
    *(pytest.param(RELATIONSHIP, name, id=name) for name in relationship_types()),
]
NOT_KNOWN: dict[str, type[OmrsError]] = {ENTITY: EntityNotKnownError, RELATIONSHIP: RelationshipNotKnownError}

Arrived = Callable[[str, str], tuple[Bean, Bean]]


@pytest.fixture
def arrived(tested: Repository, suite: Repository) -> Iterator[Arrived]:
    """`arrived(kind, type name)`: an instance of the suite's repository, and its copy in the one under test."""
    made: list[tuple[str, Bean]] = []

    def make(kind: str, name: str) -> Bean:
        if kind == ENTITY:
            bean = suite.add_entity(name, everything(name))
        else:
            one, other = (make(ENTITY, end)["guid"] for end in ends(name))
            bean = suite.add_relationship(name, one, other, everything(name))
        made.append((kind, bean))
        return bean

    def arrived(kind: str, name: str) -> tuple[Bean, Bean]:
        bean = make(kind, name)
        return bean, eventually(lambda: tested.known(kind, bean["guid"]) or {}, f"the copy of {bean['guid']}")

    yield arrived
    for kind, bean in reversed(made):
        if not suite.gone(kind, bean["guid"]):
            suite.remove(kind, bean)


@pytest.mark.conformance("REFERENCE_COPY_STORAGE", "INSTANCE_NOTIFICATIONS", "METADATA_INSTANCE_ACCESS")
@pytest.mark.parametrize(("kind", "name"), KINDS)
def test_a_copy_equals_the_instance(kind: str, name: str, arrived: Arrived, tested: Repository) -> None:
    made, copy = arrived(kind, name)
    assert copy == made
    assert tested.detail(kind, made["guid"]) == made
    if kind == ENTITY:
        header = {key: value for key, value in made.items() if key != "properties"}
        assert tested.summary(made["guid"]) == header | {"class": "EntitySummary"}
        assert tested.relationships_of(made["guid"]) is None


@pytest.mark.conformance("REFERENCE_COPY_LOCKING")
@pytest.mark.parametrize(("kind", "name"), KINDS)
def test_nobody_but_the_home_changes_it(kind: str, name: str, arrived: Arrived, tested: Repository) -> None:
    made, _ = arrived(kind, name)
    guid = made["guid"]
    for change in (
        lambda: tested.set_status(kind, guid, made["status"]),
        lambda: tested.update(kind, guid, least(name) or {"class": "InstanceProperties", "instanceProperties": {}}),
        lambda: tested.retype(kind, made, name),
        lambda: tested.reidentify(kind, made, str(uuid4())),
        lambda: tested.delete(kind, made),
    ):
        with pytest.raises(InvalidParameterError):
            change()
    assert tested.detail(kind, guid) == made


@pytest.mark.conformance("REFERENCE_COPY_STORAGE")
@pytest.mark.parametrize(("kind", "name"), KINDS)
def test_a_copy_that_was_purged_is_refreshed(kind: str, name: str, arrived: Arrived, tested: Repository) -> None:
    made, copy = arrived(kind, name)
    tested.purge_copy(kind, copy)
    assert tested.gone(kind, made["guid"])
    tested.refresh_copy(kind, made)
    eventually(lambda: tested.known(kind, made["guid"]), "the home's answer")
    assert tested.detail(kind, made["guid"]) == made


@pytest.mark.conformance("REFERENCE_COPY_DELETE", "INSTANCE_NOTIFICATIONS")
@pytest.mark.parametrize(("kind", "name"), KINDS)
def test_what_the_home_purges_goes(
    kind: str, name: str, arrived: Arrived, tested: Repository, suite: Repository
) -> None:
    made, _ = arrived(kind, name)
    deleted = suite.delete(kind, made)
    eventually(lambda: (tested.known(kind, made["guid"]) or {}).get("status") == "DELETED", "the copy is deleted")
    assert tested.known(kind, made["guid"]) == deleted
    with pytest.raises(NOT_KNOWN[kind]):
        tested.detail(kind, made["guid"])
    suite.purge(kind, made)
    eventually(lambda: tested.gone(kind, made["guid"]), "the copy is gone")


def foreign(bean: Bean) -> Bean:
    """The instance as one of a member that nobody knows, with properties of the catalogue it comes from."""
    return {
        **bean,
        "guid": f"remote{bean['guid'][6:]}",
        "metadataCollectionId": f"remote{bean['metadataCollectionId'][6:]}",
        "mappingProperties": {
            "class": "InstanceProperties",
            "headerVersion": 1,
            "instanceProperties": {"place": text("here"), "size": primitive("OM_PRIMITIVE_TYPE_INT", 12)},
        },
    }


@pytest.mark.conformance("REFERENCE_COPY_STORAGE", "UPDATE_INSTANCE_HOME")
@pytest.mark.parametrize(("kind", "name"), KINDS)
def test_a_copy_without_a_home_is_kept_and_given_one(
    kind: str, name: str, arrived: Arrived, tested: Repository, suite: Repository
) -> None:
    bean = foreign(arrived(kind, name)[0])
    tested.save_copy(kind, bean)
    # Its home is no member: nobody can be asked about it (OMRS instances § 2).
    kept = bean | {"instanceProvenanceType": "DEREGISTERED_REPOSITORY"}
    assert tested.detail(kind, bean["guid"]) == kept
    # The suite names its own collection as the home that was; where no member has it, that is not looked at.
    ours = tested.rehome(kind, bean | {"metadataCollectionId": suite.collection_id})
    assert (ours["metadataCollectionId"], ours["metadataCollectionName"]) == (tested.collection_id, tested.server)
    assert (ours["instanceProvenanceType"], ours["version"]) == ("LOCAL_COHORT", bean["version"] + 1)
    assert tested.detail(kind, bean["guid"]) == ours
    assert ours["mappingProperties"] == bean["mappingProperties"]
    tested.delete(kind, ours)
    # The suite ends a relationship of its own by purging it as a copy.
    many = "entities" if kind == ENTITY else "relationships"
    path = f"/instances/{many}/reference-copy/{bean['guid']}/purge"
    request = {"typeDefGUID": bean["type"]["typeDefGUID"], "typeDefName": name}
    tested.post(path, request, homeMetadataCollectionId=tested.collection_id)
    assert tested.gone(kind, bean["guid"])


@pytest.mark.conformance("HOME_CLASSIFICATIONS")
def test_a_classification_of_ours_on_a_copy(arrived: Arrived, tested: Repository, suite: Repository) -> None:
    """Given here, it is at home here, though the entity is not; the entity's home gets it too."""
    made, _ = arrived(ENTITY, "GlossaryTerm")
    guid = made["guid"]
    classified = tested.classify(guid, "Confidentiality", None)
    [ours] = classified["classifications"]
    assert ours["metadataCollectionId"] == tested.collection_id
    assert {key: value for key, value in classified.items() if key != "classifications"} == made
    assert tested.get(f"/instances/entity/{guid}/home-classifications", "classifications") == [ours]
    eventually(lambda: suite.detail(ENTITY, guid).get("classifications") == [ours], "the home has it")
    assert suite.get(f"/instances/entity/{guid}/home-classifications", "classifications") is None
    [changed] = tested.reclassify(guid, "Confidentiality", everything("Confidentiality"))["classifications"]
    assert changed["version"] == ours["version"] + 1
    assert "classifications" not in tested.declassify(guid, "Confidentiality")
    eventually(lambda: "classifications" not in suite.detail(ENTITY, guid), "it is gone at the home too")

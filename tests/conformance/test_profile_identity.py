"""A new guid, another type, a new home: what it does here, and what the other member makes of it
(OMRS conformance § 2, § 3)."""

from uuid import uuid4

import pytest
from repository_calls import ENTITY, RELATIONSHIP, Bean, Repository
from samples import EVERY, TYPES, ends, entity_types, everything, relationship_types, subtypes

from omrs_schemas.errors import OmrsError
from workers import eventually

pytestmark = pytest.mark.kafka

KINDS = [
    *(pytest.param(ENTITY, name, id=name) for name in entity_types()),
    *(pytest.param(RELATIONSHIP, name, id=name) for name in relationship_types()),
]
RETYPED = [pytest.param(name, id=name) for name in entity_types() if subtypes(name)]


def add(repository: Repository, kind: str, name: str) -> Bean:
    if kind == ENTITY:
        return repository.add_entity(name, everything(name))
    one, other = (repository.add_entity(end, everything(end))["guid"] for end in ends(name))
    return repository.add_relationship(name, one, other, everything(name))


def arrives(there: Repository, kind: str, bean: Bean) -> None:
    """Until the other member has exactly this."""
    eventually(lambda: there.known(kind, bean["guid"]) == bean, f"{bean['guid']} at {there.server}")


@pytest.mark.conformance("UPDATE_INSTANCE_IDENTIFIER", "SEND_REIDENTIFIED_EVENT", "PROCESS_REIDENTIFIED_EVENT")
@pytest.mark.parametrize(("kind", "name"), KINDS)
def test_a_new_guid(kind: str, name: str, tested: Repository, suite: Repository) -> None:
    made = add(tested, kind, name)
    arrives(suite, kind, made)
    renamed = tested.reidentify(kind, made, str(uuid4()))
    assert renamed["guid"] != made["guid"] and renamed["version"] == made["version"] + 1
    assert (renamed["reIdentifiedFromGUID"], renamed.get("properties")) == (made["guid"], made.get("properties"))
    assert tested.detail(kind, renamed["guid"]) == renamed
    with pytest.raises(OmrsError) as refused:
        tested.detail(kind, made["guid"])
    assert refused.value.http == 404
    arrives(suite, kind, renamed)
    eventually(lambda: not_there(suite, kind, made["guid"]), "the old guid is gone at the other member")
    tested.remove(kind, renamed)


def not_there(repository: Repository, kind: str, guid: str) -> bool:
    try:
        repository.detail(kind, guid)
    except OmrsError as error:
        return error.http == 404
    return False


@pytest.mark.conformance("UPDATE_INSTANCE_TYPE", "SEND_RETYPED_EVENT", "PROCESS_RETYPED_EVENT")
@pytest.mark.parametrize("name", RETYPED)
def test_every_subtype_and_back(name: str, tested: Repository, suite: Repository) -> None:
    made = add(tested, ENTITY, name)
    now = made
    below = subtypes(name) if EVERY else subtypes(name)[:4]
    for subtype in below:
        for target in (subtype, name):
            changed = tested.retype(ENTITY, now, target)
            assert changed["type"] == TYPES.instance_type(TYPES.require(name=target))
            assert changed["version"] > now["version"] and changed.get("properties") == made.get("properties")
            now = changed
    assert now["type"] == made["type"]
    assert tested.detail(ENTITY, made["guid"]) == now
    if below:
        now = tested.retype(ENTITY, now, below[0])
        arrives(suite, ENTITY, now)
    tested.remove(ENTITY, now)


@pytest.mark.conformance("UPDATE_INSTANCE_HOME", "SEND_REHOMED_EVENT", "PROCESS_REHOMED_EVENT")
@pytest.mark.parametrize(("kind", "name"), KINDS)
def test_a_new_home(kind: str, name: str, tested: Repository, suite: Repository) -> None:
    """The member that takes it over may change it from then on, and the one that had it may not."""
    made = add(suite, kind, name)
    arrives(tested, kind, made)
    ours = tested.rehome(kind, made)
    assert (ours["metadataCollectionId"], ours["version"]) == (tested.collection_id, made["version"] + 1)
    assert tested.detail(kind, made["guid"]) == ours
    arrives(suite, kind, ours)
    with pytest.raises(OmrsError):
        suite.delete(kind, made)
    tested.remove(kind, ours)
    eventually(lambda: suite.gone(kind, made["guid"]), "it is gone at the other member")

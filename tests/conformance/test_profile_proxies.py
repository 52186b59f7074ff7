"""Entity proxies: stubs of entities that another member has, for relationships of ours (OMRS conformance § 6)."""

from collections.abc import Callable
from uuid import uuid4

import pytest
from repository_calls import ENTITY, RELATIONSHIP, Bean, Repository
from samples import ends, everything, least, relationship_types

from omrs_schemas.errors import EntityNotKnownError, EntityProxyOnlyError, InvalidParameterError
from workers import eventually

pytestmark = pytest.mark.kafka

TYPES = [pytest.param(name, id=name) for name in relationship_types()]


Proxied = Callable[[str], Bean]


@pytest.fixture
def proxied(tested: Repository, suite: Repository) -> Proxied:
    """`proxied(type name)`: an entity of the suite's repository of which the one under test has a proxy only."""

    def proxied(name: str) -> Bean:
        made = suite.add_entity(name, everything(name))
        copy = eventually(lambda: tested.known(ENTITY, made["guid"]) or {}, f"the copy of {made['guid']}")
        tested.purge_copy(ENTITY, copy)
        tested.add_proxy(made)
        return made

    return proxied


@pytest.mark.conformance("STORE_ENTITY_PROXIES", "RETRIEVE_ENTITY_PROXIES")
@pytest.mark.parametrize("name", TYPES)
def test_a_proxy_has_a_summary_and_no_more(name: str, proxied: Proxied, tested: Repository, suite: Repository) -> None:
    made = proxied(ends(name)[0])
    summary = tested.summary(made["guid"])
    assert (summary["guid"], summary["class"]) == (made["guid"], "EntitySummary")
    assert summary["metadataCollectionId"] == suite.collection_id
    with pytest.raises(EntityProxyOnlyError):
        tested.detail(ENTITY, made["guid"])
    assert tested.known(ENTITY, made["guid"]) is None
    suite.remove(ENTITY, made)


@pytest.mark.conformance("ENTITY_PROXY_LOCKING")
@pytest.mark.parametrize("name", TYPES)
def test_a_proxy_is_not_ours_to_change(name: str, proxied: Proxied, tested: Repository, suite: Repository) -> None:
    end = ends(name)[0]
    made = proxied(end)
    for change in (
        lambda: tested.set_status(ENTITY, made["guid"], made["status"]),
        lambda: tested.update(ENTITY, made["guid"], least(end) or {"instanceProperties": {}}),
        lambda: tested.retype(ENTITY, made, end),
        lambda: tested.reidentify(ENTITY, made, str(uuid4())),
    ):
        with pytest.raises(InvalidParameterError):
            change()
    suite.remove(ENTITY, made)


@pytest.mark.conformance("STORE_ENTITY_PROXIES", "ENTITY_PROXY_DELETE")
@pytest.mark.parametrize("name", TYPES)
def test_a_relationship_between_proxies(name: str, proxied: Proxied, tested: Repository, suite: Repository) -> None:
    """It is ours from first to last; the proxies go when the home purges what they stand for."""
    made = [proxied(end) for end in ends(name)]
    link = tested.add_relationship(name, made[0]["guid"], made[1]["guid"], everything(name))
    found = [link[end]["guid"] for end in ("entityOneProxy", "entityTwoProxy")]
    assert found == [each["guid"] for each in made]
    assert link["metadataCollectionId"] == tested.collection_id
    assert tested.delete(RELATIONSHIP, link)["status"] == "DELETED"
    tested.purge(RELATIONSHIP, link)
    assert tested.gone(RELATIONSHIP, link["guid"])
    for each in made:
        suite.remove(ENTITY, each)

    def gone() -> bool:
        try:
            return not [tested.summary(each["guid"]) for each in made]
        except EntityNotKnownError:
            return True

    eventually(gone, "a proxy is gone")

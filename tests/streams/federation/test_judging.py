"""What the local repository hides stays hidden, whoever shows it; its classifications belong to every answer."""

from collections.abc import Sequence
from typing import Any

import pytest
from memory_members import ROUTE_OF, TYPES, MemoryMember, Together, link, proxy, tag, term

from omrs_schemas.errors import EntityNotKnownError, RelationshipNotKnownError, UserNotAuthorizedError
from omrs_schemas.model.values import to_properties
from omrs_streams.api.access import visible
from omrs_streams.federation.member import Asked, Operation
from omrs_streams.repository.services import Answer, Caller
from omrs_streams.security.rules import RuleSecurity
from omrs_streams.security.settings import SecuritySettings

Bean = dict[str, Any]
BOB, ERIN = Caller("bob"), Caller("erin")
RULE = {"users": ["bob"], "zones": ["secret"], "effect": "deny"}
SECURITY = RuleSecurity(SecuritySettings.model_validate({"requests": [RULE]}), TYPES)
ZONE = {
    **tag("ZoneMembership", "local"),
    "type": TYPES.instance_type(TYPES.require(name="ZoneMembership")),
    "properties": to_properties(TYPES, "ZoneMembership", {"zoneMembership": ["secret"]}),
}
MANY = [term(f"z{number:03}", "b") for number in range(150)]
LINKS = {"class": "TypeLimitedFindRequest", "pageSize": 5}


class Ruled(MemoryMember):
    """A local repository with rules."""

    async def call(self, asked: Asked | str, caller: Caller, deadline: float = 0.0, **more: Any) -> Answer:
        answer = await super().call(asked, caller, deadline, **more)
        operation = asked if isinstance(asked, str) else asked.operation
        return Answer(visible(SECURITY, caller.user, ROUTE_OF[operation], answer.result), answer.revision)


class RuledTogether(Together):
    """A federation that shows what the rules let be seen."""

    def _view(self, user: str, operation: Operation, result: Any) -> Any:
        return visible(SECURITY, user, ROUTE_OF[operation.operation], result)


def world(held: Bean, *shown: Bean) -> RuledTogether:
    """We have put into zone secret what is at home at b; b does not know that."""
    return RuledTogether(Ruled("local", held), MemoryMember("b", *shown))


HELD = [term("g", "b", 1, ZONE), proxy("g", "b", ZONE)]


def guids(beans: Sequence[Bean]) -> set[str]:
    return {bean["guid"] for bean in beans}


@pytest.mark.parametrize("held", HELD, ids=["copy", "proxy"])
@pytest.mark.parametrize("operation", ["getEntityDetail", "getEntitySummary", "isEntityKnown"])
def test_a_local_refusal_is_decisive(operation: str, held: Bean) -> None:
    with pytest.raises(UserNotAuthorizedError):
        world(held, term("g", "b"))(operation, caller=BOB, guid="g")
    assert world(held, term("g", "b"))(operation, caller=ERIN, guid="g").result["guid"] == "g"


@pytest.mark.parametrize("held", HELD, ids=["copy", "proxy"])
@pytest.mark.parametrize("size", [1, 5, 250, 0])
def test_what_is_hidden_here_is_in_no_page(size: int, held: Bean) -> None:
    together = world(held, term("g", "b"), *MANY)
    body = {"class": "InstanceFindRequest", "pageSize": size}
    found = together("findEntities", caller=BOB, body=body)
    assert guids(found.result) == guids(MANY[: size or None]) and found.warnings == ()


def test_our_classifications_are_in_every_page() -> None:
    together = world(proxy("g", "b", ZONE), term("g", "b"), *MANY)
    found = together("findEntities", caller=ERIN, body={"class": "InstanceFindRequest"})
    assert len(found.result) > together.enterprise._federated.settings.classification_calls
    assert next(bean for bean in found.result if bean["guid"] == "g")["classifications"] == [ZONE]


def test_a_graph_is_cut_where_an_entity_is_hidden() -> None:
    shown = [term("a", "b"), term("g", "b"), link("r", "b", "a", "g")]
    together = world(proxy("g", "b", ZONE), *shown)
    graph = together("getEntityNeighborhood", caller=BOB, entityGUID="a", level="1").result
    assert guids(graph["entityElementList"]) == {"a"} and "relationshipElementList" not in graph


@pytest.mark.parametrize("held", HELD, ids=["copy", "proxy"])
def test_a_hidden_end_hides_the_relationship(held: Bean) -> None:
    together = world(held, term("a", "b"), term("g", "b"), link("r", "b", "a", "g"))
    assert together("getRelationshipsForEntity", caller=BOB, body=LINKS, entityGUID="a").result == []
    assert guids(together("getRelationshipsForEntity", caller=ERIN, body=LINKS, entityGUID="a").result) == {"r"}
    with pytest.raises(UserNotAuthorizedError):
        together("getRelationship", caller=BOB, guid="r")
    with pytest.raises(RelationshipNotKnownError):
        together("getRelationship", caller=BOB, guid="other")


def test_what_is_at_home_here_is_not_taken_over() -> None:
    ours, claim = term("g", "local", 2), term("g", "b", 99, displayName="taken")
    together = Together(MemoryMember("local", ours), MemoryMember("b", claim))
    for operation, asked in (("getEntityDetail", {"guid": "g"}), ("isEntityKnown", {"guid": "g"})):
        answer = together(operation, caller=None, body=None, **asked)
        assert answer.result == ours
        assert answer.warnings == ("local, b: each says to be the home of 1 of the same instances",)
    assert together("findEntities", body={}).result == [ours]


def test_nor_where_the_local_repository_has_not_found_it() -> None:
    """It does not match here, or is where no local way leads."""
    ours, edge = term("g", "local", 2), link("r", "local", "a", "g")
    claims = (term("g", "b", 99, displayName="taken"), {**edge, "metadataCollectionId": "b", "version": 99})
    local, other = MemoryMember("local", ours, edge), MemoryMember("b", term("a", "b"), *claims)
    for operation in ("findEntities", "getRelationshipsForEntity", "getEntityNeighborhood"):
        local.refuses[operation] = EntityNotKnownError("not found here")
    together = Together(local, other)
    assert ours in together("findEntities", body={}).result
    assert together("getRelationshipsForEntity", body={}, entityGUID="a").result == [edge]
    graph = together("getEntityNeighborhood", entityGUID="a", level="1").result
    assert ours in graph["entityElementList"] and graph["relationshipElementList"] == [edge]


class Busy(MemoryMember):
    """A local repository that finds, and is too slow to be asked about each instance."""

    async def call(self, asked: Asked | str, caller: Caller, deadline: float = 0.0, **more: Any) -> Answer:
        self.hangs = self.hangs or asked in ("getEntitySummary", "getRelationship")
        return await super().call(asked, caller, deadline, **more)


def test_what_cannot_be_judged_in_time_is_left_out() -> None:
    busy = Busy("local", term("ours", "local"))
    answer = Together(busy, MemoryMember("b", term("g", "b")))("findEntities", body={})
    assert guids(answer.result) == {"ours"} and answer.warnings[0].startswith("local: ")


def test_a_local_repository_that_is_down_hides_nothing() -> None:
    busy = Busy("local", term("ours", "local"))
    busy.hangs = True
    answer = Together(busy, MemoryMember("b", term("g", "b")))("findEntities", body={})
    assert guids(answer.result) == {"g"} and answer.warnings[0].startswith("local: ")

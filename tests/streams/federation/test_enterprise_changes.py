"""The federated repository over members in memory: who is asked to make a change, and who is not."""

from typing import Any

import pytest
from memory_members import LINK, TERM, UNKNOWN_TYPE, Deadlined, MemoryMember, Together, link, proxy, tag, term

from omrs_schemas.errors import (
    ClassificationError,
    EntityNotDeletedError,
    EntityNotKnownError,
    FunctionNotSupportedError,
    InvalidParameterError,
    MemberUnavailableError,
    OmrsError,
    PropertyError,
    RelationshipNotKnownError,
    RepositoryError,
    TypeDefError,
    UserNotAuthorizedError,
)
from omrs_streams.federation.member import Asked
from omrs_streams.federation.outcomes import KEPT_S, REMEMBERED, Outcomes
from omrs_streams.repository.services import Answer, Caller

Bean = dict[str, Any]
CREATE = {"entityTypeGUID": TERM["typeDefGUID"]}


def down(*, sent: bool) -> MemberUnavailableError:
    return MemberUnavailableError("down", member="b", sent=sent)


def refusing(name: str, operation: str, error: OmrsError, *beans: Bean) -> MemoryMember:
    member = MemoryMember(name, *beans)
    member.refuses[operation] = error
    return member


# ---- create --------------------------------------------------------------------------------------------------------


def test_the_local_repository_comes_first() -> None:
    other = MemoryMember("b")
    assert Together(MemoryMember("local"), other)("addEntity", body=CREATE).result["guid"] == "new-local"
    assert other.asked == []


@pytest.mark.parametrize("error", [FunctionNotSupportedError("no"), UNKNOWN_TYPE, down(sent=False)])
def test_the_next_is_asked_when_one_has_surely_not_made_it(error: OmrsError) -> None:
    local = refusing("local", "addEntity", error)
    assert Together(local, MemoryMember("b"))("addEntity", body=CREATE).result["guid"] == "new-b"


@pytest.mark.parametrize(
    "error", [down(sent=True), PropertyError("bad"), UserNotAuthorizedError("no"), RepositoryError("broken")]
)
def test_nobody_else_is_asked_otherwise(error: OmrsError) -> None:
    other = MemoryMember("b")
    with pytest.raises(type(error)):
        Together(refusing("local", "addEntity", error), other)("addEntity", body=CREATE)
    assert other.asked == []


def test_what_became_of_a_create_that_is_cut_off_is_not_known() -> None:
    slow, other = Deadlined("b"), MemoryMember("c")
    slow.hangs = True
    with pytest.raises(MemberUnavailableError, match="whether the change was made is not known"):
        Together(slow, other)("addEntity", body=CREATE)
    assert other.asked == []


def test_the_worst_refusal_of_a_create() -> None:
    members = [refusing(name, "addEntity", error) for name, error in (("b", UNKNOWN_TYPE), ("c", PropertyError("p")))]
    with pytest.raises(TypeDefError):
        Together(*members)("addEntity", body=CREATE)


# ---- the same request again ----------------------------------------------------------------------------------------


class Late(MemoryMember):
    """It makes what is asked of it, and its answer does not come; later it is down, and then it is back."""

    sent: bool | None = True

    async def call(self, asked: Asked | str, caller: Caller, deadline: float = 0.0, **more: Any) -> Answer:
        operation = asked if isinstance(asked, str) else asked.operation
        if self.sent is None or not operation.startswith(("add", "classify")):
            return await super().call(asked, caller, deadline, **more)
        if self.sent:
            await super().call(asked, caller, deadline, **more)
        raise down(sent=self.sent)


AGAIN = Caller("erin", "event-1")


def repeated(slow: Late, other: MemoryMember, operation: str, **asked: Any) -> None:
    """What may have been made at `slow` is not made at `other`, however often it is asked for."""
    together = Together(slow, other)
    for slow.sent in (True, False, False):
        with pytest.raises(MemberUnavailableError, match="not known") as caught:
            together(operation, caller=AGAIN, **asked)
        assert caught.value.sent and "to no other" in caught.value.help
    slow.sent = None
    together(operation, caller=AGAIN, **asked)
    assert operation not in other.asked
    slow.sent = False
    with pytest.raises(MemberUnavailableError):
        together(operation, caller=AGAIN, **asked)
    assert operation not in other.asked, "nor once it is known that it was made"


def test_a_create_is_repeated_where_it_may_have_been_made() -> None:
    slow, other = Late("b"), MemoryMember("c")
    repeated(slow, other, "addEntity", body=CREATE)
    fresh = Together(slow, other)("addEntity", caller=AGAIN, body=CREATE)
    assert fresh.result["guid"] == "new-c", "another federation has not heard of it"


def test_a_relationship_is_repeated_where_it_may_have_been_made() -> None:
    ends = [term("e", "b"), term("f", "b")]
    repeated(Late("b", *ends), MemoryMember("c", *ends), "addRelationship", body=LINKED)


def test_a_classification_is_repeated_where_it_may_have_been_made() -> None:
    class Forgetful(Late):
        """Reads do not show the classification yet."""

        def _keep(self, bean: Bean) -> Bean:
            return bean

    slow, other = Forgetful("b", term("e", "b")), MemoryMember("c", term("e", "b"))
    repeated(slow, other, "classifyEntity", entityGUID="e", classificationName="X")


def test_the_order_is_not_changed_by_another_event() -> None:
    slow, other = Late("b"), MemoryMember("c")
    together = Together(slow, other)
    with pytest.raises(MemberUnavailableError):
        together("addEntity", caller=AGAIN, body=CREATE)
    slow.sent = False
    assert together("addEntity", caller=Caller("erin", "event-2"), body=CREATE).result["guid"] == "new-c"


def test_a_member_that_has_left_may_have_made_it() -> None:
    slow, other = Late("b"), MemoryMember("c")
    together = Together(slow, other)
    with pytest.raises(MemberUnavailableError):
        together("addEntity", caller=AGAIN, body=CREATE)
    together.enterprise._members = lambda: [other.member]
    with pytest.raises(MemberUnavailableError, match="no member that can be asked"):
        together("addEntity", caller=AGAIN, body=CREATE)


def test_a_refusal_is_an_outcome() -> None:
    first = MemoryMember("b")
    together = Together(first, MemoryMember("c"))
    for error in (PropertyError("bad"), UNKNOWN_TYPE):
        first.refuses["addEntity"] = error
        if error is not UNKNOWN_TYPE:
            with pytest.raises(PropertyError):
                together("addEntity", caller=AGAIN, body=CREATE)
    assert together("addEntity", caller=AGAIN, body=CREATE).result["guid"] == "new-c"


def test_outcomes_are_forgotten() -> None:
    now = [0.0]
    outcomes = Outcomes(lambda: now[0])
    outcomes.given(("addEntity", "1"), "b")
    now[0] = KEPT_S / 2
    outcomes.given(("addEntity", "2"), "c")
    assert outcomes.member(("addEntity", "1")) == "b" and outcomes.member(("addEntity", "3")) is None
    now[0] = KEPT_S
    assert outcomes.member(("addEntity", "1")) is None and outcomes.member(("addEntity", "2")) == "c"
    for number in range(REMEMBERED):
        outcomes.given(("addEntity", f"n{number}"), "b")
    assert outcomes.member(("addEntity", "2")) is None and outcomes.member(("addEntity", "n0")) == "b"


# ---- relationships -------------------------------------------------------------------------------------------------

LINKED = {"relationshipTypeGUID": LINK["typeDefGUID"], "entityOneGUID": "e", "entityTwoGUID": "f"}


def test_a_relationship_gets_proxies_of_what_its_member_does_not_have() -> None:
    local, other = MemoryMember("local", term("e", "local")), MemoryMember("b", term("f", "b"))
    made = Together(local, other)("addRelationship", body=LINKED).result
    assert made["guid"] == "new-local"
    assert local.held["f"]["class"] == "EntityProxy" and "addEntityProxy" not in other.asked


def test_a_member_that_does_not_keep_the_proxy_is_passed_over() -> None:
    local = refusing("local", "addRelationship", EntityNotKnownError("f"), term("e", "local"))
    made = Together(local, MemoryMember("b", term("f", "b")))("addRelationship", body=LINKED).result
    assert made["guid"] == "new-b"


def test_a_relationship_of_what_nobody_knows() -> None:
    local = MemoryMember("local", term("e", "local"))
    with pytest.raises(EntityNotKnownError):
        Together(local, MemoryMember("b"))("addRelationship", body=LINKED)
    assert "addRelationship" not in local.asked


# ---- changes at the home -------------------------------------------------------------------------------------------


def test_a_change_goes_to_the_home_that_a_copy_names() -> None:
    local, home, other = MemoryMember("local", term("e", "b")), MemoryMember("b", term("e", "b")), MemoryMember("c")
    changed = Together(local, home, other)("updateEntityProperties", entityGUID="e", body={}).result
    assert changed["version"] == 2 and home.held["e"]["version"] == 2
    assert other.asked == [] and local.asked == ["getEntitySummary"]


def test_the_home_of_what_is_not_held_here_is_looked_for() -> None:
    home = MemoryMember("c", link("r", "c", "e", "f"))
    together = Together(MemoryMember("local"), MemoryMember("b"), home)
    together("updateRelationshipProperties", relationshipGUID="r", body={})
    assert home.held["r"]["version"] == 2


def test_a_replicator_changes_for_an_external_home() -> None:
    external = term("e", "tool", instanceProvenanceType="EXTERNAL_SOURCE", replicatedBy="b")
    home = MemoryMember("b", external)
    Together(MemoryMember("local", external), home)("updateEntityProperties", entityGUID="e", body={})
    assert home.held["e"]["version"] == 2


def test_nothing_else_is_tried_when_the_home_is_down() -> None:
    home = refusing("b", "updateEntityProperties", down(sent=False), term("e", "b"))
    local = MemoryMember("local", term("e", "b"))
    with pytest.raises(MemberUnavailableError):
        Together(local, home)("updateEntityProperties", entityGUID="e", body={})
    assert local.held["e"]["version"] == 1


def test_a_home_that_has_left() -> None:
    with pytest.raises(RepositoryError) as caught:
        Together(MemoryMember("local", term("e", "gone")))("updateEntityProperties", entityGUID="e", body={})
    assert caught.value.code == "OMRS-REPOSITORY-400-056"


def test_what_may_not_be_read_is_not_changed() -> None:
    home = MemoryMember("b", term("e", "b"))
    with pytest.raises(UserNotAuthorizedError):
        Together(MemoryMember("local"), home, hidden=["e"])("updateEntityProperties", entityGUID="e", body={})
    assert home.held["e"]["version"] == 1


def test_if_match_needs_a_home_that_counts_revisions() -> None:
    home = MemoryMember("b", term("e", "b"))
    together = Together(MemoryMember("local"), home)
    together("updateEntityProperties", entityGUID="e", body={}, caller=Caller("erin", revision=7))
    assert home.callers[-1].revision == 7

    class Uncounted(MemoryMember):
        async def call(self, *args: Any, **more: Any) -> Any:
            answer = await super().call(*args, **more)
            return type(answer)(answer.result)

    egeria = Uncounted("b", term("e", "b"))
    with pytest.raises(InvalidParameterError, match="counts no revisions"):
        Together(MemoryMember("local"), egeria)(
            "updateEntityProperties", entityGUID="e", body={}, caller=Caller("erin", revision=7)
        )
    assert egeria.held["e"]["version"] == 1


def test_what_is_deleted_is_tried_at_each_until_one_does_it() -> None:
    local, home = MemoryMember("local"), MemoryMember("c", term("e", "c", status="DELETED"))
    restored = Together(local, MemoryMember("b"), home)("restoreEntity", deletedEntityGUID="e").result
    assert restored["version"] == 2
    body = {"typeDefGUID": TERM["typeDefGUID"], "typeDefName": TERM["typeDefName"]}
    active = refusing("b", "purgeEntity", EntityNotDeletedError("active"))
    with pytest.raises(EntityNotDeletedError):
        Together(MemoryMember("local"), active)("purgeEntity", deletedEntityGUID="e", body=body)
    with pytest.raises(EntityNotKnownError):
        Together(MemoryMember("local"), MemoryMember("b"))("purgeEntity", deletedEntityGUID="e", body=body)


def test_a_deleted_copy_here_names_the_home_that_is_tried_first() -> None:
    home, other = MemoryMember("c", term("e", "c")), MemoryMember("b")
    together = Together(MemoryMember("local", term("e", "c")), other, home)
    together("restoreEntity", deletedEntityGUID="e")
    assert other.asked == []


def test_a_relationship_that_nobody_knows() -> None:
    with pytest.raises(RelationshipNotKnownError):
        Together(MemoryMember("local"))("updateRelationshipProperties", relationshipGUID="r", body={})


# ---- classifications -----------------------------------------------------------------------------------------------

BY_GUID = {"entityGUID": "e", "classificationName": "X"}
GIVEN = {"instanceProperties": {"v": 1}}


def test_a_classification_is_given_at_the_home_of_the_entity() -> None:
    local, home = MemoryMember("local", term("e", "b")), MemoryMember("b", term("e", "b"))
    answer = Together(local, home)("classifyEntity", body={}, **BY_GUID)
    assert [each["metadataCollectionId"] for each in answer.result["classifications"]] == ["b"]
    assert answer.revision == 7, "that of the entity at its home, for the next change"
    assert "classifications" not in local.held["e"]


def test_a_classification_that_its_entity_has_already() -> None:
    home = MemoryMember("b", term("e", "b", 1, tag("X", "b", v=1)))
    together = Together(MemoryMember("local"), home)
    assert together("classifyEntity", body=GIVEN, **BY_GUID).result["classifications"] == [tag("X", "b", v=1)]
    assert together.recorded == ["OMRS-AUDIT-0039"]
    with pytest.raises(ClassificationError) as caught:
        together("classifyEntity", body={"instanceProperties": {"v": 2}}, **BY_GUID)
    assert caught.value.code == "OMRS-REPOSITORY-400-081"
    assert "classifyEntity" not in home.asked


def test_a_classification_is_given_here_when_the_home_does_not_take_it() -> None:
    home = refusing("b", "classifyEntity", UNKNOWN_TYPE, term("e", "b"))
    local = MemoryMember("local")
    found = Together(local, home)("classifyEntity", body={}, **BY_GUID).result
    assert [each["metadataCollectionId"] for each in found["classifications"]] == ["local"]
    assert local.held["e"]["class"] == "EntityProxy"


@pytest.mark.parametrize("error", [UserNotAuthorizedError("no"), down(sent=True)])
def test_a_classification_is_not_given_elsewhere_when_the_home_forbids_it(error: OmrsError) -> None:
    local = MemoryMember("local")
    with pytest.raises(type(error)):
        Together(local, refusing("b", "classifyEntity", error, term("e", "b")))("classifyEntity", body={}, **BY_GUID)
    assert local.held == {}


@pytest.mark.parametrize("operation", ["updateEntityClassification", "declassifyEntity"])
def test_a_classification_is_changed_where_it_is_at_home(operation: str) -> None:
    given = tag("X", "c", v=1)
    home, away = MemoryMember("b", term("e", "b", 1, given)), MemoryMember("c", proxy("e", "b", given))
    answer = Together(MemoryMember("local"), home, away)(operation, body={}, **BY_GUID)
    found = answer.result
    assert answer.revision is None, "the entity's home was not asked"
    kept = [] if operation == "declassifyEntity" else [tag("X", "c", 2)]
    assert found.get("classifications", []) == away.held["e"].get("classifications", []) == kept
    assert not {"updateEntityClassification", "declassifyEntity"} & set(home.asked)


def test_a_classification_by_proxy() -> None:
    local = MemoryMember("local")
    body = {"entityProxy": proxy("e", "gone"), "instanceProperties": {}}
    given = Together(local)("classifyEntityProxy", body=body, classificationName="X").result
    assert given["metadataCollectionId"] == "local"
    changed = Together(local)("updateEntityProxyClassification", body=body, classificationName="X").result
    assert changed["name"] == "X"
    removed = Together(local)("declassifyEntityProxy", body=proxy("e", "gone"), classificationName="X").result
    assert removed["name"] == "X" and "classifications" not in local.held["e"]
    with pytest.raises(InvalidParameterError):
        Together(local)("classifyEntityProxy", body={}, classificationName="X")


def test_a_classification_without_a_home() -> None:
    together = Together(MemoryMember("local", term("e", "local", 1, tag("X", "gone"))))
    with pytest.raises(RepositoryError) as caught:
        together("declassifyEntity", **BY_GUID)
    assert caught.value.code == "OMRS-REPOSITORY-400-082"
    with pytest.raises(ClassificationError) as absent:
        together("declassifyEntity", entityGUID="e", classificationName="Y")
    assert absent.value.code == "OMRS-REPOSITORY-400-048"

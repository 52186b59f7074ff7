"""The federated repository over members in memory: reads, finds and graphs."""

import json

import pytest
from memory_members import ROUTE_OF, Deadlined, MemoryMember, Together, link, proxy, tag, term

from omrs_schemas.errors import (
    EntityNotKnownError,
    EntityProxyOnlyError,
    FunctionNotSupportedError,
    InvalidParameterError,
    MemberUnavailableError,
    PagingError,
    RepositoryError,
    UserNotAuthorizedError,
)
from omrs_streams.api.enterprise import HEADER, REPOSITORY, header
from omrs_streams.federation.enterprise import CHANGES, LOCAL_ONLY, QUERIES, STRATEGIES
from omrs_streams.federation.failures import WARNING

ENTITY = term("e", "b", 2)


def hanging(name: str) -> MemoryMember:
    member = Deadlined(name)
    member.hangs = True
    return member


def test_every_operation_has_a_strategy_or_is_refused() -> None:
    operations = {name for name, route in ROUTE_OF.items() if route.path.startswith(REPOSITORY)}
    assert operations - set(STRATEGIES) == LOCAL_ONLY & operations
    assert not LOCAL_ONLY & set(STRATEGIES) and not set(QUERIES) & set(CHANGES)
    assert set(STRATEGIES) <= operations


@pytest.mark.parametrize("operation", sorted(LOCAL_ONLY | {"connectToCohort"}))
def test_what_concerns_one_server_is_refused(operation: str) -> None:
    with pytest.raises(FunctionNotSupportedError) as caught:
        Together(MemoryMember("local"))(operation)
    assert caught.value.code == "OMRS-ENTERPRISE-REPOSITORY-405-001"


def test_without_any_repository() -> None:
    with pytest.raises(RepositoryError) as caught:
        Together()("getEntityDetail", guid="e")
    assert caught.value.code == "OMRS-ENTERPRISE-REPOSITORY-503-001"


def test_the_home_is_believed_and_its_revision_answered() -> None:
    copy = term("e", "b", 1)
    answer = Together(MemoryMember("local", copy), MemoryMember("b", ENTITY))("getEntityDetail", guid="e")
    assert (answer.result, answer.revision, answer.warnings) == (ENTITY, 7, ())
    answer = Together(MemoryMember("local", copy))("getEntityDetail", guid="e")
    assert (answer.result, answer.revision) == (copy, None), "a copy's revision is not that of the instance"


def test_a_member_that_hangs_is_cut_off_and_named() -> None:
    answer = Together(MemoryMember("local", term("e", "c", 1)), hanging("b"))("getEntityDetail", guid="e")
    assert answer.result["guid"] == "e"
    assert len(answer.warnings) == 1 and answer.warnings[0].startswith("b: OMRS-STREAMS-503-003")
    assert Together(hanging("b"), MemoryMember("c", ENTITY))("findEntities", body={}).result == [ENTITY]


def test_what_a_missing_member_may_have_is_not_denied() -> None:
    together = Together(MemoryMember("local"), hanging("b"))
    for operation in ("getEntityDetail", "isEntityKnown"):
        with pytest.raises(MemberUnavailableError, match="not known to those that answered"):
            together(operation, guid="e")


def test_who_answers_with_nothing() -> None:
    together = Together(MemoryMember("local"), MemoryMember("b", proxy("p", "c")))
    with pytest.raises(EntityNotKnownError):
        together("getEntityDetail", guid="e")
    with pytest.raises(EntityProxyOnlyError):
        together("getEntityDetail", guid="p")
    assert together("isEntityKnown", guid="e").result is None
    assert together("getEntitySummary", guid="p").result["guid"] == "p"


def test_a_copy_that_its_home_does_not_know_any_more_is_gone() -> None:
    together = Together(MemoryMember("local", ENTITY), MemoryMember("b"))
    with pytest.raises(EntityNotKnownError, match="at b"):
        together("getEntityDetail", guid="e")
    assert together("isEntityKnown", guid="e").result is None
    hangs = Together(MemoryMember("local", ENTITY), hanging("b"))
    assert hangs("getEntityDetail", guid="e").result == ENTITY


def test_a_classification_that_only_a_proxy_carries() -> None:
    away = MemoryMember("c", proxy("e", "b", tag("Given", "c"), tag("Stale", "b")))
    answer = Together(MemoryMember("local"), MemoryMember("b", ENTITY), away)("getEntityDetail", guid="e")
    assert answer.result["classifications"] == [tag("Given", "c")]
    assert Together(MemoryMember("b", ENTITY), away)("isEntityKnown", guid="e").result == answer.result


def test_a_classification_that_was_taken_back_does_not_return() -> None:
    stale = term("e", "b", 2, tag("Gone", "c"))
    together = Together(MemoryMember("b", stale), MemoryMember("c", term("e", "b", 2)))
    assert "classifications" not in together("getEntityDetail", guid="e").result
    [found] = Together(MemoryMember("b", stale), MemoryMember("c", proxy("e", "b")))("findEntities", body={}).result
    assert "classifications" not in found, "c was asked, for it is named as the home"


def test_pages_of_a_find_over_several_members() -> None:
    local = MemoryMember("local", *(term(f"{number:02}", "local") for number in (9, 3, 5, 1)))
    other = MemoryMember("b", *(term(f"{number:02}", "b") for number in (2, 4, 8)), term("03", "local"))
    together = Together(local, other)
    seen = []
    for offset in range(0, 8, 2):
        body = {"offset": offset, "pageSize": 2}
        seen.append([bean["guid"] for bean in together("findEntities", body=body).result])
    assert seen == [["01", "02"], ["03", "04"], ["05", "08"], ["09"]]
    assert len(together("findEntities", body={}).result) == 7


def test_bad_paging_is_refused_before_anybody_is_asked() -> None:
    local = MemoryMember("local")
    with pytest.raises(PagingError):
        Together(local)("findEntities", body={"offset": -1})
    assert local.asked == []


def test_what_is_wrong_here_is_wrong() -> None:
    local = MemoryMember("local")
    local.refuses["findEntities"] = InvalidParameterError("no")
    with pytest.raises(InvalidParameterError):
        Together(local, MemoryMember("b", ENTITY))("findEntities", body={})


def test_a_refusal_of_one_is_a_warning_where_another_answers() -> None:
    other = MemoryMember("b")
    other.refuses["findEntities"] = UserNotAuthorizedError("not you")
    answer = Together(MemoryMember("local", ENTITY), other)("findEntities", body={})
    assert answer.result == [ENTITY]
    assert answer.warnings[0].startswith("b: ") and "not you" not in answer.warnings[0], "it may name what is hidden"
    with pytest.raises(UserNotAuthorizedError):
        Together(other)("findEntities", body={})


def test_few_questions_about_classifications() -> None:
    """Who showed an entity is not asked about it again; no more are asked than allowed."""
    local, other = MemoryMember("local", ENTITY), MemoryMember("b", ENTITY)
    Together(local, other)("findEntities", body={})
    assert "getHomeClassifications" not in (*local.asked, *other.asked)
    many = MemoryMember("b", *(term(f"{number:03}", "b") for number in range(30)))
    local, third = MemoryMember("local"), MemoryMember("c")
    Together(local, many, third, classification_calls=20)("findEntities", body={})
    assert third.asked.count("getHomeClassifications") == 0, "all or none"
    assert local.asked.count("getEntitySummary") == 30, "costs no network"
    Together(local, many, third, classification_calls=30)("findEntities", body={})
    assert third.asked.count("getHomeClassifications") == 30
    given = MemoryMember("b", *(term(f"{number:03}", "b", 1, tag("X", "c")) for number in range(30)))
    answer = Together(local, given, third, classification_calls=20)("findEntities", body={})
    assert answer.warnings and "10 results were not checked" in answer.warnings[0]


def test_relationships_of_an_entity_that_not_all_know() -> None:
    one = MemoryMember("local", term("e", "local"), link("r1", "local", "e", "f"))
    other = MemoryMember("b", term("e", "local"), link("r1", "local", "e", "f", 9), link("r2", "b", "e", "g"))
    answer = Together(one, other, MemoryMember("c"))("getRelationshipsForEntity", entityGUID="e", body={})
    assert [(bean["guid"], bean["version"]) for bean in answer.result] == [("r1", 1), ("r2", 1)]
    assert answer.warnings == ()
    with pytest.raises(EntityNotKnownError):
        Together(MemoryMember("local"), MemoryMember("b"))("getRelationshipsForEntity", entityGUID="e", body={})


def test_a_graph_is_the_union_of_what_each_sees() -> None:
    one = MemoryMember("local", term("e", "local"), term("f", "b", 1), link("r1", "local", "e", "f"))
    other = MemoryMember("b", term("e", "local", 9), term("f", "b", 3), term("g", "b"), link("r2", "b", "e", "g"))
    found = Together(one, other)("getEntityNeighborhood", entityGUID="e", level="1").result
    assert {bean["guid"]: bean["version"] for bean in found["entityElementList"]} == {"e": 1, "f": 3, "g": 1}
    assert [bean["guid"] for bean in found["relationshipElementList"]] == ["r1", "r2"]
    seen = Together(one, other, hidden=["g"])("getEntityNeighborhood", entityGUID="e", level="1").result
    assert [bean["guid"] for bean in seen["relationshipElementList"]] == ["r1"]


def test_what_local_rules_hide_stays_hidden() -> None:
    together = Together(MemoryMember("local"), MemoryMember("b", ENTITY, term("f", "b")), hidden=["e"])
    with pytest.raises(UserNotAuthorizedError):
        together("getEntityDetail", guid="e")
    assert [bean["guid"] for bean in together("findEntities", body={"pageSize": 1}).result] == ["f"]
    assert [bean["guid"] for bean in together("findEntities", body={}).result] == ["f"]


def test_what_others_showed_and_the_local_repository_did_not_is_learned() -> None:
    together = Together(MemoryMember("local", term("f", "b")), MemoryMember("b", ENTITY, term("f", "b")))
    together("findEntities", body={})
    together("getEntityDetail", guid="f")
    assert together.learned == ["e"]


def test_warnings_fit_into_a_header() -> None:
    assert header(["größer\nund €"]) == '["gr\\u00f6\\u00dfer\\nund \\u20ac"]'
    odd = ["\U0001f600", "\x7f", "\r\n"]
    assert header(odd).isprintable() and header(odd).isascii()
    assert json.loads(header(odd)) == odd


def test_many_warnings_are_counted() -> None:
    many = [f"m{number}: " + "ü" * 100 for number in range(1_000)]
    text = header(many)
    *shown, more = json.loads(text)
    assert len(text) <= HEADER and shown == many[: len(shown)] and more == f"and {1_000 - len(shown)} more"
    assert json.loads(header(["\U0001f600" * HEADER])) == ["and 1 more"]


def test_a_long_warning_is_cut() -> None:
    other = MemoryMember("b")
    other.refuses["findEntities"] = RepositoryError("x" * 2_000_000)
    [text] = Together(MemoryMember("local", ENTITY), other)("findEntities", body={}).warnings
    assert text.startswith("b: ") and len(text) == WARNING and text.endswith("x…")


def test_pages_are_full_whatever_is_hidden() -> None:
    local = MemoryMember("local", *(term(f"{number:02}", "local") for number in range(10, 14)))
    other = MemoryMember("b", *(term(f"{number:02}", "b") for number in range(10)))
    together = Together(local, other, hidden=[f"{number:02}" for number in range(8)])
    pages = [together("findEntities", body={"offset": offset, "pageSize": 2}).result for offset in (0, 2, 4, 6)]
    assert [[bean["guid"] for bean in page] for page in pages] == [["08", "09"], ["10", "11"], ["12", "13"], []]
    body = {"pageSize": 3, "sequencingOrder": "PROPERTY_DESCENDING", "sequencingProperty": "qualifiedName"}
    assert len(together("findEntities", body=body).result) == 3

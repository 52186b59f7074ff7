"""Who is believed about an instance, and what nobody is believed (OMRS instances § Reference copies)."""

from typing import Any

import pytest
from receiving_samples import NOW, Member, about, classification, entity, kind, proxy, relationship

from omrs_streams.cohort.currency import Header, keeper
from omrs_streams.cohort.instance_events import batch, purged_by_id
from omrs_streams.cohort.rules import ExchangeRule
from omrs_streams.fold.overlay import merge_classifications

Bean = dict[str, Any]

KINDS = ("NEW", "UPDATED", "UNDONE", "DELETED", "PURGED", "DELETE_PURGED", "RESTORED", "RETYPED", "REFRESHED")
EXTERNAL = {"instanceProvenanceType": "EXTERNAL_SOURCE"}


def numbers(receipt: Any) -> list[str]:
    return [number for number, _ in receipt.audits]


# ---- what is ours ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", [*KINDS, "RE_IDENTIFIED", "RE_HOMED"])
@pytest.mark.parametrize("held", [True, False])
def test_our_home_is_ours_whatever_replicated_by_says(name: str, held: bool) -> None:
    member = Member()
    if held:
        member.home(about("NEW", entity("me")))
    receipt = member.told(about(name, entity("me", 9, replicatedBy="me"), sender="A"))
    assert (receipt.outcome, numbers(receipt), receipt.appends) == ("own", ["OMRS-AUDIT-0028"], ())


@pytest.mark.parametrize("provenance", ["EXTERNAL_SOURCE", "CONTENT_PACK"])
@pytest.mark.parametrize("name", [*KINDS, "RE_HOMED"])
@pytest.mark.parametrize("said", ["me", "A", None])
def test_what_we_distribute_nobody_else_changes(provenance: str, name: str, said: str | None) -> None:
    member = Member()
    ours = entity("X", instanceProvenanceType=provenance, replicatedBy="me")
    member.home(about("NEW", ours))
    told = {**ours, "version": 9, "replicatedBy": said}
    if provenance == "CONTENT_PACK" and said == "A" and name in ("NEW", "UPDATED"):
        assert member.told(about(name, told, sender="A")).outcome == "accepted"  # the archive was loaded there anew
        return
    assert member.told(about(name, told, sender="A")).outcome == "own"
    assert member.bean() == ours


def test_what_we_distribute_and_purged_does_not_come_back() -> None:
    member = Member()
    ours = entity("X", replicatedBy="me", **EXTERNAL)
    member.home(about("NEW", ours))
    member.home(about("PURGED", ours))
    assert member.told(about("RESTORED", {**ours, "version": 9}, sender="A")).outcome == "own"


def test_what_we_distribute_and_lost_is_taken_in() -> None:
    ours = entity("X", replicatedBy="me", **EXTERNAL)
    assert Member().told(about("UPDATED", ours, sender="A")).outcome == "accepted"


def test_a_purge_by_ids_of_what_we_distribute_is_not_obeyed() -> None:
    member = Member()
    member.home(about("NEW", entity("X", replicatedBy="me", **EXTERNAL)))
    told = purged_by_id("g", kind(), "X", False, {"metadataCollectionId": "X"}, NOW)
    assert member.told(told).outcome == "own"


def test_a_batch_changes_nothing_of_ours() -> None:
    member = Member()
    member.home(about("NEW", entity("me")))
    member.home(about("NEW", entity("X", guid="x", replicatedBy="me", **EXTERNAL)))
    forged = [entity("me", 7, replicatedBy="me"), entity("X", 7, guid="x", replicatedBy="me", **EXTERNAL)]
    assert member.told(batch(forged, [], {"metadataCollectionId": "A"}, NOW)).outcome == "own"


def test_nobody_gives_ours_another_guid() -> None:
    member = Member()
    ours = entity("X", replicatedBy="me", **EXTERNAL)
    member.home(about("NEW", ours))
    renamed = {**ours, "guid": "n", "version": 2, "reIdentifiedFromGUID": "g", "replicatedBy": "A"}
    assert member.told(about("RE_IDENTIFIED", renamed, sender="A", originalInstanceGUID="g")).outcome == "own"
    assert member.bean() == ours
    member.home(about("NEW", entity("me", guid="h")))
    other = entity("A", 2, guid="m", reIdentifiedFromGUID="h")
    assert member.told(about("RE_IDENTIFIED", other, originalInstanceGUID="h")).outcome == "accepted"
    assert (member.bean("h") or {})["metadataCollectionId"] == "me"


def test_the_whole_entity_of_another_is_a_statement_about_ours() -> None:
    member = Member()
    ours = entity("X", replicatedBy="me", **EXTERNAL)
    member.home(about("NEW", ours))
    tag = classification(home="A")
    told = {**ours, "version": 9, "status": "DRAFT", "classifications": [tag]}
    assert member.told(about("CLASSIFIED", told, sender="A", classification=tag)).outcome == "accepted"
    assert member.bean() == {**ours, "classifications": [tag]}


# ---- what is others' ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", [*KINDS, "RE_IDENTIFIED"])
@pytest.mark.parametrize("make", [entity, relationship])
@pytest.mark.parametrize("held", [True, False])
def test_only_the_home_speaks(name: str, make: Any, held: bool) -> None:
    member = Member()
    bean = make(guid="g")
    if held:
        member.told(about("NEW", bean))
    assert member.told(about(name, {**bean, "version": 5}, sender="B")).outcome == "foreign"
    assert member.told(about(name, {**bean, "version": 5, "replicatedBy": "B"}, sender="B")).outcome == "foreign"
    assert member.bean() == (bean if held else None)
    assert member.told(about(name, {**bean, "version": 5})).outcome == "accepted"


def test_who_sends_no_originator_is_believed() -> None:
    member = Member()
    member.told(about("NEW", entity()))
    told = about("UPDATED", entity(version=2))
    told["originator"] = {}
    assert member.told(told).outcome == "accepted"


def test_who_distributes_it_speaks_for_an_external_home() -> None:
    member = Member()
    bean = entity("X", replicatedBy="A", **EXTERNAL)
    assert member.told(about("NEW", bean, sender="A")).outcome == "accepted"
    assert member.told(about("UPDATED", {**bean, "version": 2}, sender="A")).outcome == "accepted"
    taken = {**bean, "version": 3, "replicatedBy": "B"}
    assert member.told(about("UPDATED", taken, sender="B")).outcome == "foreign"
    left = Member(members=("me", "B"))
    left.told(about("NEW", bean, sender="A"))
    assert left.told(about("UPDATED", taken, sender="B")).outcome == "accepted"


def test_a_re_home_is_said_by_the_new_home() -> None:
    member = Member()
    member.told(about("NEW", entity()))
    moved = about("RE_HOMED", entity("B", 2), sender="C", originalHomeMetadataCollectionId="A")
    assert member.told(moved).outcome == "foreign"


def test_a_batch_of_others_brings_only_what_is_not_there() -> None:
    member = Member()
    member.told(about("NEW", entity()))
    told = batch([entity(version=5), entity(guid="h")], [], {"metadataCollectionId": "C"}, NOW)
    assert [append.guid for append in member.told(told).appends] == ["h"]


def test_an_old_guid_is_given_up_by_its_home_alone() -> None:
    member = Member()
    bean = entity("X", replicatedBy="A", **EXTERNAL)
    member.told(about("NEW", bean, sender="A"))
    renamed = {**bean, "guid": "n", "version": 2, "reIdentifiedFromGUID": "g", "replicatedBy": "B"}
    member.told(about("RE_IDENTIFIED", renamed, sender="B", originalInstanceGUID="g"))
    assert member.bean() == bean


def test_statements_are_made_by_the_home_of_the_classification() -> None:
    member, tag = Member(), classification(home="C")
    member.told(about("NEW", entity()))
    stated = about("CLASSIFIED", proxy(entity()), sender="C", classification=tag)
    removed = about("DECLASSIFIED", proxy(entity()), sender="B", originalClassification=tag)
    assert member.told(stated).outcome == "accepted"
    assert member.told(removed).outcome == "foreign"
    forged = about("DECLASSIFIED", proxy(entity()), sender="B", originalClassification=classification(home="A"))
    assert member.told(forged).outcome == "foreign"
    left = Member(members=("me", "A", "B"))
    left.told(about("NEW", entity()))
    left.told(stated)
    assert left.told(removed).outcome == "accepted"  # the last word of one that has left


def test_the_whole_entity_of_another_member_is_a_statement() -> None:
    member, tag = Member(), classification(home="C")
    member.told(about("NEW", entity()))
    told = about("CLASSIFIED", entity(version=9, classifications=[tag]), sender="C", classification=tag)
    assert member.told(told).outcome == "accepted"
    assert member.bean() == entity(classifications=[tag])


# ---- two objects, one guid ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("created", [None, 0, -5])
def test_who_tells_no_creation_time_never_wins_a_guid(created: int | None) -> None:
    member = Member()
    member.home(about("NEW", entity("me")))
    forged = {**entity("A"), "createTime": created}
    assert member.told(about("NEW", forged)).outcome == "conflict"
    assert member.reidentified == []
    one, other = Header.of(entity("me")), Header.of(forged)
    assert keeper(one, other) is one
    assert keeper(other, one) is one


# ---- types and numbers ----------------------------------------------------------------------------------------------


def test_rules_look_at_the_type_of_the_instance() -> None:
    only = ExchangeRule("SELECTED_TYPES", frozenset({"type-Asset"}))
    told = about("NEW", entity(type=kind("Secret")))
    told["instanceEventSection"] |= {"typeDefGUID": "type-Asset", "typeDefName": "Asset"}
    assert Member(process=only).told(told).outcome == "filtered"


BIG = 10**18


@pytest.mark.parametrize(
    "bean",
    [
        {"version": BIG},
        {"version": -(10**17)},
        {"createTime": BIG},
        {"updateTime": BIG},
        {"version": "one"},
        {"metadataCollectionId": "h" * 1001},
        {"guid": "g" * 1001},
    ],
)
@pytest.mark.parametrize("way", ["NEW", "RE_IDENTIFIED", "CLASSIFIED", "batch", "end"])
def test_what_no_record_holds_is_dead(bean: Bean, way: str) -> None:
    wrong = {**entity(), **bean}
    sender = {"metadataCollectionId": wrong["metadataCollectionId"]}
    if way == "CLASSIFIED":
        told = about(way, wrong, classification=classification())
    elif way == "batch":
        told = batch([wrong], [], sender, NOW)
    elif way == "end":
        told = about("NEW", relationship(entityTwoProxy=proxy(wrong)))
    else:
        told = about(way, wrong)
    receipt = Member().told(told)
    assert (receipt.outcome, numbers(receipt), receipt.appends) == ("dead", ["OMRS-AUDIT-9015"], ())


def test_the_times_of_a_purge_and_the_old_guid_count_too() -> None:
    member = Member()
    member.told(about("NEW", entity()))
    told = purged_by_id("g", kind(), "A", False, {"metadataCollectionId": "A"}, BIG)
    assert member.told(told).outcome == "dead"
    renamed = about("RE_IDENTIFIED", entity(version=2, guid="n"), originalInstanceGUID="o" * 1001)
    assert member.told(renamed).outcome == "dead"


# ---- classifications of the home ------------------------------------------------------------------------------------


def test_the_homes_own_statement_still_counts() -> None:
    base = [classification(home="A", created=200)]
    removed = {"eventType": "DECLASSIFIED_ENTITY_EVENT", "originalClassification": base[0], "entityProxy": entity()}
    other = {"eventType": "CLASSIFIED_ENTITY_EVENT", "classification": classification(home="C", created=300)}
    assert merge_classifications(base, [other], entity()) == base
    assert merge_classifications(base, [removed, other], entity()) == []
    assert merge_classifications(base, [other], entity("B"))[0]["metadataCollectionId"] == "C"

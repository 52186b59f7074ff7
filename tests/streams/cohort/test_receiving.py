"""What each kind of instance event does (OMRS events § 5; instances § Currency rule, § Conflicts; OMRS observed)."""

from typing import Any

import pytest
from receiving_samples import (
    CODEC,
    NOW,
    Member,
    about,
    classification,
    entity,
    event,
    kind,
    proxy,
    relationship,
)

from omrs_streams.cohort.instance_events import batch, conflict, purged_by_id, refresh_request
from omrs_streams.cohort.receiving import Receipt
from omrs_streams.cohort.rules import ExchangeRule

Bean = dict[str, Any]


def audits(receipt: Receipt) -> list[str]:
    return [number for number, _ in receipt.audits]


def sent(receipt: Receipt) -> list[str]:
    return [each["instanceEventSection"]["eventType"] for each in receipt.sends]


# ---- instances ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("make", [entity, relationship])
@pytest.mark.parametrize(
    "name", ["NEW", "UPDATED", "UNDONE", "RESTORED", "RETYPED", "REFRESHED", "RE_HOMED", "DELETED"]
)
def test_a_newer_version_is_saved_and_an_older_one_is_not(name: str, make: Any) -> None:
    member = Member()
    guid = make()["guid"]
    assert member.told(about("NEW", make())).outcome == "accepted"
    assert member.told(about(name, make(version=3))).outcome == "accepted"
    for version in (2, 3):
        assert member.told(about(name, make(version=version))).outcome == "stale"
    assert (member.bean(guid) or {})["version"] == 3


def test_an_update_of_an_unseen_instance_is_saved() -> None:
    member = Member()
    assert member.told(about("UPDATED", entity(version=7))).outcome == "accepted"


def test_a_missing_version_or_status_is_accepted() -> None:
    member = Member()
    bean = {name: value for name, value in entity().items() if name not in ("version", "status")}
    assert member.told(about("NEW", bean)).outcome == "accepted"


def test_an_event_without_type_ids_is_known_by_its_instance() -> None:
    told = about("NEW", entity())
    del told["instanceEventSection"]["typeDefGUID"], told["instanceEventSection"]["typeDefName"]
    receipt = Member().told(told)
    assert receipt.appends[0].event["instanceEventSection"]["typeDefGUID"] == "type-Asset"


def test_echoes_and_claims_about_what_is_at_home_here_change_nothing() -> None:
    member = Member()
    assert member.told(about("NEW", entity("me"), sender="me")).outcome == "own"
    receipt = member.told(about("UPDATED", entity("me"), sender="A"))
    assert (receipt.outcome, audits(receipt)) == ("own", ["OMRS-AUDIT-0028"])
    assert member.told(about("RE_HOMED", entity("me", 9), sender="A")).outcome == "own"


@pytest.mark.parametrize(
    ("bean", "number"),
    [
        ({"guid": ""}, "OMRS-AUDIT-0315"),
        ({"metadataCollectionId": ""}, "OMRS-AUDIT-0316"),
        ({"type": {"typeDefGUID": "", "typeDefName": "Asset"}}, "OMRS-AUDIT-9015"),
    ],
)
def test_what_an_instance_needs(bean: Bean, number: str) -> None:
    told = about("NEW", entity(), "A")
    told["instanceEventSection"]["entity"] = {**entity(), **bean}
    receipt = Member().told(told)
    assert (receipt.outcome, audits(receipt)) == ("dead", [number])


@pytest.mark.parametrize(
    ("section", "number"),
    [
        ({"eventType": "NEW_ENTITY_EVENT"}, "OMRS-AUDIT-0317"),
        ({"eventType": "PURGED_ENTITY_EVENT"}, "OMRS-AUDIT-0315"),
        ({"eventType": "CLASSIFIED_ENTITY_EVENT"}, "OMRS-AUDIT-0317"),
        ({"eventType": "UNKNOWN_INSTANCE_EVENT"}, "OMRS-AUDIT-8001"),
        ({"eventType": "A_LATER_EVENT"}, "OMRS-AUDIT-8001"),
        ({"eventType": "BATCH_INSTANCES_EVENT", "instanceBatch": {"entities": [{"type": kind()}]}}, "OMRS-AUDIT-9015"),
    ],
)
def test_events_without_content_are_dead(section: Bean, number: str) -> None:
    receipt = Member().told(event({"typeDefGUID": "type-Asset", "typeDefName": "Asset", **section}))
    assert (receipt.outcome, audits(receipt)) == ("dead", [number])


def test_rules_types_and_security() -> None:
    only = ExchangeRule("SELECTED_TYPES", frozenset({"type-Link"}))
    assert Member(process=only).told(about("NEW", entity())).outcome == "filtered"
    assert Member(save=only).told(about("NEW", entity())).outcome == "filtered"
    assert Member(save=only).told(about("NEW", relationship())).outcome == "accepted"
    assert Member(may_save=lambda bean: False).told(about("NEW", entity())).outcome == "filtered"
    assert Member(collection_id=None).told(about("NEW", entity())).outcome == "filtered"
    receipt = Member(active=lambda guid, name: False).told(about("NEW", entity()))
    assert (receipt.outcome, audits(receipt)) == ("inactive", ["OMRS-AUDIT-9015"])


def test_a_type_is_learned_from_the_answer_to_a_refresh() -> None:
    member = Member(save=ExchangeRule("LEARNED_TYPES"))
    assert member.told(about("NEW", entity())).outcome == "filtered"
    receipt = member.told(about("REFRESHED", entity()))
    assert (receipt.outcome, receipt.learned) == ("accepted", ("type-Asset",))
    assert Member(save=ExchangeRule("SELECTED_TYPES")).told(about("REFRESHED", entity())).outcome == "filtered"


def test_a_new_type_is_said_and_an_older_version_of_the_type_refused() -> None:
    member = Member()
    member.told(about("NEW", entity(type=kind(version=2))))
    receipt = member.told(about("RETYPED", entity(version=2, type=kind("Special", 2))))
    assert (receipt.outcome, audits(receipt)) == ("accepted", ["OMRS-AUDIT-8004"])
    receipt = member.told(about("UPDATED", entity(version=3, type=kind("Special", 1))))
    assert (receipt.outcome, audits(receipt), sent(receipt)) == (
        "conflict",
        ["OMRS-AUDIT-8002"],
        ["INSTANCE_ERROR_EVENT"],
    )
    assert receipt.sends[0]["errorSection"]["errorCode"] == "CONFLICTING_TYPE"


def test_an_entity_takes_the_place_of_its_proxy() -> None:
    member = Member()
    member.home(about("NEW", proxy(entity(version=5))))
    assert member.told(about("NEW", entity())).outcome == "accepted"
    assert member.told(about("NEW", proxy(entity(version=5)))).outcome == "stale"


# ---- purge ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["PURGED", "DELETE_PURGED"])
def test_a_purge_comes_at_the_version_of_the_delete(name: str) -> None:
    member = Member()
    member.told(about("NEW", entity()))
    member.told(about("DELETED", entity(version=2, status="DELETED")))
    assert member.told(about(name, entity(version=2, status="DELETED"))).outcome == "accepted"
    assert member.bean() is None


def test_what_is_purged_stays_so() -> None:
    member = Member()
    member.told(about("PURGED", entity(version=2)))
    for name, version in (("NEW", 1), ("DELETED", 2), ("DELETED", 3), ("PURGED", 3)):
        assert member.told(about(name, entity(version=version))).outcome == "stale"
    assert member.told(about("RESTORED", entity(version=3))).outcome == "accepted"


def test_another_object_may_have_the_guid_of_what_is_purged() -> None:
    member = Member()
    member.told(about("PURGED", entity(version=2)))
    receipt = member.told(about("NEW", entity("B", created=500)))
    assert (receipt.outcome, sent(receipt)) == ("accepted", ["REFRESH_ENTITY_REQUEST"])
    again = Member()
    again.told(about("PURGED", entity(version=2)))
    receipt = again.told(about("NEW", entity(created=500)))
    assert (receipt.outcome, sent(receipt)) == ("accepted", [])


def test_a_guid_that_was_given_up_and_purged_by_another_is_asked_about() -> None:
    """The new guid is heard of first, then the whole life of the object that has won the old one, then the beginning of
    the one that has lost it: what it left behind was overwritten."""
    member, home = Member(), Member("B")
    lost, won = entity("B", created=200), entity(created=100)
    home.home(about("NEW", lost))
    renamed = {**lost, "guid": "n", "version": 2, "reIdentifiedFromGUID": "g"}
    member.told(about("RE_IDENTIFIED", renamed, originalInstanceGUID="g"))
    for name, version in (("NEW", 1), ("DELETED", 2), ("PURGED", 2)):
        told = about(name, {**won, "version": version}, at=150)
        assert member.told(told).outcome == home.told(told).outcome == "accepted"
    assert home.reidentified == ["g"]
    asking = member.told(about("NEW", lost))
    answer = home.told(asking.sends[0])
    assert (sent(asking), sent(answer)) == (["REFRESH_ENTITY_REQUEST"], ["PURGED_ENTITY_EVENT"])
    member.told(answer.sends[0])
    assert member.bean() is None and (member.bean("n") or {})["metadataCollectionId"] == "B"


def test_a_purge_by_ids_counts_from_the_home_or_the_replicator() -> None:
    member = Member()
    member.told(about("NEW", entity(version=4)))

    def by_ids(sender: str) -> Bean:
        return purged_by_id("g", kind(), "A", False, {"metadataCollectionId": sender}, NOW)

    assert member.told(by_ids("B")).outcome == "stale"
    assert member.told(by_ids("A")).outcome == "accepted"
    assert member.bean() is None
    assert member.told(by_ids("A")).outcome == "stale"
    external = entity("X", created=900, instanceProvenanceType="EXTERNAL_SOURCE", replicatedBy="B")
    member.told(about("NEW", external, sender="B"))
    assert member.told(by_ids("B")).outcome == "accepted"


# ---- homes ----------------------------------------------------------------------------------------------------------


def moved(home: str, version: int, original: str | None = "A") -> Bean:
    more = {} if original is None else {"originalHomeMetadataCollectionId": original}
    return about("RE_HOMED", entity(home, version), **more)


def test_a_re_home_is_accepted_and_said() -> None:
    member = Member()
    member.told(about("NEW", entity()))
    receipt = member.told(moved("B", 2))
    assert (receipt.outcome, audits(receipt)) == ("accepted", ["OMRS-AUDIT-8003"])
    assert member.told(about("UPDATED", entity("A", 9))).outcome == "stale"  # what the former home still sent


def test_the_new_home_in_place_of_the_original_one_is_corrected() -> None:
    member = Member()
    member.told(about("NEW", entity()))
    receipt = member.told(moved("B", 2, original="B"))
    assert receipt.appends[0].event["instanceEventSection"]["originalHomeMetadataCollectionId"] == "A"


@pytest.mark.parametrize("first", ["B", "C"])
@pytest.mark.parametrize("ahead", [0, 3])
@pytest.mark.parametrize("original", ["A", None])
def test_of_two_new_homes_the_lower_one_stays(first: str, ahead: int, original: str | None) -> None:
    """Whichever is heard of first, and however often that one has changed the instance since."""
    member = Member()
    second = "C" if first == "B" else "B"
    member.told(about("NEW", entity()))
    member.told(moved(first, 2, original))
    for version in range(3, 3 + ahead):
        member.told(about("UPDATED", entity(first, version)))
    member.told(moved(second, 2, original))
    assert (member.bean() or {})["metadataCollectionId"] == "B"
    member.told(moved("C", 2, original))
    assert (member.bean() or {})["metadataCollectionId"] == "B"


def test_a_home_that_has_left_cannot_object() -> None:
    member = Member(members=("me", "B"))
    member.told(about("NEW", entity()))
    receipt = member.told(about("UPDATED", entity("B", 2)))
    assert (receipt.outcome, sent(receipt)) == ("stale", ["REFRESH_ENTITY_REQUEST"])  # it may have lost a race since
    receipt = member.told(about("REFRESHED", entity("B", 2)))
    assert (receipt.outcome, audits(receipt)) == ("accepted", ["OMRS-AUDIT-8003"])


def test_our_instance_may_be_re_homed_while_we_were_away_even_if_we_take_in_no_copies() -> None:
    member = Member(save=ExchangeRule("SELECTED_TYPES"))
    member.home(about("NEW", entity("me")))
    assert member.told(moved("B", 2, "me")).outcome == "accepted"
    assert (member.bean() or {})["metadataCollectionId"] == "B"


def test_what_we_distribute_is_told_to_the_other_cohorts() -> None:
    member = Member()
    bean = entity("X", instanceProvenanceType="EXTERNAL_SOURCE", replicatedBy="me")
    receipt = member.told(about("UPDATED", bean, sender="B"))
    assert [each["instanceEventSection"]["eventType"] for each in receipt.rebroadcast] == ["NEW_ENTITY_EVENT"]
    assert receipt.rebroadcast[0]["originator"]["metadataCollectionId"] == "B"


# ---- new guids ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("delete_first", [True, False])
@pytest.mark.parametrize("known", [True, False])
def test_the_old_guid_does_not_come_back(delete_first: bool, known: bool) -> None:
    member = Member()
    if known:
        member.told(about("NEW", entity()))
    renamed = about("RE_IDENTIFIED", entity(version=2, guid="n", reIdentifiedFromGUID="g"), originalInstanceGUID="g")
    deleted = about("DELETED", entity(version=2, status="DELETED"))
    for each in (deleted, renamed) if delete_first else (renamed, deleted):
        member.told(each)
    member.told(about("NEW", entity()))
    assert member.bean("g") is None
    assert (member.bean("n") or {})["version"] == 2


def test_the_old_guid_is_left_to_another_object() -> None:
    member = Member()
    member.told(about("NEW", entity("B", created=50)))
    renamed = entity(version=2, guid="n", reIdentifiedFromGUID="g")
    member.told(about("RE_IDENTIFIED", renamed, originalInstanceGUID="g"))
    assert (member.bean("g") or {})["metadataCollectionId"] == "B"


def test_what_the_home_did_to_the_old_guid_since_counts() -> None:
    """It was restored: that event came before the one about the new guid, which travels on another partition."""
    renamed = about("RE_IDENTIFIED", entity(version=2, guid="n", reIdentifiedFromGUID="g"), originalInstanceGUID="g")
    restored = about("RESTORED", entity(version=3))
    for order in ((restored, renamed), (renamed, restored)):
        member = Member()
        for each in order:
            member.told(each)
        assert (member.bean("g") or {})["version"] == 3


# ---- two objects, one guid ------------------------------------------------------------------------------------------

OLDER, YOUNGER = entity("B", created=50), entity("A", created=100)


def test_the_older_object_keeps_the_guid_whichever_came_first() -> None:
    for order in ((OLDER, YOUNGER), (YOUNGER, OLDER)):
        member = Member()
        for bean in order:
            member.told(about("NEW", bean))
        assert (member.bean() or {})["metadataCollectionId"] == "B"


def test_of_two_of_the_same_moment_the_lower_collection_keeps_it() -> None:
    for order in (("A", "B"), ("B", "A")):
        member = Member()
        for home in order:
            member.told(about("NEW", entity(home)))
        assert (member.bean() or {})["metadataCollectionId"] == "A"


def test_nothing_of_the_one_that_lost_remains() -> None:
    member = Member()
    member.told(about("NEW", YOUNGER))
    member.told(about("CLASSIFIED", proxy(YOUNGER), sender="C", classification=classification(home="C")))
    member.told(about("NEW", OLDER))
    assert "classifications" not in (member.bean() or {})


def test_our_younger_object_gives_the_guid_up() -> None:
    member = Member()
    member.home(about("NEW", entity("me", created=100)))
    receipt = member.told(about("NEW", OLDER))
    assert member.reidentified == ["g"]
    assert receipt.outcome == "accepted"
    assert (member.bean() or {})["metadataCollectionId"] == "B"


def test_our_older_object_keeps_it_and_we_say_so() -> None:
    member = Member()
    member.home(about("NEW", entity("me", created=10)))
    receipt = member.told(about("NEW", YOUNGER))
    assert (receipt.outcome, audits(receipt), sent(receipt)) == (
        "conflict",
        ["OMRS-AUDIT-8005"],
        ["INSTANCE_ERROR_EVENT"],
    )
    error = receipt.sends[0]["errorSection"]
    assert (error["errorCode"], error["targetMetadataCollectionId"], error["otherMetadataCollectionId"]) == (
        "CONFLICTING_INSTANCES",
        "A",
        "me",
    )
    assert member.reidentified == []


def test_those_it_does_not_concern_do_not_all_report_it() -> None:
    member = Member()
    member.told(about("NEW", OLDER))
    assert member.told(about("NEW", YOUNGER)).sends == ()
    gone = Member(members=("me", "A"))
    gone.told(about("NEW", OLDER))
    assert sent(gone.told(about("NEW", YOUNGER))) == ["INSTANCE_ERROR_EVENT"]


def test_a_reported_conflict_is_verified_first() -> None:
    member = Member()
    member.home(about("NEW", entity("me")))
    told = conflict("CONFLICTING_INSTANCES", entity("me"), entity("A", created=5), "", {"metadataCollectionId": "A"}, 1)
    told["instanceEventSection"]["eventType"] = "UNKNOWN_INSTANCE_EVENT"  # as Java members send it
    receipt = member.told(told)
    assert (receipt.outcome, audits(receipt), sent(receipt)) == (
        "conflict",
        ["OMRS-AUDIT-0206"],
        ["REFRESH_ENTITY_REQUEST"],
    )
    assert receipt.sends[0]["instanceEventSection"]["homeMetadataCollectionId"] == "A"
    member.told(about("REFRESHED", entity("A", created=5)))
    assert member.reidentified == ["g"]


def test_after_an_error_about_a_type_the_home_of_the_copy_is_asked() -> None:
    def told(target: Bean) -> Bean:
        sender = {"metadataCollectionId": "C"}
        return conflict("CONFLICTING_TYPE", target, entity("A", 5, type=kind(version=2)), "", sender, 1)

    member = Member()
    member.told(about("NEW", entity()))
    assert audits(member.told(told(entity("me")))) == ["OMRS-AUDIT-0210"]
    assert member.told(told(entity(type=kind(version=7)))).sends == ()
    receipt = member.told(told(entity()))
    assert (receipt.outcome, audits(receipt), receipt.appends) == ("conflict", ["OMRS-AUDIT-0209"], ())
    assert sent(receipt) == ["REFRESH_ENTITY_REQUEST"]
    assert receipt.sends[0]["instanceEventSection"]["homeMetadataCollectionId"] == "A"
    newer = Member()
    newer.told(about("NEW", entity(type=kind(version=2))))
    answer = newer.told(about("REFRESHED", entity(version=2)))
    assert (answer.outcome, answer.sends) == ("conflict", ())  # or the errors and answers would go round for ever


# ---- refresh --------------------------------------------------------------------------------------------------------


def asked(home: str, sender: str = "B", **more: Any) -> Bean:
    return refresh_request("g", home, kind(), False, {"metadataCollectionId": sender}, NOW) | more


def test_the_home_answers_a_refresh_request() -> None:
    member = Member()
    assert sent(member.told(asked("me"))) == []
    member.home(about("NEW", entity("me")))
    receipt = member.told(asked("me"))
    assert (receipt.outcome, sent(receipt)) == ("request", ["REFRESHED_ENTITY_EVENT"])
    assert sent(member.told(asked("A"))) == []
    member.home(about("DELETED", entity("me", 2, status="DELETED")))
    assert sent(member.told(asked("me"))) == ["REFRESHED_ENTITY_EVENT"]
    member.home(about("PURGED", entity("me", 2)))
    receipt = member.told(asked("me"))
    assert sent(receipt) == ["PURGED_ENTITY_EVENT"]
    assert "entity" not in receipt.sends[0]["instanceEventSection"]


def test_the_new_home_answers_for_the_former_one() -> None:
    member = Member()
    member.told(about("NEW", entity()))
    member.home(about("RE_HOMED", entity("me", 2)))
    receipt = member.told(asked("A"))
    assert sent(receipt) == ["RE_HOMED_ENTITY_EVENT"]
    assert receipt.sends[0]["instanceEventSection"]["originalHomeMetadataCollectionId"] == "A"


def test_an_answer_brings_what_was_missed_at_the_same_version() -> None:
    member = Member()
    member.told(about("NEW", entity()))
    tagged = entity(classifications=[classification()])
    assert member.told(about("REFRESHED", tagged, at=NOW)).outcome == "stale"  # made before what is held
    assert member.told(about("REFRESHED", tagged, at=NOW + 1)).outcome == "accepted"
    assert member.told(about("REFRESHED", tagged, at=NOW + 2)).outcome == "stale"  # nothing new


def test_who_classified_a_copy_states_it_again() -> None:
    member = Member()
    member.told(about("NEW", entity()))
    mine = about("CLASSIFIED", proxy(entity()), sender="me", classification=classification(home="me"))
    member.home(mine)
    receipt = member.told(asked("A"))
    assert sent(receipt) == ["CLASSIFIED_ENTITY_EVENT"]
    other = Member("B")
    other.told(about("NEW", entity()))
    assert other.told(receipt.sends[0]).outcome == "accepted"


# ---- batch ----------------------------------------------------------------------------------------------------------


def test_a_batch_is_taken_element_by_element() -> None:
    member = Member(process=ExchangeRule("DESELECTED_TYPES", frozenset({"type-Other"})))
    member.told(about("NEW", entity(version=4)))
    told = batch(
        [entity(version=3), entity(guid="h", version=2), entity("me", guid="i"), entity(guid="j", type=kind("Other"))],
        [relationship()],
        {"metadataCollectionId": "C"},
        NOW,
    )
    receipt = member.told(told)
    assert receipt.outcome == "accepted"
    assert [(one.guid, one.event["instanceEventSection"]["eventType"]) for one in receipt.appends] == [
        ("h", "UPDATED_ENTITY_EVENT"),
        ("r", "NEW_RELATIONSHIP_EVENT"),
    ]
    assert [one.suffix for one in receipt.appends] == ["h", "r"]
    assert member.told(told).outcome == "stale"


def test_the_samples_codec_is_faithful() -> None:
    told = about("NEW", entity())
    assert CODEC.decode(CODEC.encode(told)) == told

"""The currency rule, step by step, and what must hold of it for any order of events (OMRS instances, Currency rule)."""

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from omrs_streams.cohort.currency import (
    AUDIT_CONFLICTING_TYPE,
    AUDIT_NEW_HOME,
    AUDIT_NEW_TYPE,
    ClassificationHeader,
    Header,
    judge,
    judge_classification,
    judge_purge_by_id,
    keeper,
)

STORED = Header(3, 1000, "home-a", "GlossaryTerm", "type-1", 2)
NEWER = replace(STORED, version=4)


def test_header_is_read_from_a_bean() -> None:
    bean = {
        "class": "EntityProxy",
        "version": 7,
        "createTime": 5,
        "metadataCollectionId": "m",
        "replicatedBy": "r",
        "type": {"typeDefName": "T", "typeDefGUID": "g", "typeDefVersion": 3},
        "classifications": [{"name": "C", "version": 2, "createTime": 6}],
    }
    assert Header.of(bean) == Header(7, 5, "m", "T", "g", 3, "r", True, {"C": ClassificationHeader(2, 6)})


def test_unknown_guid_is_accepted() -> None:
    assert judge(None, STORED, "UPDATED_ENTITY_EVENT").accepted


@pytest.mark.parametrize("stored", [replace(STORED, type_name=None), STORED])
def test_without_a_type_nothing_is_accepted(stored: Header) -> None:
    incoming = NEWER if stored.type_name is None else replace(NEWER, type_name=None)
    assert judge(stored, incoming, "UPDATED_ENTITY_EVENT").outcome == "no_type"


def test_another_creation_time_is_another_object_whatever_its_version() -> None:
    verdict = judge(STORED, replace(NEWER, create_time=1001), "UPDATED_ENTITY_EVENT")
    assert verdict.outcome == "conflict_instance"


@pytest.mark.parametrize(("version", "outcome"), [(2, "stale"), (3, "stale"), (4, "accept")])
def test_versions_decide(version: int, outcome: str) -> None:
    assert judge(STORED, replace(STORED, version=version), "UPDATED_ENTITY_EVENT").outcome == outcome


@pytest.mark.parametrize("event", ["PURGED_ENTITY_EVENT", "DELETE_PURGED_RELATIONSHIP_EVENT"])
@pytest.mark.parametrize(("version", "outcome"), [(2, "stale"), (3, "accept"), (4, "accept")])
def test_a_purge_is_accepted_at_the_stored_version(event: str, version: int, outcome: str) -> None:
    assert judge(STORED, replace(STORED, version=version), event).outcome == outcome


def test_older_type_version_is_a_type_conflict() -> None:
    verdict = judge(STORED, replace(NEWER, type_version=1), "UPDATED_ENTITY_EVENT")
    assert (verdict.outcome, verdict.audit) == ("conflict_type", (AUDIT_CONFLICTING_TYPE,))


def test_another_home_needs_a_re_home() -> None:
    moved = replace(NEWER, home_id="home-b")
    assert judge(STORED, moved, "UPDATED_ENTITY_EVENT").outcome == "conflict_instance"
    verdict = judge(STORED, moved, "RE_HOMED_ENTITY_EVENT")
    assert (verdict.outcome, verdict.audit) == ("accept", (AUDIT_NEW_HOME,))


def test_a_new_type_is_accepted_and_logged() -> None:
    verdict = judge(STORED, replace(NEWER, type_name="ControlledGlossaryTerm"), "RETYPED_ENTITY_EVENT")
    assert (verdict.outcome, verdict.audit) == ("accept", (AUDIT_NEW_TYPE,))


def test_a_proxy_gives_way_to_the_entity() -> None:
    proxy = replace(STORED, proxy=True)
    assert judge(proxy, STORED, "NEW_ENTITY_EVENT").accepted
    assert judge(proxy, proxy, "NEW_ENTITY_EVENT").outcome == "stale"


def test_purge_by_id_only_from_the_home_or_the_replicator() -> None:
    external = replace(STORED, home_id="external", replicated_by="member")
    assert judge_purge_by_id(STORED, "home-a").accepted
    assert judge_purge_by_id(external, "member").accepted
    assert not judge_purge_by_id(STORED, "home-b").accepted
    assert not judge_purge_by_id(STORED, None).accepted
    assert not judge_purge_by_id(None, "home-a").accepted
    assert not judge_purge_by_id(replace(STORED, home_id=None), None).accepted


CLASSIFIED = replace(STORED, classifications={"C": ClassificationHeader(2, 50)})


@pytest.mark.parametrize(
    ("event", "version", "outcome"),
    [
        ("CLASSIFIED_ENTITY_EVENT", 2, "stale"),
        ("RECLASSIFIED_ENTITY_EVENT", 1, "stale"),
        ("RECLASSIFIED_ENTITY_EVENT", 3, "accept"),
        ("DECLASSIFIED_ENTITY_EVENT", 1, "stale"),
        ("DECLASSIFIED_ENTITY_EVENT", 2, "accept"),
    ],
)
def test_classifications_compare_their_own_version(event: str, version: int, outcome: str) -> None:
    incoming = ClassificationHeader(version, 50)
    assert judge_classification(CLASSIFIED, STORED, "C", incoming, event).outcome == outcome


def test_a_classification_put_on_again_starts_over() -> None:
    again = ClassificationHeader(1, 90)
    assert judge_classification(CLASSIFIED, STORED, "C", again, "CLASSIFIED_ENTITY_EVENT").accepted
    late = ClassificationHeader(9, 10)
    assert judge_classification(CLASSIFIED, STORED, "C", late, "RECLASSIFIED_ENTITY_EVENT").outcome == "stale"


def test_classification_of_an_entity_that_is_not_stored() -> None:
    header = ClassificationHeader(1, 50)
    assert judge_classification(None, STORED, "C", header, "CLASSIFIED_ENTITY_EVENT").accepted
    assert judge_classification(None, STORED, "C", header, "DECLASSIFIED_ENTITY_EVENT").outcome == "stale"
    assert judge_classification(STORED, STORED, "C", header, "CLASSIFIED_ENTITY_EVENT").accepted
    assert judge_classification(STORED, STORED, "C", header, "DECLASSIFIED_ENTITY_EVENT").outcome == "stale"
    other = replace(STORED, create_time=1)
    verdict = judge_classification(CLASSIFIED, other, "C", header, "CLASSIFIED_ENTITY_EVENT")
    assert verdict.outcome == "conflict_instance"


headers = st.builds(
    Header,
    version=st.integers(0, 6),
    create_time=st.integers(0, 2),
    home_id=st.sampled_from(["a", "b"]),
    type_name=st.sampled_from(["T", "U"]),
    type_guid=st.just("g"),
    type_version=st.integers(1, 2),
)
events = st.sampled_from(["NEW_ENTITY_EVENT", "UPDATED_ENTITY_EVENT", "PURGED_ENTITY_EVENT", "RE_HOMED_ENTITY_EVENT"])


@settings(deadline=None)
@given(headers, headers, events)
def test_nothing_accepted_ever_goes_back(stored: Header, incoming: Header, event: str) -> None:
    if judge(stored, incoming, event).accepted:
        assert incoming.version >= stored.version
        assert incoming.create_time == stored.create_time
        assert incoming.type_version >= stored.type_version


@settings(deadline=None)
@given(st.lists(st.integers(1, 30), min_size=1, max_size=12))
def test_any_order_with_duplicates_ends_at_the_highest_version(versions: list[int]) -> None:
    stored: Header | None = None
    for version in [*versions, *reversed(versions)]:
        incoming = replace(STORED, version=version)
        if judge(stored, incoming, "UPDATED_ENTITY_EVENT").accepted:
            stored = incoming
    assert stored is not None and stored.version == max(versions)


@settings(deadline=None)
@given(headers, headers)
def test_both_members_name_the_same_keeper(one: Header, other: Header) -> None:
    mine, theirs = keeper(one, other), keeper(other, one)
    assert (mine.create_time, mine.home_id) == (theirs.create_time, theirs.home_id)

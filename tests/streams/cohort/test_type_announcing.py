"""What is announced to a cohort: nothing twice where all is readable, enough where nothing is."""

from typing import Any

import pytest

from omrs_schemas.typedefs import TypeSystem
from omrs_streams.cohort import type_announcing as announcing
from omrs_streams.cohort import type_beans as beans
from omrs_streams.cohort import type_changes
from omrs_streams.cohort.rules import ExchangeRule
from omrs_streams.cohort.type_events import TypeReceiver, receive
from omrs_streams.cohort.type_fold import TypeFold

Bean = dict[str, Any]

US = {"metadataCollectionId": "ours", "serverName": "us"}
NOW = 1_750_000_000_000


def entity(name: str, **more: Any) -> Bean:
    return {
        "class": "EntityDef",
        "headerVersion": 1,
        "guid": f"guid-{name}",
        "name": name,
        "version": 1,
        "versionName": "1.0",
        "category": "ENTITY_DEF",
        **more,
    }


def enum(name: str) -> Bean:
    kind = {"class": "EnumDef", "category": "ENUM_DEF"}
    return {**entity(name), **kind, "elementDefs": [{"headerVersion": 1, "ordinal": 0, "value": "first"}]}


def patch(name: str, version: int, guid: str = "") -> Bean:
    return {
        "headerVersion": 1,
        "typeDefGUID": guid or f"guid-{name}",
        "typeDefName": name,
        "applyToVersion": version,
        "updateToVersion": version + 1,
        "newVersionName": f"{version + 1}.0",
        "updatedBy": "us",
        "updateTime": NOW,
        "description": f"version {version + 1}",
    }


def release() -> TypeSystem:
    types = TypeSystem()
    types.load_gallery([enum("E")], [entity("A"), entity("B"), entity("Old")])
    return types


@pytest.fixture
def changed() -> TypeFold:
    """A server on the release that has done everything that can be done to types."""
    fold = TypeFold(release())
    changes = [
        lambda t: type_changes.add(t, [enum("F")], [entity("New")], [], US, NOW),
        lambda t: type_changes.update(t, patch("A", 1), US, NOW),
        lambda t: type_changes.update(t, patch("New", 1), US, NOW),
        lambda t: type_changes.reidentify(t, "guid-Old", "Old", "guid-Late", "Late", US, NOW, attribute=False),
        lambda t: type_changes.remove(t, "guid-B", "B", US, NOW, attribute=False),
    ]
    for change in changes:
        assert not fold.apply_all(change(fold.types).records)
    return fold


def told(events: list[Bean]) -> list[tuple[str, str | None]]:
    return [(event["typeDefEventSection"]["typeDefEventType"], beans.subject(event)[1]) for event in events]


def taken_in(types: TypeSystem, events: list[Bean]) -> TypeFold:
    """The types of a member that began with `types` and received `events`."""
    fold = TypeFold(types)
    me = TypeReceiver("theirs", {}, "cohort", "native", ExchangeRule(), lambda guid, name: True)
    for event in events:
        receipt = receive(event, fold, me, NOW)
        assert not receipt.sends and receipt.fault is None
        fold.apply_all(receipt.records)
    return fold


def state(fold: TypeFold) -> dict[str, Bean]:
    return {each["guid"]: each for each in (*fold.types.typedefs(), *fold.types.attribute_typedefs())}


def announced(*events: Bean) -> announcing.Announced:
    found = announcing.Announced()
    for event in events:
        found.take(event)
    return found


def test_an_empty_cohort_is_told_everything_once(changed: TypeFold) -> None:
    events = announcing.missing(changed, announced(), US, NOW)
    assert sorted(name or "" for _, name in told(events)) == ["A", "E", "F", "Late", "New"]
    assert {kind for kind, _ in told(events)} == {"NEW_TYPEDEF_EVENT", "NEW_ATTRIBUTE_TYPEDEF_EVENT"}
    assert announcing.missing(changed, announced(*events), US, NOW) == []
    there = taken_in(TypeSystem(), events)
    assert state(there) == state(changed)


def test_a_cohort_with_the_release_is_told_the_changes(changed: TypeFold) -> None:
    base = [beans.type_event(each, US, NOW) for each in (*release().attribute_typedefs(), *release().typedefs())]
    cohort = announced(*base)
    events = announcing.missing(changed, cohort, US, NOW)
    assert told(events)[:2] == [("RE_IDENTIFIED_TYPEDEF_EVENT", "Old"), ("DELETED_TYPEDEF_EVENT", "B")]
    assert sorted(told(events)[2:]) == [
        ("NEW_ATTRIBUTE_TYPEDEF_EVENT", "F"),
        ("NEW_TYPEDEF_EVENT", "New"),
        ("UPDATED_TYPEDEF_EVENT", "A"),
    ]
    assert all(event["originator"] == US for event in events)
    assert state(taken_in(release(), events)) == state(changed)
    for event in events:
        cohort.take(event)
    assert announcing.missing(changed, cohort, US, NOW) == []


def test_changes_that_were_told_before_the_release_count() -> None:
    """Who adds types while it waits to announce its release tells them first; so all of it waits for the release."""
    server = TypeFold(release())
    below = {**entity("Below"), "superType": {"guid": "guid-A", "name": "A"}}
    moving = {**entity("Moving"), "superType": {"guid": "guid-A", "name": "A"}}
    events: list[Bean] = []
    for change in (
        lambda t: type_changes.add(t, [], [below], [], US, NOW),
        lambda t: type_changes.add(t, [], [moving], [], US, NOW),
        lambda t: type_changes.update(t, patch("A", 1), US, NOW),
        lambda t: type_changes.remove(t, "guid-Below", "Below", US, NOW, attribute=False),
        lambda t: type_changes.reidentify(t, "guid-Moving", "Moving", "guid-M", "M", US, NOW, attribute=False),
    ):
        done = change(server.types)
        assert not server.apply_all(done.records)
        events += done.tells
    events += announcing.missing(server, announced(), US, NOW)
    for member in (server, taken_in(release(), events), taken_in(TypeSystem(), events)):
        assert state(member) == state(server)
        assert announcing.missing(member, announced(*events), US, NOW) == []


def test_what_others_announced_is_left_alone(changed: TypeFold) -> None:
    """Another release there: other versions of our release's types are theirs; another type of that name a conflict
    that the receiver of the announcement reports."""
    cohort = announced(
        beans.type_event(entity("A", version=7), US, NOW),
        beans.type_event(entity("New", guid="another"), US, NOW),
    )
    names = [name for _, name in told(announcing.missing(changed, cohort, US, NOW))]
    assert "A" not in names and "New" not in names


def test_members_that_read_nothing_are_told_all_types_and_our_patches(changed: TypeFold) -> None:
    events = announcing.everything(changed, release(), US, NOW)
    assert told(events)[-1] == ("UPDATED_TYPEDEF_EVENT", "A")
    with_release = state(taken_in(release(), events))
    assert {**with_release, "guid-Old": None, "guid-B": None} == {**state(changed), "guid-Old": None, "guid-B": None}
    assert state(taken_in(TypeSystem(), events)) == state(changed)


def test_a_new_member_is_told_what_the_release_does_not_hold(changed: TypeFold) -> None:
    events = announcing.additions(changed, release(), US, NOW)
    assert sorted(told(events)) == [
        ("NEW_ATTRIBUTE_TYPEDEF_EVENT", "F"),
        ("NEW_TYPEDEF_EVENT", "Late"),
        ("NEW_TYPEDEF_EVENT", "New"),
        ("UPDATED_TYPEDEF_EVENT", "A"),
    ]
    assert announcing.additions(TypeFold(release()), release(), US, NOW) == []

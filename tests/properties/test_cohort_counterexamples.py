"""What the simulation found, step by step: each of these once left two members with different minds."""

from collections.abc import Iterator

import pytest
from cohort_machine import CohortMachine
from simulated_types import SPECIAL, THING

from omrs_streams.log.partition import partition_of


@pytest.fixture(params=[(1, True), (1, False), (3, True), (3, False)], ids=str)
def machine(request: pytest.FixtureRequest) -> Iterator[CohortMachine]:
    """A cohort of four; partitions of its topic, and whether events carry ids. It is settled in the end."""
    partitions, ids = request.param
    machine = CohortMachine()
    machine.begin(partitions, ids, 0, False)
    yield machine
    machine.teardown()


def entity(machine: CohortMachine, number: int, kind: str = THING) -> str:
    """An entity at home at a member, known to all."""
    machine.create_entity(number, 0 if kind == THING else 1)
    machine.cohort.until_quiet()
    bean = machine.pick(machine.member(number), 0, lambda each: each["type"]["typeDefGUID"] == kind)
    assert bean is not None
    return str(bean["guid"])


def gone(machine: CohortMachine, number: int) -> None:
    machine.leave_for_good(number)
    for member in machine.cohort.connected():
        machine.cohort.hear_registry(member)


def test_one_request_made_at_two_servers(machine: CohortMachine) -> None:
    """Both events have the same id: that of the request."""
    machine.guid_conflict(0, 1, 0)


def test_a_conflict_about_a_type_that_the_loser_takes_no_copies_of(machine: CohortMachine) -> None:
    machine.save_less(1, THING)
    machine.guid_conflict(0, 1, 0)
    machine.settle()
    machine.save_all(1)


def test_the_keeper_of_a_guid_gives_it_up_itself(machine: CohortMachine) -> None:
    machine.guid_conflict(1, 0, 0)
    machine.re_identify(1, 0)
    machine.re_type(1, 0)


def test_a_guid_that_was_lost_to_an_object_that_is_gone(machine: CohortMachine) -> None:
    """Its loser's new guid, the winner's life and the loser's beginning are heard of in this order by two members."""
    machine.guid_conflict(0, 2, 0)
    machine.delete_and_purge(0, 0)
    machine.guid_conflict(0, 2, 0)
    machine.guid_conflict(1, 2, 0)
    machine.delete_and_purge(1, 0)


def test_a_re_home_of_what_was_purged_unheard(machine: CohortMachine) -> None:
    entity(machine, 3, SPECIAL)
    machine.delete_and_purge(3, 0)
    machine.publish(3, 6)
    machine.deliver_all(2)
    gone(machine, 3)
    machine.re_home(1, 0)
    guid = next(bean["guid"] for bean in machine.member(1).beans())
    machine.settle()
    assert machine.member(2).bean(guid) == machine.member(1).bean(guid)


def test_of_two_new_homes_the_one_that_does_not_stay_purges(machine: CohortMachine) -> None:
    entity(machine, 0)
    gone(machine, 0)
    for number in (2, 3):
        machine.re_home(number, 0)
    machine.delete_and_purge(3, 0)
    machine.delete(2, 0)
    machine.settle()


def test_classifications_of_what_the_home_takes_no_copies_of(machine: CohortMachine) -> None:
    guid = entity(machine, 0)
    machine.save_less(0, THING)
    machine.classify_copy(1, 0, "Tag")
    machine.settle()
    carried = (machine.member(0).bean(guid) or {}).get("classifications") or ()
    assert [each["name"] for each in carried] == ["Tag"]


def test_a_member_returns_with_changes_of_what_was_re_homed(machine: CohortMachine) -> None:
    guid = entity(machine, 0)
    machine.update(0, 0, 7)
    gone(machine, 0)
    machine.update(0, 0, 8)
    machine.re_home(1, 0)
    machine.update(1, 0, 9)
    machine.settle()
    machine.join(0)
    machine.settle()
    assert (machine.member(0).bean(guid) or {})["metadataCollectionId"] == "collection-1"


def test_a_home_that_kills_between_publish_and_commit_sends_twice(machine: CohortMachine) -> None:
    entity(machine, 0)
    machine.classify(0, 0, "Tag")
    machine.publish_and_die(0)
    machine.declassify(0, 0)
    machine.publish_and_die(0)
    machine.deliver_all(1)
    machine.deliver_again(1, 20)


def test_everything_missed_is_asked_for(machine: CohortMachine) -> None:
    guid = entity(machine, 0)
    machine.classify_copy(1, 0, "Mark")
    machine.classify(0, 0, "Tag")
    machine.settle()
    machine.declassify(1, 0)
    machine.declassify(0, 0)
    machine.delete_and_purge(0, 1)
    for number in (0, 1):
        machine.publish(number, 6)
    for partition in range(3):
        machine.lose(2, 30 + partition)
    machine.settle()
    assert machine.member(2).bean(guid) is None


def test_the_old_guid_is_restored_before_the_new_one_is_heard_of(machine: CohortMachine) -> None:
    guid = entity(machine, 0)
    machine.re_identify(0, 0)
    machine.member(0).follow()
    machine.restore(0, 0)
    machine.publish(0, 6)
    partition = partition_of(guid, machine.cohort.partitions)
    machine.cohort.hear(machine.member(2), partition)
    machine.settle()
    assert (machine.member(2).bean(guid) or {})["status"] == "ACTIVE"


def test_a_new_home_that_takes_no_copies_hears_of_the_other_one(machine: CohortMachine) -> None:
    guid = entity(machine, 1, SPECIAL)
    machine.save_less(3, SPECIAL)
    gone(machine, 1)
    machine.re_home(2, 0)
    machine.publish(2, 6)
    machine.deliver_all(3)
    machine.re_home(3, 0)
    machine.settle()
    assert (machine.member(3).bean(guid) or {})["metadataCollectionId"] == "collection-2"


def test_changes_of_the_old_guid_that_come_after_the_new_one(machine: CohortMachine) -> None:
    guid = entity(machine, 1)
    machine.classify_copy(2, 0, "Mark")
    machine.settle()
    machine.declassify(2, 0)
    machine.re_identify(1, 0)
    for value in (1, 2):
        machine.update(1, 0, value)
    machine.settle()
    machine.restore(1, 0)
    machine.settle()
    for member in machine.cohort.members:
        carried = (member.bean(guid) or {}).get("classifications") or ()
        assert "Mark" not in {each["name"] for each in carried}


def test_three_members_take_over_at_once(machine: CohortMachine) -> None:
    guid = entity(machine, 2)
    gone(machine, 2)
    for number in (3, 0, 1):
        machine.re_home(number, 0)
    machine.publish(1, 6)
    machine.deliver_all(3)
    machine.settle()
    homes = {(member.bean(guid) or {})["metadataCollectionId"] for member in machine.cohort.connected()}
    assert homes == {"collection-0"}


def test_what_the_loser_of_a_race_had_sent_comes_again_when_the_winner_is_gone(machine: CohortMachine) -> None:
    entity(machine, 1)
    gone(machine, 1)
    machine.re_home_race(0, 0, 39)
    machine.settle()
    machine.kill(3)
    machine.member(3).committed = {}
    machine.start(3)
    machine.leave_for_good(0)

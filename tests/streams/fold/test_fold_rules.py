"""One record at a time (LOG.md § Envelope; OMRS instances § Currency rule)."""

import pytest
from fold_logs import CREATED, DELETED, NEW, PURGED, UPDATED, classification, record

from omrs_streams.fold.effect import NO_WINNER
from omrs_streams.fold.fold import fold
from omrs_streams.fold.memory import MemoryFold
from omrs_streams.fold.meta import StateMeta
from omrs_streams.log.record import LogRecord


def state_after(*records: LogRecord) -> StateMeta | None:
    state = None
    for one in records:
        state = fold(one, state).meta or state
    return state


def reason(last: LogRecord, *before: LogRecord) -> str:
    return fold(last, state_after(*before)).reason


class TestExpectedRevision:
    def test_the_first_revision_is_one(self) -> None:
        effect = fold(record(7, expected_revision=0), None)
        assert effect.meta is not None
        assert (effect.meta.revision, effect.meta.base_revision, effect.meta.offset) == (1, 1, 7)

    def test_an_expected_revision_must_be_the_present_one(self) -> None:
        effect = fold(record(9, expected_revision=0), state_after(record(7, expected_revision=0)))
        assert (effect.effective, effect.lost, effect.reason, effect.winner) == (False, True, "revision", 7)

    def test_a_revision_of_an_unknown_guid_loses_against_nobody(self) -> None:
        effect = fold(record(9, expected_revision=3), None)
        assert (effect.reason, effect.winner) == ("revision", NO_WINNER)

    def test_a_command_may_lower_the_version(self) -> None:
        assert reason(record(9, version=1, expected_revision=1), record(7, version=5)) == ""

    def test_a_tombstone_keeps_counting(self) -> None:
        purged = (record(1), record(2, kind=PURGED))
        assert reason(record(3, expected_revision=0), *purged) == "revision"
        alive = state_after(*purged, record(3, expected_revision=2))
        assert alive is not None
        assert (alive.revision, alive.first_revision, alive.tombstone) == (3, 3, False)


class TestCopies:
    def test_a_newer_version_replaces(self) -> None:
        state = state_after(record(1), record(2, version=2))
        assert state is not None
        assert (state.revision, state.version, state.first_revision) == (2, 2, 1)

    def test_an_older_version_is_stale(self) -> None:
        assert reason(record(2, version=1), record(1, version=2)) == "stale"

    def test_an_equal_version_is_accepted(self) -> None:
        assert reason(record(2, version=2), record(1, version=2)) == ""

    def test_another_create_time_is_another_object(self) -> None:
        assert reason(record(2, version=9, create_time=CREATED + 1), record(1)) == "identity"

    def test_a_proxy_never_replaces_the_instance(self) -> None:
        assert reason(record(2, version=9, is_proxy=True), record(1)) == "stale"

    def test_the_instance_replaces_a_proxy_of_any_version(self) -> None:
        state = state_after(record(1, version=9, is_proxy=True), record(2, version=1))
        assert state is not None
        assert (state.proxy, state.version) == (False, 1)

    def test_the_instance_of_another_object_ends_the_life_of_the_proxy(self) -> None:
        state = state_after(classification(1, "Gold"), record(2, create_time=CREATED + 1))
        assert state is not None
        assert (state.first_revision, state.has_overlay) == (2, False)

    @pytest.mark.parametrize("guid", ["", "a\0b"])
    def test_a_guid_that_is_no_key_is_refused(self, guid: str) -> None:
        assert reason(record(1, guid)) == "guid"


class TestPurge:
    def test_a_tombstone_keeps_revision_version_and_create_time(self) -> None:
        state = state_after(record(1, version=4), record(2, version=4, kind=PURGED))
        assert state is not None
        assert (state.tombstone, state.revision, state.version, state.create_time) == (True, 2, 4, CREATED)

    def test_a_purge_by_ids_alone_keeps_what_was_stored(self) -> None:
        state = state_after(record(1, version=4), record(2, version=0, create_time=0, kind=PURGED))
        assert state is not None
        assert (state.tombstone, state.version, state.create_time) == (True, 4, CREATED)

    @pytest.mark.parametrize("version", [3, 4])
    def test_what_was_purged_does_not_come_back(self, version: int) -> None:
        assert reason(record(3, version=version), record(1, version=4), record(2, version=4, kind=PURGED)) == "stale"

    def test_a_newer_version_of_the_purged_comes_back(self) -> None:
        assert reason(record(3, version=5), record(1, version=4), record(2, version=4, kind=PURGED)) == ""

    def test_a_proxy_without_create_time_does_not_bring_back_the_purged(self) -> None:
        assert reason(classification(2, "Gold", 9, create_time=0), record(1, version=4, kind=PURGED)) == "stale"

    def test_a_new_object_may_take_the_guid(self) -> None:
        assert reason(record(3, version=1, create_time=CREATED + 1), record(1, version=4, kind=PURGED)) == ""

    def test_a_purge_may_come_first(self) -> None:
        state = state_after(record(1, version=4, kind=PURGED), record(2, version=4, kind=DELETED), record(3, version=1))
        assert state is not None
        assert (state.tombstone, state.revision) == (True, 1)

    def test_an_older_purge_is_stale(self) -> None:
        assert reason(record(2, version=1, kind=PURGED), record(1, version=2)) == "stale"


class TestOverlay:
    def test_only_the_overlay_changes(self) -> None:
        before = state_after(record(1, version=3, kind=UPDATED))
        after = state_after(record(1, version=3, kind=UPDATED), classification(2, "Gold", home_id="elsewhere"))
        assert before is not None
        assert after is not None
        assert (after.revision, after.base_revision, after.has_overlay, after.offset) == (2, 1, True, 2)
        assert (after.version, after.home_id, after.proxy) == (before.version, before.home_id, False)

    def test_an_unknown_guid_becomes_a_proxy(self) -> None:
        state = state_after(classification(1, "Gold"))
        assert state is not None
        assert (state.proxy, state.has_overlay, state.base_revision) == (True, True, 1)
        assert (state.version, state.home_id) == (0, "")  # in the header they are the classification's

    def test_the_version_of_a_classification_says_nothing_of_its_entity(self) -> None:
        state = state_after(record(1, version=3), classification(2, "Gold", 1), classification(3, "Gold", 9))
        assert state is not None
        assert (state.revision, state.version) == (3, 3)
        assert reason(record(2, version=1, is_proxy=True), classification(1, "Gold", 9)) == ""

    def test_it_outlives_changes_of_the_instance(self) -> None:
        state = state_after(record(1), classification(2, "Gold"), record(3, version=2))
        assert state is not None
        assert (state.has_overlay, state.base_revision) == (True, 3)

    def test_it_does_not_outlive_a_purge(self) -> None:
        gone = (record(1), classification(2, "Gold"), record(3, kind=PURGED))
        assert reason(classification(4, "Gold", 2), *gone) == "stale"
        state = state_after(*gone, record(4, version=2))
        assert state is not None
        assert not state.has_overlay

    def test_it_is_never_valid_before_its_instance(self) -> None:
        state = state_after(record(1, valid_from=9_000), classification(2, "Gold"))
        assert state is not None
        assert state.valid_from == 9_000

    def test_a_whole_entity_in_a_classification_event_is_an_instance(self) -> None:
        state = state_after(record(1), record(2, kind="CLASSIFIED_ENTITY_EVENT"))
        assert state is not None
        assert (state.has_overlay, state.base_revision) == (False, 2)


def test_memory_fold_leaves_out_what_comes_again_and_marks_what_changed_nothing() -> None:
    memory = MemoryFold()
    memory.apply([record(0), record(3, version=2), record(4, version=1), record(5, version=3, event_id="event-3")])
    assert memory.apply([record(4, version=9)]) == []
    assert {mark.offset: (mark.reason, mark.winner) for mark in memory.lost_between(0, 9).values()} == {
        4: ("stale", 3),
        5: ("duplicate", 3),
    }
    stored = memory.get("g")
    assert stored is not None
    assert (stored.meta.revision, stored.payload, memory.next_offset) == (2, record(3, version=2).value, 6)
    assert [revision.meta.revision for revision in memory.revisions("g")] == [1, 2]


def test_relationships_and_entities_fold_alike() -> None:
    state = state_after(record(1, kind=NEW, is_relationship=True), record(2, kind="DELETE_PURGED_RELATIONSHIP_EVENT"))
    assert state is not None
    assert state.tombstone

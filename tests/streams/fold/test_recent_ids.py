"""Event-ids are remembered by offset, so that folds with other batches forget at the same record."""

from hypothesis import given
from hypothesis import strategies as st

from omrs_streams.fold.recent import WINDOW, RecentIds, pack_ids, unpack_ids


def test_an_id_repeats_within_the_window_and_not_at_its_end() -> None:
    recent = RecentIds()
    recent.add({"x": 10})
    assert recent.repeats("x", 9 + WINDOW, {}) == 10
    fresh: dict[str, int] = {}
    assert recent.repeats("x", 10 + WINDOW, fresh) is None
    assert fresh == {"x": 10 + WINDOW}


def test_a_long_batch_forgets_inside_itself() -> None:
    fresh = {"x": 0, "y": 1}
    assert RecentIds().repeats("x", WINDOW, fresh) is None
    assert list(fresh.items()) == [("y", 1), ("x", WINDOW)]


def test_chunks_go_when_none_of_their_ids_can_repeat() -> None:
    recent = RecentIds()
    recent.add({"a": 0, "b": 5})
    recent.add({"c": 6})
    assert list(recent.expired(4 + WINDOW)) == []
    assert list(recent.expired(5 + WINDOW)) == [0]
    recent.forget(5 + WINDOW)
    assert (recent.offset_of("a"), recent.offset_of("b"), recent.offset_of("c"), len(recent)) == (None, None, 6, 1)


def test_an_id_recorded_again_outlives_its_first_chunk() -> None:
    recent = RecentIds()
    recent.add({"a": 0})
    recent.add({"a": WINDOW})
    recent.forget(WINDOW + 1)
    assert recent.offset_of("a") == WINDOW


@given(st.dictionaries(st.text(), st.integers(0, 1 << 20), min_size=1), st.integers(0, 1 << 40))
def test_a_chunk_survives_packing(ids: dict[str, int], start: int) -> None:
    ordered = {event_id: start + distance for event_id, distance in sorted(ids.items(), key=lambda item: item[1])}
    assert unpack_ids(next(iter(ordered.values())), pack_ids(ordered)) == ordered

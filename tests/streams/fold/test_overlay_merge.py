"""Classifications laid over an entity: the newest statement per name, whatever the order (OMRS instances § Fields)."""

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from omrs_streams.fold.overlay import merge_classifications


def stated(name: str, version: int, *, removed: bool = False, created: int = 1) -> dict[str, Any]:
    kind = "DECLASSIFIED_ENTITY_EVENT" if removed else "CLASSIFIED_ENTITY_EVENT"
    bean = {"name": name, "version": version, "createTime": created}
    return {"eventType": kind, "originalClassification" if removed else "classification": bean}


def carried(name: str, version: int, created: int = 1) -> dict[str, Any]:
    return {"name": name, "version": version, "createTime": created}


def test_base_first_then_others_by_name() -> None:
    merged = merge_classifications([carried("Z", 1), carried("B", 1)], [stated("C", 1), stated("A", 1)])
    assert [one["name"] for one in merged] == ["Z", "B", "A", "C"]


def test_the_higher_version_counts() -> None:
    assert merge_classifications([carried("A", 2)], [stated("A", 1)]) == [carried("A", 2)]
    assert merge_classifications([carried("A", 2)], [stated("A", 3)]) == [carried("A", 3)]


def test_a_removal_hides_what_is_not_newer() -> None:
    assert merge_classifications([carried("A", 2)], [stated("A", 2, removed=True)]) == []
    assert merge_classifications([carried("A", 3)], [stated("A", 2, removed=True)]) == [carried("A", 3)]


def test_classified_anew_after_a_removal() -> None:
    events = [stated("A", 4), stated("A", 4, removed=True), stated("A", 1, created=2)]
    assert merge_classifications([], events) == [carried("A", 1, created=2)]


def test_an_event_without_a_classification_adds_nothing() -> None:
    assert merge_classifications([], [{"eventType": "CLASSIFIED_ENTITY_EVENT"}, {"classification": {"name": ""}}]) == []


@given(st.data())
def test_the_order_of_statements_does_not_matter(data: st.DataObject) -> None:
    statement = st.builds(
        stated, st.sampled_from("AB"), st.integers(1, 3), removed=st.booleans(), created=st.integers(1, 2)
    )
    events = data.draw(st.lists(statement, max_size=6))
    base = [carried("A", 2)]
    assert merge_classifications(base, data.draw(st.permutations(events))) == merge_classifications(base, events)

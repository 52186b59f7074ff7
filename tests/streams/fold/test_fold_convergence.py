"""Copies of one object reach the same state in whatever order they come, as long as their sender was coherent."""

from typing import Any

from fold_logs import DECLASSIFIED, DELETED, PURGED, RECLASSIFIED, UPDATED, JsonCodec, classification, record
from hypothesis import given
from hypothesis import strategies as st

from omrs_streams.fold.memory import MemoryFold
from omrs_streams.log.record import LogRecord
from omrs_streams.store.beans import to_bean


@st.composite
def coherent_copies(draw: st.DrawFn) -> list[LogRecord]:
    """What members send about one entity: versions one by one, perhaps a deletion and a purge at the end, proxies of
    some versions, and classifications that others gave it."""
    last = draw(st.integers(0, 5))
    sent = [record(0, version=version, kind=UPDATED) for version in range(1, last + 1)]
    sent += [
        record(0, version=version, is_proxy=True) for version in draw(st.lists(st.integers(1, last + 1), max_size=2))
    ]
    for version, kind in enumerate(draw(st.lists(st.sampled_from((RECLASSIFIED, DECLASSIFIED)), max_size=3)), 1):
        sent.append(classification(0, "Gold", version, kind))
    if draw(st.booleans()):
        sent.append(classification(0, "Own", 2, draw(st.sampled_from((RECLASSIFIED, DECLASSIFIED)))))
    end = draw(st.integers(0, 2))
    if end:
        sent.append(record(0, version=last + 1, kind=DELETED))
    if end == 2:
        sent.append(record(0, version=last + 1, kind=PURGED))
    return sent


def outcome(sent: list[LogRecord]) -> tuple[Any, ...] | None:
    memory = MemoryFold()
    for offset, one in enumerate(sent):
        one.offset, one.event_id = offset, f"id-{offset}"
        memory.apply([one])
    meta = memory.get_meta("g")
    if meta is None:
        return None
    stored = memory.get("g")
    bean = None if stored is None else to_bean(stored, JsonCodec())
    if meta.proxy and bean is not None:  # which of the proxies that came is kept, may depend on their order
        bean = {"classifications": [one for one in bean.get("classifications", ()) if one["name"] == "Gold"]}
    return meta.flags, meta.version, meta.create_time, meta.status, bean


@given(st.data())
def test_any_order_of_copies_ends_in_the_same_state(data: st.DataObject) -> None:
    sent = data.draw(coherent_copies())
    expected = outcome(sent)
    assert outcome(data.draw(st.permutations(sent))) == expected


@given(st.data())
def test_repeating_copies_changes_nothing(data: st.DataObject) -> None:
    sent = data.draw(coherent_copies())
    expected = outcome(sent)
    assert outcome([*sent, *sent]) == expected

"""A store belongs to one log; what belongs to another is refused, not mixed."""

from dataclasses import replace
from pathlib import Path

import pytest
from fold_logs import JsonCodec, record

from omrs_schemas.errors import ConfigurationError
from omrs_streams.store import keys
from omrs_streams.store.identity import LogIdentity
from omrs_streams.store.partition import PartitionStore

IDENTITY = LogIdentity("omrs.server.s.log", "topic-1", 0)


@pytest.mark.parametrize("change", [{"topic": "omrs.server.t.log"}, {"topic_id": "topic-2"}, {"partition": 1}])
def test_another_log_is_refused(tmp_path: Path, change: dict[str, object]) -> None:
    PartitionStore.open(tmp_path, IDENTITY).close()
    with pytest.raises(ConfigurationError, match="was folded from"):
        PartitionStore.open(tmp_path, replace(IDENTITY, **change))
    PartitionStore.open(tmp_path, IDENTITY).close()


def test_another_format_is_refused(tmp_path: Path) -> None:
    with PartitionStore.open(tmp_path, IDENTITY) as store:
        store._engine.put(keys.FORMAT, b"0")
    with pytest.raises(ConfigurationError, match="format 0"):
        PartitionStore.open(tmp_path, IDENTITY)


def test_incomplete_indexes_are_built_by_the_next_open(tmp_path: Path) -> None:
    with PartitionStore.open(tmp_path, IDENTITY, JsonCodec(), bulk=True) as store:
        store.apply([record(0)], index=False)
        store.apply([record(1, version=2)])  # an index that is not complete is left alone
        assert list(store.guids_of_type("type-asset")) == []
    with PartitionStore.open(tmp_path, IDENTITY, JsonCodec()) as store:
        assert list(store.guids_by_property("size", 2)) == ["g"]
        assert list(store.guids_by_property("size", 1)) == []


def test_building_reports_progress_and_what_cannot_be_read(tmp_path: Path) -> None:
    seen: list[tuple[int, int]] = []
    with PartitionStore.open(tmp_path, IDENTITY, JsonCodec(), bulk=True) as store:
        store.apply([record(0, "good"), record(1, "bad", value=b"\xff")], index=False)
        report = store.build_indexes(lambda done, of: seen.append((done, of)))
    assert seen[-1] == (2, 2)
    assert report.indexed == 1
    assert [(guid, revision) for guid, revision, _ in report.errors] == [("bad", 1)]


def test_recent_event_ids_outlive_a_restart(tmp_path: Path) -> None:
    with PartitionStore.open(tmp_path, IDENTITY, JsonCodec()) as store:
        store.apply([record(0)])
    with PartitionStore.open(tmp_path, IDENTITY, JsonCodec()) as store:
        (effect,) = store.apply([record(5, version=9, event_id="event-0")])
        assert (effect.duplicate, effect.winner) == (True, 0)
        store.skip_to(1 << 20)
        assert not store.seen("event-0")
    with PartitionStore.open(tmp_path, IDENTITY, JsonCodec()) as store:
        assert not store.seen("event-0")

"""Whatever the batches, repeats and restarts: the store holds what the fold in memory holds, indexes included."""

from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

from fold_logs import GUIDS, JsonCodec, logs
from hypothesis import given, settings
from hypothesis import strategies as st

from omrs_schemas.errors import CodecError
from omrs_streams.fold.memory import MemoryFold
from omrs_streams.fold.state import Stored
from omrs_streams.log.record import LogRecord
from omrs_streams.store import keys
from omrs_streams.store.digest import differing_guids, digest
from omrs_streams.store.engine import scan
from omrs_streams.store.identity import LogIdentity
from omrs_streams.store.index import index_entries
from omrs_streams.store.partition import PartitionStore

IDENTITY = LogIdentity("omrs.server.s.log", "topic-1", 0)
CODEC = JsonCodec()
RUNS = settings(max_examples=60, deadline=None)  # each example opens RocksDB several times


def batches(log: list[LogRecord], cuts: list[int]) -> Iterator[list[LogRecord]]:
    """The log in batches of the given sizes, the rest in one."""
    start = 0
    for size in cuts:
        yield log[start : start + size]
        start += size
    yield log[start:]


def indexes(store: PartitionStore) -> dict[bytes, bytes]:
    return {key: value for prefix in keys.INDEXES for key, value in scan(store._engine, prefix)}


def expected_indexes(memory: MemoryFold) -> dict[bytes, bytes]:
    """From scratch, out of the oracle's states."""
    entries: dict[bytes, bytes] = {}
    for guid in memory.guids():
        stored = memory.get(guid)
        if stored is not None:
            entries |= entries_of(guid, stored)
    return entries


def entries_of(guid: str, stored: Stored) -> dict[bytes, bytes]:
    readable = []
    for payload in stored.overlay:
        try:
            readable.append(CODEC.decode_record(payload))
        except CodecError:
            continue
    try:
        return index_entries(guid, stored.meta, CODEC.decode_record(stored.payload), readable)
    except CodecError:
        return {}


def assert_equal(store: PartitionStore, memory: MemoryFold) -> None:
    assert list(differing_guids(store, memory, CODEC)) == []
    assert digest(store, CODEC) == digest(memory, CODEC)
    assert digest(store) == digest(memory)
    assert store.lost_between(0, 1 << 40) == memory.lost_between(0, 1 << 40)
    for guid in GUIDS:
        assert (store.get_meta(guid), store.get(guid)) == (memory.get_meta(guid), memory.get(guid))
        assert list(store.revisions(guid)) == list(memory.revisions(guid))


def assert_counts(store: PartitionStore, memory: MemoryFold, effective: int) -> None:
    metas = [meta for guid in memory.guids() if (meta := memory.get_meta(guid)) is not None]
    alive = [meta for meta in metas if not meta.tombstone and not meta.proxy]
    assert store.counts() == {
        "entities": sum(not meta.relationship and not meta.deleted for meta in alive),
        "relationships": sum(meta.relationship and not meta.deleted for meta in alive),
        "proxies": sum(meta.proxy for meta in metas),
        "deleted": sum(meta.deleted for meta in alive),
        "purged": sum(meta.tombstone for meta in metas),
        "revisions": effective,
        "lost": len(memory.lost_between(0, 1 << 40)),
    }


@RUNS
@given(logs(), st.lists(st.integers(1, 12), max_size=6), st.lists(st.sampled_from("rx "), max_size=6), st.data())
def test_any_batches_repeats_and_restarts(
    log: list[LogRecord], cuts: list[int], between: list[str], data: st.DataObject
) -> None:
    memory = MemoryFold()
    effects = {effect.record.offset: effect for effect in memory.apply(log)}
    with TemporaryDirectory() as folder:
        store = PartitionStore.open(Path(folder), IDENTITY, CODEC)
        errors = 0
        for number, batch in enumerate(batches(log, cuts)):
            given_back = store.apply(batch)
            errors += sum(effect.error is not None for effect in given_back)
            assert [effect.reason for effect in given_back] == [effects[one.offset].reason for one in batch]
            assert [effect.meta for effect in given_back] == [effects[one.offset].meta for one in batch]
            what = between[number] if number < len(between) else ""
            if what == "r":  # restarted
                store.close()
                store = PartitionStore.open(Path(folder), IDENTITY, CODEC)
            if what == "x":  # delivered again from anywhere
                again = log[data.draw(st.integers(0, len(log))) :]
                done = [one for one in again if one.offset < store.next_offset]
                assert [effect.reason for effect in store.apply(done)] == [effects[o.offset].reason for o in done]
        with store:
            assert_equal(store, memory)
            assert_counts(store, memory, sum(effect.effective for effect in effects.values()))
            assert indexes(store) == expected_indexes(memory)
            assert errors == sum(
                effect.effective and effect.meta is not None and not effect.meta.tombstone and unreadable(effect.record)
                for effect in effects.values()
            )


def unreadable(record: LogRecord) -> bool:
    try:
        CODEC.decode_record(record.value or b"")
    except CodecError:
        return True
    return False


@RUNS
@given(logs(), st.lists(st.integers(1, 20), max_size=3), st.integers(0, 3))
def test_bulk_load_and_index_build_end_where_the_live_path_ends(
    log: list[LogRecord], cuts: list[int], live_from: int
) -> None:
    memory = MemoryFold()
    memory.apply(log)
    with TemporaryDirectory() as folder:
        loading, *rest = split(log, cuts, live_from)
        with PartitionStore.open(Path(folder), IDENTITY, CODEC, bulk=True) as store:
            for batch in loading:
                store.apply(batch, index=False)
        with PartitionStore.open(Path(folder), IDENTITY, CODEC) as store:
            assert store.indexed
            for batch in rest:
                store.apply(batch)
            assert_equal(store, memory)
            assert indexes(store) == expected_indexes(memory)
            store.build_indexes()
            assert indexes(store) == expected_indexes(memory)


def split(log: list[LogRecord], cuts: list[int], live_from: int) -> list[list[list[LogRecord]] | list[LogRecord]]:
    """[batches loaded in bulk, live batch, live batch …]"""
    parts = list(batches(log, cuts))
    return [parts[:live_from], *parts[live_from:]]


@RUNS
@given(logs(), st.lists(st.integers(1, 12), max_size=4))
def test_decoded_records_handed_in_make_the_same_indexes(log: list[LogRecord], cuts: list[int]) -> None:
    memory = MemoryFold()
    memory.apply(log)
    decoded = {one.offset: CODEC.decode_record(one.value or b"") for one in log if not unreadable(one)}
    with TemporaryDirectory() as folder, PartitionStore.open(Path(folder), IDENTITY, CODEC) as store:
        for batch in batches(log, cuts):
            store.apply(batch, decoded)
        assert indexes(store) == expected_indexes(memory)

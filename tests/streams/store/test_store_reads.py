"""Reading a store: by guid, by time, by index."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from fold_logs import BROKEN, DELETED, PURGED, UPDATED, JsonCodec, classification, record, section

from omrs_schemas.errors import CodecError, ConfigurationError, LogError, NotReadyError
from omrs_streams.store.encoding import Term
from omrs_streams.store.identity import LogIdentity
from omrs_streams.store.partition import PartitionStore
from omrs_streams.store.reads import PropertyTerm

IDENTITY = LogIdentity("omrs.server.s.log", "topic-1", 0)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[PartitionStore]:
    with PartitionStore.open(tmp_path / "store", IDENTITY, JsonCodec()) as opened:
        yield opened


def valued(name: object, guid: str = "x") -> bytes:
    properties = {"values": {"p": name, "list": [1, 2], "map": {"a": 1}}}
    return section("NEW_ENTITY_EVENT", guid, 1, entity={"guid": guid, "properties": properties})


class TestByGuid:
    def test_unknown(self, store: PartitionStore) -> None:
        assert store.get_meta("g") is None
        assert store.get("g") is None
        assert store.as_of("g", 1 << 50) is None
        assert list(store.history("g")) == []

    def test_history_and_as_of(self, store: PartitionStore) -> None:
        store.apply([record(0), record(1, version=2, kind=UPDATED), record(2, version=3, kind=DELETED)])
        assert [meta.version for meta, _ in store.history("g")] == [1, 2, 3]
        versions = [(stored := store.as_of("g", time)) and stored.meta.version for time in (999, 1_000, 2_500, 9_000)]
        assert versions == [None, 1, 2, 3]
        second = store.revision("g", 2)
        assert second is not None
        assert second.payload == record(1, version=2, kind=UPDATED).value
        assert store.revision("g", 4) is None

    def test_overlay_belongs_to_the_revisions_that_had_it(self, store: PartitionStore) -> None:
        store.apply([record(0, version=2), classification(1, "Gold", 3), record(2, version=4)])
        names = [
            [one["name"] for one in store.to_bean(each).get("classifications", ())] for each in store.revisions("g")
        ]
        assert names == [[], ["Gold"], ["Gold"]]
        assert [meta.base_revision for meta, _ in store.history("g")] == [1, 1, 3]

    def test_a_purge_leaves_the_tombstone_alone(self, store: PartitionStore) -> None:
        store.apply([record(0), classification(1, "Gold"), record(2, kind=PURGED)])
        meta = store.get_meta("g")
        assert meta is not None
        assert (meta.tombstone, meta.revision) == (True, 3)
        assert store.get("g") is None
        assert store.as_of("g", 1 << 50) is None
        assert store.revision("g", 1) is None
        assert list(store.guids()) == ["g"]

    def test_a_payload_that_cannot_be_decoded(self, store: PartitionStore) -> None:
        (effect,) = store.apply([record(0, value=BROKEN)])
        assert effect.effective
        assert isinstance(effect.error, CodecError)
        stored = store.get("g")
        assert stored is not None
        with pytest.raises(CodecError):
            store.to_bean(stored)
        assert list(store.guids_of_type("type-asset")) == []

    def test_an_event_without_an_instance(self, store: PartitionStore) -> None:
        with pytest.raises(CodecError, match="carries no instance"):
            store.payload_bean(b'{"eventType": "REFRESH_ENTITY_REQUEST", "instanceGUID": "g"}')

    def test_payload_bean_leaves_the_overlay_out(self, store: PartitionStore) -> None:
        store.apply([record(0, version=2), classification(1, "Gold")])
        stored = store.get("g")
        assert stored is not None
        assert "classifications" not in store.payload_bean(stored.payload)

    def test_a_removed_classification_leaves_no_empty_list(self, store: PartitionStore) -> None:
        store.apply([record(0, version=1), classification(1, "Own", 1, "DECLASSIFIED_ENTITY_EVENT")])
        stored = store.get("g")
        assert stored is not None
        assert "classifications" not in store.to_bean(stored)


class TestByIndex:
    def test_type_with_deleted_without_proxies_and_purged(self, store: PartitionStore) -> None:
        store.apply(
            [
                record(0, "live"),
                record(1, "gone", kind=DELETED),
                record(2, "proxy", is_proxy=True),
                record(3, "purged"),
                record(4, "purged", kind=PURGED),
                record(5, "other", type_guid="type-asset-2"),
            ]
        )
        assert list(store.guids_of_type("type-asset")) == ["gone", "live"]
        assert list(store.guids_of_type("type")) == []

    def test_relationships_of_either_end(self, store: PartitionStore) -> None:
        store.apply([record(0, "r1", is_relationship=True), record(1, "r2", version=2, is_relationship=True)])
        assert list(store.relationships_of("a")) == [("r1", "type-asset"), ("r2", "type-asset")]
        assert list(store.relationships_of("b0")) == [("r2", "type-asset")]
        store.apply([record(2, "r1", version=2, is_relationship=True)])
        assert list(store.relationships_of("b1")) == []

    def test_classifications_of_both_origins(self, store: PartitionStore) -> None:
        store.apply([record(0, "own", version=1), record(1, "laid", version=2), classification(2, "Own", guid="laid")])
        assert list(store.guids_with_classification("Own")) == ["laid", "own"]
        store.apply([classification(3, "Own", 2, "DECLASSIFIED_ENTITY_EVENT", "laid")])
        assert list(store.guids_with_classification("Own")) == ["own"]

    def test_values_of_different_types_are_different(self, store: PartitionStore) -> None:
        values = [1, 1.0, "1", True, -5, -0.5, "", "1\0", "10"]
        store.apply([record(i, f"g{i}", value=valued(value, f"g{i}")) for i, value in enumerate(values)])
        for i, value in enumerate(values):
            assert list(store.guids_by_property("p", value)) == [f"g{i}"]
        assert list(store.guids_by_property("p", "1", prefix=True)) == ["g2", "g7", "g8"]
        assert [entry.term.value for entry in store.scan_property("p")] == [
            True,
            -0.5,
            1.0,
            -5,
            1,
            "",
            "1",
            "1\0",
            "10",
        ]
        assert list(store.guids_by_property("list", 1)) == []

    def test_a_typed_value_is_found_by_its_primitive_or_ordinal(self, store: PartitionStore) -> None:
        typed = {"class": "PrimitivePropertyValue", "type": {"typeName": "string"}, "primitiveValue": "typed"}
        named = {"class": "EnumPropertyValue", "type": {"typeName": "Level"}, "symbolicName": "HIGH", "ordinal": 7}
        store.apply([record(0, "t", value=valued(typed)), record(1, "e", value=valued(named))])
        assert list(store.guids_by_property("p", "typed")) == ["t"]
        assert list(store.guids_by_property("p", 7)) == ["e"]

    def test_long_strings_are_found_by_their_beginning(self, store: PartitionStore) -> None:
        long, longer = "ä" * 200, "ä" * 300
        store.apply([record(0, "g0", value=valued(long)), record(1, "g1", value=valued(longer))])
        assert list(store.guids_by_property("p", long)) == ["g0", "g1"]
        assert list(store.guids_by_property("p", "ä" * 150, prefix=True)) == ["g0", "g1"]
        assert list(store.scan_property("p")) == [PropertyTerm(Term("ä" * 128, True), guid) for guid in ("g0", "g1")]

    def test_numbers_beyond_64_bits_are_not_indexed(self, store: PartitionStore) -> None:
        assert list(store.guids_by_property("p", 1 << 64)) == []

    def test_only_strings_have_prefixes(self, store: PartitionStore) -> None:
        with pytest.raises(TypeError):
            store.guids_by_property("p", 5, prefix=True)


class TestByOffset:
    def test_lost_marks(self, store: PartitionStore) -> None:
        store.apply([record(0, version=5), record(3, version=1), record(4, expected_revision=7)])
        assert store.lost(0) is None
        assert store.lost(3) is not None
        mark = store.lost(4)
        assert mark is not None
        assert (mark.offset, mark.reason, mark.winner) == (4, "revision", 0)
        assert list(store.lost_between(0, 4)) == [3]
        assert list(store.lost_between(4, 5)) == [4]

    def test_events_are_known_by_id(self, store: PartitionStore) -> None:
        store.apply([record(0), record(1, event_id="event-0", version=2)])
        assert (store.seen("event-0"), store.offset_of_event("event-0"), store.seen("event-1")) == (True, 0, False)
        assert store.get_meta("g") == store.apply([record(0)])[0].meta

    def test_skipping_goes_forward_only(self, store: PartitionStore) -> None:
        store.skip_to(10)
        store.skip_to(5)
        assert store.next_offset == 10
        store.apply([record(9)])
        assert store.get("g") is None

    def test_a_record_of_another_partition_is_refused(self, store: PartitionStore) -> None:
        with pytest.raises(LogError):
            store.apply([record(0), record(1, partition=1)])
        assert (store.next_offset, store.get("g")) == (0, None)


def test_a_purge_and_a_new_life_in_one_batch(store: PartitionStore) -> None:
    store.apply([record(0), record(1, version=2)])
    store.apply([record(2, version=2, kind=PURGED), record(3, version=3), record(4, version=4)])
    assert [meta.revision for meta, _ in store.history("g")] == [4, 5]
    assert list(store.guids_by_property("size", 4)) == ["g"]
    assert store.counts()["entities"] == 1


def test_a_codec_is_needed_for_beans_and_indexes(tmp_path: Path) -> None:
    with PartitionStore.open(tmp_path, IDENTITY) as store:
        with pytest.raises(ConfigurationError, match="codec"):
            store.apply([record(0)])
        assert store.next_offset == 0
        store.apply([record(0)], index=False)
        assert not store.indexed
    assert store.size_bytes() > 0


def test_a_closed_store_says_so(tmp_path: Path) -> None:
    store = PartitionStore.open(tmp_path, IDENTITY, JsonCodec())
    store.close()
    store.close()
    for read in (lambda: store.get("g"), lambda: list(store.guids()), lambda: store.lost_between(0, 9)):
        with pytest.raises(NotReadyError, match="closed"):
            read()
    with pytest.raises(NotReadyError):
        store.apply([record(0)])
    assert store.next_offset == 0

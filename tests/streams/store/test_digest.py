"""One canonical form, so that what is equal has equal digests and what differs is named (LOG.md § Digest)."""

from typing import Any

from fold_logs import BROKEN, CREATED, DELETED, PURGED, JsonCodec, classification, record, section

from omrs_streams.fold.memory import MemoryFold
from omrs_streams.log.record import LogRecord
from omrs_streams.store.canonical import canonical_bytes
from omrs_streams.store.digest import differing_guids, digest, home_digest, home_sum, revision_hashes

CODEC = JsonCodec()


def folded(*records: LogRecord) -> MemoryFold:
    memory = MemoryFold()
    memory.apply(records)
    return memory


def with_entity(offset: int, guid: str = "g", **fields: Any) -> LogRecord:
    return record(offset, guid, value=section("NEW_ENTITY_EVENT", guid, 1, entity={"guid": guid, **fields}))


class TestCanonicalForm:
    def test_order_of_fields_and_what_members_compute_do_not_count(self) -> None:
        one = {"guid": "g", "version": 1, "instanceURL": "http://a", "metadataCollectionName": "A", "license": None}
        other = {"version": 1, "guid": "g", "instanceURL": "http://b"}
        assert canonical_bytes(one) == canonical_bytes(other)

    def test_nested_headers_too(self) -> None:
        def relationship(url: str) -> dict[str, Any]:
            inner = {"name": "C", "metadataCollectionName": url, "instanceProvenanceType": "LOCAL_COHORT"}
            proxy = {"guid": "p", "instanceURL": url, "classifications": [inner]}
            return {"guid": "g", "entityOneProxy": proxy, "entityTwoProxy": proxy}

        assert canonical_bytes(relationship("a")) == canonical_bytes(relationship("b"))

    def test_a_property_of_that_name_does_count(self) -> None:
        one, other = ({"guid": "g", "mappingProperties": {"instanceURL": url}} for url in "ab")
        assert canonical_bytes(one) != canonical_bytes(other)

    def test_a_home_that_left_is_the_home_it_was(self) -> None:
        left, there = ({"instanceProvenanceType": kind} for kind in ("DEREGISTERED_REPOSITORY", "LOCAL_COHORT"))
        assert canonical_bytes(left) == canonical_bytes(there)

    def test_big_numbers_are_written_in_full(self) -> None:
        assert canonical_bytes({"b": 1 << 70, "a": "ä"}) == f'{{"a":"ä","b":{1 << 70}}}'.encode()


class TestPartitionDigest:
    def test_equal_content_in_other_bytes_is_equal(self) -> None:
        one, other = folded(with_entity(0, a=1, b=2)), folded(with_entity(0, b=2, a=1))
        assert digest(one, CODEC) == digest(other, CODEC)
        assert digest(one) != digest(other)

    def test_history_counts(self) -> None:
        one, other = folded(record(0), record(1, version=2)), folded(record(1, version=2))
        assert digest(one).count == 2
        assert digest(one).hex != digest(other).hex

    def test_tombstones_count(self) -> None:
        one, other = folded(record(0, kind=PURGED)), folded(record(0, "h", kind=PURGED))
        assert (digest(one).count, digest(one).hex == digest(other).hex) == (1, False)

    def test_what_cannot_be_decoded_is_compared_by_its_bytes(self) -> None:
        one, other = folded(record(0, value=BROKEN)), folded(record(0, value=BROKEN + b"!"))
        assert digest(one, CODEC).hex != digest(other, CODEC).hex

    def test_the_guids_that_differ_are_named(self) -> None:
        same = [record(0, "a"), record(1, "c", version=2)]
        one = folded(*same, record(2, "b"), record(3, "d"), record(4, "e", version=2), record(5, "z"))
        other = folded(*same, record(2, "b", version=2), record(4, "e", version=2), record(5, "y"), record(6, "y"))
        assert list(differing_guids(one, other)) == ["b", "d", "y", "z"]
        assert list(differing_guids(one, one, CODEC)) == []

    def test_hashes_come_by_guid_and_revision(self) -> None:
        memory = folded(record(0, "b"), record(1, "a"), record(2, "b", version=2))
        assert [(one.guid, one.revision) for one in revision_hashes(memory)] == [("a", 1), ("b", 1), ("b", 2)]


class TestHomeDigest:
    def test_members_that_came_there_by_other_ways_agree(self) -> None:
        home = folded(record(0), record(1, version=2), classification(2, "Gold"), record(3, "del", kind=DELETED))
        copy = folded(
            classification(0, "Gold"),
            record(1, version=2),
            record(2, "del", kind=DELETED),
            record(3, "own", home_id="other"),
            record(4, "proxy", is_proxy=True),
            record(5, "gone", kind=PURGED),
        )
        assert home_digest([home], CODEC, "home-1") == home_digest([copy], CODEC, "home-1")
        assert home_digest([home], CODEC, "home-1").count == 2
        assert home_digest([copy], CODEC, "other").count == 1

    def test_partitions_are_added_up(self) -> None:
        whole = folded(record(0, "a"), record(1, "b"), record(2, "c", create_time=CREATED + 1))
        parts = [folded(record(0, "b")), folded(record(0, "c", create_time=CREATED + 1), record(1, "a"))]
        assert home_digest([whole], CODEC, "home-1") == home_digest(parts, CODEC, "home-1")
        assert home_sum([whole], CODEC, "home-1") == home_sum(reversed(parts), CODEC, "home-1")

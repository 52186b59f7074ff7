"""The store with real events: encoded by the Avro codec, header fields as commands and copies make them."""

from collections.abc import Iterator
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from test_store_equals_fold import indexes

from omrs_schemas.codec import EventCodec
from omrs_schemas.model.values import to_properties
from omrs_schemas.typedefs.system import TypeSystem
from omrs_streams.fold.memory import MemoryFold
from omrs_streams.log.record import LogRecord
from omrs_streams.repository.events import instance_event, log_record
from omrs_streams.store.digest import digest
from omrs_streams.store.identity import LogIdentity
from omrs_streams.store.partition import PartitionStore

IDENTITY = LogIdentity("omrs.server.s.log", "topic-1", 0)
HOME = {"metadataCollectionId": "home-1", "metadataCollectionName": "Home", "instanceProvenanceType": "LOCAL_COHORT"}
OTHER = HOME | {"metadataCollectionId": "other-1", "metadataCollectionName": "Other"}
NOW = 1_700_000_000_000


@cache
def types() -> TypeSystem:
    return TypeSystem.builtin()


@cache
def codec() -> EventCodec:
    return EventCodec(types())


def header(type_name: str, version: int = 1, home: dict[str, Any] = HOME) -> dict[str, Any]:
    return {
        "headerVersion": 1,
        "type": types().instance_type(types().require(name=type_name)),
        **home,
        "status": "ACTIVE",
        "createdBy": "erin",
        "createTime": NOW,
        "version": version,
        **({"updatedBy": "erin", "updateTime": NOW + version} if version > 1 else {}),
    }


def database(guid: str, version: int = 1, **values: Any) -> dict[str, Any]:
    properties = to_properties(types(), "Database", {"qualifiedName": f"db:{guid}", **values})
    return {"class": "EntityDetail", **header("Database", version), "guid": guid, "properties": properties}


def proxy(guid: str) -> dict[str, Any]:
    return {"class": "EntityProxy", **header("Database"), "guid": guid}


def relationship(guid: str, one: str, two: str) -> dict[str, Any]:
    ends = {"entityOneProxy": proxy(one), "entityTwoProxy": proxy(two)}
    return {"class": "Relationship", **header("LineageRelationship"), "guid": guid, **ends}


def confidential(version: int = 1) -> dict[str, Any]:
    level = to_properties(types(), "Confidentiality", {"confidentialityLevel": version})
    head = header("Confidentiality", version, OTHER)
    return {"class": "Classification", **head, "name": "Confidentiality", "properties": level}


def log(*events: tuple[str, dict[str, Any], dict[str, Any]]) -> list[LogRecord]:
    """(kind, instance, further fields of the section), each a record as the inbound side appends it."""
    records = []
    for offset, (kind, instance, more) in enumerate(events):
        event = instance_event(kind, instance, {"metadataCollectionId": "home-1"}, NOW, **more)
        record = log_record(event, codec().encode, 1, event_id=f"id-{offset}", origin="copy")
        records.append(replace(record, offset=offset))
    return records


@pytest.fixture
def records() -> list[LogRecord]:
    return log(
        ("NEW", database("a", displayName="Sales", storeCreateTime=NOW, additionalProperties={"k": "v"}), {}),
        ("NEW", database("b", displayName="Sales EU", contentStatus=1), {}),
        ("NEW", relationship("r", "a", "b"), {}),
        ("UPDATED", database("b", 2, displayName="Sales US"), {"originalEntity": database("b")}),
        ("CLASSIFIED", proxy("a"), {"classification": confidential()}),
        ("RECLASSIFIED", proxy("a"), {"classification": confidential(3), "originalClassification": confidential()}),
        ("PURGED", database("b", 2), {}),
        ("NEW", database("c", displayName="Marketing"), {}),
    )


@pytest.fixture
def store(tmp_path: Path) -> Iterator[PartitionStore]:
    with PartitionStore.open(tmp_path / "store", IDENTITY, codec()) as opened:
        yield opened


def test_beans_come_back_as_they_were_sent(store: PartitionStore, records: list[LogRecord]) -> None:
    store.apply(records[:4])
    for guid, bean in (
        ("a", database("a", displayName="Sales", storeCreateTime=NOW, additionalProperties={"k": "v"})),
        ("b", database("b", 2, displayName="Sales US")),
        ("r", relationship("r", "a", "b")),
    ):
        stored = store.get(guid)
        assert stored is not None
        assert store.to_bean(stored) == bean


def test_classifications_of_other_homes_are_laid_over(store: PartitionStore, records: list[LogRecord]) -> None:
    store.apply(records)
    beans = [store.to_bean(stored) for stored in store.revisions("a")]
    levels = [[each["properties"]["instanceProperties"] for each in bean.get("classifications", ())] for bean in beans]
    assert levels == [
        [],
        [confidential(1)["properties"]["instanceProperties"]],
        [confidential(3)["properties"]["instanceProperties"]],
    ]
    assert [bean["version"] for bean in beans] == [1, 1, 1]
    meta = store.get_meta("a")
    assert meta is not None
    assert meta.home_id == "home-1"


def test_plain_values_are_found(store: PartitionStore, records: list[LogRecord]) -> None:
    store.apply(records[:3])
    type_guid = types().require(name="Database")["guid"]
    assert list(store.guids_of_type(type_guid)) == ["a", "b"]
    assert list(store.guids_by_property("qualifiedName", "db:a")) == ["a"]
    assert list(store.guids_by_property("displayName", "Sales", prefix=True)) == ["a", "b"]
    assert list(store.guids_by_property("storeCreateTime", NOW)) == ["a"]
    assert list(store.guids_by_property("contentStatus", 1)) == ["b"]
    assert [guid for guid, _ in store.relationships_of("b")] == ["r"]
    store.apply(records[3:])
    assert list(store.guids_by_property("displayName", "Sales", prefix=True)) == ["a"]
    assert list(store.guids_with_classification("Confidentiality")) == ["a"]


def test_live_bulk_and_memory_agree(tmp_path: Path, store: PartitionStore, records: list[LogRecord]) -> None:
    decoded = {record.offset: codec().decode_record(record.value or b"") for record in records}
    for record in records:
        (effect,) = store.apply([record], decoded)
        assert effect.effective
        assert effect.error is None
    memory = MemoryFold()
    memory.apply(records)
    with PartitionStore.open(tmp_path / "bulk", IDENTITY, codec(), bulk=True) as loaded:
        loaded.apply(records, index=False)
        assert loaded.build_indexes().indexed == 3
        assert indexes(loaded) == indexes(store)
        assert digest(loaded, codec()) == digest(memory, codec()) == digest(store, codec())


def test_a_truncated_payload_is_kept_and_named(store: PartitionStore, records: list[LogRecord]) -> None:
    broken = replace(records[0], value=(records[0].value or b"")[:-5])
    (effect,) = store.apply([broken])
    assert effect.effective
    assert effect.error is not None
    assert list(store.guids()) == ["a"]
    assert indexes(store) == {}

"""Payloads that can be decoded and are of another shape: kept as they are, not indexed, and told of."""

from pathlib import Path
from typing import Any

import orjson
import pytest
from fold_logs import TYPE, UPDATED, JsonCodec, record

from omrs_schemas.errors import CodecError
from omrs_streams.store.identity import LogIdentity
from omrs_streams.store.partition import PartitionStore

IDENTITY = LogIdentity("omrs.server.s.log", "topic-1", 0)

ODD: list[Any] = [
    [],
    {"entity": "text"},
    {"entity": {"properties": [1]}},
    {"entity": {"properties": {"values": "text"}}},
    {"entity": {"properties": {"values": {"p": "\ud800"}}, "classifications": "text"}},
    {"entity": {"classifications": ["text"]}},
    {"entity": {"classifications": [{"name": 5}]}},
    {"entity": {"classifications": 7}},
]


class OddCodec(JsonCodec):
    """Payloads are places in ODD, where they are numbers."""

    def decode_record(self, data: bytes) -> Any:
        return ODD[int(data)] if data.isdigit() else super().decode_record(data)


@pytest.mark.parametrize("place", range(len(ODD)), ids=lambda place: ascii(ODD[place]))
def test_the_fold_goes_on(tmp_path: Path, place: int) -> None:
    payload = orjson.dumps(place)
    with PartitionStore.open(tmp_path, IDENTITY, OddCodec()) as store:
        odd, good = store.apply([record(0, "odd", value=payload), record(1, "good")])
        assert odd.effective and isinstance(odd.error, CodecError) and good.error is None
        assert set(store.guids_of_type(TYPE)) == {"good"}
        (healed,) = store.apply([record(2, "odd", version=2, kind=UPDATED)])
        assert healed.error is None and set(store.guids_of_type(TYPE)) == {"good", "odd"}
        (again,) = store.apply([record(3, "odd", version=3, kind=UPDATED, value=payload)])
        assert again.effective and again.error is not None and set(store.guids_of_type(TYPE)) == {"good"}
        report = store.build_indexes()
        assert [guid for guid, _, _ in report.errors] == ["odd"] and set(store.guids_of_type(TYPE)) == {"good"}
        found = store.get("odd")
        assert found is not None and found.payload == payload

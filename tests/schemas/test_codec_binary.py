"""The compiled reader and writer against fastavro: the same bytes and records, older schemas resolved the same."""

import copy
import io
from typing import Any

import fastavro
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from strategies import instance_events, longs, registry_events, typedef_events

from omrs_schemas.avro.files import FILES, current
from omrs_schemas.codec import EventCodec
from omrs_schemas.codec.avro import HEADER_SIZE
from omrs_schemas.codec.binary import BinaryFault
from omrs_schemas.codec.binary_reader import compile_reader, read_long
from omrs_schemas.codec.binary_writer import compile_writer, write_long
from omrs_schemas.model.base import JsonBean
from omrs_schemas.typedefs.system import TypeSystem

TYPES = TypeSystem.builtin()
CODEC = EventCodec(TYPES)
PARSED = {name: fastavro.parse_schema(current(name)) for name in FILES}
QUICK = settings(deadline=None, max_examples=40, suppress_health_check=[HealthCheck.too_slow])


def by_fastavro(name: str, record: dict[str, Any]) -> bytes:
    out = io.BytesIO()
    fastavro.schemaless_writer(out, PARSED[name], record)
    return out.getvalue()


@QUICK
@given(instance_events(TYPES) | registry_events() | typedef_events())
def test_the_bytes_and_records_are_those_of_fastavro(event: JsonBean) -> None:
    name, record = CODEC.event_to_record(event)
    data = CODEC.encode(event)
    assert data[HEADER_SIZE:] == by_fastavro(name, record)
    theirs = fastavro.schemaless_reader(io.BytesIO(data[HEADER_SIZE:]), PARSED[name], None)
    assert CODEC.decode_record(data) == theirs


@given(longs)
def test_numbers(number: int) -> None:
    out = bytearray()
    write_long(out, number)
    expected = io.BytesIO()
    fastavro.schemaless_writer(expected, {"type": "long"}, number)
    assert bytes(out) == expected.getvalue()
    assert read_long(bytes(out), 0) == (number, len(out))


def record_schema(*fields: dict[str, Any], name: str = "R") -> dict[str, Any]:
    return {"type": "record", "name": name, "namespace": "n", "fields": list(fields)}


INNER = record_schema({"name": "x", "type": ["null", "string"], "default": None}, name="Inner")
LEVEL = {"type": "enum", "name": "Level", "symbols": ["LOW", "HIGH", "UNKNOWN"], "default": "UNKNOWN"}
OLD = record_schema(
    {"name": "gone", "type": ["null", INNER], "default": None},
    {"name": "kept", "type": "long"},
    {"name": "level", "type": LEVEL},
    {"name": "again", "type": {"type": "array", "items": "n.Inner"}, "default": []},
    {"name": "plain", "type": {"type": "map", "values": ["null", "long", "double", "string"]}, "default": {}},
)
NEW = record_schema(
    {"name": "kept", "type": "long"},
    {"name": "level", "type": {**LEVEL, "symbols": ["UNKNOWN", "LOW"]}},
    {
        "name": "again",
        "type": {
            "type": "array",
            "items": record_schema(
                {"name": "added", "type": "long", "default": 7},
                {"name": "x", "type": ["null", "string"], "default": None},
                name="Inner",
            ),
        },
        "default": [],
    },
    {"name": "plain", "type": {"type": "map", "values": ["null", "long", "double", "string"]}, "default": {}},
    {"name": "list", "type": {"type": "array", "items": "string"}, "default": []},
)
DATA = {
    "gone": {"x": "y"},
    "kept": 5,
    "level": "HIGH",
    "again": [{"x": None}, {"x": "z"}],
    "plain": {"a": 1, "b": 1.0, "c": None, "d": "1"},
}


@pytest.mark.parametrize(("writer", "reader"), [(OLD, NEW), (OLD, OLD)])
def test_another_version_is_resolved_as_fastavro_does(writer: dict[str, Any], reader: dict[str, Any]) -> None:
    out = bytearray()
    compile_writer(writer)(out, DATA)
    ours, end = compile_reader(writer, reader)(bytes(out), 0)
    theirs = fastavro.schemaless_reader(io.BytesIO(bytes(out)), copy.deepcopy(writer), copy.deepcopy(reader))
    assert end == len(out)
    assert ours == theirs
    assert type(ours["plain"]["a"]) is int
    assert type(ours["plain"]["b"]) is float


def test_blocks_with_sizes_are_read() -> None:
    """Other writers put the block's size in bytes behind a negative count."""
    read = compile_reader({"type": "array", "items": "long"})
    assert read(b"\x03\x04\x02\x04\x02\x06\x00", 0) == ([1, 2, 3], 7)


@pytest.mark.parametrize(
    ("data", "schema", "reason"),
    [
        (b"\xff" * 11, "long", "more than 64 bits"),
        (b"\x80", "long", "the bytes end at 1"),
        (b"\x02", "boolean", "byte 2 at 0 is no boolean"),
        (b"\x00\x00", "double", "the bytes end"),
        (b"\x01", "string", "a length of -1"),
        (b"\x04\xff\xff", "string", "text that is not UTF-8"),
        (b"\x06", ["null", "string"], "byte 6 at 0 chooses no branch"),
        (b"\x08", ["null", "string", "long"], "branch 4 of a union of 3"),
        (b"\x06", LEVEL, "symbol 3 of enum Level, which has 3"),
        (b"\x80\x80\x80\x80\x10", {"type": "array", "items": "null"}, "a block of 2147483648 items"),
    ],
)
def test_bytes_that_do_not_fit_the_schema(data: bytes, schema: Any, reason: str) -> None:
    with pytest.raises(BinaryFault, match=reason):
        compile_reader(schema)(data, 0)


@pytest.mark.parametrize(
    ("writer", "reader"),
    [
        (record_schema({"name": "a", "type": "long"}), record_schema({"name": "a", "type": "string"})),
        ("long", ["null", "string"]),
        (LEVEL, {**LEVEL, "name": "Other"}),
    ],
)
def test_schemas_that_differ_in_type_are_refused_before_reading(writer: Any, reader: Any) -> None:
    with pytest.raises(BinaryFault, match="the schemas differ"):
        compile_reader(writer, reader)


@given(st.recursive(st.none() | longs | st.text(max_size=3), lambda inner: st.lists(inner, max_size=3), max_leaves=4))
def test_a_datum_of_another_type_is_a_fault(value: Any) -> None:
    with pytest.raises(BinaryFault, match="where a R is expected"):
        compile_writer(OLD)(bytearray(), value)

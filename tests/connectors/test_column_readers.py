"""Columns of real files, made here."""

import csv
import json
from pathlib import Path
from typing import Any

import fastavro
import pyarrow
import pyarrow.parquet
import pytest
from hypothesis import given
from hypothesis import strategies as st

from omrs_connectors.builtin.files.formats import extension_of, format_of, type_for
from omrs_connectors.builtin.files.schema import (
    FileSchema,
    avro_schema,
    csv_schema,
    json_lines_schema,
    json_schema,
    parquet_schema,
)
from omrs_schemas.errors import CodecError
from omrs_schemas.typedefs.system import TypeSystem


def shown(schema: FileSchema) -> list[tuple[str, str]]:
    assert [column.position for column in schema.columns] == list(range(len(schema.columns)))
    return [(column.name, column.data_type) for column in schema.columns]


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_csv(tmp_path: Path, delimiter: str) -> None:
    file = tmp_path / ("x.tsv" if delimiter == "\t" else "x.csv")
    with file.open("w", newline="") as out:
        writer = csv.writer(out, delimiter=delimiter)
        writer.writerow(["id", "email", "amount", "born", "active", "big"])
        for number in range(20):
            writer.writerow([number, f"a{number}@x.org", number / 3, "2001-02-03", "true", 10**12])
    schema = csv_schema(str(file))
    assert shown(schema) == [
        ("id", "int"),
        ("email", "string"),
        ("amount", "double"),
        ("born", "date"),
        ("active", "boolean"),
        ("big", "long"),
    ]
    assert schema.properties["delimiterCharacter"] == delimiter


def test_csv_without_header_and_with_odd_ones(tmp_path: Path) -> None:
    file = tmp_path / "x.csv"
    file.write_text("1,2.5\n3,4.5\n")
    assert shown(csv_schema(str(file))) == [("column1", "int"), ("column2", "double")]
    file.write_text("a,a,b\n1,2,3\n")
    assert shown(csv_schema(str(file))) == [("a", "int"), ("a #1", "int"), ("b", "int")]
    file.write_text("only one column of words\nmore words here\n")
    assert shown(csv_schema(str(file))) == [("only one column of words", "string")]
    file.write_bytes("name;größe\nx;1\n".encode("latin-1"))
    assert shown(csv_schema(str(file))) == [("name", "string"), ("größe", "int")]
    file.write_bytes(b"\xef\xbb\xbfid,name\r\n1,x\r\n")
    assert shown(csv_schema(str(file))) == [("id", "int"), ("name", "string")]


@pytest.mark.parametrize(("content", "reason"), [(b"", "emptyFile"), (b"\n\n", "emptyFile"), (b"a\0b,c", "binary")])
def test_csv_that_is_none(tmp_path: Path, content: bytes, reason: str) -> None:
    file = tmp_path / "x.csv"
    file.write_bytes(content)
    with pytest.raises(CodecError) as raised:
        csv_schema(str(file))
    assert raised.value.params["reason"] == reason


def test_a_large_csv_is_only_read_at_its_beginning(tmp_path: Path) -> None:
    file = tmp_path / "x.csv"
    file.write_text("id,text\n" + "".join(f"{number},{'y' * 90}\n" for number in range(5_000)) + 'broken,"')
    assert shown(csv_schema(str(file))) == [("id", "int"), ("text", "string")]


HEADER_NAMES = st.from_regex(r"[a-z][a-z_]{0,8}", fullmatch=True)


@given(
    st.lists(HEADER_NAMES, min_size=2, max_size=6, unique=True), st.lists(st.integers(0, 999), min_size=1, max_size=5)
)
def test_csv_of_numbers_has_its_header_and_ints(
    tmp_path_factory: pytest.TempPathFactory, header: list[str], numbers: list[int]
) -> None:
    file = tmp_path_factory.mktemp("csv") / "x.csv"
    with file.open("w", newline="") as out:
        csv.writer(out).writerows([header, *([number] * len(header) for number in numbers)])
    assert shown(csv_schema(str(file))) == [(name, "int") for name in header]


AVRO: dict[str, Any] = {
    "type": "record",
    "name": "Person",
    "namespace": "org.x",
    "fields": [
        {"name": "id", "type": "long"},
        {"name": "email", "type": ["null", "string"]},
        {"name": "born", "type": {"type": "int", "logicalType": "date"}},
        {
            "name": "home",
            "type": {"type": "record", "name": "Home", "fields": [{"name": "street", "type": "string"}]},
        },
        {"name": "work", "type": ["null", "Home"]},
        {"name": "tags", "type": {"type": "array", "items": "string"}},
        {"name": "labels", "type": {"type": "map", "values": "int"}},
        {"name": "boss", "type": ["null", "Person"]},
        {"name": "mixed", "type": ["int", "string"]},
    ],
}


def test_avro(tmp_path: Path) -> None:
    file = tmp_path / "x.avro"
    with file.open("wb") as out:
        fastavro.writer(out, fastavro.parse_schema(AVRO), [])
    schema = avro_schema(str(file))
    assert shown(schema) == [
        ("id", "long"),
        ("email", "string"),
        ("born", "date"),
        ("home.street", "string"),
        ("work.street", "string"),
        ("tags[]", "string"),
        ("labels", "map<string, int>"),
        ("boss", "org.x.Person"),
        ("mixed", "int | string"),
    ]
    assert [column.nullable for column in schema.columns][:2] == [False, True]
    file.write_bytes(b"not avro at all")
    with pytest.raises(CodecError, match="no Avro file"):
        avro_schema(str(file))


def test_parquet(tmp_path: Path) -> None:
    file = tmp_path / "x.parquet"
    table = pyarrow.table(
        {
            "id": pyarrow.array([1, 2], pyarrow.int64()),
            "email": ["a", None],
            "home": [{"street": "s", "zip": 1}, {"street": "t", "zip": 2}],
            "tags": [["x"], []],
        }
    )
    pyarrow.parquet.write_table(table, file)
    schema = parquet_schema(str(file))
    assert shown(schema) == [
        ("id", "int64"),
        ("email", "string"),
        ("home.street", "string"),
        ("home.zip", "int64"),
        ("tags[]", "string"),
    ]
    assert schema.properties["rows"] == "2"
    file.write_bytes(b"PAR1 broken PAR1")
    with pytest.raises(CodecError, match="no Parquet file"):
        parquet_schema(str(file))


def test_json(tmp_path: Path) -> None:
    file = tmp_path / "x.json"
    file.write_text(json.dumps({"id": 1, "who": {"email": "a", "phones": [{"no": "1"}, {"no": None}]}, "empty": {}}))
    schema = json_schema(str(file))
    assert shown(schema) == [
        ("id", "long"),
        ("who.email", "string"),
        ("who.phones[].no", "string"),
        ("empty", "object"),
    ]
    assert schema.nested
    file.write_text(json.dumps([{"a": 1}, {"a": 2.5, "b": True}, {"b": "x"}]))
    assert shown(json_schema(str(file))) == [("a", "double"), ("b", "boolean | string")]


@pytest.mark.parametrize(
    ("text", "reason"),
    [("{", "json"), ("[1, 2]", "notRecords"), ("3", "notRecords"), ("{}", "emptyFile"), ("[]", "emptyFile")],
)
def test_json_without_columns(tmp_path: Path, text: str, reason: str) -> None:
    file = tmp_path / "x.json"
    file.write_text(text)
    with pytest.raises(CodecError) as raised:
        json_schema(str(file))
    assert raised.value.params["reason"] == reason


def test_json_lines(tmp_path: Path) -> None:
    file = tmp_path / "x.jsonl"
    file.write_text('{"a": 1}\n\n{"a": 2, "b": null}\n')
    schema = json_lines_schema(str(file))
    assert shown(schema) == [("a", "long"), ("b", "string")]
    assert schema.columns[1].nullable is True


JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
    max_leaves=20,
)


@given(st.dictionaries(st.text(min_size=1, max_size=5), JSON_VALUES, min_size=1, max_size=5))
def test_any_json_record_has_unique_columns(tmp_path_factory: pytest.TempPathFactory, record: dict[str, Any]) -> None:
    file = tmp_path_factory.mktemp("json") / "x.json"
    file.write_text(json.dumps(record))
    schema = json_schema(str(file))
    names = [column.name for column in schema.columns]
    assert len(set(names)) == len(names) > 0


def test_formats_have_types_of_the_release() -> None:
    types = TypeSystem.builtin()
    expected = {
        "a.CSV": "CSVFile",
        "a.tsv": "CSVFile",
        "a.avro": "AvroFile",
        "a.parquet": "ParquetFile",
        "a.ndjson": "JSONFile",
        "a.yml": "YAMLFile",
        "a.tar.gz": "ArchiveFile",
        "a.xyz": "DataFile",
        "Makefile": "DataFile",
    }
    assert {name: type_for(types, format_of(name)) for name in expected} == expected
    assert type_for(TypeSystem(), format_of("a.csv")) == "DataFile"
    assert extension_of(".profile") == ""

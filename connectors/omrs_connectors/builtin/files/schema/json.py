"""Columns of JSON and JSON Lines files: the paths of their values, from the first records."""

from collections.abc import Iterable
from itertools import islice
from pathlib import Path
from typing import Any

import orjson

from omrs_connectors.builtin.files.schema.columns import MAX_DEPTH, FileSchema, number, unreadable

MAX_BYTES = 16_000_000  # a JSON document must be parsed whole; a larger one is data whose columns JSON Lines would show
RECORDS = 200  # records whose paths are joined
MAX_PATHS = 5_000  # a document with more is a map keyed by data, not a record


def json_schema(path: str) -> FileSchema:
    """Paths of a document, or of the records of a list. CodecError when too large or no JSON."""
    file = Path(path)
    if file.stat().st_size > MAX_BYTES:
        raise unreadable(f"{path} is larger than {MAX_BYTES} bytes", reason="jsonTooLarge")
    try:
        document = orjson.loads(file.read_bytes())
    except ValueError as error:
        raise unreadable(f"{path} is no JSON: {error}", reason="json") from error
    records = document[:RECORDS] if isinstance(document, list) else [document]
    return _schema(path, records)


def json_lines_schema(path: str) -> FileSchema:
    """Paths of the first records of a JSON Lines file."""
    records = []
    with Path(path).open("rb") as file:
        for line in islice(file, RECORDS):
            if line.strip():
                try:
                    records.append(orjson.loads(line))
                except ValueError as error:
                    raise unreadable(f"{path} is no JSON Lines file: {error}", reason="json") from error
    return _schema(path, records)


def _schema(path: str, records: Iterable[Any]) -> FileSchema:
    found: dict[str, set[str]] = {}
    for record in records:
        if not isinstance(record, dict):
            raise unreadable(f"{path} holds no records", reason="notRecords")
        if record:
            _collect("", record, found, 0)
        if len(found) > MAX_PATHS:
            raise unreadable(f"{path} has more than {MAX_PATHS} different paths", reason="tooManyPaths")
    if not found:
        raise unreadable(f"{path} holds no values", reason="emptyFile")
    leaves: list[tuple[str, str, bool | None]] = [
        (name, _joined(kinds), True if "null" in kinds else None) for name, kinds in found.items()
    ]
    return FileSchema(number(leaves), nested=True)


def _collect(path: str, value: Any, found: dict[str, set[str]], depth: int) -> None:
    if isinstance(value, dict) and value and depth < MAX_DEPTH:
        for name, inner in value.items():
            _collect(f"{path}.{name}" if path else name, inner, found, depth + 1)
    elif isinstance(value, list) and value and depth < MAX_DEPTH:
        for inner in value[:RECORDS]:
            _collect(f"{path}[]", inner, found, depth + 1)
    elif len(found) <= MAX_PATHS:
        found.setdefault(path, set()).add(_kind(value))


def _kind(value: Any) -> str:
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "boolean"
    if isinstance(value, int):
        return "long"
    if isinstance(value, float):
        return "double"
    return "string" if isinstance(value, str) else "object" if isinstance(value, dict) else "array"


def _joined(kinds: set[str]) -> str:
    """One type for all records: numbers widen, null is no type of its own, mixtures are named."""
    real = kinds - {"null"}
    if real == {"long", "double"}:
        return "double"
    return " | ".join(sorted(real)) or "string"

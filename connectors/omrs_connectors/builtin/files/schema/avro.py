"""Columns of Avro object container files, from the schema in the header: no record is read."""

from collections.abc import Iterable
from typing import Any

import fastavro

from omrs_connectors.builtin.files.schema.columns import MAX_DEPTH, Column, FileSchema, number, unreadable

Leaf = tuple[str, str, bool | None]

MAX_LEAVES = 5_000  # a schema of named records that use each other can unfold without end


def avro_schema(path: str) -> FileSchema:
    """The leaves of the writer's schema. CodecError for what is no Avro file."""
    try:
        with open(path, "rb") as file:  # noqa: PTH123 - fastavro wants the raw file object
            reader = fastavro.reader(file)
            schema, codec = reader.writer_schema, reader.codec
    except (ValueError, KeyError, EOFError, IndexError, StopIteration, fastavro.schema.SchemaParseException) as error:
        raise unreadable(f"{path} is no Avro file: {error}", reason="avro") from error
    return FileSchema(avro_columns(schema), properties={"codec": str(codec)})


def avro_columns(schema: Any, others: Iterable[Any] = ()) -> tuple[Column, ...]:
    """The leaves of a schema; `others` are schemas whose names it may use. ValueError or KeyError for what is none."""
    named: dict[str, Any] = {}
    for other in others:
        _leaves("", other, False, [], named, ())
    leaves: list[Leaf] = []
    _leaves("", schema, False, leaves, named, ())
    return number(leaves)


def _leaves(
    path: str, schema: Any, nullable: bool, leaves: list[Leaf], named: dict[str, Any], inside: tuple[str, ...]
) -> None:
    """`inside`: the records around this place; one that comes again is a leaf, so that recursive schemas end."""
    if len(leaves) >= MAX_LEAVES:
        return
    if isinstance(schema, list):
        branches = [branch for branch in schema if branch != "null"]
        nullable = nullable or len(branches) < len(schema)
        if len(branches) != 1:
            leaves.append((path or "value", " | ".join(_name(branch) for branch in branches) or "null", nullable))
            return
        schema = branches[0]
    if isinstance(schema, str):
        schema = named.get(schema, schema)
    if not isinstance(schema, dict) or len(inside) >= MAX_DEPTH or schema.get("name") in inside:
        leaves.append((path or "value", _name(schema), nullable))
        return
    kind = schema["type"]
    if "name" in schema:
        named[schema["name"]] = schema
        named[f"{schema.get('namespace', '')}.{schema['name']}"] = schema
        inside = (*inside, schema["name"])
    if kind in ("record", "error"):
        for field in schema["fields"]:
            name = f"{path}.{field['name']}" if path else field["name"]
            _leaves(name, field["type"], nullable, leaves, named, inside)
    elif kind == "array":
        _leaves(f"{path}[]", schema["items"], nullable, leaves, named, inside)
    elif isinstance(kind, (dict, list)):
        _leaves(path, kind, nullable, leaves, named, inside)
    else:
        leaves.append((path or "value", _name(schema), nullable))


def _name(schema: Any) -> str:
    """How a leaf's type is written down: its logical type before its encoding."""
    if isinstance(schema, str):
        return schema
    if isinstance(schema, list):
        return " | ".join(_name(branch) for branch in schema)
    if schema.get("logicalType"):
        return str(schema["logicalType"])
    kind = schema["type"]
    if kind == "map":
        return f"map<string, {_name(schema['values'])}>"
    if kind == "array":
        return f"array<{_name(schema['items'])}>"
    return str(kind) if kind != "record" else str(schema["name"])

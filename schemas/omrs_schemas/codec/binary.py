"""Avro binary for the schemas of this package: what the compiled reader and writer share.

Why not fastavro on this path: its reader recurses on the C stack without a limit, so a crafted record of 15 kB (values
nested 5,000 deep) ends the process; it cannot say where in a record the fault lies; and for an event of 12 properties
`binary_reader` takes two thirds of its time and `binary_writer` a fifth. The bytes are the same, which
`tests/schemas/test_codec_binary.py` holds against fastavro; schema parsing and fingerprints are fastavro's.

A *record* is what fastavro reads and writes too: a dict by field name, None for null, str for enum and string.
"""

from __future__ import annotations

import struct
from typing import Any

DOUBLE = struct.Struct("<d")

PRIMITIVES = frozenset({"null", "boolean", "long", "double", "string", "bytes"})
"""The primitive types that the schemas use."""


class BinaryFault(Exception):
    """Bytes or a datum that do not fit the schema; `path` leads to the field, outermost first."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason
        self.path: list[str] = []

    def under(self, name: str) -> BinaryFault:
        """This fault seen from the field that holds its place."""
        self.path.insert(0, name)
        return self

    def __str__(self) -> str:
        return f"{'.'.join(self.path) or 'record'}: {self.reason}"


def full_name(schema: dict[str, Any]) -> str:
    """The full name of a named type; every type of this package is in the package's one namespace."""
    name: str = schema["name"]
    return name.rpartition(".")[2]


def names_in(schema: Any) -> dict[str, Any]:
    found: dict[str, Any] = {}

    def visit(node: Any) -> None:
        if isinstance(node, list):
            for item in node:
                visit(item)
        elif isinstance(node, dict):
            if node["type"] in ("record", "enum"):
                found[full_name(node)] = node
            for field in node.get("fields", ()):
                visit(field["type"])
            for part in ("items", "values"):
                if part in node:
                    visit(node[part])
            if isinstance(node["type"], dict | list):
                visit(node["type"])

    visit(schema)
    return found


def resolved(schema: Any, names: dict[str, Any]) -> Any:
    if isinstance(schema, str):
        return names.get(schema.rpartition(".")[2], schema)
    if isinstance(schema, dict) and schema["type"] in PRIMITIVES:
        return schema["type"]  # a primitive with attributes, such as JSON text
    if isinstance(schema, dict) and isinstance(schema["type"], dict | list):
        return resolved(schema["type"], names)
    return schema


def same_kind(one: Any, other: Any) -> bool:
    if isinstance(one, str) or isinstance(other, str | list):
        return bool(one == other)
    if one["type"] != other["type"]:
        return False
    return one["type"] not in ("record", "enum") or full_name(one) == full_name(other)


def label(schema: Any) -> str:
    if isinstance(schema, list):
        return " | ".join(label(branch) for branch in schema)
    if isinstance(schema, dict):
        return str(schema.get("name", schema["type"]))
    return str(schema).rpartition(".")[2]


def short(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 80 else f"{text[:77]}..."

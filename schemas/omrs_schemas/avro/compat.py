"""FULL_TRANSITIVE compatibility: the current schemas read what every released version wrote, and every released version
reads what the current ones write.

Avro's resolution rules, without its type promotions (none of them holds in both directions) and with one rule more: an
enum keeps its symbols, because a symbol that goes away would turn what was written into UNKNOWN without a word. Each
fault names the path of the field and both types.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from omrs_schemas.avro.files import FILES, current, released
from omrs_schemas.codec.binary import full_name, label, names_in, resolved
from omrs_schemas.errors import SchemaCompatibilityError

Schema = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Incompatibility:
    """One place where `reader` cannot read what `writer` wrote; the types are those at `path`."""

    path: str
    writer: str
    reader: str
    reason: str

    def __str__(self) -> str:
        return f"{self.path}: {self.reason} (written as {self.writer}, read as {self.reader})"


def incompatibilities(writer: Any, reader: Any, *, keep_symbols: bool = False) -> list[Incompatibility]:
    """Every place where data of the `writer` schema cannot be read with the `reader` schema.

    `keep_symbols`: an enum symbol that the reader lacks is a fault even if it has a default.
    """
    comparison = _Comparison(names_in(writer), names_in(reader), keep_symbols)
    return list(comparison.compare(label(reader), writer, reader))


def check_full(name: str, old: Schema, new: Schema, version: str) -> None:
    """Both directions between a released schema and a new one of the same record.

    Raises SchemaCompatibilityError that lists every fault.
    """
    faults = [
        f"current cannot read version {version}: {fault}" for fault in incompatibilities(old, new, keep_symbols=True)
    ]
    faults += [f"version {version} cannot read current: {fault}" for fault in incompatibilities(new, old)]
    if faults:
        raise SchemaCompatibilityError(
            f"{name} breaks released version {version}: " + "; ".join(faults),
            help="Add fields with a default, never remove or retype one that has none; add enum symbols only.",
            record=name,
            version=version,
            faults=faults,
        )


def check_released() -> int:
    """The current schemas against every released version; how many comparisons were made.

    Raises SchemaCompatibilityError for the first version that breaks.
    """
    count = 0
    for name in FILES:
        for version, schema in released(name):
            check_full(name, schema, current(name), version)
            count += 1
    return count


class _Comparison:
    """One direction; remembers the pairs of named types it has seen, because types contain themselves."""

    def __init__(self, writer_names: dict[str, Any], reader_names: dict[str, Any], keep_symbols: bool) -> None:
        self.keep_symbols = keep_symbols
        self.writer_names = writer_names
        self.reader_names = reader_names
        self.seen: set[tuple[str, str]] = set()

    def compare(self, path: str, writer: Any, reader: Any) -> Iterator[Incompatibility]:
        writer, reader = resolved(writer, self.writer_names), resolved(reader, self.reader_names)
        if isinstance(writer, list):
            for branch in writer:
                yield from self.compare(path, branch, reader)
        elif isinstance(reader, list):
            yield from self._branch(path, writer, reader)
        elif isinstance(writer, str) or isinstance(reader, str):
            if writer != reader:
                yield _fault(path, writer, reader, "the type differs")
        elif writer["type"] != reader["type"]:
            yield _fault(path, writer, reader, "the type differs")
        elif writer["type"] == "array":
            yield from self.compare(f"{path}[]", writer["items"], reader["items"])
        elif writer["type"] == "map":
            yield from self.compare(f"{path}{{}}", writer["values"], reader["values"])
        elif full_name(writer) != full_name(reader):
            yield _fault(path, writer, reader, "the name of the type differs")
        elif writer["type"] == "enum":
            yield from self._enum(path, writer, reader)
        elif (key := (full_name(writer), full_name(reader))) not in self.seen:
            self.seen.add(key)
            yield from self._record(path, writer, reader)

    def _branch(self, path: str, writer: Any, reader: list[Any]) -> Iterator[Incompatibility]:
        """The branch that takes the written type; its own faults are reported, not "no branch fits"."""
        for branch in reader:
            target = resolved(branch, self.reader_names)
            if _shape(target) == _shape(writer):
                yield from self.compare(path, writer, target)
                return
        yield _fault(path, writer, reader, "no branch of the union takes the type")

    def _record(self, path: str, writer: Schema, reader: Schema) -> Iterator[Incompatibility]:
        written = {field["name"]: field for field in writer["fields"]}
        for field in reader["fields"]:
            place = f"{path}.{field['name']}"
            source = written.get(field["name"])
            if source is not None:
                yield from self.compare(place, source["type"], field["type"])
            elif "default" not in field:
                yield Incompatibility(place, "nothing", label(field["type"]), "not written and without default")

    def _enum(self, path: str, writer: Schema, reader: Schema) -> Iterator[Incompatibility]:
        unknown = ", ".join(symbol for symbol in writer["symbols"] if symbol not in reader["symbols"])
        default = reader.get("default")
        if unknown and self.keep_symbols:
            yield _fault(path, writer, reader, f"the reader has lost the symbols {unknown}")
        elif unknown and default is None:
            yield _fault(path, writer, reader, f"the reader has no default for the symbols {unknown}")
        if default is not None and default not in reader["symbols"]:
            yield _fault(path, writer, reader, f"the default {default} is no symbol")


def _shape(schema: Any) -> str:
    """What lets a branch of a union take a written type: its kind, for named types its name."""
    if isinstance(schema, str):
        return schema
    return full_name(schema) if schema["type"] in ("record", "enum") else str(schema["type"])


def _fault(path: str, writer: Any, reader: Any, reason: str) -> Incompatibility:
    return Incompatibility(path, label(writer), label(reader), reason)


if __name__ == "__main__":
    sys.stdout.write(f"{check_released()} comparisons, FULL_TRANSITIVE holds\n")

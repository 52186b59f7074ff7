"""Reading Avro binary by functions compiled from the writer's and the reader's schema."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from omrs_schemas.codec.binary import DOUBLE, BinaryFault, full_name, label, names_in, resolved, same_kind

Reader = Callable[[bytes, int], tuple[Any, int]]
"""(bytes, position) → (value, next position)"""

MAX_BLOCK = 10_000_000
"""No array or map of an event has more items; a greater count is a broken record, not a reason to take all memory."""


def compile_reader(writer_schema: Any, reader_schema: Any = None) -> Reader:
    """A function that reads what `writer_schema` wrote as `reader_schema` has it (the same one if None).

    Resolution is Avro's for what FULL_TRANSITIVE lets differ: fields that only one side has (the reader's default is
    taken) and enum symbols that the reader does not know (its default symbol is taken). It raises BinaryFault.
    """
    return _ReaderCompiler(names_in(writer_schema), names_in(reader_schema or writer_schema)).compile(
        writer_schema, reader_schema or writer_schema
    )


def _truncated(data: bytes, position: int) -> BinaryFault:
    return BinaryFault(f"the bytes end at {len(data)}, in the middle of a value that starts before byte {position}")


def read_long(data: bytes, position: int) -> tuple[int, int]:
    """A zig-zag varint of at most 64 bits."""
    try:
        byte = data[position]
        position += 1
        if byte < 0x80:
            return (byte >> 1) ^ -(byte & 1), position
        value, shift = byte & 0x7F, 7
        while True:
            byte = data[position]
            position += 1
            value |= (byte & 0x7F) << shift
            if byte < 0x80:
                break
            shift += 7
            if shift > 63:
                raise BinaryFault(f"a number of more than 64 bits before byte {position}")
    except IndexError:
        raise _truncated(data, position) from None
    return (value >> 1) ^ -(value & 1), position


def read_string(data: bytes, position: int) -> tuple[str, int]:
    """UTF-8 text; lengths below 64, which are most, are read in place."""
    start = position + 1
    if start <= len(data):
        size = data[position]
        end = start + (size >> 1)
        if size < 0x80 and not size & 1 and end <= len(data):
            try:
                return data[start:end].decode(), end
            except UnicodeDecodeError:
                pass  # told in full below
    raw, position = read_bytes(data, position)
    try:
        return raw.decode(), position
    except UnicodeDecodeError as error:
        raise BinaryFault(f"text that is not UTF-8 ({error.reason}) before byte {position}") from None


def read_bytes(data: bytes, position: int) -> tuple[bytes, int]:
    size, position = read_long(data, position)
    end = position + size
    if size < 0 or end > len(data):
        raise BinaryFault(f"a length of {size} at byte {position}, but only {len(data) - position} bytes are left")
    return data[position:end], end


def _read_boolean(data: bytes, position: int) -> tuple[bool, int]:
    try:
        byte = data[position]
    except IndexError:
        raise _truncated(data, position) from None
    if byte > 1:
        raise BinaryFault(f"byte {byte} at {position} is no boolean")
    return byte == 1, position + 1


def _read_double(data: bytes, position: int) -> tuple[float, int]:
    end = position + 8
    if end > len(data):
        raise _truncated(data, position)
    return DOUBLE.unpack_from(data, position)[0], end


def _read_null(_data: bytes, position: int) -> tuple[None, int]:
    return None, position


_READERS: dict[str, Reader] = {
    "null": _read_null,
    "boolean": _read_boolean,
    "long": read_long,
    "double": _read_double,
    "string": read_string,
    "bytes": read_bytes,
}


class _ReaderCompiler:
    def __init__(self, writer_names: dict[str, Any], reader_names: dict[str, Any]) -> None:
        self.writer_names = writer_names
        self.reader_names = reader_names
        self.done: dict[tuple[str, str], Reader] = {}

    def compile(self, writer: Any, reader: Any) -> Reader:
        writer, reader = resolved(writer, self.writer_names), resolved(reader, self.reader_names)
        if isinstance(writer, list):
            return self.union(writer, reader)
        if isinstance(reader, list):
            reader = next((branch for branch in map(self._of_reader, reader) if same_kind(writer, branch)), None)
        if reader is None or not same_kind(writer, reader):
            raise BinaryFault(f"the schemas differ: {label(writer)} was written, {label(reader)} is expected")
        kind = writer if isinstance(writer, str) else writer["type"]
        if kind in _READERS:
            return _READERS[kind]
        if kind == "array":
            return self.array(writer, reader)
        if kind == "map":
            return self.map(writer, reader)
        key = (full_name(writer), full_name(reader))
        if key not in self.done:
            if kind == "enum":
                self.done[key] = _enum_reader(writer, reader)
            else:
                self.record(key, writer, reader)
        return self.done[key]

    def _of_reader(self, schema: Any) -> Any:
        return resolved(schema, self.reader_names)

    def union(self, writer: list[Any], reader: Any) -> Reader:
        branches = [self.compile(branch, reader) for branch in writer]
        if _is_nullable(writer):
            return _nullable_reader(branches[1])
        return _union_reader(tuple(branches))

    def array(self, writer: dict[str, Any], reader: dict[str, Any]) -> Reader:
        item = self.compile(writer["items"], reader["items"])

        def read(data: bytes, position: int) -> tuple[list[Any], int]:
            result: list[Any] = []
            while True:
                count, position = _block(data, position)
                if not count:
                    return result, position
                for _ in range(count):
                    value, position = item(data, position)
                    result.append(value)

        return read

    def map(self, writer: dict[str, Any], reader: dict[str, Any]) -> Reader:
        item = self.compile(writer["values"], reader["values"])

        def read(data: bytes, position: int) -> tuple[dict[str, Any], int]:
            result: dict[str, Any] = {}
            while True:
                count, position = _block(data, position)
                if not count:
                    return result, position
                for _ in range(count):
                    key, position = read_string(data, position)
                    try:
                        result[key], position = item(data, position)
                    except BinaryFault as fault:
                        raise fault.under(key) from None

        return read

    def record(self, key: tuple[str, str], writer: dict[str, Any], reader: dict[str, Any]) -> None:
        steps: list[tuple[str, bool, Reader]] = []
        kept: set[str] = set()
        wanted = {field["name"]: field for field in reader["fields"]}

        # Registered before its fields are compiled, because a record may contain itself.
        def read(data: bytes, position: int) -> tuple[dict[str, Any], int]:
            result: dict[str, Any] = {}
            name = ""
            try:
                for name, nullable, field in steps:
                    if nullable:
                        byte = data[position]
                        position += 1
                        if byte == 0:  # most fields of most records: no call for them
                            result[name] = None
                            continue
                        if byte != 2:
                            raise _no_branch(byte, position)
                    result[name], position = field(data, position)
            except BinaryFault as fault:
                raise fault.under(name) from None
            except IndexError:
                raise _truncated(data, position).under(name) from None
            return result, position

        def read_and_resolve(data: bytes, position: int) -> tuple[dict[str, Any], int]:
            result, position = read(data, position)
            for name in dropped:
                del result[name]
            for name, default in added:
                result[name] = list(default) if isinstance(default, list) else default
            return result, position

        names = {field["name"] for field in writer["fields"]}
        dropped = sorted(names - wanted.keys())
        added = [(name, field.get("default")) for name, field in wanted.items() if name not in names]
        self.done[key] = read_and_resolve if dropped or added else read
        for field in writer["fields"]:
            name = field["name"]
            kept.add(name)
            target = wanted[name]["type"] if name in wanted else field["type"]
            compiler = self if name in wanted else _ReaderCompiler(self.writer_names, self.writer_names)
            nullable = _is_nullable(field["type"])
            if nullable:
                compiler.compile("null", target)  # refuses a reader's type that cannot be null
            steps.append((name, nullable, compiler.compile(field["type"][1] if nullable else field["type"], target)))


def _is_nullable(schema: Any) -> bool:
    return isinstance(schema, list) and len(schema) == 2 and schema[0] == "null"


def _nullable_reader(inner: Reader) -> Reader:
    def read(data: bytes, position: int) -> tuple[Any, int]:
        try:
            byte = data[position]
        except IndexError:
            raise _truncated(data, position) from None
        if byte == 0:
            return None, position + 1
        if byte != 2:
            raise _no_branch(byte, position + 1)
        return inner(data, position + 1)

    return read


def _no_branch(byte: int, position: int) -> BinaryFault:
    return BinaryFault(f"byte {byte} at {position - 1} chooses no branch of a union of 2")


def _union_reader(branches: tuple[Reader, ...]) -> Reader:
    by_byte = {2 * index: branch for index, branch in enumerate(branches)}

    def read(data: bytes, position: int) -> tuple[Any, int]:
        try:
            branch = by_byte.get(data[position])
        except IndexError:
            raise _truncated(data, position) from None
        if branch is None:
            index, position = read_long(data, position)
            raise BinaryFault(f"branch {index} of a union of {len(branches)} before byte {position}")
        return branch(data, position + 1)

    return read


def _enum_reader(writer: dict[str, Any], reader: dict[str, Any]) -> Reader:
    known = set(reader["symbols"])
    symbols = [symbol if symbol in known else reader["default"] for symbol in writer["symbols"]]
    name = full_name(writer)

    def read(data: bytes, position: int) -> tuple[str, int]:
        index, position = read_long(data, position)
        if not 0 <= index < len(symbols):
            raise BinaryFault(f"symbol {index} of enum {name}, which has {len(symbols)}, before byte {position}")
        return symbols[index], position

    return read


def _block(data: bytes, position: int) -> tuple[int, int]:
    count, position = read_long(data, position)
    if count < 0:
        count = -count
        _, position = read_long(data, position)
    if count > MAX_BLOCK or count > len(data):
        raise BinaryFault(f"a block of {count} items at byte {position} of {len(data)}")
    return count, position

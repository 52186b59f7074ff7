"""Avro binary for the schemas of this package: a reader and a writer compiled from a schema into nested functions.

Why not fastavro here: its compiled reader recurses on the C stack without a limit, so a crafted record of 15 kB
(values nested 5,000 deep) ends the process; it cannot say where in a record the fault lies; and for an event of 12
properties these functions take half its time (writing) or as much (reading). The bytes are the same, which
`tests/schemas/test_codec_binary.py` holds against fastavro; schema parsing and fingerprints are fastavro's.

A *record* is what fastavro reads and writes too: a dict by field name, None for null, str for enum and string.
"""

from __future__ import annotations

import struct
from collections.abc import Callable
from typing import Any

Reader = Callable[[bytes, int], tuple[Any, int]]
"""(bytes, position) → (value, next position)"""
Writer = Callable[[bytearray, Any], None]

MAX_BLOCK = 10_000_000
"""No array or map of an event has more items; a greater count is a broken record, not a reason to take all memory."""


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


def compile_reader(writer_schema: Any, reader_schema: Any = None) -> Reader:
    """A function that reads what `writer_schema` wrote as `reader_schema` has it (the same one if None).

    Resolution is Avro's for what FULL_TRANSITIVE lets differ: fields that only one side has (the reader's default is
    taken) and enum symbols that the reader does not know (its default symbol is taken). The function raises BinaryFault.
    """
    return _ReaderCompiler(_names(writer_schema), _names(reader_schema or writer_schema)).compile(
        writer_schema, reader_schema or writer_schema
    )


def compile_writer(schema: Any) -> Writer:
    """A function that appends a datum of the schema to a bytearray. Raises BinaryFault; absent fields take their default."""
    return _WriterCompiler(_names(schema)).compile(schema)


def full_name(schema: dict[str, Any]) -> str:
    """The full name of a named type; every type of this package is in the package's one namespace."""
    name: str = schema["name"]
    return name.rpartition(".")[2]


def _names(schema: Any) -> dict[str, Any]:
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


# --- reading -------------------------------------------------------------------------------------------------------


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
    return _DOUBLE.unpack_from(data, position)[0], end


def _read_null(_data: bytes, position: int) -> tuple[None, int]:
    return None, position


_DOUBLE = struct.Struct("<d")

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
        writer, reader = _resolved(writer, self.writer_names), _resolved(reader, self.reader_names)
        if isinstance(writer, list):
            return self.union(writer, reader)
        if isinstance(reader, list):
            reader = next((branch for branch in map(self._of_reader, reader) if _same_kind(writer, branch)), None)
        if reader is None or not _same_kind(writer, reader):
            raise BinaryFault(f"the schemas differ: {_label(writer)} was written, {_label(reader)} is expected")
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
        return _resolved(schema, self.reader_names)

    def union(self, writer: list[Any], reader: Any) -> Reader:
        branches = [self.compile(branch, reader) for branch in writer]
        if len(branches) == 2 and writer[0] == "null":
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
        steps: list[tuple[str, Reader]] = []
        kept: set[str] = set()
        wanted = {field["name"]: field for field in reader["fields"]}

        # Registered before its fields are compiled, because a record may contain itself.
        def read(data: bytes, position: int) -> tuple[dict[str, Any], int]:
            result: dict[str, Any] = {}
            name = ""
            try:
                for name, field in steps:
                    result[name], position = field(data, position)
            except BinaryFault as fault:
                raise fault.under(name) from None
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
            steps.append((name, compiler.compile(field["type"], target)))


def _nullable_reader(inner: Reader) -> Reader:
    def read(data: bytes, position: int) -> tuple[Any, int]:
        try:
            byte = data[position]
        except IndexError:
            raise _truncated(data, position) from None
        if byte == 0:
            return None, position + 1
        if byte != 2:
            raise BinaryFault(f"byte {byte} at {position} chooses no branch of a union of 2")
        return inner(data, position + 1)

    return read


def _union_reader(branches: tuple[Reader, ...]) -> Reader:
    def read(data: bytes, position: int) -> tuple[Any, int]:
        index, position = read_long(data, position)
        if not 0 <= index < len(branches):
            raise BinaryFault(f"branch {index} of a union of {len(branches)} before byte {position}")
        return branches[index](data, position)

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


# --- writing -------------------------------------------------------------------------------------------------------


def _zigzag(number: int) -> bytes:
    value = number << 1 if number >= 0 else ((-number) << 1) - 1
    encoded = bytearray()
    while value > 0x7F:
        encoded.append((value & 0x7F) | 0x80)
        value >>= 7
    encoded.append(value)
    return bytes(encoded)


_SMALL = [_zigzag(number) for number in range(4096)]
"""Lengths, counts and small numbers, encoded once."""


def write_long(out: bytearray, value: Any) -> None:
    """Raises BinaryFault for anything but an int of 64 bits."""
    if type(value) is not int:
        raise BinaryFault(f"{type(value).__name__} {_short(value)} where a whole number is expected")
    if 0 <= value < 4096:
        out += _SMALL[value]
        return
    if not -(1 << 63) <= value < 1 << 63:
        raise BinaryFault(f"{value} does not fit in 64 bits")
    out += _zigzag(value)


def write_string(out: bytearray, value: Any) -> None:
    """Raises BinaryFault for anything but text that UTF-8 can hold."""
    if not isinstance(value, str):
        raise BinaryFault(f"{type(value).__name__} {_short(value)} where text is expected")
    try:
        encoded = value.encode()
    except UnicodeEncodeError as error:
        raise BinaryFault(f"text that UTF-8 cannot hold: {error.reason}") from None
    size = len(encoded)
    out += _SMALL[size] if size < 4096 else _zigzag(size)
    out += encoded


def _write_bytes(out: bytearray, value: Any) -> None:
    if not isinstance(value, bytes):
        raise BinaryFault(f"{type(value).__name__} {_short(value)} where bytes are expected")
    out += _zigzag(len(value))
    out += value


def _write_boolean(out: bytearray, value: Any) -> None:
    if value is True:
        out.append(1)
    elif value is False:
        out.append(0)
    else:
        raise BinaryFault(f"{type(value).__name__} {_short(value)} where true or false is expected")


def _write_double(out: bytearray, value: Any) -> None:
    if type(value) is not float:
        raise BinaryFault(f"{type(value).__name__} {_short(value)} where a floating-point number is expected")
    out += _DOUBLE.pack(value)


def _write_null(_out: bytearray, value: Any) -> None:
    if value is not None:
        raise BinaryFault(f"{type(value).__name__} {_short(value)} where nothing is expected")


_WRITERS: dict[str, Writer] = {
    "null": _write_null,
    "boolean": _write_boolean,
    "long": write_long,
    "double": _write_double,
    "string": write_string,
    "bytes": _write_bytes,
}

_PYTHON: dict[str, type] = {
    "null": type(None),
    "boolean": bool,
    "long": int,
    "double": float,
    "string": str,
    "bytes": bytes,
    "array": list,
    "map": dict,
    "record": dict,
    "enum": str,
}


class _WriterCompiler:
    def __init__(self, names: dict[str, Any]) -> None:
        self.names = names
        self.done: dict[str, Writer] = {}

    def compile(self, schema: Any) -> Writer:
        schema = _resolved(schema, self.names)
        if isinstance(schema, list):
            return self.union(schema)
        kind = schema if isinstance(schema, str) else schema["type"]
        if kind in _WRITERS:
            return _WRITERS[kind]
        if kind == "array":
            return self.array(schema)
        if kind == "map":
            return self.map(schema)
        name = full_name(schema)
        if name not in self.done:
            if kind == "enum":
                self.done[name] = _enum_writer(schema)
            else:
                self.record(name, schema)
        return self.done[name]

    def union(self, branches: list[Any]) -> Writer:
        """By the Python type of the datum; a dict is a map unless its `type` is a dict, as only TypedValue's is."""
        if len(branches) == 2 and branches[0] == "null":
            return _nullable_writer(self.compile(branches[1]))
        by_type: dict[type, tuple[bytes, Writer]] = {}
        typed: tuple[bytes, Writer] | None = None
        for index, branch in enumerate(branches):
            resolved = _resolved(branch, self.names)
            kind = resolved if isinstance(resolved, str) else resolved["type"]
            choice = (_zigzag(index), self.compile(branch))
            if kind == "record":
                typed = choice
            else:
                by_type.setdefault(_PYTHON[kind], choice)
        label = _label(branches)

        def write(out: bytearray, value: Any) -> None:
            choice = by_type.get(type(value))
            if typed is not None and type(value) is dict and type(value.get("type")) is dict:
                choice = typed
            if choice is None:
                raise BinaryFault(f"{type(value).__name__} {_short(value)} is none of {label}")
            out += choice[0]
            choice[1](out, value)

        return write

    def array(self, schema: dict[str, Any]) -> Writer:
        item = self.compile(schema["items"])

        def write(out: bytearray, value: Any) -> None:
            if not isinstance(value, list):
                raise BinaryFault(f"{type(value).__name__} {_short(value)} where a list is expected")
            if value:
                write_long(out, len(value))
                index = 0
                try:
                    for index, entry in enumerate(value):
                        item(out, entry)
                except BinaryFault as fault:
                    raise fault.under(str(index)) from None
            out.append(0)

        return write

    def map(self, schema: dict[str, Any]) -> Writer:
        item = self.compile(schema["values"])

        def write(out: bytearray, value: Any) -> None:
            if not isinstance(value, dict):
                raise BinaryFault(f"{type(value).__name__} {_short(value)} where an object is expected")
            if value:
                write_long(out, len(value))
                key = ""
                try:
                    for key, entry in value.items():
                        write_string(out, key)
                        item(out, entry)
                except BinaryFault as fault:
                    raise fault.under(str(key)) from None
            out.append(0)

        return write

    def record(self, name: str, schema: dict[str, Any]) -> None:
        steps: list[tuple[str, Any, Writer]] = []
        label = full_name(schema)

        def write(out: bytearray, value: Any) -> None:
            if not isinstance(value, dict):
                raise BinaryFault(f"{type(value).__name__} {_short(value)} where a {label} is expected")
            get = value.get
            field = ""
            try:
                for field, default, put in steps:
                    entry = get(field)
                    put(out, default if entry is None else entry)
            except BinaryFault as fault:
                raise fault.under(field) from None

        self.done[name] = write
        for field in schema["fields"]:
            steps.append((field["name"], field.get("default"), self.compile(field["type"])))


def _nullable_writer(inner: Writer) -> Writer:
    def write(out: bytearray, value: Any) -> None:
        if value is None:
            out.append(0)
        else:
            out.append(2)
            inner(out, value)

    return write


def _enum_writer(schema: dict[str, Any]) -> Writer:
    symbols = {symbol: _zigzag(index) for index, symbol in enumerate(schema["symbols"])}
    name = full_name(schema)

    def write(out: bytearray, value: Any) -> None:
        encoded = symbols.get(value) if isinstance(value, str) else None
        if encoded is None:
            raise BinaryFault(f"{_short(value)} is not one of {name}: {', '.join(symbols)}")
        out += encoded

    return write


# --- schemas -------------------------------------------------------------------------------------------------------


def _resolved(schema: Any, names: dict[str, Any]) -> Any:
    if isinstance(schema, str):
        return names.get(schema.rpartition(".")[2], schema)
    if isinstance(schema, dict) and schema["type"] in _READERS:
        return schema["type"]  # a primitive with attributes, such as JSON text
    if isinstance(schema, dict) and isinstance(schema["type"], dict | list):
        return _resolved(schema["type"], names)
    return schema


def _same_kind(one: Any, other: Any) -> bool:
    if isinstance(one, str) or isinstance(other, str) or isinstance(other, list):
        return bool(one == other)
    if one["type"] != other["type"]:
        return False
    return one["type"] not in ("record", "enum") or full_name(one) == full_name(other)


def _label(schema: Any) -> str:
    if isinstance(schema, list):
        return " | ".join(_label(branch) for branch in schema)
    if isinstance(schema, dict):
        return str(schema.get("name", schema["type"]))
    return str(schema).rpartition(".")[2]


def _short(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 80 else f"{text[:77]}..."

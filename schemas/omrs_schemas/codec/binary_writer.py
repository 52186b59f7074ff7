"""Writing Avro binary by functions compiled from a schema."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from omrs_schemas.codec.binary import DOUBLE, BinaryFault, full_name, label, names_in, resolved, short

Writer = Callable[[bytearray, Any], None]
"""Appends a datum to the bytes."""


def compile_writer(schema: Any) -> Writer:
    """A function that appends a datum to a bytearray; absent fields take their default. Raises BinaryFault."""
    return _WriterCompiler(names_in(schema)).compile(schema)


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
        raise BinaryFault(f"{type(value).__name__} {short(value)} where a whole number is expected")
    if 0 <= value < 4096:
        out += _SMALL[value]
        return
    if not -(1 << 63) <= value < 1 << 63:
        raise BinaryFault(f"{value} does not fit in 64 bits")
    out += _zigzag(value)


def write_string(out: bytearray, value: Any) -> None:
    """Raises BinaryFault for anything but text that UTF-8 can hold."""
    if not isinstance(value, str):
        raise BinaryFault(f"{type(value).__name__} {short(value)} where text is expected")
    try:
        encoded = value.encode()
    except UnicodeEncodeError as error:
        raise BinaryFault(f"text that UTF-8 cannot hold: {error.reason}") from None
    size = len(encoded)
    out += _SMALL[size] if size < 4096 else _zigzag(size)
    out += encoded


def _write_bytes(out: bytearray, value: Any) -> None:
    if not isinstance(value, bytes):
        raise BinaryFault(f"{type(value).__name__} {short(value)} where bytes are expected")
    out += _zigzag(len(value))
    out += value


def _write_boolean(out: bytearray, value: Any) -> None:
    if value is True:
        out.append(1)
    elif value is False:
        out.append(0)
    else:
        raise BinaryFault(f"{type(value).__name__} {short(value)} where true or false is expected")


def _write_double(out: bytearray, value: Any) -> None:
    if type(value) is not float:
        raise BinaryFault(f"{type(value).__name__} {short(value)} where a floating-point number is expected")
    out += DOUBLE.pack(value)


def _write_null(_out: bytearray, value: Any) -> None:
    if value is not None:
        raise BinaryFault(f"{type(value).__name__} {short(value)} where nothing is expected")


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
        schema = resolved(schema, self.names)
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
            target = resolved(branch, self.names)
            kind = target if isinstance(target, str) else target["type"]
            choice = (_zigzag(index), self.compile(branch))
            if kind == "record":
                typed = choice
            else:
                by_type.setdefault(_PYTHON[kind], choice)
        expected = label(branches)

        def write(out: bytearray, value: Any) -> None:
            choice = by_type.get(type(value))
            if typed is not None and type(value) is dict and type(value.get("type")) is dict:
                choice = typed
            if choice is None:
                raise BinaryFault(f"{type(value).__name__} {short(value)} is none of {expected}")
            out += choice[0]
            choice[1](out, value)

        return write

    def array(self, schema: dict[str, Any]) -> Writer:
        item = self.compile(schema["items"])

        def write(out: bytearray, value: Any) -> None:
            if not isinstance(value, list):
                raise BinaryFault(f"{type(value).__name__} {short(value)} where a list is expected")
            if value:
                write_long(out, len(value))
                done = 0
                try:
                    for entry in value:
                        item(out, entry)
                        done += 1
                except BinaryFault as fault:
                    raise fault.under(str(done)) from None
            out.append(0)

        return write

    def map(self, schema: dict[str, Any]) -> Writer:
        item = self.compile(schema["values"])

        def write(out: bytearray, value: Any) -> None:
            if not isinstance(value, dict):
                raise BinaryFault(f"{type(value).__name__} {short(value)} where an object is expected")
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

        def write(out: bytearray, value: Any) -> None:
            if not isinstance(value, dict):
                raise BinaryFault(f"{type(value).__name__} {short(value)} where a {name} is expected")
            get = value.get
            field = ""
            try:
                for field, default, put in steps:
                    entry = get(field)
                    put(out, default if entry is None else entry)
            except BinaryFault as fault:
                raise fault.under(field) from None

        self.done[name] = write
        steps.extend((field["name"], field.get("default"), self.compile(field["type"])) for field in schema["fields"])


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
            raise BinaryFault(f"{short(value)} is not one of {name}: {', '.join(symbols)}")
        out += encoded

    return write

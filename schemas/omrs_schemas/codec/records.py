"""Records that are no events as Avro single-object bytes; no type system is needed for them."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

from omrs_schemas.avro.files import current
from omrs_schemas.codec.avro import FINGERPRINTS, HEADER_SIZE, MARKER, fingerprint, read_record
from omrs_schemas.codec.binary import BinaryFault
from omrs_schemas.codec.binary_writer import Writer, compile_writer
from omrs_schemas.errors import CodecError

if TYPE_CHECKING:
    from omrs_schemas.model.base import JsonBean


def is_record(name: str, data: bytes) -> bool:
    """Whether the bytes say of themselves that they are a record of that name."""
    known = FINGERPRINTS.get(data[len(MARKER) : HEADER_SIZE]) if data.startswith(MARKER) else None
    return known is not None and known.name == name


def encode_record(name: str, bean: JsonBean, identity: object) -> bytes:
    """The bytes of a bean. Raises CodecError that says what is wrong with the one of that `identity`."""
    header, write = _writer(name)
    out = bytearray(header)
    try:
        write(out, bean)
    except BinaryFault as fault:
        raise CodecError(f"{name} {identity} cannot be written: {fault}", record=name) from fault
    return bytes(out)


def decode_record(name: str, data: bytes, what: str) -> JsonBean:
    """The bean in the bytes, nulls left out. Raises CodecError, also for a record of something else than `what`."""
    found, record = read_record(data)
    if found != name:
        raise CodecError(f"a record of {found} is no {what}", record=found)
    bean: JsonBean = _without_nulls(record)
    return bean


def _without_nulls(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _without_nulls(inner) for name, inner in value.items() if inner is not None}
    if isinstance(value, list):
        return [_without_nulls(inner) for inner in value]
    return value


@cache
def _writer(name: str) -> tuple[bytes, Writer]:
    schema = current(name)
    return MARKER + fingerprint(schema), compile_writer(schema)

"""Audit records as Avro single-object bytes; no type system is needed for them."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

from omrs_schemas.avro.files import current
from omrs_schemas.codec.avro import FINGERPRINTS, HEADER_SIZE, MARKER, fingerprint, read_record
from omrs_schemas.codec.binary import BinaryFault
from omrs_schemas.codec.binary_writer import Writer, compile_writer
from omrs_schemas.errors import CodecError

if TYPE_CHECKING:
    from omrs_schemas.model.base import JsonBean

NAME = "AuditRecord"


def is_audit(data: bytes) -> bool:
    """Whether the bytes say of themselves that they are an audit record."""
    known = FINGERPRINTS.get(data[len(MARKER) : HEADER_SIZE]) if data.startswith(MARKER) else None
    return known is not None and known.name == NAME


def encode_audit(bean: JsonBean) -> bytes:
    """The bytes of an AuditRecord bean. Raises CodecError that names what is wrong with it."""
    header, write = _writer()
    out = bytearray(header)
    try:
        write(out, bean)
    except BinaryFault as fault:
        raise CodecError(f"{NAME} {bean.get('messageId')} cannot be written: {fault}", record=NAME) from fault
    return bytes(out)


def decode_audit(data: bytes) -> JsonBean:
    """The AuditRecord bean in the bytes, nulls left out. Raises CodecError, also for a record of something else."""
    name, record = read_record(data)
    if name != NAME:
        raise CodecError(f"a record of {name} is no audit record", record=name)
    bean = {field: value for field, value in record.items() if value is not None}
    if "originator" in bean:
        bean["originator"] = {field: value for field, value in bean["originator"].items() if value is not None}
    return bean


@cache
def _writer() -> tuple[bytes, Writer]:
    schema = current(NAME)
    return MARKER + fingerprint(schema), compile_writer(schema)

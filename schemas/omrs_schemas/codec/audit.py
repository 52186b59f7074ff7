"""Audit records as Avro single-object bytes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from omrs_schemas.codec.records import decode_record, encode_record, is_record

if TYPE_CHECKING:
    from omrs_schemas.model.base import JsonBean

NAME = "AuditRecord"


def is_audit(data: bytes) -> bool:
    """Whether the bytes say of themselves that they are an audit record."""
    return is_record(NAME, data)


def encode_audit(bean: JsonBean) -> bytes:
    """The bytes of an AuditRecord bean. Raises CodecError that names what is wrong with it."""
    return encode_record(NAME, bean, bean.get("messageId"))


def decode_audit(data: bytes) -> JsonBean:
    """The AuditRecord bean in the bytes, nulls left out. Raises CodecError, also for a record of something else."""
    return decode_record(NAME, data, "audit record")

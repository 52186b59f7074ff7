"""Integration reports as Avro single-object bytes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from omrs_schemas.codec.records import decode_record, encode_record, is_record

if TYPE_CHECKING:
    from omrs_schemas.model.base import JsonBean

NAME = "IntegrationReport"


def is_report(data: bytes) -> bool:
    """Whether the bytes say of themselves that they are an integration report."""
    return is_record(NAME, data)


def encode_report(bean: JsonBean) -> bytes:
    """The bytes of an IntegrationReport bean. Raises CodecError that names what is wrong with it."""
    return encode_record(NAME, bean, bean.get("reportId"))


def decode_report(data: bytes) -> JsonBean:
    """The IntegrationReport bean in the bytes, nulls left out. Raises CodecError, also for a record of something
    else."""
    return decode_record(NAME, data, "integration report")

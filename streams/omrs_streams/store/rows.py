"""History rows: the state after a revision and, in the same value, the payload that came with it."""

from struct import Struct
from typing import Final

from omrs_streams.fold.meta import StateMeta

_LENGTH: Final = Struct(">H")
pack_length: Final = _LENGTH.pack
LENGTH_SIZE: Final = _LENGTH.size


def pack_row(packed_meta: bytes, payload: bytes) -> bytes:
    return pack_length(len(packed_meta)) + packed_meta + payload


def unpack_row(row: bytes) -> tuple[StateMeta, bytes]:
    end = LENGTH_SIZE + _LENGTH.unpack_from(row)[0]
    return StateMeta.unpack(row[LENGTH_SIZE:end]), row[end:]


def row_payload(row: bytes) -> bytes:
    """The payload alone."""
    return row[LENGTH_SIZE + _LENGTH.unpack_from(row)[0] :]

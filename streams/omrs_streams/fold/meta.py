"""What the fold knows of one guid: everything a decision needs, nothing of the payload."""

from dataclasses import dataclass
from struct import Struct
from typing import Final

DELETED: Final = 1
TOMBSTONE: Final = 2
PROXY: Final = 4
RELATIONSHIP: Final = 8
OVERLAY: Final = 16

_HEAD: Final = Struct(">IIIqqqqqBHHHH")
_HEAD_SIZE: Final = _HEAD.size
_OFFSET: Final = Struct(">q")
_OFFSET_AT: Final = 12


def packed_offset(data: bytes) -> int:
    """The `offset` of a packed StateMeta, without the rest."""
    offset: int = _OFFSET.unpack_from(data, _OFFSET_AT)[0]
    return offset


@dataclass(slots=True)
class StateMeta:
    """The state of a guid after one effective record. Never changed in place: the fold makes a new one.

    `revision` counts effective records; `first_revision` is where the present life of the guid began (1, or the first
    after a purge); `base_revision` is the revision whose payload holds the instance (an overlay change moves `revision`
    alone); `offset` is that of the last effective record. Times are epoch milliseconds.
    """

    revision: int
    first_revision: int
    base_revision: int
    offset: int
    version: int
    create_time: int
    type_version: int
    valid_from: int
    flags: int
    type_guid: str
    home_id: str
    replicated_by: str
    status: str

    @property
    def deleted(self) -> bool:
        """Soft-deleted: there, visible only to those who ask for DELETED."""
        return self.flags & DELETED != 0

    @property
    def tombstone(self) -> bool:
        """Purged: nothing is left but revision, version and createTime."""
        return self.flags & TOMBSTONE != 0

    @property
    def proxy(self) -> bool:
        """Only an entity proxy is known."""
        return self.flags & PROXY != 0

    @property
    def relationship(self) -> bool:
        return self.flags & RELATIONSHIP != 0

    @property
    def has_overlay(self) -> bool:
        """Classifications homed elsewhere came in events of their own."""
        return self.flags & OVERLAY != 0

    def pack(self) -> bytes:
        """Fixed fields big-endian, then the four texts in UTF-8; their lengths count characters."""
        type_guid, home_id, replicated_by, status = self.type_guid, self.home_id, self.replicated_by, self.status
        return (
            _HEAD.pack(
                self.revision,
                self.first_revision,
                self.base_revision,
                self.offset,
                self.version,
                self.create_time,
                self.type_version,
                self.valid_from,
                self.flags,
                len(type_guid),
                len(home_id),
                len(replicated_by),
                len(status),
            )
            + f"{type_guid}{home_id}{replicated_by}{status}".encode()
        )

    @classmethod
    def unpack(cls, data: bytes) -> "StateMeta":
        """The inverse of `pack`; struct.error on bytes that are no StateMeta."""
        (
            revision,
            first_revision,
            base_revision,
            offset,
            version,
            create_time,
            type_version,
            valid_from,
            flags,
            type_length,
            home_length,
            replicated_length,
            _,
        ) = _HEAD.unpack_from(data)
        text = data[_HEAD_SIZE:].decode()
        home = type_length + home_length
        replicated = home + replicated_length
        return cls(
            revision,
            first_revision,
            base_revision,
            offset,
            version,
            create_time,
            type_version,
            valid_from,
            flags,
            text[:type_length],
            text[type_length:home],
            text[home:replicated],
            text[replicated:],
        )

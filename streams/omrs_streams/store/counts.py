"""How many instances a partition holds, counted as they change."""

from struct import Struct
from typing import Final

from omrs_streams.fold.meta import DELETED, PROXY, RELATIONSHIP, TOMBSTONE, StateMeta

NAMES: Final = ("entities", "relationships", "proxies", "deleted", "purged", "revisions", "lost")
"""`deleted` are the soft-deleted entities and relationships, which the first two do not count; `revisions` is every
effective record, `lost` every record that changed nothing."""

_ENTITIES, _RELATIONSHIPS, _PROXIES, _DELETED, _PURGED, REVISIONS, LOST = range(len(NAMES))
_PACKED: Final = Struct(f">{len(NAMES)}Q")


def _kind(flags: int) -> int:
    if flags & TOMBSTONE:
        return _PURGED
    if flags & PROXY:
        return _PROXIES
    if flags & DELETED:
        return _DELETED
    return _RELATIONSHIPS if flags & RELATIONSHIP else _ENTITIES


_KIND_OF_FLAGS: Final = tuple(_kind(flags) for flags in range(32))


class Counts:
    """A list of numbers in the order of NAMES, and what one batch adds to it."""

    def __init__(self, packed: bytes | None = None) -> None:
        self.values = list(_PACKED.unpack(packed)) if packed else [0] * len(NAMES)

    def copy(self) -> "Counts":
        other = Counts()
        other.values = self.values.copy()
        return other

    def change(self, before: StateMeta | None, now: StateMeta) -> None:
        """A guid went from one state to another."""
        self.values[_KIND_OF_FLAGS[now.flags]] += 1
        if before is not None:
            self.values[_KIND_OF_FLAGS[before.flags]] -= 1

    def pack(self) -> bytes:
        return _PACKED.pack(*self.values)

    def as_dict(self) -> dict[str, int]:
        return dict(zip(NAMES, self.values, strict=True))

"""How state is read, whoever keeps it: the RocksDB store or the fold in memory."""

from collections.abc import Iterator
from typing import NamedTuple, Protocol

from omrs_streams.fold.effect import LostMark
from omrs_streams.fold.meta import StateMeta


class Stored(NamedTuple):
    """One revision of an instance: `payload` is the event that carries it, `overlay` the classification events laid
    over it, in log order (Avro single-object bytes, each as it was appended)."""

    meta: StateMeta
    payload: bytes
    overlay: tuple[bytes, ...]


class FoldedState(Protocol):
    """What digests and comparisons need of a folded partition."""

    @property
    def partition(self) -> int: ...

    @property
    def next_offset(self) -> int:
        """The first offset that is not folded yet."""
        ...

    def guids(self) -> Iterator[str]:
        """Every guid ever seen, purged ones included, in the order of their UTF-8 bytes."""
        ...

    def get_meta(self, guid: str) -> StateMeta | None:
        """What is known of a guid, a tombstone included; None when nothing is."""
        ...

    def get(self, guid: str) -> Stored | None:
        """The current state; None when unknown or purged."""
        ...

    def revisions(self, guid: str) -> Iterator[Stored]:
        """Every revision of the guid's present life, oldest first; nothing when unknown or purged."""
        ...

    def lost_between(self, first: int, end: int) -> dict[int, LostMark]:
        """Records with first <= offset < end that changed nothing, by offset."""
        ...

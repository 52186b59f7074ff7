"""What a store tells of the changes that it has stored, to whoever keeps something beside it."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple, Protocol

from omrs_streams.fold.meta import StateMeta


class Change(NamedTuple):
    """The state of a guid after a batch. `base` is the decoded payload with the instance, `overlay` those laid over it
    (None: not decoded here; proxies, purged guids and broken payloads have none)."""

    guid: str
    meta: StateMeta
    base: Mapping[str, Any] | None
    overlay: Sequence[Mapping[str, Any]] = ()

    def without_payloads(self) -> "Change":
        return Change(self.guid, self.meta, None)


class Watcher(Protocol):
    """Called by the store's writer, after each write; answers at once."""

    def changed(self, changes: Iterable[Change], next_offset: int) -> None:
        """These guids changed, each told once."""
        ...

    def missed(self) -> None:
        """Something changed, and it is not known what."""
        ...

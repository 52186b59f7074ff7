"""What a trial needs of a metadata server, in this process or another."""

from typing import Protocol

from omrs_connectors.kit.records import Position
from omrs_connectors.runtime.inbox import Record
from omrs_connectors.sdk.config import Partner
from omrs_streams.client import MetadataClient


class World(Protocol):
    """A metadata server that is the test's own."""

    partner: Partner
    client: MetadataClient

    def settle(self) -> None:
        """Returns when everything that was changed so far has reached the out topic."""
        ...

    def position(self) -> Position:
        """Where the out topic ends now."""
        ...

    def events(self, since: Position) -> tuple[list[Record], Position]:
        """The records of the out topic from `since` on, and where it ends now."""
        ...

    def another(self) -> "World":
        """Another server of the same kind, empty."""
        ...

    def close(self) -> None: ...

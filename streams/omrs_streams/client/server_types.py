"""The server's types as a client holds them: fetched at first use, again when something is missing."""

import asyncio
import threading
import time

from omrs_schemas.typedefs.system import TypeSystem
from omrs_streams.client.exchange import Request
from omrs_streams.client.wire import Bean

GALLERY = Request("GET", "/types/all", quiet=True)

FRESH_S = 1.0
"""Seconds in which types are not fetched again because of a property that they do not have: it is a slip of the caller,
and all types are 1.5 MB. (A type that they do not have is asked for by name.)"""


class ServerTypes:
    """Shared by every client made from the first (`as_user`). Whoever fetches holds the lock, the others wait."""

    def __init__(self, types: TypeSystem | None = None) -> None:
        self.current = types
        self.lock = threading.Lock()
        self.async_lock = asyncio.Lock()
        self._fetched = float("-inf")

    def other_than(self, stale: TypeSystem | None) -> TypeSystem | None:
        """The current types unless they are the `stale` ones: another caller has fetched them meanwhile."""
        return None if self.current is stale else self.current

    def take(self, gallery: Bean) -> TypeSystem:
        """The answer to GALLERY as types, which are the current ones from here on."""
        types = TypeSystem()
        types.load_gallery(gallery.get("attributeTypeDefs") or [], gallery.get("typeDefs") or [], [])
        self.current, self._fetched = types, time.monotonic()
        return types

    def fresh(self) -> bool:
        return time.monotonic() - self._fetched < FRESH_S

    def also_called(self, types: TypeSystem, name: str, present_guid: str) -> TypeSystem:
        """`types` with a former name of a type that they know, by which the server knows it still; now current."""
        self.current = types.copy()
        self.current.also_called(None, name, present_guid)
        return self.current

    def elsewhere(self) -> "ServerTypes":
        """The same to begin with, for calls that other members answer as well."""
        return ServerTypes(self.current)

"""Out-topic records to event beans, with types that are fetched again when a record is of a newer one."""

import time
from collections.abc import Callable
from typing import Protocol

from omrs_schemas.codec import EventCodec
from omrs_schemas.errors import CodecError
from omrs_schemas.typedefs.system import TypeSystem
from omrs_streams.client.wire import Bean

BURST = 5
REFILL_S = 10.0
"""How often all types (1.5 MB) are fetched because of records that cannot be read: five times at once, then every ten
seconds. Types that come one after the other are followed, and a flood of poison does not become a flood of fetches."""


class TypeSource(Protocol):
    """Where types come from: a MetadataClient. Both may take a while: they are called from a thread."""

    @property
    def types(self) -> TypeSystem: ...

    def refresh_types(self) -> TypeSystem: ...


class OutEventDecoder:
    """Decodes with the server's types. Call it from a thread: it may fetch types."""

    def __init__(self, source: TypeSource, clock: Callable[[], float] = time.monotonic) -> None:
        self._source = source
        self._clock = clock
        self._types: TypeSystem | None = None
        self._codec: EventCodec | None = None
        self._asked: set[str] = set()
        self._left, self._counted = float(BURST), clock()

    @property
    def types(self) -> TypeSystem:
        """The types as they were last fetched. NotReadyError while the server does not answer."""
        return self._types or self._use(self._source.types)

    def types_with(self, type_guid: str) -> TypeSystem:
        """Types that know this one, where the server does; it is asked once."""
        types = self.types
        if types.typedef(type_guid) is None and type_guid not in self._asked:
            types = self.refresh()
            self._asked.add(type_guid)
        return types

    def refresh(self) -> TypeSystem:
        """The server's types as they are now."""
        return self._use(self._source.refresh_types())

    def decode(self, value: bytes | None) -> Bean:
        """The event bean. CodecError for what is no event, even with the newest types; NotReadyError while no types."""
        if not value:
            raise CodecError("the record has no value")
        try:
            return self._read(value)
        except CodecError:
            if not self._may_refresh():
                raise
            self.refresh()
            return self._read(value)

    def _read(self, value: bytes) -> Bean:
        if self._codec is None:
            self._codec = EventCodec(self.types)
        return self._codec.decode(value)

    def _may_refresh(self) -> bool:
        now = self._clock()
        self._left = min(float(BURST), self._left + (now - self._counted) / REFILL_S)
        self._counted = now
        if self._left < 1:
            return False
        self._left -= 1
        return True

    def _use(self, types: TypeSystem) -> TypeSystem:
        self._types, self._codec = types, None
        return types

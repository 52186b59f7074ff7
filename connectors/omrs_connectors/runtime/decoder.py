"""Out-topic records to event beans, with types that are fetched again when a record is of a newer one."""

import time
from collections.abc import Callable
from typing import Any

from omrs_schemas.codec import EventCodec
from omrs_schemas.errors import CodecError
from omrs_streams.client import MetadataClient

REFRESH_PAUSE = 10.0
"""Seconds between two fetches of all types (1.5 MB): a flood of poison must not become a flood of fetches."""


class OutEventDecoder:
    """Decodes with the server's types. Call it from a thread: it may fetch types."""

    def __init__(self, client: MetadataClient, clock: Callable[[], float] = time.monotonic) -> None:
        self._client = client
        self._clock = clock
        self._codec: EventCodec | None = None
        self._fetched = 0.0

    def decode(self, value: bytes | None) -> dict[str, Any]:
        """The event bean. CodecError for what is no event, even with the newest types; NotReadyError while no types."""
        if self._codec is None:
            self._codec = EventCodec(self._client.types)
            self._fetched = self._clock()
        if not value:
            raise CodecError("the record has no value")
        try:
            return self._codec.decode(value)
        except CodecError:
            if self._clock() - self._fetched < REFRESH_PAUSE:
                raise
            self._codec = EventCodec(self._client.refresh_types())
            self._fetched = self._clock()
            return self._codec.decode(value)

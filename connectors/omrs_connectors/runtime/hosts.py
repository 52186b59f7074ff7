"""Where a connector lives: on a thread of the daemon (`thread_host`) or in a process of its own (`process_host`)."""

import threading
from collections.abc import Callable
from typing import Any, Protocol

from omrs_connectors.runtime.notes import Note, Reported, Said
from omrs_connectors.sdk import IntegrationConnectorConfig

Tell = Callable[[Note], None]
"""Takes a note, on whichever thread."""


class Host(Protocol):
    """Runs one connector's handler. Everything but what it tells happens on the event loop; nothing here waits, except
    for the result of a call."""

    async def call(self, method: str, *arguments: Any) -> Any:
        """What the handler's method returns. ConnectorLostError when the host is given up meanwhile, or ends."""

    def configure(self, config: IntegrationConnectorConfig) -> None:
        """What the host itself heeds of a configuration that was changed in place."""

    def stop(self) -> None:
        """Tells the connector that it is to come to an end (`context.stopping`)."""

    def give_up(self) -> None:
        """Cuts the connector off: its process is killed; its thread is left to itself, what it still calls raises."""

    def end(self) -> None:
        """For a connector that has been disconnected: ends its thread or process."""


class Line:
    """From a handler to its lane, until it is cut: what a connector that was given up still does is not heard."""

    def __init__(self, tell: Tell) -> None:
        self._tell = tell
        self._lock = threading.Lock()
        self.is_cut = False

    def tell(self, note: Note) -> None:
        if isinstance(note, Said | Reported):  # a report may take a while, and nobody waits for the lock
            if not self.is_cut:
                self._tell(note)
            return
        with self._lock:
            if not self.is_cut:
                self._tell(note)

    def cut(self) -> None:
        """Once this returns, the connector's standing is not changed from there any more."""
        with self._lock:
            self.is_cut = True

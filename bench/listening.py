"""A connector for the bench: writes down when its listener is called, and with which instance."""

import time
from pathlib import Path
from typing import Any

from omrs_connectors.sdk import IntegrationConnector


class Listening(IntegrationConnector):
    """The endpoint is the file that it appends to; the clock is the one all processes of the machine share."""

    def start(self) -> None:
        self.context.register_listener(self._hear, types=["DataFile"], kinds=["NEW_ENTITY_EVENT"])

    def refresh(self) -> None:
        self._write("ready -\n")

    def _hear(self, event: dict[str, Any]) -> None:
        self._write(f"{time.monotonic()} {event['instanceEventSection']['instanceGUID']}\n")

    def _write(self, line: str) -> None:
        with Path(self.context.network_address).open("a") as out:
            out.write(line)

"""A connector that does what the files in its directory say, so that a test can lead it from state to state.

`METHOD.wait` in the directory of its endpoint: the method returns when the file is gone; `METHOD.fail`: it raises what
is in it.
"""

import time
from pathlib import Path

from omrs_connectors.services.files_integrator import FilesIntegratorConnector
from omrs_connectors.services.lineage_integrator import LineageIntegratorConnector


class Told(FilesIntegratorConnector):
    def initialize(self) -> None:
        self._do("initialize")

    def start(self) -> None:
        self._do("start")

    def refresh(self) -> None:
        self._do("refresh")

    def disconnect(self) -> None:
        self._do("disconnect")

    def _do(self, method: str) -> None:
        folder = Path(self.context.network_address)
        while (folder / f"{method}.wait").exists() and not self.context.stopping.is_set():
            time.sleep(0.02)
        failing = folder / f"{method}.fail"
        if failing.exists():
            raise RuntimeError(failing.read_text())


class Engaged(Told):
    """Its engage returns at once, or fails."""

    def engage(self) -> None:
        self._do("engage")


class Scribe(LineageIntegratorConnector):
    """Writes the lineage events that it is given into a file, as they came."""

    def start(self) -> None:
        self.context.register_lineage_listener(self._write)

    def _write(self, text: str, event: object) -> None:
        with Path(self.context.network_address).open("a", newline="") as out:
            out.write(f"{text}\0")


class Stranger:
    """Is no connector at all."""

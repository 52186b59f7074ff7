"""`OpenLineageLog`: keeps every OpenLineage event as it came, as files."""

import hashlib
import re
from pathlib import Path

from omrs_connectors.builtin.lineage.events import LineageEvent
from omrs_connectors.builtin.lineage.listening import LineageListener
from omrs_schemas.errors import ConfigurationError

_UNSAFE = re.compile(r"[^A-Za-z0-9._-]+")
LONGEST = 80  # characters of a part of a path that come from the event: file systems take 255 bytes


class OpenLineageLog(LineageListener):
    """Below the folder `endpoint.networkAddress`: `<job>/<run>/<time>-<kind>-<digest>.json`, the bytes of the event.

    An event that comes again is the same file. Needs a permittedSynchronization that lets it write (TO_THIRD_PARTY or
    BOTH_DIRECTIONS).
    """

    def initialize(self) -> None:
        address = self.context.network_address
        if not address:
            raise ConfigurationError(
                f"connector {self.context.connector_name} has no folder", help="set endpoint.networkAddress"
            )
        self._folder = Path(address)
        self.context.check_third_party_write(f"write OpenLineage events to {address}")
        self._folder.mkdir(parents=True, exist_ok=True)

    def take(self, text: str, event: LineageEvent) -> None:
        about = event.job or event.dataset
        assert about is not None  # the event's own rule
        folder = self._folder / _part(f"{about.namespace}.{about.name}")
        folder = folder / _part(event.run.run_id if event.run else "design")
        raw = text.encode()
        name = f"{event.time_ms}-{event.event_type}-{hashlib.sha256(raw).hexdigest()[:16]}.json"
        target = folder / name
        if target.exists():
            return
        self.context.check_third_party_write(f"write {target}")
        folder.mkdir(parents=True, exist_ok=True)
        written = folder / f".{name}.part"
        written.write_bytes(raw)
        written.replace(target)
        self.context.report.count("eventsStored")


def _part(text: str) -> str:
    """A name for a folder; what is lost of the text is told apart by a digest."""
    safe = _UNSAFE.sub("_", text).strip(".")[:LONGEST]
    return safe if safe == text else f"{safe}-{hashlib.sha256(text.encode()).hexdigest()[:8]}"

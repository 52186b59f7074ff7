"""A connector that writes down when its passes begin and end, and where: every worker of a daemon to one file."""

import os
import time
from dataclasses import dataclass
from pathlib import Path

from omrs_connectors.sdk import IntegrationConnector


class PassRecorder(IntegrationConnector):
    """The endpoint is the file; `seconds` is how long a pass takes."""

    def refresh(self) -> None:
        self._say("begin")
        time.sleep(float(self.context.configuration_properties.get("seconds", 0.05)))
        self._say("end")

    def disconnect(self) -> None:
        self._say("gone")

    def _say(self, what: str) -> None:
        line = f"{time.monotonic():.6f} {what} {self.context.connector_name} {os.getpid()}\n"
        file = os.open(self.context.network_address, os.O_WRONLY | os.O_APPEND | os.O_CREAT)
        try:
            os.write(file, line.encode())  # one write: lines of several processes stay whole
        finally:
            os.close(file)


@dataclass(frozen=True)
class Said:
    """`at` on the clock that all processes of the machine share."""

    at: float
    what: str
    connector: str
    pid: int


def read(path: Path) -> list[Said]:
    if not path.exists():
        return []
    lines = (line.split() for line in path.read_text().splitlines())
    return sorted((Said(float(at), what, name, int(pid)) for at, what, name, pid in lines), key=lambda each: each.at)


def overlapping(said: list[Said], killed: dict[int, float]) -> list[str]:
    """Passes of one connector that ran at the same time. A process in `killed` ended its passes when it was killed."""
    wrong: list[str] = []
    running: dict[str, Said] = {}
    for each in said:
        now = running.get(each.connector)
        if each.what == "begin":
            if now is not None and killed.get(now.pid, float("inf")) > each.at:
                wrong.append(f"{each} while {now}")
            running[each.connector] = each
        elif now is not None and now.pid == each.pid:
            del running[each.connector]
    return wrong

"""Which daemons run on this machine: each worker says so in a file, so that commands find it without a URL."""

import contextlib
import os
from dataclasses import asdict, dataclass
from pathlib import Path
from urllib.parse import quote

import orjson
import psutil

from omrs_streams.paths import data_root


@dataclass(frozen=True, slots=True)
class RunningDaemon:
    """One worker of a daemon. `born`: when its process started, in seconds; ids of processes are used again."""

    daemon: str
    worker: str
    url: str
    pid: int
    born: float

    @property
    def alive(self) -> bool:
        try:
            born: float = psutil.Process(self.pid).create_time()
        except psutil.Error:
            return False
        return born == self.born

    @property
    def file(self) -> Path:
        return _folder() / f"{quote(self.daemon, safe='')} {quote(self.worker, safe='')}.json"


def announce(daemon: str, worker: str, url: str) -> RunningDaemon:
    """Says that this process is a worker of `daemon`, answering at `url`; see `withdraw`."""
    pid = os.getpid()
    found = RunningDaemon(daemon, worker, url, pid, psutil.Process(pid).create_time())
    found.file.parent.mkdir(parents=True, exist_ok=True)
    unfinished = found.file.with_suffix(f".{pid}")
    unfinished.write_bytes(orjson.dumps(asdict(found)))
    unfinished.replace(found.file)
    return found


def withdraw(announced: RunningDaemon) -> None:
    """It does not run any more."""
    announced.file.unlink(missing_ok=True)


def running() -> list[RunningDaemon]:
    """Those whose processes live, by name. What killed ones have left behind is passed over."""
    found = []
    for file in sorted(_folder().glob("*.json")):
        with contextlib.suppress(OSError, orjson.JSONDecodeError, TypeError):
            found.append(RunningDaemon(**orjson.loads(file.read_bytes())))
    return [each for each in found if each.alive]


def _folder() -> Path:
    return data_root() / "daemons" / "running"

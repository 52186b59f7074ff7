"""Which daemons run on this machine: each worker says so in a file, so that commands find it without a URL."""

import contextlib
import os
from dataclasses import asdict, dataclass
from pathlib import Path

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


def announce(daemon: str, worker: str, url: str) -> RunningDaemon:
    """Says that this process is a worker of `daemon`, answering at `url`; see `withdraw`.

    A convenience for whoever types commands: where nothing can be written, the daemon runs all the same.
    """
    pid = os.getpid()
    found = RunningDaemon(daemon, worker, url, pid, psutil.Process(pid).create_time())
    file = file_of(daemon, worker)
    unfinished = file.with_suffix(f".{pid}")
    with contextlib.suppress(OSError):
        file.parent.mkdir(parents=True, exist_ok=True)
        unfinished.write_bytes(orjson.dumps(asdict(found)))
        unfinished.replace(file)
    return found


def withdraw(daemon: str, worker: str) -> None:
    """The worker does not run any more, if this process was it."""
    file = file_of(daemon, worker)
    found = _read(file)
    if found is not None and found.pid == os.getpid():
        file.unlink(missing_ok=True)


def running() -> list[RunningDaemon]:
    """Those whose processes live, by name. What killed ones have left behind is passed over."""
    found = map(_read, sorted(_folder().glob("*.json")))
    return [each for each in found if each is not None and each.alive]


def file_of(daemon: str, worker: str) -> Path:
    return _folder() / f"{daemon} {worker}.json"


def _read(file: Path) -> RunningDaemon | None:
    try:
        return RunningDaemon(**orjson.loads(file.read_bytes()))
    except (OSError, orjson.JSONDecodeError, TypeError):  # gone meanwhile, or of another release
        return None


def _folder() -> Path:
    return data_root() / "daemons" / "running"

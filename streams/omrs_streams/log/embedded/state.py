"""What is recorded about a cluster in its data folder, and who is alive of it.

```
<data_dir>/cluster.json     cluster id; per node: ports, pid and birth of its process
           lock             held while somebody starts or stops
           node-<n>/        server.properties, log4j2.properties, data/ (Kafka's log), logs/ (what the broker says)
```
"""

import errno
import fcntl
import json
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import IO

from omrs_schemas.errors import EmbeddedKafkaError
from omrs_streams.log.embedded import process
from omrs_streams.log.embedded.ports import HOST

# Somebody else's start takes seconds, with the first download a minute or two.
LOCK_SECONDS = 180


@dataclass(frozen=True, slots=True)
class Endpoint:
    """A cluster that is up. `reused`: it was already running when `up` was called."""

    bootstrap_servers: str
    pids: tuple[int, ...]
    data_dir: Path
    reused: bool = field(default=False, compare=False)


@dataclass(slots=True)
class Node:
    """One broker (and controller): number from 1, its two ports, its process while it has one."""

    number: int
    port: int
    controller_port: int
    pid: int | None = None
    born: str | None = None

    @property
    def alive(self) -> bool:
        return process.is_ours(self.pid, self.born)

    def folder(self, data_dir: Path) -> Path:
        return data_dir / f"node-{self.number}"

    def kafka_folder(self, data_dir: Path) -> Path:
        return self.folder(data_dir) / "data"


@dataclass(slots=True)
class Cluster:
    """The content of cluster.json."""

    cluster_id: str
    nodes: list[Node]

    @property
    def bootstrap_servers(self) -> str:
        return ",".join(f"{HOST}:{node.port}" for node in self.nodes)

    def live(self) -> list[Node]:
        return [node for node in self.nodes if node.alive]

    def endpoint(self, data_dir: Path, *, reused: bool = False) -> Endpoint:
        pids = tuple(node.pid for node in self.live() if node.pid is not None)
        return Endpoint(self.bootstrap_servers, pids, data_dir, reused)

    def save(self, data_dir: Path) -> None:
        """Replace cluster.json in one step, so that a reader never sees half of it."""
        target = data_dir / "cluster.json"
        draft = target.with_name(f"cluster.json.{os.getpid()}")
        try:
            draft.write_text(json.dumps(asdict(self), indent=2) + "\n", encoding="utf-8")
            draft.replace(target)
        except OSError:
            draft.unlink(missing_ok=True)
            raise


def load(data_dir: Path) -> Cluster | None:
    """The recorded cluster; None where there is none. Raises EmbeddedKafkaError for a record that cannot be read."""
    path = data_dir / "cluster.json"
    try:
        raw = json.loads(path.read_text(encoding="utf-8"))
        return Cluster(raw["cluster_id"], [Node(**node) for node in raw["nodes"]])
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError as error:
        raise EmbeddedKafkaError(f"{path} cannot be read: {error.strerror}", path=str(path)) from error
    except (ValueError, KeyError, TypeError) as error:
        raise corrupt(data_dir, f"{path} is not a record of a cluster ({error})") from error


def running(data_dir: Path) -> Endpoint | None:
    """The endpoint of the cluster that runs on `data_dir`, or None. Reads files only; does not ask the broker."""
    cluster = load(data_dir)
    return cluster.endpoint(data_dir) if cluster and cluster.live() else None


def recorded(data_dir: Path) -> tuple[int, int] | None:
    """First port and number of nodes of the cluster that `data_dir` holds, running or not; None where it holds none."""
    cluster = load(data_dir)
    return (cluster.nodes[0].port, len(cluster.nodes)) if cluster else None


def corrupt(data_dir: Path, what: str) -> EmbeddedKafkaError:
    return EmbeddedKafkaError(
        what,
        help=f"restore {data_dir} from a copy, or give up its data with `omrs kafka wipe --data-dir {data_dir}`",
        path=str(data_dir),
    )


@contextmanager
def locked(data_dir: Path) -> Iterator[None]:
    """Hold the folder's lock, so that two `up` at once make one cluster.

    Raises EmbeddedKafkaError when the folder cannot be written or another command holds the lock too long.
    """
    deadline = time.monotonic() + LOCK_SECONDS
    while True:
        try:
            data_dir.mkdir(parents=True, exist_ok=True)
            handle = (data_dir / "lock").open("w")
        except OSError as error:
            raise not_writable(data_dir, error) from error
        with handle:
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                if time.monotonic() > deadline:
                    raise EmbeddedKafkaError(
                        f"another command has been starting or stopping the Kafka in {data_dir} for {LOCK_SECONDS} s",
                        help=f"see what holds {data_dir / 'lock'}",
                    ) from None
            else:
                if _is_still(handle, data_dir / "lock"):
                    yield
                    return
        time.sleep(process.POLL_SECONDS)


def _is_still(handle: IO[str], path: Path) -> bool:
    """Whether the file that was locked is the one others would lock: a wipe in between takes it away."""
    try:
        return os.path.samestat(os.fstat(handle.fileno()), path.stat())
    except FileNotFoundError:
        return False


def not_writable(data_dir: Path, error: OSError) -> EmbeddedKafkaError:
    """What to say of an operating system that refuses a write in `data_dir`."""
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return disk_full(data_dir, str(error.strerror))
    return EmbeddedKafkaError(
        f"the Kafka data folder {data_dir} cannot be written: {error.strerror}",
        help="give a folder of your own with --data-dir (or OMRS_DATA_DIR), or correct its permissions",
        path=str(data_dir),
    )


def disk_full(folder: Path, detail: str) -> EmbeddedKafkaError:
    return EmbeddedKafkaError(
        f"the disk of {folder} is full: {detail}",
        help="free some space, or keep the data elsewhere with --data-dir (or OMRS_DATA_DIR)",
        path=str(folder),
    )

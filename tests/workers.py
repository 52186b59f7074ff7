"""Real worker processes for tests: started by `omrs worker` on a real broker, ended at teardown whatever happens."""

import itertools
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar
from uuid import uuid4

import httpx

from omrs_schemas.typedefs.system import TypeSystem
from omrs_streams.client import MetadataClient, Retry
from omrs_streams.settings import store_dir

START_S = 120.0  # a start takes 3 s; other processes may take the machine's two cores for a while
STOP_S = 60.0  # SIGTERM to exit: open requests 5 s, the Faust app and the producer's flush 10 s each, on a busy machine
SETTLE_S = 60.0  # whatever follows asynchronously: copies, hand-over after a kill (session time-out 10 s)
PARTITIONS = 4
PATIENT = "federation: {deadline_s: 25, connect_s: 20}\n"
"""Settings of a server that waits for other members as long as a busy machine may take. By default an answer is what
has come within 5 s, and says who is missing."""

T = TypeVar("T")
_numbers = itertools.count(1)
_types = TypeSystem.builtin()


def unique(prefix: str) -> str:
    """A server, cohort or user name that no other test of this or another run uses."""
    return f"{prefix}{next(_numbers)}-{uuid4().hex[:8]}"


def eventually(found: Callable[[], T], what: str, *, within: float = SETTLE_S, every: float = 0.05) -> T:
    """The first truthy answer of `found`; AssertionError with the last answer when `within` seconds have passed."""
    deadline = time.monotonic() + within
    while True:
        answer = found()
        if answer:
            return answer
        if time.monotonic() > deadline:
            raise AssertionError(f"{what}: not within {within:.0f} s; last seen: {answer!r}")
        time.sleep(every)


def moment() -> int:
    """Epoch milliseconds that have passed: nothing before this call has a later time stamp, what comes after it has."""
    now = int(time.time() * 1000)
    eventually(lambda: int(time.time() * 1000) > now, "the clock goes on", every=0.0005)
    return now


def arrives(there: MetadataClient, expected: dict[str, Any]) -> None:
    """`there` holds an entity or relationship equal to `expected`, field by field."""
    find = there.find_relationship if expected["class"] == "Relationship" else there.find_entity
    last: list[dict[str, Any] | None] = [None]

    def equal() -> bool:
        last[0] = find(expected["guid"])
        return last[0] == expected

    try:
        eventually(equal, f"{expected['guid']} arrives")
    except AssertionError:
        assert last[0] == expected


@dataclass
class Running:
    """One worker process. `url` is empty until it has said where it listens."""

    server: str
    worker: str
    proc: "subprocess.Popen[bytes]"
    data_dir: Path
    log_path: Path
    ready_file: Path
    url: str = ""
    _clients: list[httpx.Client] = field(default_factory=list)

    @property
    def pid(self) -> int:
        return self.proc.pid

    @property
    def stores(self) -> Path:
        """The directory of this worker's stores."""
        return store_dir(self.data_dir, self.server, self.worker)

    def client(
        self, user: str = "erinoverview", *, patience: float = SETTLE_S, types: TypeSystem | None = None
    ) -> MetadataClient:
        """A client that tries again for `patience` seconds while partitions move."""
        retry = Retry(deadline=patience)
        client = MetadataClient(self.url, self.server, user, timeout=SETTLE_S, retry=retry, types=types or _types)
        self._clients.append(client._transport._http)
        return client

    def rest(self, user: str = "erinoverview", *, timeout: float = SETTLE_S) -> httpx.Client:
        """Plain HTTP below the user's base path."""
        base = f"{self.url}/servers/{self.server}/open-metadata/repository-services/users/{user}"
        client = httpx.Client(base_url=base, timeout=timeout, trust_env=False)
        self._clients.append(client)
        return client

    def ask(self, path: str, **query: str) -> Any:
        """GET one of the worker's own pages (`/status`, `/digest` …)."""
        return httpx.get(self.url + path, params=query, timeout=SETTLE_S, trust_env=False).json()

    def ask_text(self, path: str) -> str:
        """GET a page that is no JSON (`/metrics`)."""
        return httpx.get(self.url + path, timeout=SETTLE_S, trust_env=False).text

    def log_text(self) -> str:
        return self.log_path.read_text(errors="replace")

    def tail(self) -> str:
        return self.log_text()[-4000:]

    def alive(self) -> bool:
        return self.proc.poll() is None

    def wait_ready(self) -> "Running":
        """Until every partition of the server is served."""

        def ready() -> bool:
            if not self.alive():
                raise AssertionError(f"{self.server}/{self.worker} ended: {self.proc.returncode}\n{self.tail()}")
            try:
                return httpx.get(f"{self.url}/ready", timeout=5.0, trust_env=False).status_code == 200
            except httpx.TransportError:
                return False

        eventually(ready, f"{self.server}/{self.worker} ready", within=START_S)
        return self

    def kill(self) -> None:
        """kill -9."""
        self.proc.kill()
        self.proc.wait(STOP_S)
        self._close()

    def stop(self) -> int:
        """SIGTERM; the exit code. A worker that does not end in time is killed and reported."""
        if self.alive():
            self.proc.terminate()
        try:
            code = self.proc.wait(STOP_S)
        except subprocess.TimeoutExpired:
            self.kill()
            raise AssertionError(f"{self.server}/{self.worker} did not stop in {STOP_S:.0f} s\n{self.tail()}") from None
        self._close()
        return code

    def pause(self) -> None:
        self.proc.send_signal(signal.SIGSTOP)

    def wake(self) -> None:
        self.proc.send_signal(signal.SIGCONT)

    def _close(self) -> None:
        for client in self._clients:
            client.close()
        self._clients.clear()


@dataclass(frozen=True, slots=True)
class Pair:
    """Servers A and B, one worker each, members of one cohort; `ids` are their metadata collections."""

    cohort: str
    a: Running
    b: Running
    ids: tuple[str, str]


class Fleet:
    """Starts workers of one data root on one Kafka, and ends all of them."""

    def __init__(self, root: Path, bootstrap_servers: str) -> None:
        self.root = root
        self.bootstrap_servers = bootstrap_servers
        self.started: list[Running] = []

    def spawn(
        self, server: str, worker: str = "w1", cohort: str | Sequence[str] | None = None, **options: Any
    ) -> Running:
        """Start a worker without waiting for it. `options` are those of `omrs worker`, underscores for dashes."""
        number = len(self.started)
        ready, log_path = self.root / f"ready-{number}", self.root / f"{server}-{worker}-{number}.log"
        data = self.root / "data"
        cohorts = [cohort] if isinstance(cohort, str) else list(cohort or ())
        given: dict[str, Any] = {
            "partitions": PARTITIONS,
            "port": 0,
            "bootstrap_servers": self.bootstrap_servers,
            "ready_file": ready,
            **options,
        }
        argv = [sys.executable, "-m", "omrs_streams.cli.main", "worker", "--server", server, "--worker", worker]
        for name in cohorts:
            argv += ["--cohort", name]
        for name, value in given.items():
            argv += [f"--{name.replace('_', '-')}", str(value)]
        with log_path.open("wb") as log:
            proc = subprocess.Popen(
                argv,
                stdout=log,
                stderr=subprocess.STDOUT,
                cwd=self.root,
                env={**os.environ, "OMRS_DATA_DIR": str(data)},
            )
        running = Running(server, worker, proc, data, log_path, ready)
        self.started.append(running)
        return running

    def await_url(self, running: Running) -> Running:
        """Until the worker listens."""

        def said() -> str:
            if not running.alive():
                raise AssertionError(f"{running.server} ended: {running.proc.returncode}\n{running.tail()}")
            return running.ready_file.read_text() if running.ready_file.exists() else ""

        running.url = eventually(said, f"{running.server}/{running.worker} listens", within=START_S)
        return running

    def start(
        self, server: str, worker: str = "w1", cohort: str | Sequence[str] | None = None, **options: Any
    ) -> Running:
        """Start a worker and wait until the server answers everywhere."""
        return self.await_url(self.spawn(server, worker, cohort, **options)).wait_ready()

    def end(self) -> None:
        """Terminate what still runs, all at once, and show the logs to whoever reads a failure."""
        left = [running for running in self.started if running.alive()]
        for running in left:
            running.wake()
            running.proc.terminate()
        deadline = time.monotonic() + STOP_S
        for running in left:
            try:
                running.proc.wait(max(0.1, deadline - time.monotonic()))
            except subprocess.TimeoutExpired:
                running.proc.kill()
                running.proc.wait()
        for running in self.started:
            running._close()
            print(f"---- {running.server}/{running.worker} (pid {running.pid}, exit {running.proc.returncode})")
            print(running.log_text()[-6000:])


@contextmanager
def fleet(root: Path, bootstrap_servers: str) -> Iterator[Fleet]:
    root.mkdir(parents=True, exist_ok=True)
    ours = Fleet(root, bootstrap_servers)
    try:
        yield ours
    finally:
        ours.end()


def deleted(client: MetadataClient, guid: str, *, relationship: bool = False) -> dict[str, Any]:
    """The instance as soon as it is soft-deleted. What follows from another change (the old guid goes, relationships go
    with their end) does so moments after that is answered, however long the machine makes of them."""
    find = client.find_relationship if relationship else client.find_entity

    def gone() -> dict[str, Any] | None:
        found = find(guid)
        return found if found is not None and found["status"] == "DELETED" else None

    return eventually(gone, f"{guid} is deleted") or {}


def purge_old(client: MetadataClient, guid: str, type_name: str = "GlossaryTerm") -> None:
    """What a re-identified entity was is soft-deleted at home and gone elsewhere: until it is purged the members differ
    in it."""
    deleted(client, guid)
    client.purge_entity(guid, type_name=type_name)

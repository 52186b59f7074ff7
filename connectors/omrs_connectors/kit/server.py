"""A metadata server in a process of its own, on a real Kafka."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, Self, TypeVar
from uuid import uuid4

import httpx

from omrs_connectors.kit.records import Position, record_of
from omrs_connectors.runtime.inbox import Record
from omrs_connectors.sdk.config import Partner
from omrs_connectors.sdk.listener import Source
from omrs_streams.client import MetadataClient, Retry
from omrs_streams.log.consumer import read_range, watermarks
from omrs_streams.log.embedded import EmbeddedKafka
from omrs_streams.log.kafka import KafkaSettings
from omrs_streams.log.names import server_out

START_S = 120.0  # a start takes 3 s; a machine that runs many tests at once takes its time
STOP_S = 30.0  # requests, the group and the producer are given 10 s each
SETTLE_S = 60.0
PARTITIONS = 4
USER = "kit"

T = TypeVar("T")


@contextmanager
def embedded_kafka(directory: Path) -> Iterator[str]:
    """Bootstrap servers of a broker in `directory` for the length of the block; its files go with it."""
    broker = EmbeddedKafka(directory, nodes=1)
    try:
        yield broker.up().bootstrap_servers
    finally:
        broker.wipe(force=True)


class ServerProcess:
    """A metadata server with one worker, empty at first. `types`: "builtin", or the path of a types archive."""

    def __init__(self, directory: Path, bootstrap_servers: str, *, name: str = "kit", types: str = "builtin") -> None:
        self.partner = Partner(f"{name}-{uuid4().hex[:8]}")
        self.bootstrap_servers = bootstrap_servers
        self._directory = directory
        self._types = types
        root = directory / self.partner.name
        root.mkdir(parents=True)
        self.log_path, ready = root / "server.log", root / "url"
        argv = [sys.executable, "-m", "omrs_streams.cli.main", "worker", "--server", self.partner.name]
        argv += ["--partitions", str(PARTITIONS), "--port", "0", "--bootstrap-servers", bootstrap_servers]
        argv += ["--ready-file", str(ready), "--types", types]
        with self.log_path.open("wb") as log:
            self._process = subprocess.Popen(
                argv, stdout=log, stderr=subprocess.STDOUT, env={**os.environ, "OMRS_DATA_DIR": str(root / "data")}
            )
        try:
            url = self._awaited(lambda: ready.exists() and ready.read_text(), "listens")
            self.partner = Partner(self.partner.name, str(url))
            self._awaited(lambda: self._get("/ready").status_code == 200, "is ready")
        except BaseException:
            self.close()
            raise
        self.client = self.client_of(USER)
        self._conf = KafkaSettings(bootstrap_servers=bootstrap_servers).bulk_consumer(f"kit.{self.partner.name}")

    def client_of(self, user: str) -> MetadataClient:
        """A client that calls the server as `user`."""
        return MetadataClient(self.partner.url, self.partner.name, user, retry=Retry(deadline=30.0))

    def settle(self) -> None:
        """Returns when everything that was changed so far has reached the out topic."""

        def told() -> bool:
            status = self._get("/status").json()
            cursors = status["publishers"]["out"]
            return all(cursors.get(str(each["partition"]), 0) >= each["next_offset"] for each in status["partitions"])

        self._awaited(told, "has told what was changed", SETTLE_S)

    def position(self) -> Position:
        self.settle()
        topic = server_out(self.partner.name)
        return {number: high for number, (_, high) in enumerate(watermarks(self._conf, topic, PARTITIONS))}

    def events(self, since: Position) -> tuple[list[Record], Position]:
        """In the order of the times that Kafka gave them; of one guid in the order of the log."""
        topic, end = server_out(self.partner.name), self.position()
        source = Source(topic)
        ranges = {number: (since.get(number, 0), high) for number, high in end.items()}
        found = [message for batch in read_range(self._conf, topic, ranges) for message in batch]
        found.sort(key=lambda message: message.timestamp()[1])
        return [_record(source, message) for message in found], end

    def another(self) -> "ServerProcess":
        name = self.partner.name.rpartition("-")[0]
        return ServerProcess(self._directory, self.bootstrap_servers, name=name, types=self._types)

    def pause(self) -> None:
        """The server answers nobody until `wake`."""
        self._process.send_signal(signal.SIGSTOP)

    def wake(self) -> None:
        self._process.send_signal(signal.SIGCONT)

    def close(self) -> None:
        """Ends the process; one that does not end is killed."""
        if hasattr(self, "client"):
            self.client.close()
        if self._process.poll() is None:
            self._process.send_signal(signal.SIGCONT)
            self._process.terminate()
            try:
                self._process.wait(STOP_S)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait(STOP_S)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _get(self, path: str) -> httpx.Response:
        return httpx.get(self.partner.url + path, timeout=10.0, trust_env=False)

    def _awaited(self, found: Callable[[], T], what: str, within: float = START_S) -> T:
        """The first truthy answer. AssertionError with the end of the server's log where there is none."""
        deadline = time.monotonic() + within
        while True:
            with suppress(httpx.TransportError):
                answer = found()
                if answer:
                    return answer
            ended = self._process.poll()
            if ended is not None or time.monotonic() > deadline:
                why = f"it ended with {ended}" if ended is not None else f"not within {within:.0f} s"
                raise AssertionError(f"server {self.partner.name} {what}: {why}\n{self._tail()}")
            time.sleep(0.05)

    def _tail(self) -> str:
        return self.log_path.read_text(errors="replace")[-4000:]


def _record(source: Source, message: Any) -> Record:
    return record_of(
        source,
        message.partition(),
        message.offset(),
        message.key(),
        message.value(),
        message.headers() or (),
        message.timestamp()[1],
    )

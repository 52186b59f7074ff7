"""Where a run happens: a folder, a Kafka, worker processes. Everything that was started is stopped when it ends."""

import os
import secrets
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, TypeVar

import httpx
import orjson
import psutil
from confluent_kafka import KafkaException, Producer
from confluent_kafka.admin import AdminClient

from bench.corpus import Corpus
from bench.peer import SEEN
from omrs_streams.log.consumer import watermarks
from omrs_streams.log.embedded import EmbeddedKafka, running
from omrs_streams.log.kafka import KafkaSettings
from omrs_streams.log.topics import TopicFacts, TopicSpec, cohort_topics, ensure_topics, server_topics

START_S = 120.0  # a worker is ready in 3-5 s on a quiet machine
LOAD_S = 600.0
STOP_S = 30.0  # it leaves in about a second; then it is killed
PARTITIONS = 8
POLL_S = 0.05

T = TypeVar("T")


class BenchError(Exception):
    """A bench that could not be carried through; the message says which step, and shows what the process said."""


@dataclass(slots=True)
class Started:
    """A process of the run and where it answers."""

    name: str
    process: subprocess.Popen[bytes]
    output: Path
    url: str = ""

    def status(self) -> dict[str, Any]:
        found: dict[str, Any] = httpx.get(f"{self.url}/status", timeout=30.0, trust_env=False).json()
        return found

    def folded(self) -> int:
        """Records of its server log that this worker has folded."""
        return sum(partition["next_offset"] for partition in self.status()["partitions"])

    def accepted(self, topic: str) -> int:
        """Cohort events of `topic` that this worker has appended and folded."""
        wanted = f'omrs_cohort_events_total{{outcome="accepted",topic="{topic}"}} '
        text = httpx.get(f"{self.url}/metrics", timeout=30.0, trust_env=False).text
        return next((int(float(line[len(wanted) :])) for line in text.splitlines() if line.startswith(wanted)), 0)

    def cpu_seconds(self) -> float:
        """Processor time of this process so far."""
        times = psutil.Process(self.process.pid).cpu_times()
        return float(times.user + times.system)

    def check(self) -> None:
        """BenchError when it has ended."""
        if self.process.poll() is not None:
            said = self.output.read_text(errors="replace")[-2_000:]
            raise BenchError(f"{self.name} ended with code {self.process.returncode}:\n{said}")

    def stop(self) -> None:
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            try:
                self.process.wait(STOP_S)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()


class Lab:
    """One run: `kafka` is reachable, `dir` is its own, names made by `name` are nobody else's.

    `peer`: whether real Egeria members may be started beside what is measured.
    """

    def __init__(self, folder: Path, kafka: KafkaSettings, size: int) -> None:
        self.dir = folder
        self.kafka = kafka
        self.size = size
        self.partitions = PARTITIONS
        self.egeria = SEEN
        self.peer = False
        self.loaded: Started | None = None
        self._tag = secrets.token_hex(3)
        self._topics: list[str] = []
        self._started: list[Started] = []

    @cached_property
    def corpus(self) -> Corpus:
        return Corpus()

    def name(self, role: str) -> str:
        return f"bench-{role}-{self._tag}-{secrets.token_hex(2)}"

    # ---- topics ----------------------------------------------------------------------------------------------------

    def topics(self, specs: list[TopicSpec]) -> dict[str, TopicFacts]:
        """Create topics of this run; they are deleted at its end."""
        self._topics += [spec.name for spec in specs]
        return ensure_topics(self.kafka.librdkafka(), specs)

    def server(self, role: str) -> str:
        """A server's name whose topics exist."""
        name = self.name(role)
        self.topics(server_topics(name, PARTITIONS))
        return name

    def cohort(self) -> str:
        name = self.name("cohort")
        self.topics(cohort_topics(name, PARTITIONS))
        return name

    def append(self, topic: str, first: int, end: int, server: str, *, originator: bool = False) -> float:
        """Produce events of the corpus; seconds until all are acknowledged. BenchError when some are not."""
        conf = self.kafka.producer("bench")
        conf |= {"linger.ms": 20, "batch.size": 524_288}
        producer = Producer(conf)
        before = self.records(topic)
        started = time.perf_counter()
        for key, value, headers in self.corpus.events(first, end, server, originator=originator):
            while True:
                try:
                    producer.produce(topic, value, key, headers=list(headers))
                except BufferError:
                    producer.poll(0.05)
                else:
                    break
        left = producer.flush(120.0)
        took = time.perf_counter() - started
        missing = end - first - (self.records(topic) - before)
        if left or missing > 0:  # others may have written beside us
            raise BenchError(f"{missing or left} of {end - first} events did not reach {topic}")
        return took

    def records(self, topic: str) -> int:
        return sum(high - low for low, high in watermarks(self.kafka.bulk_consumer("bench"), topic, PARTITIONS))

    # ---- processes -------------------------------------------------------------------------------------------------

    def start(self, name: str, arguments: list[str], env: dict[str, str] | None = None) -> Started:
        """A Python process of this run (`python <arguments>`); its output goes to a file."""
        output = self.dir / f"{name}-{len(self._started)}.out"
        kept = {key: text for key, text in os.environ.items() if not key.startswith("OMRS_") or key == "OMRS_CACHE_DIR"}
        kept |= {"OMRS_DATA_DIR": str(self.dir), "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
        kept |= {"OMRS_SEARCH__FROM_INSTANCES": "0", **(env or {})}  # what is measured is the same at every size
        with output.open("wb") as file:
            process = subprocess.Popen([sys.executable, *arguments], env=kept, stdout=file, stderr=file, cwd=self.dir)
        started = Started(name, process, output)
        self._started.append(started)
        return started

    def worker(
        self, server: str, *, cohort: str = "", collection: str = "", wait: bool = True, name: str = "w1"
    ) -> Started:
        """`omrs worker`; ready (every partition served) when `wait`."""
        ready_file = self.dir / f"{server}-{secrets.token_hex(2)}.url"
        arguments = ["-m", "omrs_streams.cli.main", "worker", "--server", server, "--ready-file", str(ready_file)]
        arguments += ["--bootstrap-servers", self.kafka.bootstrap_servers, "--partitions", str(PARTITIONS)]
        arguments += ["--log-level", "WARNING", "--worker", name]
        if cohort:
            arguments += ["--cohort", cohort]
        if collection:
            arguments += ["--metadata-collection-id", collection]
        started = self.start(server, arguments)
        self.until(f"{server} to listen", ready_file.exists, START_S, started)
        self.until(f"{server} to say where", lambda: ready_file.read_text() != "", START_S, started)
        started.url = ready_file.read_text()
        if wait:
            self.until(f"{server} to be ready", lambda: is_ready(started.url), START_S, started)
        return started

    def load(self, task: dict[str, Any], *alive: Started, module: str = "bench.load") -> dict[str, Any]:
        """Run a task in a process of its own, which prints its result; what it printed."""
        given = self.dir / self.name("task")
        given.write_bytes(orjson.dumps(task))
        started = self.start(f"load-{task['task']}", ["-m", module, str(given)])
        self.until(f"the {task['task']} load", lambda: started.process.poll() is not None, LOAD_S, *alive)
        self._started.remove(started)
        if started.process.returncode:
            started.check()
        found: dict[str, Any] = orjson.loads(started.output.read_bytes().splitlines()[-1])
        return found

    def broker_cpu_seconds(self) -> float:
        """Processor time of the run's own broker so far; 0 for one that was given."""
        endpoint = running(self.dir / "kafka")
        times = [psutil.Process(pid).cpu_times() for pid in (endpoint.pids if endpoint else ())]
        return float(sum(each.user + each.system for each in times))

    def fetch(self, url: str) -> bytes:
        return httpx.get(url, timeout=30.0, trust_env=False).content

    def release(self) -> None:
        """Stop the loaded server, if there is one: what follows is measured without it."""
        if self.loaded is not None:
            self.stop(self.loaded)
            self.loaded = None

    def until(
        self, what: str, true: Callable[[], bool], seconds: float, *alive: Started, every: float = POLL_S
    ) -> None:
        """Wait for something; BenchError after `seconds`, or as soon as a process that has to live does not."""
        deadline = time.monotonic() + seconds
        while not true():
            for started in alive:
                started.check()
            if time.monotonic() > deadline:
                raise BenchError(f"waited {seconds:.0f} s for {what}")
            time.sleep(every)

    def stop(self, started: Started) -> None:
        started.stop()
        self._started.remove(started)

    def clean(self) -> None:
        for started in reversed(self._started):
            started.stop()
        if self._topics:
            with suppress(KafkaException):
                for future in AdminClient(self.kafka.librdkafka()).delete_topics(self._topics).values():
                    with suppress(KafkaException, TimeoutError):
                        future.result(15.0)


def is_ready(url: str) -> bool:
    try:
        return httpx.get(f"{url}/ready", timeout=5.0, trust_env=False).status_code == 200
    except httpx.TransportError:
        return False


@contextmanager
def lab(size: int, bootstrap_servers: str = "") -> Iterator[Lab]:
    """A lab on the given Kafka, or on an embedded one of its own. Its folder is deleted at the end."""
    with ExitStack() as stack:
        folder = Path(tempfile.mkdtemp(prefix="omrs-bench-"))
        stack.callback(shutil.rmtree, folder, ignore_errors=True)
        if not bootstrap_servers:
            broker = EmbeddedKafka(folder / "kafka")
            stack.callback(broker.wipe, force=True)
            bootstrap_servers = broker.up().bootstrap_servers
        made = Lab(folder, KafkaSettings(bootstrap_servers=bootstrap_servers), size)
        stack.callback(made.clean)
        yield made

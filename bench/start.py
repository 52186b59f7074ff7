"""Cold start of a broker and two members, and what all of it takes of memory with a daemon beside."""

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psutil
import yaml

from bench.lab import Lab, Started
from bench.table import Bar, Row
from omrs_streams.log.embedded import EmbeddedKafka, running
from omrs_streams.log.embedded.jars import fetch
from omrs_streams.log.kafka import KafkaSettings
from omrs_streams.log.names import cohort_instances

LIMIT_S = 120.0
COHORT = "cold"
SERVERS = ("coldA", "coldB")
START_BAR_S = 15.0
MEMORY_BAR_MB = 900.0
EVENTS = 100_000  # at most; memory is read after both members have taken this many copies
FILES = 200  # what the daemon catalogues


@dataclass(frozen=True, slots=True)
class Cold:
    """Two members of one cohort on a broker of their own, and how long their start took (s)."""

    lab: Lab
    workers: tuple[Started, ...]
    broker_s: float
    all_s: float


@contextmanager
def _cold_start(outer: Lab) -> Iterator[Cold]:
    """`omrs kafka up`, then both workers at once, until each knows the other; all of it stopped at the end."""
    outer.release()
    fetch("kafka")  # resolved before the clock starts
    folder = outer.dir / outer.name("cold")
    folder.mkdir()
    started = time.perf_counter()
    try:
        up = outer.start(
            "kafka-up", ["-m", "omrs_streams.cli.main", "kafka", "up", "--port", "0"], {"OMRS_DATA_DIR": str(folder)}
        )
        outer.until("Kafka to be up", lambda: up.process.poll() is not None, LIMIT_S, every=0.02)
        endpoint = running(folder / "kafka")
        if endpoint is None:
            up.check()
            raise AssertionError("omrs kafka up ended and nothing runs")
        broker_s = time.perf_counter() - started
        lab = Lab(folder, KafkaSettings(bootstrap_servers=endpoint.bootstrap_servers), outer.size)
        try:
            with ThreadPoolExecutor(2) as pool:
                workers = tuple(pool.map(lambda name: lab.worker(name, cohort=COHORT, wait=False), SERVERS))
            lab.until("both to be registered", lambda: all(_knows(one) for one in workers), LIMIT_S, *workers)
            yield Cold(lab, workers, broker_s, time.perf_counter() - started)
        finally:
            lab.clean()
    finally:
        EmbeddedKafka(folder / "kafka").wipe(force=True)


def _knows(worker: Started) -> bool:
    return len(worker.status()["cohorts"][COHORT]) == len(SERVERS)


def start(lab: Lab) -> list[Row]:
    """From the command to both registered; the broker's program is there already."""
    with _cold_start(lab) as cold:
        return [
            Row(
                "cold start: broker and two members, until both are registered",
                cold.all_s,
                "s",
                bar=Bar("<=", START_BAR_S, of="figure"),
                note=f"broker up after {cold.broker_s:.1f} s",
            )
        ]


def memory(lab: Lab) -> list[Row]:
    """Resident memory of broker, two members and a daemon, after both members took in copies."""
    events = min(lab.size, EVENTS)
    with _cold_start(lab) as cold:
        daemon = _daemon(cold)
        idle = _resident(cold, daemon)
        topic = cohort_instances(COHORT)
        cold.lab.append(topic, 0, events, "bench", originator=True)
        limit = LIMIT_S + events / 200

        def done() -> bool:
            return all(worker.accepted(topic) >= events for worker in cold.workers)

        cold.lab.until("both to have the copies", done, limit, daemon, *cold.workers, every=1.0)
        used = _resident(cold, daemon)
    parts = ", ".join(f"{name} {size:.0f}" for name, size in used.items())
    return [
        Row(
            "memory: broker, two members, daemon",
            sum(used.values()),
            "MB",
            bar=Bar("<=", MEMORY_BAR_MB, of="figure"),
            note=f"{parts}; after {events:,} copies each",
        ),
        Row("the same before the first copy", sum(idle.values()), "MB"),
    ]


def _daemon(cold: Cold) -> Started:
    """A daemon that has catalogued a directory of small files."""
    folder = cold.lab.dir
    tree = folder / "tree"
    tree.mkdir()
    for number in range(FILES):
        (tree / f"file{number:03d}.csv").write_text("id,name,email\n1,Ann,ann@example.org\n")
    config, ready_file = folder / "daemon.yaml", folder / "daemon.url"
    connector = {
        "connectorName": "files",
        "connectorProviderClass": "directory-catalog",
        "endpoint": {"networkAddress": str(tree)},
    }
    server = {"name": cold.workers[0].name, "url": cold.workers[0].url}
    config.write_text(yaml.safe_dump({"daemon": "cold", "server": server, "connectors": [connector]}))
    arguments = ["-m", "omrs_streams.cli.main", "daemon", "run", "--config", str(config)]
    arguments += ["--bootstrap-servers", cold.lab.kafka.bootstrap_servers, "--ready-file", str(ready_file)]
    daemon = cold.lab.start("daemon", arguments)
    cold.lab.until("the daemon to listen", ready_file.exists, LIMIT_S, daemon)

    def catalogued() -> bool:
        counts = [partition["counts"] or {} for partition in cold.workers[0].status()["partitions"]]
        return sum(int(found.get("entities", 0)) for found in counts) >= FILES

    cold.lab.until("the daemon to catalogue its files", catalogued, LIMIT_S, daemon, every=0.5)
    return daemon


def _resident(cold: Cold, daemon: Started) -> dict[str, float]:
    """MB by process."""
    endpoint = running(Path(cold.lab.dir) / "kafka")
    found = {"broker": sum(_megabytes(pid) for pid in (endpoint.pids if endpoint else ()))}
    found |= {worker.name: _megabytes(worker.process.pid) for worker in cold.workers}
    found["daemon"] = _megabytes(daemon.process.pid)
    return found


def _megabytes(pid: int) -> float:
    process = psutil.Process(pid)
    total = sum(each.memory_info().rss for each in [process, *process.children(recursive=True)])
    return float(total) / 2**20

"""`python -m bench.storm`: members that start at the same moment, in any order, while their Kafka is late, find each
other (Egeria's open defect 6353: sometimes one stays unknown until somebody restarts it).

A round: a Kafka nobody has used, `--members` members of a new cohort started within 100 ms in shuffled order, and the
broker up to `--late` seconds after them. It is complete when every member knows every other one, with nobody's help.
The broker is a real one (the embedded Kafka). The members are the workers of `omrs worker`, without REST, as tasks of
one process per round: three processes for each of a hundred rounds would mostly measure Python's start.
"""

import argparse
import asyncio
import logging
import os
import random
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Literal, get_args

import orjson
from rich.console import Console
from rich.table import Table

from bench.lab import BenchError
from omrs_streams.log.embedded import EmbeddedKafka
from omrs_streams.log.embedded.ports import choose
from omrs_streams.log.kafka import KafkaSettings
from omrs_streams.settings import CohortSettings, ServerSettings
from omrs_streams.worker.worker import Worker

LIMIT_S = 120.0  # after the broker answers; a busy machine takes several seconds for what an idle one does in two
GAP_S = 0.1  # between the first and the last start
POLL_S = 0.02
COHORT = "storm"
ROOT = Path(__file__).resolve().parents[1]

Encoding = Literal["avro", "egeria-json"]


@dataclass(frozen=True, slots=True)
class Round:
    """`late`: when the broker was started; `broker`: when it answered; `complete`: when all knew all (None: never).
    All in seconds after the first member was started."""

    number: int
    late: float
    broker: float
    complete: float | None

    @property
    def took(self) -> float | None:
        """From the broker's answer to the complete view."""
        return None if self.complete is None else self.complete - self.broker


async def one_round(number: int, members: int, late: float, seed: int, encoding: Encoding) -> Round:
    """One round, from nothing to nothing; `seed` and `number` repeat its delays and its order."""
    chance = random.Random(f"{seed}/{number}")
    folder = Path(tempfile.mkdtemp(prefix="omrs-storm-"))
    [port] = choose(1)
    broker = EmbeddedKafka(folder / "kafka", port)
    names = [f"m{each}" for each in range(members)]
    chance.shuffle(names)
    delay = chance.uniform(0.0, late)
    workers = [_worker(folder, name, port, encoding) for name in names]
    started = time.monotonic()
    tasks = [asyncio.create_task(_start(worker, chance.uniform(0.0, GAP_S))) for worker in workers]
    try:
        await asyncio.sleep(delay)
        await asyncio.to_thread(broker.up)
        up = time.monotonic() - started
        return Round(number, delay, up, await _complete(workers, tasks, started))
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await asyncio.gather(*(worker.stop() for worker in workers), return_exceptions=True)
        await asyncio.to_thread(broker.wipe, force=True)
        shutil.rmtree(folder, ignore_errors=True)


def _worker(folder: Path, name: str, port: int, encoding: Encoding) -> Worker:
    kafka = KafkaSettings(bootstrap_servers=f"127.0.0.1:{port}", extra={"log_level": 0})
    cohort = CohortSettings(name=COHORT, encoding=encoding)
    settings = ServerSettings(server=name, cohorts=[cohort], partitions=1, kafka=kafka, data_dir=folder / "data")
    return Worker(settings, f"http://{name}.invalid:1")


async def _start(worker: Worker, after: float) -> None:
    await asyncio.sleep(after)
    await worker.start()


async def _complete(workers: Sequence[Worker], tasks: Sequence["asyncio.Task[None]"], started: float) -> float | None:
    deadline = time.monotonic() + LIMIT_S
    while time.monotonic() < deadline:
        for worker, task in zip(workers, tasks, strict=True):
            if worker.failure is not None:
                raise worker.failure
            if task.done():
                task.result()
        if all(task.done() for task in tasks):
            everybody = {worker.local.collection_id for worker in workers}
            if all(worker.members() == everybody and _registered(worker) for worker in workers):
                return time.monotonic() - started
        await asyncio.sleep(POLL_S)
    return None


def _registered(worker: Worker) -> bool:
    local = worker.cohorts[COHORT].registry.local
    return local is not None and local.time is not None


def storm(
    rounds: int,
    members: int = 3,
    late: float = 20.0,
    seed: int = 6353,
    *,
    limit: float = 0.0,
    parallel: int = 1,
    encoding: Encoding = "avro",
    say: Callable[[str], object] = lambda text: None,
) -> list[Round]:
    """Run `rounds` rounds, `parallel` at a time, or as many as are begun within `limit` seconds (0: all).

    Each has a process of its own: clients of a broker that is gone would disturb those that come after.
    """
    begun = time.monotonic()

    def run(number: int) -> Round | None:
        if limit and time.monotonic() - begun > limit:
            return None
        arguments = ["--round", str(number), "--members", str(members), "--late", str(late), "--seed", str(seed)]
        arguments += ["--encoding", encoding]
        done = subprocess.run(
            [sys.executable, "-m", "bench.storm", *arguments],
            capture_output=True,
            check=False,
            cwd=ROOT,
            env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
        )
        if done.returncode:
            raise BenchError(f"round {number} failed:\n{done.stderr.decode(errors='replace')[-2_000:]}")
        one = Round(**orjson.loads(done.stdout.splitlines()[-1]))
        took = "never" if one.took is None else f"{one.took:.1f} s"
        say(f"round {number}: broker {one.late:.1f} s late, complete after {took}")
        return one

    with ThreadPoolExecutor(parallel) as pool:
        return [one for one in pool.map(run, range(1, rounds + 1)) if one is not None]


def print_rounds(found: Sequence[Round], members: int) -> None:
    """One row per stretch of lateness, and all of them."""
    table = Table(title=f"{members} members that start at once, the broker late", title_justify="left")
    for name in ("broker late", "rounds", "complete views", "median", "p95", "longest"):
        table.add_column(name, justify="right")
    stretches = [(low, low + 5.0) for low in (0.0, 5.0, 10.0, 15.0)]
    for low, high in [*stretches, (0.0, float("inf"))]:
        share = [one for one in found if low <= one.late < high]
        took = sorted(one.took for one in share if one.took is not None)
        if not share:
            continue
        figures = [statistics.median(took), took[min(len(took) - 1, int(0.95 * len(took)))], took[-1]] if took else []
        name = "all" if high == float("inf") else f"{low:.0f}-{high:.0f} s"
        shown = [f"{figure:.1f} s" for figure in figures] or ["-"] * 3
        table.add_row(name, str(len(share)), f"{len(took)} of {len(share)}", *shown)
    Console(width=100).print(table)
    print("Times are from the broker's first answer to the moment when every member knows every other one.")


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m bench.storm", description=(__doc__ or "").partition("\n\n")[0])
    parser.add_argument("--rounds", type=int, default=100)
    parser.add_argument("--members", type=int, default=3)
    parser.add_argument("--late", type=float, default=20.0, help="the broker starts up to so many seconds late")
    parser.add_argument("--seed", type=int, default=6353)
    parser.add_argument("--limit", type=float, default=0.0, help="stop after so many seconds")
    parser.add_argument("--parallel", type=int, default=1, help="rounds at a time; most of a round is waiting")
    parser.add_argument("--encoding", choices=get_args(Encoding), default="avro", help="what the members speak")
    parser.add_argument("--json", action="store_true", help="print the rounds as JSON")
    parser.add_argument("--round", type=int, default=0, help=argparse.SUPPRESS)
    given = parser.parse_args(arguments)
    if given.round:
        logging.disable(logging.ERROR)
        one = asyncio.run(one_round(given.round, given.members, given.late, given.seed, given.encoding))
        print(orjson.dumps(asdict(one)).decode())
        return 0
    found = storm(
        given.rounds,
        given.members,
        given.late,
        given.seed,
        limit=given.limit,
        parallel=given.parallel,
        encoding=given.encoding,
        say=_say,
    )
    if given.json:
        print(orjson.dumps([asdict(one) for one in found]).decode())
    else:
        print_rounds(found, given.members)
    return 0 if all(one.complete is not None for one in found) else 1


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


if __name__ == "__main__":
    with suppress(KeyboardInterrupt):
        sys.exit(main())

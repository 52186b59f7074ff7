"""Live reference copies: events of another member on the cohort's topic, folded and indexed by a real worker process."""

import threading
import time

from bench.floors import consume_decode_put
from bench.lab import BenchError, Lab, Started
from bench.table import Bar, Row
from omrs_streams.log.names import cohort_instances

SLOWEST = 200  # events a second below which the run is given up
LIVE_LIMIT = 100_000  # events of the live run: a minute is enough to see a rate
EGERIA_SEEN = 475.0  # events a second saved per receiver, Egeria 4.2, burst of 5,000


def ingest(lab: Lab) -> list[Row]:
    """Rate of a worker that is up when the events come, and of one that finds them there."""
    n = min(lab.size, LIVE_LIMIT)
    cohort = lab.cohort()
    topic = cohort_instances(cohort)
    live, produced = _live(lab, cohort, topic, n)
    backlog = _backlog(lab, cohort, n)
    floor = consume_decode_put(lab, topic)
    note = f"{n:,} events, produced in {produced:.1f} s beside it"
    bar = "owner folds what it appended"
    return [
        Row("live ingest of reference copies, indexes included", live, "ev/s", "(c)", floor, Bar(">=", 0.35), note=bar),
        Row("the same against two hops with stock Faust", live, "ev/s", "(c)", floor, Bar(">=", 0.2), note=note),
        Row("ingest of a backlog by a new member", backlog, "ev/s", "(c)", floor, Bar(">=", 0.35)),
        Row("live ingest", live, "ev/s", "Egeria 4.2", EGERIA_SEEN, Bar(">=", 10), measured=False),
    ]


def _live(lab: Lab, cohort: str, topic: str, n: int) -> tuple[float, float]:
    """Events per second from the first produce until all are folded; seconds that producing took."""
    server = lab.server("live")
    worker = lab.worker(server, cohort=cohort)
    warm = min(200, n)
    # The first events pay for imports and for the first rebalance; they are not counted.
    lab.append(topic, 0, warm, "bench", originator=True)
    _until_folded(lab, worker, warm, warm)
    took: list[float] = []
    failed: list[BaseException] = []

    def produce() -> None:
        try:
            took.append(lab.append(topic, warm, warm + n, "bench", originator=True))
        except BaseException as error:
            failed.append(error)

    producer = threading.Thread(target=produce, daemon=True)
    started = time.perf_counter()
    producer.start()
    _until_folded(lab, worker, warm + n, n)
    seconds = time.perf_counter() - started
    producer.join(30.0)
    if failed:
        raise BenchError("the corpus could not be produced") from failed[0]
    lab.stop(worker)
    return n / seconds, took[0]


def _backlog(lab: Lab, cohort: str, n: int) -> float:
    """Events per second of a worker that starts with the events there, from its first fold on."""
    server = lab.server("late")
    worker = lab.worker(server, cohort=cohort, wait=False)
    total = lab.records(cohort_instances(cohort))
    lab.until("the first fold", lambda: worker.folded() > 0, 60.0, worker)
    already = worker.folded()
    started = time.perf_counter()
    _until_folded(lab, worker, total, n)
    rate = (total - already) / (time.perf_counter() - started)
    lab.stop(worker)
    return rate


def _until_folded(lab: Lab, worker: Started, records: int, waited_for: int) -> None:
    limit = 30.0 + waited_for / SLOWEST
    lab.until(f"{records} records to be folded", lambda: worker.folded() >= records, limit, worker, every=0.1)

"""Live reference copies: events of another member on a cohort's topic, folded and indexed by a real worker process."""

from concurrent.futures import ThreadPoolExecutor

from bench.floors import consume_decode_put
from bench.lab import Lab, Started, is_ready
from bench.measure import Measured, Stopwatch, combined
from bench.table import Bar, Row
from omrs_streams.log.names import cohort_instances, server_log

SLOWEST = 200  # events a second below which the run is given up
LIMIT_S = 60.0  # besides, for starting and for a busy machine
WARM = 200
LIVE_LIMIT = 100_000  # events of the live run: a minute is enough to see a rate


def ingest(lab: Lab) -> list[Row]:
    """Rate of a worker that is up when the events come, and of one that finds them there."""
    n = min(lab.size, LIVE_LIMIT)
    cohort = lab.cohort()
    topic = cohort_instances(cohort)
    live = _live(lab, cohort, topic, n)
    pair_cohort = lab.cohort()
    pair = _live_pair(lab, pair_cohort, cohort_instances(pair_cohort), n)
    between = consume_decode_put(lab, topic)
    backlog = _backlog(lab, cohort, topic)
    floor = combined(between, consume_decode_put(lab, topic))
    egeria = lab.egeria
    return [
        Row("floor (c): consume + fastavro decode + RocksDB put, 1 process", floor.rate, "ev/s", note=floor.cpu),
        Row("live ingest, every index", live.rate, "ev/s", "(c)", floor.rate, Bar(">=", 0.35), note=live.cpu),
        Row(
            "live ingest, 2 workers of one server", pair.rate, "ev/s", "(c)", floor.rate, Bar(">=", 0.35), note=pair.cpu
        ),
        Row("live ingest (bar of two hops, stock Faust)", live.rate, "ev/s", "(c)", floor.rate, Bar(">=", 0.2)),
        Row(
            "live ingest beside Egeria",
            live.rate,
            "ev/s",
            "Egeria 4.2",
            egeria.saves,
            Bar(">=", 10),
            measured=egeria.measured,
        ),
        Row(
            "ingest of a backlog by a new member",
            backlog.rate,
            "ev/s",
            "(c)",
            floor.rate,
            Bar(">=", 0.35),
            note=backlog.cpu,
        ),
    ]


def _live(lab: Lab, cohort: str, topic: str, n: int) -> Measured:
    """From the first produce until all are folded; the producer runs beside it, in this process."""
    worker = lab.worker(lab.server("live"), cohort=cohort)
    # The first events pay for imports and for the first rebalance; they are not counted.
    lab.append(topic, 0, WARM, "bench", originator=True)
    _until(lab, worker, topic, WARM)
    with ThreadPoolExecutor(1) as pool:
        with Stopwatch(worker) as watch:
            produced = pool.submit(lab.append, topic, WARM, WARM + n, "bench", originator=True)
            _until(lab, worker, topic, WARM + n)
        produced.result(LIMIT_S)
    lab.stop(worker)
    return watch.measured(n)


def _live_pair(lab: Lab, cohort: str, topic: str, n: int) -> Measured:
    """The same at two workers that share the partitions of one server, each with an interpreter of its own."""
    server = lab.server("pair")
    first = lab.worker(server, cohort=cohort)
    workers = [first, lab.worker(server, cohort=cohort, name="w2")]
    lab.until("both to have a share", lambda: all(w.status()["partitions"] for w in workers), LIMIT_S, *workers)
    lab.until("every partition to be served", lambda: all(is_ready(w.url) for w in workers), LIMIT_S, *workers)

    def folded() -> int:
        return sum(worker.accepted(topic) for worker in workers)

    def done(events: int) -> None:
        limit, log = LIMIT_S + events / SLOWEST, server_log(server)
        lab.until(f"{events} events to be appended", lambda: lab.records(log) >= events, limit, *workers, every=0.1)
        lab.until(f"{events} events to be folded", lambda: folded() >= events, limit, *workers, every=0.1)

    lab.append(topic, 0, WARM, "bench", originator=True)
    done(WARM)
    with ThreadPoolExecutor(1) as pool:
        with Stopwatch(*workers) as watch:
            produced = pool.submit(lab.append, topic, WARM, WARM + n, "bench", originator=True)
            done(WARM + n)
        produced.result(LIMIT_S)
    for worker in workers:
        lab.stop(worker)
    return watch.measured(n)


def _backlog(lab: Lab, cohort: str, topic: str) -> Measured:
    """A worker that starts with the events there, from its first fold on."""
    worker = lab.worker(lab.server("late"), cohort=cohort, wait=False)
    total = lab.records(topic)
    lab.until("the first fold", lambda: worker.accepted(topic) > 0, LIMIT_S, worker)
    with Stopwatch(worker) as watch:
        already = worker.accepted(topic)
        _until(lab, worker, topic, total)
    lab.stop(worker)
    return watch.measured(total - already)


def _until(lab: Lab, worker: Started, topic: str, events: int) -> None:
    """Asks Kafka how far the server log is, and the worker only when everything is in it: asking costs it 10 ms."""
    limit = LIMIT_S + events / SLOWEST
    log = server_log(worker.name)
    lab.until(f"{events} events to be appended", lambda: lab.records(log) >= events, limit, worker, every=0.1)
    lab.until(f"{events} events to be folded", lambda: worker.accepted(topic) >= events, limit, worker, every=0.1)

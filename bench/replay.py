"""Replay of a server log: until readable by guid, and until every index is complete."""

import gc
import shutil
import time
from pathlib import Path

from bench.faust_recovery import recovery_rate
from bench.floors import consume_decode_put, consume_only
from bench.lab import Lab
from bench.table import Bar, Row
from omrs_streams.log.names import server_log
from omrs_streams.replay.log import open_log
from omrs_streams.replay.rebuild import Job, rebuild

CONSTANCY_FROM = 100_000
CONSTANCY_AT = 1_000_000


def replay(lab: Lab) -> list[Row]:
    """Rows of replay at the lab's size; at a million events also the constancy of the rate."""
    n = lab.size
    server = filled_server(lab, n)
    topic = server_log(server)
    consume_only(lab, topic)  # once unmeasured: everybody reads from the page cache
    floor_a = consume_only(lab, topic)
    floor_c = consume_decode_put(lab, topic)
    one = rebuilt(lab, server, 1, index=False)[0]
    two = rebuilt(lab, server, 2, index=False)[0]
    indexed = rebuilt(lab, server, 2, index=True)[1]
    indexed_one = rebuilt(lab, server, 1, index=True)[1]
    faust = recovery_rate(lab, max(2_000, min(n // 10, 20_000)))
    rows = [
        Row("floor (a): consume only, 1 process", floor_a, "ev/s"),
        Row("floor (c): consume + fastavro decode + RocksDB put, 1 process", floor_c, "ev/s"),
        Row("replay, readable by guid, 1 process", one, "ev/s", "(a)", floor_a, Bar(">=", 0.45)),
        Row("replay, readable by guid, 2 processes", two, "ev/s", "(a)", floor_a, Bar(">=", 0.45)),
        Row("replay, readable by guid, best of the two", max(one, two), "ev/s", "Faust Table recovery", faust, Bar(">=", 10)),
        Row("replay, all indexes, 1 process", indexed_one, "ev/s", "(c)", floor_c),
        Row("replay, all indexes, 2 processes", indexed, "ev/s", "(c)", floor_c, Bar(">=", 1.0)),
    ]
    if n >= CONSTANCY_AT:
        small = filled_server(lab, CONSTANCY_FROM)
        consume_only(lab, server_log(small))
        rate = rebuilt(lab, small, 2, index=True)[1]
        what = f"replay, all indexes, 2 processes: {n:,} events against {CONSTANCY_FROM:,}"
        rows.append(Row(what, indexed, "ev/s", f"at {CONSTANCY_FROM:,}", rate, Bar(">=", 0.90)))
    return rows


def filled_server(lab: Lab, events: int) -> str:
    """A server whose log holds the first `events` events of the corpus, its own home instances."""
    server = lab.server("log")
    lab.append(server_log(server), 0, events, server)
    return server


def rebuilt(lab: Lab, server: str, processes: int, *, index: bool, stores: Path | None = None) -> tuple[float, float]:
    """Events per second until readable and until the end, from the call on; the stores are deleted unless named."""
    log = open_log(lab.kafka, server)
    folder = stores or lab.dir / lab.name("stores")
    job = Job(
        folder,
        log.facts.name,
        log.facts.topic_id,
        lab.kafka.bulk_consumer("omrs.replay"),
        lab.corpus.types.gallery(),
        log.ends,
        index,
    )
    gc.collect()
    started = time.perf_counter()
    readable = 0.0
    for progress in rebuild(job, processes):
        if progress.folded:
            readable = time.perf_counter() - started
    total = time.perf_counter() - started
    if stores is None:
        shutil.rmtree(folder)
    return log.records / readable, log.records / total

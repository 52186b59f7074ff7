"""Replay of a server log: until readable by guid, and until every index is complete."""

import gc
import shutil
from pathlib import Path

from bench.faust_recovery import recovery_rate
from bench.floors import consume_decode_put, consume_only
from bench.lab import BenchError, Lab
from bench.measure import Measured, Stopwatch, combined
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
    # Floors before, between and after: what else runs on the machine should hit them as it hits us.
    before_a, before_c = consume_only(lab, topic), consume_decode_put(lab, topic)
    one, two = rebuilt(lab, server, 1, index=False), rebuilt(lab, server, 2, index=False)
    a = combined(before_a, consume_only(lab, topic))
    indexed_one, indexed = rebuilt(lab, server, 1, index=True), rebuilt(lab, server, 2, index=True)
    c = combined(before_c, consume_decode_put(lab, topic))
    faust = recovery_rate(lab, max(2_000, min(n // 10, 20_000)))
    best = max(one.rate, two.rate)
    rows = [
        Row("floor (a): consume only, 1 process", a.rate, "ev/s", note=a.cpu),
        Row("floor (c): consume + fastavro decode + RocksDB put, 1 process", c.rate, "ev/s", note=c.cpu),
        Row("replay, readable by guid, 1 process", one.rate, "ev/s", "(a)", a.rate, Bar(">=", 0.45), note=one.cpu),
        Row("replay, readable by guid, 2 processes", two.rate, "ev/s", "(a)", a.rate, Bar(">=", 0.45), note=two.cpu),
        Row("replay, readable by guid, the better", best, "ev/s", "Faust Table recovery", faust, Bar(">=", 10)),
        Row("replay, every index, 1 process", indexed_one.rate, "ev/s", "(c)", c.rate, note=indexed_one.cpu),
        Row("replay, every index, 2 processes", indexed.rate, "ev/s", "(c)", c.rate, Bar(">=", 1.0), note=indexed.cpu),
    ]
    if n >= CONSTANCY_AT:
        small = filled_server(lab, CONSTANCY_FROM)
        consume_only(lab, server_log(small))
        rate = rebuilt(lab, small, 2, index=True).rate
        what = f"replay, every index, {n:,} against {CONSTANCY_FROM:,} events"
        rows.append(Row(what, indexed.rate, "ev/s", f"at {CONSTANCY_FROM:,}", rate, Bar(">=", 0.90)))
    return rows


def filled_server(lab: Lab, events: int) -> str:
    """A server whose log holds the first `events` events of the corpus, its own home instances."""
    server = lab.server("log")
    lab.append(server_log(server), 0, events, server)
    return server


def rebuilt(lab: Lab, server: str, processes: int, *, index: bool, stores: Path | None = None) -> Measured:
    """From the call on, until the last event can be read or, with `index`, until every index is complete.

    The stores are deleted unless they are named.
    """
    log = open_log(lab.kafka, server)
    folder = stores or lab.dir / lab.name("stores")
    conf = lab.kafka.bulk_consumer("omrs.replay")
    job = Job(folder, log.facts.name, log.facts.topic_id, conf, lab.corpus.types.gallery(), log.ends, index)
    gc.collect()
    folded = 0
    with Stopwatch() as watch:
        for progress in rebuild(job, processes):
            folded += progress.folded
    if stores is None:
        shutil.rmtree(folder)
    if folded != log.records:
        raise BenchError(f"the replay of {server} folded {folded} of {log.records} records")
    return watch.measured(folded)

"""REST: creates with four clients, from A to B with one write in flight, reads by guid."""

from random import Random
from typing import Any

from rocksdict import Options, Rdict, WriteBatch

from bench.corpus import entities_in, guid_of
from bench.lab import Lab, Started
from bench.load import USER
from bench.loaded import loaded
from bench.table import Bar, Row, percentiles, show

CLIENTS = 4
COPIES = 200
READS = 5_000
BATCH = 10_000


def create(lab: Lab) -> list[Row]:
    """Two members of a cohort; creates at the first with the second receiving, then one write at a time."""
    here, there = pair(lab)
    lab.load({"task": "create", "threads": CLIENTS, "count": 200, "first": 900_000_000, **_at(here)}, here, there)
    count = max(CLIENTS * 50, min(lab.size // 20, 5_000))
    before = _busy(lab, here, there)
    made = lab.load({"task": "create", "threads": CLIENTS, "count": count, **_at(here)}, here, there)
    used = [then - now for then, now in zip(_busy(lab, here, there), before, strict=True)]
    half, most = percentiles(made["times"])
    rate = len(made["times"]) / made["seconds"]
    other = {"other_url": there.url, "other_server": there.name}
    lab.load({"task": "copy", "count": 20, **_at(here), **other}, here, there)
    copied = lab.load({"task": "copy", "count": min(COPIES, lab.size // 50), **_at(here), **other}, here, there)
    across, across_most = percentiles(copied["times"])
    write, _ = percentiles(copied["writes"])
    for started in (here, there):
        lab.stop(started)
    note = f"p50 {show(half)} ms, p99 {show(most)} ms, {len(made['times']):,} entities; {_shares(used, made)}"
    spread = f"p99 {show(across_most)} ms; the write alone p50 {show(write)} ms"
    return [
        Row(
            f"create entity by REST, folded, {CLIENTS} clients",
            rate,
            "/s",
            "Egeria 4.2",
            lab.egeria.creates,
            Bar(">=", 5),
            measured=lab.egeria.measured,
            note=note,
        ),
        Row(
            "write at A → readable at B, one in flight, p50",
            across,
            "ms",
            "Egeria 4.2",
            lab.egeria.copy_ms,
            Bar("<=", 0.05),
            measured=lab.egeria.measured,
            note=spread,
        ),
    ]


def _busy(lab: Lab, here: Started, there: Started) -> tuple[float, ...]:
    """Processor time (s) so far of the member that is written to, the one that receives, and the broker."""
    return here.cpu_seconds(), there.cpu_seconds(), lab.broker_cpu_seconds()


def _shares(used: list[float], made: dict[str, Any]) -> str:
    """Who uses the processor for one create: on a machine that does other things beside it, steadier than the rate."""
    named = zip(("member", "receiver", "broker", "client"), [*used, made["cpu"]], strict=True)
    each = [f"{name} {seconds / len(made['times']) * 1e3:.2f}" for name, seconds in named if seconds]
    return f"ms CPU each: {', '.join(each)}"


def _at(started: Started) -> dict[str, str]:
    return {"url": started.url, "server": started.name}


def pair(lab: Lab) -> tuple[Started, Started]:
    """Two members of a cohort of their own that know each other."""
    cohort = lab.cohort()
    here, there = (lab.worker(lab.server(role), cohort=cohort) for role in ("one", "two"))

    def known() -> bool:
        return all(len(one.status()["cohorts"][cohort]) == 2 for one in (here, there))

    lab.until("both members to be registered", known, 60.0, here, there)
    return here, there


def get(lab: Lab) -> list[Row]:
    """getEntity at a server that holds the corpus, against a RocksDB get behind a bare route; in turns, one client."""
    worker = loaded(lab)
    count = entities_in(lab.size)
    guids = [guid_of(ordinal) for ordinal in Random(1).sample(range(count), min(READS, count // 2))]
    path = (
        f"{worker.url}/servers/{worker.name}/open-metadata/repository-services/users/{USER}/instances/entity/{guids[0]}"
    )
    bare = _bare(lab, size=len(lab.fetch(path)))
    times = lab.load({"task": "get", **_at(worker), "bare_url": bare.url, "guids": guids}, worker, bare)
    lab.stop(bare)
    half, most = percentiles(times["times"])
    floor_half, floor_most = percentiles(times["bare"])
    return [
        Row("getEntity by guid over REST, p50", half, "ms", "RocksDB get + bare route", floor_half),
        Row("getEntity by guid over REST, p99", most, "ms", "RocksDB get + bare route", floor_most, Bar("<=", 3)),
    ]


def _bare(lab: Lab, size: int) -> Started:
    path = lab.dir / lab.name("bare")
    options = Options(raw_mode=True)
    options.create_if_missing(True)
    database = Rdict(str(path), options)
    batch = WriteBatch(raw_mode=True)
    for number, (key, value, _) in enumerate(lab.corpus.events(0, lab.size, "bare"), 1):
        batch.put(key, value)
        if number % BATCH == 0:
            database.write(batch)
            batch = WriteBatch(raw_mode=True)
    database.write(batch)
    database.close()
    ready_file = lab.dir / lab.name("bare-url")
    started = lab.start("bare", ["-m", "bench.bare", str(path), str(size), str(ready_file)])
    lab.until("the bare server to listen", lambda: ready_file.exists() and ready_file.read_text() != "", 60.0, started)
    started.url = ready_file.read_text()
    return started

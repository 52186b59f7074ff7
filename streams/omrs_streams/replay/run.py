"""A whole replay: read the log's end, rebuild, compare when asked, put the new stores in use."""

import shutil
import time
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import Any

import httpx

from omrs_schemas.codec import EventCodec
from omrs_schemas.errors import ReplayError
from omrs_streams.log.kafka import KafkaSettings
from omrs_streams.replay.log import ServerLog, open_log, server_type_system
from omrs_streams.replay.rebuild import Job, Progress, Rebuilt, rebuild
from omrs_streams.replay.verify import Live, compare
from omrs_streams.settings import BUILTIN_TYPES
from omrs_streams.store.identity import LogIdentity
from omrs_streams.store.location import next_path, partitions_of, remove_stale, switch
from omrs_streams.store.partition import PartitionStore
from omrs_streams.worker.directory import ANSWER_S, Owner

REOPEN_TIMEOUT_S = 120.0  # a live worker folds what was appended since the rebuild before it serves the new store

Bar = Callable[[int], AbstractContextManager[Callable[[int], None]]]
"""Given the number of records: a context that yields what to call with each number of records done."""


def no_bar(_: int) -> AbstractContextManager[Callable[[int], None]]:
    return nullcontext(lambda done: None)


def run_replay(
    kafka: KafkaSettings,
    server: str,
    worker: str,
    stores: Path,
    *,
    from_scratch: bool = False,
    verify: bool = False,
    processes: int = 1,
    types: str = BUILTIN_TYPES,
    bar: Bar = no_bar,
) -> dict[str, Any]:
    """Rebuild the stores of `worker` and put them in use; the figures of the run.

    The stores in use are read and served meanwhile. Raises ReplayError when there is nothing to replay, or when
    `verify` finds a difference (nothing is switched then).
    """
    log = open_log(kafka, server)
    system = server_type_system(kafka, server, types)
    codec = EventCodec(system)
    running = next((owner for owner in log.owners.values() if owner.worker == worker and _answers(owner)), None)
    partitions = _partitions(log, stores, running)
    if from_scratch:
        for number in partitions:
            shutil.rmtree(next_path(stores, number), ignore_errors=True)
    live = Live(stores, log.facts.name, log.facts.topic_id, codec, running)
    ends = {number: log.ends[number] for number in partitions}
    if verify:
        ends.update(_live_offsets(live, partitions))
    job = Job(stores, log.facts.name, log.facts.topic_id, kafka.bulk_consumer("omrs.replay"), system.gallery(), ends)
    rebuilt = _run(job, processes, log, bar)
    digests = _verify(job, live, codec) if verify else {}
    _switch(stores, partitions, running)
    rate = rebuilt.records / rebuilt.folding_s if rebuilt.folding_s else 0.0
    return {
        "server": server,
        "worker": worker,
        "partitions": partitions,
        "records": rebuilt.records,
        "poison": rebuilt.poison,
        "seconds_until_readable": round(rebuilt.folding_s, 3),
        "seconds_until_indexed": round(rebuilt.total_s, 3),
        "records_per_second": round(rate),
        "verified": digests if verify else None,
        "live": running is not None,
    }


def _partitions(log: ServerLog, stores: Path, running: Owner | None) -> list[int]:
    if running is not None:
        return sorted(number for number, owner in log.owners.items() if owner == running)
    return [n for n in partitions_of(stores) if n in log.ends] or sorted(log.ends)


def _answers(owner: Owner) -> bool:
    try:
        return httpx.get(f"{owner.url}/health", timeout=ANSWER_S, trust_env=False).status_code == 200
    except httpx.TransportError:
        return False


def _live_offsets(live: Live, partitions: list[int]) -> dict[int, int]:
    """Where the stores in use stand: a rebuild is compared at the same offset."""
    found = {number: live.digest(number) for number in partitions}
    return {number: known.next_offset for number, known in found.items() if known is not None}


def _run(job: Job, processes: int, log: ServerLog, bar: Bar) -> Rebuilt:
    total = sum(max(0, end - log.starts[number]) for number, end in job.ends.items())
    started = time.monotonic()
    result = Rebuilt(partitions=sorted(job.ends))
    with bar(total) as advance:
        for progress in rebuild(job, processes):
            _count(result, progress, started, advance)
    result.total_s = time.monotonic() - started
    return result


def _count(result: Rebuilt, progress: Progress, started: float, advance: Callable[[int], None]) -> None:
    result.records += progress.folded
    result.poison += progress.poison
    if progress.folded:
        result.folding_s = time.monotonic() - started
        advance(progress.folded)


def _verify(job: Job, live: Live, codec: EventCodec) -> dict[int, str]:
    digests = {}
    for number in job.ends:
        identity = LogIdentity(job.topic, job.topic_id, number)
        with PartitionStore.open(next_path(job.stores, number), identity, codec) as store:
            digests[number] = compare(store, live, codec)[0].hex
    return digests


def _switch(stores: Path, partitions: list[int], running: Owner | None) -> None:
    for number in partitions:
        switch(stores, number)
    if running is not None:
        response = httpx.post(
            f"{running.url}/internal/v1/reopen",
            json={"partitions": partitions},
            timeout=REOPEN_TIMEOUT_S,
            trust_env=False,
        )
        if response.status_code != 200:
            raise ReplayError(
                f"worker {running.worker} did not take the rebuilt stores: {response.text[:200]}",
                help="restart the worker: it opens them",
            )
    for number in partitions:
        remove_stale(stores, number)

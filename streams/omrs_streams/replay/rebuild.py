"""One process of a replay: fold raw records of some partitions into the next generation of their stores.

The pass that makes instances readable decodes nothing; the indexes are built afterwards, one decode per guid
(DESIGN.md, "Live path and replay"). Both can be interrupted: offsets are stored with the state.
"""

import multiprocessing
import os
import queue
import signal
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from omrs_schemas.codec import EventCodec
from omrs_schemas.errors import OmrsError, PoisonRecordError, ReplayError
from omrs_schemas.typedefs.system import TypeSystem
from omrs_streams.collection import few_collections, settle_heap
from omrs_streams.log.consumer import read_range
from omrs_streams.log.record import LogRecord
from omrs_streams.store.identity import LogIdentity
from omrs_streams.store.location import next_path
from omrs_streams.store.partition import PartitionStore

REPORT_S = 0.2  # between progress messages: fast enough for a bar, slow enough to cost nothing
STOP_S = 5.0  # a process that was told to stop gets so long to close its stores


@dataclass(frozen=True, slots=True)
class Job:
    """What to rebuild: partition -> end offset (exclusive) at which the rebuild stops."""

    stores: Path
    topic: str
    topic_id: str
    conf: dict[str, Any]
    types: dict[str, Any]
    ends: dict[int, int]
    index: bool = True


@dataclass(frozen=True, slots=True)
class Progress:
    """`folded`: records since the last message; `indexed` and `to_index`: guids of one partition."""

    partition: int
    folded: int = 0
    poison: int = 0
    indexed: int = 0
    to_index: int = 0
    done: bool = False


@dataclass(slots=True)
class Rebuilt:
    """The end of a replay. Times in seconds, summed over nothing: `folding_s` is wall time of the first pass."""

    records: int = 0
    poison: int = 0
    folding_s: float = 0.0
    total_s: float = 0.0
    partitions: list[int] = field(default_factory=list)


def rebuild(job: Job, processes: int) -> Iterator[Progress]:
    """Run `job` in up to `processes` processes; progress as it comes. ReplayError when one of them fails.

    One process runs here, without a child: a small replay should not pay for starting interpreters.
    """
    shares = [share for share in _split(job, processes) if share.ends]
    if len(shares) == 1:
        yield from _rebuild(shares[0])
        return
    context = multiprocessing.get_context("spawn")  # forking a process that holds librdkafka or RocksDB hangs
    messages: multiprocessing.Queue[Any] = context.Queue()
    children = [context.Process(target=_child, args=(share, messages), daemon=True) for share in shares]
    for child in children:
        child.start()
    running = len(children)
    try:
        while running:
            try:
                message = messages.get(timeout=1.0)
            except queue.Empty:
                dead = [child for child in children if child.exitcode not in (None, 0)]
                if dead:
                    raise ReplayError(
                        f"a replay process ended with code {dead[0].exitcode}",
                        help="run the same command again: it resumes",
                    ) from None
                continue
            if message is None:
                running -= 1
            elif isinstance(message, BaseException):
                raise message
            else:
                yield message
    finally:
        for child in children:
            if running:
                child.terminate()
            child.join(STOP_S)


def _split(job: Job, processes: int) -> list[Job]:
    """Shares of about equal length: the longest partition first, each to the share that has least."""
    shares: list[dict[int, int]] = [{} for _ in range(max(1, processes))]
    for number, end in sorted(job.ends.items(), key=lambda item: -item[1]):
        min(shares, key=lambda share: sum(share.values()))[number] = end
    return [Job(job.stores, job.topic, job.topic_id, job.conf, job.types, share, job.index) for share in shares]


def _child(job: Job, messages: Any) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent decides; it terminates its children
    threading.Thread(target=_end_with_parent, daemon=True).start()
    settle_heap()
    try:
        for progress in _rebuild(job):
            messages.put(progress)
    except OmrsError as error:
        messages.put(error)
    finally:
        messages.put(None)


def _end_with_parent() -> None:
    """A parent that was killed cannot terminate its children, which would keep the stores locked for the next run."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)


def _rebuild(job: Job) -> Iterator[Progress]:
    types = TypeSystem()
    types.load_gallery(job.types["attributeTypeDefs"], job.types["typeDefs"])
    codec = EventCodec(types)
    stores = {
        number: PartitionStore.open(
            next_path(job.stores, number), LogIdentity(job.topic, job.topic_id, number), codec, bulk=True
        )
        for number in job.ends
    }
    try:
        with few_collections():
            yield from _fold(job, stores)
            for number, store in stores.items():
                if job.index and not store.indexed:
                    yield from _index(number, store)
                yield Progress(number, done=True)
    finally:
        for store in stores.values():
            store.close()


def _fold(job: Job, stores: dict[int, PartitionStore]) -> Iterator[Progress]:
    ranges = {number: (store.next_offset, job.ends[number]) for number, store in stores.items()}
    folded = dict.fromkeys(stores, 0)
    poison = dict.fromkeys(stores, 0)
    reported = time.monotonic()
    parse = LogRecord.parse
    batches: Iterator[list[Any]] = read_range(job.conf, job.topic, ranges)
    for batch in batches:
        records: dict[int, list[LogRecord]] = {}
        for message in batch:
            number = message.partition()
            try:
                record = parse(number, message.offset(), message.key(), message.value(), message.headers())
            except PoisonRecordError:
                poison[number] += 1
                continue
            found = records.get(number)
            if found is None:
                records[number] = [record]
            else:
                found.append(record)
        for number, found in records.items():
            stores[number].apply(found, index=False)
            folded[number] += len(found)
        if time.monotonic() - reported > REPORT_S:
            reported = time.monotonic()
            yield from _report(folded, poison)
    for number, store in stores.items():
        store.skip_to(job.ends[number])
    yield from _report(folded, poison)


def _report(folded: dict[int, int], poison: dict[int, int]) -> Iterator[Progress]:
    for number, count in folded.items():
        if count or poison[number]:
            yield Progress(number, folded=count, poison=poison[number])
            folded[number] = poison[number] = 0


def _index(number: int, store: PartitionStore) -> Iterator[Progress]:
    seen: list[Progress] = []
    store.build_indexes(lambda done, of: seen.append(Progress(number, indexed=done, to_index=of)))
    yield from seen[-1:]

"""Peer: Faust rebuilding a Table of its own from the changelog, with its RocksDB store, in a process of its own.

`python -m bench.faust_recovery <bootstrap> <app id> <folder> <records>` prints the records per second from the
assignment of the partitions to the end of recovery.
"""

import asyncio
import logging
import os
import sys
import time
import traceback
from pathlib import Path
from typing import Any

from bench.lab import PARTITIONS, BenchError, Lab
from omrs_streams.log.topics import COMPACTED, FOREVER, TopicSpec

RECOVERY_S = 240.0
TABLE = "instances"


def recovery_rate(lab: Lab, records: int) -> float:
    """Records per second of Faust's own recovery of `records` changelog records."""
    app_id = lab.name("faust")
    source, changelog = f"{app_id}-source", f"{app_id}-{TABLE}-changelog"
    lab.topics(
        [
            TopicSpec(source, PARTITIONS, FOREVER),
            TopicSpec(changelog, PARTITIONS, COMPACTED),
            TopicSpec(f"{app_id}-__assignor-__leader", 1, FOREVER),
        ]
    )
    lab.append(changelog, 0, records, app_id)
    folder = lab.dir / app_id
    folder.mkdir()
    arguments = ["-m", "bench.faust_recovery", lab.kafka.bootstrap_servers, app_id, str(folder), str(records)]
    started = lab.start(app_id, arguments)
    lab.until("Faust to recover its table", lambda: started.process.poll() is not None, RECOVERY_S)
    said = started.output.read_text(errors="replace")
    for line in said.splitlines():
        if line.startswith("RATE "):
            return float(line.split()[1])
    raise BenchError(f"Faust did not recover its table:\n{said[-2_000:]}")


async def _recover(bootstrap: str, app_id: str, folder: Path, records: int) -> float:
    import faust

    app = faust.App(
        app_id,
        broker=f"kafka://{bootstrap}",
        store="rocksdb://",
        datadir=str(folder),
        topic_partitions=PARTITIONS,
        topic_allow_declare=False,
        web_enabled=False,
        autodiscover=False,
        key_serializer="raw",
        value_serializer="raw",
    )
    table: Any = app.Table(
        TABLE,
        partitions=PARTITIONS,
        key_type=bytes,
        value_type=bytes,
        options={"block_cache_size": 8 << 20},
    )
    source = app.topic(f"{app_id}-source", key_type=bytes, value_type=bytes)

    async def feed(stream: Any) -> None:
        async for key, value in stream.items():
            table[key] = value

    app.agent(source)(feed)
    assigned = 0.0
    recovered = asyncio.Event()

    async def on_assigned(*_: Any, **__: Any) -> None:
        nonlocal assigned
        assigned = time.perf_counter()

    async def on_recovered() -> None:
        recovered.set()

    signals: Any = app
    signals.on_partitions_assigned.connect(on_assigned, weak=False)
    table.on_recover(on_recovered)
    app.finalize()
    await app.start()
    try:
        await asyncio.wait_for(recovered.wait(), RECOVERY_S)
        took = time.perf_counter() - assigned
        found = len(table)
    finally:
        await app.stop()
    if not found:
        raise BenchError("the recovered table is empty")
    return records / took


if __name__ == "__main__":
    logging.basicConfig(level=logging.WARNING)
    _, servers, name, where, count = sys.argv
    try:
        print(f"RATE {asyncio.run(_recover(servers, name, Path(where), int(count)))}")
    except Exception:
        traceback.print_exc()
    sys.stdout.flush()
    os._exit(0)  # threads that Faust leaves behind after a failed start would keep the process

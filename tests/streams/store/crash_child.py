"""A worker to be killed: folds a log that the test knows into a store, saying after each batch how far it came.

Arguments: store directory, seed, length of the log, size of a batch, "bulk" or "live".
"""

import random
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "fold"))

from fold_logs import DELETED, PURGED, UPDATED, JsonCodec, classification, record

from omrs_streams.log.record import LogRecord
from omrs_streams.store.identity import LogIdentity
from omrs_streams.store.partition import PartitionStore

IDENTITY = LogIdentity("omrs.server.s.log", "topic-1", 0)


def crash_log(seed: int, length: int) -> list[LogRecord]:
    """Entities of 1 KB that change, are classified, deleted and purged; some events come twice."""
    chance = random.Random(seed)
    padding = "x" * 1_000
    log: list[LogRecord] = []
    for offset in range(length):
        guid = f"guid-{chance.randrange(length // 4)}"
        kind = chance.choices((UPDATED, DELETED, PURGED, "overlay"), (80, 6, 4, 10))[0]
        event_id = f"id-{offset if chance.random() > 0.05 else chance.randrange(length)}"
        if kind == "overlay":
            log.append(classification(offset, "Gold", offset, guid=guid, event_id=event_id))
        else:
            log.append(record(offset, guid, chance.randrange(1, 6), kind, event_id=event_id, cause=padding))
    return log


def fold(folder: Path, seed: int, length: int, size: int, bulk: bool) -> None:
    store = PartitionStore.open(folder, IDENTITY, JsonCodec(), bulk=bulk)
    log = crash_log(seed, length)
    for start in range(0, length, size):
        batch = log[start : start + size]
        if batch[-1].offset >= store.next_offset:
            store.apply(batch, index=not bulk)
            if bulk and start // size % 5 == 4:
                store.flush()  # as a full memtable would be
            sys.stdout.write(f"{store.next_offset}\n")
            sys.stdout.flush()
    store.close()
    sys.stdout.write("done\n")


if __name__ == "__main__":
    directory, seed, length, size, mode = sys.argv[1:]
    fold(Path(directory), int(seed), int(length), int(size), mode == "bulk")

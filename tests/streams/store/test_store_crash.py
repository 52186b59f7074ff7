"""kill -9 in the middle of folding: what is stored is a beginning of the log; the rest is folded again, once."""

import random
import subprocess
import sys
from pathlib import Path

import pytest
from crash_child import IDENTITY, crash_log
from fold_logs import JsonCodec
from test_store_equals_fold import expected_indexes, indexes

from omrs_streams.fold.memory import MemoryFold
from omrs_streams.store.digest import digest
from omrs_streams.store.partition import PartitionStore

CHILD = Path(__file__).with_name("crash_child.py")
LENGTH = 2_000
KILLS = 2


def fold_until_killed(folder: Path, seed: int, batches: int, mode: str) -> int:
    """Kill the child after it reported `batches` batches; the offset that it had reported last."""
    command = [sys.executable, str(CHILD), str(folder), str(seed), str(LENGTH), "37", mode]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as child:
        assert child.stdout is not None
        reported = 0
        for count, line in enumerate(child.stdout, 1):
            if line.strip() == "done":
                break
            reported = int(line)
            if count >= batches:
                child.kill()  # while it folds on
                break
        child.wait(timeout=30)
    return reported


@pytest.mark.faults
@pytest.mark.parametrize(("seed", "mode"), [(1, "live"), (2, "live"), (3, "bulk")])
def test_killed_in_the_middle_of_folding(tmp_path: Path, seed: int, mode: str) -> None:
    chance = random.Random(seed)
    for _ in range(KILLS):
        reported = fold_until_killed(tmp_path, seed, chance.randrange(1, 25), mode)
        with PartitionStore.open(tmp_path, IDENTITY, JsonCodec(), bulk=mode == "bulk") as store:
            if mode == "live":
                assert store.next_offset >= reported  # a process that dies loses nothing that it had written
            beginning = MemoryFold()
            beginning.apply(crash_log(seed, LENGTH)[: store.next_offset])
            assert digest(store) == digest(beginning)
    memory = MemoryFold()
    memory.apply(crash_log(seed, LENGTH))
    with PartitionStore.open(tmp_path, IDENTITY, JsonCodec()) as store:
        store.apply(crash_log(seed, LENGTH))
        assert digest(store, JsonCodec()) == digest(memory, JsonCodec())
        assert store.lost_between(0, LENGTH) == memory.lost_between(0, LENGTH)
        assert indexes(store) == expected_indexes(memory)

"""Where a guid lives now: here, at another worker, or nowhere for a moment."""

import asyncio

from omrs_streams.log.partition import partition_of
from omrs_streams.worker.directory import Owner, OwnerDirectory
from omrs_streams.worker.partition import OwnedPartition, Phase

# How long a request waits for a partition that is moving: longer than a rebalance after a kill (session timeout 10 s).
MOVING_S = 20.0


class Router:
    """Routes by the partitions this worker has open and by the owner directory."""

    def __init__(self, worker: str, partitions: int, directory: OwnerDirectory) -> None:
        self.worker = worker
        self.count = partitions
        self.owned: dict[int, OwnedPartition] = {}
        self.assigned: frozenset[int] = frozenset()
        """Log partitions that the group gave to this worker: served here now or in a moment."""
        self.feeds: frozenset[tuple[str, int]] = frozenset()
        """Topic and partition of everything that the group delivers to this worker."""
        self.directory = directory

    def partition(self, guid: str) -> int:
        return partition_of(guid, self.count)

    def local(self, number: int) -> OwnedPartition | None:
        """The partition if it is open here and caught up."""
        owned = self.owned.get(number)
        return owned if owned is not None and owned.phase is Phase.READY else None

    def known_here(self, guid: str) -> bool:
        """Whether the guid is stored in a partition that is served here."""
        owned = self.local(self.partition(guid))
        meta = None if owned is None else owned.store.get_meta(guid)
        return meta is not None and not meta.tombstone

    def now(self, number: int) -> OwnedPartition | Owner | None:
        """Who serves the partition at this moment; None while it moves."""
        found = self.local(number)
        if found is not None:
            return found
        owner = self.directory.owner(number)
        return owner if owner is not None and owner.worker != self.worker else None

    async def locate(self, number: int, deadline: float) -> OwnedPartition | Owner:
        """Who serves the partition, waiting until `deadline` (event loop time) while it moves; NotReadyError then."""
        loop = asyncio.get_running_loop()
        while True:
            found = self.now(number)
            if found is not None:
                return found
            left = deadline - loop.time()
            if left <= 0:
                raise self.directory.not_ready(number, self.why(number))
            owned = self.owned.get(number)
            if owned is None:
                await self.directory.changed(min(left, 0.25))
            else:
                await _wait(owned.ready, min(left, 0.25))

    def why(self, number: int) -> str:
        owned = self.owned.get(number)
        if owned is not None:
            return f"worker {self.worker} is {owned.phase.value}, at offset {owned.next_offset} of {owned.end_offset}"
        owner = self.directory.owner(number)
        return "no worker owns it" if owner is None else f"worker {owner.worker} gave it up or does not answer"


async def _wait(event: asyncio.Event, timeout: float) -> None:
    try:
        await asyncio.wait_for(event.wait(), timeout)
    except TimeoutError:
        return

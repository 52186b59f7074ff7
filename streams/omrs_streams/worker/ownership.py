"""Which partitions of the server log this worker has: taken over, caught up, announced, given up."""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Iterable, Sequence
from pathlib import Path
from typing import Any

from omrs_schemas.codec import EventCodec
from omrs_streams.log.topics import TopicFacts
from omrs_streams.search.view import SearchView
from omrs_streams.store.engine import is_damaged
from omrs_streams.store.identity import LogIdentity
from omrs_streams.store.location import current_path, set_aside
from omrs_streams.store.partition import PartitionStore
from omrs_streams.worker.directory import Owner
from omrs_streams.worker.partition import OwnedPartition, Phase
from omrs_streams.worker.publisher import Publisher
from omrs_streams.worker.router import Router

log = logging.getLogger(__name__)

STUCK_S = 60.0  # a partition that stays away from READY for so long needs a person or a restart

Settled = Callable[[set[str]], Awaitable[None]]
"""Told the topics of an assignment once its partitions are served."""


class Ownership:
    """Follows the consumer group's assignments (docs/decisions/0004, 0005).

    `owned` makes an OwnedPartition around a store; `fatal` is told what ends the worker.
    """

    def __init__(
        self,
        facts: TopicFacts,
        stores: Path,
        codec: EventCodec,
        router: Router,
        search: SearchView,
        owner: Owner,
        owned: Callable[[int, PartitionStore], OwnedPartition],
        settled: Settled,
        fatal: Callable[[Exception], None],
    ) -> None:
        self._facts = facts
        self._stores = stores
        self._codec = codec
        self._router = router
        self._search = search
        self._owner = owner
        self._make = owned
        self._settled = settled
        self._fatal = fatal
        self._publishers: Sequence[Publisher] = ()
        self._settling = asyncio.Lock()
        self._assignments = 0
        self._tasks: set[asyncio.Task[None]] = set()
        self._since: dict[int, float] = {}

    def feed(self, publishers: Sequence[Publisher]) -> None:
        """Keep these publishers on exactly the partitions that are served here."""
        self._publishers = publishers

    async def revoked(self, partitions: Iterable[Any]) -> None:
        """A rebalance began: these may be gone, or come back in a moment."""
        for tp in partitions:
            found = self._router.owned.get(tp.partition) if tp.topic == self._facts.name else None
            if found is not None:
                found.suspend()

    async def assigned(self, partitions: set[Any]) -> None:
        """The whole assignment after a rebalance; taking over goes on beside the rebalance's callback."""
        self._assignments += 1
        self._router.feeds = frozenset((tp.topic, tp.partition) for tp in partitions)
        self._router.assigned = frozenset(n for topic, n in self._router.feeds if topic == self._facts.name)
        task = asyncio.create_task(self._settle(partitions, self._assignments))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _settle(self, assigned: set[Any], assignment: int) -> None:
        """One assignment at a time; of those that wait only the latest counts."""
        async with self._settling:
            if assignment != self._assignments:
                return
            try:
                await self._take_over({tp.partition for tp in assigned if tp.topic == self._facts.name})
                await self._settled({tp.topic for tp in assigned})
            except Exception as error:
                self._fatal(error)

    async def _take_over(self, wanted: set[int]) -> None:
        for number in [n for n in self._router.owned if n not in wanted]:
            await self._close(self._router.owned.pop(number))
        self._feed()
        await asyncio.gather(*(self._open(number) for number in sorted(wanted)))
        served = [n for n in sorted(wanted) if self._router.local(n) is not None]
        await self._router.directory.announce(served, self._owner)
        self._feed()

    async def _open(self, number: int) -> None:
        found = self._router.owned.get(number)
        if found is None:
            found = self._make(number, await asyncio.to_thread(self._open_store, number))
            self._router.owned[number] = found
        self._since[number] = time.monotonic()
        await found.open()
        self._search.attach(found.store)

    async def _close(self, found: OwnedPartition) -> None:
        self._search.detach(found.number)
        await found.close()

    def _open_store(self, number: int) -> PartitionStore:
        """The store as it is; a damaged one is set aside and begun anew: it holds nothing but the log."""
        identity = LogIdentity(self._facts.name, self._facts.topic_id, number)
        try:
            return PartitionStore.open(current_path(self._stores, number), identity, self._codec)
        except Exception as error:
            if not is_damaged(error):
                raise
            kept = set_aside(self._stores, number)
            log.warning(
                "partition %d is built anew from the log; its store is damaged (%s), see %s", number, error, kept
            )
            return PartitionStore.open(current_path(self._stores, number), identity, self._codec)

    def _feed(self) -> None:
        served = {n: found for n, found in self._router.owned.items() if found.phase is Phase.READY}
        for publisher in self._publishers:
            publisher.assign(served)

    async def fold(self, messages: Sequence[Any]) -> None:
        """The Faust agent's batch of the server log, of one partition."""
        found = self._router.owned.get(messages[0].partition)
        if found is not None:
            await found.fold_delivered(messages)

    async def reopen(self, partitions: Iterable[int]) -> list[int]:
        """Switch to the stores that a replay put in place; the partitions that were switched."""
        switched = []
        async with self._settling:
            for number in partitions:
                found = self._router.owned.get(number)
                if found is None:
                    continue
                found.suspend()
                await self._close(found)
                del self._router.owned[number]
                await self._open(number)
                switched.append(number)
            self._feed()
        return switched

    def stuck(self) -> str:
        """What has not become ready for too long; empty when all is well."""
        now = time.monotonic()
        for number, found in self._router.owned.items():
            if found.phase in (Phase.OPENING, Phase.CATCHING_UP) and now - self._since.get(number, now) > STUCK_S:
                return f"partition {number} has been {found.phase.value} for over {STUCK_S:.0f} s"
        return ""

    async def close(self) -> None:
        for found in list(self._router.owned.values()):
            await self._close(found)

"""Which connectors this worker runs: those of the partitions of the command topic that the consumer group gives it."""

import asyncio
import logging
from collections.abc import Callable, Coroutine, Iterable
from typing import Any
from uuid import uuid4

from omrs_connectors.runtime.states import States
from omrs_schemas.errors import OmrsError

log = logging.getLogger(__name__)

RETRY_S = 1.0
DISPUTE_S = 5.0  # for the group to tell a worker that was away that a partition is another's


class Ownership:
    """Follows the group's assignments; claims what it gains (see `states`). `changed` is called after each change."""

    def __init__(self, states: States, worker: str, instance: str, topic: str, changed: Callable[[], None]) -> None:
        self.claims: dict[int, str] = {}
        self.wanted: set[int] = set()
        self.suspended = True
        self.settled = asyncio.Event()
        self._states = states
        self._worker = worker
        self._instance = instance
        self._topic = topic
        self._changed = changed
        self._assignments = 0
        self._tasks: set[asyncio.Task[None]] = set()
        states.on_claim = self._claimed

    def claim_of(self, connector_id: str) -> str | None:
        """The claim under which this worker runs the connector; None where it is not its."""
        return self.claims.get(self._states.partition(connector_id))

    def may_claim(self, connector_id: str) -> bool:
        """Whether the connector is this worker's, or is about to be."""
        return self._states.partition(connector_id) in self.wanted

    async def revoked(self, partitions: Iterable[Any]) -> None:
        """A rebalance began: no pass starts until it is over. What goes elsewhere is given up then; what has not been
        claimed yet is claimed after it, by whoever has it then."""
        self.suspended = True
        self._assignments += 1

    async def assigned(self, partitions: set[Any]) -> None:
        """The whole assignment; taking over goes on beside the rebalance's callback."""
        self._assignments += 1
        wanted = {tp.partition for tp in partitions if tp.topic == self._topic}
        self.wanted = wanted
        self._run(self._settle(wanted, self._assignments))

    async def _settle(self, wanted: set[int], assignment: int) -> None:
        for number in set(self.claims) - wanted:
            del self.claims[number]
        self.suspended = False
        self._changed()
        for number in sorted(wanted - set(self.claims)):
            await self._claim(number, assignment)
        if assignment == self._assignments:
            self.settled.set()
            self._changed()

    async def _claim(self, number: int, assignment: int) -> None:
        claim = str(uuid4())
        while assignment == self._assignments:
            try:
                await self._states.claim(number, claim, self._worker, self._instance)
            except OmrsError as error:
                log.warning("the connectors of partition %d cannot be claimed yet: %s", number, error)
                await asyncio.sleep(RETRY_S)
                continue
            found = self._states.claims.get(number)
            if assignment != self._assignments:
                return
            if found is not None and found.claim == claim:
                self.claims[number] = claim
            else:
                self._run(self._dispute(number, assignment))
            return

    async def _dispute(self, number: int, assignment: int) -> None:
        """Another worker's claim came after this one's. Either this worker was taken for dead, and will be told so by
        the group; or the other was slow to write what it had been given before: then it is claimed again."""
        await asyncio.sleep(DISPUTE_S)
        if assignment == self._assignments and number in self.wanted and number not in self.claims:
            await self._claim(number, assignment)
            self._changed()

    def _claimed(self, number: int) -> None:
        """Another worker has claimed a partition that this one held."""
        mine = self.claims.get(number)
        if mine is not None and self._states.claims[number].claim != mine:
            del self.claims[number]
            self._changed()
            self._run(self._dispute(number, self._assignments))

    def _run(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

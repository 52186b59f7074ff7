"""What the server log holds of a proxy's instances, wherever their partitions are."""

import asyncio
from collections.abc import Awaitable, Callable, Collection, Iterable, Mapping
from typing import Any

from omrs_schemas.errors import NotReadyError
from omrs_streams.cohort.receiving import Held
from omrs_streams.proxy.plan import State
from omrs_streams.worker.directory import Owner
from omrs_streams.worker.partition import OwnedPartition
from omrs_streams.worker.peers import Peers
from omrs_streams.worker.router import MOVING_S, Router

GUIDS = "/internal/v1/proxy/guids"
RETRY_S = 0.1

_UNSEEN = State()


class StoredStates:
    """Answers for every worker of the server; `held` is `Bulk.held`."""

    def __init__(
        self,
        router: Router,
        peers: Peers,
        held: Callable[[Collection[str]], Awaitable[dict[str, Held]]],
        collection_id: str,
    ) -> None:
        self._router = router
        self._peers = peers
        self._held = held
        self._collection_id = collection_id

    async def states(self, guids: Collection[str]) -> dict[str, State]:
        """The state of each guid. NotReadyError when partitions move for too long."""
        held = await self._held(guids) if guids else {}
        return {guid: State(held[guid].revision, held[guid].bean) if guid in held else _UNSEEN for guid in guids}

    async def guids(self, type_guids: Collection[str]) -> set[str]:
        """Our own instances of exactly these types, soft-deleted ones too. NotReadyError after `MOVING_S`."""
        found: set[str] = set()
        missing = set(range(self._router.count))
        loop = asyncio.get_running_loop()
        deadline = loop.time() + MOVING_S
        while missing:
            remote: dict[Owner, list[int]] = {}
            local: list[int] = []
            for number in missing:
                owner = await self._router.locate(number, deadline)
                (local if isinstance(owner, OwnedPartition) else remote.setdefault(owner, [])).append(number)
            answers = [await self.answer({"partitions": local, "type_guids": list(type_guids)})]
            for owner, numbers in remote.items():
                try:
                    answers.append(
                        await self._peers.call(owner, GUIDS, {"partitions": numbers, "type_guids": list(type_guids)})
                    )
                except NotReadyError:
                    continue  # asked again, wherever they are by then
            for answer in answers:
                found.update(answer["guids"])
                missing.difference_update(answer["partitions"])
            if missing:
                if loop.time() > deadline:
                    raise NotReadyError("the proxy does not see all of its instances: partitions are moving")
                await asyncio.sleep(RETRY_S)
        return found

    async def answer(self, body: Mapping[str, Any]) -> dict[str, Any]:
        """`{"partitions": [...], "type_guids": [...]}` → `{"partitions": those owned here, "guids": [...]}`."""
        owned = {number: self._router.local(number) for number in body["partitions"]}
        here = {number: found for number, found in owned.items() if found is not None}
        guids = await asyncio.to_thread(self._guids, here.values(), body["type_guids"])
        return {"partitions": list(here), "guids": guids}

    def _guids(self, owned: Iterable[OwnedPartition], type_guids: Iterable[str]) -> list[str]:
        return [
            guid
            for each in owned
            for type_guid in type_guids
            for guid in each.store.guids_of_type(type_guid)
            if (meta := each.store.get_meta(guid)) is not None and meta.home_id == self._collection_id
        ]

"""What the server log holds of a proxy's instances, asked by the hundred, wherever their partitions are."""

import asyncio
from collections.abc import Collection, Iterable, Mapping
from typing import Any

from omrs_schemas.errors import NotReadyError
from omrs_streams.proxy.plan import State
from omrs_streams.worker.directory import Owner
from omrs_streams.worker.partition import OwnedPartition
from omrs_streams.worker.peers import Peers
from omrs_streams.worker.router import MOVING_S, Router

STATES = "/internal/v1/proxy/states"
GUIDS = "/internal/v1/proxy/guids"
RETRY_S = 0.1


class StoredStates:
    """Answers for every worker of the server; `answer_…` are this worker's share for the others."""

    def __init__(self, router: Router, peers: Peers, collection_id: str) -> None:
        self._router = router
        self._peers = peers
        self._collection_id = collection_id

    async def states(self, guids: Iterable[str]) -> dict[str, State]:
        """The state of each guid. NotReadyError after `MOVING_S`."""
        found: dict[str, State] = {}
        missing = set(guids)
        deadline = _deadline()
        while missing:
            by_owner: dict[Owner, list[str]] = {}
            for guid in missing:
                owner = await self._router.locate(self._router.partition(guid), deadline)
                by_owner.setdefault(owner if isinstance(owner, Owner) else _HERE, []).append(guid)
            for owner, share in by_owner.items():
                body = {"guids": share}
                answer = await self._ask(owner, STATES, body)
                for guid, (revision, bean) in answer.get("states", {}).items():
                    found[guid] = State(revision, bean)
            missing -= found.keys()
            if missing:
                await self._pause(deadline)
        return found

    async def guids(self, type_guids: Collection[str]) -> set[str]:
        """Our own instances of exactly these types, soft-deleted ones too. NotReadyError after `MOVING_S`."""
        found: set[str] = set()
        missing = set(range(self._router.count))
        deadline = _deadline()
        while missing:
            by_owner: dict[Owner, list[int]] = {}
            for number in missing:
                owner = await self._router.locate(number, deadline)
                by_owner.setdefault(owner if isinstance(owner, Owner) else _HERE, []).append(number)
            for owner, share in by_owner.items():
                body = {"partitions": share, "type_guids": list(type_guids)}
                answer = await self._ask(owner, GUIDS, body)
                found.update(answer.get("guids", ()))
                missing -= set(answer.get("partitions", ()))
            if missing:
                await self._pause(deadline)
        return found

    async def _ask(self, owner: Owner, path: str, body: Mapping[str, Any]) -> Mapping[str, Any]:
        if owner is _HERE:
            return await (self.answer_states(body) if path == STATES else self.answer_guids(body))
        try:
            found: Mapping[str, Any] = await self._peers.call(owner, path, body)
        except NotReadyError:
            return {}
        return found

    async def _pause(self, deadline: float) -> None:
        if asyncio.get_running_loop().time() > deadline:
            raise NotReadyError(
                "the proxy cannot see all of its instances: partitions are moving", help="it tries again by itself"
            )
        await asyncio.sleep(RETRY_S)

    # ---- this worker's share ---------------------------------------------------------------------------------------

    async def answer_states(self, body: Mapping[str, Any]) -> dict[str, Any]:
        """`{"guids": [...]}` → `{"states": {guid: [revision, bean or null]}}`, of the guids that are owned here."""
        return {"states": await asyncio.to_thread(self._states, body["guids"])}

    def _states(self, guids: Iterable[str]) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for guid in guids:
            owned = self._router.local(self._router.partition(guid))
            if owned is None:
                continue
            stored = owned.store.get(guid)
            if stored is not None:
                found[guid] = [stored.meta.revision, owned.store.to_bean(stored)]
                continue
            meta = owned.store.get_meta(guid)
            found[guid] = [0 if meta is None else meta.revision, None]
        return found

    async def answer_guids(self, body: Mapping[str, Any]) -> dict[str, Any]:
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


_HERE = Owner("", "")


def _deadline() -> float:
    return asyncio.get_running_loop().time() + MOVING_S

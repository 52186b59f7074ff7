"""Queries that concern every partition: ask each owner for its share, merge, and prove that no partition is missing."""

import asyncio
from collections.abc import Iterable, Mapping
from dataclasses import asdict
from typing import Any

from omrs_schemas.errors import NotReadyError
from omrs_schemas.typedefs.system import TypeSystem

from omrs_streams.repository import queries
from omrs_streams.repository.local import Bean
from omrs_streams.repository.matching import compile_find
from omrs_streams.repository.matching_request import FindRequest
from omrs_streams.repository.sequencing import merge, newest, page
from omrs_streams.worker.directory import Owner
from omrs_streams.worker.partition import OwnedPartition
from omrs_streams.worker.peers import Peers
from omrs_streams.worker.router import MOVING_S, Router

INTERNAL_FIND = "/internal/v1/find"
INTERNAL_RELATIONSHIPS = "/internal/v1/relationships"
INTERNAL_LOOKUP = "/internal/v1/lookup"


class Scattered:
    """Scatter-gather over the workers of this server. Either the whole answer, or NotReadyError after `MOVING_S`."""

    def __init__(self, router: Router, peers: Peers, types: TypeSystem) -> None:
        self._router = router
        self._peers = peers
        self._types = types

    async def find(self, request: FindRequest) -> list[Bean]:
        compile_find(self._types, request)  # a bad request is refused before anyone is asked
        parts = await self._gather(INTERNAL_FIND, asdict(request))
        return merge(parts, request)

    async def relationships_of(self, guid: str, body: Bean, time: int | None) -> list[Bean]:
        """getRelationshipsForEntity; `body` is a TypeLimitedFindRequest bean."""
        request = FindRequest(
            kind="relationship",
            form="search",
            type_guid=body.get("typeGUID") or body.get("relationshipTypeGUID"),
            offset=body.get("offset") or 0,
            page_size=body.get("pageSize") or 0,
            sequencing_order=body.get("sequencingOrder") or "ANY",
            sequencing_property=body.get("sequencingProperty"),
        )
        if request.type_guid:
            self._types.require(guid=request.type_guid)
        asked = {
            "guid": guid,
            "type_guid": request.type_guid,
            "statuses": body.get("limitResultsByStatus"),
            "time": time,
        }
        parts = await self._gather(INTERNAL_RELATIONSHIPS, asked)
        return page(newest(parts), request)

    async def lookup(self, guid: str) -> Bean | None:
        """The current bean of any guid of this server; None where nothing of it is known."""
        number = self._router.partition(guid)
        deadline = asyncio.get_running_loop().time() + MOVING_S
        while True:
            found = await self._router.locate(number, deadline)
            if isinstance(found, OwnedPartition):
                stored = found.store.get(guid)
                return None if stored is None else found.store.to_bean(stored)
            try:
                answer = await self._peers.call(found, INTERNAL_LOOKUP, {"guid": guid})
            except NotReadyError:
                if asyncio.get_running_loop().time() > deadline:
                    raise
                await self._router.directory.changed(0.25)
                continue
            bean: Bean | None = answer["bean"]
            return bean

    # ---- asked by other workers ------------------------------------------------------------------------------------

    async def answer_find(self, body: Mapping[str, Any]) -> dict[str, Any]:
        owned = self._asked(body["partitions"])
        return {"partitions": list(owned), "beans": await self._local_find(owned, body)}

    async def answer_relationships(self, body: Mapping[str, Any]) -> dict[str, Any]:
        owned = self._asked(body["partitions"])
        return {"partitions": list(owned), "beans": await self._local_relationships(owned, body)}

    def answer_lookup(self, body: Mapping[str, Any]) -> dict[str, Any]:
        owned = self._router.local(self._router.partition(body["guid"]))
        if owned is None:
            raise self._router.directory.not_ready(self._router.partition(body["guid"]), "it moved")
        stored = owned.store.get(body["guid"])
        return {"bean": None if stored is None else owned.store.to_bean(stored)}

    def _asked(self, numbers: Iterable[int]) -> dict[int, OwnedPartition]:
        found = {number: self._router.local(number) for number in numbers}
        return {number: owned for number, owned in found.items() if owned is not None}

    # ---- shared ----------------------------------------------------------------------------------------------------

    async def _gather(self, path: str, body: Mapping[str, Any]) -> list[list[Bean]]:
        """The share of every partition, each from one owner."""
        loop = asyncio.get_running_loop()
        deadline = loop.time() + MOVING_S
        missing = set(range(self._router.count))
        parts: list[list[Bean]] = []
        while missing:
            local, remote = self._split(missing)
            answers = await asyncio.gather(
                self._own_share(path, local, body),
                *(self._remote_share(owner, path, numbers, body) for owner, numbers in remote.items()),
            )
            for partitions, beans in answers:
                parts.append(beans)
                missing -= set(partitions)
            if missing:
                if loop.time() > deadline:
                    number = min(missing)
                    raise self._router.directory.not_ready(number, self._router.why(number))
                await self._router.directory.changed(0.1)
        return parts

    def _split(self, numbers: Iterable[int]) -> tuple[dict[int, OwnedPartition], dict[Owner, list[int]]]:
        local: dict[int, OwnedPartition] = {}
        remote: dict[Owner, list[int]] = {}
        for number in sorted(numbers):
            found = self._router.now(number)
            if isinstance(found, OwnedPartition):
                local[number] = found
            elif found is not None:
                remote.setdefault(found, []).append(number)
        return local, remote

    async def _own_share(
        self, path: str, owned: dict[int, OwnedPartition], body: Mapping[str, Any]
    ) -> tuple[list[int], list[Bean]]:
        if not owned:
            return [], []
        ask = self._local_find if path == INTERNAL_FIND else self._local_relationships
        return list(owned), await ask(owned, body)

    async def _remote_share(
        self, owner: Owner, path: str, numbers: list[int], body: Mapping[str, Any]
    ) -> tuple[list[int], list[Bean]]:
        try:
            answer = await self._peers.call(owner, path, {**body, "partitions": numbers})
        except NotReadyError:
            return [], []
        return answer["partitions"], answer["beans"]

    async def _local_find(self, owned: dict[int, OwnedPartition], body: Mapping[str, Any]) -> list[Bean]:
        fields = {name: value for name, value in body.items() if name != "partitions"}
        for name in ("subtype_guids", "limit_classifications", "statuses"):
            if fields.get(name) is not None:
                fields[name] = tuple(fields[name])
        stores = [partition.store for partition in owned.values()]
        return await asyncio.to_thread(queries.find, stores, self._types, FindRequest(**fields))

    async def _local_relationships(self, owned: dict[int, OwnedPartition], body: Mapping[str, Any]) -> list[Bean]:
        stores = [partition.store for partition in owned.values()]
        return await asyncio.to_thread(
            queries.relationships_of,
            stores,
            self._types,
            body["guid"],
            type_guid=body["type_guid"],
            statuses=body["statuses"],
            time=body["time"],
        )

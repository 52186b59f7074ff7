"""Queries that concern every partition: ask each owner for its share, merge, and prove that no partition is missing."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict
from functools import partial
from typing import Any

from omrs_schemas.codec import EventCodec
from omrs_schemas.errors import NotReadyError
from omrs_schemas.typedefs.system import TypeSystem
from omrs_streams.repository import queries
from omrs_streams.repository.graph import too_large
from omrs_streams.repository.local import Bean
from omrs_streams.repository.matching import compile_find, type_guids
from omrs_streams.repository.matching_request import FindRequest
from omrs_streams.repository.neighbours import Passable, entities_at, relationships_at
from omrs_streams.repository.sequencing import merge, newest, page
from omrs_streams.security import MetadataSecurity
from omrs_streams.store.digest import home_sum
from omrs_streams.worker.directory import Owner
from omrs_streams.worker.partition import OwnedPartition
from omrs_streams.worker.peers import Peers
from omrs_streams.worker.router import MOVING_S, Router

INTERNAL_FIND = "/internal/v1/find"
INTERNAL_RELATIONSHIPS = "/internal/v1/relationships"
INTERNAL_ENTITIES = "/internal/v1/entities"
INTERNAL_HOME_DIGEST = "/internal/v1/home-digest"
INTERNAL_LOOKUP = "/internal/v1/lookup"
SCATTERED = (INTERNAL_FIND, INTERNAL_RELATIONSHIPS, INTERNAL_ENTITIES, INTERNAL_HOME_DIGEST)

Share = Callable[[dict[int, OwnedPartition], Mapping[str, Any]], Awaitable[list[Bean]]]


class Scattered:
    """Scatter-gather over the workers of this server. Either the whole answer, or NotReadyError after `MOVING_S`."""

    def __init__(
        self, router: Router, peers: Peers, types: TypeSystem, codec: EventCodec, security: MetadataSecurity
    ) -> None:
        self._router = router
        self._peers = peers
        self._types = types
        self._codec = codec
        self._security = security

    async def find(self, request: FindRequest) -> list[Bean]:
        compile_find(self._types, request)  # a bad request is refused before anyone is asked
        here = self._asked(range(self._router.count))
        if len(here) == self._router.count:
            with suppress(NotReadyError):  # a partition went away meanwhile: ask whoever has it
                return await self._page(here, request)
        parts = await self._gather(INTERNAL_FIND, asdict(request))
        return [dict(bean) for bean in merge(parts, request)]

    async def _page(self, owned: Mapping[int, OwnedPartition], request: FindRequest) -> list[Bean]:
        """The page when everything is here: nothing before it has to be read and sent to be merged."""
        stores = [partition.store for partition in owned.values()]
        return await asyncio.to_thread(queries.find_page, stores, self._types, request, self._seen(request.user))

    async def relationships_of(self, guid: str, body: Bean, time: int | None, user: str | None = None) -> list[Bean]:
        """getRelationshipsForEntity; `body` is a TypeLimitedFindRequest bean. `user` None = the server itself."""
        request = FindRequest.attached(body)
        type_guids(self._types, request)  # a type that is none, or no relationship's, is refused
        types = [request.type_guid] if request.type_guid else None
        passable = Passable(relationship_types=types, statuses=request.statuses, time=time, user=user)
        return [dict(bean) for bean in page(await self.relationships_at([guid], passable), request)]

    async def relationships_at(self, guids: Sequence[str], passable: Passable, most: int | None = None) -> list[Bean]:
        """The relationships at any of these entities, each once; InvalidParameterError for more than `most`."""
        asked = {"guids": list(guids), "passable": asdict(passable), "most": most}
        found = [dict(bean) for bean in newest(await self._gather(INTERNAL_RELATIONSHIPS, asked))]
        if most is not None and len(found) > most:
            raise too_large(guids[0], most)
        return found

    async def entities(self, guids: Sequence[str], passable: Passable) -> list[Bean]:
        """Those of the entities that are here and may be passed; each owner is asked once."""
        numbers = {self._router.partition(guid) for guid in guids}
        asked = {"guids": list(guids), "passable": asdict(passable)}
        return [dict(bean) for bean in newest(await self._gather(INTERNAL_ENTITIES, asked, numbers))]

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

    async def home_digest(self, home_id: str) -> dict[str, Any]:
        """One digest over the instances of `home_id` in every partition (LOG.md § Digest, between two members)."""
        parts = await self._gather(INTERNAL_HOME_DIGEST, {"home_id": home_id})
        total = sum(int(part["sum"], 16) for parts_of in parts for part in parts_of) % 2**256
        count = sum(part["count"] for parts_of in parts for part in parts_of)
        return {"home_id": home_id, "count": count, "digest": f"{total:064x}"}

    # ---- asked by other workers ------------------------------------------------------------------------------------

    async def answer(self, path: str, body: Mapping[str, Any]) -> dict[str, Any]:
        """This worker's share of a scattered query, and the partitions it covers."""
        owned = self._asked(body["partitions"])
        return {"partitions": list(owned), "beans": await self._share(path)(owned, body)}

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

    async def _gather(
        self, path: str, body: Mapping[str, Any], numbers: Iterable[int] | None = None
    ) -> list[list[Bean]]:
        """The share of every partition, or of these, each from one owner."""
        loop = asyncio.get_running_loop()
        deadline = loop.time() + MOVING_S
        missing = set(range(self._router.count) if numbers is None else numbers)
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
        return list(owned), await self._share(path)(owned, body)

    def _share(self, path: str) -> Share:
        return {
            INTERNAL_FIND: self._local_find,
            INTERNAL_RELATIONSHIPS: self._local_relationships,
            INTERNAL_ENTITIES: self._local_entities,
            INTERNAL_HOME_DIGEST: self._local_home_digest,
        }[path]

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
        request = FindRequest(**fields)
        return await asyncio.to_thread(queries.find, stores, self._types, request, self._seen(request.user))

    def _seen(self, user: str | None) -> queries.Seen:
        if user is None or self._security.shows_all():
            return queries.whole
        return partial(self._security.readable, user)

    async def _local_home_digest(self, owned: dict[int, OwnedPartition], body: Mapping[str, Any]) -> list[Bean]:
        stores = [partition.store for partition in owned.values()]
        return [await asyncio.to_thread(home_sum, stores, self._codec, body["home_id"])]

    async def _local_relationships(self, owned: dict[int, OwnedPartition], body: Mapping[str, Any]) -> list[Bean]:
        stores = [partition.store for partition in owned.values()]
        passable = Passable(**body["passable"])
        guids, most, seen = body["guids"], body["most"], self._seen(passable.user)
        return await asyncio.to_thread(relationships_at, stores, self._types, guids, passable, seen, most)

    async def _local_entities(self, owned: dict[int, OwnedPartition], body: Mapping[str, Any]) -> list[Bean]:
        numbers = ((self._router.partition(guid), guid) for guid in body["guids"])
        located = [(owned[number].store, guid) for number, guid in numbers if number in owned]
        passable = Passable(**body["passable"])
        return await asyncio.to_thread(entities_at, located, self._types, passable, self._seen(passable.user))

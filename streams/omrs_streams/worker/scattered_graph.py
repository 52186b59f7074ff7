"""Graph queries (OMRS queries § 3 "Graph") over all workers of a server: each hop asks every worker once."""

from collections.abc import Sequence

from omrs_schemas.model.enums import InstanceStatus
from omrs_schemas.typedefs.system import TypeSystem
from omrs_streams.repository.commands import not_known, proxy_only, soft_deleted
from omrs_streams.repository.graph import MOST, explore, linking_graph, neighborhood_level
from omrs_streams.repository.local import Bean
from omrs_streams.repository.matching import compile_find
from omrs_streams.repository.matching_request import FindRequest
from omrs_streams.repository.neighbours import Passable
from omrs_streams.repository.queries import DELETED
from omrs_streams.repository.sequencing import page
from omrs_streams.worker.scattered import Scattered

_ANY_STATUS = [status.value for status in InstanceStatus]


class ServerHops:
    """The hops of one walk: relationships of all partitions, entities from their owners."""

    def __init__(self, scattered: Scattered, passable: Passable) -> None:
        self._scattered = scattered
        self._passable = passable

    async def relationships(self, guids: Sequence[str]) -> list[Bean]:
        return await self._scattered.relationships_at(guids, self._passable, MOST)

    async def entities(self, guids: Sequence[str]) -> list[Bean]:
        return await self._scattered.entities(guids, self._passable)


class _ToEnd(ServerHops):
    """As asked for, and always to the entity at the end."""

    def __init__(self, scattered: Scattered, passable: Passable, end: Bean) -> None:
        super().__init__(scattered, passable)
        self._end = end

    async def entities(self, guids: Sequence[str]) -> list[Bean]:
        found = await super().entities(guids)
        end = self._end["guid"]
        if end in guids and all(bean["guid"] != end for bean in found):
            found.append(self._end)
        return found


class ScatteredGraph:
    """getEntityNeighborhood, getRelatedEntities and getLinkingEntities; `root` is the entity as its reader sees it.

    Raise InvalidParameterError (OMRS-STREAMS-400-006) for a graph of more than `graph.MOST` instances.
    """

    def __init__(self, scattered: Scattered, types: TypeSystem) -> None:
        self._scattered = scattered
        self._types = types

    async def neighborhood(self, root: Bean, level: int, passable: Passable) -> Bean:
        """InstanceGraph of what is at most `level` hops away, over what is passable only; the root always."""
        walk = await explore(root, ServerHops(self._scattered, passable), level=neighborhood_level(level))
        return walk.graph()

    async def linking(self, root: Bean, end: str, passable: Passable) -> Bean:
        """InstanceGraph of what lies on a simple path from `root` to `end`; empty where there is none."""
        last = await self.entity(end, passable.time, passable.user)
        walk = await explore(root, _ToEnd(self._scattered, passable, last))
        return linking_graph(walk, root["guid"], end)

    async def related(self, root: Bean, request: FindRequest) -> list[Bean]:
        """A page of the entities that hang together with `root`, itself included, and that `request` asks for.

        The way may lead over entities that it does not ask for, and over proxies.
        """
        matches = compile_find(self._types, request)
        statuses = _ANY_STATUS if DELETED in (request.statuses or ()) else None
        way = Passable(statuses=statuses, time=request.as_of_time, user=request.user, proxies=True)
        walk = await explore(root, ServerHops(self._scattered, way))
        return [dict(bean) for bean in page(filter(matches, walk.entities.values()), request)]

    async def entity(self, guid: str, time: int | None, user: str | None) -> Bean:
        """An entity as `user` sees it. EntityNotKnownError, EntityProxyOnlyError; one he may not read is not known."""
        anything = Passable(statuses=_ANY_STATUS, time=time, user=user, proxies=True)
        found = await self._scattered.entities([guid], anything)
        if not found:
            raise not_known(guid, relationship=False)
        if found[0].get("status") == DELETED:
            raise soft_deleted(guid, relationship=False)
        if found[0]["class"] == "EntityProxy":
            raise proxy_only(guid)
        return found[0]

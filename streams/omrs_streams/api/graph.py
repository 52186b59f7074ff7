"""Handlers of the graph paths (OMRS queries § 3 "Graph", § 6): around an entity, between two, and all that is related.

A route without history and its `/history` twin share a handler; the bean of the twin has `asOfTime`.
"""

from typing import Any

import omrs_schemas.model.requests as beans
from omrs_streams.api.access import readable
from omrs_streams.api.route import Request, Route, whole_number
from omrs_streams.repository import queries
from omrs_streams.repository.changes import require_guid
from omrs_streams.repository.local import Bean
from omrs_streams.repository.matching import require_type
from omrs_streams.repository.matching_request import FindRequest, Kind
from omrs_streams.repository.neighbours import Passable
from omrs_streams.repository.stamping import stamped


async def linking_entities(r: Request) -> Any:
    end = require_guid(r.query.get("endEntityGUID"), "endEntityGUID")
    passable = _passable(r)
    return _graph(r, await r.worker.graph.linking(_root(r, passable.time), end, passable))


async def neighborhood(r: Request) -> Any:
    level = whole_number(r, "level")
    passable = _passable(r)
    return _graph(r, await r.worker.graph.neighborhood(_root(r, passable.time), level, passable))


async def related_entities(r: Request) -> Any:
    request = FindRequest.related(r.bean, r.call.user)
    passable = _passable(r)
    return await r.worker.graph.related(_root(r, passable.time), request)


def _passable(r: Request) -> Passable:
    """What the bean lets pass, as the caller sees it: times that have come, types that are known."""
    time = r.worker.past(r.bean.get("asOfTime"))
    return Passable(
        entity_types=_types(r, "entity", "entityTypeGUIDs"),
        relationship_types=_types(r, "relationship", "relationshipTypeGUIDs"),
        statuses=r.bean.get("limitResultsByStatus"),
        classifications=r.bean.get("limitResultsByClassification"),
        time=time,
        user=r.call.user,
    )


def _types(r: Request, kind: Kind, name: str) -> list[str] | None:
    guids: list[str] | None = r.bean.get(name)
    for guid in guids or ():
        require_type(r.worker.types, guid, kind, name)
    return guids


def _root(r: Request, time: int | None) -> Bean:
    """The entity it begins with: to read it is the first right that the caller needs."""
    store = r.partition.store
    if time is None:
        bean, _ = queries.read(store, r.guid, relationship=False)
    else:
        bean = queries.as_of(store, r.guid, time, relationship=False)
    return readable(r.worker.security, r.call.user, bean)


def _graph(r: Request, graph: Bean) -> Bean:
    local, members = r.worker.local, r.worker.members()
    return {name: [stamped(bean, local, members) for bean in found] for name, found in graph.items()}


def _pair(path: str, operation: str, handler: Any, query: tuple[str, ...], *bodies: Any) -> list[Route]:
    """A path that answers an InstanceGraph or (`by-relationship`) a list of entities, and its `/history` twin."""
    start = path.split("{")[1].split("}")[0]
    related = path.endswith("by-relationship")
    answer, payload = ("EntityListResponse", "entities") if related else ("InstanceGraphResponse", None)
    ways = zip((path, f"{path}/history"), (operation, f"{operation}AsOf"), bodies, strict=True)
    return [
        Route("POST", at, name, handler, answer, payload, start, body, required=False, query=query)
        for at, name, body in ways
    ]


_FROM = "/instances/entities/from-entity"

ROUTES = [
    *_pair(
        f"{_FROM}/{{startEntityGUID}}/by-linkage",
        "getLinkingEntities",
        linking_entities,
        ("endEntityGUID",),
        beans.OMRSAPIFindRequest,
        beans.OMRSAPIHistoricalFindRequest,
    ),
    *_pair(
        f"{_FROM}/{{entityGUID}}/by-neighborhood",
        "getEntityNeighborhood",
        neighborhood,
        ("level",),
        beans.EntityNeighborhoodFindRequest,
        beans.EntityNeighborhoodHistoricalFindRequest,
    ),
    *_pair(
        f"{_FROM}/{{startEntityGUID}}/by-relationship",
        "getRelatedEntities",
        related_entities,
        (),
        beans.RelatedEntitiesFindRequest,  # Java clients ask for the past here (OMRS queries § 6)
        beans.RelatedEntitiesHistoricalFindRequest,
    ),
]

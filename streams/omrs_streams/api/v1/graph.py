"""What lies around an entity, and between two."""

from typing import Annotated

from fastapi import Path, Query, Response

from omrs_streams.api.v1 import beans, finding, views
from omrs_streams.api.v1.asking import Ask
from omrs_streams.api.v1.base import GUID_EXAMPLE, MAX_NAMES, Guid, Name
from omrs_streams.api.v1.entities import Carrying, Order, WithStatus
from omrs_streams.api.v1.handling import make_router
from omrs_streams.api.v1.instances import ENTITY, sorted_page
from omrs_streams.api.v1.life import AsOf, AtGuid, Continued, PageSize
from omrs_streams.api.v1.models import EntityPage, Graph
from omrs_streams.api.v1.paging import DEFAULT_LIMIT
from omrs_streams.api.v1.replies import paged, plain, refusals

router = make_router("/entities/{guid}", "graph")

EntityTypes = Annotated[
    list[Name] | None, Query(alias="entityType", max_length=MAX_NAMES, description="only entities of these types")
]
RelationshipTypes = Annotated[
    list[Name] | None,
    Query(alias="relationshipType", max_length=MAX_NAMES, description="only along relationships of these types"),
]


@router.get(
    "/neighborhood",
    operation_id="getNeighborhood",
    summary="The entities and relationships around it",
    response_model=Graph,
    responses=refusals(404, 422),
)
async def neighborhood(
    ask: Ask,
    guid: AtGuid,
    level: Annotated[int, Query(ge=0, le=100, description="how many relationships away at most")] = 1,
    entity_type: EntityTypes = None,
    relationship_type: RelationshipTypes = None,
    classification: Carrying = None,
    status: WithStatus = None,
    as_of: AsOf = None,
) -> Response:
    body = finding.limits(ask.types, "entity", None, status, None, as_of)
    if entity_type:
        body["entityTypeGUIDs"] = beans.type_guids(ask.types, entity_type, "entityType", "ENTITY_DEF")
    if relationship_type:
        named = beans.type_guids(ask.types, relationship_type, "relationshipType", "RELATIONSHIP_DEF")
        body["relationshipTypeGUIDs"] = named
    if classification:
        body["limitResultsByClassification"] = classification
    operation = f"getEntityNeighborhood{'AsOf' if as_of is not None else ''}"
    answer = await ask(operation, path={"entityGUID": guid}, query={"level": str(level)}, body=body)
    return plain(views.graph(answer.result, ask.warnings))


@router.get(
    "/paths/{other}",
    operation_id="getPaths",
    summary="The entities and relationships on the paths to another entity",
    response_model=Graph,
    responses=refusals(404, 422),
)
async def paths(
    ask: Ask,
    guid: AtGuid,
    other: Annotated[Guid, Path(examples=[GUID_EXAMPLE])],
    status: WithStatus = None,
    as_of: AsOf = None,
) -> Response:
    body = finding.limits(ask.types, "entity", None, status, None, as_of)
    operation = f"getLinkingEntities{'AsOf' if as_of is not None else ''}"
    answer = await ask(operation, path={"startEntityGUID": guid}, query={"endEntityGUID": other}, body=body)
    return plain(views.graph(answer.result, ask.warnings))


@router.get(
    "/related",
    operation_id="getRelatedEntities",
    summary="All entities that it is related to, however far away",
    response_model=EntityPage,
    responses=paged(404),
)
async def related(
    ask: Ask,
    guid: AtGuid,
    entity_type: EntityTypes = None,
    classification: Carrying = None,
    status: WithStatus = None,
    sort: Order = None,
    as_of: AsOf = None,
    limit: PageSize = DEFAULT_LIMIT,
    cursor: Continued = None,
) -> Response:
    body = finding.limits(ask.types, "entity", None, status, sort, as_of)
    if entity_type:
        body["entityTypeGUIDs"] = beans.type_guids(ask.types, entity_type, "entityType", "ENTITY_DEF")
    if classification:
        body["limitResultsByClassification"] = classification
    operation, path = f"getRelatedEntities{'AsOf' if as_of is not None else ''}", {"startEntityGUID": guid}
    return await sorted_page(ask, ENTITY, operation, body, sort, limit=limit, cursor=cursor, path=path)

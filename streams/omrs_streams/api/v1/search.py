"""`/search`: conditions of any shape, in a body."""

from typing import Annotated

from fastapi import Response

from omrs_streams.api.v1 import examples
from omrs_streams.api.v1.asking import Ask
from omrs_streams.api.v1.entities import found
from omrs_streams.api.v1.finding import EntitySearch, RelationshipSearch, Search
from omrs_streams.api.v1.handling import make_router
from omrs_streams.api.v1.instances import ENTITY, RELATIONSHIP, Noun
from omrs_streams.api.v1.models import EntityPage, RelationshipPage
from omrs_streams.api.v1.replies import paged

router = make_router("/search", "search")


@router.post(
    "/entities",
    operation_id="searchEntities",
    summary="Search entities by conditions",
    response_model=EntityPage,
    responses=paged(),
)
async def entities(ask: Ask, given: Annotated[EntitySearch, examples.SEARCH_ENTITIES]) -> Response:
    return await _search(ask, ENTITY, given)


@router.post(
    "/relationships",
    operation_id="searchRelationships",
    summary="Search relationships by conditions",
    response_model=RelationshipPage,
    responses=paged(),
)
async def relationships(ask: Ask, given: Annotated[RelationshipSearch, examples.SEARCH_RELATIONSHIPS]) -> Response:
    return await _search(ask, RELATIONSHIP, given)


async def _search(ask: Ask, noun: Noun, given: Search) -> Response:
    body = given.to_bean(ask.types, noun.kind)
    identity = given.model_dump_json(exclude={"cursor", "limit"})
    return await found(ask, noun, body, None, given.sort, given.limit, given.cursor, identity=identity)

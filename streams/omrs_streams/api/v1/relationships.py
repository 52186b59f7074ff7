"""`/relationships`: create, list, and each of them."""

from typing import Annotated

from fastapi import Response

from omrs_schemas.errors import EntityNotKnownError, EntityProxyOnlyError
from omrs_streams.api.v1 import beans, examples, life, repeating
from omrs_streams.api.v1.asking import Ask, Create
from omrs_streams.api.v1.entities import OfType, Order, Text, WithStatus, filters, found
from omrs_streams.api.v1.handling import make_router
from omrs_streams.api.v1.instances import RELATIONSHIP, shown
from omrs_streams.api.v1.life import AsOf, Continued, PageSize
from omrs_streams.api.v1.models import NewRelationship, Relationship, RelationshipPage
from omrs_streams.api.v1.paging import DEFAULT_LIMIT
from omrs_streams.api.v1.replies import created, paged

router = make_router("/relationships", "relationships")


@router.post(
    "",
    operation_id="createRelationship",
    summary="Relate two entities",
    status_code=201,
    response_model=Relationship,
    responses=created(),
)
async def create(ask: Create, given: Annotated[NewRelationship, examples.RELATIONSHIP]) -> Response:
    operation = "addExternalRelationship" if given.external_source else "addRelationship"
    body = beans.new_relationship(ask.types, given)
    try:
        answer = await repeating.create(ask, RELATIONSHIP, operation, body)
    except (EntityNotKnownError, EntityProxyOnlyError) as error:
        error.params["pointer"] = "/end2" if error.params.get("guid") == given.end2 else "/end1"
        raise
    return shown(ask, RELATIONSHIP, answer, status=201, location=RELATIONSHIP.url(answer.result["guid"]))


@router.get(
    "",
    operation_id="listRelationships",
    summary="List relationships, with simple filters",
    description="All filters must hold. `property.<name>=<value>` compares a property of `type` for equality; "
    "`POST /search/relationships` takes conditions of any shape.",
    response_model=RelationshipPage,
    responses=paged(),
)
async def relationships(
    ask: Ask,
    type_name: OfType = None,
    text: Text = None,
    status: WithStatus = None,
    sort: Order = None,
    as_of: AsOf = None,
    limit: PageSize = DEFAULT_LIMIT,
    cursor: Continued = None,
) -> Response:
    body = filters(ask, "relationship", type_name, status, sort, as_of)
    return await found(ask, RELATIONSHIP, body, text, sort, limit, cursor)


life.add(router, RELATIONSHIP)

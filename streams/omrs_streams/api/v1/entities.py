"""`/entities`: create, list, and what hangs at one of them."""

from typing import Annotated, Any

from fastapi import Query, Response
from pydantic import StringConstraints

from omrs_schemas.codec.egeria_json import from_json
from omrs_schemas.errors import CodecError, InvalidParameterError
from omrs_schemas.typedefs.system import TypeSystem
from omrs_streams.api.v1 import beans, examples, finding, life, repeating
from omrs_streams.api.v1.asking import Ask, Asking, Create
from omrs_streams.api.v1.base import MAX_NAMES, Name
from omrs_streams.api.v1.finding import Kind, Sort
from omrs_streams.api.v1.handling import PROPERTY, make_router
from omrs_streams.api.v1.instances import ENTITY, RELATIONSHIP, Noun, shown, sorted_page
from omrs_streams.api.v1.life import AsOf, AtGuid, Continued, PageSize
from omrs_streams.api.v1.models import Entity, EntityPage, NewEntity, RelationshipPage, Status
from omrs_streams.api.v1.paging import DEFAULT_LIMIT
from omrs_streams.api.v1.problems import at
from omrs_streams.api.v1.replies import created, paged
from omrs_streams.client.search import Condition, SearchProperties, attribute_of, contains
from omrs_streams.repository.local import Bean

router = make_router("/entities", "entities")

OfType = Annotated[Name | None, Query(alias="type", description="with its subtypes", examples=["GlossaryTerm"])]
WithStatus = Annotated[list[Status] | None, Query(alias="status", max_length=MAX_NAMES, description="any of these")]
Carrying = Annotated[
    list[Name] | None, Query(alias="classification", max_length=MAX_NAMES, description="carries any of these")
]
Text = Annotated[
    Annotated[str, StringConstraints(min_length=1, max_length=1000)] | None,
    Query(alias="q", description="this text is part of one of its values"),
]
Order = Annotated[Sort | None, Query(alias="sort", description=finding.SORT_DESCRIPTION, examples=["-updateTime"])]


@router.post(
    "",
    operation_id="createEntity",
    summary="Create an entity",
    status_code=201,
    response_model=Entity,
    responses=created(),
)
async def create(ask: Create, given: Annotated[NewEntity, examples.ENTITY]) -> Response:
    operation = "addExternalEntity" if given.external_source else "addEntity"
    answer = await repeating.create(ask, ENTITY, operation, beans.new_entity(ask.types, given))
    return shown(ask, ENTITY, answer, status=201, location=ENTITY.url(answer.result["guid"]))


@router.get(
    "",
    operation_id="listEntities",
    summary="List entities, with simple filters",
    description="All filters must hold. `property.<name>=<value>` compares a property of `type` for equality; "
    "`POST /search/entities` takes conditions of any shape.",
    response_model=EntityPage,
    responses=paged(),
)
async def entities(
    ask: Ask,
    type_name: OfType = None,
    text: Text = None,
    classification: Carrying = None,
    status: WithStatus = None,
    sort: Order = None,
    as_of: AsOf = None,
    limit: PageSize = DEFAULT_LIMIT,
    cursor: Continued = None,
) -> Response:
    body = filters(ask, "entity", type_name, status, sort, as_of)
    for name in classification or ():
        beans.type_guid(ask.types, name, "classification", "CLASSIFICATION_DEF")
    if text is None and classification:
        conditions = [{"name": name} for name in classification]
        body["matchClassifications"] = {"conditions": conditions, "matchCriteria": "ANY"}
    elif classification:
        body["limitResultsByClassification"] = classification
    return await found(ask, ENTITY, body, text, sort, limit, cursor)


def filters(
    ask: Asking, kind: Kind, type_name: str | None, status: list[Status] | None, sort: str | None, as_of: int | None
) -> Bean:
    """The find request of a list's query, without text and classifications."""
    body: Bean = {}
    if type_name is not None:
        body["typeGUID"] = beans.type_guid(ask.types, type_name, "type", finding.CATEGORY[kind])
    equal = [
        _equal(ask.types, type_name, name.removeprefix(PROPERTY), value)
        for name, value in ask.request.query_params.multi_items()
        if name.startswith(PROPERTY)
    ]
    if equal:
        body["matchProperties"] = SearchProperties(equal).to_bean(ask.types, type_name)
    return {**body, **finding.limits(ask.types, kind, type_name, status, sort, as_of)}


def _equal(types: TypeSystem, type_name: str | None, name: str, text: str) -> Condition:
    """The condition of `property.<name>=<text>`; numbers and truth values are written as JSON has them."""
    with at(f"{PROPERTY}{name}", exactly=True):
        spec = attribute_of(types, type_name, name)
        value: Any = text
        if spec.primitive not in ("OM_PRIMITIVE_TYPE_STRING", "OM_PRIMITIVE_TYPE_CHAR", "OM_PRIMITIVE_TYPE_DATE"):
            try:
                value = from_json(text, plain=True)
            except CodecError:
                value = text  # an enum's symbolic name
        condition = Condition(name, "EQ", value)
        condition.to_bean(types, type_name)
        return condition


async def found(
    ask: Asking, noun: Noun, body: Bean, text: str | None, sort: str | None, limit: int, cursor: str | None, **more: Any
) -> Response:
    """A page of a find: by conditions, or by text in any value."""
    plural = "Entities" if noun.kind == "entity" else "Relationships"
    past = "AsOf" if "asOfTime" in body else ""
    query: dict[str, str] = {}
    if text is not None:
        if "matchProperties" in body:
            raise InvalidParameterError(
                f"q and {PROPERTY}… cannot be combined",
                help=f"POST /search/{plural.lower()} takes any conditions on properties: contains, startsWith …",
                parameter="q",
            )
        query["searchCriteria"] = contains(text)
    operation = f"find{plural}{'ByPropertyValue' if text is not None else ''}{past}"
    return await sorted_page(ask, noun, operation, body, sort, limit=limit, cursor=cursor, query=query, **more)


@router.get(
    "/{guid}/relationships",
    operation_id="getRelationshipsOfEntity",
    summary="Its relationships",
    response_model=RelationshipPage,
    responses=paged(404),
    tags=["relationships"],
)
async def relationships(
    ask: Ask,
    guid: AtGuid,
    type_name: OfType = None,
    status: WithStatus = None,
    sort: Order = None,
    as_of: AsOf = None,
    limit: PageSize = DEFAULT_LIMIT,
    cursor: Continued = None,
) -> Response:
    body = filters(ask, "relationship", type_name, status, sort, as_of)
    if "matchProperties" in body:
        raise InvalidParameterError(
            f"relationships of an entity are not filtered by {PROPERTY}…", parameter=f"{PROPERTY}…"
        )
    operation, path = f"getRelationshipsForEntity{'AsOf' if as_of is not None else ''}", {"entityGUID": guid}
    return await sorted_page(ask, RELATIONSHIP, operation, body, sort, limit=limit, cursor=cursor, path=path)


life.add(router, ENTITY)

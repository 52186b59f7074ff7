"""The operations that entities and relationships share, as routes."""

from typing import Annotated

from fastapi import APIRouter, Path, Query, Response

from omrs_streams.api.v1 import instances
from omrs_streams.api.v1.asking import Ask, Change
from omrs_streams.api.v1.base import GUID_EXAMPLE, Guid, Moment
from omrs_streams.api.v1.finding import Cursor, Limit
from omrs_streams.api.v1.instances import HistoryOrder, Noun
from omrs_streams.api.v1.models import (
    Entity,
    EntityPage,
    Patch,
    Rehome,
    Reidentify,
    Relationship,
    RelationshipPage,
    Replacement,
    Retype,
)
from omrs_streams.api.v1.paging import DEFAULT_LIMIT
from omrs_streams.api.v1.replies import changed, paged, refusals

AsOf = Annotated[Moment | None, Query(alias="asOf", description="as it was at that time")]
From = Annotated[Moment | None, Query(alias="from", description="versions that held at or after that time")]
To = Annotated[Moment | None, Query(alias="to", description="versions that held at or before that time")]
AtGuid = Annotated[Guid, Path(examples=[GUID_EXAMPLE])]
PageSize = Annotated[Limit, Query(description="items per page")]
Continued = Annotated[Cursor | None, Query(description="of the page before")]


def add(router: APIRouter, noun: Noun) -> None:
    """Everything below `/{guid}` that does not depend on what the instance is."""
    kind, title = noun.kind, noun.title
    model: type[Entity | Relationship] = Entity if kind == "entity" else Relationship
    pages: type[EntityPage | RelationshipPage] = EntityPage if kind == "entity" else RelationshipPage

    @router.get(
        "/{guid}",
        operation_id=f"get{title}",
        summary=f"Read the {kind}",
        response_model=model,
        responses=refusals(304, 404, 422, etag=True),
    )
    async def get(
        ask: Ask,
        guid: AtGuid,
        as_of: AsOf = None,
        include_deleted: Annotated[
            bool, Query(alias="includeDeleted", description="also when it is soft-deleted")
        ] = False,
    ) -> Response:
        return await instances.get(ask, noun, guid, as_of, include_deleted)

    @router.put(
        "/{guid}",
        operation_id=f"replace{title}",
        summary="Replace all its properties",
        response_model=model,
        responses=changed(),
    )
    async def replace(ask: Change, guid: AtGuid, given: Replacement) -> Response:
        return await instances.replace(ask, noun, guid, given)

    @router.patch(
        "/{guid}",
        operation_id=f"patch{title}",
        summary="Change some of its properties, or its status",
        response_model=model,
        responses=changed(),
    )
    async def patch(ask: Change, guid: AtGuid, given: Patch) -> Response:
        return await instances.patch(ask, noun, guid, given)

    @router.delete(
        "/{guid}",
        operation_id=f"delete{title}",
        summary="Delete it: softly, or for good",
        status_code=204,
        response_class=Response,
        responses=changed(etag=False),
    )
    async def delete(
        ask: Change,
        guid: AtGuid,
        purge: Annotated[bool, Query(description="for good, with its history; else it can be restored")] = False,
    ) -> Response:
        return await instances.delete(ask, noun, guid, purge)

    @router.get(
        "/{guid}/history",
        operation_id=f"get{title}History",
        summary="Its versions",
        response_model=pages,
        responses=paged(404),
    )
    async def history(
        ask: Ask,
        guid: AtGuid,
        start: From = None,
        end: To = None,
        order: HistoryOrder = "newest",
        limit: PageSize = DEFAULT_LIMIT,
        cursor: Continued = None,
    ) -> Response:
        return await instances.history(ask, noun, guid, start, end, order, limit, cursor)

    @router.post(
        "/{guid}/restore",
        operation_id=f"restore{title}",
        summary="Bring it back from its soft delete",
        response_model=model,
        responses=changed(),
    )
    async def restore(ask: Change, guid: AtGuid) -> Response:
        return await instances.restore(ask, noun, guid)

    @router.post(
        "/{guid}/undo",
        operation_id=f"undo{title}",
        summary="Bring back the content of the version before",
        response_model=model,
        responses=changed(),
    )
    async def undo(ask: Change, guid: AtGuid) -> Response:
        return await instances.undo(ask, noun, guid)

    @router.post(
        "/{guid}/reidentify",
        operation_id=f"reidentify{title}",
        summary="Give it another guid",
        response_model=model,
        responses=changed(),
    )
    async def reidentify(ask: Change, guid: AtGuid, given: Reidentify) -> Response:
        return await instances.reidentify(ask, noun, guid, given)

    @router.post(
        "/{guid}/retype",
        operation_id=f"retype{title}",
        summary="Give it another type",
        response_model=model,
        responses=changed(),
    )
    async def retype(ask: Change, guid: AtGuid, given: Retype) -> Response:
        return await instances.retype(ask, noun, guid, given)

    @router.post(
        "/{guid}/rehome",
        operation_id=f"rehome{title}",
        summary="Let another metadata collection maintain it",
        response_model=model,
        responses=changed(),
    )
    async def rehome(ask: Change, guid: AtGuid, given: Rehome) -> Response:
        return await instances.rehome(ask, noun, guid, given)

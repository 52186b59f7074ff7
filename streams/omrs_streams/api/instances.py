"""Handlers of the instance paths (OMRS queries § 6): thin, from the request to a command or a query."""

from dataclasses import replace
from typing import Any

import omrs_schemas.model.requests as beans
from omrs_schemas.errors import InvalidParameterError
from omrs_streams.api import graph, instances_classify, instances_copies, instances_identity
from omrs_streams.api.access import readable
from omrs_streams.api.instances_classify import external_of
from omrs_streams.api.route import CREATED, TEXT, Request, Route
from omrs_streams.repository import changes, queries
from omrs_streams.repository.local import Bean
from omrs_streams.repository.matching import type_guids
from omrs_streams.repository.matching_request import FindRequest, check_paging

E, R = changes.ENTITY, changes.RELATIONSHIP


def _require_external(body: Bean) -> tuple[str, str]:
    found = external_of(body)
    if found is None:
        raise InvalidParameterError(
            "no external source was given",
            code="OMRS-REPOSITORY-400-014",
            help="metadataCollectionId is the guid of the element that describes the external technology",
            parameter="metadataCollectionId",
        )
    return found


# ---- writes --------------------------------------------------------------------------------------------------------


async def add_entity(r: Request, external: tuple[str, str] | None = None) -> Any:
    body = r.bean
    return await r.worker.commands.add_entity(
        r.partition,
        r.call,
        body.get("entityTypeGUID"),
        body.get("initialProperties"),
        body.get("initialClassifications"),
        body.get("initialStatus"),
        external,
    )


async def add_external_entity(r: Request) -> Any:
    return await add_entity(r, _require_external(r.bean))


async def add_relationship(r: Request, external: tuple[str, str] | None = None) -> Any:
    body = r.bean
    return await r.worker.commands.add_relationship(
        r.partition,
        r.call,
        body.get("relationshipTypeGUID"),
        body.get("initialProperties"),
        body.get("entityOneGUID"),
        body.get("entityTwoGUID"),
        body.get("initialStatus"),
        external,
    )


async def add_external_relationship(r: Request) -> Any:
    return await add_relationship(r, _require_external(r.bean))


def _writes(kind: str) -> dict[str, Any]:
    async def status(r: Request) -> Any:
        return await r.worker.commands.update_status(r.partition, r.call, r.guid, kind, r.body)

    async def properties(r: Request) -> Any:
        given = r.bean.get("instanceProperties")
        return await r.worker.commands.update_properties(r.partition, r.call, r.guid, kind, given)

    async def undo(r: Request) -> Any:
        return await r.worker.commands.undo(r.partition, r.call, r.guid, kind)

    async def delete(r: Request) -> Any:
        ids = r.bean.get("typeDefGUID"), r.bean.get("typeDefName")
        deleted = await r.worker.commands.delete(r.partition, r.call, r.guid, kind, *ids)
        if kind == E:
            await r.worker.consequences_of(r.partition)
        return deleted

    async def purge(r: Request) -> None:
        ids = r.bean.get("typeDefGUID"), r.bean.get("typeDefName")
        await r.worker.commands.purge(r.partition, r.call, r.guid, kind, *ids)
        if kind == E:
            await r.worker.consequences_of(r.partition)

    async def restore(r: Request) -> Any:
        return await r.worker.commands.restore(r.partition, r.call, r.guid, kind)

    return {
        "status": status,
        "properties": properties,
        "undo": undo,
        "delete": delete,
        "purge": purge,
        "restore": restore,
    }


# ---- reads ---------------------------------------------------------------------------------------------------------


def _reads(kind: str) -> dict[str, Any]:
    relationship = kind == R

    async def existence(r: Request) -> Any:
        return queries.known(r.partition.store, r.guid, relationship=relationship)

    async def get(r: Request) -> Any:
        bean, r.revision = queries.read(r.partition.store, r.guid, relationship=relationship)
        return bean

    async def as_of(r: Request) -> Any:
        time = r.worker.past(r.bean.get("asOfTime"))
        if time is None:
            return await get(r)
        return queries.as_of(r.partition.store, r.guid, time, relationship=relationship)

    async def history(r: Request) -> Any:
        offset, page_size = r.bean.get("offset") or 0, r.bean.get("pageSize") or 0
        check_paging(offset, page_size)
        start, end = r.bean.get("fromTime"), r.bean.get("toTime")
        queries.check_range(start, end)
        found = queries.history(
            r.partition.store,
            r.guid,
            relationship=relationship,
            start=r.worker.past(start, "fromTime"),
            end=r.worker.past(end, "toTime"),
            forwards=r.bean.get("sequencingOrder") == "FORWARDS",
        )
        return found[offset : offset + page_size if page_size else None]

    return {"existence": existence, "get": get, "as_of": as_of, "history": history}


async def summary(r: Request) -> Any:
    bean, r.revision = queries.read(r.partition.store, r.guid, relationship=False, proxies=True)
    kept = {name: value for name, value in bean.items() if name not in ("properties", "uniqueProperties")}
    return {**kept, "class": "EntitySummary"}


async def home_classifications(r: Request) -> Any:
    """Also of a proxy: a classification may be at home where its entity is not. External ones are at home here too.

    Who may not read the entity is not told what it carries.
    """
    local = r.worker.local
    bean = readable(r.worker.security, r.call.user, _entity(r, r.worker.past(r.bean.get("asOfTime"))))
    carried = bean.get("classifications") or ()
    return [
        each
        for each in carried
        if each.get("metadataCollectionId") in (None, local.collection_id) or local.may_write(each)
    ]


async def relationships(r: Request) -> Any:
    asked = FindRequest.attached(r.bean)
    time = r.worker.past(r.bean.get("asOfTime"))
    type_guids(r.worker.types, asked)  # what is asked for is checked before the entity is looked for
    _entity(r, time)
    return await r.worker.scattered.relationships_of(r.guid, r.bean, time, r.call.user)


def _entity(r: Request, time: int | None) -> Bean:
    """The entity or its proxy, now or then."""
    store = r.partition.store
    if time is None:
        return queries.read(store, r.guid, relationship=False, proxies=True)[0]
    return queries.as_of(store, r.guid, time, relationship=False, proxies=True)


async def _find(r: Request, request: FindRequest) -> list[Bean]:
    """As the one who asks: what he may not read is neither found nor counted. The time must not lie in the future."""
    r.worker.past(request.as_of_time)
    return await r.worker.scattered.find(replace(request, user=r.call.user))


async def find_entities(r: Request) -> Any:
    return await _find(r, FindRequest.find("entity", r.bean))


async def find_entities_by_property(r: Request) -> Any:
    return await _find(r, FindRequest.by_property("entity", r.bean))


async def find_entities_by_classification(r: Request) -> Any:
    return await _find(r, FindRequest.by_classification(r.path["classificationName"], r.bean))


async def find_entities_by_value(r: Request) -> Any:
    return await _find(r, FindRequest.by_property_value("entity", r.query.get("searchCriteria"), r.bean))


async def find_relationships(r: Request) -> Any:
    return await _find(r, FindRequest.find("relationship", r.bean))


async def find_relationships_by_property(r: Request) -> Any:
    return await _find(r, FindRequest.by_property("relationship", r.bean))


async def find_relationships_by_value(r: Request) -> Any:
    return await _find(r, FindRequest.by_property_value("relationship", r.query.get("searchCriteria"), r.bean))


def _of_kind(kind: str, noun: str, guid: str, obsolete: str, purged: str) -> list[Route]:
    """The paths that entities and relationships share; `noun` is `entity` or `relationship`."""
    writes, reads = _writes(kind), _reads(kind)
    title = noun.capitalize()
    one, many = f"{kind}Response", f"{title}ListResponse"
    plural = "entities" if noun == "entity" else "relationships"
    base = f"/instances/{noun}"
    at = f"{base}/{{{guid}}}"
    undone = f"undo{title}Update"
    return [
        Route("GET", f"{base}/{{guid}}/existence", f"is{title}Known", reads["existence"], one, noun, "guid"),
        Route(
            "GET",
            f"{base}/{{guid}}",
            f"get{'EntityDetail' if noun == 'entity' else title}",
            reads["get"],
            one,
            noun,
            "guid",
        ),
        Route(
            "POST",
            f"{base}/{{guid}}/history",
            f"get{title}AsOf",
            reads["as_of"],
            one,
            noun,
            "guid",
            beans.HistoryRequest,
        ),
        Route(
            "POST",
            f"{base}/{{guid}}/history/all",
            f"get{title}History",
            reads["history"],
            many,
            plural,
            "guid",
            beans.HistoryRangeRequest,
            False,
        ),
        Route("POST", f"{at}/status", f"update{title}Status", writes["status"], one, noun, guid, TEXT),
        Route(
            "POST",
            f"{at}/properties",
            f"update{title}Properties",
            writes["properties"],
            one,
            noun,
            guid,
            beans.InstancePropertiesRequest,
        ),
        Route("GET", f"{at}/previous", undone, writes["undo"], one, noun, guid),
        Route(
            "POST",
            f"{base}/{{{obsolete}}}/delete",
            f"delete{title}",
            writes["delete"],
            one,
            noun,
            obsolete,
            beans.TypeDefValidationForRequest,
        ),
        Route(
            "POST",
            f"{base}/{{{purged}}}/purge",
            f"purge{title}",
            writes["purge"],
            "VoidResponse",
            None,
            purged,
            beans.TypeDefValidationForRequest,
        ),
        Route("GET", f"{base}/{{{purged}}}/restore", f"restore{title}", writes["restore"], one, noun, purged),
    ]


_ENTITY = "EntityDetailResponse"
_ENTITIES = "EntityListResponse"
_RELATIONSHIPS = "RelationshipListResponse"


def _finds() -> list[Route]:
    """Each find and its `/history` twin, which takes the same bean with `asOfTime`."""
    entities, relations = "/instances/entities", "/instances/relationships"
    table = [
        (
            entities,
            "findEntities",
            find_entities,
            "entities",
            beans.EntityFindRequest,
            beans.EntityHistoricalFindRequest,
        ),
        (
            f"{entities}/by-property",
            "findEntitiesByProperty",
            find_entities_by_property,
            "entities",
            beans.EntityPropertyFindRequest,
            beans.EntityPropertyHistoricalFindRequest,
        ),
        (
            f"{entities}/by-classification/{{classificationName}}",
            "findEntitiesByClassification",
            find_entities_by_classification,
            "entities",
            beans.PropertyMatchFindRequest,
            beans.PropertyMatchHistoricalFindRequest,
        ),
        (
            f"{entities}/by-property-value",
            "findEntitiesByPropertyValue",
            find_entities_by_value,
            "entities",
            beans.EntityPropertyFindRequest,
            beans.EntityPropertyHistoricalFindRequest,
        ),
        (
            relations,
            "findRelationships",
            find_relationships,
            "relationships",
            beans.InstanceFindRequest,
            beans.InstanceHistoricalFindRequest,
        ),
        (
            f"{relations}/by-property",
            "findRelationshipsByProperty",
            find_relationships_by_property,
            "relationships",
            beans.PropertyMatchFindRequest,
            beans.PropertyMatchHistoricalFindRequest,
        ),
        (
            f"{relations}/by-property-value",
            "findRelationshipsByPropertyValue",
            find_relationships_by_value,
            "relationships",
            beans.TypeLimitedFindRequest,
            beans.TypeLimitedHistoricalFindRequest,
        ),
    ]
    routes = []
    for path, operation, handler, payload, body, historical in table:
        response = _ENTITIES if payload == "entities" else _RELATIONSHIPS
        routes.append(Route("POST", path, operation, handler, response, payload, None, body, False))
        routes.append(
            Route("POST", f"{path}/history", f"{operation}AsOf", handler, response, payload, None, historical, False)
        )
    return routes


ROUTES: list[Route] = [
    Route("POST", "/instances/entity", "addEntity", add_entity, _ENTITY, "entity", CREATED, beans.EntityCreateRequest),
    Route(
        "POST",
        "/instances/entity/external",
        "addExternalEntity",
        add_external_entity,
        _ENTITY,
        "entity",
        CREATED,
        beans.EntityCreateRequest,
    ),
    Route(
        "POST",
        "/instances/relationship",
        "addRelationship",
        add_relationship,
        "RelationshipResponse",
        "relationship",
        CREATED,
        beans.RelationshipCreateRequest,
    ),
    Route(
        "POST",
        "/instances/relationship/external",
        "addExternalRelationship",
        add_external_relationship,
        "RelationshipResponse",
        "relationship",
        CREATED,
        beans.RelationshipCreateRequest,
    ),
    *_of_kind(E, "entity", "entityGUID", "obsoleteEntityGUID", "deletedEntityGUID"),
    *_of_kind(R, "relationship", "relationshipGUID", "obsoleteRelationshipGUID", "deletedRelationshipGUID"),
    Route(
        "GET",
        "/instances/entity/{guid}/summary",
        "getEntitySummary",
        summary,
        "EntitySummaryResponse",
        "entity",
        "guid",
    ),
    Route(
        "GET",
        "/instances/entity/{entityGUID}/home-classifications",
        "getHomeClassifications",
        home_classifications,
        "ClassificationListResponse",
        "classifications",
        "entityGUID",
    ),
    Route(
        "POST",
        "/instances/entity/{entityGUID}/home-classifications/history",
        "getHomeClassificationsAsOf",
        home_classifications,
        "ClassificationListResponse",
        "classifications",
        "entityGUID",
        beans.HistoryRequest,
    ),
    Route(
        "POST",
        "/instances/entity/{entityGUID}/relationships",
        "getRelationshipsForEntity",
        relationships,
        _RELATIONSHIPS,
        "relationships",
        "entityGUID",
        beans.TypeLimitedFindRequest,
        False,
    ),
    Route(
        "POST",
        "/instances/entity/{entityGUID}/relationships/history",
        "getRelationshipsForEntityAsOf",
        relationships,
        _RELATIONSHIPS,
        "relationships",
        "entityGUID",
        beans.TypeLimitedHistoricalFindRequest,
        False,
    ),
    *_finds(),
    *graph.ROUTES,
    *instances_classify.ROUTES,
    *instances_identity.ROUTES,
    *instances_copies.ROUTES,
]

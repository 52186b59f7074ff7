"""Handlers of the reference copy paths (OMRS queries § 6): what a member would tell by event, told by request.

Each becomes the event that says the same, and is judged like one: older news, and what rules do not want, change
nothing. What is said about an instance that is at home here is reported (OMRS-AUDIT-0028) and changes nothing either.
"""

from dataclasses import replace
from typing import Any

import omrs_schemas.model.requests as beans
from omrs_schemas.codes import Code
from omrs_schemas.errors import HomeEntityError, HomeRelationshipError, InvalidParameterError
from omrs_schemas.model.instances import EntityDetail, EntityProxy, Relationship
from omrs_schemas.typedefs import validate
from omrs_streams.api.route import Request, Route
from omrs_streams.clock import now_ms
from omrs_streams.cohort.instance_events import refresh_request
from omrs_streams.log.event_ids import following_id
from omrs_streams.repository import changes
from omrs_streams.repository.commands import not_known
from omrs_streams.repository.events import instance_event
from omrs_streams.repository.local import Bean

E, R = changes.ENTITY, changes.RELATIONSHIP
CURRENT_HEADER = 1


async def _tell(r: Request, kind: str, bean: Bean, about: Bean | None = None, **more: Bean) -> None:
    """Take in the event `kind` of `bean` as if the home of `about` (None: of `bean`) had sent it."""
    event = _from_home(r, kind, bean, about, **more)
    if event is not None:
        await r.worker.cascade.run("take", bean["guid"], r.call, {"event": event})


def _from_home(r: Request, kind: str, bean: Bean, about: Bean | None = None, **more: Bean) -> Bean | None:
    """The event `kind` of `bean`, sent by the home of `about` (None: of `bean`); None where it is passed over.

    Raises what `validate_instance` raises. A header of a later version is passed over in silence.
    """
    subject = bean if about is None else about
    if any((each.get("headerVersion") or 0) > CURRENT_HEADER for each in (bean, subject)):
        return None
    validate.validate_instance(r.worker.types, bean)
    home = subject.get("replicatedBy") or subject["metadataCollectionId"]
    event = instance_event(kind, bean, {"metadataCollectionId": home}, now_ms(), **more)
    if home == r.worker.local.collection_id:
        wire_kind = event["instanceEventSection"]["eventType"]
        r.worker.audit.record("OMRS-AUDIT-0028", guid=bean["guid"], kind=wire_kind, server=r.worker.local.server)
        return None
    return event


async def save(r: Request) -> None:
    await _tell(r, "NEW" if (r.bean.get("version") or 0) <= 1 else "UPDATED", r.bean)


async def delete(r: Request) -> None:
    """The copy stays as DELETED, which a repository with soft delete does."""
    bean = r.bean
    if bean.get("status") != "DELETED":
        bean = {**bean, "statusOnDelete": bean.get("status") or "ACTIVE", "status": "DELETED"}
    await _tell(r, "DELETED", bean)


async def purge(r: Request) -> None:
    """The copy goes from here only: what its home says next is taken in again, be it no newer."""
    bean = r.bean
    event = _from_home(r, "PURGED", bean)
    found = (await r.worker.cascade.run("look", bean["guid"], r.call, {})).get("bean")
    if event is not None and found is not None:
        await _forget(
            r, R if bean["class"] == R else E, bean["guid"], event["originator"]["metadataCollectionId"], found
        )


async def save_proxy(r: Request) -> None:
    """addEntityProxy: keeps the proxy of an entity whose home is elsewhere. Who asks for it needs it for an end of a
    relationship: the rule for saving does not keep it out."""
    proxy = r.bean
    if not proxy.get("guid"):
        raise InvalidParameterError("no entity proxy was given", code=Code.NULL_ENTITY_PROXY, parameter="entityProxy")
    if proxy.get("metadataCollectionId") == r.worker.local.collection_id:
        raise InvalidParameterError(
            f"the proxy of {proxy['guid']} names this server's collection {proxy['metadataCollectionId']} as its home",
            code=Code.LOCAL_ENTITY_PROXY,
            help="entities of this server need no proxies",
            guid=proxy["guid"],
            parameter="entityProxy",
        )
    event = _from_home(r, "NEW", proxy)
    if event is not None:
        await r.worker.cascade.run("take", proxy["guid"], r.call, {"event": event, "regardless": True})


async def save_graph(r: Request) -> None:
    """saveInstanceReferenceCopies: entities first, so that relationships find their ends."""
    call = r.call
    for bean in (*(r.bean.get("entityElementList") or ()), *(r.bean.get("relationshipElementList") or ())):
        event_id = following_id(call.event_id, bean.get("guid") or "")
        await save(replace(r, call=replace(call, event_id=event_id), body=bean))


def _classified(r: Request) -> tuple[Bean, Bean]:
    entity = r.bean.get("entity") or r.bean.get("entityProxy")
    classification = r.bean.get("classification")
    if entity is None or classification is None:
        raise InvalidParameterError(
            "the classification or its entity was not given",
            code=Code.NULL_REFERENCE_INSTANCE,
            help="send classification, and entity or entityProxy",
            parameter="classification" if classification is None else "entity",
        )
    validate.validate_instance(r.worker.types, classification)
    return entity, classification


async def save_classification(r: Request) -> None:
    entity, classification = _classified(r)
    kind = "CLASSIFIED" if (classification.get("version") or 0) <= 1 else "RECLASSIFIED"
    await _tell(r, kind, entity, classification, classification=classification)


async def purge_classification(r: Request) -> None:
    entity, classification = _classified(r)
    await _tell(r, "DECLASSIFIED", entity, classification, originalClassification=classification)


def _by_guid(kind: str) -> tuple[Any, Any]:
    """purge and refresh of a copy that is named by guid, type and home."""

    def named(r: Request) -> str:
        r.worker.commands.require_type(r.bean.get("typeDefGUID"), r.bean.get("typeDefName"))
        home = r.query.get("homeMetadataCollectionId")
        if not home:
            raise InvalidParameterError(
                f"the home of {r.guid} was not given",
                code=Code.NULL_INSTANCE_METADATA_COLLECTION_ID,
                parameter="homeMetadataCollectionId",
            )
        return home

    async def purge_copy(r: Request) -> None:
        """What is deleted here and at home here is purged too: Egeria's suite ends so what it has given a new home."""
        home = named(r)
        local = r.worker.local
        found = (await r.worker.cascade.run("look", r.guid, r.call, {})).get("bean")
        if found is not None and (found["class"] == R) != (kind == R):
            found = None
        if found is not None and found["status"] == "DELETED" and local.may_write(found):
            await r.worker.cascade.run("purge", r.guid, r.call, found)
            return
        if home == local.collection_id:
            raise _at_home(kind, r.guid)
        if found is None:
            raise not_known(r.guid, relationship=kind == R)
        await _forget(r, kind, r.guid, home, found)

    async def refresh(r: Request) -> None:
        """Ask the home for the instance; its answer comes by event."""
        home = named(r)
        if home == r.worker.local.collection_id:
            raise _at_home(kind, r.guid)
        event = refresh_request(r.guid, home, r.bean, kind == R, r.worker.local.originator(), now_ms())
        for member in r.worker.cohorts.values():
            await member.outbound.send([event])

    return purge_copy, refresh


async def _forget(r: Request, kind: str, guid: str, home: str, found: Bean) -> None:
    """Drop the copy `found`, if its home is the one that was named."""
    if r.worker.local.may_write(found):
        raise _at_home(kind, guid)
    if home not in (found.get("metadataCollectionId"), found.get("replicatedBy")):
        raise InvalidParameterError(
            f"the home of {guid} is {found.get('metadataCollectionId')}, not {home}",
            code=Code.NO_HOME_FOR_INSTANCE,
            help="pass the home of the copy",
            guid=guid,
            parameter="homeMetadataCollectionId",
        )
    await r.worker.cascade.run("forget", guid, r.call, {})


def _at_home(kind: str, guid: str) -> HomeEntityError | HomeRelationshipError:
    error = HomeRelationshipError if kind == R else HomeEntityError
    return error(f"{guid} is at home here", help="only a reference copy can be refreshed or purged so", guid=guid)


def _of_kind(kind: str, noun: str, plural: str, body: Any) -> list[Route]:
    title = noun.capitalize()
    at = f"/instances/{plural}/reference-copy"
    by_guid = f"{at}/{{{noun}GUID}}"
    purge_copy, refresh = _by_guid(kind)
    typed, home = beans.TypeDefValidationForRequest, ("homeMetadataCollectionId",)

    def route(path: str, operation: str, handler: Any, body: Any, query: tuple[str, ...] = ()) -> Route:
        return Route("POST", path, operation, handler, "VoidResponse", None, None, body, query=query)

    return [
        route(at, f"save{title}ReferenceCopy", save, body),
        route(f"{at}/delete", f"delete{title}ReferenceCopy", delete, body),
        route(f"{at}/purge", f"purge{title}ReferenceCopy", purge, body),
        route(f"{by_guid}/purge", f"purge{title}ReferenceCopyByGUID", purge_copy, typed, home),
        route(f"{by_guid}/refresh", f"refresh{title}ReferenceCopy", refresh, typed, home),
    ]


_CLASSIFICATIONS = "/instances/entities/classifications/reference-copy"


def _void(path: str, operation: str, handler: Any, body: Any) -> Route:
    return Route("POST", path, operation, handler, "VoidResponse", None, None, body)


ROUTES = [
    *_of_kind(E, "entity", "entities", EntityDetail),
    *_of_kind(R, "relationship", "relationships", Relationship),
    _void(
        _CLASSIFICATIONS,
        "saveClassificationReferenceCopy",
        save_classification,
        beans.ClassificationWithEntityRequest,
    ),
    _void(
        f"{_CLASSIFICATIONS}/purge",
        "purgeClassificationReferenceCopy",
        purge_classification,
        beans.ClassificationWithEntityRequest,
    ),
    _void("/instances", "saveInstanceReferenceCopies", save_graph, beans.InstanceGraphRequest),
    _void("/instances/entity-proxy", "addEntityProxy", save_proxy, EntityProxy),
]

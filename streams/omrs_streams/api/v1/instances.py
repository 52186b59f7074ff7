"""What entities and relationships have in common: reading, changing, and the ways through their life."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from fastapi import Response

from omrs_schemas.codes import Code
from omrs_schemas.errors import (
    EntityNotKnownError,
    InvalidParameterError,
    OmrsError,
    RelationshipNotKnownError,
    RevisionConflictError,
)
from omrs_streams.api.v1 import beans
from omrs_streams.api.v1.asking import Asking, Changing
from omrs_streams.api.v1.finding import Kind, ordered, sorting
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
from omrs_streams.api.v1.paging import mark
from omrs_streams.api.v1.replies import listed, nothing, one
from omrs_streams.api.v1.views import entity, entity_url, relationship, relationship_url
from omrs_streams.repository.local import Bean
from omrs_streams.repository.services import Answer

ATTEMPTS = 5  # to merge a patch while others write the same instance; each attempt reads what they wrote

HistoryOrder = Literal["newest", "oldest"]


@dataclass(frozen=True, slots=True)
class Noun:
    """Entities or relationships: the names of their operations and parameters (OMRS queries § 6), and their view."""

    kind: Kind
    get: str
    view: Callable[[Bean, Iterable[str]], Entity | Relationship]
    url: Callable[[str], str]
    not_known: type[OmrsError]

    @property
    def title(self) -> str:
        return self.kind.capitalize()

    def at(self, guid: str, role: str = "") -> dict[str, str]:
        """The path parameter; `role`: `obsolete` or `deleted`, as the operation calls the instance."""
        return {f"{role}{self.title}GUID" if role else f"{self.kind}GUID": guid}


ENTITY = Noun("entity", "getEntityDetail", entity, entity_url, EntityNotKnownError)
RELATIONSHIP = Noun("relationship", "getRelationship", relationship, relationship_url, RelationshipNotKnownError)


def shown(ask: Asking, noun: Noun, answer: Answer, *, status: int = 200, location: str | None = None) -> Response:
    return one(ask, noun.view(answer.result, ask.warnings), answer.revision, status=status, location=location)


def page_of(noun: Noun) -> Callable[[list[Bean], Mapping[str, Any]], EntityPage | RelationshipPage]:
    def make(items: list[Bean], more: Mapping[str, Any]) -> EntityPage | RelationshipPage:
        if noun.kind == "entity":
            return EntityPage(items=[entity(each) for each in items], **more)
        return RelationshipPage(items=[relationship(each) for each in items], **more)

    return make


async def sorted_page(
    ask: Asking,
    noun: Noun,
    operation: str,
    body: Bean,
    sort: str | None,
    *,
    limit: int,
    cursor: str | None,
    path: Mapping[str, str] | None = None,
    query: Mapping[str, str] | None = None,
    identity: Sequence[Any] | None = None,
) -> Response:
    """A page of what `operation` finds, in the order of `sort`: by guid where none is asked for."""
    order, name = ordered(sort)
    key, keep = sorting(sort)
    request: Bean = {**body, "sequencingOrder": order}
    if name is not None:
        request["sequencingProperty"] = name

    async def fetch(offset: int, count: int) -> list[Bean]:
        answer = await ask(operation, path=path, query=query, body={**request, "offset": offset, "pageSize": count})
        return answer.result or []

    return await listed(ask, page_of(noun), fetch, key, keep, limit=limit, cursor=cursor, identity=identity)


# ---- reading -------------------------------------------------------------------------------------------------------


async def get(ask: Asking, noun: Noun, guid: str, as_of: int | None, include_deleted: bool) -> Response:
    if as_of is not None:
        return shown(ask, noun, await ask(f"get{noun.title}AsOf", path={"guid": guid}, body={"asOfTime": as_of}))
    if include_deleted:
        answer = await known(ask, noun, guid)
        if answer.result["status"] == "DELETED":
            return shown(ask, noun, answer)
    return shown(ask, noun, await ask(noun.get, path={"guid": guid}))


async def known(ask: Asking, noun: Noun, guid: str) -> Answer:
    """The instance, soft-deleted or not; not_known where there is none."""
    answer = await ask(f"is{noun.title}Known", path={"guid": guid})
    if answer.result is None:
        raise noun.not_known(f"the {noun.kind} {guid} is not known here", guid=guid)
    return answer


async def history(
    ask: Asking,
    noun: Noun,
    guid: str,
    start: int | None,
    end: int | None,
    order: HistoryOrder,
    limit: int,
    cursor: str | None,
) -> Response:
    """One item per version. New versions come at one end only, and the cursor knows the version it stands behind."""
    sign = 1 if order == "oldest" else -1

    async def fetch(offset: int, count: int) -> list[Bean]:
        body: Bean = {
            "class": "HistoryRangeRequest",
            "offset": offset,
            "pageSize": count,
            "sequencingOrder": "FORWARDS" if order == "oldest" else "BACKWARDS",
        }
        body.update({name: time for name, time in (("fromTime", start), ("toTime", end)) if time is not None})
        found: list[Bean] = (await ask(f"get{noun.title}History", path={"guid": guid}, body=body)).result or []
        if found and ask.scope == "cohort":
            await _warn_of_copy(ask, found[0])
        return found

    return await listed(
        ask,
        page_of(noun),
        fetch,
        lambda last: sign * (last.number or 0),
        lambda bean: mark(guid, bean["version"]),
        limit=limit,
        cursor=cursor,
    )


async def _warn_of_copy(ask: Asking, bean: Bean) -> None:
    """Histories are read here whoever maintains the instance (OMRS queries § 5); its home may know more of it."""
    here = (await ask.here()("getMetadataCollectionId")).result
    home = bean.get("metadataCollectionId")
    if here in (home, bean.get("replicatedBy")):
        return
    said = f"the history is what this server received of {bean['guid']}; its home {home} may have more versions of it"
    if said not in ask.warnings:
        ask.warnings.append(said)


# ---- changing ------------------------------------------------------------------------------------------------------


async def _current(ask: Changing, noun: Noun, guid: str) -> tuple[Answer, int | None]:
    """The instance as it is, and the revision that a change of it insists on."""
    current = await ask(noun.get, path={"guid": guid})

    async def revision() -> int | None:
        return current.revision

    asked = await ask.condition.resolve(guid, revision)
    return current, current.revision if asked is None else asked


async def _properties(ask: Changing, noun: Noun, guid: str, bean: Bean, revision: int | None) -> Answer:
    body = {"class": "InstancePropertiesRequest", "instanceProperties": bean}
    return await ask.write(f"update{noun.title}Properties", path=noun.at(guid), body=body, revision=revision)


async def replace(ask: Changing, noun: Noun, guid: str, given: Replacement) -> Response:
    current = await ask(noun.get, path={"guid": guid})
    revision = await ask.revision(guid, noun.get)
    bean = beans.properties(ask.types, current.result["type"]["typeDefName"], given)
    return shown(ask, noun, await _properties(ask, noun, guid, bean, revision))


async def patch(ask: Changing, noun: Noun, guid: str, given: Patch) -> Response:
    """Merged into what is there; read again and merged again where another writer came between."""
    for attempt in range(1, ATTEMPTS + 1):
        current, revision = await _current(ask, noun, guid)
        try:
            return shown(ask, noun, await _patched(ask, noun, guid, given, current, revision))
        except RevisionConflictError:
            if ask.condition.revisions is not None or attempt == ATTEMPTS:
                raise
    raise AssertionError("the loop returns or raises")


async def _patched(ask: Changing, noun: Noun, guid: str, given: Patch, current: Answer, revision: int | None) -> Answer:
    done = current
    if given.model_fields_set - {"status"}:
        bean = beans.merged(ask.types, current.result, given.properties or {}, given)
        done = await _properties(ask, noun, guid, bean, revision)
    if given.status is not None:
        step, since = ("", revision) if done is current else ("status", done.revision)
        status = given.status.value
        operation = f"update{noun.title}Status"
        done = await ask.write(operation, path=noun.at(guid), body=status, revision=since, step=step)
    return done


async def delete(ask: Changing, noun: Noun, guid: str, purge: bool) -> Response:
    """Soft-deleted; `purge`: gone for good, whether or not it was soft-deleted before."""
    current = await known(ask, noun, guid)
    revision = await ask.revision(guid, noun.get)
    body = beans.typed(current.result)
    if not purge or current.result["status"] != "DELETED":
        step = "delete" if purge else ""
        path = noun.at(guid, "obsolete")
        try:
            await ask.write(f"delete{noun.title}", path=path, body=body, revision=revision, step=step)
        except noun.not_known:
            if current.result["status"] == "DELETED":
                said = f"{guid} is deleted already"
                raise InvalidParameterError(said, code=Code.INSTANCE_ALREADY_DELETED, guid=guid) from None
            raise
        revision = None
    if purge:
        await ask.write(f"purge{noun.title}", path=noun.at(guid, "deleted"), body=body, revision=revision)
    return nothing()


async def restore(ask: Changing, noun: Noun, guid: str) -> Response:
    revision = await ask.revision(guid, noun.get)
    return shown(ask, noun, await ask.write(f"restore{noun.title}", path=noun.at(guid, "deleted"), revision=revision))


async def undo(ask: Changing, noun: Noun, guid: str) -> Response:
    """The content of the version before, as a new version."""
    revision = await ask.revision(guid, noun.get)
    answer = await ask.write(f"undo{noun.title}Update", path=noun.at(guid), revision=revision)
    if answer.result is None:
        raise InvalidParameterError(f"{guid} has no version before this one", http=409, guid=guid)
    return shown(ask, noun, answer)


async def reidentify(ask: Changing, noun: Noun, guid: str, given: Reidentify) -> Response:
    current = await ask(noun.get, path={"guid": guid})
    revision = await ask.revision(guid, noun.get)
    answer = await ask.write(
        f"reIdentify{noun.title}",
        path=noun.at(guid),
        body=beans.typed(current.result),
        revision=revision,
        query={f"new{noun.title}GUID": given.guid},
    )
    return shown(ask, noun, answer, location=noun.url(given.guid))


async def retype(ask: Changing, noun: Noun, guid: str, given: Retype) -> Response:
    current = await ask(noun.get, path={"guid": guid})
    revision = await ask.revision(guid, noun.get)
    body = {
        "class": "TypeDefChangeRequest",
        "currentTypeDef": beans.type_summary(ask.types, current.result["type"]["typeDefName"]),
        "newTypeDef": beans.type_summary(ask.types, given.type),
    }
    return shown(ask, noun, await ask.write(f"reType{noun.title}", path=noun.at(guid), body=body, revision=revision))


async def rehome(ask: Changing, noun: Noun, guid: str, given: Rehome) -> Response:
    current = await ask(noun.get, path={"guid": guid})
    revision = await ask.revision(guid, noun.get)
    query = {"newHomeMetadataCollectionId": given.collection_id}
    if given.collection_name:
        query["newHomeMetadataCollectionName"] = given.collection_name
    answer = await ask.write(
        f"reHome{noun.title}",
        path={**noun.at(guid), "homeMetadataCollectionId": current.result["metadataCollectionId"]},
        body=beans.typed(current.result),
        revision=revision,
        query=query,
    )
    return shown(ask, noun, answer)

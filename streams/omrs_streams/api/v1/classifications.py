"""`/entities/{guid}/classifications`: what an entity is classified as. The ETag is that of the entity."""

from typing import Annotated

from fastapi import Path, Response

from omrs_schemas.codes import Code
from omrs_schemas.errors import ClassificationError, RevisionConflictError
from omrs_streams.api.v1 import beans, examples, views
from omrs_streams.api.v1.asking import Ask, Asking, Change, Changing
from omrs_streams.api.v1.base import Name
from omrs_streams.api.v1.handling import make_router
from omrs_streams.api.v1.instances import ATTEMPTS
from omrs_streams.api.v1.life import AsOf, AtGuid
from omrs_streams.api.v1.models import Classification, ClassificationContent, ClassificationList, ClassificationPatch
from omrs_streams.api.v1.replies import changed, nothing, one, refusals
from omrs_streams.repository.changes import find_classification
from omrs_streams.repository.local import Bean
from omrs_streams.repository.services import Answer

router = make_router("/entities/{guid}/classifications", "classifications")

Named = Annotated[Name, Path(examples=["Confidentiality"])]
_SUMMARY = "getEntitySummary"


@router.get(
    "",
    operation_id="getClassifications",
    summary="Its classifications",
    response_model=ClassificationList,
    responses=refusals(304, 404, 422, etag=True),
)
async def classifications(ask: Ask, guid: AtGuid, as_of: AsOf = None) -> Response:
    answer = await _entity(ask, guid, as_of)
    items = views.classifications(answer.result)
    return one(ask, ClassificationList(items=items, warnings=ask.warnings or None), answer.revision)


@router.get(
    "/{name}",
    operation_id="getClassification",
    summary="One of its classifications",
    response_model=Classification,
    responses=refusals(304, 404, 422, etag=True),
)
async def classification(ask: Ask, guid: AtGuid, name: Named, as_of: AsOf = None) -> Response:
    answer = await _entity(ask, guid, as_of)
    return _shown(ask, answer, name)


@router.put(
    "/{name}",
    operation_id="putClassification",
    summary="Classify it, or replace the properties of the classification",
    response_model=Classification,
    responses={201: {"model": Classification}, **changed()},
)
async def put(
    ask: Change, guid: AtGuid, name: Named, given: Annotated[ClassificationContent, examples.CLASSIFICATION]
) -> Response:
    current = await ask(_SUMMARY, path={"guid": guid})
    revision = await ask.revision(guid, _SUMMARY)
    path = {"entityGUID": guid, "classificationName": name}
    beans.type_guid(ask.types, name, "name", "CLASSIFICATION_DEF")
    properties = beans.properties(ask.types, name, given)
    if find_classification(current.result, name) is not None:
        return _shown(ask, await _after(ask, await _updated(ask, path, properties, revision), guid), name)
    body: Bean = {
        "class": "ClassificationRequest",
        "classificationProperties": properties,
        **beans.external(given.external_source),
    }
    if given.origin is not None:
        body["classificationOrigin"] = given.origin
    if given.origin_guid is not None:
        body["classificationOriginGUID"] = given.origin_guid
    done = await ask.write("classifyEntityDetailed", path=path, body=body, revision=revision)
    answer = await _after(ask, done, guid)
    return _shown(ask, answer, name, status=201)


@router.patch(
    "/{name}",
    operation_id="patchClassification",
    summary="Change some properties of the classification",
    response_model=Classification,
    responses=changed(),
)
async def patch(
    ask: Change, guid: AtGuid, name: Named, given: Annotated[ClassificationPatch, examples.CLASSIFICATION_PATCH]
) -> Response:
    for attempt in range(1, ATTEMPTS + 1):
        current = await ask(_SUMMARY, path={"guid": guid})
        asked = await ask.revision(guid, _SUMMARY)
        held = _carried(current, name)
        properties = beans.merged(ask.types, {"type": {"typeDefName": name}, **held}, given.properties)
        path = {"entityGUID": guid, "classificationName": name}
        try:
            done = await _updated(ask, path, properties, current.revision if asked is None else asked)
            return _shown(ask, await _after(ask, done, guid), name)
        except RevisionConflictError:
            if ask.condition.revisions is not None or attempt == ATTEMPTS:
                raise
    raise AssertionError("the loop returns or raises")


@router.delete(
    "/{name}",
    operation_id="deleteClassification",
    summary="Take the classification off",
    status_code=204,
    response_class=Response,
    responses=changed(etag=False),
)
async def delete(ask: Change, guid: AtGuid, name: Named) -> Response:
    revision = await ask.revision(guid, _SUMMARY)
    path = {"entityGUID": guid, "classificationName": name}
    await ask.write("declassifyEntity", path=path, revision=revision)
    return nothing()


async def _entity(ask: Asking, guid: str, as_of: int | None) -> Answer:
    if as_of is None:
        return await ask(_SUMMARY, path={"guid": guid})
    return await ask("getEntityAsOf", path={"guid": guid}, body={"asOfTime": as_of})


async def _updated(ask: Changing, path: dict[str, str], properties: Bean, revision: int | None) -> Answer:
    body = {"class": "InstancePropertiesRequest", "instanceProperties": properties}
    return await ask.write("updateEntityClassification", path=path, body=body, revision=revision)


async def _after(ask: Changing, done: Answer, guid: str) -> Answer:
    """The entity after the change: as answered, or read again where the answer names no revision (a federated one)."""
    return done if done.revision is not None else await ask(_SUMMARY, path={"guid": guid})


def _carried(answer: Answer, name: str) -> Bean:
    found = find_classification(answer.result, name)
    if found is None:
        guid = answer.result["guid"]
        raise ClassificationError(
            f"entity {guid} is not classified as {name}", code=Code.ENTITY_NOT_CLASSIFIED, guid=guid
        )
    return found


def _shown(ask: Asking, answer: Answer, name: str, *, status: int = 200) -> Response:
    view = views.classification(_carried(answer, name))
    location = ask.request.url.path if status == 201 else None
    return one(ask, view, answer.revision, status=status, location=location)

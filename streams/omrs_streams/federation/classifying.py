"""Classifications through the federation (OMRS queries § 5).

A classification may be homed away from its entity: it is given at the entity's home, else locally, else at another
member, and changed and taken back where it is at home.
"""

from dataclasses import dataclass

from omrs_schemas.codes import Code
from omrs_schemas.errors import (
    ClassificationError,
    EntityNotKnownError,
    InvalidParameterError,
    RepositoryError,
)
from omrs_streams.federation.member import Asked, Member
from omrs_streams.federation.request import Request
from omrs_streams.federation.routing import carried, carry_out, first_to, home_of, proxy_for, with_classifications
from omrs_streams.repository.changes import find_classification, with_classification, without_classification
from omrs_streams.repository.local import Bean
from omrs_streams.repository.services import Answer


@dataclass(frozen=True, slots=True)
class Form:
    """An operation on classifications by an entity's guid and by its proxy, and where its body has the properties."""

    by_guid: str
    by_proxy: str
    properties: str = ""
    """"" = none: nothing is sent but the guid, or the proxy itself."""
    body_by_guid: str = ""
    body_by_proxy: str = ""


_PLAIN = ("instanceProperties", "InstancePropertiesRequest", "ProxyClassificationRequest")
_DETAILED = ("classificationProperties", "ClassificationRequest", "ClassificationProxyRequest")
_FORMS = (
    Form("classifyEntity", "classifyEntityProxy", *_PLAIN),
    Form("classifyEntityDetailed", "classifyEntityProxyDetailed", *_DETAILED),
    Form("updateEntityClassification", "updateEntityProxyClassification", *_PLAIN),
    Form("declassifyEntity", "declassifyEntityProxy"),
)
FORMS = {name: form for form in _FORMS for name in (form.by_guid, form.by_proxy)}


async def classify(request: Request) -> Answer:
    """By guid: the entity with its new classification; by proxy: the classification."""
    asked, name = request.asked, request.asked.path["classificationName"]
    form = FORMS[asked.operation]
    entity = await _entity(request, form)
    given = asked.bean.get(form.properties) or {}
    present = find_classification(entity, name)
    if present is not None:
        if (present.get("properties") or {}) != given:
            raise ClassificationError(
                f"{entity['guid']} carries classification {name} already, with other properties",
                code=Code.ENTITY_ALREADY_CLASSIFIED,
                help="update the classification instead",
                guid=entity["guid"],
            )
        request.federated.record("OMRS-AUDIT-0039", guid=entity["guid"], classification=name)
        return _answer(request, form, entity, present)
    home = home_of(request, entity)
    members = [each for each in (home, request.local()) if each is not None]
    members += [each for each in request.members if each not in members]

    async def attempt(member: Member) -> tuple[Bean | None, int | None]:
        return await _classification(request, form, member, entity, at_home=member is home)

    made, revision = await first_to(request, members, attempt)
    return _answer(request, form, with_classification(entity, made) if made else entity, made, revision)


async def reclassify(request: Request) -> Answer:
    """updateEntityClassification, at the classification's home."""
    form = FORMS[request.asked.operation]
    entity = await _entity(request, form)
    home = _home(request, entity)
    made, revision = await _classification(request, form, home, entity, at_home=home is home_of(request, entity))
    return _answer(request, form, with_classification(entity, made) if made else entity, made, revision)


async def declassify(request: Request) -> Answer:
    """By guid: the entity without it; by proxy: the classification that was removed."""
    form, name = FORMS[request.asked.operation], request.asked.path["classificationName"]
    entity = await _entity(request, form)
    present = carried(entity, name)
    home = _home(request, entity)
    _, revision = await _classification(request, form, home, entity, at_home=home is home_of(request, entity))
    return _answer(request, form, without_classification(entity, name), present, revision)


def _home(request: Request, entity: Bean) -> Member:
    name = request.asked.path["classificationName"]
    present = carried(entity, name)
    found = home_of(request, present)
    if found is None:
        raise RepositoryError(
            f"the home of classification {name} of {entity['guid']}, metadata collection "
            f"{present.get('metadataCollectionId')}, is no member that can be asked",
            code=Code.NO_HOME_FOR_CLASSIFICATION,
            help="bring its server back into the cohort",
            guid=entity["guid"],
        )
    return found


async def _entity(request: Request, form: Form) -> Bean:
    """The entity as all members know it; of one that nobody knows, the proxy that the caller gave."""
    if request.asked.operation == form.by_guid:
        return await with_classifications(request, request.asked.path["entityGUID"])
    proxy = request.asked.bean.get("entityProxy") if form.properties else request.asked.bean
    if not isinstance(proxy, dict) or not proxy.get("guid"):
        raise InvalidParameterError(
            "no entity proxy was given",
            code=Code.NULL_ENTITY_PROXY,
            help="pass the proxy of the entity",
            parameter="entityProxy",
        )
    try:
        return await with_classifications(request, proxy["guid"])
    except EntityNotKnownError:
        return proxy


async def _classification(
    request: Request, form: Form, member: Member, entity: Bean, *, at_home: bool
) -> tuple[Bean | None, int | None]:
    """Let `member` do it: by guid where the entity is at home, by proxy elsewhere.

    The classification it answers, and the entity's revision, which only its home counts.
    """
    asked, name = request.asked, request.asked.path["classificationName"]
    guid, given = entity["guid"], asked.bean
    if at_home and entity["class"] != "EntityProxy":
        body = None
        if form.properties:
            kept = {key: value for key, value in given.items() if key not in ("entityProxy", "class")}
            body = {"class": form.body_by_guid, **kept}
        path = {"entityGUID": guid, "classificationName": name}
        answer = await carry_out(request, member, Asked(form.by_guid, path, asked.query, body), guid)
        return find_classification(answer.result or {}, name), answer.revision
    proxy = proxy_for(request, entity)
    body = {**given, "class": form.body_by_proxy, "entityProxy": proxy} if form.properties else proxy
    answer = await carry_out(
        request, member, Asked(form.by_proxy, {"classificationName": name}, asked.query, body), guid
    )
    return answer.result, None


def _answer(
    request: Request, form: Form, entity: Bean, classification: Bean | None, revision: int | None = None
) -> Answer:
    """The entity at its revision, or the classification, where it was asked for by proxy."""
    seen = request.view(entity, "getEntityDetail")
    if request.asked.operation == form.by_guid:
        return request.answer(seen, revision)
    return request.answer(classification)

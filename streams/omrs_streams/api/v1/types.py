"""`/types` and `/attribute-types`: what there may be. A type is found by its name or its guid; its ETag is its version.

Types are kept by each server and told to its cohorts: what is changed here is changed here first.
"""

from collections.abc import Callable
from contextlib import suppress
from typing import Annotated, Any, TypeVar

from fastapi import Path, Query, Response

from omrs_schemas.errors import RevisionConflictError, TypeDefKnownError, TypeDefNotKnownError
from omrs_streams.api.v1 import examples, type_beans
from omrs_streams.api.v1.asking import Ask, Asking, Change, Changing, Create
from omrs_streams.api.v1.base import Name
from omrs_streams.api.v1.beans import type_guid
from omrs_streams.api.v1.handling import make_router
from omrs_streams.api.v1.life import Continued, PageSize
from omrs_streams.api.v1.models import Page
from omrs_streams.api.v1.paging import DEFAULT_LIMIT, mark
from omrs_streams.api.v1.replies import changed, created, listed, nothing, one, paged, refusals
from omrs_streams.api.v1.type_models import (
    AttributeCategory,
    AttributeType,
    AttributeTypePage,
    Category,
    NewAttributeType,
    NewIdentity,
    NewType,
    Type,
    TypePage,
    TypePatch,
)
from omrs_streams.clock import now_ms
from omrs_streams.repository.events import guid_for
from omrs_streams.repository.local import Bean

types = make_router("/types", "types")
attribute_types = make_router("/attribute-types", "types")

P = TypeVar("P", bound=Page)
AtType = Annotated[Name, Path(alias="type", description="its name or guid", examples=["GlossaryTerm"])]
AtAttributeType = Annotated[Name, Path(alias="type", description="its name or guid", examples=["string"])]
Part = Annotated[str | None, Query(alias="q", min_length=1, max_length=200, description="part of the name")]


@types.get("", operation_id="listTypes", summary="List types, by name", response_model=TypePage, responses=paged())
async def list_types(
    ask: Ask,
    category: Category | None = None,
    super_type: Annotated[Name | None, Query(alias="superType", description="this type and its subtypes")] = None,
    attribute: Annotated[Name | None, Query(description="with an attribute of this name of their own")] = None,
    text: Part = None,
    limit: PageSize = DEFAULT_LIMIT,
    cursor: Continued = None,
) -> Response:
    below = ask.types.subtype_guids(type_guid(ask.types, super_type, "superType")) if super_type else None

    def wanted(bean: Bean) -> bool:
        own = [each["attributeName"] for each in bean.get("propertiesDefinition") or ()]
        return (
            (category is None or bean["category"] == type_beans.CATEGORIES[category])
            and (below is None or bean["guid"] in below)
            and (attribute is None or attribute in own)
            and (text is None or text.lower() in bean["name"].lower())
        )

    def make(items: list[Bean], more: dict[str, Any]) -> TypePage:
        return TypePage(items=[type_beans.shown(ask.types, each) for each in items], **more)

    return await _by_name(ask, "typeDefs", wanted, make, limit, cursor)


@attribute_types.get(
    "",
    operation_id="listAttributeTypes",
    summary="List attribute types, by name",
    response_model=AttributeTypePage,
    responses=paged(),
)
async def list_attribute_types(
    ask: Ask,
    category: AttributeCategory | None = None,
    text: Part = None,
    limit: PageSize = DEFAULT_LIMIT,
    cursor: Continued = None,
) -> Response:
    def wanted(bean: Bean) -> bool:
        return (category is None or bean["category"] == type_beans.ATTRIBUTE_CATEGORIES[category]) and (
            text is None or text.lower() in bean["name"].lower()
        )

    def make(items: list[Bean], more: dict[str, Any]) -> AttributeTypePage:
        return AttributeTypePage(items=[type_beans.attribute_type(each) for each in items], **more)

    return await _by_name(ask, "attributeTypeDefs", wanted, make, limit, cursor)


async def _by_name(
    ask: Asking,
    field: str,
    wanted: Callable[[Bean], bool],
    make: Callable[[list[Bean], dict[str, Any]], P],
    limit: int,
    cursor: str | None,
) -> Response:
    gallery = (await ask("getAllTypes")).result or {}
    found = sorted((bean for bean in gallery.get(field) or () if wanted(bean)), key=_key)

    async def fetch(offset: int, count: int) -> list[Bean]:
        return found[offset : offset + count]

    return await listed(
        ask,
        make,
        fetch,
        lambda last: (last.text or "", last.guid),
        lambda bean: mark(bean["guid"], bean["name"]),
        limit=limit,
        cursor=cursor,
    )


def _key(bean: Bean) -> tuple[str, str]:
    return bean["name"], bean["guid"]


async def _found(ask: Asking, kind: str, identity: str) -> Bean:
    """By name, else by guid; `kind`: TypeDef or AttributeTypeDef.

    What is a guid here is not looked for as a name first: members would be asked for it, one of which may be down.
    """
    a_guid = ask.types.typedef(identity) is not None or ask.types.attribute_typedef(identity) is not None
    for way in ("GUID", "Name") if a_guid else ("Name", "GUID"):
        with suppress(TypeDefNotKnownError):
            bean: Bean = (await ask(f"get{kind}By{way}", path={way.lower(): identity})).result
            return bean
    raise TypeDefNotKnownError(f"there is no type with the name or guid {identity!r}")


async def _changeable(ask: Changing, kind: str, identity: str) -> Bean:
    """The type, at the version that If-Match names."""
    bean = await _found(ask, kind, identity)

    async def version() -> int | None:
        return bean.get("version")

    asked = await ask.condition.resolve(bean["name"], version)
    if asked is not None and asked != bean.get("version"):
        raise RevisionConflictError(
            f"type {bean['name']} is at version {bean.get('version')}, the change expects {asked}",
            help="read it again and repeat the change on what is there now",
            guid=bean["guid"],
        )
    return bean


@types.get(
    "/{type}",
    operation_id="getType",
    summary="Read a type",
    response_model=Type,
    responses=refusals(304, 404, etag=True),
)
async def get_type(ask: Ask, name: AtType) -> Response:
    return _type(ask, await _found(ask, "TypeDef", name))


@attribute_types.get(
    "/{type}",
    operation_id="getAttributeType",
    summary="Read an attribute type",
    response_model=AttributeType,
    responses=refusals(304, 404, etag=True),
)
async def get_attribute_type(ask: Ask, name: AtAttributeType) -> Response:
    return _attribute_type(ask, await _found(ask, "AttributeTypeDef", name))


def _type(ask: Asking, bean: Bean, *, status: int = 200, location: str | None = None) -> Response:
    view = type_beans.shown(ask.types, bean, ask.warnings)
    return one(ask, view, view.version, status=status, location=location)


def _attribute_type(ask: Asking, bean: Bean, *, status: int = 200, location: str | None = None) -> Response:
    view = type_beans.attribute_type(bean, ask.warnings)
    return one(ask, view, view.version, status=status, location=location)


# ---- changing ------------------------------------------------------------------------------------------------------


async def _add(ask: Changing, kind: str, bean: Bean) -> Bean:
    """Added; a repeated request finds what it added before, by the guid that its key made."""
    try:
        await ask.write(f"add{kind}", body=bean)
    except TypeDefKnownError:
        known = await _found(ask, kind, bean["name"])
        if known["guid"] != bean["guid"] or bean["guid"] != guid_for(ask.key):
            raise
    return await _found(ask, kind, bean["guid"])


@types.post(
    "",
    operation_id="createType",
    summary="Define a type",
    status_code=201,
    response_model=Type,
    responses=created(),
)
async def create_type(ask: Create, given: Annotated[NewType, examples.TYPE]) -> Response:
    bean = type_beans.new_type(ask.types, given, given.guid or guid_for(ask.key), ask.user, now_ms())
    return _type(ask, await _add(ask, "TypeDef", bean), status=201, location=type_beans.type_url(given.name))


@attribute_types.post(
    "",
    operation_id="createAttributeType",
    summary="Define an enum or collection type",
    status_code=201,
    response_model=AttributeType,
    responses=created(),
)
async def create_attribute_type(ask: Create, given: Annotated[NewAttributeType, examples.ATTRIBUTE_TYPE]) -> Response:
    bean = type_beans.new_attribute_type(given, given.guid or guid_for(ask.key))
    location = type_beans.attribute_type_url(given.name)
    return _attribute_type(ask, await _add(ask, "AttributeTypeDef", bean), status=201, location=location)


@types.patch(
    "/{type}",
    operation_id="patchType",
    summary="Change a type: its next version",
    response_model=Type,
    responses=changed(),
)
async def patch_type(ask: Change, name: AtType, given: Annotated[TypePatch, examples.TYPE_PATCH]) -> Response:
    current = await _changeable(ask, "TypeDef", name)
    patch = type_beans.patch(ask.types, current, given, ask.user, now_ms())
    after: Bean = (await ask.write("updateTypeDef", body=patch)).result
    if any(after.get(field) != patch[field] for field in ("updatedBy", "updateTime")):
        raise RevisionConflictError(
            f"type {current['name']} was changed to version {after.get('version')} just now",
            help="read it again and repeat the change on what is there now",
            guid=current["guid"],
        )
    return _type(ask, after)


@types.delete(
    "/{type}",
    operation_id="deleteType",
    summary="Remove a type that has no instances and no subtypes",
    status_code=204,
    response_class=Response,
    responses=changed(etag=False),
)
async def delete_type(ask: Change, name: AtType) -> Response:
    return await _delete(ask, "TypeDef", name)


@attribute_types.delete(
    "/{type}",
    operation_id="deleteAttributeType",
    summary="Remove an attribute type that no attribute has",
    status_code=204,
    response_class=Response,
    responses=changed(etag=False),
)
async def delete_attribute_type(ask: Change, name: AtAttributeType) -> Response:
    return await _delete(ask, "AttributeTypeDef", name)


async def _delete(ask: Changing, kind: str, identity: str) -> Response:
    bean = await _changeable(ask, kind, identity)
    await ask.write(f"delete{kind}", path={"guid": bean["guid"]}, query={"name": bean["name"]})
    return nothing()


@types.post(
    "/{type}/reidentify",
    operation_id="reidentifyType",
    summary="Give a type another guid and name",
    response_model=Type,
    responses=changed(),
)
async def reidentify_type(ask: Change, name: AtType, given: NewIdentity) -> Response:
    after = await _reidentified(ask, "TypeDef", name, given)
    return _type(ask, after, location=type_beans.type_url(given.name))


@attribute_types.post(
    "/{type}/reidentify",
    operation_id="reidentifyAttributeType",
    summary="Give an attribute type another guid and name",
    response_model=AttributeType,
    responses=changed(),
)
async def reidentify_attribute_type(ask: Change, name: AtAttributeType, given: NewIdentity) -> Response:
    after = await _reidentified(ask, "AttributeTypeDef", name, given)
    return _attribute_type(ask, after, location=type_beans.attribute_type_url(given.name))


async def _reidentified(ask: Changing, kind: str, identity: str, given: NewIdentity) -> Bean:
    bean = await _changeable(ask, kind, identity)
    body = {
        "class": "TypeDefReIdentifyRequest",
        "originalTypeDefName": bean["name"],
        "newTypeDefGUID": given.guid,
        "newTypeDefName": given.name,
    }
    path = {f"original{kind}GUID": bean["guid"]}
    after: Bean = (await ask.write(f"reIdentify{kind}", path=path, body=body)).result
    return after

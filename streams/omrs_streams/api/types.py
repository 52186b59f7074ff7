"""Handlers of the type paths (OMRS queries § 6, types.md § 4): the TypeDefs this server knows."""

from typing import Any

import omrs_schemas.model.types as beans
from omrs_schemas.codes import Code
from omrs_schemas.errors import InvalidParameterError
from omrs_schemas.model.requests import TypeDefDeleteRequest, TypeDefReIdentifyRequest
from omrs_schemas.typedefs import find
from omrs_streams.api.route import TEXT, Request, Route
from omrs_streams.proxy.refusal import verify
from omrs_streams.repository.local import Bean


async def collection_id(r: Request) -> Any:
    return r.worker.local.collection_id


async def gallery(r: Request) -> Any:
    return {"attributeTypeDefs": r.worker.types.attribute_typedefs(), "typeDefs": r.worker.types.typedefs()}


async def typedef_by_guid(r: Request) -> Any:
    return r.worker.types.require(guid=r.path["guid"])


async def typedef_by_name(r: Request) -> Any:
    return r.worker.types.require(name=r.path["name"])


async def attribute_by_guid(r: Request) -> Any:
    return r.worker.types.require_attribute_typedef(guid=r.path["guid"])


async def attribute_by_name(r: Request) -> Any:
    return r.worker.types.require_attribute_typedef(name=r.path["name"])


# ---- finding -------------------------------------------------------------------------------------------------------


async def by_name(r: Request) -> Any:
    return find.find_types_by_name(r.worker.types, r.query.get("name"))


async def by_category(r: Request) -> Any:
    return find.find_typedefs_by_category(r.worker.types, r.body)


async def attributes_by_category(r: Request) -> Any:
    return find.find_attribute_typedefs_by_category(r.worker.types, r.body)


async def by_property(r: Request) -> Any:
    return find.find_typedefs_by_property(r.worker.types, r.bean)


async def by_external_id(r: Request) -> Any:
    identity = (r.query.get(name) for name in ("standard", "organization", "identifier"))
    return find.find_types_by_external_id(r.worker.types, *identity)


async def by_search(r: Request) -> Any:
    return find.search_for_typedefs(r.worker.types, r.query.get("searchCriteria"))


async def verify_typedef(r: Request) -> Any:
    if r.worker.proxy is not None:
        return verify(str(r.bean.get("name")), r.worker.server_types.supported)
    return r.worker.types.verify_typedef(r.bean)


async def verify_attribute_typedef(r: Request) -> Any:
    return r.worker.types.verify_attribute_typedef(r.bean)


# ---- changing ------------------------------------------------------------------------------------------------------


async def add_gallery(r: Request) -> None:
    await _add(r, r.bean.get("attributeTypeDefs") or [], r.bean.get("typeDefs") or [], gallery=True)


async def add_typedef(r: Request) -> None:
    await _add(r, [], [r.bean])


async def add_attribute_typedef(r: Request) -> None:
    await _add(r, [r.bean], [])


async def _add(r: Request, attributes: list[Bean], typedefs: list[Bean], *, gallery: bool = False) -> None:
    for bean in (*attributes, *typedefs):
        r.worker.security.check_type(r.call.user, "create", bean)
    for typedef in await r.worker.type_commands.add(attributes, typedefs, [], gallery=gallery):
        r.worker.audit.record("OMRS-AUDIT-0306", type_name=typedef["name"], type_guid=typedef["guid"], user=r.call.user)


async def update_typedef(r: Request) -> Any:
    known = r.worker.types.typedef(str(r.bean.get("typeDefGUID")))
    if known is not None:
        r.worker.security.check_type(r.call.user, "update", known)
    after = await r.worker.type_commands.update(r.bean)
    if known is not None and after["version"] != known.get("version"):
        _report(r, "OMRS-AUDIT-0303", after, version=after["version"])
    return after


async def delete_typedef(r: Request) -> None:
    typedef = r.worker.types.require(guid=r.path["guid"], name=_obsolete(r, Code.NO_TYPEDEF_NAME))
    r.worker.security.check_type(r.call.user, "delete", typedef)
    await r.worker.type_commands.delete(typedef["guid"], typedef["name"])
    _report(r, "OMRS-AUDIT-0304", typedef)


def _obsolete(r: Request, code: Code) -> str:
    """The name in the query, where Egeria's servers look for it, or in the body, where its clients put it."""
    return _name(r.query.get("name") or r.bean.get("obsoleteTypeDefName"), code)


async def delete_attribute_typedef(r: Request) -> None:
    name = _obsolete(r, Code.NO_ATTRIBUTE_TYPEDEF_NAME)
    typedef = r.worker.types.require_attribute_typedef(guid=r.path["guid"], name=name)
    r.worker.security.check_type(r.call.user, "delete", typedef)
    await r.worker.type_commands.delete_attribute(typedef["guid"], typedef["name"])
    _report(r, "OMRS-AUDIT-0304", typedef)


async def reidentify_typedef(r: Request) -> Any:
    name = _name(r.bean.get("originalTypeDefName"), Code.NO_TYPEDEF_NAME)
    return await _reidentify(r, r.worker.types.require(guid=r.path["originalTypeDefGUID"], name=name), attribute=False)


async def reidentify_attribute_typedef(r: Request) -> Any:
    name = _name(r.bean.get("originalTypeDefName"), Code.NO_ATTRIBUTE_TYPEDEF_NAME)
    guid = r.path["originalAttributeTypeDefGUID"]
    return await _reidentify(r, r.worker.types.require_attribute_typedef(guid=guid, name=name), attribute=True)


async def _reidentify(r: Request, typedef: Bean, *, attribute: bool) -> Any:
    r.worker.security.check_type(r.call.user, "re-identify", typedef)
    new_guid = _name(r.bean.get("newTypeDefGUID"), Code.NULL_TYPEDEF_IDENTIFIER, "guid")
    new_name = _name(r.bean.get("newTypeDefName"), Code.NULL_TYPEDEF_NAME)
    identities = typedef["guid"], typedef["name"], new_guid, new_name
    after = await r.worker.type_commands.reidentify(*identities, attribute=attribute)
    _report(r, "OMRS-AUDIT-0303", after, version=after["version"])
    return after


def _report(r: Request, message_id: str, typedef: Bean, **more: object) -> None:
    r.worker.audit.record(message_id, type_name=typedef["name"], type_guid=typedef["guid"], **more)


def _name(value: str | None, code: Code, what: str = "name") -> str:
    if not value:
        raise InvalidParameterError(f"the {what} of the type is missing", code=code, help="give it", parameter=what)
    return value


_TYPE = ("TypeDefResponse", "typeDef")
_ATTRIBUTE = ("AttributeTypeDefResponse", "attributeTypeDef")
_LIST = ("TypeDefListResponse", "typeDefs")

ROUTES: list[Route] = [
    Route(
        "GET",
        "/metadata-collection-id",
        "getMetadataCollectionId",
        collection_id,
        "MetadataCollectionIdResponse",
        "metadataCollectionId",
    ),
    Route("GET", "/types/all", "getAllTypes", gallery, "TypeDefGalleryResponse", None),
    Route("GET", "/types/by-name", "findTypesByName", by_name, "TypeDefGalleryResponse", None, query=("name",)),
    Route("POST", "/types/typedefs/by-category", "findTypeDefsByCategory", by_category, *_LIST, body=TEXT),
    Route(
        "POST",
        "/types/attribute-typedefs/by-category",
        "findAttributeTypeDefsByCategory",
        attributes_by_category,
        "AttributeTypeDefListResponse",
        "attributeTypeDefs",
        body=TEXT,
    ),
    Route(
        "GET",
        "/types/typedefs/by-property",
        "findTypeDefsByProperty",
        by_property,
        *_LIST,
        body=beans.TypeDefProperties,
    ),
    Route(
        "GET",
        "/types/typedefs/by-external-id",
        "findTypesByExternalID",
        by_external_id,
        *_LIST,
        query=("standard", "organization", "identifier"),
    ),
    Route("GET", "/types/typedefs/by-property-value", "searchForTypeDefs", by_search, *_LIST),
    Route("GET", "/types/typedef/{guid}", "getTypeDefByGUID", typedef_by_guid, *_TYPE),
    Route("GET", "/types/typedef/name/{name}", "getTypeDefByName", typedef_by_name, *_TYPE),
    Route("GET", "/types/attribute-typedef/{guid}", "getAttributeTypeDefByGUID", attribute_by_guid, *_ATTRIBUTE),
    Route("GET", "/types/attribute-typedef/name/{name}", "getAttributeTypeDefByName", attribute_by_name, *_ATTRIBUTE),
    Route("POST", "/types", "addTypeDefGallery", add_gallery, "VoidResponse", None, body=beans.TypeDefGallery),
    Route("POST", "/types/typedef", "addTypeDef", add_typedef, "VoidResponse", None, body=beans.TypeDef),
    Route(
        "POST",
        "/types/attribute-typedef",
        "addAttributeTypeDef",
        add_attribute_typedef,
        "VoidResponse",
        None,
        body=beans.AttributeTypeDef,
    ),
    Route(
        "POST",
        "/types/typedef/compatibility",
        "verifyTypeDef",
        verify_typedef,
        "BooleanResponse",
        "flag",
        body=beans.TypeDef,
    ),
    Route(
        "POST",
        "/types/attribute-typedef/compatibility",
        "verifyAttributeTypeDef",
        verify_attribute_typedef,
        "BooleanResponse",
        "flag",
        body=beans.AttributeTypeDef,
    ),
    Route("POST", "/types/typedef/update", "updateTypeDef", update_typedef, *_TYPE, body=beans.TypeDefPatch),
    Route(
        "POST",
        "/types/typedef/{guid}/delete",
        "deleteTypeDef",
        delete_typedef,
        "VoidResponse",
        None,
        body=TypeDefDeleteRequest,
        required=False,
        query=("name",),
    ),
    Route(
        "POST",
        "/types/attribute-typedef/{guid}/delete",
        "deleteAttributeTypeDef",
        delete_attribute_typedef,
        "VoidResponse",
        None,
        body=TypeDefDeleteRequest,
        required=False,
        query=("name",),
    ),
    Route(
        "POST",
        "/types/typedef/{originalTypeDefGUID}/identifier",
        "reIdentifyTypeDef",
        reidentify_typedef,
        *_TYPE,
        body=TypeDefReIdentifyRequest,
    ),
    Route(
        "POST",
        "/types/attribute-typedef/{originalAttributeTypeDefGUID}/identifier",
        "reIdentifyAttributeTypeDef",
        reidentify_attribute_typedef,
        *_ATTRIBUTE,
        body=TypeDefReIdentifyRequest,
    ),
]

"""Handlers of the type paths (OMRS queries § 6, types.md § 4): the TypeDefs this server knows."""

from typing import Any

import omrs_schemas.model.types as beans
from omrs_schemas.errors import TypeDefNotKnownError
from omrs_streams.api.route import Request, Route


async def collection_id(r: Request) -> Any:
    return r.worker.local.collection_id


async def gallery(r: Request) -> Any:
    return {"attributeTypeDefs": r.worker.types.attribute_typedefs(), "typeDefs": r.worker.types.typedefs()}


async def typedef_by_guid(r: Request) -> Any:
    return r.worker.types.require(guid=r.path["guid"])


async def typedef_by_name(r: Request) -> Any:
    return r.worker.types.require(name=r.path["name"])


async def attribute_by_guid(r: Request) -> Any:
    found = r.worker.types.attribute_typedef(r.path["guid"])
    if found is None:
        raise TypeDefNotKnownError(
            f"no attribute type has guid {r.path['guid']}", code="OMRS-REPOSITORY-404-008", guid=r.path["guid"]
        )
    return found


async def attribute_by_name(r: Request) -> Any:
    found = r.worker.types.attribute_typedef_by_name(r.path["name"])
    if found is None:
        raise TypeDefNotKnownError(
            f"no attribute type is named {r.path['name']}", code="OMRS-REPOSITORY-404-010", name=r.path["name"]
        )
    return found


async def add_typedef(r: Request) -> None:
    await r.worker.add_types([], [r.bean], [])
    _audit(r)


async def add_attribute_typedef(r: Request) -> None:
    await r.worker.add_types([r.bean], [], [])
    _audit(r)


def _audit(r: Request) -> None:
    type_name, type_guid = r.bean.get("name"), r.bean.get("guid")
    r.worker.audit.record("OMRS-AUDIT-0306", type_name=type_name, type_guid=type_guid, user=r.call.user)


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
    Route("GET", "/types/typedef/{guid}", "getTypeDefByGUID", typedef_by_guid, "TypeDefResponse", "typeDef"),
    Route("GET", "/types/typedef/name/{name}", "getTypeDefByName", typedef_by_name, "TypeDefResponse", "typeDef"),
    Route(
        "GET",
        "/types/attribute-typedef/{guid}",
        "getAttributeTypeDefByGUID",
        attribute_by_guid,
        "AttributeTypeDefResponse",
        "attributeTypeDef",
    ),
    Route(
        "GET",
        "/types/attribute-typedef/name/{name}",
        "getAttributeTypeDefByName",
        attribute_by_name,
        "AttributeTypeDefResponse",
        "attributeTypeDef",
    ),
    Route("POST", "/types/typedef", "addTypeDef", add_typedef, "VoidResponse", None, None, beans.TypeDef),
    Route(
        "POST",
        "/types/attribute-typedef",
        "addAttributeTypeDef",
        add_attribute_typedef,
        "VoidResponse",
        None,
        None,
        beans.AttributeTypeDef,
    ),
]

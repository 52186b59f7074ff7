"""Handlers of the classification paths (OMRS queries § 6): by the guid of an entity, and by a proxy of it."""

from typing import Any

import omrs_schemas.model.requests as beans
from omrs_schemas.model.instances import EntityProxy
from omrs_streams.api.route import IN_BODY, Request, Route
from omrs_streams.repository.local import Bean


def external_of(body: Bean) -> tuple[str, str] | None:
    """Guid and name of the external source that a request names; None where it names none."""
    guid = body.get("metadataCollectionId")
    return (guid, body.get("metadataCollectionName") or "") if guid else None


def _origin(body: Bean) -> Bean:
    return {
        "origin": body.get("classificationOrigin") or "ASSIGNED",
        "origin_guid": body.get("classificationOriginGUID"),
        "external": external_of(body),
    }


async def classify(r: Request) -> Any:
    name, given = r.path["classificationName"], r.bean.get("instanceProperties")
    return await r.worker.commands.classify(r.partition, r.call, r.guid, name, given)


async def classify_detailed(r: Request) -> Any:
    name, given = r.path["classificationName"], r.bean.get("classificationProperties")
    return await r.worker.commands.classify(r.partition, r.call, r.guid, name, given, **_origin(r.bean))


async def declassify(r: Request) -> Any:
    return await r.worker.commands.declassify(r.partition, r.call, r.guid, r.path["classificationName"])


async def reclassify(r: Request) -> Any:
    name, given = r.path["classificationName"], r.bean.get("instanceProperties")
    return await r.worker.commands.reclassify(r.partition, r.call, r.guid, name, given)


async def classify_proxy(r: Request) -> Any:
    name, proxy, given = r.path["classificationName"], r.bean.get("entityProxy"), r.bean.get("instanceProperties")
    return await r.worker.commands.classify_proxy(r.partition, r.call, proxy, name, given)


async def classify_proxy_detailed(r: Request) -> Any:
    name, proxy, given = r.path["classificationName"], r.bean.get("entityProxy"), r.bean.get("classificationProperties")
    return await r.worker.commands.classify_proxy(r.partition, r.call, proxy, name, given, **_origin(r.bean))


async def declassify_proxy(r: Request) -> Any:
    return await r.worker.commands.declassify_proxy(r.partition, r.call, r.bean, r.path["classificationName"])


async def reclassify_proxy(r: Request) -> Any:
    name, proxy, given = r.path["classificationName"], r.bean.get("entityProxy"), r.bean.get("instanceProperties")
    return await r.worker.commands.reclassify_proxy(r.partition, r.call, proxy, name, given)


def _by_guid(path: str, operation: str, handler: Any, body: Any = None) -> Route:
    at = "/instances/entity/{entityGUID}/classification/{classificationName}" + path
    return Route("POST", at, operation, handler, "EntityDetailResponse", "entity", "entityGUID", body, False)


def _by_proxy(path: str, operation: str, handler: Any, body: Any, guid: str = "entityProxy.guid") -> Route:
    at = "/instances/entity/classification/{classificationName}" + path
    key = f"{IN_BODY}{guid}"
    return Route("POST", at, operation, handler, "ClassificationResponse", "classification", key, body)


ROUTES = [
    _by_guid("", "classifyEntity", classify, beans.InstancePropertiesRequest),
    _by_guid("/detailed", "classifyEntityDetailed", classify_detailed, beans.ClassificationRequest),
    _by_guid("/delete", "declassifyEntity", declassify),
    _by_guid("/properties", "updateEntityClassification", reclassify, beans.InstancePropertiesRequest),
    _by_proxy("", "classifyEntityProxy", classify_proxy, beans.ProxyClassificationRequest),
    _by_proxy("/detailed", "classifyEntityProxyDetailed", classify_proxy_detailed, beans.ClassificationProxyRequest),
    _by_proxy("/delete", "declassifyEntityProxy", declassify_proxy, EntityProxy, "guid"),
    _by_proxy("/properties", "updateEntityProxyClassification", reclassify_proxy, beans.ProxyClassificationRequest),
]

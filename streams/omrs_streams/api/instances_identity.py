"""Handlers of the paths that change an instance's guid, type or home (OMRS queries § 6, control)."""

from typing import Any

import omrs_schemas.model.requests as beans
from omrs_streams.api.route import IN_QUERY, Request, Route
from omrs_streams.repository import changes
from omrs_streams.repository.local import Bean


def _ids(body: Bean) -> tuple[str | None, str | None]:
    return body.get("typeDefGUID"), body.get("typeDefName")


def _handlers(kind: str, new_guid: str) -> dict[str, Any]:
    async def identity(r: Request) -> Any:
        new = r.query[new_guid]
        changed = await r.worker.commands.re_identify(r.partition, r.call, r.guid, kind, *_ids(r.bean), new)
        await r.worker.consequences_of(r.partition)
        return changed

    async def retype(r: Request) -> Any:
        current, new = r.bean.get("currentTypeDef"), r.bean.get("newTypeDef")
        return await r.worker.commands.re_type(r.partition, r.call, r.guid, kind, current, new)

    async def home(r: Request) -> Any:
        return await r.worker.commands.re_home(
            r.partition,
            r.call,
            r.guid,
            kind,
            r.path["homeMetadataCollectionId"],
            r.query.get("newHomeMetadataCollectionId"),
            r.query.get("newHomeMetadataCollectionName"),
            *_ids(r.bean),
            members=r.worker.members(),
        )

    return {"identity": identity, "type": retype, "home": home}


def _of_kind(kind: str, noun: str) -> list[Route]:
    title = noun.capitalize()
    guid, new_guid = f"{noun}GUID", f"new{title}GUID"
    handlers = _handlers(kind, new_guid)
    at, answer = f"/instances/{noun}/{{{guid}}}", f"{kind}Response"
    typed = beans.TypeDefValidationForRequest
    new_home = ("newHomeMetadataCollectionId", "newHomeMetadataCollectionName")
    return [
        # The new guid's partition carries the change, so its owner is asked.
        Route(
            "POST",
            f"{at}/identity",
            f"reIdentify{title}",
            handlers["identity"],
            answer,
            noun,
            f"{IN_QUERY}{new_guid}",
            typed,
            query=(new_guid,),
        ),
        Route("POST", f"{at}/type", f"reType{title}", handlers["type"], answer, noun, guid, beans.TypeDefChangeRequest),
        Route(
            "POST",
            f"{at}/home/{{homeMetadataCollectionId}}",
            f"reHome{title}",
            handlers["home"],
            answer,
            noun,
            guid,
            typed,
            query=new_home,
        ),
    ]


ROUTES = [*_of_kind(changes.ENTITY, "entity"), *_of_kind(changes.RELATIONSHIP, "relationship")]

"""Answers: JSON with an entity tag, pages with a link to the next, and what the OpenAPI document says of them."""

import zlib
from collections.abc import Callable, Sequence
from typing import Any, TypeVar
from urllib.parse import urlencode

from fastapi import Response

from omrs_schemas.codec.egeria_json import to_json
from omrs_streams.api.v1 import paging
from omrs_streams.api.v1.asking import Asking
from omrs_streams.api.v1.base import Model, Problem
from omrs_streams.api.v1.models import Page
from omrs_streams.api.v1.problems import PROBLEM_JSON
from omrs_streams.repository.local import Bean

JSON = "application/json"
P = TypeVar("P", bound=Page)

_ETAG = {"ETag": {"description": "the revision of the instance, for If-Match", "schema": {"type": "string"}}}
_LOCATION = {"Location": {"description": "the path of what was created", "schema": {"type": "string"}}}
_LINK = {"Link": {"description": 'the next page, rel="next"', "schema": {"type": "string"}}}
_RETRY = {"Retry-After": {"description": "seconds to wait", "schema": {"type": "string"}}}
_REASONS = {
    304: "It is what If-None-Match names",
    400: "The request does not have the form that is described here",
    403: "The user may not do or see this",
    404: "Not known here",
    409: "The state of the instance or type forbids it",
    412: "It is not at the revision that If-Match names",
    422: "The request is understood, but what it says is refused",
    501: "This repository does not offer it",
    503: "Ask again: partitions are moving, or no member answers",
}


def refusals(*statuses: int, etag: bool = False) -> dict[int | str, dict[str, Any]]:
    """The `responses` of an operation: problems by status, and the ETag header of its success."""
    described: dict[int | str, dict[str, Any]] = {}
    if etag:
        described[200] = {"headers": _ETAG}
    for status in sorted({400, 403, *statuses, 503}):
        described[status] = {"description": _REASONS[status]}
        if status != 304:
            described[status]["content"] = {PROBLEM_JSON: {"schema": {"$ref": "#/components/schemas/Problem"}}}
    described[503]["headers"] = _RETRY
    return described


def changed(*, etag: bool = True) -> dict[int | str, dict[str, Any]]:
    """The `responses` of a change to what is there. `etag`: it answers with what has become of it."""
    return refusals(404, 409, 412, 422, etag=etag)


def created(*statuses: int) -> dict[int | str, dict[str, Any]]:
    return {201: {"headers": {**_ETAG, **_LOCATION}}, **refusals(404, 409, 422, *statuses)}


def paged(*statuses: int) -> dict[int | str, dict[str, Any]]:
    return {200: {"headers": _LINK}, **refusals(422, *statuses)}


def one(
    ask: Asking, model: Model, revision: int | None = None, *, status: int = 200, location: str | None = None
) -> Response:
    """One resource. Without a revision (a past state, an answer put together from several members) the tag is weak."""
    content = _text(model)
    tag = f'"{revision}"' if revision is not None else f'W/"{zlib.crc32(content):08x}"'
    headers = {"etag": tag}
    if location is not None:
        headers["location"] = location
    asked = ask.request.headers.get("if-none-match")
    if asked is not None and status == 200 and ask.request.method == "GET" and _matches(asked, tag):
        return Response(status_code=304, headers=headers)
    return Response(content, status, headers, media_type=JSON)


def plain(model: Model, status: int = 200) -> Response:
    return Response(_text(model), status, media_type=JSON)


def nothing() -> Response:
    return Response(status_code=204)


def _matches(asked: str, tag: str) -> bool:
    """RFC 9110 § 13.1.2: weak comparison."""
    tags = [each.strip().removeprefix("W/") for each in asked.split(",")]
    return "*" in tags or tag.removeprefix("W/") in tags


async def listed(
    ask: Asking,
    make: Callable[[list[Bean], dict[str, Any]], P],
    fetch: paging.Fetch,
    key: paging.Key,
    keep: paging.Keep,
    *,
    limit: int,
    cursor: str | None,
    identity: Sequence[Any] | None = None,
) -> Response:
    """One page. `identity`: what the cursor belongs to, where the path and the query do not say it."""
    query = [(name, value) for name, value in ask.request.query_params.multi_items() if name != "cursor"]
    belongs = [ask.request.url.path, sorted(pair for pair in query if pair[0] != "limit"), identity]
    items, follows = await paging.page(fetch, key, keep, paging.read(cursor, belongs), limit)
    more: dict[str, Any] = {"warnings": ask.warnings or None}
    headers = {}
    if follows is not None:
        more["cursor"] = paging.write(follows, belongs)
        if ask.request.method == "GET":
            more["next"] = f"{ask.request.url.path}?{urlencode([*query, ('cursor', more['cursor'])])}"
            headers["link"] = f'<{more["next"]}>; rel="next"'
    return Response(_text(make(items, more)), 200, headers, media_type=JSON)


def _text(model: Model) -> bytes:
    """Not as pydantic writes it: there, a Decimal is text."""
    return to_json(model.model_dump(by_alias=True, exclude_none=True))


__all__ = ["Problem", "changed", "created", "listed", "nothing", "one", "paged", "plain", "refusals"]

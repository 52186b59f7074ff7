"""The way of every request: measured, its body read exactly, and no failure leaves the form of the API."""

import json
import time
from collections.abc import Callable, Coroutine, Sequence
from http import HTTPStatus
from typing import Any

from fastapi import APIRouter, Request, Response
from fastapi.dependencies.utils import get_flat_params
from fastapi.exceptions import RequestValidationError
from fastapi.params import Query
from fastapi.routing import APIRoute
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect

from omrs_schemas.codec.egeria_json import from_json
from omrs_schemas.errors import CodecError, OmrsError, UserNotAuthorizedError
from omrs_streams import metrics
from omrs_streams.api.endpoint import GONE, body_of
from omrs_streams.api.replies import UnreadableBodyError
from omrs_streams.api.v1 import problems
from omrs_streams.api.v1.asking import ANONYMOUS, USER, Repositories

PROPERTY = "property."
"""How the query parameters of a list begin that compare a property."""
_WITH_PROPERTIES = ("listEntities", "listRelationships")

Handler = Callable[[Request], Coroutine[Any, Any, Response]]


def make_router(prefix: str, tag: str) -> APIRouter:
    return APIRouter(prefix=prefix, tags=[tag], route_class=_Route)


class _Route(APIRoute):
    def get_route_handler(self) -> Handler:
        handle = super().get_route_handler()
        operation = f"v1.{self.operation_id or self.name}"
        timer = metrics.REQUESTS.labels(operation)
        known = query_parameters(self)
        prefix = PROPERTY if self.operation_id in _WITH_PROPERTIES else None

        async def measured(request: Request) -> Response:
            started = time.perf_counter()
            try:
                _require_known(request, known, prefix)
                return await handle(_Exact(request.scope, request.receive))
            except ClientDisconnect:
                return Response(status_code=GONE)
            except (RequestValidationError, HTTPException) as error:
                metrics.FAILURES.labels(operation, type(error).__name__).inc()
                raise
            except OmrsError as error:
                metrics.FAILURES.labels(operation, error.code).inc()
                if isinstance(error, UserNotAuthorizedError):
                    _report(request, "OMRS-STREAMS-0030", operation, error.message)
                raise
            except Exception as error:
                metrics.FAILURES.labels(operation, type(error).__name__).inc()
                _report(request, "OMRS-STREAMS-0031", operation, f"{type(error).__name__}: {error}")
                return problems.unexpected(request, error)
            finally:
                timer.observe(time.perf_counter() - started)

        return measured


def query_parameters(route: APIRoute) -> list[str]:
    """Those that the OpenAPI document shows for the route, without the document: that takes a second to make."""
    return [each.alias for each in get_flat_params(route.dependant) if isinstance(each.field_info, Query)]


def _require_known(request: Request, known: Sequence[str], prefix: str | None) -> None:
    """A misspelt filter must not widen the answer: RequestValidationError, but for those that begin with `prefix`."""
    unknown = [name for name in request.query_params if name not in known and not (prefix and name.startswith(prefix))]
    if unknown:
        said = f"there is no such parameter; known: {', '.join(known)}"
        raise RequestValidationError(
            [{"type": "extra_forbidden", "loc": ("query", each), "msg": said} for each in unknown]
        )


def _report(request: Request, message_id: str, operation: str, said: str) -> None:
    repositories: Repositories = request.app.state.repositories
    user = request.headers.get(USER, ANONYMOUS)
    repositories.audit.record(message_id, user=user, operation=operation, message=said)


class _Exact(Request):
    """A body is JSON with exact numbers, of at most `endpoint.MAX_BODY` bytes, and says that it is JSON."""

    async def body(self) -> bytes:
        if not hasattr(self, "_body"):
            try:
                self._body = await body_of(self)
            except UnreadableBodyError as error:
                raise HTTPException(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, error.message) from None
        found = self._body
        kind = self.headers.get("content-type", "application/json").partition(";")[0].strip().lower()
        if found and not (kind == "application/json" or (kind.startswith("application/") and kind.endswith("+json"))):
            raise HTTPException(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, f"{kind} is not taken, application/json is")
        return found

    async def json(self) -> Any:
        try:
            return from_json(await self.body(), plain=True)
        except CodecError as error:
            raise json.JSONDecodeError(error.message, "", 0) from None

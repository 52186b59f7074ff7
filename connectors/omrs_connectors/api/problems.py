"""Refusals of `/api/v1` as application/problem+json, with the status that HTTP has for them."""

from collections.abc import Callable, Coroutine, Iterable
from typing import Any

from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.routing import APIRoute
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect
from starlette.routing import BaseRoute

from omrs_connectors import refusals
from omrs_connectors.api.facade import Recorder
from omrs_connectors.audit.messages_start import REFUSED, UNEXPECTED
from omrs_schemas.errors import OmrsError, UserNotAuthorizedError
from omrs_streams.api.endpoint import GONE
from omrs_streams.api.v1 import problems
from omrs_streams.api.v1.asking import ANONYMOUS, USER

_STATUS = {
    refusals.UNKNOWN_SERVER: 404,
    refusals.UNKNOWN_MARKER: 404,
    refusals.SERVICE_NOT_RUNNING: 404,
    refusals.UNKNOWN_CONNECTOR: 404,
    refusals.UNKNOWN_GROUP_CONFIGURATION: 404,
    refusals.UNKNOWN_GROUP: 404,
    refusals.NO_GROUPS: 404,
}
"""What a path names and the daemon does not have; everything else is as for metadata servers."""


class GuardedRoute(APIRoute):
    """A defect of ours is answered as a problem and recorded; what is not known is left out of answers."""

    def __init__(self, path: str, endpoint: Callable[..., Any], **given: Any) -> None:
        super().__init__(path, endpoint, **{**given, "response_model_exclude_none": True})

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        handle = super().get_route_handler()

        async def guarded(request: Request) -> Response:
            try:
                return await handle(request)
            except (OmrsError, HTTPException, RequestValidationError):
                raise
            except ClientDisconnect:
                return Response(status_code=GONE)
            except Exception as error:
                said = f"{type(error).__name__}: {error}"
                request.app.state.audit.record(UNEXPECTED, operation=_operation(request), message=said)
                return problems.unexpected(request, error)

        return guarded


def install(app: FastAPI, routes: Iterable[BaseRoute], audit: Recorder) -> None:
    """Let `app`, whose own routes these are, answer every failure as a problem."""
    problems.install(app)
    app.state.audit = audit
    app.state.methods = [(each.path_regex, each.methods) for each in routes if isinstance(each, APIRoute)]

    async def refused(request: Request, error: Exception) -> Response:
        if not isinstance(error, OmrsError):
            raise error
        if isinstance(error, UserNotAuthorizedError):
            user, operation = request.headers.get(USER, ANONYMOUS), _operation(request)
            audit.record(REFUSED, user=user, operation=operation, message=error.message)
        problem = problems.problem_of(error, request.url.path)
        return problems.respond(problem.model_copy(update={"status": _STATUS.get(error.code, problem.status)}))

    app.add_exception_handler(OmrsError, refused)


def _operation(request: Request) -> str:
    return getattr(request.scope.get("route"), "operation_id", None) or request.url.path

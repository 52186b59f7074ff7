"""Where to go from here: what `/` and `/api/v1` answer, and what a path that there is not."""

from http import HTTPStatus
from typing import Any

from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException
from starlette.routing import Route

from omrs_schemas.codes import Code
from omrs_streams import metrics
from omrs_streams.api.services import BASE
from omrs_streams.api.v1 import PATH
from omrs_streams.api.v1.base import FieldError, Problem
from omrs_streams.api.v1.problems import respond

_OPERATIONS = ("health", "ready", "status", "metrics")


def index_routes(server: str) -> list[Route]:
    """`/` and `/api/v1`, with the links to everything else."""
    links = {
        "api": PATH,
        "docs": f"{PATH}/docs",
        "openapi": f"{PATH}/openapi.json",
        "omrs": BASE.replace("{server}", server),
        "omrsDocs": "/docs",
        "omrsOpenapi": "/openapi.json",
        **{name: f"/{name}" for name in _OPERATIONS},
    }
    answer = JSONResponse({"server": server, "version": metrics.VERSION, "links": links})

    async def index(_: Request) -> Response:
        return answer

    return [Route(path, index, methods=["GET"]) for path in ("/", PATH, f"{PATH}/")]


def install(app: FastAPI) -> None:
    """Let `app` refuse what reaches none of its routes, or lacks a parameter, as a problem."""

    async def http(request: Request, error: Exception) -> Response:
        if not isinstance(error, HTTPException):
            raise error
        said = f"{request.method} {request.url.path}: {error.detail}"
        return respond(_problem(request, error.status_code, said), dict(error.headers or {}))

    async def malformed(request: Request, error: Exception) -> Response:
        if not isinstance(error, RequestValidationError):
            raise error
        faults = [FieldError(pointer=str(each["loc"][-1]), detail=each["msg"]) for each in error.errors()]
        said = "; ".join(f"{fault.pointer}: {fault.detail}" for fault in faults)
        return respond(_problem(request, HTTPStatus.BAD_REQUEST, said, faults))

    app.add_exception_handler(HTTPException, http)
    app.add_exception_handler(RequestValidationError, malformed)


def _problem(request: Request, status: int, detail: str, faults: Any = None) -> Problem:
    phrase = HTTPStatus(status).phrase
    return Problem(
        type=f"urn:omrs-streams:problem:{phrase.lower().replace(' ', '-')}",
        title=phrase.capitalize(),
        status=status,
        detail=detail,
        instance=request.url.path,
        code=Code.MALFORMED_REQUEST,
        help=f"the paths of OMRS begin with {BASE}: see /docs; those for people with {PATH}: see {PATH}/docs",
        errors=faults,
    )

"""Errors as application/problem+json (RFC 9457), each with the status that HTTP has for it.

400: the request does not have the form that the OpenAPI document describes. 422: it has, but OMRS refuses what it says
(an unknown type, a property that the type does not have). 409: the state of an instance or type forbids it. 412: the
instance is not at the revision that `If-Match` names.
"""

import logging
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from http import HTTPStatus
from typing import Any

from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException

from omrs_schemas import errors
from omrs_schemas.codes import Code
from omrs_schemas.errors import OmrsError
from omrs_streams.api.v1.base import PATH, FieldError, Problem

log = logging.getLogger(__name__)

PROBLEM_JSON = "application/problem+json"
RETRY_AFTER_S = "1"  # partitions move within seconds; a member that is asked again at once is as busy as before

_BY_CODE: dict[str, int] = {
    Code.INSTANCE_ALREADY_DELETED: 409,
    Code.INSTANCE_NOT_DELETED: 409,
    Code.ENTITY_ALREADY_CLASSIFIED: 409,
    Code.NO_HOME_FOR_INSTANCE: 409,
    Code.NO_HOME_FOR_CLASSIFICATION: 409,
    Code.ENTITY_PROXY_IN_HOME: 409,
    Code.ENTITY_CAN_NOT_BE_UPDATED: 409,
    Code.RELATIONSHIP_CAN_NOT_BE_UPDATED: 409,
    Code.INSTANCE_HOME_NOT_LOCAL: 409,
    Code.INSTANCE_HOME_IS_LOCAL: 409,
    Code.ENTITY_NOT_CLASSIFIED: 404,
    Code.ENTITY_PROXY_ONLY: 404,
    Code.REPOSITORY_NOT_AVAILABLE: 503,
    Code.MALFORMED_REQUEST: 400,
}
_BY_CLASS: tuple[tuple[type[OmrsError], int], ...] = (
    (errors.RevisionConflictError, 409),
    (errors.UserNotAuthorizedError, 403),
    (errors.EntityNotKnownError, 404),
    (errors.RelationshipNotKnownError, 404),
    (errors.TypeDefNotKnownError, 404),
    (errors.TypeDefKnownError, 409),
    (errors.TypeDefConflictError, 409),
    (errors.TypeDefInUseError, 409),
    (errors.EntityConflictError, 409),
    (errors.RelationshipConflictError, 409),
    (errors.HomeEntityError, 409),
    (errors.HomeRelationshipError, 409),
    (errors.TypeDefNotSupportedError, 422),
    (errors.FunctionNotSupportedError, 501),
    (errors.TypeDefError, 422),
)
_POINTERS = {
    "entityTypeGUID": "/type",
    "relationshipTypeGUID": "/type",
    "typeGUID": "/type",
    "entityOneGUID": "/end1",
    "entityTwoGUID": "/end2",
    "metadataCollectionId": "/externalSource/guid",
    "asOfTime": "asOf",
    "sequencingOrder": "sort",
    "X-Omrs-Event-Id": "Idempotency-Key",
}
"""Parameters of the repository services by the name they have here."""

_TITLES: dict[type[OmrsError], str] = {
    errors.PropertyError: "Property not allowed",
    errors.ClassificationError: "Classification not allowed",
    errors.TypeDefError: "Type not allowed here",
    errors.PatchError: "Change of a type not allowed",
    errors.PagingError: "No such page",
    errors.RepositoryError: "Repository not available",
}
"""Where the name of the error is no title."""


@contextmanager
def at(pointer: str, *, exactly: bool = False) -> Iterator[None]:
    """Errors raised in the block are about this place: this very one, or the property in it that they name."""
    try:
        yield
    except OmrsError as error:
        error.params.setdefault("pointer", pointer)
        if exactly:
            error.params.pop("property", None)
        raise


def status_of(error: OmrsError, *, conditional: bool = False) -> int:
    """The HTTP status of an error; `conditional`: the request had an `If-Match`."""
    if error.retriable:
        return 503
    if conditional and isinstance(error, errors.RevisionConflictError):
        return 412
    if error.code in _BY_CODE:
        return _BY_CODE[error.code]
    found = next((status for kind, status in _BY_CLASS if isinstance(error, kind)), None)
    if found == 404 and _pointer(error).startswith("/"):
        return 422  # what the body names, not what the path names
    if found is not None:
        return found
    if isinstance(error, errors.RepositoryError):
        return 503 if error.http == 503 else 500
    return 422 if error.http < 500 and error.http != 409 else 409


def problem_of(error: OmrsError, path: str, *, conditional: bool = False) -> Problem:
    name = type(error).__name__.removesuffix("Error").replace("TypeDef", "Type")
    words = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", name).lower()
    pointer = _pointer(error)
    return Problem(
        type=f"urn:omrs-streams:problem:{words.replace(' ', '-')}",
        title=_TITLES.get(type(error), words.capitalize()),
        status=status_of(error, conditional=conditional),
        detail=error.message,
        instance=path,
        code=error.code,
        help=error.help or None,
        errors=[FieldError(pointer=pointer, detail=error.message)] if pointer else None,
    )


def _pointer(error: OmrsError) -> str:
    params = error.params
    if "pointer" in params:
        inner = f"/{params['property']}" if "property" in params else ""
        return f"{params['pointer']}{inner}"
    if "property" in params:
        return f"/properties/{params['property']}"
    named = str(params.get("parameter", ""))
    return _POINTERS.get(named, named)


def respond(problem: Problem, headers: dict[str, str] | None = None) -> Response:
    more = {"retry-after": RETRY_AFTER_S} if problem.status == HTTPStatus.SERVICE_UNAVAILABLE else {}
    content = problem.model_dump_json(by_alias=True, exclude_none=True)
    return Response(content, problem.status, {**more, **(headers or {})}, media_type=PROBLEM_JSON)


def _plain(status: int, path: str, detail: str, faults: Sequence[FieldError] = ()) -> Problem:
    phrase = HTTPStatus(status).phrase
    return Problem(
        type=f"urn:omrs-streams:problem:{phrase.lower().replace(' ', '-')}",
        title=phrase.capitalize(),
        status=status,
        detail=detail,
        instance=path,
        code=Code.MALFORMED_REQUEST if status < 500 else Code.UNEXPECTED,
        errors=list(faults) or None,
    )


def unexpected(request: Request, error: Exception) -> Response:
    """The boundary: a defect of ours is logged with its stack."""
    log.error("%s %s failed unexpectedly", request.method, request.url.path, exc_info=error)
    detail = f"{type(error).__name__}: {error}; this is a defect, the worker's log has the stack"
    return respond(_plain(HTTPStatus.INTERNAL_SERVER_ERROR, request.url.path, detail))


def install(app: FastAPI) -> None:
    """Let `app` answer every failure as a problem."""

    async def refused(request: Request, error: Exception) -> Response:
        if not isinstance(error, OmrsError):
            raise error
        return respond(problem_of(error, request.url.path, conditional="if-match" in request.headers))

    async def malformed(request: Request, error: Exception) -> Response:
        if not isinstance(error, RequestValidationError):
            raise error
        faults = [_fault(found, error.body) for found in error.errors()]
        detail = "; ".join(f"{fault.pointer or 'the body'}: {fault.detail}" for fault in faults[:5])
        return respond(_plain(HTTPStatus.BAD_REQUEST, request.url.path, detail, faults))

    async def http(request: Request, error: Exception) -> Response:
        if not isinstance(error, HTTPException):
            raise error
        headers = dict(error.headers or {})
        if error.status_code == HTTPStatus.METHOD_NOT_ALLOWED:
            headers["Allow"] = ", ".join(_allowed(request))
        detail = f"{request.method} {request.url.path}: {error.detail}"
        return respond(_plain(error.status_code, request.url.path, detail), headers)

    app.add_exception_handler(OmrsError, refused)
    app.add_exception_handler(RequestValidationError, malformed)
    app.add_exception_handler(HTTPException, http)


def refusal(error: OmrsError, path: str) -> Response:
    """The answer to a request that reaches no route."""
    return respond(problem_of(error, path))


async def no_such_path(request: Request, error: Exception) -> Response:
    """For the app that this one is mounted in: a path with a line break in it reaches no mounted app."""
    if not isinstance(error, HTTPException):
        raise error
    if request.url.path.startswith(f"{PATH}/"):
        return respond(_plain(error.status_code, request.url.path, f"{request.url.path}: {error.detail}"))
    return Response(str(error.detail), error.status_code, error.headers, media_type="text/plain")


def _allowed(request: Request) -> list[str]:
    """The methods of the path; Starlette names those of its first route only."""
    path = request.url.path.removeprefix(PATH)
    return sorted({each for pattern, methods in request.app.state.methods if pattern.match(path) for each in methods})


def _fault(found: dict[str, Any], body: Any) -> FieldError:
    place, *path = found["loc"]
    detail = str(found["msg"]).removeprefix("Value error, ")
    if place == "body":
        inner = (str(found.get("ctx", {}).get("error")),) if found["type"] == "json_invalid" else ()
        pointer = "" if inner else "".join(f"/{_escaped(step)}" for step in _steps(found, path, body))
        return FieldError(pointer=pointer, detail=inner[0] if inner else detail)
    return FieldError(pointer=".".join(map(str, path)), detail=f"{detail} ({place})")


def _steps(found: dict[str, Any], path: Sequence[str | int], body: Any) -> Iterator[str | int]:
    """The way to a fault through the body, without the names that pydantic gives to the branches of a union."""
    value = body
    for index, step in enumerate(path):
        try:
            value = value[step]
        except (TypeError, LookupError):
            if found["type"] != "missing" or index < len(path) - 1:
                continue
        yield step
    if found["type"].startswith("union_tag_"):
        yield found["ctx"]["discriminator"].strip("'")


def _escaped(step: object) -> str:
    return str(step).replace("~", "~0").replace("/", "~1")

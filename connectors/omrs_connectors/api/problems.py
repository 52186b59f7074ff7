"""Refusals of `/api/v1` as application/problem+json, with the status that HTTP has for them."""

from collections.abc import Iterable

from fastapi import FastAPI, Request, Response
from fastapi.routing import APIRoute
from starlette.routing import BaseRoute

from omrs_connectors import refusals
from omrs_schemas.errors import OmrsError
from omrs_streams.api.v1 import problems

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


def install(app: FastAPI, routes: Iterable[BaseRoute]) -> None:
    """Let `app`, whose own routes these are, answer every failure as a problem."""
    problems.install(app)
    app.state.methods = [(each.path_regex, each.methods) for each in routes if isinstance(each, APIRoute)]

    async def refused(request: Request, error: Exception) -> Response:
        if not isinstance(error, OmrsError):
            raise error
        problem = problems.problem_of(error, request.url.path)
        return problems.respond(problem.model_copy(update={"status": _STATUS.get(error.code, problem.status)}))

    async def unexpected(request: Request, error: Exception) -> Response:
        return problems.unexpected(request, error)

    app.add_exception_handler(OmrsError, refused)
    app.add_exception_handler(Exception, unexpected)

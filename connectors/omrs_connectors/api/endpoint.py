"""From a request of Egeria's paths to its reply: HTTP 200 always, `relatedHTTPCode` and exception fields inside.

Only a body that cannot be read is a real HTTP 400, and a daemon that cannot answer yet a 503, as metadata servers do.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

from fastapi import Request, Response
from starlette.requests import ClientDisconnect

from omrs_connectors.api.facade import Bean, Daemon
from omrs_connectors.api.security import DaemonSecurity, action_of
from omrs_connectors.audit.messages_start import REFUSED, UNEXPECTED
from omrs_connectors.refusals import unknown_server
from omrs_schemas.errors import InvalidParameterError, OmrsError, UserNotAuthorizedError
from omrs_streams.api.endpoint import GONE, body_of
from omrs_streams.api.replies import JSON, UnreadableBodyError, dump, error_bean, unexpected

OCF = "org.odpi.openmetadata.frameworks.connectors.ffdc"
"""Where the exceptions of integration daemons live in Egeria; its clients compare the full name."""

VOID = "VoidResponse"
DELEGATING = "delegatingUserId"
"""The query parameter that says who asks, where the path does not."""


@dataclass(frozen=True, slots=True)
class Asked:
    """One request. `user` is the path's; the body as it came."""

    daemon: Daemon
    user: str
    path: dict[str, str]
    query: dict[str, str]
    body: bytes


Handler = Callable[[Asked], Awaitable[Bean]]
"""Answers the fields of the response bean beside `class` and `relatedHTTPCode`."""


@dataclass(frozen=True, slots=True)
class Operation:
    """A path; `body` is the model of its request's body, which may always be left out or be plain text."""

    name: str
    methods: tuple[str, ...]
    path: str
    response: str
    handler: Handler
    what: str
    body: Any = None
    older: bool = False


def endpoint(
    daemon: Daemon, security: DaemonSecurity, operation: Operation
) -> Callable[[Request], Awaitable[Response]]:
    async def answer(request: Request) -> Response:
        try:
            given = request.path_params["server"]
            if given != daemon.settings.daemon:
                raise unknown_server(given, daemon.settings.daemon)
            path = {name: str(value) for name, value in request.path_params.items()}
            asked = Asked(daemon, path.get("userId", ""), path, dict(request.query_params), await body_of(request))
            security.check(asked.user or asked.query.get(DELEGATING, ""), action_of(operation.name))
            fields = await operation.handler(asked)
        except ClientDisconnect:
            return Response(status_code=GONE)
        except OmrsError as error:
            if isinstance(error, UserNotAuthorizedError):
                user = request.path_params.get("userId")
                daemon.audit.record(REFUSED, user=user, operation=operation.name, message=error.message)
            return refused(error, operation)
        except Exception as error:
            said = f"{type(error).__name__}: {error}"
            daemon.audit.record(UNEXPECTED, operation=operation.name, message=said)
            return unexpected(error, operation.name, operation.response)
        return Response(dump({"class": operation.response, "relatedHTTPCode": 200, **fields}), media_type=JSON)

    return answer


def refused(error: OmrsError, operation: Operation) -> Response:
    bean = error_bean(error, operation.name, operation.response)
    bean["exceptionClassName"] = java_class(error)
    status = 400 if isinstance(error, UnreadableBodyError) else 503 if error.retriable else 200
    headers = {"retry-after": "1"} if status == 503 else None
    return Response(dump(bean), status, headers, media_type=JSON)


def java_class(error: OmrsError) -> str:
    """The exception that a client of an integration daemon expects: one of three."""
    if isinstance(error, UserNotAuthorizedError):
        return f"{OCF}.UserNotAuthorizedException"
    if isinstance(error, InvalidParameterError) or error.exception_class == InvalidParameterError.exception_class:
        return f"{OCF}.InvalidParameterException"
    return f"{OCF}.PropertyServerException"

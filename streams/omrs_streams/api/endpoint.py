"""From an HTTP request of the OMRS paths to its reply: what the local and the federated repository services share."""

import time
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING
from uuid import uuid4

from fastapi import Request as HttpRequest
from fastapi import Response
from starlette.requests import ClientDisconnect

from omrs_schemas.errors import InvalidParameterError, OmrsError, UserNotAuthorizedError
from omrs_streams import metrics
from omrs_streams.api.replies import JSON, UnreadableBodyError, failure, reply, unexpected
from omrs_streams.api.route import Request, Route, parse_body
from omrs_streams.api.services import LocalServices
from omrs_streams.repository.commands import Call
from omrs_streams.repository.services import Answer
from omrs_streams.worker.peers import EVENT_ID, FORWARDED

if TYPE_CHECKING:
    from omrs_streams.worker.worker import Worker

Endpoint = Callable[[HttpRequest], Awaitable[Response]]

GONE = 499  # what access logs of web servers call a client that closed the connection
MAX_BODY = 16 * 1024 * 1024  # bytes; Kafka takes records of 1 MB unless the topic says more


def local_endpoint(services: LocalServices, route: Route) -> Endpoint:
    """`route` of the local repository."""

    async def serve(http: HttpRequest) -> Response:
        worker = services.worker
        check_server(worker, http)
        services.check(route)
        raw = await body_of(http)
        request = Request(
            worker, call_of(http), dict(http.path_params), dict(http.query_params), parse_body(route, raw)
        )
        done = await services.perform(route, request, raw, forwarded=FORWARDED in http.headers)
        if isinstance(done, Answer):
            return reply(route.response, route.payload, done.result, revision=done.revision, asked=request.body)
        return Response(done.content, done.status, done.headers, media_type=JSON)

    return bounded(services.worker, route.operation, serve, response_class=route.response)


def bounded(
    worker: "Worker", operation: str, serve: Endpoint, *, response_class: str = "VoidResponse", label: str | None = None
) -> Endpoint:
    """`serve`, measured as `label` (None: `operation`); whatever it raises becomes the reply that says so, a
    `response_class`."""
    label = label or operation
    timer = metrics.REQUESTS.labels(label)

    async def endpoint(http: HttpRequest) -> Response:
        started = time.perf_counter()
        try:
            return await serve(http)
        except ClientDisconnect:
            return Response(status_code=GONE)  # while it sent the body; nobody reads this
        except OmrsError as error:
            metrics.FAILURES.labels(label, error.code).inc()
            if isinstance(error, UserNotAuthorizedError):
                user = http.path_params.get("userId")
                worker.audit.record("OMRS-STREAMS-0030", user=user, operation=operation, message=error.message)
            return failure(error, operation, response_class)
        except Exception as error:
            metrics.FAILURES.labels(label, type(error).__name__).inc()
            user, said = http.path_params.get("userId"), f"{type(error).__name__}: {error}"
            worker.audit.record("OMRS-STREAMS-0031", user=user, operation=operation, message=said)
            return unexpected(error, operation, response_class)
        finally:
            timer.observe(time.perf_counter() - started)

    return endpoint


def check_server(worker: "Worker", http: HttpRequest) -> None:
    """Raises InvalidParameterError when the path names another server."""
    given = http.path_params["server"]
    if given != worker.settings.server:
        raise InvalidParameterError(
            f"server {given} is not hosted here, {worker.settings.server} is",
            code="OMAG-MULTI-TENANT-404-001",
            http=404,
            parameter="server",
        )


async def body_of(http: HttpRequest) -> bytes:
    """The body as it came; UnreadableBodyError when it is too long."""
    length = http.headers.get("content-length", "0")
    if length.isdigit() and int(length) > MAX_BODY:
        raise _too_long(length)
    chunks: list[bytes] = []
    size = 0
    async for chunk in http.stream():  # in pieces, it comes without a length
        size += len(chunk)
        if size > MAX_BODY:
            raise _too_long(f"{size} and more")
        chunks.append(chunk)
    return b"".join(chunks)


def _too_long(length: str) -> UnreadableBodyError:
    return UnreadableBodyError(
        f"the body has {length} bytes, {MAX_BODY} are taken",
        code="OMRS-STREAMS-400-005",
        help="send less at once; an instance must fit into one Kafka record",
    )


def call_of(http: HttpRequest) -> Call:
    """Who calls, under which event id, and which revision the caller expects."""
    expected = http.headers.get("if-match")
    revision = None
    if expected is not None:
        try:
            revision = int(expected.strip('"'))
        except ValueError:
            raise InvalidParameterError(
                f"If-Match {expected!r} is not a revision", help="send the ETag of the instance as it was read"
            ) from None
    return Call(http.path_params.get("userId", ""), http.headers.get(EVENT_ID) or str(uuid4()), revision)

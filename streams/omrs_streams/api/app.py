"""The ASGI app of a worker: repository services paths, calls between workers, health, readiness and metrics."""

from collections.abc import Awaitable, Callable
from functools import partial
from typing import TYPE_CHECKING, Any

from fastapi import FastAPI, Response
from fastapi import Request as HttpRequest
from fastapi.responses import PlainTextResponse
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.routing import Mount
from starlette.routing import Route as AsgiRoute

from omrs_schemas.codec.egeria_json import from_json
from omrs_schemas.errors import OmrsError, RepositoryError
from omrs_streams import metrics
from omrs_streams.api import audit, highway, index, instances, types, v1
from omrs_streams.api.describing import DescribedAPI
from omrs_streams.api.endpoint import Endpoint, local_endpoint
from omrs_streams.api.enterprise import (
    ENTERPRISE,
    REMOTE_TOPIC,
    enterprise_endpoint,
    federated_routes,
    make_enterprise,
    offered,
    topic_endpoint,
)
from omrs_streams.api.replies import JSON, dump, error_bean, failure, page
from omrs_streams.api.route import TEXT, Route
from omrs_streams.api.segments import WholeSegments
from omrs_streams.api.services import BASE, LocalServices
from omrs_streams.federation.enterprise import Enterprise
from omrs_streams.proxy.stored import GUIDS as PROXY_GUIDS
from omrs_streams.replay.verify import INTERNAL_DIGEST
from omrs_streams.worker import bulk, scattered
from omrs_streams.worker.cascade import RECORDS

if TYPE_CHECKING:
    from omrs_streams.worker.worker import Worker

ANONYMOUS = "/servers/{server}/open-metadata/repository-services"
ROUTES = [*types.ROUTES, *instances.ROUTES, *audit.ROUTES, *highway.ROUTES]
FREQUENT = {
    "getEntityDetail",
    "isEntityKnown",
    "addEntity",
    "updateEntityProperties",
    "addRelationship",
    "findEntities",
}
"""Routes are tried one after the other: these first."""
_HTTP = {
    200: "The response bean; its relatedHTTPCode tells success from failure",
    400: "The body cannot be read",
    503: "Partitions are moving: ask again",
}
"""HTTP itself says little (OMRS queries § 4)."""
_READING = ("get", "find", "is", "search", "verify")
"""How the names of operations begin that change nothing."""
_OPTIONAL = {"standard", "organization", "identifier", "newHomeMetadataCollectionName"}
"""Query parameters that may be left out; of an external id, all but one."""
_EVENT_ID = {
    "name": "X-Omrs-Event-Id",
    "in": "header",
    "description": "The id of the event that tells of the change. The same id again changes nothing again.",
    "schema": {"type": "string", "minLength": 1, "maxLength": 255, "pattern": "^[!-~]+$"},
}
TAGS = {"instances": "instances", "metadata-highway": "cohorts", "audit-log": "operations"}
ANONYMOUS_OPERATIONS = {"getMetadataCollectionId", "getEntityDetail", "getRelationship"}


def make_api(worker: "Worker") -> Starlette:
    """The API of one worker. Every route answers for the whole server: it forwards what another worker owns.

    The repository services are plain ASGI routes in front of the FastAPI app, which describes them (OpenAPI) and serves
    the rest: its dependency machinery takes a quarter of the time of a read, and these handlers use none of it.
    """
    services = LocalServices(worker, ROUTES)
    enterprise = make_enterprise(worker, services)
    described = _described(services, enterprise)
    ordered = sorted(ROUTES, key=lambda route: route.operation not in FREQUENT)
    fast = [
        AsgiRoute(base + route.path, local_endpoint(services, route), methods=[route.method])
        for route in ordered
        for base in ((BASE, ANONYMOUS) if route.operation in ANONYMOUS_OPERATIONS else (BASE,))
    ]
    fast += [
        AsgiRoute(BASE + ENTERPRISE + route.path, _federated(worker, enterprise, route), methods=[route.method])
        for route in (*federated_routes(ordered), REMOTE_TOPIC)
    ]
    people = v1.make_v1(
        worker.settings.server, services, enterprise if worker.settings.cohorts else None, worker.types, worker.audit
    )
    return Starlette(
        routes=[
            *fast,
            *index.index_routes(worker.settings.server),
            Mount(v1.PATH, app=people),
            Mount("/", app=described),
        ],
        middleware=[Middleware(WholeSegments)],
        exception_handlers={HTTPException: v1.no_such_path},
    )


def _federated(worker: "Worker", enterprise: Enterprise, route: Route) -> Endpoint:
    return topic_endpoint(worker) if route is REMOTE_TOPIC else enterprise_endpoint(worker, enterprise, route)


def _described(services: LocalServices, enterprise: Enterprise) -> FastAPI:
    worker = services.worker
    app = DescribedAPI(
        title=f"omrs-streams metadata server {worker.settings.server}",
        version=metrics.VERSION,
        description="Open metadata repository services over an event-sourced store.",
        docs_url="/docs",
    )
    index.install(app)
    for route in ROUTES:
        _add(app, local_endpoint(services, route), BASE, route)
        if route.operation in ANONYMOUS_OPERATIONS:
            _add(app, local_endpoint(services, route), ANONYMOUS, route)
    for route in (*filter(offered, federated_routes(ROUTES)), REMOTE_TOPIC):
        _add(app, _federated(worker, enterprise, route), BASE + ENTERPRISE, route)
    _operations(app, worker)
    _internal(app, worker)
    return app


def _add(app: DescribedAPI, endpoint: Endpoint, base: str, route: Route) -> None:
    federated = base.endswith(ENTERPRISE)
    app.add_api_route(
        base + route.path,
        endpoint,
        methods=[route.method],
        operation_id=route.operation + ("Anonymous" if base == ANONYMOUS else "Enterprise" if federated else ""),
        summary=route.operation,
        tags=["enterprise" if federated else TAGS.get(route.path.split("/")[1], "types")],
        description=f"Answers {f'`{route.payload}` in ' if route.payload else ''}a {route.response}.",
        openapi_extra=_describe(app, route, base),
        response_class=Response,
        responses=_answers(route),
    )


def _answers(route: Route) -> dict[int | str, dict[str, Any]]:
    schema = {
        "type": "object",
        "required": ["class", "relatedHTTPCode"],
        "properties": {
            "class": {"type": "string", "enum": [route.response]},
            "relatedHTTPCode": {"type": "integer"},
            "exceptionClassName": {"type": "string"},
            "exceptionErrorMessage": {"type": "string"},
            "exceptionUserAction": {"type": "string"},
            **({route.payload: {"description": "What was asked for"}} if route.payload else {}),
        },
    }
    return {status: {"description": said, "content": {JSON: {"schema": schema}}} for status, said in _HTTP.items()}


def _describe(app: DescribedAPI, route: Route, base: str) -> dict[str, Any]:
    """Path parameters and request body for OpenAPI; FastAPI cannot see them in a handler that takes the raw request."""
    names = [part[1:-1] for part in (base + route.path).split("/") if part.startswith("{")]
    described: dict[str, Any] = {
        "parameters": [{"name": n, "in": "path", "required": True, "schema": {"type": "string"}} for n in names]
    }
    query = [*route.query]
    if route.path.endswith(("by-property-value", "by-property-value/history")):
        query.append("searchCriteria")
    for name in query:
        required = name not in _OPTIONAL
        described["parameters"].append(
            {"name": name, "in": "query", "required": required, "schema": {"type": "string"}}
        )
    if not route.operation.startswith(_READING):
        described["parameters"].append(_EVENT_ID)
    if route.body == TEXT:
        schema: dict[str, Any] = {"type": "string"}
    elif route.body is not None:
        schema = app.schema_of(route.body)
    else:
        return described
    described["requestBody"] = {"required": route.required, "content": {JSON: {"schema": schema}}}
    return described


def _operations(app: FastAPI, worker: "Worker") -> None:
    @app.get("/health", tags=["operations"])
    async def health() -> Response:
        """Whether this process should go on running: its Faust app is alive and its fold is not stuck."""
        problem = worker.operations.unhealthy()
        answer = {"status": "failing" if problem else "ok", "reason": problem}
        return Response(page(answer), 503 if problem else 200, media_type=JSON)

    @app.get("/ready", tags=["operations"])
    async def ready() -> Response:
        """Whether every partition of the server is served by some worker right now."""
        waiting = worker.operations.waiting_for()
        return Response(page({"ready": not waiting, "waiting": waiting}), 503 if waiting else 200, media_type=JSON)

    @app.get("/status", tags=["operations"])
    async def status() -> Response:
        return Response(page(worker.operations.status()), media_type=JSON)

    @app.get("/digest", tags=["operations"], responses={400: {"description": "`home` is missing"}})
    async def digests(home: str) -> Response:
        """The digest of all instances of one home collection as this server holds them; equal at every member."""
        try:
            return Response(page(await worker.scattered.home_digest(home)), media_type=JSON)
        except OmrsError as error:
            return failure(error, "digest")

    @app.get("/metrics", tags=["operations"], response_class=PlainTextResponse)
    async def prometheus() -> Response:
        worker.operations.refresh_metrics()
        return Response(generate_latest(), media_type=CONTENT_TYPE_LATEST)


def _internal(app: FastAPI, worker: "Worker") -> None:
    """Calls between the workers of a server; not part of the public API."""

    def add(path: str, answer: Callable[[dict[str, Any]], Awaitable[Any]]) -> None:
        async def endpoint(http: HttpRequest) -> Response:
            try:
                return Response(dump(await answer(from_json(await http.body()))), media_type=JSON)
            except OmrsError as error:
                return Response(dump(error_bean(error, path)), 503 if error.retriable else 500, media_type=JSON)
            except (KeyError, TypeError) as error:
                wrong = RepositoryError(f"{path} was called with a body it does not know: {error!r}")
                return Response(dump(error_bean(wrong, path)), 400, media_type=JSON)

        app.add_api_route(path, endpoint, methods=["POST"], include_in_schema=False, response_class=Response)

    async def lookup(body: dict[str, Any]) -> Any:
        return worker.scattered.answer_lookup(body)

    for path in scattered.SCATTERED:
        add(path, partial(worker.scattered.answer, path))
    add(scattered.INTERNAL_LOOKUP, lookup)
    add(RECORDS, worker.cascade.answer)
    add(bulk.APPEND, worker.bulk.append)
    add(bulk.HEADERS, worker.bulk.headers)
    add(bulk.HELD, worker.bulk.answer_held)
    add(bulk.TYPES, worker.bulk.types)
    if worker.proxy is not None:
        add(PROXY_GUIDS, worker.proxy.stored.answer)
    add("/internal/v1/reopen", worker.operations.reopen)
    add(INTERNAL_DIGEST, worker.operations.digest)

"""The daemon's status API (integration § 9): HTTP 200 always, `relatedHTTPCode` inside, as Egeria's clients expect."""

import contextlib
from collections.abc import AsyncIterator
from typing import Any

from fastapi import APIRouter, FastAPI, Request, Response
from fastapi.responses import JSONResponse
from prometheus_client import CONTENT_TYPE_LATEST
from pydantic import BaseModel, ConfigDict

from omrs_connectors.runtime.daemon import IntegrationDaemon
from omrs_schemas.errors import OmrsError


class NameRequestBody(BaseModel):
    """Names one connector; without a name the call is for all."""

    model_config = ConfigDict(extra="ignore")

    name: str | None = None


def create_api(daemon: IntegrationDaemon) -> FastAPI:
    """The API of `daemon`; its lifespan starts and stops the daemon."""

    @contextlib.asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        async with daemon.running():
            yield

    api = FastAPI(title=f"omrs daemon {daemon.settings.daemon}", version="1", lifespan=lifespan)
    api.include_router(_operations(daemon))
    api.include_router(
        _connectors(daemon),
        prefix=f"/servers/{daemon.settings.daemon}/open-metadata/integration-daemon/users/{{user_id}}",
    )

    @api.exception_handler(OmrsError)
    async def refused(request: Request, error: OmrsError) -> JSONResponse:
        return JSONResponse(
            {
                "class": "VoidResponse",
                "relatedHTTPCode": error.http,
                "actionDescription": request.url.path.rsplit("/", 1)[-1],
                "exceptionClassName": error.java_class,
                "exceptionErrorMessage": f"{error.code} {error.message}",
                "exceptionErrorMessageId": error.code,
                "exceptionUserAction": error.help,
            }
        )

    return api


def _connectors(daemon: IntegrationDaemon) -> APIRouter:
    router = APIRouter(tags=["integration daemon"])

    @router.get("/status")
    async def status() -> dict[str, Any]:
        """Every connector's state, last refresh, failing message and counts; never calls a connector."""
        return {
            "class": "IntegrationDaemonStatusResponse",
            "relatedHTTPCode": 200,
            "integrationServiceSummaries": [
                {
                    "class": "IntegrationServiceSummary",
                    "integrationServiceFullName": "Configured connectors",
                    "integrationServiceURLMarker": "configured",
                    "integrationConnectorReports": [lane.handler.snapshot() for lane in daemon.lanes],
                }
            ],
        }

    @router.post("/integration-connectors/refresh")
    async def refresh(body: NameRequestBody | None = None) -> dict[str, Any]:
        """A refresh pass of one connector or all, as soon as each is free; returns when it is asked for, not done."""
        for lane in _named(daemon, body):
            lane.request_refresh()
        return {"class": "VoidResponse", "relatedHTTPCode": 200}

    @router.post("/integration-connectors/restart")
    async def restart(body: NameRequestBody | None = None) -> dict[str, Any]:
        """Builds one connector or all anew, then refreshes: the way out of FAILED and CONFIG_FAILED."""
        for lane in _named(daemon, body):
            lane.request_restart()
        return {"class": "VoidResponse", "relatedHTTPCode": 200}

    return router


def _named(daemon: IntegrationDaemon, body: NameRequestBody | None) -> list[Any]:
    return list(daemon.lanes) if body is None or body.name is None else [daemon.lane(body.name)]


def _operations(daemon: IntegrationDaemon) -> APIRouter:
    router = APIRouter(tags=["operations"])

    @router.get("/health")
    async def health() -> JSONResponse:
        """200 while the daemon runs; 503 with the reason when it cannot go on. A failed connector does not fail it."""
        failure = daemon.failure
        healthy = daemon.started and failure is None
        return JSONResponse(
            {
                "status": "UP" if healthy else "DOWN",
                "daemon": daemon.settings.daemon,
                "server": daemon.settings.server.name,
                "connectors": {lane.name: lane.handler.status.value for lane in daemon.lanes},
                **({"reason": failure} if failure else {}),
            },
            status_code=200 if healthy else 503,
        )

    @router.get("/metrics")
    async def metrics() -> Response:
        """Counters and gauges in Prometheus' text format."""
        return Response(daemon.metrics.exposition(), media_type=CONTENT_TYPE_LATEST)

    return router

"""Where orchestrators, monitors and lost visitors look: health, readiness, metrics, and what there is."""

from fastapi import FastAPI, Response
from fastapi.responses import PlainTextResponse
from prometheus_client import CONTENT_TYPE_LATEST

from omrs_connectors.api.beans import connectors
from omrs_connectors.api.facade import Daemon
from omrs_connectors.api.paths import BASE
from omrs_streams import metrics
from omrs_streams.api.replies import JSON, page
from omrs_streams.api.v1.base import PATH


def install(app: FastAPI, daemon: Daemon) -> None:
    name = daemon.settings.daemon

    @app.get("/", tags=["operations"])
    async def index() -> Response:
        """The links to everything else."""
        links = {
            "api": PATH,
            "docs": f"{PATH}/docs",
            "openapi": f"{PATH}/openapi.json",
            "egeria": BASE.replace("{server}", name),
            "egeriaDocs": "/docs",
            **{each: f"/{each}" for each in ("health", "ready", "metrics")},
        }
        return Response(page({"daemon": name, "version": metrics.VERSION, "links": links}), media_type=JSON)

    @app.get("/health", tags=["operations"], responses={503: {"description": "It should be restarted"}})
    async def health() -> Response:
        """200 while the process should go on running; a connector that failed is no reason to restart it."""
        failure = daemon.failure
        states = {str(bean["connectorName"]): bean["connectorStatus"] for _, _, bean in connectors(daemon)}
        answer = {
            "status": "DOWN" if failure else "UP",
            "daemon": name,
            "worker": daemon.settings.worker,
            "connectors": states,
        }
        if failure:
            answer["reason"] = failure
        return Response(page(answer), 503 if failure else 200, media_type=JSON)

    @app.get("/ready", tags=["operations"], responses={503: {"description": "It is starting, or has failed"}})
    async def ready() -> Response:
        """200 when commands are taken and connectors run."""
        up = daemon.started and daemon.failure is None
        return Response(page({"ready": up}), 200 if up else 503, media_type=JSON)

    @app.get("/metrics", tags=["operations"], response_class=PlainTextResponse)
    async def prometheus() -> Response:
        """Counters and gauges in Prometheus' text format."""
        return Response(daemon.metrics.exposition(), media_type=CONTENT_TYPE_LATEST)

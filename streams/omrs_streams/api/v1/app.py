"""The ASGI app of `/api/v1`, with an OpenAPI document of its own."""

from typing import Any

from fastapi import FastAPI
from fastapi.routing import APIRoute

from omrs_schemas.typedefs.system import TypeSystem
from omrs_streams import metrics
from omrs_streams.api.describing import DescribedAPI
from omrs_streams.api.v1 import classifications, entities, graph, problems, relationships, search, server, types
from omrs_streams.api.v1.asking import Repositories
from omrs_streams.api.v1.base import Problem
from omrs_streams.audit import AuditLog
from omrs_streams.repository.services import Services

ROUTERS = (
    entities.router,
    classifications.router,
    graph.router,
    relationships.router,
    search.router,
    types.types,
    types.attribute_types,
    server.router,
)
DESCRIPTION = """Open metadata as plain resources: entities, the relationships between them, their classifications and
types. Any member of a cohort answers for all of them. Failures are application/problem+json."""


def make_v1(name: str, local: Services, cohort: Services | None, known: TypeSystem, audit: AuditLog) -> FastAPI:
    """The API of a server, to be mounted. `cohort`: all members together, None where the server has no cohorts."""
    app = _Described(
        title=f"omrs-streams metadata of {name}",
        version=metrics.VERSION,
        description=DESCRIPTION,
        redirect_slashes=False,
        strict_content_type=False,  # a body that is no JSON is refused with the status that says so
    )
    app.state.repositories = Repositories(name, local, cohort, known, audit)
    for router in ROUTERS:
        app.include_router(router)
    problems.install(app)
    app.schemas["Problem"] = app.schema_of(Problem)
    app.state.methods = [
        (route.path_regex, route.methods)
        for router in ROUTERS
        for route in router.routes
        if isinstance(route, APIRoute)
    ]
    return app


class _Described(DescribedAPI):
    def complete(self, document: dict[str, Any]) -> None:
        for path in document["paths"].values():
            for operation in path.values():
                for parameter in operation.get("parameters", ()):
                    _without_null(parameter["schema"])


def _without_null(schema: dict[str, Any]) -> None:
    """A parameter is left out or has a value; there is no null in a URL or a header."""
    choices = [each for each in schema.get("anyOf", ()) if each != {"type": "null"}]
    if len(choices) == 1:
        del schema["anyOf"]
        schema.update(choices[0])

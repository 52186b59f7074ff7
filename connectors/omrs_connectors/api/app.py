"""The ASGI app of one worker of a daemon."""

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager

from fastapi import Depends, FastAPI, Request

from omrs_connectors.api import lineage, operator, paths, problems, v1
from omrs_connectors.api.describing import add
from omrs_connectors.api.facade import Daemon
from omrs_connectors.api.security import DaemonSecurity, action_of, load_security
from omrs_connectors.api.v1 import User
from omrs_streams import metrics
from omrs_streams.api.describing import DescribedAPI
from omrs_streams.api.segments import WholeSegments
from omrs_streams.api.v1.base import PATH, Problem

DESCRIPTION = """Connectors, their integration services and groups; their states, and commands to them. Every worker of
a daemon answers for all of it, from memory. Commands answer 202: they are carried out by the worker that runs the
connector. Failures are application/problem+json."""

Lifespan = Callable[[FastAPI], AbstractAsyncContextManager[None]]


def create_api(daemon: Daemon, lifespan: Lifespan | None = None) -> FastAPI:
    """The API of `daemon`. `lifespan` starts and stops it with the app; None: somebody else does.

    ConfigurationError where its security connector cannot be loaded.
    """
    name = daemon.settings.daemon
    security = load_security(daemon.settings.security)
    app = DescribedAPI(
        title=f"omrs-streams integration daemon {name}",
        version=metrics.VERSION,
        description="The paths that Egeria's clients call. HTTP 200 always; `relatedHTTPCode` tells failures.",
        lifespan=lifespan,
    )
    for operation in (*paths.OPERATIONS, *lineage.OPERATIONS):
        add(app, daemon, security, operation)
    operator.install(app, daemon)
    app.mount(PATH, _people(daemon, security, name))
    problems.install(app, app.routes, daemon.audit)
    app.add_middleware(WholeSegments)
    return app


def permitted(security: DaemonSecurity) -> Callable[[Request, str], None]:
    """The dependency of `/api/v1` that asks the security connector."""

    def check(request: Request, user: User) -> None:
        security.check(user, action_of(request.scope["route"].operation_id or ""))

    return check


def _people(daemon: Daemon, security: DaemonSecurity, name: str) -> FastAPI:
    app = DescribedAPI(
        title=f"omrs-streams integration daemon {name}",
        version=metrics.VERSION,
        description=DESCRIPTION,
        redirect_slashes=False,
        dependencies=[Depends(permitted(security))],
    )
    router = v1.make_router(daemon)
    app.include_router(router)
    problems.install(app, [*router.routes, *app.routes], daemon.audit)
    app.schemas["Problem"] = app.schema_of(Problem)
    return app

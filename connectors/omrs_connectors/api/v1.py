"""`/api/v1` of a daemon: the same as Egeria's paths, for people and scripts, with HTTP's own status codes."""

from collections.abc import Callable, Mapping
from typing import Annotated, Any

from fastapi import APIRouter, Body, Depends, Path, Query
from fastapi.types import DecoratedCallable

from omrs_connectors.api.beans import connectors
from omrs_connectors.api.describing import refused
from omrs_connectors.api.facade import Daemon
from omrs_connectors.api.lineage import add_path
from omrs_connectors.api.models import (
    Accepted,
    Configuration,
    Connector,
    ConnectorList,
    DaemonState,
    EndpointAddress,
    Group,
    GroupList,
    Service,
    ServiceList,
    Target,
)
from omrs_connectors.api.paths import group_of, service_of
from omrs_connectors.api.problems import GuardedRoute
from omrs_connectors.refusals import unknown_connector
from omrs_streams import metrics
from omrs_streams.api.v1.asking import user_of

User = Annotated[str, Depends(user_of)]
Name = Annotated[str, Path(description="name or id of a connector")]
ACCEPTED = 202


def make_router(daemon: Daemon) -> APIRouter:
    router = APIRouter(responses=refused(400, 503), route_class=GuardedRoute)
    _states(router, daemon)
    _commands(router, daemon)
    _configuration(router, daemon)
    _groups(router, daemon)
    add_path(router, daemon)
    return router


def _states(router: APIRouter, daemon: Daemon) -> None:
    @router.get("/daemon", tags=["daemon"], operation_id="getDaemon", summary="The daemon and how its connectors are")
    async def state() -> DaemonState:
        counts: dict[str, int] = {}
        for _, _, bean in connectors(daemon):
            counts[bean["connectorStatus"]] = counts.get(bean["connectorStatus"], 0) + 1
        return DaemonState(
            name=daemon.settings.daemon,
            version=metrics.VERSION,
            started=daemon.started,
            failure=daemon.failure,
            connectors=counts,
        )

    @router.get("/services", tags=["daemon"], operation_id="listServices", summary="Integration services that run here")
    async def services() -> ServiceList:
        return ServiceList(items=[Service.of(view) for view in daemon.services])

    @router.get(
        "/connectors", tags=["connectors"], operation_id="listConnectors", summary="Every connector and its state"
    )
    async def listed(
        service: Annotated[str | None, Query(description="URL marker of an integration service")] = None,
        group: Annotated[str | None, Query(description="name of an integration group")] = None,
        status: Annotated[list[str] | None, Query(description="only in one of these states")] = None,
    ) -> ConnectorList:
        found = [
            Connector.of(*each)
            for each in connectors(daemon)
            if service in (None, each[0]) and group in (None, each[1])
        ]
        return ConnectorList(items=[each for each in found if not status or each.status in status])

    @router.get(
        "/connectors/{connector}",
        tags=["connectors"],
        operation_id="getConnector",
        summary="One connector and its state",
        responses=refused(404),
    )
    async def one(connector: Name) -> Connector:
        return _named(daemon, connector)


def _commands(router: APIRouter, daemon: Daemon) -> None:
    def command(path: str, name: str, summary: str) -> Callable[[DecoratedCallable], DecoratedCallable]:
        return router.post(
            path,
            tags=["connectors"],
            operation_id=name,
            summary=summary,
            status_code=ACCEPTED,
            responses=refused(404),
        )

    @command("/refresh", "refreshConnectors", "Refresh all connectors, or those named")
    async def refresh(user: User, target: Annotated[Target | None, Body()] = None) -> Accepted:
        names, service = _which(daemon, target)
        await daemon.refresh(names, service, user)
        return Accepted(command="refresh", connectors=names)

    @command("/restart", "restartConnectors", "Restart all connectors, or those named")
    async def restart(user: User, target: Annotated[Target | None, Body()] = None) -> Accepted:
        names, service = _which(daemon, target)
        await daemon.restart(names, service, user)
        return Accepted(command="restart", connectors=names)

    @command("/connectors/{connector}/refresh", "refreshConnector", "Refresh one connector")
    async def refresh_one(connector: Name, user: User) -> Accepted:
        await daemon.refresh([connector], user=user)
        return Accepted(command="refresh", connectors=[connector])

    @command("/connectors/{connector}/restart", "restartConnector", "Restart one connector")
    async def restart_one(connector: Name, user: User) -> Accepted:
        await daemon.restart([connector], user=user)
        return Accepted(command="restart", connectors=[connector])


def _configuration(router: APIRouter, daemon: Daemon) -> None:
    path = "/connectors/{connector}"
    common: Mapping[str, Any] = {"tags": ["configuration"], "responses": refused(404, 422)}
    accepted: Mapping[str, Any] = {**common, "status_code": ACCEPTED}

    @router.get(
        f"{path}/configuration", operation_id="getConfiguration", summary="What a connector is set to", **common
    )
    async def configuration(connector: Name) -> Configuration:
        return Configuration(properties=dict(daemon.configuration_properties(connector)))

    @router.put(
        f"{path}/configuration", operation_id="replaceConfiguration", summary="Replace all properties", **accepted
    )
    async def replace(connector: Name, body: Configuration, user: User) -> Accepted:
        await daemon.configure(connector, body.properties, False, user)
        return Accepted(command="configure", connectors=[connector])

    @router.patch(
        f"{path}/configuration", operation_id="changeConfiguration", summary="Change some properties", **accepted
    )
    async def change(connector: Name, body: Configuration, user: User) -> Accepted:
        await daemon.configure(connector, body.properties, True, user)
        return Accepted(command="configure", connectors=[connector])

    @router.put(f"{path}/endpoint", operation_id="setEndpoint", summary="Change where its technology is", **accepted)
    async def endpoint(connector: Name, body: EndpointAddress, user: User) -> Accepted:
        await daemon.set_endpoint(connector, body.network_address, user)
        return Accepted(command="endpoint", connectors=[connector])

    @router.put(f"{path}/connection", operation_id="setConnection", summary="Change its whole connection", **accepted)
    async def connection(connector: Name, body: Annotated[dict[str, Any], Body()], user: User) -> Accepted:
        await daemon.set_connection(connector, body, user)
        return Accepted(command="connection", connectors=[connector])


def _groups(router: APIRouter, daemon: Daemon) -> None:
    @router.get("/groups", tags=["groups"], operation_id="listGroups", summary="The integration groups of the daemon")
    async def groups() -> GroupList:
        return GroupList(items=[Group.of(view) for view in daemon.groups])

    @router.get(
        "/groups/{group}",
        tags=["groups"],
        operation_id="getGroup",
        summary="One integration group",
        responses=refused(404),
    )
    async def one(group: str) -> Group:
        name = group_of(daemon, group)
        return next(Group.of(view) for view in daemon.groups if view.name == name)

    @router.post(
        "/groups/{group}/refresh",
        tags=["groups"],
        operation_id="refreshGroup",
        summary="Read a group's configuration again",
        status_code=ACCEPTED,
        responses=refused(404),
    )
    async def refresh(group: str) -> Accepted:
        await daemon.refresh_group(group_of(daemon, group))
        return Accepted(command="refreshGroup")


def _named(daemon: Daemon, name: str) -> Connector:
    found = [Connector.of(*each) for each in connectors(daemon)]
    for each in found:
        if name in (each.name, each.id):
            return each
    raise unknown_connector(daemon.settings.daemon, name, [each.name for each in found])


def _which(daemon: Daemon, target: Target | None) -> tuple[list[str] | None, str | None]:
    if target is None:
        return None, None
    service = None if target.service is None else service_of(daemon, target.service)
    return target.connectors, service

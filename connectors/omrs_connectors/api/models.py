"""What `/api/v1` of a daemon answers and takes."""

from typing import Any, Self

from pydantic import Field

from omrs_connectors.api.beans import report
from omrs_connectors.api.facade import Bean, GroupView, ServiceView
from omrs_streams.api.v1.base import Model, Name, Properties, Time


class DaemonState(Model):
    """This daemon."""

    name: str
    version: str
    started: bool
    failure: str | None = Field(None, description="why it cannot go on")
    connectors: dict[str, int] = Field(description="how many connectors there are in each status")


class Connector(Model):
    """A connector and its state, as every worker of the daemon knows it."""

    id: str
    name: str
    status: str = Field(examples=["RUNNING"])
    service: str | None = Field(None, description="URL marker of its integration service")
    group: str | None = Field(None, description="the integration group that it comes from")
    worker: str | None = Field(None, description="the worker that runs it")
    instance_id: str | None = Field(None, description="another one after every initialization")
    last_status_change: Time | None = None
    last_refresh: Time | None = None
    minutes_between_refreshes: float | None = None
    refreshing: bool = Field(False, description="a pass is running now")
    failure: str | None = Field(None, description="what made it fail")
    statistics: dict[str, Any] = Field(default_factory=dict, description="counts since the daemon started")
    connection: dict[str, Any] | None = Field(None, description="without its secrets")

    @classmethod
    def of(cls, marker: str, group: str, bean: Bean) -> Self:
        told = report(bean)
        return cls(
            id=str(told["connectorId"]),
            name=str(told["connectorName"]),
            status=str(told["connectorStatus"]),
            service=marker or None,
            group=group or None,
            worker=told.get("worker"),
            instance_id=told.get("connectorInstanceId"),
            last_status_change=told.get("lastStatusChange"),
            last_refresh=told.get("lastRefreshTime"),
            minutes_between_refreshes=told.get("minMinutesBetweenRefresh"),
            refreshing=bool(told.get("refreshInProgress")),
            failure=told.get("failingExceptionMessage"),
            statistics=told.get("statistics") or {},
            connection=told.get("connection"),
        )


class ConnectorList(Model):
    items: list[Connector]


class Service(Model):
    """An integration service with connectors in this daemon."""

    marker: str = Field(description="what stands for it in paths", examples=["files-integrator"])
    name: str = Field(examples=["Files Integrator OMIS"])
    description: str
    server: str = Field(description="the metadata server it is paired with")
    connectors: list[str]

    @classmethod
    def of(cls, view: ServiceView) -> Self:
        service = view.service
        return cls(
            marker=service.url_marker,
            name=service.full_name,
            description=service.description,
            server=view.server,
            connectors=list(view.connectors),
        )


class ServiceList(Model):
    items: list[Service]


class Group(Model):
    """An integration group: connectors that are metadata of a server."""

    name: str
    guid: str | None = None
    status: str = Field(examples=["RUNNING"])
    server: str
    connectors: list[str]

    @classmethod
    def of(cls, view: GroupView) -> Self:
        connectors = list(view.connectors)
        return cls(
            name=view.name, guid=view.guid or None, status=view.status, server=view.server, connectors=connectors
        )


class GroupList(Model):
    items: list[Group]


class Configuration(Model):
    """The configuration properties of a connector."""

    properties: Properties = Field(default_factory=dict, examples=[{"include": ["*.csv"]}])


class Target(Model):
    """Which connectors a command is for; all, where nothing is named."""

    connectors: list[Name] | None = Field(None, description="names or ids")
    service: Name | None = Field(None, description="URL marker of an integration service")


class EndpointAddress(Model):
    network_address: str = Field(examples=["postgresql://db.example.org/sales"])


class Accepted(Model):
    """A command that is on the daemon's command topic; the status says when it has been carried out."""

    command: str
    connectors: list[str] | None = Field(None, description="those it is for; all, where it names none")

"""A daemon without Kafka, threads or connectors, for tests of the API: it keeps what it is told, and refuses as one."""

import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import httpx
import uvicorn
from prometheus_client import CollectorRegistry, Counter, generate_latest
from starlette.types import ASGIApp, Receive, Scope, Send

from omrs_connectors.api import GroupView, ServiceView, create_api
from omrs_connectors.audit import DaemonAudit
from omrs_connectors.refusals import unknown_connector
from omrs_connectors.services.registry import SERVICES
from omrs_streams.api.listen import bind

Bean = dict[str, Any]
CHANGED_AT, REFRESHED_AT = 1_612_299_470_647, 1_612_299_671_399


@dataclass
class Kept:
    """A connector."""

    name: str
    marker: str = ""
    group: str = ""
    status: str = "RUNNING"
    failure: str | None = None
    properties: Bean = field(default_factory=dict)
    address: str = ""
    connection: Bean = field(default_factory=lambda: {"class": "Connection"})
    commands: list[tuple[str, str]] = field(default_factory=list)
    passes: int = 3
    instance: int = 1

    @property
    def id(self) -> str:
        return f"id-of-{self.name}"

    def report(self) -> Bean:
        found = {
            "class": "IntegrationConnectorReport",
            "connectorId": self.id,
            "connectorName": self.name,
            "connectorStatus": self.status,
            "connection": self.connection,
            "connectorInstanceId": f"i-{self.instance}",
            "lastStatusChange": CHANGED_AT,
            "lastRefreshTime": REFRESHED_AT,
            "minMinutesBetweenRefresh": 10,
            "failingExceptionMessage": self.failure,
            "statistics": {"passes": self.passes, "created": 12},
        }
        return {name: value for name, value in found.items() if value is not None}


@dataclass(frozen=True)
class Settings:
    daemon: str = "exchangeDL01"
    worker: str = "w1"
    security: str = ""


class Metrics:
    def __init__(self) -> None:
        self._registry = CollectorRegistry()
        Counter("omrs_daemon_refreshes", "Refresh passes", registry=self._registry).inc()

    def exposition(self) -> bytes:
        return generate_latest(self._registry)


class ApiDaemon:
    """Implements `omrs_connectors.api.Daemon`."""

    def __init__(self, *connectors: Kept, groups: Sequence[GroupView] = ()) -> None:
        self.settings = Settings()
        self.metrics = Metrics()
        self.audit, self.recorded = DaemonAudit.of_test(self.settings.daemon)
        self.started = True
        self.failure: str | None = None
        self.groups: Sequence[GroupView] = groups
        self.connectors = {each.name: each for each in connectors}
        self.lineage: list[tuple[str, str]] = []
        self.groups_read: list[str] = []

    @property
    def services(self) -> Sequence[ServiceView]:
        markers = dict.fromkeys(each.marker for each in self.connectors.values() if each.marker)
        return [ServiceView(SERVICES[m], "cocoMDS1", tuple(each.name for each in self._of(m))) for m in markers]

    def service_summaries(self) -> list[Bean]:
        return [
            {
                "class": "IntegrationServiceSummary",
                "integrationServiceId": view.service.id,
                "integrationServiceFullName": view.service.full_name,
                "integrationServiceURLMarker": view.service.url_marker,
                "integrationServiceDescription": view.service.description,
                "integrationServiceWiki": view.service.wiki,
                "integrationConnectorReports": [each.report() for each in self._of(view.service.url_marker)],
            }
            for view in self.services
        ]

    def group_summaries(self) -> list[Bean]:
        return [
            {
                "class": "IntegrationGroupSummary",
                "integrationGroupName": view.name,
                "integrationGroupGUID": view.guid,
                "integrationGroupStatus": view.status,
                "integrationConnectorReports": [
                    each.report() for each in self.connectors.values() if each.group == view.name
                ],
            }
            for view in self.groups
        ]

    def configuration_properties(self, name: str, service: str | None = None) -> Mapping[str, Any]:
        return self._named(name, service).properties

    async def refresh(self, names: Sequence[str] | None, service: str | None = None, user: str = "") -> None:
        self._command("refresh", names, service, user)

    async def restart(self, names: Sequence[str] | None, service: str | None = None, user: str = "") -> None:
        self._command("restart", names, service, user)

    async def configure(self, name: str | None, properties: Mapping[str, Any], merge: bool, user: str = "") -> None:
        for each in self.connectors.values() if name is None else [self._named(name)]:
            each.properties = {**(each.properties if merge else {}), **properties}
            each.commands.append(("configure", user))

    async def set_endpoint(self, name: str, address: str, user: str = "") -> None:
        self._named(name).address = address

    async def set_connection(self, name: str, bean: Bean, user: str = "") -> None:
        self._named(name).connection = bean

    async def refresh_group(self, name: str) -> None:
        self.groups_read.append(name)

    async def publish_lineage(self, text: str, user: str = "") -> None:
        self.lineage.append((text, user))

    def told(self, command: str) -> dict[str, str]:
        """Which connectors have been told to do something, and by whom; and forgets it."""
        found = {}
        for each in self.connectors.values():
            for kind, user in each.commands:
                if kind == command:
                    found[each.name] = user
            each.commands.clear()
        return found

    def _command(self, kind: str, names: Sequence[str] | None, service: str | None, user: str) -> None:
        chosen = [*self.connectors.values()] if names is None else [self._named(name, service) for name in names]
        for each in chosen:
            if service in (None, each.marker):
                each.commands.append((kind, user))
                each.passes += each.status == "RUNNING"
                each.instance += kind == "restart"

    def _of(self, marker: str) -> list[Kept]:
        return [each for each in self.connectors.values() if each.marker == marker]

    def _named(self, name: str, service: str | None = None) -> Kept:
        for each in self.connectors.values():
            if name in (each.name, each.id) and service in (None, each.marker):
                return each
        raise unknown_connector(self.settings.daemon, name, self.connectors)


class Front:
    """A socket whose API can be that of another daemon for each test: a server of its own takes each 0.3 s to end."""

    def __init__(self, url: str) -> None:
        self.http = httpx.Client(base_url=url, trust_env=False, timeout=30)
        self.api: ASGIApp | None = None

    def of(self, daemon: ApiDaemon) -> httpx.Client:
        """A client of the API of `daemon`."""
        self.api = create_api(daemon)
        return self.http


@contextmanager
def serving() -> Iterator[Front]:
    with bind("127.0.0.1", 0) as listening:
        listening.listen()
        front = Front(f"http://127.0.0.1:{listening.getsockname()[1]}")

        async def app(scope: Scope, receive: Receive, send: Send) -> None:
            assert front.api is not None
            await front.api(scope, receive, send)

        server = uvicorn.Server(uvicorn.Config(app, log_config=None, access_log=False, lifespan="off"))
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]})
        thread.start()
        try:
            with front.http:
                yield front
        finally:
            server.should_exit = True
            thread.join()

"""A connector against a real metadata server, pass by pass, without a daemon around it."""

import threading
from collections import Counter
from typing import Any

from omrs_connectors.sdk import (
    ActivityReport,
    ConnectorBroker,
    IntegrationConnector,
    IntegrationConnectorConfig,
    Partner,
    PermittedSynchronization,
)
from omrs_connectors.services.registry import service_of
from omrs_schemas.model.values import from_properties
from omrs_streams.client import Entity, MetadataClient, starts_with
from workers import Running


class Passes:
    """One life of a connector; `Passes(...)` again is the next life, which knows nothing of this one."""

    def __init__(
        self,
        kind: type[IntegrationConnector],
        server: Running,
        config: dict[str, Any],
        *,
        client: MetadataClient | None = None,
    ) -> None:
        given = {"connectorName": "one", **config}
        if "connection" not in config:
            given["connectorProviderClass"] = f"{kind.__module__}:{kind.__qualname__}"
        self.config = IntegrationConnectorConfig.model_validate(given)
        service = service_of(kind)
        self.wakes = threading.Semaphore(0)
        self.context = service.context_class(
            self.config,
            Partner(server.server, server.url),
            client or server.client("erinoverview"),
            self._new_report(),
            default_permitted_synchronization=PermittedSynchronization.FROM_THIRD_PARTY,
        )
        self.context.request_refresh = self.wakes.release
        connector = ConnectorBroker(lambda _: kind()).connector_for(self.config.connection)
        assert isinstance(connector, kind)
        self.connector = connector
        self._begun = False

    def refresh(self) -> ActivityReport:
        """One pass, and its report; what the connector raises is raised."""
        report = self.context.report = self._new_report()
        if not self._begun:
            self.context.connect()
            self.connector.set_context(self.context)
            self.connector.initialize()
            self.connector.start()
            self._begun = True
        self.connector.refresh()
        return report

    def end(self) -> None:
        self.context.stopping.set()
        if self._begun:
            self.connector.disconnect()

    def _new_report(self) -> ActivityReport:
        return ActivityReport(self.config.connector_id, self.config.connector_name, "refresh", 0)


def changes(report: ActivityReport) -> tuple[int, int, int]:
    """How much was created, updated and deleted."""
    counts = report.counts()
    return counts["created"], counts["updated"], counts["deleted"]


def by_name(client: MetadataClient, type_name: str, prefix: str) -> dict[str, Entity]:
    """Living entities by qualified name; no name may come twice."""
    found = list(client.iter_entities(type_name, {"qualifiedName": starts_with(prefix)}))
    names = [str(plain(entity)["qualifiedName"]) for entity in found]
    assert not [name for name, count in Counter(names).items() if count > 1]
    return dict(zip(names, found, strict=True))


def plain(instance: Any) -> dict[str, Any]:
    """The properties of an entity, relationship or classification as Python values."""
    return from_properties(instance.get("properties"))

"""Contexts of integration services, on real servers of both releases of the open metadata types."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

from omrs_connectors.sdk.config import IntegrationConnectorConfig, Partner
from omrs_connectors.sdk.context import IntegrationContext
from omrs_connectors.sdk.report import ActivityReport
from omrs_connectors.services.registry import service_for
from omrs_streams.client import MetadataClient
from workers import Running, unique

ContextT = TypeVar("ContextT", bound=IntegrationContext)


@contextmanager
def context_on(server: Running, kind: type[ContextT], marker: str = "generic", **config: Any) -> Iterator[ContextT]:
    """A connected context of a connector `config` under a service, as the daemon makes it."""
    name = unique("connector")
    given = IntegrationConnectorConfig.model_validate(
        {"connectorName": name, "connectorProviderClass": "none", **config}
    )
    with MetadataClient(server.url, server.server, "erinoverview") as client:
        context = kind(
            given,
            Partner(server.server, server.url),
            client,
            ActivityReport(name, name, "test", 0),
            default_permitted_synchronization=service_for(marker).default_permitted_synchronization,
        )
        context.connect()
        yield context


def changes(context: IntegrationContext) -> tuple[int, int, int]:
    """How many instances the context has created, updated and deleted since the last call."""
    counts = context.report.statistics()
    context.report = ActivityReport("id", "name", "test", 0)
    return counts["created"], counts["updated"], counts["deleted"]

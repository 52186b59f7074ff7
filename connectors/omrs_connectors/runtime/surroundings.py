"""What a lane is given of the daemon around it."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Protocol

from omrs_connectors.runtime.inbox import Record
from omrs_connectors.runtime.metrics import DaemonMetrics
from omrs_connectors.sdk import ActivityReport, IntegrationConnectorConfig
from omrs_connectors.sdk.config import Partner
from omrs_connectors.sdk.connections import ConnectorBroker
from omrs_streams.client import MetadataClient
from omrs_streams.client.decoder import OutEventDecoder


class Audit(Protocol):
    """`DaemonAudit`: from any thread, returns at once, never raises."""

    def record(self, message_id: str, /, **params: object) -> None: ...


class Reports(Protocol):
    """`ReportPublisher`: called on a connector's thread; may take as long as Kafka and the metadata server do."""

    def publish(
        self,
        report: ActivityReport,
        config: IntegrationConnectorConfig,
        *,
        client: MetadataClient | None = None,
        partner: Partner | None = None,
        status: str = "",
        failure: str | None = None,
        instance_id: str = "",
        elements: bool = True,
    ) -> object: ...


Bury = Callable[[Record, Exception, int], Awaitable[None]]
"""Writes a record with its error and the number of attempts to the daemon's dead letters. A retriable OmrsError while
that does not work."""


@dataclass(frozen=True, slots=True)
class Surroundings:
    """`clock` in epoch milliseconds, `monotonic` in seconds. `client` calls `partner` as the daemon's user; connector
    processes make clients of their own, with these limits (`call_timeout`, `retry_deadline`, in seconds)."""

    daemon: str
    worker: str
    partner: Partner
    client: MetadataClient
    broker: ConnectorBroker
    clock: Callable[[], int]
    monotonic: Callable[[], float]
    audit: Audit
    reports: Reports
    max_page_size: int
    decoder: OutEventDecoder
    bury: Bury
    metrics: DaemonMetrics
    call_timeout: float = 30.0
    retry_deadline: float = 10.0

"""Publishing what a pass did: one record on the daemon's report topic, in parts where it is long (integration § 8).

The record is the truth. Whether a report element is to be made of it stands in it; `elements` does that later, from the
topic, so that nothing of it is lost when a process ends.
"""

import logging
import threading
import time
import uuid
from collections import deque
from collections.abc import Callable, Sequence
from typing import Protocol

from omrs_connectors.reports.anchors import AnchorFinder
from omrs_connectors.reports.records import MAX_MESSAGE, Bean, records_of
from omrs_connectors.sdk.config import IntegrationConnectorConfig, Partner
from omrs_connectors.sdk.report import ActivityReport
from omrs_schemas.codec.reports import encode_report
from omrs_schemas.errors import OmrsError
from omrs_streams.client import MetadataClient
from omrs_streams.clock import now_ms
from omrs_streams.log.names import daemon_reports
from omrs_streams.log.producer import Outgoing

log = logging.getLogger(__name__)

MAX_WAITING = 1_000  # records kept while Kafka does not take them; the oldest are given up then, and said to be

PAUSE = 5.0  # seconds without another attempt after a failed one: passes do not queue up behind a Kafka that is away

CONTENT_TYPE = ("content-type", b"application/avro")

SEND_TIMEOUT = 10.0  # seconds that a pass waits for Kafka to have its report


class Producer(Protocol):
    """`LogProducer`: writes records and waits until Kafka has them; ProduceError when it does not take them."""

    def send_and_wait(self, records: Sequence[Outgoing], timeout: float) -> object: ...


class ReportPublisher:
    """Publishes the reports of a daemon's connectors; called on their threads.

    Nothing here fails a pass: what cannot be written waits in memory and goes with the next report. A record that was
    written twice has the same `reportId` and `part`.
    """

    def __init__(
        self,
        daemon: str,
        producer: Producer,
        *,
        worker: str = "",
        clock: Callable[[], int] = now_ms,
        new_id: Callable[[], str] = lambda: str(uuid.uuid4()),
    ) -> None:
        self.topic = daemon_reports(daemon)
        self._daemon = daemon
        self._worker = worker
        self._producer = producer
        self._clock = clock
        self._new_id = new_id
        self._waiting: deque[Outgoing] = deque()
        self._lock = threading.Lock()
        self._resume = 0.0

    def publish(
        self,
        report: ActivityReport,
        config: IntegrationConnectorConfig,
        *,
        client: MetadataClient | None = None,
        partner: Partner | None = None,
        status: str = "UNKNOWN",
        failure: str | None = None,
        instance_id: str = "",
        elements: bool = True,
    ) -> list[Bean]:
        """The records of a complete report; none where the connector's configuration wants no reports.

        `client` answers what elements belong to that the report does not know; `status` and `failure` are the
        connector's after the pass. `elements`: whether an element is made of it, too, if it changed anything.
        """
        if not config.generate_integration_reports:
            return []
        beans = self._beans(report, config, client, partner, status, failure, instance_id, elements)
        key = config.connector_id.encode()
        self._write([(self.topic, -1, key, encode_report(bean), [CONTENT_TYPE]) for bean in beans])
        return beans

    def flush(self) -> bool:
        """Tries to write what waits; whether nothing waits any more."""
        self._write([])
        return not self._waiting

    def _beans(
        self,
        report: ActivityReport,
        config: IntegrationConnectorConfig,
        client: MetadataClient | None,
        partner: Partner | None,
        status: str,
        failure: str | None,
        instance_id: str,
        elements: bool,
    ) -> list[Bean]:
        completed = self._clock()
        counts = report.counts()
        by_anchor = report.by_anchor() if client is None else report.by_anchor(AnchorFinder(client))
        whole: Bean = {
            "reportId": self._new_id(),
            "serverName": self._daemon,
            "worker": self._worker or None,
            "metadataServerName": partner.name if partner is not None else None,
            "connectorId": config.connector_id,
            "connectorName": config.connector_name,
            "connectorInstanceId": instance_id or None,
            "connectorStatus": status,
            "trigger": report.trigger,
            "refreshStartDate": report.started,
            "refreshCompletionDate": completed,
            "failingExceptionMessage": failure[:MAX_MESSAGE] if failure else None,
            **{f"{kind}Count": count for kind, count in counts.items()},
            "publishElements": elements and bool(by_anchor),
            "counters": report.counters(),
            "messages": [text[:MAX_MESSAGE] for text in report.messages],
        }
        return records_of({name: value for name, value in whole.items() if value is not None}, by_anchor)

    def _write(self, records: Sequence[Outgoing]) -> None:
        """Writes what waits, then `records`. Several threads may be at it at once: each sends what it has taken."""
        with self._lock:
            if records and time.monotonic() < self._resume:
                self._keep(records)
                return
            taken = [*self._waiting, *records]
            self._waiting.clear()
        if not taken:
            return
        try:
            self._producer.send_and_wait(taken, SEND_TIMEOUT)
        except OmrsError as error:
            log.warning("%d reports wait for Kafka: %s", len(taken), error)
            with self._lock:
                self._resume = time.monotonic() + PAUSE
                self._keep(taken)

    def _keep(self, records: Sequence[Outgoing]) -> None:
        """For later; `_lock` is held."""
        self._waiting.extend(records)
        while len(self._waiting) > MAX_WAITING:
            log.error("a report of connector %s is lost", (self._waiting.popleft()[2] or b"").decode())

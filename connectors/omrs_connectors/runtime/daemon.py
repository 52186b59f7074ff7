"""The daemon: connectors, Faust app, producer and status API on one event loop."""

import asyncio
import contextlib
import logging
import time
from collections.abc import AsyncIterator, Callable
from typing import Any

import orjson
from confluent_kafka import KafkaException
from confluent_kafka.admin import AdminClient

from omrs_connectors.runtime.handler import ConnectorHandler, Surroundings
from omrs_connectors.runtime.lane import ConnectorLane
from omrs_connectors.runtime.loading import load_connector
from omrs_connectors.runtime.metrics import DaemonMetrics
from omrs_connectors.runtime.settings import DaemonSettings
from omrs_connectors.runtime.wake import add_agents, add_timer
from omrs_connectors.sdk import IntegrationConnector
from omrs_schemas.errors import InvalidParameterError, LogError, NotReadyError
from omrs_streams.client import MetadataClient, Retry
from omrs_streams.client.decoder import OutEventDecoder
from omrs_streams.clock import now_ms
from omrs_streams.log.dead_letters import dead_letter
from omrs_streams.log.names import daemon_group, daemon_reports, dead_letters, server_out
from omrs_streams.log.producer import LogProducer
from omrs_streams.log.topics import FOREVER, TopicSpec, days, ensure_topics
from omrs_streams.worker.faust_app import make_app

log = logging.getLogger(__name__)

METADATA_TIMEOUT = 5.0  # seconds for one look at the cluster's topics
TOPIC_POLL = 0.5  # seconds between looks while the server has not created its out topic
PUBLISH_TIMEOUT = 10.0  # seconds a connector's thread waits for its report to be stored
RETRY_DEADLINE = 10.0  # seconds a connector's call is repeated while the server is not ready: then its pass fails


class IntegrationDaemon:
    """Runs the configured connectors against one metadata server; lives on the loop that serves the API."""

    def __init__(
        self,
        settings: DaemonSettings,
        *,
        load: Callable[[str], IntegrationConnector] = load_connector,
        clock: Callable[[], int] = now_ms,
    ) -> None:
        self.settings = settings.model_copy(update={"kafka": settings.kafka.resolved()})
        self.group = daemon_group(settings.daemon)
        self.metrics = DaemonMetrics()
        self.started = False
        self._abandoned = asyncio.Event()
        self._clock = clock
        self._client = MetadataClient(
            settings.server.url,
            settings.server.name,
            settings.user_id,
            timeout=settings.call_timeout,
            retry=Retry(deadline=RETRY_DEADLINE),
        )
        self._producer = LogProducer(self.settings.kafka.producer(f"{self.group}.producer"))
        decoder = OutEventDecoder(self._client)
        around = Surroundings(
            daemon=settings.daemon,
            client=self._client,
            load=load,
            clock=clock,
            publish=self._publish_report,
            max_page_size=settings.max_page_size,
        )
        self.lanes = [
            ConnectorLane(ConnectorHandler(config, around), decoder, self._bury, self.metrics)
            for config in settings.connectors
        ]
        working = settings.data_dir / "daemons" / settings.daemon
        self._app = make_app(self.group, "1", self.settings.kafka, working / "faust")
        add_timer(self._app, self._tick)
        add_agents(self._app, server_out(settings.server.name), self.lanes)

    async def start(self) -> None:
        """Creates the daemon's topics, initializes the connectors, joins the out topic. LogError when Kafka refuses."""
        kafka = self.settings.kafka.librdkafka()
        reports = TopicSpec(daemon_reports(self.settings.daemon), 1, FOREVER)
        letters = TopicSpec(dead_letters(self.group), 1, days(90))
        await asyncio.to_thread(ensure_topics, kafka, [reports, letters])
        await self._wait_for_out_topic(kafka)
        await asyncio.gather(*(lane.initialize() for lane in self.lanes))
        self._app.finalize()
        await self._app.start()
        self.started = True
        log.info("daemon %s runs %d connectors", self.settings.daemon, len(self.lanes))

    def abandon_start(self) -> None:
        """Ends a `start` that still waits for its server."""
        self._abandoned.set()

    async def stop(self) -> None:
        """Stops the connectors, then Faust: what they had not finished is delivered again at the next start."""
        self.started = False
        await asyncio.gather(*(lane.stop() for lane in self.lanes))
        await self._app.stop()
        await asyncio.to_thread(self._producer.close)
        self._client.close()

    @contextlib.asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """`start` … `stop`; a failed start is cleaned up too."""
        try:
            await self.start()
            yield
        finally:
            await self.stop()

    @property
    def failure(self) -> str | None:
        """Why the daemon cannot go on, or None. Faust ends itself when it loses its group for good."""
        if self._app.crashed:
            return f"the Faust app ended: {self._app.crash_reason!r}"
        return None

    def lane(self, connector_name: str) -> ConnectorLane:
        """The connector of that name (or id). InvalidParameterError lists the names there are."""
        for lane in self.lanes:
            if connector_name in (lane.name, lane.handler.config.connector_id):
                return lane
        raise InvalidParameterError(
            f"integration daemon {self.settings.daemon} has no connector {connector_name!r}",
            code="INTEGRATION-DAEMON-SERVICES-400-031",
            http=400,
            help="connectors: " + ", ".join(lane.name for lane in self.lanes),
            parameterName="connectorName",
        )

    async def _tick(self) -> None:
        now = self._clock()
        for lane in self.lanes:
            lane.tick(now)

    async def _wait_for_out_topic(self, kafka: dict[str, Any]) -> None:
        """The server creates its out topic (its partitions are the server's business); the daemon may start first."""
        topic = server_out(self.settings.server.name)
        admin = AdminClient(kafka)
        deadline = time.monotonic() + self.settings.server_wait
        while True:
            try:
                metadata = await asyncio.to_thread(admin.list_topics, timeout=METADATA_TIMEOUT)
            except KafkaException as error:
                raise LogError(f"Kafka does not answer: {error}", help="is it running? `omrs kafka status`") from error
            if topic in metadata.topics:
                return
            if time.monotonic() > deadline or self._abandoned.is_set():
                raise NotReadyError(
                    f"topic {topic} is missing",
                    help=f"start metadata server {self.settings.server.name} on the same Kafka, or raise server_wait",
                    topic=topic,
                )
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._abandoned.wait(), TOPIC_POLL)

    def _publish_report(self, bean: dict[str, Any]) -> None:
        key = str(bean["connectorId"]).encode()
        headers = [("content-type", b"application/json")]
        record = (daemon_reports(self.settings.daemon), -1, key, orjson.dumps(bean), headers)
        self._producer.send_and_wait([record], PUBLISH_TIMEOUT)

    async def _bury(self, message: Any, error: Exception, attempts: int) -> None:
        headers = list(message.headers.items()) if hasattr(message.headers, "items") else message.headers
        letter = dead_letter(
            self.group,
            message.topic,
            message.partition,
            message.offset,
            message.key,
            message.value,
            headers,
            error,
            attempts=attempts,
        )
        await self._producer.send_batch([letter])
        log.warning("dead letter: %s[%s]@%s: %s", message.topic, message.partition, message.offset, error)

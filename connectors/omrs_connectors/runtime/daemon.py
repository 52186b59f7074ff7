"""One worker of an integration daemon: topics, services, groups, fleet and Faust app on one event loop."""

import asyncio
import contextlib
import logging
import time
from collections.abc import AsyncIterator, Callable, Coroutine, Mapping, Sequence
from functools import partial
from typing import Any
from uuid import uuid4

import httpx

from omrs_connectors import refusals
from omrs_connectors.api.facade import GroupView, ServiceView
from omrs_connectors.audit import DaemonAudit, context_manager_starting
from omrs_connectors.audit.log import audit_topic
from omrs_connectors.groups.group import IntegrationGroup
from omrs_connectors.reports.elements import ReportElements
from omrs_connectors.reports.publisher import ReportPublisher
from omrs_connectors.runtime.asking import Asking
from omrs_connectors.runtime.commands import command_topic
from omrs_connectors.runtime.configuring import Configured, Members, partner_of, static_connectors
from omrs_connectors.runtime.feed import Feed
from omrs_connectors.runtime.fleet import Fleet
from omrs_connectors.runtime.following import follow
from omrs_connectors.runtime.inbox import Inbox, Record
from omrs_connectors.runtime.lane import ConnectorLane
from omrs_connectors.runtime.lineage import lineage_record, lineage_topic
from omrs_connectors.runtime.loading import connector_broker
from omrs_connectors.runtime.metrics import DaemonMetrics
from omrs_connectors.runtime.ownership import Ownership
from omrs_connectors.runtime.partners import RETRY_DEADLINE, Partners, out_of
from omrs_connectors.runtime.settings import DaemonSettings
from omrs_connectors.runtime.states import LEASE_S, States, beating, state_topic
from omrs_connectors.runtime.surroundings import Surroundings
from omrs_connectors.sdk.config import IntegrationConnectorConfig, Partner
from omrs_connectors.services.registry import GENERIC, SERVICES
from omrs_schemas.errors import ConfigurationError, NotReadyError, OmrsError
from omrs_streams.client import MetadataClient
from omrs_streams.clock import now_ms
from omrs_streams.log.dead_letters import DeadLetters, dead_letter
from omrs_streams.log.names import daemon_commands, daemon_group, daemon_reports, dead_letters
from omrs_streams.log.producer import LogProducer
from omrs_streams.log.topics import FOREVER, TopicSpec, days, ensure_topics
from omrs_streams.worker.directory import ANSWER_S
from omrs_streams.worker.faust_app import add_agent, make_app, on_assignment

log = logging.getLogger(__name__)

LETTER_CONNECTOR = "dlq-connector"
"""Header of a daemon's dead letters, beside those of all: the connector that the record was for."""

IDS = "INTEGRATION-DAEMON-SERVICES-"
TICK = 1.0  # seconds between looks at what is due (integration § 5)
ORDERLY_S = 15.0  # seconds at start for connectors to initialize in order: longer than RETRY_DEADLINE
ASSIGNED_S = 60.0  # a group of workers agrees within seconds; a killed one of this name counts for 10 more
BEGUN_S = 30.0  # for the first look at the out topics: what happens from the start of a connector on is to be heard
HEARD_MARGIN_S = 1.0  # the lease ends here before it ends for the others


class IntegrationDaemon:
    """One worker; lives on the loop that serves the API. It answers for connectors of all workers, from memory."""

    def __init__(self, settings: DaemonSettings, *, url: str = "", clock: Callable[[], int] = now_ms) -> None:
        self.settings = settings.model_copy(update={"kafka": settings.kafka.resolved()})
        self.group = daemon_group(settings.daemon)
        self.metrics = DaemonMetrics()
        self.started = False
        self.instance = str(uuid4())
        self.url = url
        self.audit = DaemonAudit(settings.daemon, settings.audit, worker=settings.worker)
        self.fleet: Fleet
        self._clock = clock
        self._failed: str | None = None
        self._abandoned = asyncio.Event()
        kafka = self.settings.kafka
        self._producer = LogProducer(kafka.producer(f"{self.group}.{settings.worker}"))
        self._letters = DeadLetters(self.group, self._producer, self.audit.record)
        self._reports = ReportPublisher(settings.daemon, self._producer, worker=settings.worker)
        self._broker = connector_broker()
        self._partners = Partners(self.settings)
        self._elements = ReportElements(kafka, settings.daemon, self._partners.named)
        self._static = static_connectors(self.settings)
        self._states: States
        self._feed: Feed
        self._asking: Asking
        self._groups: dict[str, IntegrationGroup] = {}
        self._members: dict[str, Members] = {}
        self._applying = asyncio.Lock()
        self._tasks: list[asyncio.Task[None]] = []
        self._beaten = 0.0
        self._beating: asyncio.Task[None] | None = None
        self._ownership: Ownership | None = None
        working = settings.data_dir / "daemons" / settings.daemon / settings.worker
        self._app = make_app(self.group, settings.worker, kafka, working / "faust")

    # Life

    async def start(self) -> None:
        """Creates the topics, joins the workers of the daemon, opens the connectors that are this worker's.

        LogError when Kafka refuses, ConfigurationError when a worker of this name runs already. Connectors that cannot
        be made ready and metadata servers that are down do not keep the daemon from starting.
        """
        settings = self.settings
        self.audit.server_starting(
            worker=settings.worker, url=self.url, max_page_size=settings.max_page_size, security=settings.security
        )
        self.audit.record(f"{IDS}0001")
        try:
            await self._prepare()
            await self._join()
        except OmrsError as error:
            self.audit.record(f"{IDS}0012", error=error)
            raise
        await self._open_services()
        self._start_groups()
        self.fleet.begin()
        self._elements.start()
        self.audit.record(f"{IDS}0040")
        self.started = True
        await self._tick()
        self.audit.record(f"{IDS}0013")
        self.audit.server_started([SERVICES[marker].full_name for marker in self._static])

    def abandon_start(self) -> None:
        """Ends a `start` that still waits for the other workers."""
        self._abandoned.set()

    async def stop(self) -> None:
        """Stops the connectors, lets go of them, leaves the group. At most some ten seconds."""
        timing, self.started = self.started, False
        self._elements.stop()
        self.audit.record(f"{IDS}0020")
        await _cancelled(self._tasks)
        if timing:
            self.audit.record(f"{IDS}0044")
        await asyncio.gather(*(group.close() for group in self._groups.values()), return_exceptions=True)
        if self._ownership is not None:
            await self._stop_connectors()
            await _cancelled([] if self._beating is None else [self._beating])
            with contextlib.suppress(OmrsError):
                await self._states.gone(self.settings.worker)
            self._feed.close()
            self._states.view.stop()
            await self._app.stop()
        await asyncio.to_thread(self._elements.close)
        self.audit.record(f"{IDS}0026")
        self._partners.close()
        await asyncio.to_thread(self.audit.close)
        await asyncio.to_thread(self._producer.close)

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
        """Why the worker cannot go on, or None. Faust ends itself when it loses its group for good."""
        if self._app.crashed:
            return f"the Faust app ended: {self._app.crash_reason!r}"
        return self._failed

    # What it runs

    @property
    def services(self) -> list[ServiceView]:
        return [
            ServiceView(
                SERVICES[marker],
                self._partner_of(marker).name,
                tuple(each.config.connector_name for each in found.values()),
            )
            for marker, found in self._static.items()
        ]

    @property
    def groups(self) -> list[GroupView]:
        return [
            GroupView(
                name,
                group.partner.name,
                group.status.value,
                group.guid,
                tuple(config.connector_name for config in group.configs.values()),
            )
            for name, group in self._groups.items()
        ]

    def service_summaries(self) -> list[dict[str, Any]]:
        return [
            {
                "class": "IntegrationServiceSummary",
                "integrationServiceId": service.id,
                "integrationServiceFullName": service.full_name,
                "integrationServiceURLMarker": marker,
                "integrationServiceDescription": service.description,
                "integrationServiceWiki": service.wiki,
                "integrationConnectorReports": [self.fleet.report(each) for each in self._static[marker]],
            }
            for marker, service in ((marker, SERVICES[marker]) for marker in self._static)
        ]

    def group_summaries(self) -> list[dict[str, Any]]:
        return [
            {
                **group.summary(),
                "integrationConnectorReports": [
                    self.fleet.report(each) for each in group.configs if each in self.fleet.configured
                ],
            }
            for group in self._groups.values()
        ]

    def configuration_properties(self, name: str, service: str | None = None) -> Mapping[str, Any]:
        return self.fleet.effective(self._asking.ids([name], service)[0]).configuration_properties

    # What it is asked for

    async def refresh(self, names: Sequence[str] | None, service: str | None = None, user: str = "") -> None:
        await self._asking.command("refresh", names, user, service=service)

    async def restart(self, names: Sequence[str] | None, service: str | None = None, user: str = "") -> None:
        await self._asking.command("restart", names, user, service=service)

    async def configure(self, name: str | None, properties: Mapping[str, Any], merge: bool, user: str = "") -> None:
        names = None if name is None else [name]
        await self._asking.command("configuration", names, user, body={"properties": dict(properties), "merge": merge})

    async def set_endpoint(self, name: str, address: str, user: str = "") -> None:
        await self._asking.command("endpoint", [name], user, body={"networkAddress": address})

    async def set_connection(self, name: str, bean: dict[str, Any], user: str = "") -> None:
        await self._asking.connection(name, bean, user)

    async def refresh_group(self, name: str) -> None:
        daemon = self.settings.daemon
        if not self._groups:
            raise refusals.no_groups(daemon)
        if name not in self._groups:
            raise refusals.unknown_group(daemon, name, self._groups)
        await self._groups[name].refresh_config("asked for")

    async def publish_lineage(self, text: str, user: str = "") -> None:
        await self._producer.send_batch([lineage_record(self.settings.daemon, text, user)])

    # Start, step by step

    async def _prepare(self) -> None:
        """Topics, what is known of the connectors, and who reads what."""
        settings = self.settings
        topics = [
            command_topic(settings.daemon, settings.partitions),
            state_topic(settings.daemon),
            lineage_topic(settings.daemon),
            audit_topic(settings.daemon, settings.audit),
            TopicSpec(daemon_reports(settings.daemon), 1, FOREVER),
            TopicSpec(dead_letters(self.group), 1, days(90)),
        ]
        facts = await asyncio.to_thread(ensure_topics, settings.kafka.librdkafka(), topics)
        self.audit.open(self._producer)
        partitions = facts[daemon_commands(settings.daemon)].partitions
        conf = settings.kafka.bulk_consumer(f"{self.group}.view")
        self._states = States(conf, settings.daemon, partitions, self._producer)
        self._states.view.on_failure = self._fatal
        await self._states.view.start()
        await asyncio.to_thread(self._check_name)
        self._feed = Feed(settings.kafka, settings.daemon)
        bury = self._letters.bury
        self.fleet = Fleet(self._states, self._feed, self._lane, self.audit, bury, settings.worker, self.instance)
        self._asking = Asking(settings.daemon, self.fleet, self._static, self._producer, self._clock)
        for marker, found in self._static.items():
            self.fleet.supply(marker, found)
        paired = {each.partner for found in self._static.values() for each in found.values()}
        for partner in {partner_of(settings, None), *paired}:
            self._read_out_topic(partner)

    def _check_name(self) -> None:
        """Two processes of one name would take the partitions from each other for ever."""
        worker = self.settings.worker
        found = self._states.workers.get(worker)
        if found is None or found.url in ("", self.url):
            return
        if _answers(found.url, self.settings.daemon, worker):
            raise ConfigurationError(
                f"worker {worker} of integration daemon {self.settings.daemon} runs already, at {found.url}",
                help="give this one another name (--worker)",
            )

    async def _join(self) -> None:
        """Heartbeats, Faust, and the wait for this worker's share of the connectors."""
        settings, topic = self.settings, daemon_commands(self.settings.daemon)
        ownership = Ownership(self._states, settings.worker, self.instance, topic, self.fleet.ownership_changed)
        self.fleet.ownership = self._ownership = ownership
        on_assignment(self._app, ownership.assigned, ownership.revoked)
        add_agent(self._app, topic, self.fleet.fold, self._fatal)
        self._app.timer(TICK, name="connector-tick")(self._guarded_tick)
        # Until the connectors have been stopped: a worker that is not heard of is taken for dead.
        heartbeats = beating(self._states, settings.worker, self.instance, self.url, self._beat)
        self._beating = asyncio.create_task(heartbeats)
        self._app.finalize()
        await self._app.start()
        waiting = [asyncio.create_task(event.wait()) for event in (ownership.settled, self._abandoned)]
        done, pending = await asyncio.wait(waiting, timeout=ASSIGNED_S, return_when=asyncio.FIRST_COMPLETED)
        for task in pending:
            task.cancel()
        if self._abandoned.is_set():
            raise NotReadyError(f"worker {settings.worker} was stopped while it started")
        if not done:
            raise NotReadyError(
                f"worker {settings.worker} did not get its share of the connectors within {ASSIGNED_S:.0f} s",
                help="is Kafka well? `omrs kafka status`",
            )

    async def _open_services(self) -> None:
        """Service by service, as Egeria's log has it; a connector that takes its time does not hold up the others."""
        await self._feed.begun(BEGUN_S)
        if not self._static:
            self.audit.record(f"{IDS}0017")
        if not self.settings.groups:
            self.audit.record(f"{IDS}0018")
        deadline = time.monotonic() + ORDERLY_S
        for marker, found in self._static.items():
            service, partner = SERVICES[marker], self._partner_of(marker)
            self.audit.record(f"{IDS}0002", service=service.full_name)
            if not found:
                self.audit.record(f"{IDS}0007", service=service.full_name)
                continue
            if service is not GENERIC:
                known = {"service": service.name, "server": partner.name, "url": partner.url}
                self.audit.record(context_manager_starting(marker), **known)
            await self.fleet.open(list(found), deadline - time.monotonic())
            self.audit.record(f"{IDS}0011", service=service.full_name, count=len(found))

    def _start_groups(self) -> None:
        for given in self.settings.groups:
            partner = partner_of(self.settings, given.server)
            client = self._partners[partner].client
            self._read_out_topic(partner)
            group = IntegrationGroup(
                given.name,
                partner,
                partial(_same, client),
                self.audit,
                self._group_changed,
                targets_changed=self.fleet.wake,
                refresh_interval=self.settings.group_refresh,
            )
            self._groups[given.name] = group
            self._members[given.name] = Members(partner)
            self._run(follow(group, self._feed, self._partners[partner].decoder))

    # Parts

    def _group_changed(self, configs: Mapping[str, IntegrationConnectorConfig], group: IntegrationGroup) -> None:
        self._run(self._apply(group))

    async def _apply(self, group: IntegrationGroup) -> None:
        """What the group says now; changes that come meanwhile are applied after it."""
        async with self._applying:
            found, unknown = await asyncio.to_thread(self._members[group.name], group.configs)
            for config, error in unknown:
                self.audit.record(f"{IDS}0055", connector=config.connector_name, group=group.name, error=error)
            self.fleet.supply(f"group {group.name}", found)

    def _partner_of(self, marker: str) -> Partner:
        """Connectors of a service have one metadata server; of a service without any it is the daemon's."""
        return next((each.partner for each in self._static[marker].values()), partner_of(self.settings, None))

    def _read_out_topic(self, partner: Partner) -> None:
        """From the oldest position of any connector, else from now: whoever listens later finds the reader running."""
        source = out_of(partner)
        if self._feed.reads(source):
            return
        starts: dict[int, int] = {}
        for state in self._states.connectors.values():
            for number, offset in state.get("positions", {}).get(source.key, {}).items():
                starts[int(number)] = min(offset, starts.get(int(number), offset))
        self._feed.open(source, starts)

    def _lane(self, one: Configured, inbox: Inbox) -> ConnectorLane:
        calls = self._partners[one.partner]
        around = Surroundings(
            daemon=self.settings.daemon,
            worker=self.settings.worker,
            partner=one.partner,
            client=calls.client,
            broker=self._broker,
            clock=self._clock,
            monotonic=time.monotonic,
            audit=self.audit,
            reports=self._reports,
            max_page_size=self.settings.max_page_size,
            decoder=calls.decoder,
            bury=partial(self._bury, one.config.connector_name),
            metrics=self.metrics,
            call_timeout=self.settings.call_timeout,
            retry_deadline=RETRY_DEADLINE,
        )
        return ConnectorLane(one.config, one.service, around, inbox)

    async def _stop_connectors(self) -> None:
        services = [SERVICES[marker].full_name for marker in self._static]
        for service in services:
            self.audit.record(f"{IDS}0021", service=service)
        await self.fleet.close()
        for service in services:
            self.audit.record(f"{IDS}0025", service=service)

    async def _guarded_tick(self) -> None:
        try:
            await self._tick()
        except Exception as error:  # the boundary: an error here must not end the timer
            self.audit.record(f"{IDS}0045", error=error)
            log.exception("a tick of the daemon failed")

    async def _tick(self) -> None:
        ownership = self._ownership
        if not self.started or ownership is None:
            return
        monotonic = time.monotonic()
        heard = monotonic - self._beaten < LEASE_S - HEARD_MARGIN_S
        self.fleet.tick(self._clock(), monotonic, passes=heard and not ownership.suspended)

    def _beat(self, began: float) -> None:
        self._beaten = began

    def _fatal(self, error: Exception) -> None:
        """Ends the worker; another one, or its next life, goes on."""
        self._failed = self._failed or f"{type(error).__name__}: {error}"
        log.error("worker %s cannot go on", self.settings.worker, exc_info=error)

    def _run(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work)
        self._tasks.append(task)
        task.add_done_callback(self._tasks.remove)

    async def _bury(self, connector: str, record: Record, error: Exception, attempts: int) -> None:
        topic = record.topic or lineage_topic(self.settings.daemon).name  # a lineage record's source is empty
        name, number, key, value, headers = dead_letter(
            self.group,
            topic,
            record.partition,
            record.offset,
            record.key,
            record.value,
            list(record.headers.items()),
            error,
            attempts=attempts,
        )
        said = [*headers, (LETTER_CONNECTOR, connector.encode())]
        await self._producer.send_batch([(name, number, key, value, said)])
        log.warning("dead letter of %s: %s[%s]@%s: %s", connector, topic, record.partition, record.offset, error)


async def _cancelled(tasks: Sequence[asyncio.Task[None]]) -> None:
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


def _same(client: MetadataClient) -> MetadataClient:
    return client


def _answers(url: str, daemon: str, worker: str) -> bool:
    """Whether that worker is reached there. Blocks for a moment."""
    try:
        found = httpx.get(f"{url}/health", timeout=ANSWER_S, trust_env=False).json()
    except (httpx.HTTPError, ValueError):
        return False  # where an earlier life of it listened
    return (found.get("daemon"), found.get("worker")) == (daemon, worker)

"""One worker of a metadata server: what runs in its process, put together, started and stopped in order."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterable, Sequence
from contextlib import AsyncExitStack
from functools import partial
from zlib import crc32

from omrs_schemas.codec import EventCodec
from omrs_schemas.errors import InvalidParameterError, OmrsError
from omrs_streams.audit import AuditLog
from omrs_streams.clock import now_ms
from omrs_streams.cohort.receiving import Receiver
from omrs_streams.cohort.rules import ExchangeRule
from omrs_streams.log import names
from omrs_streams.log.dead_letters import DeadLetters
from omrs_streams.log.producer import LogProducer
from omrs_streams.log.record import Effective
from omrs_streams.log.schemas_topic import publish_schemas
from omrs_streams.log.topics import TopicFacts, ensure_topics, server_topics
from omrs_streams.log.view import TopicView
from omrs_streams.proxy.runtime import OWNER_PARTITION
from omrs_streams.repository.commands import Commands
from omrs_streams.repository.local import Bean
from omrs_streams.search.view import SearchView
from omrs_streams.security import make_security, read_security
from omrs_streams.security.settings import SecuritySettings
from omrs_streams.settings import BUILTIN_TYPES, CohortSettings, RuleSettings, ServerSettings
from omrs_streams.store.partition import PartitionStore
from omrs_streams.worker.broker import broker_answers
from omrs_streams.worker.bulk import Bulk
from omrs_streams.worker.cascade import Cascade
from omrs_streams.worker.claims import check_identity, check_name, local_collection
from omrs_streams.worker.cohort import CohortMember
from omrs_streams.worker.cohort_store import RegistryStore
from omrs_streams.worker.consequences import Consequences
from omrs_streams.worker.directory import Owner, OwnerDirectory
from omrs_streams.worker.ends import RelationshipEnds
from omrs_streams.worker.exchange import Exchange
from omrs_streams.worker.faust_app import add_agent, hold, make_app, on_assignment
from omrs_streams.worker.federation import Federation
from omrs_streams.worker.inbound import Inbound
from omrs_streams.worker.operations import Operations
from omrs_streams.worker.out_topic import OutTopic
from omrs_streams.worker.ownership import Ownership
from omrs_streams.worker.partition import OwnedPartition
from omrs_streams.worker.parts import Parts
from omrs_streams.worker.peers import Peers
from omrs_streams.worker.proxy import make_proxy
from omrs_streams.worker.publisher import Publisher, Send
from omrs_streams.worker.router import Router
from omrs_streams.worker.saving import SaveRule
from omrs_streams.worker.scattered import Scattered
from omrs_streams.worker.scattered_graph import ScatteredGraph
from omrs_streams.worker.type_commands import TypeCommands
from omrs_streams.worker.types import ServerTypes, load_release
from omrs_streams.worker.wire import Wire
from omrs_streams.worker.wire_avro import AvroWire
from omrs_streams.worker.wire_json import JsonWire

log = logging.getLogger(__name__)

OUT = "out"
CASCADE_S = 5.0  # how long a delete waits for what follows from it; it follows anyway


class Worker:
    """`start` joins the server; `stop` leaves it in order. `url` is where this worker's API is reached."""

    def __init__(self, settings: ServerSettings, url: str) -> None:
        self.settings = settings
        self.url = url
        self.kafka = settings.kafka.resolved()
        self.failure: Exception | None = None
        self.audit = AuditLog(settings.server, settings.audit, worker=settings.worker)
        self.stopped = asyncio.Event()
        self.publishers: list[Publisher] = []
        self.cohorts: dict[str, CohortMember] = {}
        self._loop = asyncio.get_running_loop()
        self._conf = self.kafka.bulk_consumer(f"omrs.view.{settings.server}.{settings.worker}")
        self._group = names.server_group(settings.server)
        self._open = AsyncExitStack()

    # ---- start -----------------------------------------------------------------------------------------------------

    async def start(self) -> None:
        """Check the topics, read the small ones, join the group. Raises ConfigurationError or LogError."""
        audit, settings = self.audit, self.settings
        audit.record("OMRS-AUDIT-0064", server=settings.server, destinations=audit.destinations)
        audit.record("OMRS-AUDIT-0001", worker=settings.worker, url=self.url)
        try:
            await self._start()
        except OmrsError as error:
            audit.record("OMRS-AUDIT-0013", message=error)
            raise
        audit.record("OMRS-AUDIT-0007")

    async def _start(self) -> None:
        audit = self.audit
        self._advise()
        rules = await asyncio.to_thread(read_security, self.settings.security)
        await broker_answers(self.kafka.librdkafka())
        self.local = await asyncio.to_thread(local_collection, self.settings, self.kafka, self.url)
        if self.has_repository:
            audit.record("OMRS-AUDIT-0003", collection_id=self.local.collection_id)
        if self.settings.repository == "none":
            audit.record("OMRS-AUDIT-0012")
        audit.record("OMRS-AUDIT-0044", path=self.settings.store_dir)
        audit.record("OMRS-AUDIT-0050", archive=self.settings.types)
        self.types = await asyncio.to_thread(load_release, self.settings.types)
        count = len(self.types.typedefs()) + len(self.types.attribute_typedefs())
        audit.record("OMRS-AUDIT-0053", archive=self.settings.types, types=count)
        self.codec = EventCodec(self.types)
        self.wires = {cohort.name: self._wire(cohort) for cohort in self.settings.cohorts}
        self.facts = await self._topics()
        self.producer = LogProducer(self.kafka.producer(f"{self._group}.{self.settings.worker}"))
        self._open.push_async_callback(asyncio.to_thread, self.producer.close)
        audit.open(self.producer, self.local.originator())
        self._open.push_async_callback(asyncio.to_thread, self._stopped)
        self.letters = DeadLetters(self._group, self.producer, self.audit.record)
        await asyncio.to_thread(publish_schemas, self.producer, self._conf)
        await self._views(rules)
        audit.record("OMRS-AUDIT-0045", count=len(self.types.typedefs()), partitions=self.settings.partitions)
        self._repository()
        self._ownership()
        if self.cohorts:
            audit.record("OMRS-AUDIT-0004", count=len(self.cohorts), cohorts=self.cohorts)
        self._start_publishers()
        audit.record("OMRS-AUDIT-0046")
        await self._join()
        audit.record("OMRS-AUDIT-0047")
        log.info(
            "worker %s of %s is up, collection %s", self.settings.worker, self.settings.server, self.local.collection_id
        )

    def _advise(self) -> None:
        """Say what is allowed and hardly meant."""
        ours = [cohort.name for cohort in self.settings.cohorts if cohort.encoding == "egeria-json"]
        if ours and self.settings.types == BUILTIN_TYPES:
            log.warning(
                "cohort %s speaks Egeria's JSON, and `types` is builtin, release 6.1; members of Egeria 4.x carry "
                "other definitions: set `types` to the OpenMetadataTypes archive of the members' release",
                ", ".join(ours),
            )

    async def _topics(self) -> TopicFacts:
        specs = server_topics(
            self.settings.server, self.settings.partitions, audit_days=self.settings.audit.retention_days
        )
        for wire in self.wires.values():
            specs += wire.topics(self.settings.partitions)
        facts = await asyncio.to_thread(ensure_topics, self.kafka.librdkafka(), specs)
        return facts[names.server_log(self.settings.server)]

    def _wire(self, cohort: CohortSettings) -> Wire:
        if cohort.encoding == "egeria-json":
            return JsonWire(cohort.name, cohort.topic_root, self.local, self.codec)
        return AvroWire(cohort.name, self.local.sender, self.codec)

    async def _views(self, rules: SecuritySettings | None) -> None:
        """The small compacted topics, read whole before anything else happens."""
        server = self.settings.server
        self.server_types = ServerTypes(
            self._conf, server, self.types, self.codec, self.producer, self.settings.repository
        )
        self.directory = OwnerDirectory(self._conf, server, self.producer)
        await self._view(self.server_types.view)
        self.security = await asyncio.to_thread(make_security, rules, self.types)
        self.parts = Parts(
            self._conf,
            self.local,
            self.server_types,
            self.codec,
            self.producer,
            self.letters,
            self.audit,
            self._rule(self.settings.events_to_send),
            self.security,
        )
        self.registry = RegistryStore(self._conf, server, self.codec, self.producer)
        for view in (self.registry.view, self.directory.view):
            await self._view(view)
        self.saving = SaveRule(self._rule(self.settings.events_to_save), self.registry)
        self.type_commands = TypeCommands(self)
        self.federation = Federation()
        self.cohorts = {cohort.name: self._member(cohort) for cohort in self.settings.cohorts}
        self.registry.on_change = self._registered
        await check_identity(self.local, self.registry)
        await check_name(self.settings, self.url, self.directory)

    async def _view(self, view: TopicView) -> None:
        view.on_failure = self.crash
        self._open.callback(view.stop)
        await view.start()

    def _member(self, cohort: CohortSettings) -> CohortMember:
        member = CohortMember(cohort, self.wires[cohort.name], self.parts, self.registry, self.federation)
        member.on_failure = self.crash
        member.types.process = self._rule(cohort.events_to_process)
        member.types.in_use = self.type_commands.in_use
        self._open.push_async_callback(member.stop)
        return member

    def _registered(self, cohorts: Iterable[str]) -> None:
        for name in cohorts:
            if name in self.cohorts:
                self.cohorts[name].noticed()

    def _repository(self) -> None:
        count = self.settings.partitions
        self.router = Router(self.settings.worker, count, self.directory)
        self.peers = Peers()
        self._open.push_async_callback(self.peers.close)
        self.scattered = Scattered(self.router, self.peers, self.types, self.codec, self.security)
        self.graph = ScatteredGraph(self.scattered, self.types)
        self.commands = Commands(
            self.local, self.types, self.codec, count, self.scattered.lookup, security=self.security
        )
        self.commands.receive_as(lambda: self.receiver(ExchangeRule()), self.audit)
        self.cascade = Cascade(self.router, self.peers, self.commands)
        self.bulk = Bulk(self)
        self.operations = Operations(self)
        self.proxy = make_proxy(self)
        if self.proxy is not None:
            self.server_types.supported = self.proxy.type_names

    def _ownership(self) -> None:
        self.search = SearchView(self.settings.store_dir / "search", self.settings.search, self.types)
        self._open.push_async_callback(asyncio.to_thread, self.search.stop)
        self.search.start()
        self.ownership = Ownership(
            self.facts,
            self.settings.store_dir,
            self.codec,
            self.router,
            self.search,
            Owner(self.settings.worker, self.url),
            self._owned,
            self._settled,
            self.crash,
        )
        self._open.push_async_callback(self.ownership.close)

    def _owned(self, number: int, store: PartitionStore) -> OwnedPartition:
        return OwnedPartition(
            number, store, self.facts.name, self.settings.server, self._conf, self.producer, self.letters
        )

    async def _settled(self, topics: set[str]) -> None:
        """Our partitions are served; whoever has a cohort's registration topic speaks for the server there."""
        for member in self.cohorts.values():
            if member.wire.registration_topic in topics:
                await member.speak()
            else:
                member.release()
        if self.proxy is not None:
            await self.proxy.follow(OWNER_PARTITION in self.router.assigned)

    def _start_publishers(self) -> None:
        server = self.settings.server
        ends = RelationshipEnds(self.local, self.codec, self.router.known_here, self.bulk.headers, self.bulk.append)
        consequences = Consequences(
            self.local.collection_id, self.scattered, self.cascade.run, ends, self._loop, self._bury_at_home
        )

        out = OutTopic(self.parts)

        def at_home(records: Sequence[Effective]) -> None:
            out.publish(records)
            consequences.follow(records)

        # The out topic and what follows from a change share a reader: each reader costs as much as folding a tenth.
        targets: dict[str, Send] = {OUT: at_home}
        if self.has_repository:
            targets.update({_target(member): member.outbound.publish for member in self.cohorts.values()})
        for target, send in targets.items():
            conf = self.kafka.bulk_consumer(names.publisher_group(server, target))
            conf["enable.partition.eof"] = False
            publisher = Publisher(conf, names.server_log(server), target, send, self._crash_from_thread)
            publisher.start()
            self.audit.record("OMRS-AUDIT-0031", target=target)
            self._open.callback(publisher.stop)
            self.publishers.append(publisher)
        self.ownership.feed(self.publishers)

    def _bury_at_home(self, record: Effective, error: OmrsError) -> None:
        topic = names.server_log(self.settings.server)
        self.letters.bury_record(
            topic, record.partition, record.offset, record.key, record.value, record.headers, error
        )

    async def _join(self) -> None:
        """Agents on the log and on each cohort's topics, then the consumer group."""
        settings = self.settings
        app = make_app(self._group, self._member_name(), self.kafka, settings.store_dir / "faust")
        add_agent(app, self.facts.name, self.ownership.fold, self.crash)
        for member in self.cohorts.values():
            self._audit_cohort(member)
            add_agent(app, member.wire.registration_topic, member.registry_events, self.crash)
            add_agent(app, member.wire.types_topic, member.gated(member.types.events), self.crash)
            if self.has_repository:
                inbound = self._inbound(member)
                add_agent(app, member.wire.instances_topic, member.gated(inbound.instance_events), self.crash)
        on_assignment(app, self.ownership.assigned, self.ownership.revoked)
        app.finalize()
        self._open.push_async_callback(app.stop)
        if self.proxy is not None:
            self._open.push_async_callback(self.proxy.stop)
        await app.start()
        self._app = app
        for member in self.cohorts.values():
            member.on_flow = self._flow
        self._flow()

    def _member_name(self) -> str:
        """The name of this worker's static membership. Other topics need another one: to a member that it knows, the
        broker gives what it had before, and aiokafka stops at a topic that it has not subscribed to."""
        topics = sorted(topic for member in self.cohorts.values() for topic in _topics_of(member))
        return f"{self.settings.worker}.{crc32(repr((self.settings.repository, topics)).encode()):08x}"

    def _flow(self) -> None:
        """Read and publish for the cohorts that the server is connected to; for the others it stands still."""
        apart = [member for member in self.cohorts.values() if not member.open.is_set()]
        hold(self._app, frozenset(topic for member in apart for topic in _topics_of(member)))
        targets = {_target(member) for member in apart}
        for publisher in self.publishers:
            publisher.hold(publisher.target in targets)

    def _inbound(self, member: CohortMember) -> Inbound:
        process = self._rule(member.settings.events_to_process)
        exchange = Exchange(
            member.name,
            self.parts,
            partial(self.receiver, process),
            self.bulk,
            self.saving,
            member.outbound.send,
            self.commands.give_new_guid,
        )
        return Inbound(member.name, member.wire, self.parts, self.router, process, self.saving, exchange)

    def _audit_cohort(self, member: CohortMember) -> None:
        settings, record = member.settings, self.audit.record
        if not member.wanted:
            record("OMRS-STREAMS-0022", cohort=member.name, server=self.settings.server)
            return
        record("OMRS-AUDIT-0005", cohort=member.name, encoding=settings.encoding)
        process, save, send = settings.events_to_process, self.settings.events_to_save, self.settings.events_to_send
        record("OMRS-AUDIT-0029", cohort=member.name, process=process.rule, save=save.rule, send=send.rule)
        for topic in _topics_of(member):
            record("OMRS-AUDIT-0026", cohort=member.name, topic=topic)

    def _rule(self, settings: RuleSettings) -> ExchangeRule:
        """The rule of the configuration; types are named there by name or guid.

        Raises TypeDefNotKnownError for a type that does not exist.
        """
        named = (self.types.typedef(each) or self.types.require(name=each) for each in settings.types)
        return ExchangeRule(settings.rule, frozenset(str(typedef["guid"]) for typedef in named))

    # ---- what the API needs ----------------------------------------------------------------------------------------

    @property
    def has_repository(self) -> bool:
        """Whether this server has metadata of its own; without, it only takes part in its cohorts' queries."""
        return self.settings.repository != "none"

    def members(self) -> frozenset[str]:
        """The collection ids registered now in any cohort of this server, ours included."""
        found = {self.local.collection_id} if self.has_repository else set()
        for member in self.cohorts.values():
            found.update(member.remotes)
        return frozenset(found)

    def receiver(self, process: ExchangeRule) -> Receiver:
        """As whom this server takes in instances of other members, and under which rules, now."""

        return Receiver(
            self.local.collection_id,
            self.members(),
            process,
            self.saving.rule,
            self.server_types.active,
            lambda instance: self.security.may_save(dict(instance)),
            self.local.originator(),
        )

    def past(self, time_ms: int | None, parameter: str = "asOfTime") -> int | None:
        """A time of a query, which must not lie in the future."""
        if time_ms is not None and time_ms > now_ms():
            raise InvalidParameterError(
                f"the time {time_ms} lies in the future",
                code="OMRS-REPOSITORY-400-038",
                help="ask for a time that has passed",
                parameter=parameter,
            )
        return time_ms

    async def consequences_of(self, owned: OwnedPartition) -> None:
        """Wait until what followed from the last change of this partition (cascades) is in the log."""
        follower = next(found for found in self.publishers if found.target == OUT)
        await asyncio.to_thread(follower.wait_passed, owned.number, owned.next_offset - 1, CASCADE_S)

    async def add_types(
        self, attributes: Sequence[Bean], typedefs: Sequence[Bean], patches: Sequence[Bean]
    ) -> list[Bean]:
        """Add types to this server; see TypeCommands. The new definitions."""
        return await self.type_commands.add(attributes, typedefs, patches)

    def at_stop(self, close: Callable[[], Awaitable[None]]) -> None:
        """Close something with the worker that was opened after it; before all that the worker opened itself."""
        self._open.push_async_callback(close)

    # ---- end -------------------------------------------------------------------------------------------------------

    def crash(self, error: Exception) -> None:
        """The boundary: nothing here can go on. The process ends; another worker takes over from the log."""
        if self.failure is None:
            self.failure = error
            self.audit.record("OMRS-AUDIT-9014", worker=self.settings.worker, message=error)
            known = isinstance(error, OmrsError)
            log.error("worker %s stops: %s", self.settings.worker, error, exc_info=None if known else error)
        self.stopped.set()

    def _crash_from_thread(self, error: Exception) -> None:
        self._loop.call_soon_threadsafe(self.crash, error)

    async def stop(self) -> None:
        """Leave the group, then close what is open, last first; nothing is lost when it does not come to the end."""
        self.audit.record("OMRS-AUDIT-0010", message=self.failure)
        for member in self.cohorts.values():
            if member.open.is_set():
                self.audit.record("OMRS-AUDIT-0008", cohort=member.name)
        await self._open.aclose()
        await asyncio.to_thread(self.audit.close)

    def _stopped(self) -> None:
        """Everything but the producer is closed: the last message goes to the audit topic."""
        self.audit.record("OMRS-AUDIT-0011")
        self.audit.flush()


def _target(member: CohortMember) -> str:
    return f"cohort.{member.name}"


def _topics_of(member: CohortMember) -> tuple[str, ...]:
    wire = member.wire
    return (wire.registration_topic, wire.types_topic, wire.instances_topic)

"""One worker of a metadata server: everything that runs in its process, started and stopped in order."""

import asyncio
import logging
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any
from uuid import NAMESPACE_URL, uuid5

from confluent_kafka.admin import AdminClient

from omrs_schemas.codec import EventCodec
from omrs_schemas.errors import ConfigurationError, InvalidParameterError, NotReadyError, OmrsError
from omrs_streams import metrics
from omrs_streams.cohort.rules import ExchangeRule
from omrs_streams.log import names
from omrs_streams.log.dead_letters import dead_letter
from omrs_streams.log.producer import LogProducer, Outgoing
from omrs_streams.log.record import Effective
from omrs_streams.log.schemas_topic import publish_schemas
from omrs_streams.log.topics import ADMIN_TIMEOUT_S, TopicFacts, cohort_topics, ensure_topics, server_topics
from omrs_streams.log.view import Change, TopicView
from omrs_streams.replay.verify import plain_hashes
from omrs_streams.repository.commands import Call, Commands
from omrs_streams.repository.local import Bean, LocalCollection
from omrs_streams.repository.stamping import stamped
from omrs_streams.settings import ServerSettings
from omrs_streams.store.digest import digest
from omrs_streams.store.identity import LogIdentity
from omrs_streams.store.location import current_path
from omrs_streams.store.partition import PartitionStore
from omrs_streams.worker.bulk import Bulk
from omrs_streams.worker.cohort import IDENTITY, CohortMember, now_ms
from omrs_streams.worker.consequences import Consequences
from omrs_streams.worker.directory import Owner, OwnerDirectory
from omrs_streams.worker.ends import RelationshipEnds
from omrs_streams.worker.faust_app import add_agent, make_app, on_assignment
from omrs_streams.worker.inbound import Inbound
from omrs_streams.worker.partition import OwnedPartition, Phase
from omrs_streams.worker.peers import Peers
from omrs_streams.worker.publisher import Publisher
from omrs_streams.worker.router import Router
from omrs_streams.worker.scattered import Scattered
from omrs_streams.worker.types import ATTRIBUTE_CLASSES, ServerTypes, load_release, type_event

log = logging.getLogger(__name__)

STUCK_S = 60.0  # a partition that stays away from READY for so long needs a person or a restart


class Worker:
    """`start` joins the server; `stop` leaves it in order. `url` is where this worker's API is reached."""

    stamp = staticmethod(stamped)

    def __init__(self, settings: ServerSettings, url: str) -> None:
        self.settings = settings
        self.url = url
        self.kafka = settings.kafka.resolved()
        self.failure: Exception | None = None
        self.stopped = asyncio.Event()
        self._loop = asyncio.get_running_loop()
        self._settling = asyncio.Lock()
        self._assignments = 0
        self._conf = self.kafka.bulk_consumer(f"omrs.view.{settings.server}.{settings.worker}")
        self._group = names.server_group(settings.server)
        self._opening: set[asyncio.Task[None]] = set()
        self._assigned: set[int] = set()
        self._since: dict[int, float] = {}
        self._publishers: list[Publisher] = []

    # ---- start -----------------------------------------------------------------------------------------------------

    async def start(self) -> None:
        """Check the topics, read the small ones, join the group. Raises ConfigurationError or LogError."""
        settings, server = self.settings, self.settings.server
        specs = server_topics(server, settings.partitions)
        for cohort in settings.cohorts:
            specs += cohort_topics(cohort, settings.partitions)
        facts = await asyncio.to_thread(ensure_topics, self.kafka.librdkafka(), specs)
        self.facts: TopicFacts = facts[names.server_log(server)]
        cluster_id = await asyncio.to_thread(self._cluster_id)
        self.local = LocalCollection(
            settings.metadata_collection_id or str(uuid5(NAMESPACE_URL, f"omrs:{cluster_id}/{server}")),
            server,
            server,
            organization=settings.organization,
            url_root=self.url,
        )
        self.types = await asyncio.to_thread(load_release, settings.types)
        self.codec = EventCodec(self.types)
        self.producer = LogProducer(self.kafka.producer(f"{self._group}.{settings.worker}"))
        await asyncio.to_thread(publish_schemas, self.producer, self._conf)
        self.server_types = ServerTypes(self._conf, server, self.types, self.codec, self.producer)
        self.directory = OwnerDirectory(self._conf, server, self.producer)
        self.router = Router(settings.worker, settings.partitions, self.directory)
        self.peers = Peers()
        self.scattered = Scattered(self.router, self.peers, self.types, self.codec)
        self.bulk = Bulk(self)
        self.commands = Commands(self.local, self.types, self.codec, settings.partitions, self.scattered.lookup)
        self.cohorts = {name: self._member(name) for name in settings.cohorts}
        self.cohorts_view = TopicView(self._conf, names.server_cohorts(server), self._apply_cohorts)
        self._identity: str | None = None
        for view in (self.server_types.view, self.cohorts_view, self.directory.view):
            view.on_failure = self.crash
            await view.start()
        await self._check_identity()
        self._start_publishers()
        self._start_faust()
        await self.app.start()
        log.info("worker %s of %s is up, collection %s", settings.worker, server, self.local.collection_id)

    def _cluster_id(self) -> str:
        admin = AdminClient(self.kafka.librdkafka())
        return str(admin.describe_cluster(request_timeout=ADMIN_TIMEOUT_S).result().cluster_id)

    def _member(self, cohort: str) -> CohortMember:
        return CohortMember(
            cohort,
            self._conf,
            self._group,
            names.server_cohorts(self.settings.server),
            self.local,
            self.server_types,
            self.codec,
            self.producer,
        )

    def _apply_cohorts(self, changes: list[Change]) -> None:
        for key, value, _ in changes:
            if key == IDENTITY and value is not None:
                self._identity = value.decode()
        for member in self.cohorts.values():
            member.apply(changes)

    async def _check_identity(self) -> None:
        """A log belongs to one metadata collection for ever: its instances carry the id as their home."""
        ours = self.local.collection_id
        if self._identity is None:
            topic = names.server_cohorts(self.settings.server)
            await self.producer.send_batch([(topic, 0, IDENTITY.encode(), ours.encode(), [])])
        elif self._identity != ours:
            raise ConfigurationError(
                f"server {self.settings.server} is metadata collection {self._identity}, configured is {ours}",
                help="take the metadata_collection_id out of the configuration, or give the server another name",
                server=self.settings.server,
            )

    def _start_publishers(self) -> None:
        server = self.settings.server
        ends = RelationshipEnds(self.local, self.codec, self.bulk.headers, self.bulk.append)
        self.consequences = Consequences(self.scattered, self.run_consequence, ends, asyncio.get_running_loop())
        targets: dict[str, Any] = {"out": self._publish_out, "consequences": self.consequences.follow}
        targets.update({f"cohort.{name}": member.publish for name, member in self.cohorts.items()})
        for target, send in targets.items():
            conf = self.kafka.bulk_consumer(names.publisher_group(server, target))
            conf["enable.partition.eof"] = False
            publisher = Publisher(conf, names.server_log(server), target, send, self._crash_from_thread)
            publisher.start()
            self._publishers.append(publisher)

    def _publish_out(self, records: Sequence[Effective]) -> None:
        topic = names.server_out(self.settings.server)
        self.producer.send_and_wait([(topic, r.partition, r.key, r.value, r.headers) for r in records])

    def _start_faust(self) -> None:
        settings = self.settings
        self.app = make_app(self._group, settings.worker, self.kafka, settings.store_dir / "faust")
        add_agent(self.app, names.server_log(settings.server), self._fold, self.crash)
        for name, member in self.cohorts.items():
            inbound = Inbound(
                member.instances_topic,
                self._group,
                self.local,
                self.server_types,
                self.codec,
                self.router,
                self.producer,
                ExchangeRule(),
                ExchangeRule(),
            )
            add_agent(
                self.app,
                member.instances_topic,
                inbound.instance_events,
                self.crash,
            )
            for topic, handle in (
                (names.cohort_registration(name), member.registry_events),
                (names.cohort_types(name), member.type_events),
            ):
                add_agent(self.app, topic, handle, self.crash)
        on_assignment(self.app, self._on_assigned, self._on_revoked)
        self.app.finalize()

    # ---- partitions ------------------------------------------------------------------------------------------------

    async def _on_revoked(self, revoked: set[Any]) -> None:
        for tp in revoked:
            owned = self.router.owned.get(tp.partition) if tp.topic == self.facts.name else None
            if owned is not None:
                owned.suspend()

    async def _on_assigned(self, assigned: set[Any]) -> None:
        """The whole assignment after a rebalance; opening and catching up go on beside it."""
        self._assigned = {tp.partition for tp in assigned if tp.topic == self.facts.name}
        self._assignments += 1
        task = asyncio.create_task(self._settle(assigned, self._assignments))
        self._opening.add(task)
        task.add_done_callback(self._opening.discard)

    async def _settle(self, assigned: set[Any], assignment: int) -> None:
        """Open what is ours now and announce it: one assignment at a time, of those waiting only the latest."""
        async with self._settling:
            if assignment != self._assignments:
                return
            await self._take_over(assigned)

    async def _take_over(self, assigned: set[Any]) -> None:
        try:
            wanted = set(self._assigned)
            for number in [n for n in self.router.owned if n not in wanted]:
                owned = self.router.owned.pop(number)
                await owned.close()
            self._assign_publishers()
            await asyncio.gather(*(self._open(number) for number in sorted(wanted)))
            ready = [n for n in wanted if (found := self.router.owned.get(n)) and found.phase is Phase.READY]
            await self.directory.announce(sorted(ready), Owner(self.settings.worker, self.url))
            self._assign_publishers()
            topics = {tp.topic for tp in assigned}
            for member in self.cohorts.values():
                if member.registration_topic in topics:
                    await member.connect()
        except Exception as error:
            self.crash(error)

    async def _open(self, number: int) -> None:
        owned = self.router.owned.get(number)
        if owned is None:
            store = await asyncio.to_thread(self._open_store, number)
            owned = OwnedPartition(
                number, store, self.facts.name, self.settings.server, self._conf, self.producer, self._letter
            )
            self.router.owned[number] = owned
        self._since[number] = time.monotonic()
        await owned.open()

    def _open_store(self, number: int) -> PartitionStore:
        identity = LogIdentity(self.facts.name, self.facts.topic_id, number)
        return PartitionStore.open(current_path(self.settings.store_dir, number), identity, self.codec)

    def _assign_publishers(self) -> None:
        ready = {n: owned for n, owned in self.router.owned.items() if owned.phase is Phase.READY}
        for publisher in self._publishers:
            publisher.assign(ready)

    def _letter(self, *parts: Any) -> Outgoing:
        metrics.DEAD_LETTERS.labels(parts[0]).inc()
        return dead_letter(self._group, *parts)

    async def _fold(self, messages: Sequence[Any]) -> None:
        """The Faust agent's batch of the server log."""
        by_partition: dict[int, list[Any]] = {}
        for message in messages:
            by_partition.setdefault(message.partition, []).append(message)
        for number, batch in by_partition.items():
            owned = self.router.owned.get(number)
            if owned is not None:
                await owned.fold_delivered(batch)

    async def reopen(self, body: Mapping[str, Any]) -> dict[str, Any]:
        """Switch partitions to the stores that a replay put in place; answers the partitions that were switched."""
        switched = []
        for number in body["partitions"]:
            owned = self.router.owned.get(number)
            if owned is None:
                continue
            owned.suspend()
            await owned.close()
            del self.router.owned[number]
            await self._open(number)
            switched.append(number)
        self._assign_publishers()
        return {"partitions": switched}

    async def digest_of(self, body: Mapping[str, Any]) -> dict[str, Any] | None:
        """The digest of one partition owned here, or the hash of each of its revisions."""
        owned = self.router.local(body["partition"])
        if owned is None:
            return None
        if body.get("hashes"):
            found = await asyncio.to_thread(lambda: list(plain_hashes(owned.store, self.codec)))
            return {"hashes": found}
        for _ in range(3):
            result = await asyncio.to_thread(digest, owned.store, self.codec)
            if result.next_offset == owned.next_offset:
                break
        return {"digest": asdict(result)}

    # ---- what the API needs ----------------------------------------------------------------------------------------

    def members(self) -> frozenset[str]:
        """The collection ids registered now in any cohort of this server, ours included."""
        found = {self.local.collection_id}
        for member in self.cohorts.values():
            found.update(member.remotes)
        return frozenset(found)

    def past(self, time_ms: int | None) -> int | None:
        """A time of a query, which must not lie in the future."""
        if time_ms is not None and time_ms > now_ms():
            raise InvalidParameterError(
                f"the time {time_ms} lies in the future",
                code="OMRS-REPOSITORY-400-038",
                help="ask for a time that has passed",
                parameter="asOfTime",
            )
        return time_ms

    async def consequences_of(self, owned: OwnedPartition) -> None:
        """Wait until what followed from the last change of this partition (cascades) is in the log."""
        offset = owned.next_offset - 1
        publisher = next(found for found in self._publishers if found.target == "consequences")
        await asyncio.to_thread(publisher.wait_passed, owned.number, offset, 5.0)

    async def run_consequence(self, name: str, guid: str, call: Call, bean: Bean) -> None:
        """A change that follows from another one, at the worker that owns its guid."""
        ids = bean["type"]["typeDefGUID"], bean["type"]["typeDefName"]
        deadline = asyncio.get_running_loop().time() + 20.0
        while True:
            found = await self.router.locate(self.router.partition(guid), deadline)
            try:
                if isinstance(found, OwnedPartition):
                    action = self.commands.delete if name == "delete" else self.commands.purge
                    await action(found, call, guid, bean["class"], *ids)
                else:
                    body = {
                        "name": name,
                        "guid": guid,
                        "user": call.user,
                        "event_id": call.event_id,
                        "cause": call.cause,
                        "bean": bean,
                    }
                    await self.peers.call(found, "/internal/v1/records", body)
                return
            except NotReadyError:
                if asyncio.get_running_loop().time() > deadline:
                    raise
                await asyncio.sleep(0.2)

    async def append_for_peer(self, body: Mapping[str, Any]) -> dict[str, Any]:
        """Another worker's consequence, for a guid that is owned here."""
        number = self.router.partition(body["guid"])
        owned = self.router.local(number)
        if owned is None:
            raise self.directory.not_ready(number, self.router.why(number))
        call = Call(body["user"], body["event_id"], cause=body["cause"])
        bean = body["bean"]
        action = self.commands.delete if body["name"] == "delete" else self.commands.purge
        await action(owned, call, body["guid"], bean["class"], bean["type"]["typeDefGUID"], bean["type"]["typeDefName"])
        return {"done": True}

    async def add_types(
        self, attributes: Sequence[Bean], typedefs: Sequence[Bean], patches: Sequence[Bean]
    ) -> list[Bean]:
        """Add types to this server: checked, kept on the types topic, announced to every cohort. The new definitions.

        Raises the errors of types.md § 4 before anything is changed.
        """
        before = self.types.copy()
        trial = self.types.copy()
        if len(attributes) + len(typedefs) == 1 and not patches:
            for each in attributes:
                trial.add_attribute_typedef(each)
            for each in typedefs:
                trial.add_typedef(each)
        else:
            trial.load_gallery(attributes, typedefs, patches)
        changed = [t for t in trial.attribute_typedefs() if before.attribute_typedef(t["guid"]) != t]
        changed += [t for t in trial.typedefs() if before.typedef(t["guid"]) != t]
        await self.server_types.keep(changed, self.local.originator(), now_ms())
        for member in self.cohorts.values():
            await member.announce_types(changed)
        return changed

    def unhealthy(self) -> str:
        """Why this process should be restarted; empty when it is well."""
        if self.failure is not None:
            return str(self.failure)
        now = time.monotonic()
        for number, owned in self.router.owned.items():
            if owned.phase in (Phase.OPENING, Phase.CATCHING_UP) and now - self._since.get(number, now) > STUCK_S:
                return f"partition {number} has been {owned.phase.value} for over {STUCK_S:.0f} s"
        return ""

    def waiting_for(self) -> dict[int, str]:
        """The partitions of the server that nobody serves, with the reason."""
        if not hasattr(self, "app"):
            return dict.fromkeys(range(self.settings.partitions), "the worker is starting")
        return {n: self.router.why(n) for n in range(self.settings.partitions) if self.router.now(n) is None}

    def status(self) -> dict[str, Any]:
        """What `omrs status` shows of this worker."""
        partitions = [
            {
                "partition": number,
                "phase": owned.phase.value,
                "next_offset": owned.next_offset,
                "end_offset": owned.end_offset,
                "store_bytes": owned.store.size_bytes() if owned.phase is Phase.READY else None,
                "counts": owned.store.counts() if owned.phase is Phase.READY else None,
            }
            for number, owned in sorted(self.router.owned.items())
        ]
        return {
            "server": self.settings.server,
            "worker": self.settings.worker,
            "url": self.url,
            "metadata_collection_id": self.local.collection_id,
            "partitions": partitions,
            "owners": {n: owner.worker for n, owner in sorted(self.directory.owners().items())},
            "publishers": {p.target: dict(sorted(p.cursor.items())) for p in self._publishers},
            "cohorts": {
                name: [found.to_bean() for found in member.stored.values()] for name, member in self.cohorts.items()
            },
            "types": self.types.version,
        }

    def refresh_metrics(self) -> None:
        for number, owned in self.router.owned.items():
            if owned.phase is not Phase.READY:
                continue
            label = str(number)
            metrics.FOLDED.labels(label).set(owned.next_offset)
            metrics.LAG.labels(label).set(max(0, owned.end_offset - owned.next_offset))
            for kind, count in owned.store.counts().items():
                metrics.INSTANCES.labels(label, kind).set(count)

    # ---- end -------------------------------------------------------------------------------------------------------

    def crash(self, error: Exception) -> None:
        """The boundary: nothing here can go on. The process ends; another worker takes over from the log."""
        if self.failure is None:
            self.failure = error
            level = log.error if isinstance(error, OmrsError) else log.exception
            level("worker %s stops: %s", self.settings.worker, error)
        self.stopped.set()

    def _crash_from_thread(self, error: Exception) -> None:
        self._loop.call_soon_threadsafe(self.crash, error)

    async def stop(self) -> None:
        """Leave the group, then close what is open; nothing is lost when it does not come to the end."""
        for publisher in self._publishers:
            publisher.stop()
        if hasattr(self, "app"):
            await self.app.stop()
        for owned in list(self.router.owned.values()) if hasattr(self, "router") else []:
            await owned.close()
        for name in ("server_types", "directory"):
            if hasattr(self, name):
                getattr(self, name).view.stop()
        if hasattr(self, "cohorts_view"):
            self.cohorts_view.stop()
        if hasattr(self, "peers"):
            await self.peers.close()
        if hasattr(self, "producer"):
            await asyncio.to_thread(self.producer.close)


__all__ = ["ATTRIBUTE_CLASSES", "Worker", "type_event"]

"""The metadata server's own parts on a log in memory: store, commands, queries and types are those of a real server.

What is not here is what a connector cannot notice: Kafka, several workers, cohorts, security rules.
"""

import asyncio
from collections.abc import Sequence
from pathlib import Path
from typing import Any, cast

from omrs_connectors.kit.clock import VirtualClock
from omrs_connectors.kit.memory_log import MemoryProducer, bury
from omrs_schemas.codec import EventCodec
from omrs_schemas.errors import InvalidParameterError
from omrs_schemas.typedefs.system import TypeSystem
from omrs_streams.audit import AuditLog
from omrs_streams.audit.settings import AuditSettings
from omrs_streams.cohort.rules import ExchangeRule
from omrs_streams.log.dead_letters import DeadLetters
from omrs_streams.log.names import server_log
from omrs_streams.log.record import Effective
from omrs_streams.repository.commands import Commands
from omrs_streams.repository.local import Bean, LocalCollection
from omrs_streams.security import OpenSecurity
from omrs_streams.settings import ServerSettings
from omrs_streams.store.identity import LogIdentity
from omrs_streams.store.partition import PartitionStore
from omrs_streams.worker.cascade import Cascade
from omrs_streams.worker.consequences import Consequences
from omrs_streams.worker.directory import OwnerDirectory
from omrs_streams.worker.ends import RelationshipEnds
from omrs_streams.worker.out_topic import OutTopic
from omrs_streams.worker.partition import OwnedPartition, Phase
from omrs_streams.worker.parts import Parts
from omrs_streams.worker.peers import Peers
from omrs_streams.worker.router import Router
from omrs_streams.worker.scattered import Scattered
from omrs_streams.worker.scattered_graph import ScatteredGraph
from omrs_streams.worker.type_commands import TypeCommands
from omrs_streams.worker.types import ServerTypes

HOME = "3a5f4d1e-6b0c-4e7a-9d2f-000000000001"


class _MemoryTypes(ServerTypes):
    """Types whose changes count as soon as they are kept."""

    async def keep(self, records: Sequence[Bean]) -> None:
        for event in records:
            self.fold.apply(event)


class MemoryWorker:
    """What the repository services ask of a worker. Made and used on one event loop."""

    def __init__(self, server: str, types: TypeSystem, directory: Path, clock: VirtualClock) -> None:
        self.settings = ServerSettings(server=server, partitions=1, data_dir=directory)
        self.clock = clock
        self.types = types
        self.codec = EventCodec(types)
        self.local = LocalCollection(HOME, server, server, url_root="http://memory")
        self.security = OpenSecurity()
        self.audit = AuditLog(server, AuditSettings(console=False), sinks=[])
        self.proxy = None
        self.has_repository = True
        self.cohorts: dict[str, Any] = {}
        self.producer = MemoryProducer()
        self.peers = Peers()
        letters = cast(DeadLetters, _NoLetters())
        store = PartitionStore.open(directory / "store", LogIdentity(server_log(server), "memory", 0), self.codec)
        self.owned = OwnedPartition(0, store, server_log(server), server, {}, self.producer, letters)
        self.owned.phase = Phase.READY
        self.owned.ready.set()
        self.router = Router(self.settings.worker, 1, cast(OwnerDirectory, None))
        self.router.owned[0] = self.owned
        self.server_types = _MemoryTypes({}, server, types, self.codec, self.producer)
        self.type_commands = TypeCommands(cast(Any, self))
        self.scattered = Scattered(self.router, self.peers, types, self.codec, self.security)
        self.graph = ScatteredGraph(self.scattered, types)
        self.commands = Commands(self.local, types, self.codec, 1, self.scattered.lookup, clock.stamp)
        self.cascade = Cascade(self.router, self.peers, self.commands)
        send = ExchangeRule()
        self._out = OutTopic(
            Parts(
                {}, self.local, self.server_types, self.codec, self.producer, letters, self.audit, send, self.security
            )
        )
        ends = RelationshipEnds(self.local, self.codec, self.router.known_here, _nothing_known, _nothing_known)
        loop = asyncio.get_running_loop()
        self._consequences = Consequences(HOME, self.scattered, self.cascade.run, ends, loop, bury)
        self._told = 0

    def members(self) -> frozenset[str]:
        return frozenset({HOME})

    def past(self, time_ms: int | None, parameter: str = "asOfTime") -> int | None:
        """A time of a query, which must not lie in the future."""
        if time_ms is not None and time_ms > self.clock():
            raise InvalidParameterError(
                f"the time {time_ms} lies in the future", code="OMRS-REPOSITORY-400-038", parameter=parameter
            )
        return time_ms

    async def add_types(
        self, attributes: Sequence[Bean], typedefs: Sequence[Bean], patches: Sequence[Bean]
    ) -> list[Bean]:
        return await self.type_commands.add(attributes, typedefs, patches)

    async def consequences_of(self, owned: OwnedPartition) -> None:
        await self.tell()

    async def tell(self) -> None:
        """Publish what was appended since the last call, and carry out what follows from it."""
        while self._told < self.owned.next_offset:
            start, end = self._told, self.owned.next_offset
            self._told = end
            lost = self.owned.store.lost_between(start, end)
            held = self.producer.records(self.owned.topic)[start:end]
            records = [
                Effective(0, offset, key or b"", value or b"", list(headers), dict(headers))
                for offset, (_, _, key, value, headers) in enumerate(held, start)
                if offset not in lost
            ]
            self._out.publish(records)
            await asyncio.to_thread(self._consequences.follow, records)

    async def close(self) -> None:
        await self.owned.close()
        await self.peers.close()


class _NoLetters:
    def bury_record(self, *place: object) -> None:
        bury(*place)


async def _nothing_known(body: Bean) -> Bean:
    """Of copies only, and there are no other members."""
    return {"beans": {}, "results": {}}

"""One partition's commands in one process: the real store, commands, steps and consequences on a log in memory."""

import asyncio
from collections.abc import Sequence
from pathlib import Path
from typing import Any, cast

from omrs_schemas.codec import EventCodec
from omrs_schemas.errors import OmrsError
from omrs_schemas.typedefs.system import TypeSystem
from omrs_streams.log.dead_letters import DeadLetters
from omrs_streams.log.producer import LogProducer, Outgoing
from omrs_streams.log.record import Effective
from omrs_streams.repository.commands import Call, Commands
from omrs_streams.repository.local import Bean, LocalCollection
from omrs_streams.repository.neighbours import Passable, relationships_at
from omrs_streams.security import MetadataSecurity
from omrs_streams.store.identity import LogIdentity
from omrs_streams.store.partition import PartitionStore
from omrs_streams.worker.cascade import Cascade
from omrs_streams.worker.consequences import Consequences
from omrs_streams.worker.directory import OwnerDirectory
from omrs_streams.worker.ends import RelationshipEnds
from omrs_streams.worker.partition import OwnedPartition, Phase
from omrs_streams.worker.peers import Peers
from omrs_streams.worker.router import Router
from omrs_streams.worker.scattered import Scattered

TYPES = TypeSystem.builtin()
HOME = "11111111-aaaa-4111-8111-111111111111"


class MemoryLog:
    """The producer's side of a log that nobody else reads."""

    def __init__(self) -> None:
        self.records: list[Effective] = []

    async def send_batch(self, outgoing: Sequence[Outgoing]) -> list[int]:
        first = len(self.records)
        for _, partition, key, value, headers in outgoing:
            given = list(headers)
            self.records.append(Effective(partition, len(self.records), key or b"", value or b"", given, dict(given)))
        return list(range(first, len(self.records)))


class OneStore(Scattered):
    """Scatter-gather over the one partition there is."""

    def __init__(self, store: PartitionStore) -> None:
        self.store = store

    async def lookup(self, guid: str) -> Bean | None:
        stored = self.store.get(guid)
        return None if stored is None else self.store.to_bean(stored)

    async def relationships_of(self, guid: str, body: Bean, time: int | None) -> list[Bean]:
        return relationships_at([self.store], TYPES, [guid], Passable(statuses=body.get("limitResultsByStatus")))


class LocalServer:
    """`commands` on `owned`; `follow` carries out what follows from the records appended since it was last called."""

    def __init__(self, path: Path, home: str = HOME, security: MetadataSecurity | None = None) -> None:
        self.local = LocalCollection(home, "local", "local", url_root="http://here")
        self.codec = EventCodec(TYPES)
        self.log = MemoryLog()
        self.store = PartitionStore.open(path, LogIdentity("log", "topic", 0), self.codec)
        producer, letters = cast(LogProducer, self.log), cast(DeadLetters, None)
        self.owned = OwnedPartition(0, self.store, "log", "local", {}, producer, letters)
        self.owned.phase = Phase.READY
        router = Router("w", 1, cast(OwnerDirectory, None))
        router.owned[0] = self.owned
        self.scattered = OneStore(self.store)
        self.now = 1_700_000_000_000
        self.commands = Commands(self.local, TYPES, self.codec, 1, self.scattered.lookup, self._tick, security=security)
        self.cascade = Cascade(router, cast(Peers, None), self.commands)
        self._followed = 0

    def _tick(self) -> int:
        self.now += 1
        return self.now

    async def follow(self, *, again: bool = False, forgotten: bool = False) -> None:
        """`again`: from the first record on, as a publisher does whose cursor was not committed; `forgotten`: so late
        that no event id is known any more."""
        ends = RelationshipEnds(self.local, self.codec, lambda guid: True, _nothing, _nothing)
        loop = asyncio.get_running_loop()
        consequences = Consequences(
            self.local.collection_id, self.scattered, self.cascade.run, ends, loop, _no_dead_letter
        )
        start = 0 if again or forgotten else self._followed
        known = len(self.log.records)
        while start < (known if forgotten else len(self.log.records)):
            end = len(self.log.records)
            lost = self.store.lost_between(start, end)
            records = [record for record in self.log.records[start:end] if record.offset not in lost]
            if forgotten:
                records = [_renamed(record) for record in records]
            await asyncio.to_thread(consequences.follow, records)
            start = end
        self._followed = start

    async def add(self, type_name: str, **properties: str) -> Bean:
        """A new entity with these string properties."""
        return await self.commands.add_entity(
            self.owned, self.call(), TYPES.require(name=type_name)["guid"], texts(properties), None, None
        )

    async def link(self, one: str, other: str) -> Bean:
        synonym = TYPES.require(name="Synonym")["guid"]
        return await self.commands.add_relationship(self.owned, self.call(), synonym, None, one, other, None)

    def call(self) -> Call:
        return Call("alice", f"event-{self._tick()}")

    def bean(self, guid: str) -> Bean | None:
        stored = self.store.get(guid)
        return None if stored is None else self.store.to_bean(stored)

    def kinds(self, guid: str) -> list[str]:
        """The kinds of the records of a guid, in order."""
        return [record.text("kind") for record in self.log.records if record.key == guid.encode()]


def _renamed(record: Effective) -> Effective:
    """The record under another event id: what follows from it then has ids that nobody has seen."""
    headers = [(name, b"later-" + value if name == "event-id" else value) for name, value in record.headers]
    return record._replace(headers=headers, named=dict(headers))


async def _nothing(body: dict[str, Any]) -> dict[str, Any]:
    return {"beans": {}, "results": {}}


def texts(properties: dict[str, str]) -> Bean:
    """InstanceProperties of strings."""
    string = TYPES.attribute_typedef_by_name("string") or {}
    values = {
        name: {
            "class": "PrimitivePropertyValue",
            "headerVersion": 1,
            "instancePropertyCategory": "PRIMITIVE",
            "typeGUID": string["guid"],
            "typeName": "string",
            "primitiveDefCategory": "OM_PRIMITIVE_TYPE_STRING",
            "primitiveValue": text,
        }
        for name, text in properties.items()
    }
    return {"class": "InstanceProperties", "headerVersion": 1, "instanceProperties": values}


def _no_dead_letter(record: Effective, error: OmrsError) -> None:
    raise AssertionError(f"nothing follows from {record}: {error}")

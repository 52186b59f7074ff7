"""A batch of instance events at one worker: what goes by headers, what by beans, what is left when partitions move."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any

import pytest

from omrs_schemas.codec import EventCodec
from omrs_schemas.typedefs.system import TypeSystem
from omrs_streams.cohort.receiving import Receipt
from omrs_streams.cohort.rules import ExchangeRule
from omrs_streams.fold.fold import fold
from omrs_streams.log.record import LogRecord
from omrs_streams.repository.events import instance_event, log_record
from omrs_streams.worker.inbound import Inbound
from omrs_streams.worker.wire_avro import AvroWire

Bean = dict[str, Any]

TYPES = TypeSystem.builtin()
CODEC = EventCodec(TYPES)
OURS, THEIRS = "our-collection", "their-collection"
TERM = TYPES.require(name="GlossaryTerm")


def entity(guid: str, version: int, home: str = THEIRS) -> Bean:
    return {
        "class": "EntityDetail",
        "headerVersion": 1,
        "type": TYPES.instance_type(TERM),
        "instanceProvenanceType": "LOCAL_COHORT",
        "metadataCollectionId": home,
        "metadataCollectionName": "theirs",
        "createTime": 1_000,
        "version": version,
        "status": "ACTIVE",
        "guid": guid,
    }


def record_of(bean: Bean, event_id: str) -> LogRecord:
    event = instance_event("UPDATED", bean, {"metadataCollectionId": THEIRS}, 2_000)
    return log_record(event, CODEC.encode, 1, event_id=event_id, origin="home")


@dataclass
class Worker:
    """One worker, in memory. `metas`: what the fold holds; `leaves_after`: how often the log partition is found served
    here before it goes to another worker. `appended` and `judged` hold the versions, those judged together in one list.
    """

    save: ExchangeRule = field(default_factory=ExchangeRule)
    leaves_after: int = 1_000
    metas: dict[str, Any] = field(default_factory=dict)
    appended: list[int] = field(default_factory=list)
    judged: list[list[int]] = field(default_factory=list)
    assigned: frozenset[int] = frozenset()
    feeds: frozenset[tuple[str, int]] = frozenset({("omrs.cohort.c.instances", 0)})
    looked: int = 0

    def partition(self, guid: str) -> int:
        return 0

    def local(self, number: int) -> Any:
        self.looked += 1
        store = SimpleNamespace(seen=lambda event_id: False, get_meta=self.metas.get)
        return SimpleNamespace(store=store, append=self._append) if self.looked <= self.leaves_after else None

    async def _append(self, records: list[LogRecord], bodies: list[Any]) -> None:
        assert len(records) == len(bodies)
        self.appended += [record.version for record in records]

    async def take_in(self, events: Mapping[str, Bean]) -> dict[str, Receipt]:
        self.judged.append([each["instanceEventSection"]["entity"]["version"] for each in events.values()])
        return {event_id: Receipt("accepted") for event_id in events}

    def receive(self, *records: LogRecord) -> None:
        messages = [
            SimpleNamespace(
                topic="omrs.cohort.c.instances",
                partition=0,
                offset=offset,
                key=record.key.encode(),
                value=record.value,
                headers=record.headers("theirs"),
            )
            for offset, record in enumerate(records)
        ]
        buried: list[Any] = []
        parts: Any = SimpleNamespace(
            local=SimpleNamespace(collection_id=OURS),
            codec=CODEC,
            types=SimpleNamespace(types=TYPES),
            security=SimpleNamespace(filters_inbound=lambda *_: False, inbound=lambda _, event: event),
            audit=SimpleNamespace(wants=lambda _: False, record=lambda *_, **__: None),
            letters=SimpleNamespace(bury=lambda message, error: buried.append(error)),
        )
        this: Any = self
        saving: Any = SimpleNamespace(rule=self.save)
        inbound = Inbound("c", AvroWire("c", OURS, CODEC), parts, this, ExchangeRule(), saving, this)
        asyncio.run(inbound.instance_events(messages))
        assert not buried


def test_plain_events_are_appended_together() -> None:
    worker = Worker(assigned=frozenset({0}))
    worker.receive(*(record_of(entity("g", version), f"e{version}") for version in (1, 2, 3)))
    assert worker.appended == [1, 2, 3] and worker.judged == []


def test_every_version_goes_over_when_the_log_partition_moves() -> None:
    """They were decided by headers here; where the partition is now they are judged, one after the other."""
    worker = Worker(leaves_after=3)
    worker.receive(*(record_of(entity("g", version), f"e{version}") for version in (1, 2, 3)))
    assert worker.appended == [] and worker.judged == [[1], [2], [3]]


def test_nothing_is_done_once_the_topic_partition_is_elsewhere() -> None:
    worker = Worker(feeds=frozenset(), assigned=frozenset({0}))
    worker.receive(record_of(entity("g", 1), "e1"))
    assert worker.appended == [] and worker.judged == []


@pytest.mark.parametrize(("home", "heard"), [(OURS, [[2]]), (THEIRS, [])])
def test_what_is_said_of_ours_is_heard_though_its_type_is_not_kept(home: str, heard: list[list[int]]) -> None:
    """That it has a new home, or is in conflict: the receiving core decides about it."""
    worker = Worker(save=ExchangeRule("DESELECTED_TYPES", frozenset({TERM["guid"]})))
    worker.metas["g"] = fold(record_of(entity("g", 1, home), "e0"), None).meta
    worker.receive(record_of(entity("g", 2), "e1"))
    assert worker.appended == [] and worker.judged == heard


def test_what_another_worker_may_be_home_of_is_looked_up() -> None:
    worker = Worker(save=ExchangeRule("DESELECTED_TYPES", frozenset({TERM["guid"]})), leaves_after=0)
    worker.receive(record_of(entity("g", 1), "e1"))
    assert worker.judged == [[1]]

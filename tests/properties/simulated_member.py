"""A cohort member without I/O: the real commands, fold, consequences, registry and receiving core around a log that is
a list. Only its durable parts survive `kill`: the log, the registry store, committed cursors, dead letters."""

import asyncio
import marshal
from collections.abc import Callable, Coroutine, Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import Any, TypeVar, cast
from uuid import NAMESPACE_OID, uuid5

from simulated_types import TYPE_GUIDS, TYPES

from omrs_schemas.errors import OmrsError
from omrs_streams.cohort import registry
from omrs_streams.cohort.receiving import ACCEPTED, INACTIVE, PLAIN, STALE, Receiver, glance, held_of, receive
from omrs_streams.cohort.registry_events import Identity, Registration
from omrs_streams.cohort.rules import ExchangeRule
from omrs_streams.fold.effect import REASON_REVISION, Effect, LostMark
from omrs_streams.fold.memory import MemoryFold
from omrs_streams.fold.meta import StateMeta
from omrs_streams.fold.state import Stored
from omrs_streams.log.record import ORIGIN_COPY, Effective, LogRecord
from omrs_streams.repository.commands import Call, Commands
from omrs_streams.repository.events import log_record
from omrs_streams.repository.local import EXTERNAL_SOURCE, LocalCollection
from omrs_streams.store.beans import to_bean
from omrs_streams.worker.consequences import Consequences
from omrs_streams.worker.ends import RelationshipEnds

Bean = dict[str, Any]
T = TypeVar("T")


def run(coroutine: Coroutine[Any, Any, T]) -> T:
    """The result of a coroutine that never has to wait."""
    try:
        coroutine.send(None)
    except StopIteration as done:
        return cast(T, done.value)
    raise AssertionError("nothing in the simulation waits")


class Codec:
    """Event beans as marshalled bytes: the fold does not look inside, and Avro costs ten times as much."""

    def encode(self, event: Bean) -> bytes:
        return marshal.dumps(event)

    def decode(self, data: bytes) -> Bean:
        event: Bean = marshal.loads(data)
        return event

    def decode_record(self, data: bytes) -> Bean:
        section: Bean = self.decode(data)["instanceEventSection"]
        return section


CODEC = Codec()


class SimulatedStore:
    """What commands ask of a partition's store, answered by the fold in memory."""

    def __init__(self, member: "Member") -> None:
        self._member = member

    def seen(self, event_id: str) -> bool:
        return event_id in self._member.ids

    def offset_of_event(self, event_id: str) -> int | None:
        return self._member.ids.get(event_id)

    def lost(self, offset: int) -> LostMark | None:
        return self._member.fold.lost_between(offset, offset + 1).get(offset)

    def get_meta(self, guid: str) -> StateMeta | None:
        return self._member.fold.get_meta(guid)

    def get(self, guid: str) -> Stored | None:
        return self._member.fold.get(guid)

    def revisions(self, guid: str) -> Iterator[Stored]:
        return self._member.fold.revisions(guid)

    def to_bean(self, stored: Stored) -> Bean:
        return to_bean(stored, CODEC)


class SimulatedPartition:
    """The one partition of a member's log."""

    def __init__(self, member: "Member") -> None:
        self._member = member
        self.store = SimulatedStore(member)

    async def append(self, records: Sequence[LogRecord]) -> list[Effect]:
        return self._member.append(records)


class SimulatedConsequences(Consequences):
    """What follows from changes, here and now instead of on a publisher's thread."""

    def _wait(self, following: Any) -> None:
        self._loop.run_until_complete(following)


def _no_dead_letter(record: Effective, error: OmrsError) -> None:
    raise AssertionError(f"nothing follows from {record}: {error}")


class Member:
    """One server. The cohort calls `step_registry`, `inbound`, `outbound` and so on; see `simulated_cohort.py`."""

    def __init__(self, number: int, clock: Callable[[], int], loop: asyncio.AbstractEventLoop) -> None:
        self.name = f"member-{number}"
        self.local = LocalCollection(f"collection-{number}", self.name, self.name)
        self.id = self.local.collection_id
        self.clock = clock
        self.loop = loop
        # What is durable.
        self.log: list[LogRecord] = []
        self.stored_local: Registration | None = None
        self.stored_remotes: dict[str, Registration] = {}
        self.committed: dict[str, int] = {}
        self.dead: list[tuple[str, Bean]] = []
        self.save = ExchangeRule()
        self.active = frozenset(TYPE_GUIDS)
        # What the test keeps in mind about it.
        self.lossy = False
        self.filtered: set[str] = set()
        self.running = False
        self.start()

    # ---- the process -----------------------------------------------------------------------------------------------

    def start(self) -> None:
        """A new process: everything it knows comes from what is durable."""
        self.fold = MemoryFold()
        self.ids: dict[str, int] = {}
        for record in self.log:
            self._fold(record)
        self.cursor = dict(self.committed)
        identity = Identity(self.id, self.name, connection={"class": "Connection", "n": self.name})
        self.registry = registry.RegistryState(
            "c", identity, self.stored_local, MappingProxyType(dict(self.stored_remotes))
        )
        self.owned = SimulatedPartition(self)
        self.commands = Commands(self.local, TYPES, cast(Any, CODEC), 1, self._lookup, self.clock)
        self._steps = {
            "delete": self._delete,
            "purge": self._purge,
            "drop": self._drop,
            "look": self.commands.look,
            "re_identify": self.commands.place,
            "retire": self.commands.retire,
            "carry": self.commands.carry,
            "re_point": self.commands.re_point,
        }
        self.commands.connect(self._at)
        ends = RelationshipEnds(self.local, cast(Any, CODEC), self._known, self._headers, self._append_entries)
        self.consequences = SimulatedConsequences(self.id, cast(Any, self), self._at, ends, self.loop, _no_dead_letter)
        self.running = True

    def stop(self) -> None:
        """In good order: cursors are committed."""
        self.committed = dict(self.cursor)
        self.running = False

    def kill(self) -> None:
        self.running = False

    @property
    def connected(self) -> bool:
        return self.running and self.registry.status == "CONNECTED"

    # ---- the log ---------------------------------------------------------------------------------------------------

    def append(self, records: Sequence[LogRecord]) -> list[Effect]:
        effects = []
        for record in records:
            record.partition, record.offset = 0, len(self.log)
            self.log.append(record)
            effects.append(self._fold(record))
        return effects

    def _fold(self, record: LogRecord) -> Effect:
        self.ids.setdefault(record.event_id, record.offset)
        (effect,) = self.fold.apply([record])
        return effect

    def effective(self, name: str, limit: int | None = None) -> list[LogRecord]:
        """The next records behind cursor `name` that changed something; the cursor moves on."""
        start = self.cursor.get(name, 0)
        end = len(self.log) if limit is None else min(len(self.log), start + limit)
        lost = self.fold.lost_between(start, end)
        self.cursor[name] = end
        return [record for record in self.log[start:end] if record.offset not in lost]

    def follow(self) -> None:
        """Everything that follows from what was folded."""
        while self.cursor.get("consequences", 0) < len(self.log):
            records = [
                Effective(0, r.offset, r.key.encode(), r.value or b"", headers := r.headers(self.name), dict(headers))
                for r in self.effective("consequences", 1)
            ]
            self.consequences.follow(records)

    def bean(self, guid: str) -> Bean | None:
        stored = self.fold.get(guid)
        return None if stored is None else to_bean(stored, CODEC)

    def beans(self) -> Iterator[Bean]:
        """Everything that is there, soft-deleted instances and proxies too, by guid."""
        for guid in self.fold.guids():
            bean = self.bean(guid)
            if bean is not None:
                yield bean

    # ---- commands and what follows ---------------------------------------------------------------------------------

    def call(self, event_id: str) -> Call:
        return Call(self.name, event_id)

    async def _at(self, step: str, guid: str, call: Call, what: Bean) -> Bean:
        return await self._steps[step](cast(Any, self.owned), call, guid, what)

    async def _delete(self, owned: Any, call: Call, guid: str, bean: Bean) -> Bean:
        kind = bean["type"]
        return await self.commands.delete(owned, call, guid, bean["class"], kind["typeDefGUID"], kind["typeDefName"])

    async def _purge(self, owned: Any, call: Call, guid: str, bean: Bean) -> Bean:
        kind = bean["type"]
        await self.commands.purge(owned, call, guid, bean["class"], kind["typeDefGUID"], kind["typeDefName"])
        return {}

    async def _drop(self, owned: Any, call: Call, guid: str, bean: Bean) -> Bean:
        del bean
        await self.commands.drop_copy(owned, call, guid)
        return {}

    async def _lookup(self, guid: str) -> Bean | None:
        return self.bean(guid)

    def _known(self, guid: str) -> bool:
        return self.fold.get_meta(guid) is not None

    async def _headers(self, body: Mapping[str, Any]) -> Bean:
        return {"beans": {guid: {} for guid in body["guids"] if self._known(guid)}}

    async def _append_entries(self, body: Mapping[str, Any]) -> Bean:
        for entry in body["entries"]:
            record = log_record(
                entry["event"],
                CODEC.encode,
                1,
                event_id=entry["event_id"],
                origin=entry["origin"],
                cause=entry["cause"],
            )
            self.append([record])
        return {"results": {}}

    async def relationships_of(self, guid: str, request: Mapping[str, Any], as_of: object) -> list[Bean]:
        del as_of
        statuses = request["limitResultsByStatus"]
        found = []
        for bean in self.beans():
            if bean["class"] != "Relationship" or guid not in (
                bean["entityOneProxy"]["guid"],
                bean["entityTwoProxy"]["guid"],
            ):
                continue
            if bean["status"] in statuses if statuses else bean["status"] != "DELETED":
                found.append(bean)
        return found

    # ---- the cohort ------------------------------------------------------------------------------------------------

    def step_registry(self, happened: registry.Input) -> list[Bean]:
        """The registry events to send."""
        sent = []
        self.registry, outputs = registry.step(self.registry, happened, self.clock())
        while outputs:
            output = outputs.pop(0)
            match output:
                case registry.StoreRegistration(registration=found, local=True):
                    self.stored_local = found
                case registry.StoreRegistration(registration=found):
                    self.stored_remotes[found.collection_id] = found
                case registry.RemoveRegistration(local=True):
                    self.stored_local = None
                case registry.RemoveRegistration(collection_id=collection_id):
                    self.stored_remotes.pop(collection_id, None)
                case registry.SendEvent(event=event, report=report):
                    sent.append(event)
                    if report:
                        self.registry, more = registry.step(self.registry, registry.Sent(event), self.clock())
                        outputs.extend(more)
                case _:
                    pass
        return sent

    def receiver(self) -> Receiver:
        return Receiver(
            self.id,
            self.registry.members,
            ExchangeRule(),
            self.save,
            lambda guid, name: guid in self.active,
            originator=self.local.originator(),
        )

    def outbound(self, limit: int | None = None) -> list[tuple[str, Bean]]:
        """Event ids and events of the records to publish: what is at home here, or distributed from here."""
        return [
            (record.event_id, CODEC.decode(record.value or b""))
            for record in self.effective("publisher", limit)
            if self.id in (record.home_id, record.replicated_by)
        ]

    def inbound(self, event_id: str, event: Bean, *, by_headers: bool) -> list[Bean]:
        """Take in an event of another member; the events to send in answer."""
        if event_id in self.ids:
            return []
        if by_headers and self._glanced(event_id, event):
            return []
        for _ in range(3):
            receipt = receive(event, lambda guid: held_of(self.fold, guid, CODEC), self.receiver(), self.clock())
            if not receipt.reidentify:
                break
            for guid in receipt.reidentify:
                run(self.commands.give_new_guid(guid, event_id))
            self.follow()  # where it took a change meanwhile, that one is carried along first
        else:
            raise AssertionError(f"{self.name}: a guid is not given up by {event}")
        if receipt.outcome == INACTIVE:
            self.dead.append((event_id, event))
        if receipt.outcome == "filtered":
            self.filtered.add(str(event["instanceEventSection"].get("instanceGUID")))
        assert (receipt.outcome == ACCEPTED) == bool(receipt.appends), receipt
        for append in receipt.appends:
            name = f"{event_id}/{append.suffix}"
            record = log_record(
                append.event,
                CODEC.encode,
                1,
                event_id=str(uuid5(NAMESPACE_OID, name)) if append.suffix else event_id,
                origin=ORIGIN_COPY,
                expected_revision=append.expected_revision,
            )
            (effect,) = self.append([record])
            assert effect.effective or effect.duplicate, (self.name, effect.reason, append)
            assert effect.reason != REASON_REVISION
        return list(receipt.sends)

    def _glanced(self, event_id: str, event: Bean) -> bool:
        """As the hot path does it: record headers first, beans only where they do not tell."""
        section = event["instanceEventSection"]
        if section["eventType"] not in PLAIN:
            return False
        record = log_record(event, CODEC.encode, 1, event_id=event_id, origin=ORIGIN_COPY)
        if record.type_guid not in self.active or not self.save.instance(record.type_guid, section["typeDefName"]):
            return False
        sender = event["originator"]["metadataCollectionId"]
        verdict = glance(record, self.fold.get_meta(record.key), self.id, sender)
        if verdict == ACCEPTED:
            (effect,) = self.append([record])
            assert effect.effective, (self.name, effect.reason, event)
        return verdict in (ACCEPTED, STALE)


def authority(bean: Mapping[str, Any]) -> str:
    """The member that speaks for an instance or classification."""
    external = bean.get("instanceProvenanceType") == EXTERNAL_SOURCE
    return str(bean.get("replicatedBy") if external else bean.get("metadataCollectionId"))

"""A server log in memory for the proxy's processor: the real codec, the real fold, an event loop on a thread."""

import asyncio
import threading
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from omrs_schemas.codec import EventCodec
from omrs_schemas.errors import InvalidParameterError
from omrs_schemas.typedefs import validate
from omrs_schemas.typedefs.system import TypeSystem
from omrs_streams.fold.memory import MemoryFold
from omrs_streams.log.record import LogRecord
from omrs_streams.proxy.plan import Planner, State
from omrs_streams.proxy.processor import Counts, LogProcessor, Ports
from omrs_streams.repository.events import log_record
from omrs_streams.repository.local import Bean, LocalCollection
from omrs_streams.store.beans import to_bean

LOCAL = LocalCollection("c0ffee00-0000-4000-8000-000000000001", "proxy", "proxy", url_root="http://127.0.0.1:1")
LIMIT = 100_000  # bytes of a value


class MemoryLog:
    """One partition."""

    def __init__(self, types: TypeSystem) -> None:
        self.types = types
        self.codec = EventCodec(types)
        self.fold = MemoryFold()
        self.records: list[LogRecord] = []
        self.lost = 0
        self.now = 1_700_000_000_000
        self.interfere: list[Bean] = []
        """Entries that another writer is faster with, before the next append."""

    # ---- the ports -------------------------------------------------------------------------------------------------

    async def states(self, guids: Collection[str]) -> dict[str, State]:
        found = {}
        for guid in guids:
            meta = self.fold.get_meta(guid)
            found[guid] = State() if meta is None else State(meta.revision, self.bean(guid))
        return found

    async def guids(self, type_guids: Collection[str]) -> set[str]:
        return {
            guid
            for guid in self.fold.guids()
            if (meta := self.fold.get_meta(guid)) is not None and not meta.tombstone and meta.type_guid in type_guids
        }

    async def append(self, body: Mapping[str, Any]) -> dict[str, Any]:
        for entry in self.interfere:
            self._append(entry)
        self.interfere = []
        return {"results": {entry["event_id"]: self._append(entry) for entry in body["entries"]}}

    def _append(self, entry: Mapping[str, Any]) -> Bean:
        record = log_record(
            entry["event"],
            self.codec.encode,
            1,
            event_id=entry["event_id"],
            origin=entry["origin"],
            expected_revision=entry["expected_revision"],
            cause=entry.get("cause"),
        )
        if len(record.value or b"") > LIMIT:
            raise InvalidParameterError("too large")
        record.offset = len(self.records)
        record = LogRecord.parse(0, record.offset, record.key.encode(), record.value, record.headers("proxy"))
        self.records.append(record)
        [effect] = self.fold.apply([record])
        self.lost += not effect.effective
        return {"effective": effect.effective or effect.duplicate, "reason": effect.reason}

    async def relationships(self, guid: str) -> list[Bean]:
        return [bean for bean in self.beans().values() if guid in ends(bean)]

    async def add_types(
        self, attributes: Sequence[Bean], typedefs: Sequence[Bean], patches: Sequence[Bean]
    ) -> list[Bean]:
        for each in attributes:
            self.types.add_attribute_typedef(each)
        for each in typedefs:
            self.types.add_typedef(each)
        return [*typedefs, *(self.types.apply_patch(patch) for patch in patches)]

    def clock(self) -> int:
        self.now += 1
        return self.now

    # ---- what tests look at ----------------------------------------------------------------------------------------

    def bean(self, guid: str) -> Bean | None:
        stored = self.fold.get(guid)
        return None if stored is None else to_bean(stored, self.codec)

    def beans(self) -> dict[str, Bean]:
        """What is there now, soft-deleted instances included; each is valid."""
        found = {guid: bean for guid in self.fold.guids() if (bean := self.bean(guid)) is not None}
        for bean in found.values():
            validate.validate_instance(self.types, bean)
        return found

    def kinds(self, since: int = 0) -> list[str]:
        return [record.kind.removesuffix("_EVENT") for record in self.records[since:]]


def ends(bean: Bean) -> list[str]:
    return [bean[end]["guid"] for end in ("entityOneProxy", "entityTwoProxy") if end in bean]


@contextmanager
def running_loop() -> Iterator[asyncio.AbstractEventLoop]:
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    try:
        yield loop
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()


def processor_of(
    log: MemoryLog, loop: asyncio.AbstractEventLoop, type_names: Collection[str], refused: list[str]
) -> LogProcessor:
    ports = Ports(loop, log, log.append, log.relationships, log.add_types, log.clock)
    guids = [log.types.require(name=name)["guid"] for name in type_names]
    planner = Planner(LOCAL, log.types, "test-catalogue")

    def refuse(guid: str, reason: str) -> None:
        refused.append(f"{guid}: {reason}")

    return LogProcessor(ports, planner, guids, "catalogue", Counts(), refuse)


def entity_def(name: str) -> Bean:
    """A small EntityDef without attributes of its own."""
    root = TypeSystem.builtin().require(name="OpenMetadataRoot")
    return {
        "class": "EntityDef",
        "headerVersion": 1,
        "guid": f"{name}-of-a-test",
        "name": name,
        "category": "ENTITY_DEF",
        "status": "ACTIVE_TYPEDEF",
        "version": 1,
        "versionName": "1.0",
        "superType": {"guid": root["guid"], "name": root["name"]},
        "validInstanceStatusList": ["ACTIVE", "DELETED"],
        "initialStatus": "ACTIVE",
    }

"""Stores with a search view beside them, and events to put into both."""

from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

from omrs_schemas.codec import EventCodec
from omrs_schemas.model.values import to_properties
from omrs_schemas.typedefs.system import TypeSystem
from omrs_streams.log.partition import partition_of
from omrs_streams.log.record import LogRecord
from omrs_streams.repository.events import instance_event, log_record
from omrs_streams.repository.local import Bean
from omrs_streams.repository.matching_request import FindRequest
from omrs_streams.repository.queries import Seen, find, find_page, whole
from omrs_streams.search.settings import SearchSettings
from omrs_streams.search.view import SearchView
from omrs_streams.store.identity import LogIdentity
from omrs_streams.store.partition import PartitionStore

PARTITIONS = 2
SETTINGS = SearchSettings(from_instances=0, memory_mb=64, threads=1)
BORN = 1_700_000_000_000


@cache
def types() -> TypeSystem:
    return TypeSystem.builtin()


@cache
def codec() -> EventCodec:
    return EventCodec(types())


class Server:
    """`PARTITIONS` stores below `folder`, followed by a view whose thread is not started: `catch_up` is its turn."""

    def __init__(self, folder: Path, settings: SearchSettings = SETTINGS, system: TypeSystem | None = None) -> None:
        self.folder = folder
        self.settings = settings
        self.types = system or types()
        self.codec = EventCodec(self.types) if system else codec()
        self.stores = [
            PartitionStore.open(folder / str(number), LogIdentity("log", "topic", number), self.codec)
            for number in range(PARTITIONS)
        ]
        self.view = self.new_view()

    def new_view(self) -> SearchView:
        view = SearchView(self.folder / "view", self.settings, self.types)
        for store in self.stores:
            view.attach(store)
        return view

    def close(self) -> None:
        self.view.stop()
        for store in self.stores:
            store.close()

    def restart_view(self) -> None:
        """As a new process finds what is there."""
        self.view.stop()
        self.view = self.new_view()

    def catch_up(self) -> None:
        self.view.step()

    def put(self, kind: str, bean: Bean, now: int = BORN, **more: object) -> None:
        """Append and fold one event."""
        event = instance_event(kind, bean, {"metadataCollectionId": "home-1"}, now, **more)
        self.apply(
            [log_record(event, self.codec.encode, PARTITIONS, event_id=f"event-{now}-{id(event)}", origin="copy")]
        )

    def apply(self, records: Sequence[LogRecord]) -> None:
        for record in records:
            store = self.stores[partition_of(record.key, PARTITIONS)]
            record.offset = store.next_offset
            record.event_id = f"{record.partition}-{record.offset}"
            store.apply([record])

    def find(self, request: FindRequest, seen: Seen = whole) -> list[Bean]:
        """From the view."""
        return find_page(self.stores, self.types, request, seen)

    def scan(self, request: FindRequest, seen: Seen = whole) -> list[Bean]:
        """From the stores alone, by candidates and matcher."""
        watchers = [store.watcher for store in self.stores]
        for store in self.stores:
            store.watcher = None
        try:
            return find(self.stores, self.types, request, seen)[request.offset :]
        finally:
            for store, watcher in zip(self.stores, watchers, strict=True):
                store.watcher = watcher

    @property
    def uses_view(self) -> bool:
        return all(self.view.usable(self.view._parts[store.partition]) for store in self.stores)


def header(type_name: str, version: int = 1, **more: Any) -> Bean:
    return {
        "headerVersion": 1,
        "type": types().instance_type(types().require(name=type_name)),
        "metadataCollectionId": "home-1",
        "metadataCollectionName": "Home",
        "instanceProvenanceType": "LOCAL_COHORT",
        "createdBy": "erin",
        "createTime": BORN,
        "version": version,
        "status": "ACTIVE",
        **({"updateTime": BORN + version} if version > 1 else {}),
        **more,
    }


def entity(guid: str, type_name: str = "GlossaryTerm", values: Mapping[str, Any] | None = None, **more: Any) -> Bean:
    """An entity whose properties are given as Python values."""
    properties = {"properties": to_properties(types(), type_name, values)} if values else {}
    return {"class": "EntityDetail", "guid": guid, **header(type_name, **more), **properties}

"""A receiver in memory: events go through `receive` into a real fold; beans and events of small instances."""

import marshal
from collections.abc import Iterable
from typing import Any
from uuid import NAMESPACE_OID, uuid5

from omrs_streams.cohort.receiving import Append, Held, Receipt, Receiver, held_of, receive
from omrs_streams.cohort.rules import ExchangeRule
from omrs_streams.fold.effect import Effect
from omrs_streams.fold.memory import MemoryFold
from omrs_streams.log.record import ORIGIN_COPY, ORIGIN_HOME
from omrs_streams.repository.events import log_record
from omrs_streams.store.beans import to_bean

Bean = dict[str, Any]
NOW = 1_000_000


class MarshalCodec:
    """Event beans as marshalled bytes: what the fold and `held_of` need of a codec, at a tenth of Avro's cost."""

    def encode(self, event: Bean) -> bytes:
        return marshal.dumps(event)

    def decode(self, data: bytes) -> Bean:
        event: Bean = marshal.loads(data)
        return event

    def decode_record(self, data: bytes) -> Bean:
        section: Bean = self.decode(data)["instanceEventSection"]
        return section


CODEC = MarshalCodec()


class Member:
    """One member's fold behind `receive`. What it re-identifies it forgets, as the command layer does."""

    def __init__(self, collection_id: str = "me", members: Iterable[str] = ("me", "A", "B", "C"), **more: Any) -> None:
        self.fold = MemoryFold()
        self.receiver = Receiver(
            **{
                "collection_id": collection_id,
                "members": frozenset(members),
                "process": ExchangeRule(),
                "save": ExchangeRule(),
                "active": lambda guid, name: True,
                **more,
            }
        )
        self.offset = 0
        self.reidentified: list[str] = []

    def held(self, guid: str) -> Held | None:
        return held_of(self.fold, guid, CODEC)

    def bean(self, guid: str = "g") -> Bean | None:
        stored = self.fold.get(guid)
        return None if stored is None else to_bean(stored, CODEC)

    def told(self, event: Bean, event_id: str | None = None, now: int = NOW) -> Receipt:
        """Receive `event` and fold what it appends."""
        receipt = receive(event, self.held, self.receiver, now)
        event_id = event_id or f"event-{self.offset}"
        for guid in receipt.reidentify:
            self.reidentified.append(guid)
            held = self.held(guid)
            assert held is not None and held.bean is not None
            self.home(about("PURGED", held.bean))
            return self.told(event, event_id, now)
        for append in receipt.appends:
            effect = self._fold(append, str(uuid5(NAMESPACE_OID, f"{event_id}/{append.suffix}")))
            assert effect.effective, (effect.reason, append)
        return receipt

    def _fold(self, append: Append, event_id: str) -> Effect:
        record = log_record(
            append.event,
            CODEC.encode,
            1,
            event_id=event_id,
            origin=ORIGIN_COPY,
            expected_revision=append.expected_revision,
        )
        assert record.key == append.guid
        return self._apply(record)

    def home(self, event: Bean) -> Effect:
        """A change of our own."""
        return self._apply(log_record(event, CODEC.encode, 1, event_id=f"home-{self.offset}", origin=ORIGIN_HOME))

    def _apply(self, record: Any) -> Effect:
        record.partition, record.offset = 0, self.offset
        self.offset += 1
        (effect,) = self.fold.apply([record])
        return effect


def entity(home: str = "A", version: int = 1, guid: str = "g", created: int = 100, **more: Any) -> Bean:
    """A small entity; `more` are further or other fields."""
    return {
        "class": "EntityDetail",
        "headerVersion": 1,
        "guid": guid,
        "type": kind(),
        "instanceProvenanceType": "LOCAL_COHORT",
        "metadataCollectionId": home,
        "createTime": created,
        "version": version,
        "status": "ACTIVE",
        **more,
    }


def kind(name: str = "Asset", version: int = 1) -> Bean:
    return {
        "class": "InstanceType",
        "headerVersion": 1,
        "typeDefCategory": "ENTITY_DEF",
        "typeDefGUID": f"type-{name}",
        "typeDefName": name,
        "typeDefVersion": version,
    }


def relationship(home: str = "A", version: int = 1, guid: str = "r", created: int = 100, **more: Any) -> Bean:
    ends = {"entityOneProxy": proxy(entity(guid="e1")), "entityTwoProxy": proxy(entity(guid="e2"))}
    return {**entity(home, version, guid, created), "class": "Relationship", "type": kind("Link"), **ends, **more}


def proxy(bean: Bean) -> Bean:
    return {**{name: value for name, value in bean.items() if name != "properties"}, "class": "EntityProxy"}


def classification(name: str = "Tag", home: str = "A", version: int = 1, created: int = 200) -> Bean:
    return {
        "class": "Classification",
        "headerVersion": 1,
        "name": name,
        "type": kind(name),
        "instanceProvenanceType": "LOCAL_COHORT",
        "metadataCollectionId": home,
        "createTime": created,
        "version": version,
        "status": "ACTIVE",
    }


def about(name: str, instance: Bean, sender: str | None = None, at: int = NOW, **more: Any) -> Bean:
    """The event `name` (without instance class) that carries `instance`; sent by its home unless said otherwise."""
    noun = "RELATIONSHIP" if instance["class"] == "Relationship" else "ENTITY"
    field = {"EntityDetail": "entity", "EntityProxy": "entityProxy", "Relationship": "relationship"}[instance["class"]]
    section = {
        "eventType": f"{name}_{noun}_EVENT",
        "typeDefGUID": instance["type"]["typeDefGUID"],
        "typeDefName": instance["type"]["typeDefName"],
        "instanceGUID": instance["guid"],
        **more,
        field: instance,
    }
    return event(section, sender or str(instance["metadataCollectionId"]), at)


def event(section: Bean, sender: str = "A", at: int = NOW, **more: Any) -> Bean:
    return {
        "class": "OMRSEventV1",
        "protocolVersionId": "OMRS V1.0",
        "timestamp": at,
        "originator": {"metadataCollectionId": sender, "serverName": f"server-{sender}"},
        "eventCategory": "INSTANCE",
        "instanceEventSection": section,
        **more,
    }

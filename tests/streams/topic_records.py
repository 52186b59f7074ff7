"""Records as workers and members write them, for tests of what reads topics."""

from dataclasses import dataclass, field
from typing import Any
from uuid import uuid4

from omrs_schemas.codec import EventCodec
from omrs_schemas.model.values import to_properties
from omrs_schemas.typedefs.system import TypeSystem
from omrs_streams.log import names
from omrs_streams.log.kafka import KafkaSettings
from omrs_streams.log.producer import LogProducer, Outgoing
from omrs_streams.log.record import LogRecord
from omrs_streams.log.topics import cohort_topics, ensure_topics, server_topics
from omrs_streams.repository.events import instance_event, log_record

Bean = dict[str, Any]

TYPES = TypeSystem.builtin()
CODEC = EventCodec(TYPES)
PARTITIONS = 2  # enough to have several; every test makes its own topics
START = 1_700_000_000_000


def entity(type_name: str, name: str, home: str, *, guid: str = "", version: int = 1) -> Bean:
    return {
        "class": "EntityDetail",
        "headerVersion": 1,
        "type": TYPES.instance_type(TYPES.require(name=type_name)),
        "instanceProvenanceType": "LOCAL_COHORT",
        "metadataCollectionId": home,
        "metadataCollectionName": f"{home}-name",
        "status": "ACTIVE",
        "createdBy": "erinoverview",
        "createTime": START,
        "version": version,
        "guid": guid or str(uuid4()),
        "properties": to_properties(TYPES, type_name, {"qualifiedName": f"{type_name}::{name}", "displayName": name}),
    }


def relationship(type_name: str, one: Bean, two: Bean) -> Bean:
    ends = {}
    for name, end in (("entityOneProxy", one), ("entityTwoProxy", two)):
        qualified = end["properties"]["instanceProperties"]["qualifiedName"]
        header = {field: value for field, value in end.items() if field not in ("class", "properties")}
        unique = {"class": "InstanceProperties", "headerVersion": 1, "instanceProperties": {"qualifiedName": qualified}}
        ends[name] = {"class": "EntityProxy", **header, "uniqueProperties": unique}
    found = {**one, "class": "Relationship", "guid": str(uuid4()), **ends}
    found["type"] = TYPES.instance_type(TYPES.require(name=type_name))
    del found["properties"]
    return found


def event(kind: str, instance: Bean, **more: object) -> Bean:
    home = instance["metadataCollectionId"]
    originator = {"metadataCollectionId": home, "serverName": f"server of {home}"}
    return instance_event(kind, instance, originator, START + 1, **more)


def record(of: Bean, origin: str = "home") -> LogRecord:
    return log_record(of, CODEC.encode, PARTITIONS, event_id=str(uuid4()), origin=origin)


@dataclass
class World:
    """A server and a cohort that exist as topics only; nobody works for them."""

    kafka: KafkaSettings
    producer: LogProducer
    server: str = field(default_factory=lambda: f"s-{uuid4().hex[:8]}")
    cohort: str = field(default_factory=lambda: f"c-{uuid4().hex[:8]}")

    def __post_init__(self) -> None:
        specs = server_topics(self.server, PARTITIONS) + cohort_topics(self.cohort, PARTITIONS)
        ensure_topics(self.kafka.librdkafka(), specs)

    @property
    def log(self) -> str:
        return names.server_log(self.server)

    @property
    def conf(self) -> dict[str, Any]:
        return self.kafka.bulk_consumer("omrs.test")

    def send(self, topic: str, *records: LogRecord) -> list[int]:
        """Append records as a worker does; their offsets."""
        return self.raw(*((topic, r.partition, r.key.encode(), r.value, r.headers(self.server)) for r in records))

    def raw(self, *records: Outgoing) -> list[int]:
        return self.producer.send_and_wait(records)

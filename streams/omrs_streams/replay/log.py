"""The log a replay reads: which topic, how long, whether anything is in it; and the server's types."""

from dataclasses import dataclass
from typing import Any

from confluent_kafka.admin import AdminClient

from omrs_schemas.codec import EventCodec
from omrs_schemas.errors import ReplayError
from omrs_schemas.typedefs.system import TypeSystem
from omrs_streams.log.consumer import read_all, watermarks
from omrs_streams.log.kafka import KafkaSettings
from omrs_streams.log.names import server_log, server_types, server_workers
from omrs_streams.log.topics import TopicFacts, cluster_metadata, describe
from omrs_streams.worker.directory import Owner, read_owners
from omrs_streams.worker.types import load_release, take_in


@dataclass(frozen=True, slots=True)
class ServerLog:
    """A server's log as it is now. `ends`: next offset per partition."""

    facts: TopicFacts
    starts: dict[int, int]
    ends: dict[int, int]
    owners: dict[int, Owner]

    @property
    def records(self) -> int:
        """Offsets from start to end: what a replay from scratch reads."""
        return sum(self.ends[number] - start for number, start in self.starts.items())


def open_log(kafka: KafkaSettings, server: str) -> ServerLog:
    """The log of `server`. ReplayError when there is no such log, or nothing in it."""
    topic = server_log(server)
    admin = AdminClient(kafka.librdkafka())
    known = cluster_metadata(admin, kafka.librdkafka()).topics
    if topic not in known:
        servers = sorted(n.split(".")[2] for n in known if n.startswith("omrs.server.") and n.endswith(".log"))
        raise ReplayError(
            f"there is no log {topic} on {kafka.bootstrap_servers}",
            help=f"servers with a log: {', '.join(servers) or 'none'}",
            topic=topic,
        )
    facts = describe(admin, [topic])[topic]
    marks = watermarks(kafka.bulk_consumer("omrs.replay"), topic, facts.partitions)
    log = ServerLog(
        facts,
        {number: low for number, (low, _) in enumerate(marks)},
        {number: high for number, (_, high) in enumerate(marks)},
        read_owners(kafka.bulk_consumer("omrs.replay"), server_workers(server))
        if server_workers(server) in known
        else {},
    )
    if log.records == 0:
        raise ReplayError(
            f"the log {topic} is empty: there is nothing to replay", help="check the server's name", topic=topic
        )
    return log


def server_type_system(kafka: KafkaSettings, server: str, release: str) -> TypeSystem:
    """The types of a server: the release and what its types topic holds."""
    types = load_release(release)
    codec = EventCodec(types)
    conf: dict[str, Any] = kafka.bulk_consumer("omrs.replay")
    changes = [
        ((message.key() or b"").decode(), message.value(), message.offset() or 0)
        for message in read_all(conf, server_types(server), 1)
    ]
    take_in(types, codec, server_types(server), changes)
    return types

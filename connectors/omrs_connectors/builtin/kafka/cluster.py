"""What a Kafka cluster says of its topics."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from confluent_kafka import KafkaException
from confluent_kafka.admin import AdminClient, ConfigResource, ResourceType  # type: ignore[attr-defined]

from omrs_schemas.errors import RepositoryError
from omrs_streams.client.brokers import LIBRDKAFKA

ANSWER_S = 15.0  # a cluster answers within milliseconds; one with ten thousand topics takes a second or two
BATCH = 500  # topics whose settings are asked for at once


@dataclass(frozen=True, slots=True)
class TopicFacts:
    """`configs`: the settings asked for, as text."""

    name: str
    partitions: int
    replicas: int
    configs: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class ClusterFacts:
    """`brokers`: host:port of each; `names`: of all topics, those that are left out too."""

    cluster_id: str
    brokers: tuple[str, ...]
    names: frozenset[str]
    topics: tuple[TopicFacts, ...]


class Cluster:
    """Reads a cluster; `conf` is librdkafka's."""

    def __init__(self, conf: Mapping[str, Any], address: str) -> None:
        self._address = address
        self._admin = AdminClient(dict(conf), logger=LIBRDKAFKA)

    def read(self, wants: Callable[[str], bool], configs: Sequence[str]) -> ClusterFacts:
        """RepositoryError where the cluster does not answer, or a topic cannot be described."""
        try:
            metadata = self._admin.list_topics(timeout=ANSWER_S)
            broken = [
                topic for topic in metadata.topics.values() if topic.error is not None and wants(str(topic.topic))
            ]
            if broken:
                raise RepositoryError(f"{self._address}: topic {broken[0].topic}: {broken[0].error}")
            names = sorted(name for name in metadata.topics if wants(name))
            settings = self._configs(names, configs)
        except KafkaException as error:
            said = error.args[0].str() if hasattr(error.args[0], "str") else str(error)
            raise RepositoryError(
                f"Kafka at {self._address} does not answer: {said}",
                help="look whether it is running, and whether the address and the client's settings are right",
                address=self._address,
            ) from error
        return ClusterFacts(
            str(metadata.cluster_id or self._address),
            tuple(sorted(f"{broker.host}:{broker.port}" for broker in metadata.brokers.values())),
            frozenset(map(str, metadata.topics)),
            tuple(
                TopicFacts(
                    name,
                    len(metadata.topics[name].partitions),
                    max((len(each.replicas) for each in metadata.topics[name].partitions.values()), default=0),
                    settings.get(name, {}),
                )
                for name in names
            ),
        )

    def _configs(self, names: Sequence[str], wanted: Sequence[str]) -> dict[str, dict[str, str]]:
        found: dict[str, dict[str, str]] = {}
        for start in range(0, len(names) if wanted else 0, BATCH):
            resources = [ConfigResource(ResourceType.TOPIC, name) for name in names[start : start + BATCH]]
            for resource, future in self._admin.describe_configs(resources, request_timeout=ANSWER_S).items():
                entries = future.result(ANSWER_S)
                found[resource.name] = {
                    name: str(entries[name].value) for name in wanted if name in entries and entries[name].value
                }
        return found

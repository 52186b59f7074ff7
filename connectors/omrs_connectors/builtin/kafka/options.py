"""Configuration properties of the Kafka connector."""

from fnmatch import fnmatchcase
from typing import Literal

from pydantic import Field

from omrs_connectors.builtin.safety import SafetyOptions

INTERNAL = ("__*", "_schemas", "*-changelog", "*-repartition", "*-__assignor-__leader")
"""Topics that clients and frameworks keep for themselves: offsets, schemas, state of stream applications."""


class KafkaOptions(SafetyOptions):
    """Which topics and subjects, and how to reach them. Globs match whole names."""

    include: tuple[str, ...] = Field((), description="only topics that match one of these globs; empty = all")
    exclude: tuple[str, ...] = Field((), description="topics that match one of these globs are left out")
    internal: bool = Field(False, description=f"topics of clients and frameworks too: {', '.join(INTERNAL)}")
    configs: tuple[str, ...] = Field(
        (
            "cleanup.policy",
            "compression.type",
            "max.message.bytes",
            "min.insync.replicas",
            "retention.bytes",
            "retention.ms",
        ),
        description="settings of a topic that are catalogued",
    )
    cluster_name: str = Field("", description="what the cluster is called; default: its id")
    client_properties: dict[str, str] = Field(
        default_factory=dict, description="further settings of the Kafka client, by librdkafka's names"
    )
    password_secret: str = Field("", description="name of the secret that is the SASL password")
    registry_url: str = Field("", description="a schema registry with Confluent's API; empty = none")
    registry_secret: str = Field("", description="name of the secret `user:password` for the registry")
    versions: Literal["latest", "all"] = Field("latest", description="the versions of a subject that are catalogued")
    max_fields: int = Field(1_000, ge=1, description="fields catalogued of one schema at most")
    parallelism: int = Field(4, ge=1, le=32, description="threads that call the metadata server")
    qualified_name_prefix: str = Field("", description="keeps clusters of different environments apart")

    def wants(self, topic: str) -> bool:
        """Whether a topic is catalogued."""
        if not self.internal and _matches(INTERNAL, topic):
            return False
        return (not self.include or _matches(self.include, topic)) and not _matches(self.exclude, topic)


def _matches(globs: tuple[str, ...], name: str) -> bool:
    return any(fnmatchcase(name, glob) for glob in globs)

"""`KafkaTopicsConnector`: keeps the catalogue of topics and event types equal to a cluster and its registry."""

from functools import partial
from typing import Any, ClassVar

from omrs_connectors.builtin.kafka.cluster import Cluster, ClusterFacts
from omrs_connectors.builtin.kafka.options import KafkaOptions
from omrs_connectors.builtin.kafka.pictures import EVENTS, KINDS, LINKS, TOPICS, Naming, Pictures, topic_of
from omrs_connectors.builtin.kafka.registry import Registry, Subject
from omrs_connectors.builtin.mirror import Mirror, Scope
from omrs_connectors.builtin.picture import Key
from omrs_connectors.sdk import ConnectorOptions
from omrs_connectors.services.topic_integrator import TopicIntegratorConnector
from omrs_streams.cli.connection import kafka_settings
from omrs_streams.log.kafka import KafkaSettings


class KafkaTopicsConnector(TopicIntegratorConnector):
    """Catalogues the topics of the cluster at `endpoint.networkAddress` (bootstrap servers; none: the daemon's own
    Kafka, by its environment), and the subjects of a schema registry.

    The cluster becomes an EventBroker, a topic a Topic (KafkaTopic in release 4.x) with partitions, replicas and
    settings; a subject an EventType with the fields of its schema, below the topic that it is about.
    """

    Options: ClassVar[type[ConnectorOptions] | None] = KafkaOptions
    options: KafkaOptions

    def initialize(self) -> None:
        address = self.context.network_address
        settings = KafkaSettings(bootstrap_servers=address) if address else kafka_settings()
        conf: dict[str, Any] = settings.librdkafka(client_id=f"omrs-{self.context.connector_name}")
        if address and (user := self.context.config.connection.user_id):
            conf["sasl.username"] = user
        conf |= self.options.client_properties
        if self.options.password_secret:
            conf["sasl.password"] = self.context.secret(self.options.password_secret)
        self._cluster = Cluster(conf, settings.bootstrap_servers)
        secret = partial(self.context.secret, self.options.registry_secret) if self.options.registry_secret else None
        self._registry = Registry(self.options.registry_url, secret) if self.options.registry_url else None

    def refresh(self) -> None:
        """RepositoryError where cluster or registry do not answer: then nothing is changed."""
        options, report = self.options, self.context.report
        facts = self._cluster.read(options.wants, options.configs)
        subjects = self._subjects(facts)
        report.count("topics", len(facts.topics))
        report.count("subjects", len(subjects))
        naming = Naming(options.qualified_name_prefix, facts.cluster_id)
        pictures = Pictures(naming, options.max_fields, report.message)
        pictures.cluster(facts, options.cluster_name)
        pictures.subjects(subjects, facts.names)
        if pictures.cut:
            report.count("fieldsCut", pictures.cut)
        scope = Scope(
            naming.cluster,
            KINDS,
            LINKS,
            {"topics": TOPICS, "event types": EVENTS},
            partial(self._is_mine, naming, facts.names),
        )
        Mirror(self.context, scope, options.parallelism).write(pictures.picture, options.safety(naming.cluster))

    def disconnect(self) -> None:
        if self._registry is not None:
            self._registry.close()

    def _subjects(self, facts: ClusterFacts) -> list[Subject]:
        """Those about topics that are catalogued, and those about none."""
        if self._registry is None:
            return []
        found = self._registry.subjects(every_version=self.options.versions == "all")
        return [subject for subject in found if self._wants_subject(subject.name, facts.names)]

    def _wants_subject(self, subject: str, topics: frozenset[str]) -> bool:
        topic = topic_of(subject, topics)
        return topic is None or self.options.wants(topic)

    def _is_mine(self, naming: Naming, topics: frozenset[str], key: Key) -> bool:
        """What is about topics that are left out belongs to other connectors on the same cluster, if to any; so do
        subjects where no registry is configured."""
        kind, _, rest = key.removeprefix(naming.cluster).removeprefix("::").partition("::")
        name, _, below = rest.partition("::")
        if kind == "topic":
            return self.options.wants(name) and (not below or self._registry is not None)
        if kind == "subject":
            return self._registry is not None and self._wants_subject(name, topics)
        return not kind

"""The Kafka connector against real clusters and a real schema registry."""

import json
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import httpx
import pytest
from confluent_kafka import KafkaException
from confluent_kafka.admin import AdminClient, NewTopic
from connector_passes import Passes, by_name, changes, plain

from omrs_connectors.builtin.kafka.connector import KafkaTopicsConnector
from omrs_schemas.errors import ConfigurationError, DeletionRefusedError, RepositoryError
from omrs_streams.client import Entity, MetadataClient
from omrs_streams.client.brokers import LIBRDKAFKA
from omrs_streams.log.embedded import EmbeddedKafka, Endpoint
from omrs_streams.log.embedded.registry import SchemaRegistry
from shared_data import require_shared
from workers import Running, eventually, fleet, unique

pytestmark = pytest.mark.kafka

CUSTOMER = {"type": "record", "name": "Customer", "fields": [{"name": "email", "type": ["null", "string"]}]}
ORDER = {
    "type": "record",
    "name": "Order",
    "namespace": "org.example",
    "doc": "What somebody wants",
    "fields": [
        {"name": "id", "type": "string"},
        {"name": "customer", "type": CUSTOMER},
        {"name": "amount", "type": "double", "default": 0.0},
    ],
}


class Cluster:
    """Topics of one Kafka."""

    def __init__(self, bootstrap_servers: str) -> None:
        self.bootstrap_servers = bootstrap_servers
        self._admin = AdminClient({"bootstrap.servers": bootstrap_servers}, logger=LIBRDKAFKA)

    @property
    def id(self) -> str:
        return str(self._admin.list_topics(timeout=20).cluster_id)

    def create(self, *names: str, partitions: int = 2, **config: str) -> None:
        settings = {name.replace("_", "."): value for name, value in config.items()}
        topics = [NewTopic(name, partitions, 1, config=settings) for name in names]
        for future in self._admin.create_topics(topics).values():
            future.result(30)
        self._settle(lambda: set(names) <= self.names())

    def delete(self, *names: str) -> None:
        for future in self._admin.delete_topics(list(names)).values():
            future.result(30)
        self._settle(lambda: not set(names) & self.names())

    def names(self) -> set[str]:
        return set(self._admin.list_topics(timeout=20).topics)

    def knows(self, *names: str) -> bool:
        """False also while the cluster does not answer."""
        try:
            return set(names) <= self.names()
        except KafkaException:
            return False

    def _settle(self, done: Any) -> None:
        eventually(done, "the cluster knows its topics")


class Subjects:
    """Subjects of one registry, which may take its time."""

    def __init__(self, url: str) -> None:
        self.url = url
        self._http = partial(httpx.request, trust_env=False, timeout=60)

    def register(self, subject: str, schema: Any, kind: str = "AVRO", **more: Any) -> None:
        body = {"schema": json.dumps(schema), "schemaType": kind, **more}
        answer = self._http("POST", f"{self.url}/subjects/{subject}/versions", json=body)
        assert answer.status_code == 200, answer.text

    def loosen(self, subject: str) -> None:
        answer = self._http("PUT", f"{self.url}/config/{subject}", json={"compatibility": "NONE"})
        assert answer.status_code == 200, answer.text

    def delete(self, subject: str) -> None:
        for permanent in ("false", "true"):
            self._http("DELETE", f"{self.url}/subjects/{subject}?permanent={permanent}")

    def all(self) -> list[str]:
        return list(self._http("GET", f"{self.url}/subjects").json())


class Held:
    """What the metadata server holds of a cluster."""

    def __init__(self, client: MetadataClient, cluster: str, prefix: str = "", topic_type: str = "Topic") -> None:
        self.client, self.prefix, self._topic_type = client, f"{prefix}Kafka::{cluster}", topic_type

    def topics(self) -> dict[str, Entity]:
        return self._below(self._topic_type, "::topic::")

    def events(self) -> dict[str, Entity]:
        return self._below("EventType", "::subject::")

    def fields(self, subject: str) -> dict[str, Entity]:
        return self._below("EventSchemaAttribute", f"::subject::{subject}::field::")

    def _below(self, type_name: str, rest: str) -> dict[str, Entity]:
        prefix = self.prefix + rest
        return {name.removeprefix(prefix): entity for name, entity in by_name(self.client, type_name, prefix).items()}

    def seconds(self, guid: str, type_name: str) -> set[str]:
        links = self.client.relationships_of(guid, type_name)
        return {link["entityTwoProxy"]["guid"] for link in links if link["entityOneProxy"]["guid"] == guid}

    def events_of(self, topic: str) -> set[str]:
        """Guids of the event types below a topic."""
        (listed,) = self.seconds(self.topics()[topic].guid, "Schema")
        return self.seconds(listed, "SchemaTypeOption")


@pytest.fixture(scope="module")
def clusters(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmbeddedKafka]:
    """Another Kafka than the metadata server's."""
    broker = EmbeddedKafka(tmp_path_factory.mktemp("other-kafka"), port=0)
    try:
        broker.up()
        yield broker
    finally:
        broker.wipe(force=True)


@pytest.fixture
def cluster(clusters: EmbeddedKafka) -> Iterator[Cluster]:
    """Without topics of another test."""
    found = Cluster(clusters.up().bootstrap_servers)
    left = [name for name in found.names() if not name.startswith("__")]
    if left:
        found.delete(*left)
    yield found


@pytest.fixture
def subjects(schema_registry: str) -> Iterator[Subjects]:
    found = Subjects(schema_registry)
    for subject in found.all():
        found.delete(subject)
    yield found


_lives: list[Passes] = []


@pytest.fixture(autouse=True)
def ended() -> Iterator[None]:
    """Every connector that a test has begun comes to its end."""
    yield
    while _lives:
        _lives.pop().end()


def life(server: Running, cluster: Cluster, client: MetadataClient | None = None, **properties: Any) -> Passes:
    config = {"endpoint": {"networkAddress": cluster.bootstrap_servers}, "configurationProperties": properties}
    _lives.append(Passes(KafkaTopicsConnector, server, config, client=client))
    return _lives[-1]


@pytest.fixture
def prefix() -> str:
    """Each test has a part of the metadata server of its own."""
    return f"{unique('test')}::"


def test_topics_with_their_settings(
    metadata_server: Running, client: MetadataClient, cluster: Cluster, prefix: str
) -> None:
    cluster.create("orders", "payments", partitions=3, retention_ms="60000")
    cluster.create("app-orders-changelog", "state", cleanup_policy="compact")
    connector = life(metadata_server, cluster, qualifiedNamePrefix=prefix)
    report = connector.refresh()
    held = Held(client, cluster.id, prefix)
    assert set(held.topics()) == {"orders", "payments", "state"}
    orders = plain(held.topics()["orders"])
    assert orders["additionalProperties"]["partitions"] == "3"
    assert orders["additionalProperties"]["retention.ms"] == "60000"
    assert plain(held.topics()["state"])["additionalProperties"]["cleanup.policy"] == "compact"
    (broker,) = by_name(client, "EventBroker", held.prefix).values()
    assert held.seconds(broker.guid, "CapabilityAssetUse") == {entity.guid for entity in held.topics().values()}
    assert len(report.guids("created")) == 1 + 3 + 3
    assert (
        changes(connector.refresh())
        == changes(life(metadata_server, cluster, qualifiedNamePrefix=prefix).refresh())
        == (0, 0, 0)
    )

    before = {name: entity.guid for name, entity in held.topics().items()}
    cluster.create("refunds")
    cluster.delete("payments")
    report = connector.refresh()
    assert set(held.topics()) == {"orders", "refunds", "state"}
    assert report.guids("deleted") == [before["payments"]]
    assert len(report.guids("created")) == 2 and not report.guids("updated")
    # A topic that was made anew under its name is the same, with other settings.
    cluster.delete("orders")
    cluster.create("orders", partitions=5)
    assert connector.refresh().guids("updated") == [before["orders"]]
    assert plain(held.topics()["orders"])["additionalProperties"]["partitions"] == "5"


def test_subjects_become_event_types_of_their_topics(
    metadata_server: Running, client: MetadataClient, cluster: Cluster, subjects: Subjects, prefix: str
) -> None:
    cluster.create("orders", "orders-eu")
    subjects.register("orders-value", ORDER)
    subjects.register("orders-key", "string")
    subjects.register("orders-eu-org.example.Order", ORDER)
    subjects.register("org.example.Lonely", {**ORDER, "name": "Lonely"})
    payment = {
        "type": "object",
        "required": ["id"],
        "properties": {"id": {"type": "string"}, "paid": {"type": "boolean"}},
    }
    subjects.register("orders-eu-value", payment, "JSON")
    options = {"registryUrl": subjects.url, "qualifiedNamePrefix": prefix}
    connector = life(metadata_server, cluster, **options)
    connector.refresh()
    held = Held(client, cluster.id, prefix)
    events = held.events()
    assert set(events) == {
        "orders-value",
        "orders-key",
        "orders-eu-org.example.Order",
        "orders-eu-value",
        "org.example.Lonely",
    }
    assert held.events_of("orders") == {events["orders-value"].guid, events["orders-key"].guid}
    assert held.events_of("orders-eu") == {events["orders-eu-org.example.Order"].guid, events["orders-eu-value"].guid}
    order = plain(events["orders-value"])
    assert (order["versionIdentifier"], order["encodingStandard"], order["description"]) == (
        "1",
        "AVRO",
        "What somebody wants",
    )
    fields = held.fields("orders-value")
    assert set(fields) == {"id", "customer.email", "amount"}
    assert held.seconds(events["orders-value"].guid, "AttributeForSchema") == {
        entity.guid for entity in fields.values()
    }
    assert plain(fields["customer.email"])["isNullable"] is True
    assert set(held.fields("orders-eu-value")) == {"id", "paid"}
    assert changes(connector.refresh()) == changes(life(metadata_server, cluster, **options).refresh()) == (0, 0, 0)

    # The next version renames a field by an alias, adds one and drops one.
    subjects.loosen("orders-value")
    changed = {
        **ORDER,
        "fields": [
            {"name": "orderId", "aliases": ["id"], "type": "string"},
            {"name": "customer", "type": CUSTOMER},
            {"name": "note", "type": "string"},
        ],
    }
    subjects.register("orders-value", changed)
    report = connector.refresh()
    after = held.fields("orders-value")
    assert set(after) == {"orderId", "customer.email", "note"}
    assert after["orderId"].guid == fields["id"].guid
    assert plain(held.events()["orders-value"])["versionIdentifier"] == "2"
    assert report.guids("deleted") == [fields["amount"].guid]
    assert set(report.guids("updated")) == {events["orders-value"].guid, after["orderId"].guid}

    every = life(metadata_server, cluster, **options, versions="all")
    every.refresh()
    assert plain(held.events()["orders-value::version::1"])["versionIdentifier"] == "1"
    assert set(held.fields("orders-value::version::1")) == {"id", "customer.email", "amount"}
    connector.refresh()
    subjects.delete("orders-eu-value")
    gone = {events["orders-eu-value"].guid, *(entity.guid for entity in held.fields("orders-eu-value").values())}
    assert set(connector.refresh().guids("deleted")) == gone
    assert "orders-value::version::1" not in held.events()


def test_two_connectors_share_a_cluster(
    metadata_server: Running, client: MetadataClient, cluster: Cluster, subjects: Subjects, prefix: str
) -> None:
    cluster.create("a.one", "a.two", "b.one", "b.two")
    for topic in ("a.one", "b.one"):
        subjects.register(f"{topic}-value", ORDER)
    options = {"registryUrl": subjects.url, "qualifiedNamePrefix": prefix}
    first = life(metadata_server, cluster, include="a.*", **options)
    second = life(metadata_server, cluster, include=["b.*"], exclude=["*.two"], **options)
    for connector in (first, second, first, second):
        connector.refresh()
    held = Held(client, cluster.id, prefix)
    assert set(held.topics()) == {"a.one", "a.two", "b.one"}
    assert set(held.events()) == {"a.one-value", "b.one-value"}
    assert changes(first.refresh()) == changes(second.refresh()) == (0, 0, 0)


def test_a_cluster_and_a_registry_that_go_away_and_come_back(
    metadata_server: Running, client: MetadataClient, own_kafka: EmbeddedKafka, tmp_path: Path, prefix: str
) -> None:
    cluster = Cluster(own_kafka.bootstrap_servers)
    cluster.create("orders", "payments", "refunds")
    registry = SchemaRegistry(tmp_path / "registry")
    try:
        subjects = Subjects(registry.up())
        for subject in ("orders-value", "payments-value"):
            subjects.register(subject, ORDER)
        connector = life(metadata_server, cluster, registryUrl=subjects.url, qualifiedNamePrefix=prefix)
        connector.refresh()
        held = Held(client, cluster.id, prefix)
        before = {name: entity.guid for name, entity in {**held.topics(), **held.events()}.items()}
    finally:
        registry.down()
    with pytest.raises(RepositoryError, match=r"schema registry at .* does not answer"):
        connector.refresh()
    try:
        registry.up()  # empty: it kept nothing
        with pytest.raises(DeletionRefusedError, match="would delete 2 of 2 event types"):
            connector.refresh()
        for subject in ("orders-value", "payments-value"):
            subjects.register(subject, ORDER)
        assert not connector.refresh().guids("deleted")
        own_kafka.kill(1)
        with pytest.raises(RepositoryError, match="does not answer"):
            connector.refresh()
        assert {name: entity.guid for name, entity in {**held.topics(), **held.events()}.items()} == before
        own_kafka.start(1)
        eventually(lambda: cluster.knows("orders", "payments", "refunds"), "the cluster is back")
        assert not connector.refresh().guids("deleted")
        cluster.delete("orders", "payments", "refunds")
        with pytest.raises(DeletionRefusedError, match="would delete 3 of 3 topics"):
            connector.refresh()
        assert {name: entity.guid for name, entity in {**held.topics(), **held.events()}.items()} == before
    finally:
        registry.down()


@pytest.mark.parametrize("writes", [1, 4, 9, 14])
def test_killed_in_the_middle_the_next_life_completes_it(
    metadata_server: Running,
    client: MetadataClient,
    cluster: Cluster,
    subjects: Subjects,
    prefix: str,
    writes: int,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    cluster.create("orders", "payments")
    subjects.register("orders-value", ORDER)
    options = {"registryUrl": subjects.url, "qualifiedNamePrefix": prefix}
    left = writes

    def dies(context: Any, action: str) -> None:
        nonlocal left
        left -= 1
        if left < 0:
            raise KeyboardInterrupt(action)

    first = life(metadata_server, cluster, **options)
    with monkeypatch.context() as patch:
        patch.setattr(type(first.context), "_may_write", dies)
        with pytest.raises(KeyboardInterrupt):
            first.refresh()
    second = life(metadata_server, cluster, **options)
    second.refresh()
    held = Held(client, cluster.id, prefix)
    assert set(held.topics()) == {"orders", "payments"}
    assert held.events_of("orders") == {held.events()["orders-value"].guid}
    assert len(held.seconds(held.events()["orders-value"].guid, "AttributeForSchema")) == 3
    assert changes(second.refresh()) == (0, 0, 0)


def test_the_cohorts_own_topics_by_the_environment(
    metadata_server: Running, client: MetadataClient, kafka: Endpoint, prefix: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OMRS_KAFKA__BOOTSTRAP_SERVERS", kafka.bootstrap_servers)
    properties = {"include": f"omrs.server.{metadata_server.server}.*", "qualifiedNamePrefix": prefix}
    connector = Passes(KafkaTopicsConnector, metadata_server, {"configurationProperties": properties})
    _lives.append(connector)
    connector.refresh()
    held = Held(client, Cluster(kafka.bootstrap_servers).id, prefix)
    assert {f"omrs.server.{metadata_server.server}.{kind}" for kind in ("log", "out", "types")} <= set(held.topics())


def test_release_4_knows_kafka_topics(kafka: Endpoint, cluster: Cluster, subjects: Subjects, tmp_path: Path) -> None:
    types = require_shared("data", "archives", "OpenMetadataTypes-4.2.omarchive")
    cluster.create("orders", partitions=3)
    subjects.register("orders-value", ORDER)
    with fleet(tmp_path / "fleet", kafka.bootstrap_servers) as workers:
        server = workers.start(unique("four"), types=str(types))
        with MetadataClient(server.url, server.server, "erinoverview") as client:
            connector = life(server, cluster, client, registryUrl=subjects.url)
            connector.refresh()
            held = Held(client, cluster.id, topic_type="KafkaTopic")
            assert plain(held.topics()["orders"])["partitions"] == 3
            assert plain(held.fields("orders-value")["amount"])["position"] == 2
            assert changes(connector.refresh()) == (0, 0, 0)


@pytest.mark.parametrize(
    ("properties", "said"), [({"versions": "some"}, "versions"), ({"registryURL": "x"}, "is registryUrl meant")]
)
def test_wrong_configurations_name_the_key(metadata_server: Running, properties: dict[str, Any], said: str) -> None:
    config = {"endpoint": {"networkAddress": "127.0.0.1:1"}, "configurationProperties": properties}
    with pytest.raises(ConfigurationError, match=said):
        Passes(KafkaTopicsConnector, metadata_server, config).refresh()

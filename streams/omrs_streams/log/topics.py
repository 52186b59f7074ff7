"""Creating topics with settings that keep the truth, and refusing topics whose settings could lose it."""

import time
from collections.abc import Callable, Iterable
from concurrent.futures import Future
from dataclasses import dataclass
from typing import Any, TypeVar

from confluent_kafka import KafkaError, KafkaException
from confluent_kafka.admin import AdminClient, ConfigResource, NewTopic, ResourceType  # type: ignore[attr-defined]

from omrs_schemas.errors import ConfigurationError, LogError
from omrs_streams.log.kafka import MAX_RECORD_BYTES

ADMIN_TIMEOUT_S = 15.0  # creating a topic takes a local controller 50 ms, a busy three-node cluster a few seconds
DAY_MS = 86_400_000

K = TypeVar("K")

SIZE = {"max.message.bytes": str(MAX_RECORD_BYTES)}
FOREVER = {"cleanup.policy": "delete", "retention.ms": "-1", "retention.bytes": "-1", **SIZE}
COMPACTED = {"cleanup.policy": "compact", "min.cleanable.dirty.ratio": "0.3", **SIZE}


def days(count: int) -> dict[str, str]:
    return {"cleanup.policy": "delete", "retention.ms": str(count * DAY_MS), **SIZE}


@dataclass(frozen=True)
class TopicSpec:
    """A topic that must exist. `truth` topics must never lose a record: their settings are checked at every start."""

    name: str
    partitions: int
    config: dict[str, str]
    truth: bool = False


@dataclass(frozen=True)
class TopicFacts:
    """What the cluster says of a topic: `topic_id` differs after a topic was deleted and created again."""

    name: str
    topic_id: str
    partitions: int


def ensure_topics(conf: dict[str, Any], specs: Iterable[TopicSpec]) -> dict[str, TopicFacts]:
    """Create what is missing, check what is there; facts by topic name.

    Replication is 3 with `min.insync.replicas` 2 where there are three brokers (LOG.md § Kafka settings).
    Raises LogError when the cluster does not answer, ConfigurationError when a truth topic could lose records.
    """
    wanted = {spec.name: spec for spec in specs}
    admin = AdminClient(conf)
    metadata = cluster_metadata(admin, conf)
    brokers = len(metadata.brokers)
    missing = [spec for spec in wanted.values() if spec.name not in metadata.topics]
    if missing:
        _create(admin, missing, brokers)
    facts = describe(admin, wanted)
    for name, spec in wanted.items():
        if facts[name].partitions != spec.partitions and spec.truth:
            raise ConfigurationError(
                f"topic {name} has {facts[name].partitions} partitions, {spec.partitions} are configured",
                help="the partition count of a log is fixed when it is created: set partitions to the topic's count",
                topic=name,
            )
    _refuse_lossy(admin, [spec.name for spec in wanted.values() if spec.truth], brokers)
    return facts


def cluster_metadata(admin: AdminClient, conf: dict[str, Any]) -> Any:
    """Brokers and topics of the cluster. LogError when it does not answer."""
    try:
        return admin.list_topics(timeout=ADMIN_TIMEOUT_S)
    except KafkaException as error:
        raise LogError(
            f"Kafka at {conf.get('bootstrap.servers')} does not answer: {error.args[0].str()}",
            help="is it running? `omrs kafka status`; another cluster: --bootstrap-servers",
        ) from error


def describe(admin: AdminClient, names: Iterable[str]) -> dict[str, TopicFacts]:
    """Facts of existing topics; waits for the metadata of just-created ones."""
    from confluent_kafka import TopicCollection

    wanted = TopicCollection(list(names))
    futures = _known(lambda: admin.describe_topics(wanted, request_timeout=ADMIN_TIMEOUT_S))
    facts = {}
    for name, future in futures.items():
        try:
            found = future.result()
        except KafkaException as error:
            raise LogError(f"topic {name} cannot be described: {error.args[0].str()}", topic=name) from error
        facts[name] = TopicFacts(name, str(found.topic_id), len(found.partitions))
    return facts


def _known(ask: Callable[[], dict[K, "Future[Any]"]]) -> dict[K, "Future[Any]"]:
    """The answers of `ask` once no broker says that it has not heard of a topic: metadata follow a creation."""
    deadline = time.monotonic() + ADMIN_TIMEOUT_S
    while True:
        answers = ask()
        unknown = any(_is_unknown(future.exception()) for future in answers.values())
        if not unknown or time.monotonic() > deadline:
            return answers
        time.sleep(0.05)


def _is_unknown(error: BaseException | None) -> bool:
    return isinstance(error, KafkaException) and error.args[0].code() == KafkaError.UNKNOWN_TOPIC_OR_PART


def _create(admin: AdminClient, specs: list[TopicSpec], brokers: int) -> None:
    replication = 3 if brokers >= 3 else 1
    new = []
    for spec in specs:
        config = dict(spec.config)
        if replication == 3:
            config.update({"min.insync.replicas": "2", "unclean.leader.election.enable": "false"})
        new.append(NewTopic(spec.name, spec.partitions, replication, config=config))
    for name, future in admin.create_topics(
        new, request_timeout=ADMIN_TIMEOUT_S, operation_timeout=ADMIN_TIMEOUT_S
    ).items():
        try:
            future.result()
        except KafkaException as error:
            if error.args[0].code() != KafkaError.TOPIC_ALREADY_EXISTS:
                raise LogError(f"topic {name} cannot be created: {error.args[0].str()}", topic=name) from error


def _refuse_lossy(admin: AdminClient, names: list[str], brokers: int) -> None:
    if not names:
        return
    resources = [ConfigResource(ResourceType.TOPIC, name) for name in names]
    answers = _known(lambda: admin.describe_configs(resources, request_timeout=ADMIN_TIMEOUT_S))
    for resource, future in answers.items():
        settings = {name: entry.value for name, entry in future.result().items()}
        for reason in lossy_settings(settings, brokers):
            raise ConfigurationError(
                f"topic {resource.name} could lose truth: {reason}",
                help="alter the topic's configuration, then start again",
                topic=resource.name,
            )


def lossy_settings(settings: dict[str, str], brokers: int) -> list[str]:
    """Which of a topic's settings could lose records that were acknowledged; empty when none could."""
    reasons = []
    if "compact" in settings.get("cleanup.policy", ""):
        reasons.append("cleanup.policy is compact; it must be delete")
    reasons += [
        f"{name} is {settings[name]}; it must be -1 (unlimited)"
        for name in ("retention.ms", "retention.bytes")
        if settings.get(name) not in (None, "-1")
    ]
    if settings.get("unclean.leader.election.enable") == "true":
        reasons.append("unclean.leader.election.enable is true; it must be false")
    if brokers >= 3 and int(settings.get("min.insync.replicas", "2")) < 2:
        reasons.append("min.insync.replicas is 1 on a cluster of several brokers; it must be 2")
    return reasons


def server_topics(server: str, partitions: int, *, audit_days: int = 30) -> list[TopicSpec]:
    """The topics that belong to one server; the audit log keeps messages for `audit_days`."""
    from omrs_streams.log import names

    return [
        TopicSpec(names.server_log(server), partitions, FOREVER, truth=True),
        TopicSpec(names.server_types(server), 1, COMPACTED),
        TopicSpec(names.server_cohorts(server), 1, COMPACTED),
        TopicSpec(names.server_workers(server), 1, COMPACTED),
        TopicSpec(names.server_out(server), partitions, days(7)),
        TopicSpec(names.server_audit(server), 1, days(audit_days)),
        TopicSpec(names.dead_letters(names.server_group(server)), 1, days(90)),
    ]


def cohort_topics(cohort: str, partitions: int) -> list[TopicSpec]:
    """The topics that the members of a cohort share."""
    from omrs_streams.log import names

    return [
        TopicSpec(names.cohort_registration(cohort), 1, FOREVER, truth=True),
        TopicSpec(names.cohort_types(cohort), 1, FOREVER, truth=True),
        TopicSpec(names.cohort_instances(cohort), partitions, FOREVER, truth=True),
    ]


def egeria_topics(cohort: str, root: str) -> list[TopicSpec]:
    """The topics of a cohort that speaks Egeria's JSON (OMRS events § 2). Members that were here first may have chosen
    other settings, which are theirs: the truth of such a cohort is in its members' stores."""
    from omrs_streams.log import names

    spelled = (names.egeria_registration, names.egeria_types, names.egeria_instances)
    return [TopicSpec(spell(cohort, root), 1, FOREVER) for spell in spelled]

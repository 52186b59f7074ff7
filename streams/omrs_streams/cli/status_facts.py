"""What `omrs status` finds out: from Kafka alone, and from the workers that answer."""

import json
from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

import httpx
from confluent_kafka.admin import AdminClient

from omrs_schemas.codec import EventCodec
from omrs_schemas.errors import CodecError, ConfigurationError
from omrs_schemas.typedefs.system import TypeSystem
from omrs_streams.log import names, offsets
from omrs_streams.log.consumer import read_all
from omrs_streams.log.kafka import KafkaSettings
from omrs_streams.log.offsets import Offsets
from omrs_streams.log.roles import COHORT, DAEMON, INSTANCES, REGISTRATION, SERVER, TYPES, Role, owners, role_of
from omrs_streams.worker.cohort_store import StoredRegistry
from omrs_streams.worker.directory import Owner

ASK_S = 2.0  # a worker that is well answers in a few ms; one that does not within this time is reported as silent

Facts = dict[str, Any]


@dataclass(slots=True)
class Cluster:
    """What Kafka knows: topics with their partitions, both ends of each partition, cursors of each group of ours."""

    kafka: KafkaSettings
    counts: dict[str, int]
    low: Offsets
    high: Offsets
    cursors: dict[str, Offsets]
    _values: dict[str, dict[str, bytes]] = field(default_factory=dict)

    @classmethod
    def read(cls, kafka: KafkaSettings, admin: AdminClient) -> "Cluster":
        """Raises LogError when Kafka does not answer."""
        topics = offsets.partitions(admin)
        counts = {name: count for name, count in topics.items() if name.startswith("omrs.") or role_of(name).root}
        parts = offsets.parts_of(counts, counts)
        ours = [group for group in offsets.groups(admin) if group.startswith("omrs.")]
        low, high = offsets.earliest(admin, parts), offsets.latest(admin, parts)
        return cls(kafka, counts, low, high, offsets.committed(admin, ours))

    def records(self, topic: str) -> int | None:
        """How many records `topic` holds; None where there is no such topic."""
        if topic not in self.counts:
            return None
        return sum(self.high[topic, number] - self.low[topic, number] for number in range(self.counts[topic]))

    def lag(self, group: str, topic: str) -> int | None:
        """Records of `topic` that `group` has not passed; all of them where it never came by. None: no such topic."""
        if topic not in self.counts:
            return None
        cursor = self.cursors.get(group, {})
        parts = [(topic, number) for number in range(self.counts[topic])]
        return sum(self.high[part] - max(cursor.get(part, 0), self.low[part]) for part in parts)

    def values(self, topic: str) -> dict[str, bytes]:
        """A compacted topic as it stands now: the last value of each key."""
        if topic not in self._values:
            found: dict[str, bytes] = {}
            if topic in self.counts:
                for message in read_all(self.kafka.bulk_consumer("omrs.status"), topic, 1):
                    key, value = (message.key() or b"").decode(errors="replace"), message.value()
                    found.pop(key, None)
                    if value is not None:
                        found[key] = value
            self._values[topic] = found
        return self._values[topic]


def cluster_facts(kafka: KafkaSettings, admin: AdminClient, server: str = "") -> Facts:
    """Servers (or the one named), daemons, and where they stand.

    ConfigurationError when there is no server of that name; LogError when Kafka does not answer.
    """
    cluster = Cluster.read(kafka, admin)
    known = owners(cluster.counts, SERVER)
    if server and server not in known:
        raise ConfigurationError(
            f"there is no server {server} on {kafka.bootstrap_servers}", help=f"servers: {', '.join(known) or 'none'}"
        )
    return {
        "bootstrap_servers": kafka.bootstrap_servers,
        "servers": [server_facts(cluster, name) for name in ([server] if server else known)],
        "daemons": [] if server else [_daemon(cluster, name, known) for name in owners(cluster.counts, DAEMON)],
    }


def server_facts(cluster: Cluster, server: str) -> Facts:
    """One server: workers, partitions, cohorts, publishers, dead letters."""
    directory = _directory(cluster, server)
    workers = ask_workers(server, directory.values())
    registry = cluster.values(names.server_cohorts(server))
    identity = registry.get("identity")
    log, group = names.server_log(server), names.server_group(server)
    return {
        "server": server,
        "metadata_collection_id": None if identity is None else identity.decode(errors="replace"),
        "workers": [_worker(worker) for worker in workers.values()],
        "partitions": [
            _partition(cluster, log, number, directory.get(number), workers)
            for number in range(cluster.counts.get(log, 0))
        ],
        "cohorts": _cohorts(cluster, group, registry, [asked.status for asked in workers.values() if asked.status]),
        "publishers": _publishers(cluster, server),
        "dead_letters": cluster.records(names.dead_letters(group)),
    }


@dataclass(slots=True)
class Asked:
    """A worker as it presents itself; `status` is None where it gave none, `reason` says why or what is wrong."""

    owner: Owner
    alive: bool
    reason: str
    status: Facts | None = None

    def partition(self, number: int) -> Facts | None:
        found = (self.status or {}).get("partitions", ())
        return next((each for each in found if each.get("partition") == number), None)


def ask_workers(server: str, found: Iterable[Owner]) -> dict[Owner, Asked]:
    """Each distinct worker, asked at the same time."""
    distinct = sorted(set(found), key=lambda owner: (owner.worker, owner.url))
    if not distinct:
        return {}
    with ThreadPoolExecutor(min(len(distinct), 16)) as pool:
        return dict(zip(distinct, pool.map(lambda owner: _ask(server, owner), distinct), strict=True))


def _ask(server: str, owner: Owner) -> Asked:
    try:
        with httpx.Client(base_url=owner.url, timeout=ASK_S, trust_env=False) as http:
            health = http.get("/health").json()
            status = http.get("/status").json()
            if (status.get("server"), status.get("worker")) != (server, owner.worker):
                return Asked(owner, False, f"another process answers at {owner.url}")
    except (httpx.HTTPError, ValueError, AttributeError) as error:
        return Asked(owner, False, f"does not answer: {error or type(error).__name__}")
    problem = str(health.get("reason") or "")
    return Asked(owner, not problem, problem, status)


def _directory(cluster: Cluster, server: str) -> dict[int, Owner]:
    found = {}
    for key, value in cluster.values(names.server_workers(server)).items():
        try:
            said = json.loads(value)
            found[int(key)] = Owner(said["worker"], said["url"])
        except (ValueError, KeyError, TypeError):
            continue  # not written by a worker: nobody can be asked there, and the partition shows as unowned
    return found


def _worker(asked: Asked) -> Facts:
    partitions = (asked.status or {}).get("partitions", [])
    return {
        "worker": asked.owner.worker,
        "url": asked.owner.url,
        "alive": asked.alive,
        "reason": asked.reason,
        "partitions": [each["partition"] for each in partitions],
        "store_bytes": sum(each.get("store_bytes") or 0 for each in partitions) if asked.status else None,
    }


def _partition(cluster: Cluster, log: str, number: int, owner: Owner | None, workers: Mapping[Owner, Asked]) -> Facts:
    asked = workers.get(owner) if owner is not None else None
    found = asked.partition(number) if asked is not None else None
    end = cluster.high[log, number]
    if owner is None or asked is None:
        phase = "never served"
    elif asked.status is None:
        phase = f"worker {owner.worker} is down"
    else:
        phase = found["phase"] if found else f"not at {owner.worker} any more"
    next_offset = found["next_offset"] if found else None
    counts = (found or {}).get("counts") or {}
    return {
        "partition": number,
        "worker": None if owner is None else owner.worker,
        "phase": phase,
        "next_offset": next_offset,
        "end_offset": end,
        # The worker may have folded what came after the end was read.
        "lag": None if next_offset is None else max(0, end - next_offset),
        "store_bytes": (found or {}).get("store_bytes"),
        "entities": counts.get("entities"),
        "relationships": counts.get("relationships"),
        "lost": counts.get("lost"),
    }


def _cohorts(cluster: Cluster, group: str, stored: Mapping[str, bytes], said: Iterable[Facts]) -> list[Facts]:
    """Every cohort that the workers are configured with or that the server's registry has something of.

    `said`: what the workers that answer say. A server without a local repository follows no instances topic.
    """
    registries = _registries(stored)
    configured: set[str] | None = None
    follows = "identity" in stored
    for worker in said:
        configured = (configured or set()) | set(worker.get("connections") or ())
        follows = worker.get("repository") != "none"
    for cohort in configured or ():
        registries.setdefault(cohort, StoredRegistry())
    return [
        {
            "cohort": cohort,
            "configured": None if configured is None else cohort in configured,
            "status": found.standing.status,
            "wanted": found.wish.state,
            "message": found.standing.message,
            "members": _members(found),
            "instances_lag": cluster.lag(group, _topic(cluster, group, cohort, INSTANCES)) if follows else None,
            "types_lag": cluster.lag(group, _topic(cluster, group, cohort, TYPES)),
            "registration_lag": cluster.lag(group, _topic(cluster, group, cohort, REGISTRATION)),
        }
        for cohort, found in sorted(registries.items())
    ]


def _registries(stored: Mapping[str, bytes]) -> dict[str, StoredRegistry]:
    """By cohort, what the server's registry topic holds."""
    codec = EventCodec(TypeSystem())  # a registration holds no instance
    found: dict[str, StoredRegistry] = {}
    for key, value in stored.items():
        cohort, separator, name = key.partition("/")
        if not separator:
            continue
        # What cannot be read the workers report in their log; here it only means that it is unknown.
        with suppress(CodecError, ValueError, TypeError):
            found.setdefault(cohort, StoredRegistry()).take(name, value, codec)
    return found


def _members(registry: StoredRegistry) -> list[Facts]:
    """This server first, then the others by name."""
    own = [] if registry.local is None else [registry.local]
    return [
        {
            "metadata_collection_id": found.collection_id,
            "server": found.server_name,
            "organization": found.organization,
            "registered": found.time,
            "local": found is registry.local,
        }
        for found in [*own, *sorted(registry.remotes.values(), key=lambda each: each.server_name or "")]
    ]


def _topic(cluster: Cluster, group: str, cohort: str, kind: str) -> str:
    """The topic of a cohort that `group` follows: of one name there may be a cohort in Avro and one in JSON."""
    found = [name for name in cluster.counts if _is(role_of(name), cohort, kind)]
    followed = {topic for topic, _ in cluster.cursors.get(group, {})}
    return next((name for name in found if name in followed), found[0] if found else "")


def _is(role: Role, cohort: str, kind: str) -> bool:
    return (role.owned_by, role.owner, role.kind) == (COHORT, cohort, kind)


def _publishers(cluster: Cluster, server: str) -> list[Facts]:
    prefix = names.publisher_group(server, "")
    return [
        {"target": group.removeprefix(prefix), "lag": cluster.lag(group, names.server_log(server))}
        for group in sorted(cluster.cursors)
        if group.startswith(prefix)
    ]


def _daemon(cluster: Cluster, daemon: str, servers: Iterable[str]) -> Facts:
    group = names.daemon_group(daemon)
    followed = {topic for topic, _ in cluster.cursors.get(group, {})}
    return {
        "daemon": daemon,
        "reports": cluster.records(names.daemon_reports(daemon)),
        "lag": {name: cluster.lag(group, topic) for name in servers if (topic := names.server_out(name)) in followed},
        "dead_letters": cluster.records(names.dead_letters(group)),
    }

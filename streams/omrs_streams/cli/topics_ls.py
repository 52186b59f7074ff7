"""What topics there are, what each is for, and how much is in it."""

from collections.abc import Iterable
from pathlib import Path
from typing import Any

from confluent_kafka import KafkaException
from confluent_kafka.admin import AdminClient, ConfigResource, ResourceType  # type: ignore[attr-defined]

from omrs_schemas.errors import LogError
from omrs_streams.log import offsets
from omrs_streams.log.embedded import running
from omrs_streams.log.kafka import KafkaSettings
from omrs_streams.log.roles import role_of
from omrs_streams.log.topics import ADMIN_TIMEOUT_S, DAY_MS
from omrs_streams.paths import data_root

HOUR_MS = 3_600_000


def listing(kafka: KafkaSettings, admin: AdminClient, *, everything: bool) -> list[dict[str, Any]]:
    """A row per topic. `records` counts offsets, so on a compacted topic it is the most there can be; `bytes` (of all
    copies) is None where Kafka's files are not on this machine."""
    counts = offsets.partitions(admin)
    topics = [name for name in counts if everything or role_of(name).ours]
    parts = offsets.parts_of(topics, counts)
    low, high = offsets.earliest(admin, parts), offsets.latest(admin, parts)
    settings = _settings(admin, topics)
    folders = _data_folders(kafka)
    return [
        {
            "topic": name,
            "what": role_of(name).what,
            "partitions": counts[name],
            "records": sum(high[name, number] - low[name, number] for number in range(counts[name])),
            "bytes": _bytes(folders, name, counts[name]) if folders else None,
            "cleanup": settings[name].get("cleanup.policy", ""),
            "kept": kept(settings[name]),
        }
        for name in topics
    ]


def kept(settings: dict[str, str]) -> str:
    """How long records stay, in words."""
    policy = settings.get("cleanup.policy", "delete")
    words = ["last of each key"] if "compact" in policy else []
    if "delete" in policy:
        milliseconds, size = int(settings.get("retention.ms", "-1")), int(settings.get("retention.bytes", "-1"))
        words.append("for ever" if milliseconds < 0 else _duration(milliseconds))
        if size >= 0:
            words.append(f"{size / 1e6:.0f} MB a partition")
    return ", ".join(words)


def _duration(milliseconds: int) -> str:
    for unit, length in (("days", DAY_MS), ("hours", HOUR_MS)):
        if milliseconds >= 2 * length:
            return f"{milliseconds / length:.3g} {unit}"
    return f"{milliseconds / 1000:.3g} s"


def _settings(admin: AdminClient, topics: Iterable[str]) -> dict[str, dict[str, str]]:
    resources = [ConfigResource(ResourceType.TOPIC, name) for name in topics]
    if not resources:
        return {}
    found = {}
    for resource, future in admin.describe_configs(resources, request_timeout=ADMIN_TIMEOUT_S).items():
        try:
            found[resource.name] = {name: entry.value for name, entry in future.result().items()}
        except KafkaException as error:
            raise LogError(
                f"the settings of topic {resource.name} cannot be read: {offsets.reason(error)}", topic=resource.name
            ) from error
    return found


def _data_folders(kafka: KafkaSettings) -> list[Path]:
    """Where the embedded Kafka keeps its segments, if that is the one we talk to (librdkafka cannot ask a broker)."""
    endpoint = running(data_root() / "kafka")
    if endpoint is None or endpoint.bootstrap_servers != kafka.bootstrap_servers:
        return []
    return sorted(endpoint.data_dir.glob("node-*/data"))


def _bytes(folders: Iterable[Path], topic: str, partitions: int) -> int:
    total = 0
    for folder in folders:
        for number in range(partitions):
            for segment in (folder / f"{topic}-{number}").glob("*.log"):
                try:
                    total += segment.stat().st_size
                except FileNotFoundError:  # Kafka removed it just now
                    continue
    return total

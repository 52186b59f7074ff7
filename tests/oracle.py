"""What a server must hold, worked out without it: its log, read whole and folded in memory."""

from collections.abc import Sequence
from dataclasses import dataclass

import httpx

from omrs_schemas.codec import EventCodec
from omrs_streams.fold.effect import Effect
from omrs_streams.fold.memory import MemoryFold
from omrs_streams.log.consumer import read_all
from omrs_streams.log.kafka import KafkaSettings
from omrs_streams.log.names import server_log
from omrs_streams.log.record import LogRecord
from omrs_streams.replay.log import server_type_system
from omrs_streams.settings import BUILTIN_TYPES
from omrs_streams.store.digest import PartitionDigest, digest
from workers import PARTITIONS, Running, eventually

DIGEST_S = 120.0  # a digest decodes every revision, on a machine that does other things


@dataclass(frozen=True, slots=True)
class Oracle:
    """A server's log at one moment: a fold per partition, and what every record did, by partition in log order."""

    folds: dict[int, MemoryFold]
    effects: dict[int, list[Effect]]
    codec: EventCodec

    @property
    def digests(self) -> dict[int, PartitionDigest]:
        return {number: digest(fold, self.codec) for number, fold in self.folds.items()}

    @property
    def guids(self) -> set[str]:
        return {guid for fold in self.folds.values() for guid in fold.guids()}

    def revisions(self, guid: str) -> int:
        """How often the guid was changed, over all partitions: a guid belongs to one."""
        return sum(meta.revision for fold in self.folds.values() if (meta := fold.get_meta(guid)) is not None)

    def effective_twice(self) -> list[str]:
        """Event ids that changed something more than once. There must be none."""
        seen: set[str] = set()
        twice = []
        for effects in self.effects.values():
            for effect in effects:
                if effect.effective:
                    if effect.record.event_id in seen:
                        twice.append(effect.record.event_id)
                    seen.add(effect.record.event_id)
        return twice


def read_oracle(
    bootstrap_servers: str, server: str, *, partitions: int = PARTITIONS, types: str = BUILTIN_TYPES
) -> Oracle:
    """The oracle of `server` as its log is now. PoisonRecordError where a record is none of a server's."""
    kafka = KafkaSettings(bootstrap_servers=bootstrap_servers)
    records: dict[int, list[LogRecord]] = {number: [] for number in range(partitions)}
    for message in read_all(kafka.bulk_consumer("omrs.oracle"), server_log(server), partitions):
        number = message.partition()
        record = LogRecord.parse(number, message.offset(), message.key(), message.value(), message.headers())
        records[number].append(record)
    folds = {number: MemoryFold(number) for number in records}
    effects = {number: folds[number].apply(found) for number, found in records.items()}
    return Oracle(folds, effects, EventCodec(server_type_system(kafka, server, types)))


def live_digests(workers: Sequence[Running]) -> dict[int, PartitionDigest]:
    """The digest of every partition that one of `workers` serves at this moment."""
    found = {}
    for running in workers:
        for partition in running.ask("/status")["partitions"]:
            url = f"{running.url}/internal/v1/digest"
            body = {"partition": partition["partition"]}
            answer = httpx.post(url, json=body, timeout=DIGEST_S, trust_env=False).json()
            if answer and "digest" in answer:
                found[partition["partition"]] = PartitionDigest(**answer["digest"])
    return found


def agrees(bootstrap_servers: str, workers: Sequence[Running], *, types: str = BUILTIN_TYPES) -> Oracle:
    """The oracle of the workers' server, once their stores are equal to it; AssertionError when they never are."""
    server = workers[0].server
    oracle = read_oracle(bootstrap_servers, server, types=types)
    wanted = oracle.digests
    eventually(lambda: live_digests(workers) == wanted, f"the stores of {server} equal the fold of its log: {wanted}")
    return oracle

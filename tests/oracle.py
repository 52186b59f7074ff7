"""The oracle: what a server's log makes of a store, folded in memory record by record, without the store's code."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field

import httpx

from omrs_schemas.codec import EventCodec
from omrs_schemas.errors import PoisonRecordError
from omrs_schemas.typedefs.system import TypeSystem
from omrs_streams.fold.memory import MemoryFold
from omrs_streams.log.consumer import read_all, watermarks
from omrs_streams.log.kafka import KafkaSettings
from omrs_streams.log.names import server_log, server_types
from omrs_streams.log.record import LogRecord
from omrs_streams.replay.verify import INTERNAL_DIGEST
from omrs_streams.store.digest import PartitionDigest, digest
from omrs_streams.worker.types import take_in
from workers import PARTITIONS, Running, eventually


@dataclass
class Log:
    """Everything that stands in a server's log: folds and raw records by partition."""

    folds: dict[int, MemoryFold]
    records: list[LogRecord]
    effective: list[LogRecord]
    codec: EventCodec
    _by_guid: dict[str, list[LogRecord]] = field(default_factory=dict)

    def digests(self) -> dict[int, PartitionDigest]:
        return {number: digest(fold, self.codec) for number, fold in self.folds.items()}

    def guids(self) -> set[str]:
        return {guid for fold in self.folds.values() for guid in fold.guids()}

    def revisions(self, guid: str) -> list[LogRecord]:
        """The records that changed `guid`, in order."""
        if not self._by_guid:
            for record in self.effective:
                self._by_guid.setdefault(record.key, []).append(record)
        return self._by_guid.get(guid, [])


def read_log(bootstrap_servers: str, server: str, partitions: int = PARTITIONS) -> Log:
    """Read and fold the whole log of `server`."""
    conf = KafkaSettings(bootstrap_servers=bootstrap_servers).bulk_consumer(f"oracle.{server}")
    types = TypeSystem.builtin()
    codec = EventCodec(types)
    kept = [((m.key() or b"").decode(), m.value(), m.offset()) for m in read_all(conf, server_types(server), 1)]
    take_in(types, codec, server_types(server), kept)
    folds = {number: MemoryFold(number) for number in range(partitions)}
    records: list[LogRecord] = []
    effective: list[LogRecord] = []
    for message in read_all(conf, server_log(server), partitions):
        fold = folds[message.partition()]
        try:
            record = LogRecord.parse(
                message.partition(), message.offset(), message.key(), message.value(), message.headers()
            )
        except PoisonRecordError:
            fold.skip_to(message.offset() + 1)
            continue
        records.append(record)
        effective.extend(effect.record for effect in fold.apply([record]) if effect.effective)
    for number, (_, end) in enumerate(watermarks(conf, server_log(server), partitions)):
        folds[number].skip_to(end)
    return Log(folds, records, effective, codec)


def live_digests(*workers: Running) -> Iterator[PartitionDigest]:
    """The digest of every partition that one of `workers` serves."""
    for running in workers:
        for entry in running.ask("/status")["partitions"]:
            body = {"partition": entry["partition"]}
            answer = httpx.post(running.url + INTERNAL_DIGEST, json=body, timeout=60.0, trust_env=False)
            if answer.status_code == 200 and answer.json() is not None:
                yield PartitionDigest(**answer.json()["digest"])


def equals_its_log(bootstrap_servers: str, *workers: Running, within: float = 60.0) -> Log:
    """The stores of all workers of one server hold exactly what the fold of its log holds; the log.

    Also: no event id was effective twice.
    """
    last: list[object] = []

    def equal() -> Log | None:
        log = read_log(bootstrap_servers, workers[0].server)
        wanted = log.digests()
        found = {each.partition: each for each in live_digests(*workers)}
        last[:] = [wanted, found]
        return log if found == wanted else None

    try:
        log = eventually(equal, "stores equal to the fold of the log", within=within, every=0.3)
    except AssertionError:
        wanted, found = last
        assert found == wanted
        raise
    counted = Counter(record.event_id for record in log.effective)
    repeated = [
        f"{r.event_id} {r.kind} {r.key} {r.origin} [{r.partition}]@{r.offset}"
        for r in log.effective
        if counted[r.event_id] > 1
    ]
    assert not repeated, f"events applied twice: {repeated}"
    return log

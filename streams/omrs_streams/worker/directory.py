"""Who owns which partition: each worker writes what it was assigned to the server's `workers` topic (DESIGN.md,
"Horizontal scale"). The last writer of a partition is its owner; the topic's order decides, not a clock."""

import asyncio
import json
from dataclasses import dataclass
from typing import Any

from omrs_schemas.errors import NotReadyError
from omrs_streams.log.consumer import read_all
from omrs_streams.log.names import server_workers
from omrs_streams.log.producer import LogProducer
from omrs_streams.log.view import Change, TopicView

ANSWER_S = 10.0
"""Seconds within which a live worker answers a look at its health: milliseconds, but for a busy machine."""


@dataclass(frozen=True, slots=True)
class Owner:
    worker: str
    url: str


def read_owners(conf: dict[str, Any], topic: str) -> dict[int, Owner]:
    """The owners by partition as they stand in the topic now."""
    found: dict[int, Owner] = {}
    for message in read_all(conf, topic, 1):
        _take(found, (message.key() or b"").decode(), message.value())
    return found


def _take(owners: dict[int, Owner], key: str, value: bytes | None) -> None:
    if value is None:
        owners.pop(int(key), None)
    else:
        found = json.loads(value)
        owners[int(key)] = Owner(found["worker"], found["url"])


class OwnerDirectory:
    """The owners of a server's partitions, as far as this worker has read."""

    def __init__(self, conf: dict[str, Any], server: str, producer: LogProducer) -> None:
        self._owners: dict[int, Owner] = {}
        self._changed = asyncio.Event()
        self._producer = producer
        self.topic = server_workers(server)
        self.view = TopicView(conf, self.topic, self._apply)

    def _apply(self, changes: list[Change]) -> None:
        for key, value, _ in changes:
            _take(self._owners, key, value)
        self._changed.set()
        self._changed = asyncio.Event()

    async def announce(self, partitions: list[int], owner: Owner) -> None:
        """Tell every worker that `owner` now serves `partitions`."""
        value = json.dumps({"worker": owner.worker, "url": owner.url}).encode()
        offsets = await self._producer.send_batch([(self.topic, 0, str(p).encode(), value, []) for p in partitions])
        if offsets:
            await self.view.passed(max(offsets))

    def owner(self, partition: int) -> Owner | None:
        return self._owners.get(partition)

    def owners(self) -> dict[int, Owner]:
        return dict(self._owners)

    async def changed(self, timeout: float) -> None:
        """Wait until the directory changes, at most `timeout` seconds."""
        try:
            await asyncio.wait_for(self._changed.wait(), timeout)
        except TimeoutError:
            return

    def not_ready(self, partition: int, why: str) -> NotReadyError:
        return NotReadyError(
            f"partition {partition} is not served at the moment: {why}",
            help="a worker is starting, stopping or catching up; ask again in a second (`omrs status` shows which)",
            partition=partition,
        )

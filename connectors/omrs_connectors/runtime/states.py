"""What is known of every connector of a daemon, wherever it runs: the `state` topic, folded in every worker.

One compacted topic of one partition, so that its order decides. Keys: `connector/<id>`, `partition/<n>` (which worker
has claimed the connectors of that partition of the command topic), `release/<id>` (the claim under which the connector
was stopped), `worker/<name>` (a heartbeat).

A worker writes a connector's state under its claim of the partition. Once another worker has claimed the partition and
written, what is still written under the earlier claim is not taken: a worker that was paused while its partition moved
changes nothing by what it says afterwards.
"""

import asyncio
import json
import logging
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import orjson

from omrs_streams.log.names import daemon_state
from omrs_streams.log.partition import partition_of
from omrs_streams.log.producer import LogProducer
from omrs_streams.log.topics import COMPACTED, TopicSpec
from omrs_streams.log.view import Change, TopicView

log = logging.getLogger(__name__)

State = dict[str, Any]

HEARTBEAT_S = 1.0
LEASE_S = 5.0  # a worker that has not been heard of for so long does not refresh any more, and others need not wait


@dataclass(frozen=True, slots=True)
class Claim:
    """A partition's connectors belong to this worker process."""

    claim: str
    worker: str
    instance: str
    offset: int


@dataclass(frozen=True, slots=True)
class Heartbeat:
    """`heard`: when it was read here, on the monotonic clock."""

    instance: str
    url: str
    heard: float


def state_topic(daemon: str) -> TopicSpec:
    return TopicSpec(daemon_state(daemon), 1, COMPACTED)


class States:
    """The folded topic. `on_claim` is called with each partition that is claimed by anybody, `on_refused` with a
    connector whose state was written too late."""

    def __init__(self, conf: dict[str, Any], daemon: str, partitions: int, producer: LogProducer) -> None:
        self.connectors: dict[str, State] = {}
        self.released: dict[str, str] = {}
        self.claims: dict[int, Claim] = {}
        self.workers: dict[str, Heartbeat] = {}
        self.on_claim: Callable[[int], None] = lambda partition: None
        self.on_refused: Callable[[str], None] = lambda connector_id: None
        self.partitions = partitions
        self._producer = producer
        self._topic = daemon_state(daemon)
        self.view = TopicView(conf, self._topic, self._apply)

    def partition(self, connector_id: str) -> int:
        return partition_of(connector_id, self.partitions)

    async def write(self, connector_id: str, state: Mapping[str, Any] | None) -> None:
        """None: the connector is gone."""
        await self._send(f"connector/{connector_id}", state)
        if state is None:
            await self._send(f"release/{connector_id}", None)

    async def release(self, connector_id: str, state: Mapping[str, Any]) -> None:
        """The connector has been stopped here: its last state, and that the claim it ran under is over."""
        await self._send(f"connector/{connector_id}", state)
        await self._send(f"release/{connector_id}", {"claim": state.get("claim", "")})

    async def claim(self, partition: int, claim: str, worker: str, instance: str) -> None:
        """Once this returns, everything that was written before the claim has been taken here."""
        said = {"claim": claim, "worker": worker, "instance": instance}
        await self.view.passed(await self._send(f"partition/{partition}", said))

    async def beat(self, worker: str, instance: str, url: str) -> None:
        """Once this returns, claims that others wrote before the heartbeat are known here."""
        await self.view.passed(await self._send(f"worker/{worker}", {"instance": instance, "url": url}), LEASE_S)

    async def gone(self, worker: str) -> None:
        """The worker has stopped in order."""
        await self._send(f"worker/{worker}", None)

    def alive(self, worker: str, instance: str) -> bool:
        """Whether that process was heard of within the lease."""
        found = self.workers.get(worker)
        return found is not None and found.instance == instance and time.monotonic() - found.heard < LEASE_S

    async def _send(self, key: str, value: Mapping[str, Any] | None) -> int:
        body = None if value is None else _json(value)
        [offset] = await self._producer.send_batch([(self._topic, 0, key.encode(), body, [])])
        return offset

    def _apply(self, changes: list[Change]) -> None:
        for key, value, offset in changes:
            kind, _, name = key.partition("/")
            try:
                state = None if value is None else orjson.loads(value)
                if state is not None and not isinstance(state, dict):
                    raise TypeError(f"a mapping is expected, not {type(state).__name__}")
                self._take(kind, name, state, offset)
            except (ValueError, KeyError, TypeError) as error:  # somebody else's record must not end the view
                log.error("%s@%d (%s) is no state of a daemon: %s", self._topic, offset, key, error)

    def _take(self, kind: str, name: str, state: State | None, offset: int) -> None:
        if kind == "worker":
            if state is None:
                self.workers.pop(name, None)
            else:
                self.workers[name] = Heartbeat(state["instance"], state["url"], time.monotonic())
        elif kind == "partition" and state is not None:
            self.claims[int(name)] = Claim(state["claim"], state["worker"], state["instance"], offset)
            self.on_claim(int(name))
        elif kind == "release":
            if state is None:
                self.released.pop(name, None)
            else:
                self.released[name] = state["claim"]
        elif kind == "connector":
            if state is None:
                self.connectors.pop(name, None)
            elif self._too_late(name, state, offset):
                self.on_refused(name)
            else:
                self.connectors[name] = state

    def _too_late(self, connector_id: str, state: State, offset: int) -> bool:
        """Another worker has claimed the connector before, and has written its state since."""
        claim, known = self.claims.get(self.partition(connector_id)), self.connectors.get(connector_id, {})
        if claim is None or claim.offset > offset or state.get("claim") == claim.claim:
            return False
        return known.get("claim") == claim.claim


def _json(value: Mapping[str, Any]) -> bytes:
    try:
        return orjson.dumps(value, default=str, option=orjson.OPT_NON_STR_KEYS)
    except TypeError:  # an integer of more than 64 bits in somebody's configuration
        return json.dumps(value, default=str).encode()


async def beating(states: States, worker: str, instance: str, url: str, beaten: Callable[[float], None]) -> None:
    """Heartbeats until it is cancelled; `beaten` after each that Kafka has taken, with when it was begun: a process may
    be paused between any two steps, and the others count from when they heard it."""
    while True:
        began = time.monotonic()
        try:
            await states.beat(worker, instance, url)
            beaten(began)
        except Exception as error:  # Kafka is away: without heartbeats the lease ends, and with it the refreshes
            log.warning("no heartbeat of worker %s: %s", worker, error)
        await asyncio.sleep(HEARTBEAT_S)

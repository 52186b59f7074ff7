"""The connectors of a daemon, and those of them that this worker runs.

What is configured, claimed and asked for is made true connector by connector, each by a task of its own, so that one
that hangs delays no other.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import Any

from omrs_connectors.runtime.commands import CHANGES, Command, folded
from omrs_connectors.runtime.configuring import Configured
from omrs_connectors.runtime.feed import Feed
from omrs_connectors.runtime.inbox import Inbox, Positions
from omrs_connectors.runtime.lane import ConnectorLane
from omrs_connectors.runtime.ownership import Ownership
from omrs_connectors.runtime.states import State, States
from omrs_connectors.sdk.config import IntegrationConnectorConfig
from omrs_connectors.sdk.connections import parse_connection
from omrs_schemas.errors import InvalidParameterError, OmrsError, PoisonRecordError
from omrs_streams.worker.faust_app import WithdrawnError

log = logging.getLogger(__name__)

IDS = "INTEGRATION-DAEMON-SERVICES-"
POSITIONS_S = 3.0  # how much of its topics a connector reads again after a kill, in time
WAIT_S = 0.1  # between looks at whether another worker has let go of a connector
REWRITE_S = 1.0  # before a state that Kafka did not take is written again


MakeLane = Callable[[Configured, Inbox], ConnectorLane]
Bury = Callable[[Any, Exception], None]


class Fleet:
    """`configured` by connector id is what shall run in all workers; `lanes` is what runs here."""

    def __init__(
        self,
        states: States,
        feed: Feed,
        make_lane: MakeLane,
        audit: Any,
        bury: Bury,
        worker: str,
        instance: str,
    ) -> None:
        self.configured: dict[str, Configured] = {}
        self.lanes: dict[str, ConnectorLane] = {}
        self.ownership: Ownership | None = None
        self._states = states
        self._feed = feed
        self._make_lane = make_lane
        self._audit = audit
        self._bury = bury
        self._worker = worker
        self._instance = instance
        self._held = True
        self._origins: dict[str, dict[str, Configured]] = {}
        self._kept: dict[str, State] = {}  # what this worker knows beyond the topic of the connectors it runs
        self._inboxes: dict[str, Inbox] = {}
        self._tasks: dict[str, asyncio.Task[None]] = {}
        self._dirty: set[str] = set()
        self._written: dict[str, dict[str, Positions]] = {}
        self._writing: asyncio.Task[None] | None = None
        self._unsettled: set[str] = set()
        self._positions_at = 0.0
        self._closing = False
        states.on_refused = self._refused

    # What shall run

    def supply(self, origin: str, connectors: Mapping[str, Configured]) -> None:
        """Replaces what an origin (service or group) brings. Of two that have the same id the first counts."""
        self._origins[origin] = dict(connectors)
        merged: dict[str, Configured] = {}
        for each in self._origins.values():
            for connector_id, configured in each.items():
                merged.setdefault(connector_id, configured)
        before, self.configured = self.configured, merged
        self.settle(each for each in {*before, *merged} if before.get(each) != merged.get(each))

    def ownership_changed(self) -> None:
        self.settle({*self.configured, *self.lanes})

    def begin(self) -> None:
        """From now on what is configured and owned is run as it comes."""
        self._held = False
        self.ownership_changed()

    async def open(self, connector_ids: Sequence[str], within: float) -> None:
        """Opens those of the connectors that are this worker's, in order; the others and what takes longer than
        `within` seconds go on by themselves."""
        tasks = [self._task_of(each) for each in connector_ids if self._claim(each) and each in self.configured]
        if tasks:
            await asyncio.wait(tasks, timeout=max(within, 0.0))

    def settle(self, connector_ids: Iterable[str]) -> None:
        """Makes what runs here what shall run here."""
        if self._held or self._closing:
            return
        for connector_id in connector_ids:
            if connector_id in self._tasks:
                self._unsettled.add(connector_id)
            else:
                self._task_of(connector_id)

    def wake(self, connector_id: str) -> None:
        """A pass of the connector, if it runs here: something that it works on has changed."""
        lane = self.lanes.get(connector_id)
        if lane is not None:
            lane.wake()

    # What is asked for

    async def fold(self, messages: Sequence[Any]) -> None:
        """The Faust agent's batch of the command topic, of one partition. A command is done with when it stands in the
        state of its connector."""
        for message in messages:
            try:
                await self._command(Command.from_record(message.key, message.value))
            except (PoisonRecordError, InvalidParameterError) as error:
                self._bury(message, error)

    async def _command(self, command: Command) -> None:
        connector_id = command.connector_id
        while not self._claim(connector_id):
            if self.ownership is None or not self.ownership.may_claim(connector_id):
                raise WithdrawnError(f"connector {connector_id} belongs to another worker")
            await asyncio.sleep(WAIT_S)
        state = self._state(connector_id)
        after = folded(state, command)
        if after is state:
            return
        self._kept[connector_id] = after
        claim = self._claim(connector_id)
        if not await self._persist(partial(self._write, connector_id)) or self._claim(connector_id) != claim:
            raise WithdrawnError(f"connector {connector_id} moved meanwhile: its next owner carries this out")
        lane = self.lanes.get(connector_id)
        if lane is None:
            return  # it sees what was asked for when it is opened
        if command.kind == "refresh":
            lane.request_refresh(command.id, command.user)
        elif command.kind == "restart":
            lane.request_restart(command.id, command.user)
        elif command.kind in CHANGES:
            cleared = command.kind == "configuration" and not command.body.get("properties")
            self._audit.record(
                IDS + ("0016" if cleared else "0015"),
                connector=lane.name,
                connector_id=connector_id,
                user=command.user,
                method=command.kind,
            )
            self.settle([connector_id])

    # What runs

    def tick(self, now_ms: int, monotonic: float, *, passes: bool) -> None:
        """Each second. `passes`: whether new ones may start: not while the ownership of connectors is not certain."""
        if passes:
            for lane in list(self.lanes.values()):
                lane.tick(now_ms, monotonic)
        if monotonic - self._positions_at >= POSITIONS_S:
            self._positions_at = monotonic
            for connector_id, inbox in self._inboxes.items():
                if inbox.positions != self._written.get(connector_id):
                    self._changed(connector_id)

    def report(self, connector_id: str) -> dict[str, Any]:
        """IntegrationConnectorReport, from memory: of the lane here, else as its worker last said."""
        lane = self.lanes.get(connector_id)
        if lane is not None:
            return {**lane.snapshot(), "worker": self._worker}
        state = self._states.connectors.get(connector_id, {})
        found = state.get("report")
        if found is not None:
            return {**found, "worker": state.get("worker", "")}
        config = self.configured[connector_id].config
        return {
            "class": "IntegrationConnectorReport",
            "connectorId": connector_id,
            "connectorName": config.connector_name,
            "connectorStatus": "STOPPED",
            "minMinutesBetweenRefresh": config.refresh_time_interval,
            "failingExceptionMessage": "no worker runs it yet",
            "statistics": {},
        }

    def effective(self, connector_id: str) -> IntegrationConnectorConfig:
        """Its configuration with what commands have laid over it."""
        config, over = self.configured[connector_id].config, self._state(connector_id).get("overrides", {})
        given = over.get("connection")
        connection = None if given is None else parse_connection(given)
        properties = over.get("properties")
        if properties is None and over.get("merged"):
            properties = (connection or config.connection).configuration_properties
        if properties is not None:
            properties = {**properties, **over.get("merged", {})}
        return config.with_overrides(
            connection=connection, network_address=over.get("networkAddress"), configuration_properties=properties
        )

    async def close(self) -> None:
        """Ends all connectors at once, each within its time, and lets go of them."""
        self._closing = True
        for task in self._tasks.values():
            task.cancel()
        await asyncio.gather(*(self._close_lane(each) for each in list(self.lanes)), return_exceptions=True)
        if self._writing is not None:
            self._writing.cancel()

    def _claim(self, connector_id: str) -> str | None:
        return None if self.ownership is None else self.ownership.claim_of(connector_id)

    def _task_of(self, connector_id: str) -> "asyncio.Task[None]":
        task = self._tasks.get(connector_id)
        if task is None:
            task = asyncio.create_task(self._settle(connector_id), name=f"settle-{connector_id}")
            self._tasks[connector_id] = task
            task.add_done_callback(lambda done: self._settled(connector_id, done))
        return task

    def _settled(self, connector_id: str, task: "asyncio.Task[None]") -> None:
        del self._tasks[connector_id]
        if not task.cancelled() and task.exception() is not None:
            log.error("connector %s could not be set up", connector_id, exc_info=task.exception())
        if connector_id in self._unsettled and not self._closing:
            self._unsettled.discard(connector_id)
            self._task_of(connector_id)

    async def _settle(self, connector_id: str) -> None:
        configured, lane = self.configured.get(connector_id), self.lanes.get(connector_id)
        if configured is None or not self._claim(connector_id):
            if lane is not None:
                await self._close_lane(connector_id)
            if configured is None and self._claim(connector_id) and connector_id in self._states.connectors:
                self._kept.pop(connector_id, None)
                await self._persist(partial(self._states.write, connector_id, None))
        elif lane is None:
            await self._open_lane(connector_id, configured)
        elif (lane.service, lane.partner) != (configured.service, configured.partner):
            await self._close_lane(connector_id)
            await self._open_lane(connector_id, configured)
        else:
            await lane.reconfigure(self.effective(connector_id))

    async def _open_lane(self, connector_id: str, configured: Configured) -> None:
        if not await self._free(connector_id):
            return
        state = self._state(connector_id)
        inbox = Inbox(self._feed, {key: _numbers(found) for key, found in state.get("positions", {}).items()})
        lane = self._make_lane(replace(configured, config=self.effective(connector_id)), inbox)
        inbox.on_begin = partial(self._changed, connector_id)
        lane.on_change = lambda changed: self._changed(changed.connector_id)
        self.lanes[connector_id], self._inboxes[connector_id] = lane, inbox
        asked, handled = state.get("asked", {}), state.get("handled", {})
        # Built anew it is restarted; what was asked for before is done by that.
        restarted = {kind: asked[kind] for kind in ("restart",) if kind in asked}
        self._kept[connector_id] = {**state, "handled": {**handled, **restarted}}
        await self._persist(partial(self._write, connector_id))
        if asked.get("refresh") != handled.get("refresh"):
            lane.request_refresh(asked["refresh"])
        await lane.open()
        self._changed(connector_id)

    async def _free(self, connector_id: str) -> bool:
        """Waits until no other worker runs the connector: it has let go of it, or is not heard of any more."""
        while self._claim(connector_id):
            state = self._states.connectors.get(connector_id)
            if state is None or not state.get("claim") or state.get("worker") == self._worker:
                return True
            if self._states.released.get(connector_id) == state["claim"]:
                return True
            if not self._states.alive(state["worker"], state["instance"]):
                return True
            await asyncio.sleep(WAIT_S)
        return False

    async def _close_lane(self, connector_id: str) -> None:
        lane, inbox = self.lanes[connector_id], self._inboxes[connector_id]
        await lane.close()
        self.lanes.pop(connector_id, None)
        self._inboxes.pop(connector_id, None)
        self._dirty.discard(connector_id)
        state = self._kept.pop(connector_id, {})
        handled = {**state.get("handled", {}), **lane.handled}
        said = {**state, "report": lane.snapshot(), "positions": inbox.positions, "handled": handled}
        await self._persist(partial(self._states.release, connector_id, said))  # another worker waits for it

    async def _persist(self, write: Callable[[], Awaitable[None]]) -> bool:
        """However long Kafka is away, but not longer than this worker lives: whether it was written."""
        while True:
            try:
                await write()
                return True
            except OmrsError as error:
                log.warning("the state of a connector is written again: %s", error)
                if self._closing or not error.retriable:
                    return False
                await asyncio.sleep(REWRITE_S)

    # What is kept

    def _state(self, connector_id: str) -> State:
        found = self._kept.get(connector_id)
        return found if found is not None else self._states.connectors.get(connector_id, {})

    def _refused(self, connector_id: str) -> None:
        """Another worker wrote after this one: in the compacted topic its record would be the one that remains."""
        if self._claim(connector_id):
            self._changed(connector_id)

    def _changed(self, connector_id: str) -> None:
        self._dirty.add(connector_id)
        if self._writing is None or self._writing.done():
            self._writing = asyncio.create_task(self._write_dirty(), name="connector-states")

    async def _write_dirty(self) -> None:
        while self._dirty:
            writing = list(self._dirty)
            self._dirty.clear()
            results = await asyncio.gather(*map(self._write, writing), return_exceptions=True)
            again: set[str] = set()
            for connector_id, error in zip(writing, results, strict=True):
                if isinstance(error, OmrsError) and error.retriable:
                    again.add(connector_id)
                elif isinstance(error, Exception):
                    log.error("the state of connector %s cannot be kept", connector_id, exc_info=error)
            if again:
                log.warning("Kafka does not take the states of %d connectors: they are written again", len(again))
                self._dirty |= again
                await asyncio.sleep(REWRITE_S)

    async def _write(self, connector_id: str) -> None:
        claim = self._claim(connector_id)
        if not claim:
            return
        state = {**self._state(connector_id), "claim": claim, "worker": self._worker, "instance": self._instance}
        lane, inbox = self.lanes.get(connector_id), self._inboxes.get(connector_id)
        if lane is not None and inbox is not None:
            self._written[connector_id] = inbox.positions
            state.update(
                report=lane.snapshot(),
                positions=inbox.positions,
                handled={**state.get("handled", {}), **lane.handled},
            )
        self._kept[connector_id] = state
        await self._states.write(connector_id, state)


def _numbers(positions: Mapping[str, int]) -> Positions:
    """Partition numbers are texts in JSON."""
    return {int(number): offset for number, offset in positions.items()}

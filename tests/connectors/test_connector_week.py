"""Two hundred lanes over a simulated week: clocks that jump, edits, long passes; nothing is missed or doubled.

The lanes are real, their connectors are not: a call takes virtual time, which the test lets go by.
"""

import asyncio
import heapq
import random
import time
from collections import defaultdict
from datetime import UTC, datetime
from itertools import count, pairwise
from math import inf
from typing import Any

from connector_lives import PARTNER, Journal, Topics, config_of, nobodys_client
from pytest import MonkeyPatch

from omrs_connectors.runtime.calling import Calls
from omrs_connectors.runtime.inbox import Inbox
from omrs_connectors.runtime.lane import ConnectorLane
from omrs_connectors.runtime.metrics import DaemonMetrics
from omrs_connectors.runtime.notes import Became, Built
from omrs_connectors.runtime.status import ConnectorStatus as Status
from omrs_connectors.runtime.surroundings import Surroundings
from omrs_connectors.sdk import ConnectorBroker, IntegrationConnectorConfig
from omrs_connectors.services.registry import GENERIC
from omrs_streams.client.decoder import OutEventDecoder

LANES = 200
TICK = 60.0  # seconds; a daemon looks every second, which changes nothing but how late a pass may be
WEEK = 7 * 24 * 3_600.0
FIRST = int(datetime(2026, 3, 27, 12, tzinfo=UTC).timestamp() * 1_000)  # two nights before Europe's clocks change
HOUR = 3_600.0


class World:
    """Virtual time, and who waits for it."""

    def __init__(self) -> None:
        self.monotonic = 0.0
        self.offset = 0.0  # of the wall clock, from where it would be had nobody set it
        self._waiting: list[tuple[float, int, asyncio.Future[None]]] = []
        self._numbers = count()

    def wall(self) -> int:
        return FIRST + int((self.monotonic + self.offset) * 1_000)

    async def sleep(self, seconds: float) -> None:
        if seconds > 0 and self.monotonic < WEEK:
            future = asyncio.get_running_loop().create_future()
            heapq.heappush(self._waiting, (self.monotonic + seconds, next(self._numbers), future))
            await future

    def wake(self) -> None:
        while self._waiting and self._waiting[0][0] <= self.monotonic:
            _, _, future = heapq.heappop(self._waiting)
            if not future.done():
                future.set_result(None)


class VirtualHost:
    """A host whose connector only takes time; what it did stands in `passes`."""

    def __init__(self, world: World, config: IntegrationConnectorConfig, tell: Any, passes: list[tuple[float, float]]):
        self.world, self.config, self.tell, self.passes = world, config, tell, passes

    async def call(self, method: str, *arguments: Any) -> Any:
        if method == "initialize":
            self.tell(Built("instance"))
            self.tell(Became(Status.INITIALIZED, self.world.wall()))
        elif method == "start":
            self.tell(Became(Status.RUNNING, self.world.wall()))
        elif method == "refresh":
            began = self.world.monotonic
            await self.world.sleep(float(self.config.configuration_properties["takes"]))
            self.passes.append((began, self.world.monotonic))
            return True
        return ""

    def configure(self, config: IntegrationConnectorConfig) -> None:
        self.config = config

    def stop(self) -> None:
        pass

    def give_up(self) -> None:
        pass

    def end(self) -> None:
        pass


class Week:
    """The lanes, the lives of each (when it was built) and its passes."""

    def __init__(self, world: World, chance: random.Random) -> None:
        self.world = world
        self.passes: dict[str, list[tuple[float, float]]] = defaultdict(list)
        self.lives: dict[str, list[float]] = defaultdict(list)
        self.intervals: dict[str, list[tuple[float, float]]] = defaultdict(list)  # from when on, seconds
        client = nobodys_client()
        self.around = Surroundings(
            daemon="d",
            worker="w",
            partner=PARTNER,
            client=client,
            broker=ConnectorBroker(lambda provider: None),
            clock=world.wall,
            monotonic=lambda: world.monotonic,
            audit=Journal(),
            reports=Journal(),
            max_page_size=500,
            decoder=OutEventDecoder(client),
            bury=self._bury,
            metrics=DaemonMetrics(),
        )
        self.lanes = [self._lane(number, chance) for number in range(LANES)]

    def _lane(self, number: int, chance: random.Random) -> ConnectorLane:
        config = config_of(
            connectorName=f"connector-{number}",
            refreshTimeInterval=chance.choice([0, 30, 60, 61.5, 600, 1_440]),
            configurationProperties={"takes": chance.choice([0.0, 2.0, 400.0, 5_000.0])},
            deadlines={"refresh": 100_000},
        )
        self.intervals[config.connector_name] = [(0.0, config.refresh_time_interval * 60)]
        return ConnectorLane(config, GENERIC, self.around, Inbox(Topics()))

    async def _bury(self, *_: Any) -> None:
        raise AssertionError("there are no events in this week")

    def new_host(self, calls: Calls) -> VirtualHost:
        name = calls._config.connector_name
        self.lives[name].append(self.world.monotonic)
        return VirtualHost(self.world, calls._config, calls._tell, self.passes[name])

    async def settled(self) -> None:
        """Until nothing can happen at this moment any more."""
        for _ in range(12):
            await asyncio.sleep(0)

    async def tick(self) -> None:
        self.world.wake()
        await self.settled()
        for lane in self.lanes:
            lane.tick(self.world.wall(), self.world.monotonic)
        await self.settled()
        self.world.monotonic += TICK

    def check(self, lane: ConnectorLane) -> int:
        """Of each life: refreshed at once, then whenever the interval has gone by since the last pass ended."""
        passes, lives = self.passes[lane.name], self.lives[lane.name]
        late = 2 * TICK
        assert all(earlier[1] <= later[0] for earlier, later in pairwise(passes))
        for begin, end in pairwise([*lives, WEEK]):
            dues = [begin]
            for began, ended in (one for one in passes if begin <= one[0] < end):
                assert any(due <= began <= due + late for due in dues), f"{lane.name}: {began} instead of {dues}"
                dues = self.dues_after(lane.name, ended)
            busy = float(lane.config.configuration_properties["takes"]) + late  # of a pass that has not ended
            assert dues[-1] + busy > end, f"{lane.name}: nothing after {dues}"
        return len(passes)

    def dues_after(self, name: str, ended: float) -> list[float]:
        """When a pass is due after one that has ended, with the intervals as they were changed. Two moments where the
        change came after the first and before the lane was looked at again."""
        dues = []
        for (since, interval), (until, _) in pairwise([*self.intervals[name], (inf, 0.0)]):
            due = max(since, ended + interval)
            if interval > 0 and due < until:
                dues.append(due)
                if due + TICK < until:
                    break
        return dues or [inf]


def test_a_week_of_two_hundred_connectors(monkeypatch: MonkeyPatch) -> None:
    seed = random.randrange(2**32)
    print(f"seed {seed}")
    chance = random.Random(seed)

    async def scenario() -> None:
        world = World()
        week = Week(world, chance)
        monkeypatch.setattr(Calls, "_new_host", lambda calls: week.new_host(calls))
        for lane in week.lanes:
            await lane.open()
        jumps = sorted((chance.uniform(0, WEEK), chance.choice([-HOUR, HOUR, -86_400.0, 604_800.0])) for _ in range(12))
        edits = sorted((chance.uniform(0, WEEK * 0.9), chance.randrange(LANES)) for _ in range(60))
        touched: set[int] = set()
        before = time.monotonic()
        while world.monotonic < WEEK:
            while jumps and jumps[0][0] <= world.monotonic:
                world.offset += jumps.pop(0)[1]
            while edits and edits[0][0] <= world.monotonic:
                _, number = edits.pop(0)
                lane = week.lanes[number]
                if chance.random() < 0.5:
                    touched.add(number)
                    address = f"place-{world.monotonic}"
                    assert await lane.reconfigure(lane.config.with_overrides(network_address=address)) is True
                else:
                    minutes = chance.choice([45.0, 90.0])
                    week.intervals[lane.name].append((world.monotonic, minutes * 60))
                    await lane.reconfigure(lane.config.model_copy(update={"refresh_time_interval": minutes}))
            await week.tick()
        refreshes = sum(week.check(lane) for lane in week.lanes)
        restarted = {number for number, lane in enumerate(week.lanes) if len(week.lives[lane.name]) > 1}
        assert restarted == touched
        print(f"{refreshes} refreshes of {LANES} connectors in {time.monotonic() - before:.0f} s")
        world.monotonic += WEEK
        world.wake()
        await asyncio.gather(*(lane.close() for lane in week.lanes))

    asyncio.run(scenario())

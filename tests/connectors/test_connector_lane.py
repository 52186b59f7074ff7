"""A connector in the event loop: passes never overlap, events come in order, trouble ends in dead letters."""

import asyncio
import threading
import time
from types import SimpleNamespace
from typing import Any

import pytest
from connector_lives import Life, Recorder

from omrs_connectors.runtime import lane as lane_module
from omrs_connectors.runtime.lane import ConnectorLane
from omrs_connectors.runtime.metrics import DaemonMetrics
from omrs_connectors.runtime.status import ConnectorStatus as Status
from omrs_schemas.codec import EventCodec
from omrs_schemas.errors import NotReadyError
from omrs_schemas.model.values import to_properties
from omrs_schemas.typedefs.system import TypeSystem
from omrs_streams.client.decoder import OutEventDecoder

TYPES = TypeSystem.builtin()
CODEC = EventCodec(TYPES)


def message(number: int, type_name: str = "CSVFile", *, headers: bool = True) -> Any:
    """A record of an out topic, as Faust hands it over."""
    typedef = TYPES.require(name=type_name)
    guid = f"guid-{number}"
    event = {
        "class": "OMRSEventV1",
        "protocolVersionId": "OMRS V1.0",
        "timestamp": 1_700_000_000_000 + number,
        "originator": {"metadataCollectionId": "m", "serverName": "s"},
        "eventCategory": "INSTANCE",
        "instanceEventSection": {
            "eventType": "NEW_ENTITY_EVENT",
            "typeDefGUID": typedef["guid"],
            "typeDefName": type_name,
            "instanceGUID": guid,
            "entity": {
                "class": "EntityDetail",
                "headerVersion": 1,
                "type": TYPES.instance_type(typedef),
                "instanceProvenanceType": "LOCAL_COHORT",
                "metadataCollectionId": "m",
                "createdBy": "u",
                "createTime": 1_700_000_000_000,
                "version": 1,
                "status": "ACTIVE",
                "guid": guid,
                "properties": to_properties(TYPES, type_name, {"qualifiedName": guid}),
            },
        },
    }
    pairs = [("kind", b"NEW_ENTITY_EVENT"), ("type-guid", typedef["guid"].encode())] if headers else []
    return SimpleNamespace(
        topic="out", partition=0, offset=number, key=guid.encode(), value=CODEC.encode(event), headers=pairs
    )


class Lane:
    """A lane around a recording connector, with its dead letters."""

    def __init__(self, **config: Any) -> None:
        self.connector = Recorder()
        self.life = Life(self.connector, **config)
        self.letters: list[tuple[int, str, int]] = []
        client = self.life.handler._around.client
        self.lane = ConnectorLane(self.life.handler, OutEventDecoder(client), self._bury, DaemonMetrics())

    async def _bury(self, record: Any, error: Exception, attempts: int) -> None:
        self.letters.append((record.offset, str(error), attempts))

    async def run(self) -> None:
        """Up to RUNNING."""
        await self.lane.initialize()
        self.lane.tick(self.life.clock.now)
        assert self.lane._pass is not None
        await self.lane._pass

    @property
    def heard(self) -> list[str]:
        return [event["instanceEventSection"]["instanceGUID"] for event in self.connector.heard]


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Waits of seconds make a test of logic slow: the same waits, a hundred times shorter."""
    for name in ("SETTLE_POLL", "FIRST_PAUSE", "LONGEST_PAUSE"):
        monkeypatch.setattr(lane_module, name, getattr(lane_module, name) / 100)


def test_a_pass_is_never_doubled() -> None:
    async def scenario() -> None:
        lane = Lane(refreshTimeInterval=0.0001)
        running = threading.Event()
        release = threading.Event()
        overlaps: list[bool] = []

        def slow() -> None:
            overlaps.append(running.is_set())
            running.set()
            release.wait(5)
            running.clear()

        lane.connector.during_refresh = slow
        await lane.lane.initialize()
        for _ in range(20):
            lane.life.clock.now += 1_000
            lane.lane.tick(lane.life.clock.now)
            lane.lane.request_refresh()
            await asyncio.sleep(0.005)
        assert lane.connector.calls.count("refresh") == 1
        release.set()
        await lane.lane.stop()
        assert overlaps == [False]
        assert lane.life.handler.status is Status.STOPPED

    asyncio.run(scenario())


def test_the_loop_goes_on_while_a_connector_blocks() -> None:
    async def scenario() -> None:
        lane = Lane()
        lane.connector.during_refresh = lambda: time.sleep(0.3)
        await lane.lane.initialize()
        lane.lane.tick(lane.life.clock.now)
        turns = 0
        while lane.lane._pass is not None and not lane.lane._pass.done():
            await asyncio.sleep(0.01)
            turns += 1
        assert turns > 10
        await lane.lane.stop()

    asyncio.run(scenario())


@pytest.mark.parametrize("headers", [True, False])
def test_events_come_in_order_and_poison_goes_to_the_dead_letters(headers: bool) -> None:
    async def scenario() -> None:
        lane = Lane()
        await lane.run()
        batch = [message(number, headers=headers) for number in range(6)]
        batch[2].value = b"\xc3\x01 nonsense"
        batch[4].value = None
        await lane.lane.process(batch)
        assert lane.heard == ["guid-0", "guid-1", "guid-3", "guid-5"]
        assert [offset for offset, _, _ in lane.letters] == [2, 4]
        assert lane.life.handler.status is Status.RUNNING
        await lane.lane.stop()

    asyncio.run(scenario())


def test_an_event_that_the_connector_cannot_handle_is_a_dead_letter_and_the_rest_goes_on() -> None:
    async def scenario() -> None:
        lane = Lane()

        def hear(event: dict[str, Any]) -> None:
            if event["instanceEventSection"]["instanceGUID"] == "guid-1":
                raise ValueError("I cannot")
            lane.connector.heard.append(event)

        lane.connector.on_event = hear
        await lane.run()
        await lane.lane.process([message(number) for number in range(3)])
        assert lane.heard == ["guid-0", "guid-2"]
        assert lane.letters == [(1, "I cannot", 1)]
        await lane.lane.stop()

    asyncio.run(scenario())


def test_a_server_that_is_not_ready_delays_events_but_loses_none() -> None:
    async def scenario() -> None:
        lane = Lane()
        refusals = iter([True, True, True])

        def hear(event: dict[str, Any]) -> None:
            if event["instanceEventSection"]["instanceGUID"] == "guid-1" and next(refusals, False):
                raise NotReadyError("moving")
            lane.connector.heard.append(event)

        lane.connector.on_event = hear
        await lane.run()
        await lane.lane.process([message(number) for number in range(4)])
        assert lane.heard == ["guid-0", "guid-1", "guid-2", "guid-3"]
        assert lane.letters == []
        await lane.lane.stop()

    asyncio.run(scenario())


def test_an_event_that_never_succeeds_is_given_up_and_the_next_is_tried(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lane_module, "MAX_ATTEMPTS", 3)

    async def scenario() -> None:
        lane = Lane()

        def hear(event: dict[str, Any]) -> None:
            if event["instanceEventSection"]["instanceGUID"] == "guid-0":
                raise NotReadyError("for ever")
            lane.connector.heard.append(event)

        lane.connector.on_event = hear
        await lane.run()
        await lane.lane.process([message(0), message(1)])
        assert lane.heard == ["guid-1"]
        assert [(offset, attempts) for offset, _, attempts in lane.letters] == [(0, 3)]
        await lane.lane.stop()

    asyncio.run(scenario())


def test_events_wait_until_a_starting_connector_hears_them() -> None:
    async def scenario() -> None:
        lane = Lane()
        await lane.lane.initialize()
        work = asyncio.create_task(lane.lane.process([message(1)]))
        await asyncio.sleep(0.05)
        assert not work.done()
        lane.lane.tick(lane.life.clock.now)
        await asyncio.wait_for(work, 5)
        assert lane.heard == ["guid-1"]
        await lane.lane.stop()

    asyncio.run(scenario())


def test_events_for_a_failed_connector_are_passed_over() -> None:
    async def scenario() -> None:
        lane = Lane()
        lane.connector.failing["refresh"] = ValueError("broken")
        await lane.run()
        assert lane.life.handler.status is Status.FAILED
        await asyncio.wait_for(lane.lane.process([message(1)]), 5)
        assert lane.heard == []
        await lane.lane.stop()

    asyncio.run(scenario())


def test_stopping_leaves_events_at_hand_undecided() -> None:
    async def scenario() -> None:
        lane = Lane()
        lane.connector.on_event = lambda event: time.sleep(0.2)
        await lane.run()
        work = asyncio.create_task(lane.lane.process([message(number) for number in range(50)]))
        await asyncio.sleep(0.1)
        await lane.lane.stop()
        await asyncio.sleep(0.1)
        assert not work.done()
        work.cancel()
        assert lane.letters == []

    asyncio.run(scenario())


def test_a_restart_is_asked_for_and_done_by_the_next_tick() -> None:
    async def scenario() -> None:
        lane = Lane()
        lane.connector.failing["refresh"] = ValueError("broken")
        await lane.run()
        lane.connector.failing.clear()
        lane.lane.request_restart()
        lane.lane.tick(lane.life.clock.now)
        assert lane.lane._pass is not None
        await lane.lane._pass
        assert lane.life.handler.status is Status.RUNNING
        await lane.lane.stop()

    asyncio.run(scenario())

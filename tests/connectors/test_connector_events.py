"""From the inbox to the listeners, or into a refresh: in order, at least once, many events in few refreshes."""

import asyncio
import threading
from collections.abc import Callable
from typing import Any

import pytest
from connector_lives import OUT, Asynchronous, Lane, Recorder
from connector_records import record, value_of

from omrs_connectors.runtime import deliveries
from omrs_connectors.runtime.inbox import Record
from omrs_connectors.runtime.lane import LONGEST_SETTLE_S
from omrs_connectors.sdk import IntegrationConnector, Source, TopicRecord
from omrs_connectors.sdk.listener import LINEAGE
from omrs_schemas.errors import NotReadyError


class Woken(IntegrationConnector):
    """Notes when each refresh begins and ends."""

    def __init__(self) -> None:
        self.began: list[int] = []
        self.arrived = 0
        self.seen = 0
        self.during: Callable[[], object] = lambda: None
        self.failing: Exception | None = None

    def start(self) -> None:
        self.context.refresh_on(types=["Referenceable"])

    def refresh(self) -> None:
        self.began.append(self.arrived)
        self.during()
        if self.failing is not None:
            raise self.failing
        self.seen = self.began[-1]


def position(lane: Lane) -> int | None:
    return lane.inbox.positions.get(OUT.key, {}).get(0)


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Waits of seconds make a test of logic slow: the same waits, a hundred times shorter."""
    for name in ("FIRST_PAUSE", "LONGEST_PAUSE"):
        monkeypatch.setattr(deliveries, name, getattr(deliveries, name) / 100)


@pytest.mark.parametrize("headers", [True, False])
def test_events_come_in_order_and_poison_goes_to_the_dead_letters(headers: bool) -> None:
    async def scenario() -> None:
        lane = Lane()
        await lane.run()
        batch = [record(number, headers=headers) for number in range(6)]
        batch[2] = record(2, value=b"\xc3\x01 nonsense", headers=headers)
        batch[4] = record(4, value=b"", headers=headers)
        lane.topics.offer(*batch)
        await lane.until(lambda: position(lane) == 6)
        assert lane.heard == ["guid-0", "guid-1", "guid-3", "guid-5"]
        assert [offset for offset, _, _ in lane.letters] == [2, 4]
        assert lane.status == "RUNNING"
        assert lane.report["statistics"]["events"] == 4
        await lane.lane.close()

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
        lane.topics.offer(*(record(number) for number in range(3)))
        await lane.until(lambda: position(lane) == 3)
        assert lane.heard == ["guid-0", "guid-2"]
        assert lane.letters == [(1, "I cannot", 1)]
        assert lane.report["statistics"]["eventFailures"] == 1
        await lane.lane.close()

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
        lane.topics.offer(*(record(number) for number in range(4)))
        await lane.until(lambda: position(lane) == 4)
        assert lane.heard == ["guid-0", "guid-1", "guid-2", "guid-3"]
        assert lane.letters == []
        await lane.lane.close()

    asyncio.run(scenario())


def test_an_event_that_never_succeeds_is_given_up_and_the_next_is_tried(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(deliveries, "MAX_ATTEMPTS", 3)

    async def scenario() -> None:
        lane = Lane()

        def hear(event: dict[str, Any]) -> None:
            if event["instanceEventSection"]["instanceGUID"] == "guid-0":
                raise NotReadyError("for ever")
            lane.connector.heard.append(event)

        lane.connector.on_event = hear
        await lane.run()
        lane.topics.offer(record(0), record(1))
        await lane.until(lambda: position(lane) == 2)
        assert lane.heard == ["guid-1"]
        assert [(offset, attempts) for offset, _, attempts in lane.letters] == [(0, 3)]
        await lane.lane.close()

    asyncio.run(scenario())


def test_events_come_again_after_a_restart_in_the_middle_of_them() -> None:
    async def scenario() -> None:
        lane = Lane()
        held, release = threading.Event(), threading.Event()

        def hear(event: dict[str, Any]) -> None:
            lane.connector.heard.append(event)
            if event["instanceEventSection"]["instanceGUID"] == "guid-1":
                held.set()
                release.wait(30)

        lane.connector.on_event = hear
        await lane.run()
        lane.topics.offer(*(record(number) for number in range(4)))
        await lane.until(held.is_set)
        lane.lane.request_restart()
        await asyncio.sleep(0.05)
        release.set()
        await lane.until(lambda: position(lane) == 4, tick=True)
        assert lane.heard[:2] == ["guid-0", "guid-1"]
        assert set(lane.heard) == {f"guid-{number}" for number in range(4)}
        assert lane.letters == []
        await lane.lane.close()

    asyncio.run(scenario())


def test_events_for_a_failed_connector_are_passed_over() -> None:
    async def scenario() -> None:
        lane = Lane(refreshTimeInterval=0.00001)
        await lane.run()
        lane.connector.failing["refresh"] = ValueError("broken")
        await lane.until(lambda: lane.status == "FAILED", tick=True)
        lane.topics.offer(record(0))
        lane.connector.failing.clear()
        await lane.restarted()
        assert lane.status == "RUNNING"
        lane.topics.offer(record(1))
        await lane.until(lambda: lane.heard)
        assert lane.heard == ["guid-1"]
        await lane.lane.close()

    asyncio.run(scenario())


def test_closing_leaves_events_at_hand_to_the_next_life() -> None:
    async def scenario() -> None:
        lane = Lane()
        heard: list[dict[str, Any]] = []

        def hear(event: dict[str, Any]) -> None:
            heard.append(event)
            if len(heard) > deliveries.BATCH:  # the first of the second batch
                lane.connector.context.stopping.wait(60)

        lane.connector.on_event = hear
        await lane.run()
        lane.topics.offer(*(record(number) for number in range(200)))
        await lane.until(lambda: position(lane) not in (None, 0))
        await lane.lane.close()
        assert position(lane) == deliveries.BATCH
        assert lane.letters == []

    asyncio.run(scenario())


def test_events_of_every_kind_of_source_arrive_in_the_form_that_is_documented() -> None:
    queue = Source("queue", None, "own")

    class Listening(Recorder):
        def start(self) -> None:
            self.lineage: list[tuple[str, Any]] = []
            self.records: list[TopicRecord] = []
            self.context.register_lineage_listener(lambda text, event: self.lineage.append((text, event)))
            self.context.listen_to("queue", self.records.append)

    async def scenario() -> None:
        lane = Lane(Listening())
        await lane.run()
        lane.topics.offer(
            Record(LINEAGE, 0, 0, None, b'{"run": 1}', {}, 0),
            Record(LINEAGE, 0, 1, None, b"no json", {}, 0),
            Record(queue, 0, 0, b"k", b"v", {"h": b"x"}, 7),
        )
        await lane.until(lambda: lane.inbox.positions == {LINEAGE.key: {0: 2}, queue.key: {0: 1}})
        assert lane.connector.lineage == [('{"run": 1}', {"run": 1})]
        assert lane.connector.records == [TopicRecord("queue", 0, 0, b"k", b"v", {"h": b"x"}, 7)]
        assert [offset for offset, _, _ in lane.letters] == [1]
        await lane.lane.close()

    asyncio.run(scenario())


def test_a_coroutine_may_listen() -> None:
    async def scenario() -> None:
        lane = Lane(Asynchronous())
        await lane.run()
        lane.topics.offer(record(0))
        await lane.until(lambda: lane.heard == ["guid-0"])
        await lane.lane.close()

    asyncio.run(scenario())


def test_ten_thousand_events_make_few_refreshes_and_none_is_lost() -> None:
    """They come in 10 seconds, of a clock that the test moves."""
    now = 0.0

    async def scenario() -> None:
        nonlocal now
        connector = Woken()
        lane = Lane(connector, monotonic=lambda: now)
        await lane.run()
        one = record(0)
        for number in range(10_000):
            connector.arrived = number + 1
            lane.topics.offer(Record(OUT, 0, number, one.key, one.value, one.headers, 0))
            if number % 200 == 0:
                await asyncio.sleep(0.005)
                lane.tick()
                now += 0.2
        assert lane.passes <= 1 + 10.0 / LONGEST_SETTLE_S
        async with asyncio.timeout(60):
            while position(lane) != 10_000:
                lane.tick()
                await asyncio.sleep(0.005)
                now += 0.2
        assert connector.seen == 10_000
        await lane.lane.close()

    asyncio.run(scenario())


def test_a_position_waits_for_a_refresh_that_began_after_the_event() -> None:
    async def scenario() -> None:
        lane = Lane(Woken())
        release = threading.Event()
        await lane.run()
        lane.connector.during = lambda: release.wait(60)
        lane.lane.request_refresh()
        lane.tick()
        await lane.until(lambda: lane.report["refreshInProgress"])
        lane.topics.offer(record(0))
        await lane.until(lambda: lane.deliveries._waiting)
        release.set()
        await lane.until(lambda: lane.passes == 2)
        assert position(lane) == 0  # that refresh may have been past what changed
        await lane.until(lambda: position(lane) == 1, tick=True)
        assert lane.passes == 3
        await lane.lane.close()

    asyncio.run(scenario())


def test_a_refresh_that_fails_or_was_told_to_stop_covers_nothing() -> None:
    async def scenario() -> None:
        lane = Lane(Woken())
        await lane.run()
        lane.connector.failing = NotReadyError("moving")
        lane.topics.offer(record(0))
        await lane.until(lambda: lane.status == "INITIALIZE_FAILED", tick=True)
        assert position(lane) == 0
        lane.connector.failing = None
        await lane.until(lambda: position(lane) == 1, tick=True)
        lane.connector.during = lambda: lane.connector.context.stopping.wait(60)
        lane.topics.offer(record(1))
        await lane.until(lambda: lane.report["refreshInProgress"], tick=True)
        await lane.lane.close()
        assert position(lane) == 1

    asyncio.run(scenario())


def test_an_event_may_be_for_a_listener_and_for_a_refresh() -> None:
    async def scenario() -> None:
        recorder = Recorder()
        recorder.refreshed_by = "DataFile"
        lane = Lane(recorder)
        await lane.run()
        lane.topics.offer(record(0), record(1, "GlossaryTerm", value=value_of(1, "GlossaryTerm")))
        await lane.until(lambda: len(lane.heard) == 2)
        await lane.until(lambda: position(lane) == 2, tick=True)
        assert lane.passes == 2
        await lane.lane.close()

    asyncio.run(scenario())

"""A connector in the event loop: one call at a time, deadlines, restarts, commands, the end."""

import asyncio
import contextlib
import functools
import threading
from collections.abc import Callable, Coroutine
from typing import Any

import pytest
from connector_lives import Asynchronous, Engaged, Lane, Recorder

from omrs_connectors.runtime import engaging
from omrs_connectors.sdk.config import Deadlines
from omrs_schemas.errors import NotReadyError, UserNotAuthorizedError


def on_a_loop(test: Callable[..., Coroutine[Any, Any, None]]) -> Callable[..., None]:
    @functools.wraps(test)
    def run(*args: Any, **kwargs: Any) -> None:
        asyncio.run(test(*args, **kwargs))

    return run


def deadlines(**seconds: float) -> dict[str, Any]:
    return {"deadlines": seconds}


@on_a_loop
async def test_a_good_life_in_the_order_that_is_documented() -> None:
    lane = Lane()
    assert lane.status == "STOPPED"
    await lane.run()
    assert lane.status == "RUNNING"
    assert lane.report["lastRefreshTime"] > 0
    await lane.lane.close()
    assert lane.status == "SHUTDOWN"
    assert lane.connector.calls == ["initialize", "start", "refresh", "disconnect"]
    assert lane.journal.ids() == ["0008", lane.journal.ids()[1], "0041", "0043", "0022", "0024"]
    assert lane.changes > 0
    [(report, context)] = lane.journal.reports
    assert (report.trigger, context["status"]) == ("refresh", "RUNNING")


@on_a_loop
async def test_a_pass_is_never_doubled() -> None:
    lane = Lane(refreshTimeInterval=0.00001)
    running, release = threading.Event(), threading.Event()
    overlaps: list[bool] = []

    def slow() -> None:
        overlaps.append(running.is_set())
        running.set()
        release.wait(60)
        running.clear()

    lane.connector.during["refresh"] = slow
    await lane.lane.open()
    await lane.until(running.is_set, tick=True)
    for number in range(20):
        lane.tick()
        lane.lane.request_refresh(f"command-{number}", "erin")
        await asyncio.sleep(0.005)
    assert lane.connector.calls.count("refresh") == 1
    assert lane.report["refreshInProgress"] is True
    assert "refresh" not in lane.lane.handled
    release.set()
    await lane.until(lambda: lane.passes == 1)
    await lane.until(lambda: lane.lane.handled == {"refresh": "command-19"})
    await lane.lane.close()
    assert overlaps == [False]


@on_a_loop
async def test_the_loop_goes_on_while_a_connector_blocks() -> None:
    lane = Lane()
    entered, release = threading.Event(), threading.Event()
    lane.connector.during["refresh"] = lambda: entered.set() or release.wait(60)
    await lane.lane.open()
    lane.tick()
    await lane.until(entered.is_set)
    for _ in range(20):
        await asyncio.sleep(0.001)
    assert lane.report["refreshInProgress"] is True and lane.passes == 0
    release.set()
    await lane.until(lambda: lane.passes == 1)
    assert lane.report["refreshInProgress"] is False
    await lane.lane.close()


@on_a_loop
async def test_a_failed_connector_is_not_called_until_it_is_restarted() -> None:
    lane = Lane(refreshTimeInterval=0.00001)
    lane.connector.failing["refresh"] = ValueError("broken")
    await lane.run()
    assert (lane.status, lane.failure) == ("FAILED", "ValueError: broken")
    assert "lastRefreshTime" not in lane.report
    await lane.until(lambda: "lastRefreshTime" in lane.report, tick=True)  # passes go over it
    assert "0032" not in lane.journal.ids()
    lane.lane.request_refresh("r1")
    await lane.until(lambda: lane.lane.handled.get("refresh") == "r1", tick=True)
    assert lane.journal.ids().count("0032") == 1
    assert lane.connector.calls == ["initialize", "start", "refresh"]

    lane.connector.failing.clear()
    lane.lane.request_restart("r2")
    await lane.until(lambda: lane.lane.handled.get("restart") == "r2")
    assert (lane.status, lane.failure) == ("INITIALIZED", "")
    assert "lastRefreshTime" not in lane.report
    await lane.one_pass()
    assert lane.status == "RUNNING"
    assert lane.connector.calls[3:] == ["disconnect", "initialize", "start", "refresh"]
    await lane.lane.close()


@on_a_loop
async def test_a_failed_initialization_heals() -> None:
    lane = Lane()
    lane.connector.failing["initialize"] = OSError("not there yet")
    await lane.run()
    assert lane.status == "INITIALIZE_FAILED"
    del lane.connector.failing["initialize"]
    await lane.until(lambda: lane.status == "RUNNING", tick=True)
    await lane.until(lambda: lane.passes == 1)
    await lane.lane.close()


@on_a_loop
async def test_why_it_failed_is_told_while_it_is_tried_again() -> None:
    lane = Lane()
    lane.connector.failing["initialize"] = OSError("not there yet")
    await lane.run()
    entered, release = threading.Event(), threading.Event()
    lane.connector.during["initialize"] = lambda: entered.set() or release.wait(60)
    first = lane.report["connectorInstanceId"]
    await lane.until(entered.is_set, tick=True)
    assert lane.report["connectorInstanceId"] != first
    assert (lane.status, lane.failure) == ("INITIALIZE_FAILED", "OSError: not there yet")
    del lane.connector.failing["initialize"]
    release.set()
    await lane.until(lambda: lane.status == "RUNNING")
    assert lane.failure == ""
    await lane.lane.close()


@on_a_loop
async def test_a_metadata_server_that_went_away_is_waited_for() -> None:
    lane = Lane(refreshTimeInterval=0.00001)
    await lane.run()
    lane.connector.failing["refresh"] = NotReadyError("moving")
    await lane.until(lambda: lane.status == "INITIALIZE_FAILED", tick=True)
    lane.connector.failing.clear()
    await lane.until(lambda: lane.status == "RUNNING", tick=True)
    await lane.lane.close()


@on_a_loop
async def test_a_restart_shows_stopped_meanwhile() -> None:
    lane = Lane()
    await lane.run()
    entered, release = threading.Event(), threading.Event()

    lane.connector.during["initialize"] = lambda: entered.set() or release.wait(60)
    lane.lane.request_restart()
    await lane.until(entered.is_set)
    assert lane.status == "STOPPED"
    release.set()
    await lane.until(lambda: lane.status == "INITIALIZED")
    await lane.lane.close()


@pytest.mark.parametrize("method", ["initialize", "start", "refresh"])
def test_a_call_past_its_deadline_fails_the_connector_and_its_thread_can_do_no_more(method: str) -> None:
    async def scenario() -> None:
        release = threading.Event()
        refused: list[BaseException] = []

        class Hanging(Recorder):
            def _called(self, name: str) -> None:
                super()._called(name)
                if name == method:
                    with contextlib.suppress(SystemExit):  # it does not mean to end
                        release.wait(60)
                    try:
                        self.context.create_entity("GlossaryTerm", {"qualifiedName": "late"})
                    except Exception as error:
                        refused.append(error)

        hanging, healthy = Hanging(), Recorder()
        connectors = iter([hanging, healthy])
        lane = Lane(hanging, load=lambda provider: next(connectors), **deadlines(**{method: 1}))
        await lane.lane.open()
        await lane.until(lambda: lane.status == "FAILED", tick=True)
        assert lane.failure.startswith("OMRS-STREAMS-500-005 ")
        assert f"method {method} " in lane.failure
        assert ("INTEGRATION-DAEMON-SERVICES-0031", method) in [
            (number, params.get("method")) for number, params in lane.journal.said
        ]
        gauge = lane.metrics.left_behind.labels("one")
        assert gauge._value.get() == 1
        await lane.lane.reconfigure(lane.lane.config.model_copy(update={"deadlines": Deadlines()}))
        await lane.restarted()
        assert lane.status == "RUNNING"
        said = len(lane.journal.said)
        release.set()
        await lane.until(lambda: gauge._value.get() == 0)
        assert [type(error) for error in refused] == [UserNotAuthorizedError]
        assert "disconnect" in hanging.calls
        assert lane.status == "RUNNING"
        assert lane.journal.said[said:] == []
        await lane.lane.close()

    asyncio.run(scenario())


@on_a_loop
async def test_what_a_pass_changed_before_it_was_given_up_is_reported() -> None:
    release = threading.Event()
    lane = Lane(**deadlines(refresh=1))

    def change_and_hang() -> None:
        lane.connector.context.report.created("g1")
        release.wait(60)

    lane.connector.during["refresh"] = change_and_hang
    await lane.lane.open()
    await lane.until(lambda: lane.journal.reports, tick=True)
    [(report, context)] = lane.journal.reports
    assert (report.guids("created"), context["status"]) == (["g1"], "FAILED")
    assert "has not returned within 1 s" in context["failure"]
    assert lane.report["statistics"]["created"] == 1
    release.set()
    await lane.lane.close()


@on_a_loop
async def test_a_restart_does_not_wait_for_a_call_that_does_not_come_back() -> None:
    release = threading.Event()
    hanging, healthy = Recorder(), Recorder()
    hanging.during["refresh"] = lambda: release.wait(60) and None
    connectors = iter([hanging, healthy])
    lane = Lane(hanging, load=lambda provider: next(connectors), **deadlines(disconnect=0.2))
    await lane.lane.open()
    lane.tick()
    await lane.until(lambda: lane.report["refreshInProgress"])
    lane.lane.request_restart("r1")
    await lane.until(lambda: lane.lane.handled.get("restart") == "r1")
    await lane.until(lambda: lane.status == "RUNNING", tick=True)
    assert "0023" in lane.journal.ids()
    assert healthy.calls[:2] == ["initialize", "start"]
    release.set()
    await lane.lane.close()


@on_a_loop
async def test_closing_does_not_wait_for_a_connector_that_ignores_it() -> None:
    release = threading.Event()
    lane = Lane(**deadlines(disconnect=0.3))
    lane.connector.during["refresh"] = lambda: release.wait(60) and None
    await lane.lane.open()
    lane.tick()
    await lane.until(lambda: lane.report["refreshInProgress"])
    await asyncio.wait_for(lane.lane.close(), 30)
    assert lane.status == "SHUTDOWN"
    assert lane.journal.ids()[-3:] == ["0022", "0023", "0024"]
    assert lane.connector.context.stopping.is_set()
    release.set()


@on_a_loop
async def test_a_connector_that_heeds_stopping_ends_in_order() -> None:
    lane = Lane()
    lane.connector.during["refresh"] = lambda: lane.connector.context.stopping.wait(30) and None
    await lane.lane.open()
    lane.tick()
    await lane.until(lambda: lane.report["refreshInProgress"])
    await lane.lane.close()
    assert lane.connector.calls[-1] == "disconnect"
    assert "0023" not in lane.journal.ids()


@on_a_loop
async def test_the_schedule_changes_in_place_and_a_connection_restarts() -> None:
    lane = Lane()
    await lane.run()
    config = lane.lane.config
    assert await lane.lane.reconfigure(config) is False
    faster = config.model_copy(update={"refresh_time_interval": 0.0001})
    assert await lane.lane.reconfigure(faster) is False
    await lane.until(lambda: lane.passes > 2, tick=True)
    assert lane.report["minMinutesBetweenRefresh"] == 0.0001
    assert "disconnect" not in lane.connector.calls
    elsewhere = faster.with_overrides(network_address="elsewhere")
    assert await lane.lane.reconfigure(elsewhere) is True
    await lane.until(lambda: lane.connector.context.network_address == "elsewhere", tick=True)
    await lane.until(lambda: lane.status == "RUNNING", tick=True)
    assert "disconnect" in lane.connector.calls
    assert lane.report["connection"]["endpoint"]["networkAddress"] == "elsewhere"
    await lane.lane.close()


@on_a_loop
async def test_a_user_changes_in_place() -> None:
    lane = Lane()
    await lane.run()
    assert lane.connector.context.user_id == "tester"
    await lane.lane.reconfigure(lane.lane.config.model_copy(update={"connector_user_id": "erin"}))
    await lane.until(lambda: lane.connector.context.user_id == "erin")
    assert "disconnect" not in lane.connector.calls
    await lane.lane.close()


@on_a_loop
async def test_a_blocking_connector_is_engaged_on_a_thread_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engaging, "BETWEEN_CALLS_S", 0.01)
    lane = Lane(Engaged(), usesBlockingCalls=True)
    await lane.run()
    await lane.until(lambda: lane.connector.rounds == 1)
    assert "0034" not in lane.journal.ids()
    lane.connector.between.set()
    await lane.until(lambda: lane.connector.rounds == 2)
    lane.lane.request_refresh()
    await lane.until(lambda: lane.passes == 2, tick=True)  # refreshes go on meanwhile
    await lane.lane.close()
    ids = lane.journal.ids()
    assert ids[2:5] == ["0030", "0041", "0043"]
    assert ids.count("0034") == 1
    assert ids[-3:] == ["0022", "0035", "0024"]


@on_a_loop
async def test_engage_that_raises_fails_the_connector() -> None:
    connector = Engaged()
    connector.failing = ValueError("no more")
    lane = Lane(connector, usesBlockingCalls=True)
    await lane.run()
    await lane.until(lambda: lane.status == "FAILED")
    assert lane.failure == "ValueError: no more"
    assert ("INTEGRATION-DAEMON-SERVICES-0031", "engage") in [
        (number, params.get("method")) for number, params in lane.journal.said
    ]
    connector.failing = None
    lane.lane.request_restart()
    await lane.until(lambda: connector.rounds == 2, tick=True)
    await lane.lane.close()


@on_a_loop
async def test_a_blocking_connector_without_engage_says_so() -> None:
    lane = Lane(Recorder(), usesBlockingCalls=True)
    await lane.run()
    await lane.until(lambda: lane.status == "FAILED")
    assert lane.failure.startswith("OIF-CONNECTOR-400-001 ")
    await lane.lane.close()


@on_a_loop
async def test_an_asynchronous_connector_has_a_loop_of_its_own() -> None:
    lane = Lane(Asynchronous())
    await lane.run()
    beats = lane.connector.beats
    await lane.until(lambda: lane.connector.beats > beats + 5)  # its task goes on while nobody calls it
    await lane.lane.close()
    assert lane.connector.calls == ["initialize", "start", "refresh", "disconnect"]


@on_a_loop
async def test_a_connector_asks_for_a_refresh_itself() -> None:
    lane = Lane()
    await lane.run()
    lane.connector.context.request_refresh()
    await lane.until(lambda: lane.passes == 2, tick=True)
    reasons = [params.get("reason") for number, params in lane.journal.said if number.endswith(("0041", "0042"))]
    assert reasons == ["scheduled", "events"]
    await lane.lane.close()


@on_a_loop
async def test_the_snapshot_counts_what_is_under_way() -> None:
    lane = Lane()
    seen: list[dict[str, Any]] = []

    def change() -> None:
        report = lane.connector.context.report
        report.created("g1")
        report.created("g1")
        report.count("filesSeen", 7)
        seen.append(lane.report)

    lane.connector.during["refresh"] = change
    await lane.run()
    assert seen[0]["refreshInProgress"] is True
    for report in (*seen, lane.report):
        assert (report["statistics"]["created"], report["statistics"]["filesSeen"]) == (1, 7)
    await lane.lane.close()


@on_a_loop
async def test_secrets_are_not_shown() -> None:
    lane = Lane(
        connection={
            "connectorType": {"connectorProviderClassName": "tests:one"},
            "clearPassword": "hush",
            "securedProperties": {"token": "hush"},
        }
    )
    assert "hush" not in str(lane.report)
    await lane.lane.close()

"""`isolation: process`: a connector in a process of its own, with a real metadata server."""

import asyncio
import multiprocessing.resource_tracker
import os
import signal
from pathlib import Path
from typing import Any

import psutil
import pytest
from connector_lives import Lane
from connector_records import value_of

from omrs_connectors.runtime.inbox import Record
from omrs_connectors.runtime.loading import create_connector
from omrs_connectors.sdk import Partner, Source
from omrs_streams.client import MetadataClient
from omrs_streams.log.names import server_out
from workers import Running, unique

pytestmark = pytest.mark.kafka


class Elsewhere(Lane):
    """A lane whose connector lives in another process."""

    def __init__(self, server: Running, client: MetadataClient, does: str, address: str = "", **config: Any) -> None:
        connection = {
            "connectorType": {"connectorProviderClassName": "connector_lives:Isolated"},
            "endpoint": {"networkAddress": address},
            "configurationProperties": {"does": does},
            "clearPassword": "hush",
        }
        partner = Partner(server.server, server.url)
        given = {"isolation": "process", "connection": connection, **config}
        super().__init__(load=create_connector, client=client, partner=partner, **given)

    @property
    def pid(self) -> int:
        return int(self.report["statistics"]["pid"])

    def children(self) -> set[int]:
        """But for the helper of multiprocessing that stays."""
        tracker = getattr(multiprocessing.resource_tracker._resource_tracker, "_pid", None)
        return {child.pid for child in psutil.Process().children()} - {tracker}

    async def gone(self, pid: int) -> None:
        await self.until(lambda: not psutil.pid_exists(pid))


def test_its_work_its_report_and_its_messages_come_from_there(metadata_server: Running, client: MetadataClient) -> None:
    async def scenario() -> None:
        name = unique("Term")
        lane = Elsewhere(metadata_server, client, "create", name)
        await lane.run()
        assert (lane.status, lane.failure) == ("RUNNING", "")
        assert lane.pid != os.getpid()
        assert client.find_by_unique_name("GlossaryTerm", "qualifiedName", name) is not None
        [(report, context)] = lane.journal.reports
        assert (report.statistics()["created"], context["status"]) == (1, "RUNNING")
        assert lane.report["statistics"]["created"] == 1
        pid = lane.pid
        await lane.lane.close()
        await lane.gone(pid)
        assert lane.journal.ids() == ["0008", lane.journal.ids()[1], "0041", "0043", "0022", "0024"]

    asyncio.run(scenario())


def test_what_it_raises_is_its_failure_and_a_restart_is_another_process(
    metadata_server: Running, client: MetadataClient
) -> None:
    async def scenario() -> None:
        lane = Elsewhere(metadata_server, client, "raise")
        await lane.run()
        assert (lane.status, lane.failure) == ("FAILED", "ValueError: broken")
        before = lane.pid
        lane.lane.request_restart("r")
        await lane.until(lambda: lane.passes == 2, tick=True)
        assert lane.pid != before
        await lane.gone(before)
        await lane.lane.close()

    asyncio.run(scenario())


@pytest.mark.parametrize(
    ("does", "config", "problem"),
    [
        ("exit", {}, "ended with exit code 3"),
        ("leak", {"memoryLimit": 300}, "used more than 300 MiB"),
        ("spin", {"deadlines": {"refresh": 1}}, "method refresh of connector one has not returned within 1 s"),
    ],
)
def test_what_a_process_does_to_itself_fails_its_connector_alone(
    does: str, config: dict[str, Any], problem: str, metadata_server: Running, client: MetadataClient
) -> None:
    async def scenario() -> None:
        lane = Elsewhere(metadata_server, client, does, **config)
        before = lane.children()
        await lane.run()
        assert lane.status == "FAILED"
        assert lane.failure.startswith("OMRS-STREAMS-500-005 ")
        assert problem in lane.failure
        assert ("INTEGRATION-DAEMON-SERVICES-0031", "refresh") in [
            (number, params.get("method")) for number, params in lane.journal.said
        ]
        await lane.until(lambda: lane.children() <= before)
        await lane.lane.close()

    asyncio.run(scenario())


def test_a_killed_process_is_seen_between_calls(metadata_server: Running, client: MetadataClient) -> None:
    async def scenario() -> None:
        lane = Elsewhere(metadata_server, client, "nothing")
        await lane.run()
        os.kill(lane.pid, signal.SIGKILL)
        await lane.until(lambda: lane.status == "FAILED")
        assert "ended by SIGKILL" in lane.failure
        lane.lane.request_restart()
        await lane.until(lambda: lane.status == "RUNNING", tick=True)
        await lane.lane.close()

    asyncio.run(scenario())


def test_events_are_heard_there_and_failures_come_back(
    metadata_server: Running, client: MetadataClient, tmp_path: Path
) -> None:
    async def scenario() -> None:
        heard = tmp_path / "heard"
        heard.touch()
        lane = Elsewhere(metadata_server, client, "nothing", str(heard))
        await lane.run()
        source = Source(server_out(metadata_server.server))
        lane.topics.offer(
            *(
                Record(source, 0, n, b"", value_of(n, "GlossaryTerm"), {"kind": b"NEW_ENTITY_EVENT"}, 0)
                for n in range(3)
            )
        )
        await lane.until(lambda: lane.inbox.positions.get(source.key) == {0: 3})
        assert heard.read_text().split() == [str(lane.pid), "guid-0", str(lane.pid), "guid-2"]
        assert [(offset, error) for offset, error, _ in lane.letters] == [(1, "KeyError: 'guid-1'")]
        await lane.lane.close()

    asyncio.run(scenario())

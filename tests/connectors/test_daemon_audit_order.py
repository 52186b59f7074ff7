"""The order of the messages of a good start and of the failures that the guide to troubleshooting describes, read from
console and audit topic of real daemons (integration § 3, § 10)."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

from daemon_messages import Message, in_order, on_topic, said, texts
from daemons import Daemon, Daemons

from omrs_streams.log.embedded import Endpoint
from omrs_streams.log.embedded.ports import choose
from workers import Running, eventually, unique

START = (
    "OMRS-AUDIT-0064",
    "OMAG-ADMIN-0001",
    "OMRS-AUDIT-0001",
    "OMRS-AUDIT-0007",
    "OMAG-ADMIN-0100",
    "0001",
)
END = ("0013", "OMAG-ADMIN-0101", "OMAG-ADMIN-0004")


def files(path: Path | str, name: str = "landing area") -> dict[str, Any]:
    return {
        "connectorName": name,
        "connectorProviderClass": "directory-catalog",
        "refreshTimeInterval": 60,
        "endpoint": {"networkAddress": str(path)},
    }


def start(daemons: Daemons, marker: str, *connectors: dict[str, Any], **settings: Any) -> Daemon:
    return daemons.start(unique("exchange"), services=[{"service": marker, "connectors": list(connectors)}], **settings)


def complete(messages: list[Message]) -> None:
    """No message lacks a value that its text has."""
    assert [message for message in messages if " ? " in f" {message.text} "] == []


def test_a_good_start_and_a_good_end(daemons: Daemons, tmp_path: Path, kafka: Endpoint) -> None:
    daemon = start(daemons, "files-integrator", files(tmp_path))
    messages = said(daemon, "0043")
    opened = ("0018", "0002", "OMIS-FILES-INTEGRATOR-0001", "0008", "OMIS-FILES-INTEGRATOR-0002", "0011", "0040")
    in_order(messages, *START, *opened, "0041", "0043")
    in_order(said(daemon, "OMAG-ADMIN-0004"), *START, *opened, *END)
    complete(messages)
    assert {message.severity for message in messages} <= {"Startup", "Information"}
    [first] = texts(messages, "0008")
    assert "landing area" in first and first.endswith("permitted synchronization: From Third Party")
    [partner] = texts(messages, "OMIS-FILES-INTEGRATOR-0001")
    assert daemons.server.server in partner and daemons.server.url in partner

    assert daemon.stop() == 0
    stopped = said(daemon, "0026")
    in_order(stopped, "0020", "0044", "0021", "0022", "0024", "0025", "0026")
    complete(stopped)

    argv = [sys.executable, "-m", "omrs_streams.cli.main", "audit", "tail", "--daemon", daemon.name]
    argv += ["--bootstrap-servers", kafka.bootstrap_servers]
    done = subprocess.run(argv, capture_output=True, text=True, timeout=120, check=True)
    told = [json.loads(line) for line in done.stdout.splitlines()]
    assert [bean["messageId"] for bean in told] == [bean["messageId"] for bean in on_topic(daemon)]
    assert told[0]["originator"] == {"serverName": daemon.name, "serverType": "Integration Daemon"}


def test_a_directory_that_is_missing(daemons: Daemons, tmp_path: Path) -> None:
    nowhere = tmp_path / "oak-dene"
    daemon = start(daemons, "files-integrator", files(nowhere))
    messages = said(daemon, "0031")
    in_order(messages, *START, "0008", "OMIS-FILES-INTEGRATOR-0002", "0040", "0031")
    complete(messages)
    [failed] = texts(messages, "0031")
    assert "BASIC-FILES-INTEGRATION-CONNECTORS-404-001" in failed and str(nowhere) in failed
    assert failed.startswith(("Method start of connector landing area", "Method refresh of connector landing area"))
    in_order(said(daemon, "OMAG-ADMIN-0004"), *START, *END)
    reports = daemon.wait("failed", lambda all_: all_["landing area"]["connectorStatus"] == "FAILED")
    assert "BASIC-FILES-INTEGRATION-CONNECTORS-404-001" in reports["landing area"]["failingExceptionMessage"]

    # A refresh does not revive it, a restart does once the directory is there.
    daemon.call("POST", "/integration-connectors/refresh", {"name": "landing area"})
    assert "BASIC-FILES" in texts(said(daemon, "0032"), "0032")[0]
    nowhere.mkdir()
    daemon.call("GET", "/integration-service/files-integrator/restart")
    daemon.wait("runs", lambda all_: all_["landing area"]["connectorStatus"] == "RUNNING")
    in_order(said(daemon, "0043"), "0031", "0032", "0008", "0041", "0043")


def test_a_connector_of_the_wrong_class(daemons: Daemons, tmp_path: Path) -> None:
    daemon = start(daemons, "database-integrator", files(tmp_path), groups=[])
    messages = said(daemon, "OMAG-ADMIN-0004")
    in_order(messages, *START, "OMIS-DATABASE-INTEGRATOR-0001", "0008", "0037", "0031", "0040", *END)
    complete(messages)
    [failed] = texts(messages, "0031")
    assert failed.startswith("Method initialize of connector landing area failed with InvalidParameterException")
    assert "OMIS-DATABASE-INTEGRATOR-400-001" in failed
    assert failed.endswith("DatabaseIntegratorConnector")
    report = daemon.reports()["landing area"]
    assert report["connectorStatus"] == "CONFIG_FAILED"
    assert report["failingExceptionMessage"].startswith("OMIS-DATABASE-INTEGRATOR-400-001")


def unavailable(daemon: Daemon, server: str) -> None:
    """The connector's initialization failed because its metadata server cannot be used, and nothing else did: it is
    tried for a while, and the start of the others does not wait for longer than that."""
    started = said(daemon, "OMAG-ADMIN-0004")
    in_order(started, *START, "OMIS-FILES-INTEGRATOR-0001", "0040", *END)
    complete(started)
    messages = said(daemon, "0031")
    in_order(messages, *START, "OMIS-FILES-INTEGRATOR-0001", "0008", "OMIS-FILES-INTEGRATOR-0002", "0036", "0031")
    complete(messages)
    said_first = texts(messages, "0031")[0]
    assert said_first.startswith("Method initialize of connector landing area")
    assert f"OMAG-MULTI-TENANT-404-001 The OMAG Server {server} is not available" in said_first
    report = daemon.reports()["landing area"]
    assert report["connectorStatus"] == "INITIALIZE_FAILED"
    assert report["failingExceptionMessage"].startswith("OMAG-MULTI-TENANT-404-001")


def test_a_metadata_server_of_another_name(daemons: Daemons, tmp_path: Path) -> None:
    server = unique("nobody")
    daemon = start(daemons, "files-integrator", files(tmp_path), server={"name": server, "url": daemons.server.url})
    unavailable(daemon, server)


def test_a_metadata_server_that_is_down_at_the_start_and_comes(
    daemons: Daemons, tmp_path: Path, metadata_server: Running
) -> None:
    [here] = choose(1)
    server = {"name": metadata_server.server, "url": f"http://127.0.0.1:{here}"}
    daemon = start(daemons, "files-integrator", files(tmp_path), server=server)
    unavailable(daemon, metadata_server.server)
    _, _, port = metadata_server.url.rpartition(":")
    forward = [sys.executable, "-c", FORWARD, str(here), port]
    with subprocess.Popen(forward) as proxy:
        try:
            daemon.wait("healed", lambda all_: all_["landing area"]["connectorStatus"] == "RUNNING")
            eventually(lambda: "0043" in [each.id for each in said(daemon, "0043")], "refreshed")
        finally:
            proxy.terminate()


FORWARD = """
import asyncio, sys

async def pipe(reader, writer):
    try:
        while data := await reader.read(65536):
            writer.write(data)
            await writer.drain()
    except OSError:
        pass
    finally:
        writer.close()

async def connected(reader, writer):
    there = await asyncio.open_connection("127.0.0.1", int(sys.argv[2]))
    await asyncio.gather(pipe(reader, there[1]), pipe(there[0], writer))

async def main():
    async with await asyncio.start_server(connected, "127.0.0.1", int(sys.argv[1])) as server:
        await server.serve_forever()

asyncio.run(main())
"""
"""The metadata server at another port: its process is not started by this test, and may not be ended by it."""

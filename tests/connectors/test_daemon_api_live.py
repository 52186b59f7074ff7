"""Every REST path and every row of the table of states (integration § 4, § 9), through HTTP, of a real daemon."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from daemon_messages import on_console, texts
from daemons import CALL_S, Daemon, Daemons

from omrs_connectors.groups.editing import GroupEditor
from omrs_connectors.sdk import IntegrationConnectorConfig
from omrs_streams.log.embedded import Endpoint
from workers import Running, eventually, unique

LONG_AGO, LATER = "2021-02-02T00:00:00Z", "2121-02-02T00:00:00Z"
SECRET = "Pa55word-of-the-landing-area"
EVENT = '{ "eventType": "START", "run": {"runId":"r"},  "eventTime":"2026-01-01T00:00:00Z", "n": 1.10, "a": "ä" }'


class World:
    """One daemon for all tests here: its connectors are led by files, each test by those of its own."""

    def __init__(self, daemon: Daemon, root: Path, group: str) -> None:
        self.daemon = daemon
        self.root = root
        self.group = group

    def http(self, method: str, path: str, **given: Any) -> httpx.Response:
        return httpx.request(method, f"{self.daemon.url}{path}", timeout=CALL_S, trust_env=False, **given)

    def v1(self, method: str, path: str, **given: Any) -> httpx.Response:
        return self.http(method, f"/api/v1{path}", **given)

    def tell(self, connector: str, what: str, text: str = "") -> Path:
        """The connector is to do this: `METHOD.wait` or `METHOD.fail`."""
        file = self.root / connector / what
        part = file.with_suffix(".part")
        part.write_text(text)
        return part.replace(file)  # whole from the first moment that it is there

    def report(self, connector: str) -> dict[str, Any]:
        answer = self.daemon.call("GET", "/status")
        every = [*answer["integrationServiceSummaries"], *answer["integrationGroupSummaries"]]
        found: list[dict[str, Any]] = [
            report
            for each in every
            for report in each["integrationConnectorReports"]
            if report["connectorName"] == connector
        ]
        return found[0] if found else {"connectorStatus": "", "statistics": {}}

    def until(self, connector: str, status: str, **more: Any) -> dict[str, Any]:
        """The connector's report once it is in this status and has these fields."""

        def look() -> dict[str, Any] | None:
            report = self.report(connector)
            fits = report["connectorStatus"] == status and all(report.get(name) == more[name] for name in more)
            return report if fits else None

        found = eventually(look, f"{connector} is {status}\n{self.daemon.log_text()[-3000:]}", every=0.1)
        assert found is not None
        return found

    def said(self, message_id: str, connector: str) -> list[str]:
        return [text for text in texts(on_console(self.daemon), message_id) if connector in text]

    def hears(self, message_id: str, connector: str) -> list[str]:
        """What has been said, once something has: messages are written a moment after what they tell of."""
        return eventually(lambda: self.said(message_id, connector), f"{message_id} of {connector} is said")

    def command(self, what: str, connector: str) -> None:
        answer = self.daemon.call("POST", f"/integration-connectors/{what}", {"name": connector})
        assert answer["relatedHTTPCode"] == 200, answer


def connector(root: Path, name: str, provider: str = "told_connectors:Told", **more: Any) -> dict[str, Any]:
    (root / name).mkdir(exist_ok=True)
    connection = {
        "class": "Connection",
        "connectorType": {"class": "ConnectorType", "connectorProviderClassName": provider},
        "endpoint": {"class": "Endpoint", "address": str(root / name)},
        "clearPassword": SECRET,
        "securedProperties": {"token": SECRET},
        "configurationProperties": {"depth": 1},
    }
    return {"connectorName": name, "refreshTimeInterval": 0, "connection": connection, **more}


@pytest.fixture(scope="module")
def world(metadata_server: Running, kafka: Endpoint, tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    root = tmp_path_factory.mktemp("world")
    daemons = Daemons(root, metadata_server, kafka.bootstrap_servers)
    group = unique("Group")
    for each in ("bad-initialize", "bad-start"):
        connector(root, each)
    (root / "bad-initialize" / "initialize.fail").write_text("not today")
    (root / "bad-start" / "start.fail").write_text("no technology")
    files = [
        connector(root, "plain"),
        connector(root, "changing"),
        connector(root, "later", startDate=LATER),
        connector(root, "over", stopDate=LONG_AGO),
        connector(root, "bad-initialize"),
        connector(root, "bad-start"),
        connector(root, "bad-refresh", refreshTimeInterval=0.02),
        connector(root, "bad-class", "no_such_module:Nothing"),
        connector(root, "stranger", "told_connectors:Stranger"),
        connector(root, "blocking", "told_connectors:Engaged", usesBlockingCalls=True),
        connector(root, "blocking-without", usesBlockingCalls=True),
        connector(root, "waiting"),
        connector(root, "bad-end"),
    ]
    services = [
        {"service": "files-integrator", "connectors": files},
        {"service": "database-integrator", "connectors": [connector(root, "wrong-kind")]},
        {
            "service": "lineage-integrator",
            "connectors": [
                {
                    "connectorName": "scribe",
                    "connectorProviderClass": "told_connectors:Scribe",
                    "endpoint": {"networkAddress": str(root / "heard")},
                }
            ],
        },
    ]
    groups = [{"name": group}, {"name": f"{group}-unknown"}]
    editor = GroupEditor(metadata_server.client("erinoverview"))
    editor.create_group(group)
    dynamic = connector(root, "dynamic")
    del dynamic["connection"]["clearPassword"], dynamic["connection"]["securedProperties"]
    editor.add_connector(group, IntegrationConnectorConfig(**dynamic))
    try:
        yield World(daemons.start(unique("daemon"), services=services, groups=groups), root, group)
    finally:
        daemons.end()


# ---- states --------------------------------------------------------------------------------------------------------


def test_initialized_until_its_time_has_come(world: World) -> None:
    for name in ("later", "over"):
        world.command("restart", name)  # another test may have refreshed all
        report = world.until(name, "INITIALIZED")
        assert "lastRefreshTime" not in report
        assert report["connectorInstanceId"]
    world.command("refresh", "later")
    world.until("later", "RUNNING")


def test_running_and_refreshed_on_request(world: World) -> None:
    report = world.until("plain", "RUNNING")
    eventually(lambda: "lastRefreshTime" in world.report("plain"), "refreshed")
    assert "failingExceptionMessage" not in report
    passes = world.report("plain")["statistics"]["passes"]
    world.command("refresh", "plain")
    eventually(lambda: world.report("plain")["statistics"]["passes"] > passes, "refreshed again")
    world.hears("0041", "plain ")
    world.hears("0042", "plain ")
    waits = world.tell("plain", "refresh.wait")
    world.command("refresh", "plain")
    eventually(lambda: world.report("plain")["refreshInProgress"], "a refresh is under way")
    world.command("refresh", "plain")
    waits.unlink()
    eventually(lambda: not world.report("plain")["refreshInProgress"], "it is over")


def test_a_failed_initialization_heals_by_itself(world: World) -> None:
    report = world.until("bad-initialize", "INITIALIZE_FAILED")
    assert report["failingExceptionMessage"] == "RuntimeError: not today"
    world.hears("0036", "bad-initialize")
    world.hears("0031", "bad-initialize")
    (world.root / "bad-initialize" / "initialize.fail").unlink()
    healed = world.until("bad-initialize", "RUNNING")
    assert "failingExceptionMessage" not in healed
    assert healed["connectorInstanceId"] != report["connectorInstanceId"]


def test_a_failed_start_waits_for_a_restart(world: World) -> None:
    report = world.until("bad-start", "FAILED")
    assert report["failingExceptionMessage"] == "RuntimeError: no technology"
    assert "Method start of connector bad-start failed with RuntimeError: no technology" in world.hears(
        "0031", "bad-start"
    )
    (world.root / "bad-start" / "start.fail").unlink()
    world.command("refresh", "bad-start")
    world.hears("0032", "bad-start")
    assert world.report("bad-start")["connectorStatus"] == "FAILED"
    world.command("restart", "bad-start")
    again = world.until("bad-start", "RUNNING")
    assert again["connectorInstanceId"] != report["connectorInstanceId"]
    assert "failingExceptionMessage" not in again


def test_a_failed_refresh_is_not_repeated_by_the_clock(world: World) -> None:
    """The interval is 1.2 s."""
    eventually(lambda: "lastRefreshTime" in world.until("bad-refresh", "RUNNING"), "it was refreshed")
    world.tell("bad-refresh", "refresh.fail", "half of it")
    report = world.until("bad-refresh", "FAILED", failingExceptionMessage="RuntimeError: half of it")
    seen = report["lastRefreshTime"]
    (world.root / "bad-refresh" / "refresh.fail").unlink()
    eventually(lambda: world.report("bad-refresh")["lastRefreshTime"] > seen, "its time came again")
    assert world.report("bad-refresh")["connectorStatus"] == "FAILED"
    assert len(world.hears("0031", "bad-refresh")) == 1
    assert world.v1("POST", "/connectors/bad-refresh/restart").status_code == 202
    world.until("bad-refresh", "RUNNING")


def test_wrong_configurations_are_told_apart(world: World) -> None:
    missing = world.until("bad-class", "CONFIG_FAILED")
    assert "no_such_module" in missing["failingExceptionMessage"]
    world.hears("0009", "bad-class")
    world.hears("0037", "bad-class")
    world.until("stranger", "CONFIG_FAILED")
    world.hears("0010", "stranger")
    world.hears("0037", "stranger")
    wrong = world.until("wrong-kind", "CONFIG_FAILED")
    assert wrong["failingExceptionMessage"].startswith("OMIS-DATABASE-INTEGRATOR-400-001")
    instance = wrong["connectorInstanceId"]
    world.command("restart", "wrong-kind")
    eventually(lambda: world.report("wrong-kind")["connectorInstanceId"] != instance, "tried again")
    world.until("wrong-kind", "CONFIG_FAILED")


def test_blocking_connectors_have_threads_of_their_own(world: World) -> None:
    world.until("blocking", "RUNNING")
    world.hears("0034", "blocking ")
    world.hears("0030", "blocking ")
    world.tell("blocking", "engage.fail", "the line is dead")
    world.until("blocking", "FAILED", failingExceptionMessage="RuntimeError: the line is dead")
    assert any("Method engage" in text for text in world.hears("0031", "blocking "))
    report = world.until("blocking-without", "FAILED")
    assert report["failingExceptionMessage"].startswith("OIF-CONNECTOR-400-001")


def test_stopped_between_two_lives(world: World) -> None:
    world.until("waiting", "RUNNING")
    waits = world.tell("waiting", "initialize.wait")
    world.command("restart", "waiting")
    world.until("waiting", "STOPPED")
    waits.unlink()
    world.until("waiting", "RUNNING")


def test_a_disconnect_that_fails_is_told(world: World) -> None:
    world.until("bad-end", "RUNNING")
    world.tell("bad-end", "disconnect.fail", "stuck")
    world.command("restart", "bad-end")
    world.hears("0023", "bad-end")
    world.until("bad-end", "RUNNING")


# ---- paths ---------------------------------------------------------------------------------------------------------


def test_the_status_shows_no_secret_and_is_answered_at_once(world: World) -> None:
    report = world.until("plain", "RUNNING")
    assert report["connection"]["endpoint"]["address"] == str(world.root / "plain")
    base = f"/servers/{world.daemon.name}/open-metadata/integration-daemon/users/u"
    for path in (f"{base}/status", f"{base}/integration-services/summary", "/api/v1/connectors", "/health"):
        answer = world.http("GET", path)
        assert answer.status_code == 200
        assert SECRET not in answer.text
    assert SECRET not in world.daemon.log_text()
    services = world.daemon.call("GET", "/integration-services/summary")["integrationServiceSummaries"]
    assert [each["integrationServiceURLMarker"] for each in services] == [
        "files-integrator", "database-integrator", "lineage-integrator",
    ]  # fmt: skip


def test_configuration_endpoint_and_connection_are_changed(world: World) -> None:
    name = "changing"
    world.until(name, "RUNNING")
    path = f"/integration-connectors/{name}/configuration-properties"

    def properties() -> Any:
        return world.daemon.call("GET", path)["properties"]

    def change(**body: Any) -> None:
        answer = world.daemon.call(
            "POST", "/integration-connectors/configuration-properties", {"connectorName": name, **body}
        )
        assert answer == {"class": "VoidResponse", "relatedHTTPCode": 200}

    assert properties() == {"depth": 1}
    change(mergeUpdate=True, configurationProperties={"more": [1, None]})
    eventually(lambda: properties() == {"depth": 1, "more": [1, None]}, "merged")
    change(mergeUpdate=False, configurationProperties={"only": "this"})
    eventually(lambda: properties() == {"only": "this"}, "replaced")
    world.hears("0015", name)
    change(mergeUpdate=False)
    eventually(lambda: properties() == {}, "cleared")
    world.hears("0016", name)
    older = f"/integration-services/files-integrator/connectors/{name}/configuration-properties"
    assert world.daemon.call("GET", older)["properties"] == {}

    def address() -> str:
        return str(world.report(name)["connection"].get("endpoint", {}).get("address"))

    (world.root / "moved").mkdir()
    (world.root / "third").mkdir()
    world.daemon.call(
        "POST", f"/integration-connectors/{name}/endpoint-network-address", {"string": str(world.root / "moved")}
    )
    eventually(lambda: address() == str(world.root / "moved"), "moved")
    bean = {
        "class": "Connection",
        "connectorType": {"class": "ConnectorType", "connectorProviderClassName": "told_connectors:Told"},
        "endpoint": {"class": "Endpoint", "address": str(world.root / "third")},
    }
    secret = world.daemon.call("POST", f"/integration-connectors/{name}/connection", {**bean, "clearPassword": SECRET})
    assert secret["relatedHTTPCode"] == 400 and SECRET not in json.dumps(secret)
    assert world.daemon.call("POST", f"/integration-connectors/{name}/connection", bean)["relatedHTTPCode"] == 200
    eventually(lambda: address() == str(world.root / "third"), "another connection")
    world.until(name, "RUNNING")
    put = world.v1("PUT", f"/connectors/{name}/configuration", json={"properties": {"depth": 9}})
    assert (put.status_code, put.json()) == (202, {"command": "configure", "connectors": [name]})
    eventually(lambda: world.v1("GET", f"/connectors/{name}/configuration").json()["properties"] == {"depth": 9}, "set")


def test_services_and_all_are_refreshed_and_restarted(world: World) -> None:
    for method, path in (
        ("POST", "/refresh"),
        ("POST", "/integration-connectors/refresh"),
        ("POST", "/integration-service/files-integrator/refresh"),
        ("POST", "/integration-services/files-integrator/refresh"),
    ):
        passes = eventually(lambda: world.until("plain", "RUNNING")["statistics"]["passes"], "ran")
        assert world.daemon.call(method, path)["relatedHTTPCode"] == 200
        eventually(lambda before=passes: world.report("plain")["statistics"]["passes"] > before, f"{path} refreshes")
    for method, path in (
        ("GET", "/integration-service/lineage-integrator/restart"),
        ("POST", "/integration-service/lineage-integrator/restart"),
        ("POST", "/integration-services/lineage-integrator/restart"),
    ):
        instance = world.until("scribe", "RUNNING")["connectorInstanceId"]
        assert world.daemon.call(method, path)["relatedHTTPCode"] == 200
        eventually(lambda old=instance: world.report("scribe")["connectorInstanceId"] != old, f"{path} restarts")
    world.until("scribe", "RUNNING")


def test_groups(world: World) -> None:
    world.until("dynamic", "RUNNING")
    answer = world.daemon.call("GET", f"/integration-groups/{world.group}/summary")
    summary = answer["integrationGroupSummary"]
    assert (answer["class"], summary["integrationGroupName"]) == ("IntegrationGroupSummaryResponse", world.group)
    assert summary["integrationGroupStatus"] == "RUNNING" and summary["integrationGroupGUID"]
    assert [each["connectorName"] for each in summary["integrationConnectorReports"]] == ["dynamic"]
    groups = world.daemon.call("GET", "/integration-groups/summary")["integrationGroupSummaries"]
    assert [each["integrationGroupName"] for each in groups] == [world.group, f"{world.group}-unknown"]
    read = len(world.said("0056", world.group))
    path = f"/integration-groups/{world.group}/refresh-config"
    assert world.daemon.call("GET", path)["relatedHTTPCode"] == 200
    assert world.daemon.call("POST", path)["relatedHTTPCode"] == 200
    eventually(lambda: len(world.said("0056", world.group)) > read, "read again")
    assert world.v1("POST", f"/groups/{world.group}/refresh").status_code == 202
    missing = world.daemon.call("GET", f"/integration-groups/{world.group}-unknown/refresh-config")
    assert missing["exceptionErrorMessageId"] == "INTEGRATION-DAEMON-SERVICES-400-032"
    world.hears("0019", world.group)
    world.hears("0051", world.group)
    assert "400-032" in world.hears("0028", f"{world.group}-unknown")[0]
    nobody = world.daemon.call("GET", "/integration-groups/nobody/summary")
    assert nobody["exceptionErrorMessageId"] == "INTEGRATION-DAEMON-SERVICES-400-034"


def test_refusals(world: World) -> None:
    for path, code in (
        ("/integration-services/nothing/refresh", "400-010"),
        ("/integration-services/topic-integrator/refresh", "400-030"),
    ):
        answer = world.daemon.call("POST", path)
        assert answer["exceptionErrorMessageId"] == f"INTEGRATION-DAEMON-SERVICES-{code}"
    answer = world.daemon.call("POST", "/integration-connectors/refresh", {"name": "nobody"})
    assert answer["exceptionErrorMessageId"] == "INTEGRATION-DAEMON-SERVICES-400-031"
    other = world.http("GET", "/servers/other/open-metadata/integration-daemon/users/u/status").json()
    assert (other["relatedHTTPCode"], other["exceptionErrorMessageId"]) == (404, "OMAG-MULTI-TENANT-404-001")


def test_lineage_events_reach_the_lineage_connectors_as_they_came(world: World) -> None:
    world.until("scribe", "RUNNING")
    heard = world.root / "heard"
    server = f"/servers/{world.daemon.name}/open-metadata"
    paths = [
        f"{server}/integration-services/lineage-integrator/users/u/publish-open-lineage-event",
        f"{server}/integration-daemon/users/u/api/v1/lineage",
        f"{server}/integration-daemon/publish-open-lineage-event?delegatingUserId=u",
        "/api/v1/lineage",
    ]
    for path in paths:
        assert world.http("POST", path, content=EVENT.encode()).status_code == 200
        assert world.http("POST", path, content=json.dumps(EVENT)).status_code == 200

    def events() -> list[str]:
        return heard.read_text().split("\0")[:-1] if heard.exists() else []

    eventually(lambda: len(events()) >= 2 * len(paths), "every event is heard")
    assert set(events()) == {EVENT}


def test_platform_health_and_metrics(world: World) -> None:
    path = f"/servers/{world.daemon.name}/platform-services/users/u/server-platform/registered-services"
    services = world.http("GET", f"{path}/integration-services").json()
    assert services["class"] == "RegisteredOMAGServicesResponse"
    assert "files-integrator" in [each["serviceURLMarker"] for each in services["services"]]
    assert world.http("GET", "/health").json()["status"] == "UP"
    assert world.http("GET", "/ready").json() == {"ready": True}
    world.until("plain", "RUNNING")
    assert 'omrs_daemon_connector_running{connector="plain"} 1.0' in world.http("GET", "/metrics").text
    state = world.v1("GET", "/daemon").json()
    assert (state["name"], state["started"]) == (world.daemon.name, True)


def test_commands_find_the_daemon_by_themselves(world: World) -> None:
    def omrs(*argv: str) -> list[dict[str, Any]]:
        command = [sys.executable, "-m", "omrs_streams.cli.main", *argv]
        environment = {**os.environ, "OMRS_DATA_DIR": str(world.root / "data")}
        done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=120)
        assert done.returncode == 0, done.stderr
        return [json.loads(line) for line in done.stdout.splitlines()]

    world.until("plain", "RUNNING")
    [plain] = [each for each in omrs("daemon", "status") if each["name"] == "plain"]
    assert (plain["status"], plain["service"], plain["worker"]) == ("RUNNING", "files-integrator", "w1")
    omrs("daemon", "refresh", "plain", "--wait", "60")
    assert world.report("plain")["statistics"]["passes"] > plain["statistics"]["passes"]
    omrs("daemon", "restart", "plain", "--wait", "60")
    assert world.report("plain")["connectorInstanceId"] != plain["instanceId"]
    omrs("daemon", "config", "set", "plain", "depth=4")
    eventually(lambda: omrs("daemon", "config", "get", "plain") == [{"depth": 4}], "set")
    [document] = omrs("daemon", "status", "--json")
    assert world.group in [each["name"] for each in document["groups"]]

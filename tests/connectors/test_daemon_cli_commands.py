"""The `omrs daemon` commands that ask a running daemon, through HTTP; how they find it, and what they refuse."""

import io
import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from api_daemon import CHANGED_AT, ApiDaemon, Front, Kept, serving
from rich.console import Console
from typer.testing import CliRunner

from omrs_connectors.api import GroupView
from omrs_connectors.cli.daemon import app
from omrs_connectors.cli.daemon_status import ago, table
from omrs_connectors.running import announce, file_of, running, withdraw
from omrs_schemas.errors import ConfigurationError, InvalidParameterError, NotReadyError, OmrsError, RepositoryError
from omrs_streams.cli import output

Run = Callable[..., list[Any]]


@pytest.fixture(scope="module")
def front() -> Iterator[Front]:
    with serving() as found:
        yield found


@pytest.fixture
def daemon() -> ApiDaemon:
    return ApiDaemon(
        Kept("oak dene/1", "files-integrator", properties={"include": ["*.csv"]}),
        Kept("sales", "database-integrator", status="FAILED", failure="no database"),
    )


@pytest.fixture
def url(front: Front, daemon: ApiDaemon) -> str:
    return str(front.of(daemon).base_url)


@pytest.fixture(autouse=True)
def data_dir(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OMRS_DATA_DIR", str(tmp_path))
    for name in ("OMRS_DAEMON", "OMRS_DAEMON_URL"):
        monkeypatch.delenv(name, raising=False)


def omrs(*argv: str) -> list[Any]:
    """What `omrs daemon` writes to stdout, line by line; its error is raised."""
    done = CliRunner().invoke(app, list(argv))
    if isinstance(done.exception, OmrsError):
        raise done.exception
    assert done.exit_code == 0, done.output
    return [json.loads(line) for line in done.stdout.splitlines()]


def test_status_is_a_line_for_each_connector(url: str) -> None:
    oak, sales = omrs("status", "--url", url)
    assert (oak["name"], oak["status"], oak["service"]) == ("oak dene/1", "RUNNING", "files-integrator")
    assert sales["failure"] == "no database"
    [document] = omrs("status", "--url", url, "--json", "--only", "failed")
    assert (document["name"], [each["name"] for each in document["items"]]) == ("exchangeDL01", ["sales"])


def test_status_for_people(url: str, daemon: ApiDaemon, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(output, "is_terminal", lambda: True)
    monkeypatch.setenv("COLUMNS", "220")
    daemon.groups = [GroupView("Exchange", "cocoMDS1", "RUNNING", "g-1", ("dynamic",))]
    done = CliRunner().invoke(app, ["status", "--url", url])
    assert done.exit_code == 0, done.output
    assert "daemon exchangeDL01: 1 FAILED, 1 RUNNING" in done.stdout
    assert "no database" in done.stdout and "10 min" in done.stdout
    assert "integration groups" in done.stdout and "cocoMDS1" in done.stdout


def test_the_live_table_has_failures_first_and_fits() -> None:
    daemon = ApiDaemon()
    state = {"name": daemon.settings.daemon, "connectors": {"FAILED": 1, "RUNNING": 1}}
    listed = [
        {"name": "a", "status": "RUNNING", "lastStatusChange": "2021-02-02T20:57:50.647+00:00"},
        {"name": "b", "status": "FAILED", "failure": "very long " * 30, "refreshing": True},
    ]
    written = io.StringIO()
    Console(width=100, file=written).print(table(state, listed))
    lines = written.getvalue().splitlines()
    assert max(map(len, lines)) <= 100
    [failed] = [number for number, line in enumerate(lines) if "FAILED ⟳" in line]
    [running] = [number for number, line in enumerate(lines) if "RUNNING" in line and number > 2]
    assert failed < running
    assert table({"name": "d", "connectors": {}}, []).row_count == 0


@pytest.mark.parametrize(
    ("later", "words"), [(0, "0 s"), (59_000, "59 s"), (60_000, "1 min"), (7_200_000, "2 h"), (259_200_000, "3 d")]
)
def test_times_are_how_long_ago_they_are(later: int, words: str) -> None:
    assert ago("2021-02-02T20:57:50.647+00:00", CHANGED_AT + later) == words
    assert ago(None, CHANGED_AT) == "–"


@pytest.mark.parametrize("command", ["refresh", "restart"])
def test_commands_reach_those_that_are_named(url: str, daemon: ApiDaemon, command: str) -> None:
    for argv, wanted in (
        ((), {"oak dene/1", "sales"}),
        (("oak dene/1",), {"oak dene/1"}),
        (("oak dene/1", "id-of-sales"), {"oak dene/1", "sales"}),
        (("--service", "database-integrator"), {"sales"}),
    ):
        assert omrs(command, *argv, "--url", url) == []
        assert set(daemon.told(command)) == wanted


def test_a_refresh_is_waited_for(url: str, daemon: ApiDaemon) -> None:
    assert omrs("refresh", "--wait", "30", "--url", url) == []
    with pytest.raises(NotReadyError, match=r"no restart within .* of: sales"):
        omrs("restart", "--wait", "0.1", "--url", url)


@pytest.mark.parametrize("status", ["FAILED", "CONFIG_FAILED"])
def test_the_exit_code_says_that_a_named_connector_does_not_run(url: str, daemon: ApiDaemon, status: str) -> None:
    daemon.connectors["sales"].status = status
    for names in (["sales"], ["oak dene/1", "id-of-sales"]):
        done = CliRunner().invoke(app, ["refresh", *names, "--wait", "30", "--url", url])
        assert done.exit_code == 1 and not isinstance(done.exception, OmrsError), done.output
        assert f"sales is {status}: no database" in done.output
    assert omrs("refresh", "oak dene/1", "--wait", "30", "--url", url) == []
    assert omrs("restart", "oak dene/1", "--wait", "30", "--url", url) == []


def test_the_configuration_is_read_and_changed(url: str, daemon: ApiDaemon, tmp_path: Path) -> None:
    daemon.connectors["sales"].properties = {"include": ["*.csv"]}
    here = ("--url", url)
    assert omrs("config", "get", "sales", *here) == [{"include": ["*.csv"]}]
    file = tmp_path / "more.yaml"
    file.write_text("exclude: [tmp]\ndepth: 1\n")
    omrs("config", "set", "sales", "depth=2", "name=a=b", "--file", str(file), *here)
    assert daemon.connectors["sales"].properties == {
        "include": ["*.csv"], "exclude": ["tmp"], "depth": 2, "name": "a=b",
    }  # fmt: skip
    omrs("config", "set", "sales", "depth=3", "--replace", *here)
    assert daemon.connectors["sales"].properties == {"depth": 3}
    omrs("config", "set", "sales", "--replace", *here)
    assert daemon.connectors["sales"].properties == {}
    omrs("config", "endpoint", "sales", "db:1", *here)
    assert daemon.connectors["sales"].address == "db:1"
    bean = {"class": "Connection", "endpoint": {"address": "db:2"}}
    file.write_text(json.dumps(bean))
    omrs("config", "connection", "sales", str(file), *here)
    assert daemon.connectors["sales"].connection == bean


@pytest.mark.parametrize(
    ("argv", "error", "said"),
    [
        (("refresh", "nobody"), InvalidParameterError, "has no connector 'nobody'"),
        (("refresh", "--wait", "1", "nobody"), InvalidParameterError, "has no connector 'nobody'"),
        (("config", "get", "nobody"), InvalidParameterError, "has no connector 'nobody'"),
        (("restart", "--service", "nothing"), InvalidParameterError, "no integration service 'nothing'"),
        (("config", "set", "sales"), ConfigurationError, "no property is given"),
        (("config", "set", "sales", "depth"), ConfigurationError, "'depth' is no property"),
        (("config", "set", "sales", "depth=["), ConfigurationError, "value of depth is no YAML"),
        (("status", "--daemon", "other"), ConfigurationError, "is daemon exchangeDL01, not other"),
    ],
)
def test_refusals(url: str, argv: tuple[str, ...], error: type[OmrsError], said: str) -> None:
    with pytest.raises(error, match=said) as caught:
        omrs(*argv, "--url", url)
    assert caught.value.help


def test_a_url_that_nobody_or_somebody_else_answers(front: Front, url: str) -> None:
    with pytest.raises(NotReadyError, match="no answer from http"):
        omrs("status", "--url", "http://127.0.0.1:9")
    with pytest.raises(RepositoryError, match="HTTP 200 is no answer of a daemon"):
        omrs("status", "--url", f"{url.rstrip('/')}/docs#")


def test_the_only_daemon_of_this_machine_is_found(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(ConfigurationError, match="running here: none"):
        omrs("status")
    announced = [announce("exchangeDL01", worker, url) for worker in ("w1", "w2")]
    assert len(omrs("status")) == 2
    assert len(omrs("status", "--daemon", "exchangeDL01")) == 2
    other = announce("other", "w1", "http://127.0.0.1:9")
    with pytest.raises(ConfigurationError, match=r"which daemon is meant.*exchangeDL01, other"):
        omrs("status")
    monkeypatch.setenv("OMRS_DAEMON", "exchangeDL01")
    assert len(omrs("status")) == 2
    for each in (*announced, other):
        withdraw(each.daemon, each.worker)
    assert running() == []


def test_a_killed_daemon_is_passed_over(url: str) -> None:
    code = "from omrs_connectors.running import announce, running; announce('exchangeDL01', 'w1', ''); print(running())"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60)
    assert "exchangeDL01" in done.stdout
    assert running() == []
    announce("exchangeDL01", "w1", url)
    assert [each.worker for each in running()] == ["w1"]
    file_of("broken", "w1").write_text("{")
    assert len(running()) == 1


def test_what_is_installed_is_listed(tmp_path: Path) -> None:
    markers = [each["marker"] for each in omrs("services")]
    assert "files-integrator" in markers and "generic" in markers
    [files] = [each for each in omrs("connectors") if each["name"] == "directory-catalog"]
    assert files["class"].startswith("omrs_connectors.")


def test_check_says_what_a_file_would_run(tmp_path: Path) -> None:
    file = tmp_path / "daemon.yaml"
    file.write_text(
        "daemon: d\nserver: {name: s, url: 'http://127.0.0.1:1'}\nconnectors:\n"
        "- {connectorName: lake, connectorProviderClass: directory-catalog, refreshTimeInterval: 5,"
        " endpoint: {networkAddress: /data}}\n"
        "services:\n- service: topic-integrator\n  connectors:\n"
        "  - {connectorName: t, connectorProviderClass: kafka-topics}\n"
        "groups: [{name: Exchange}]\n"
    )
    lake, topic = omrs("check", "-c", str(file))
    assert (lake["connector"], lake["every"], lake["where"]) == ("lake", "5 min", "/data")
    assert (topic["service"], topic["every"]) == ("topic-integrator", "once")
    file.write_text("daemon: d\n")
    with pytest.raises(ConfigurationError, match="server: Field required"):
        omrs("check", "-c", str(file))


def test_check_refuses_what_could_not_run(tmp_path: Path) -> None:
    file = tmp_path / "daemon.yaml"
    file.write_text(
        "daemon: d\nserver: {name: s, url: 'http://127.0.0.1:1'}\nconnectors:\n"
        "- {connectorName: lake, connectorProviderClass: directory-catalog, configurationProperties: {incldue: '*'}}\n"
        "- {connectorName: none, connectorProviderClass: nothing}\n"
        "- connectorName: vault\n  connection:\n    class: VirtualConnection\n"
        "    connectorType: {connectorProviderClassName: personal-data}\n"
        "    embeddedConnections: [{embeddedConnection: {connectorType: {connectorProviderClassName: no-store}}}]\n"
        "- {connectorName: fine, connectorProviderClass: directory-catalog}\n"
        "services:\n- service: topic-integrator\n  connectors:\n"
        "  - {connectorName: misplaced, connectorProviderClass: directory-catalog}\n"
    )
    done = CliRunner().invoke(app, ["check", "-c", str(file)], env={"COLUMNS": "1000"})
    assert done.exit_code == 1, done.output
    assert len(done.stdout.splitlines()) == 5, "every connector is shown all the same"
    errors = [line for line in done.stderr.splitlines() if line.startswith("error[")]
    for line, said in zip(
        errors,
        (
            "connector lake: configurationProperties: incldue: not known, is include meant?",
            "connector none: connector provider 'nothing' is not known",
            "connector vault: connector provider 'no-store' is not known",
            ": connector misplaced cannot run in the Topic Integrator",
        ),
        strict=True,
    ):
        assert said in line
    assert "OMIS-TOPIC-INTEGRATOR-400-001" in errors[-1]

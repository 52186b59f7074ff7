"""The command line as people and programs meet it: real processes, real plug-ins, a real broker."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from omrs_schemas.errors import ConfigurationError
from omrs_streams.cli import commands, output


def omrs(*args: str, environment: dict[str, str] | None = None) -> subprocess.CompletedProcess[str]:
    """Run `omrs` as an installed command would; output is piped, the terminal wide."""
    wide = {**os.environ, "COLUMNS": "200", **(environment or {})}
    command = [sys.executable, "-m", "omrs_streams.cli.main", *args]
    return subprocess.run(command, capture_output=True, text=True, env=wide, timeout=120, stdin=subprocess.DEVNULL)


def plug_in(folder: Path, name: str, target: str, source: str | None = None) -> dict[str, str]:
    """Install a package that plugs in the command `name`; the environment that has it."""
    info = folder / f"{name}_plugin-1.0.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}-plugin\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text(f"[omrs.commands]\n{name} = {target}\n")
    if source is not None:
        (folder / f"{target.partition(':')[0]}.py").write_text(source)
    return {"PYTHONPATH": str(folder)}


def test_help_lists_every_command_with_the_first_line_of_its_module() -> None:
    result = omrs("--help")
    assert result.returncode == 0
    for command in commands.deferred():
        assert command.name
        assert command.name in result.stdout
    assert "Run an Apache Kafka of our own" in result.stdout


def test_help_imports_neither_the_broker_nor_the_server() -> None:
    code = (
        "import sys; sys.argv = ['omrs', '--help']\n"
        "from omrs_streams.cli.main import main\n"
        "try: main()\n"
        "except SystemExit: pass\n"
        "heavy = {'faust', 'fastapi', 'confluent_kafka', 'rocksdict', 'jgo', 'pydantic'} & set(sys.modules)\n"
        "sys.exit(f'imported: {sorted(heavy)}' if heavy else 0)"
    )
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert result.returncode == 0, result.stderr


def test_every_built_in_command_loads() -> None:
    for command in commands.deferred():
        if command.origin == "omrs-streams":
            assert command.load().name == command.name


def test_version_is_json_when_piped() -> None:
    result = omrs("version")
    assert result.returncode == 0
    assert json.loads(result.stdout).keys() == {"omrs-streams", "python", "kafka"}


def test_version_is_an_option_too() -> None:
    assert omrs("--version").stdout == omrs("version").stdout


def test_a_worker_without_a_name_says_how_to_give_one(tmp_path: Path) -> None:
    result = omrs("worker", environment={"OMRS_DATA_DIR": str(tmp_path)})
    assert result.returncode == 1
    assert (
        "server: is needed" in result.stderr and "help: name the server: `omrs worker --server NAME`" in result.stderr
    )


def test_a_wrong_command_line_ends_with_2() -> None:
    assert omrs("no-such-command").returncode == 2
    assert omrs("kafka", "up", "--port", "nine").returncode == 2


def test_a_plug_in_is_listed_and_runs(tmp_path: Path) -> None:
    source = (
        '"""Greets."""\nimport typer\napp = typer.Typer()\n\n@app.command()\n'
        "def greet(name: str) -> None:\n    print('hello', name)\n"
    )
    environment = plug_in(tmp_path, "greet", "greeting:app", source)
    assert "Greets." in omrs("--help", environment=environment).stdout
    result = omrs("greet", "you", environment=environment)
    assert (result.returncode, result.stdout) == (0, "hello you\n")


@pytest.mark.parametrize(
    ("source", "reason"),
    [
        (None, "No module named 'absent'"),
        ('"""Fine until imported."""\nimport no_such_library\n', "No module named 'no_such_library'"),
        ("app = 1\n", "get_command"),
        ("def (:\n", "SyntaxError"),
    ],
    ids=["no module", "import fails", "not a typer app", "not python"],
)
def test_a_broken_plug_in_is_reported_by_name_and_the_others_go_on(
    tmp_path: Path, source: str | None, reason: str
) -> None:
    environment = plug_in(tmp_path, "broken", "absent:app", source)
    assert omrs("version", environment=environment).returncode == 0
    listing = omrs("--help", environment=environment)
    assert listing.returncode == 0
    assert "broken" in listing.stdout
    result = omrs("broken", environment=environment)
    assert result.returncode == 1
    assert result.stderr.startswith("error[OMRS-")
    assert "the command 'broken' of broken-plugin cannot be loaded" in result.stderr
    if reason != "get_command":
        assert reason in result.stderr
    assert "help: correct or uninstall broken-plugin" in result.stderr
    assert "Traceback" not in result.stderr


def test_a_plug_in_cannot_take_the_name_of_a_built_in_command(tmp_path: Path) -> None:
    environment = plug_in(tmp_path, "kafka", "impostor:app", '"""Not Kafka."""\n')
    assert "Not Kafka." not in omrs("--help", environment=environment).stdout


def test_errors_are_written_whole_on_stderr(capsys: pytest.CaptureFixture[str]) -> None:
    output.error(ConfigurationError("no [markup] is eaten: " + "x" * 300, help="set [settings] right"))
    out, err = capsys.readouterr()
    assert out == ""
    first, second = err.splitlines()
    assert first.startswith("error[OMRS-")
    assert first.endswith("]: no [markup] is eaten: " + "x" * 300)
    assert second == "help: set [settings] right"


def test_rows_and_records_are_json_lines_when_piped(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    things: list[dict[str, object]] = [{"a": 1, "b": None}, {"a": tmp_path}]
    output.rows(iter(things), title="not shown")
    output.record({"ok": True, "parts": ("x", "y")}, say="not shown")
    lines = capsys.readouterr().out.splitlines()
    assert [json.loads(line) for line in lines] == [
        {"a": 1, "b": None},
        {"a": str(tmp_path)},
        {"ok": True, "parts": ["x", "y"]},
    ]


def test_rows_and_records_are_tables_at_a_terminal(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(output, "is_terminal", lambda: True)
    output.rows([{"guid": "4711", "open": True}, {"guid": "4712", "size": 3}], title="Things")
    output.record({"where": ["here", "there"]}, say="Found")
    text = capsys.readouterr().out
    for part in ("Things", "guid", "4711", "yes", "3", "Found", "here there"):
        assert part in text


NAME = "egeria.omag.openmetadata.repositoryservices.cohort.cocoCohort.OMRSTopic.registration"


@pytest.mark.parametrize("width", [40, 80, 120, 200])
def test_ids_names_and_urls_are_never_broken(
    width: int, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(output, "is_terminal", lambda: True)
    monkeypatch.setenv("COLUMNS", str(width))
    found: list[dict[str, object]] = [
        {"topic": NAME, "what": "who is a member of cocoCohort, in Egeria's JSON", "records": 3, "bytes": None},
        {"topic": "omrs.schemas", "what": "Avro schemas by fingerprint", "records": 11, "bytes": 1024},
    ]
    output.rows(found, title="Topics")
    text = capsys.readouterr().out
    assert text.startswith("Topics")
    for part in (NAME, "omrs.schemas", "cocoCohort,", "fingerprint", "1024"):
        assert part in text
    assert ("┃ topic" in text) == (width >= 120)
    if width >= 120:
        assert max(map(len, text.splitlines())) <= width


@pytest.mark.kafka
def test_the_life_of_a_broker_by_commands(tmp_path: Path) -> None:
    environment = {"OMRS_DATA_DIR": str(tmp_path)}
    idle = json.loads(omrs("kafka", "status", environment=environment).stdout)
    assert (idle["running"], idle["nodes"]) == (False, [])
    try:
        up = omrs("kafka", "up", "--port", "0", environment=environment)
        assert up.returncode == 0, up.stderr
        first = json.loads(up.stdout)
        assert first["reused"] is False
        again = json.loads(omrs("kafka", "up", environment=environment).stdout)
        assert again == {**first, "reused": True}
        status = json.loads(omrs("kafka", "status", environment=environment).stdout)
        assert status["running"] is True
        assert status["bootstrap_servers"] == first["bootstrap_servers"]
        refused = omrs("kafka", "wipe", environment=environment)
        assert refused.returncode == 1
        assert "is running" in refused.stderr
        other = omrs("kafka", "up", "--port", "1", environment=environment)
        assert other.returncode == 1
        assert "runs on port" in other.stderr
        assert json.loads(omrs("kafka", "down", environment=environment).stdout)["stopped"] is True
        assert json.loads(omrs("kafka", "down", environment=environment).stdout)["stopped"] is False
        unasked = omrs("kafka", "wipe", environment=environment)
        assert unasked.returncode == 1
        assert "--yes" in unasked.stderr
    finally:
        assert omrs("kafka", "wipe", "--yes", environment=environment).returncode == 0
    assert not (tmp_path / "kafka").exists()

"""docs/write-a-connector.md from its first command to its last, as a reader types them."""

import os
import re
import subprocess
import sys
import threading
import venv
from collections.abc import Iterator
from pathlib import Path
from queue import Empty, Queue
from typing import Any

import pytest
import yaml
from kit_connectors import QueueConnector

from omrs_connectors.sdk import IntegrationConnectorConfig
from omrs_connectors.sdk.connections import VirtualConnection
from omrs_streams.log.embedded.ports import choose
from workers import unique

ROOT = Path(__file__).resolve().parents[2]
DOC = ROOT / "docs" / "write-a-connector.md"
COMMAND_S = 240.0  # the tests of the template, on a machine that does other things too


def blocks() -> list[tuple[str, str]]:
    """Language and text of each block, in order."""
    return re.findall(r"```(sh|python|yaml)\n(.*?)```", DOC.read_text(encoding="utf-8"), re.S)


class Shell:
    """One bash for all commands, so that what runs in the background stays."""

    def __init__(self, directory: Path, environment: dict[str, str]) -> None:
        self._process = subprocess.Popen(
            ["bash"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            cwd=directory,
            env=environment,
            text=True,
        )
        self._lines: Queue[str] = Queue()
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self) -> None:
        for line in self._process.stdout or ():
            self._lines.put(line)

    def run(self, command: str) -> str:
        """What a command printed. AssertionError when it failed, or takes too long."""
        mark = unique("done")
        assert self._process.stdin is not None
        self._process.stdin.write(f"{command}\nprintf '\\n%s %s\\n' {mark} $?\n")
        self._process.stdin.flush()
        printed = ""
        while True:
            try:
                line = self._lines.get(timeout=COMMAND_S)
            except Empty:
                raise AssertionError(f"{command}: not within {COMMAND_S:.0f} s\n{printed}") from None
            if line.startswith(mark):
                assert line.split()[1] == "0", f"{command}\n{printed}"
                return printed
            printed += line

    def close(self) -> None:
        """Ends what the reader would end: what runs in the background, and Kafka."""
        assert self._process.stdin is not None
        self._process.stdin.write("kill $(jobs -p) 2> /dev/null; wait; omrs kafka down; exit\n")
        self._process.stdin.close()
        try:
            self._process.wait(60)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait(10)
        self._reader.join(10)
        if self._process.stdout is not None:
            self._process.stdout.close()


class Reader:
    """Somebody who follows the page in a folder and a Python environment of his own."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory / "work"
        self.directory.mkdir()
        python = _environment(directory / "venv")
        tools = directory / "bin"
        tools.mkdir()
        _script(tools / "omrs", f'exec {python} -m omrs_streams.cli.main "$@"')
        _script(tools / "pytest", f'exec {python} -m pytest "$@"')
        # What the package needs is there already; nothing is fetched.
        _script(tools / "pip", f'exec {python} -m pip --quiet "$@" --no-deps --no-build-isolation')
        self.python = python
        self.environment = {
            **{name: value for name, value in os.environ.items() if not name.startswith(("OMRS_", "PYTEST_"))},
            "PATH": f"{tools}:{os.environ['PATH']}",
            "OMRS_DATA_DIR": str(directory / "data"),
            "PIP_DISABLE_PIP_VERSION_CHECK": "1",
        }
        self.shell = Shell(self.directory, self.environment)
        self._instead = {"omrs kafka up": "omrs kafka up --port 0", "127.0.0.1:8081": f"127.0.0.1:{choose(1)[0]}"}
        self._instead["--port 8081"] = f"--port {self._instead['127.0.0.1:8081'].rpartition(':')[2]}"
        self._instead["cocoMDS1"] = unique("tutorial")

    def types(self, text: str) -> str:
        for written, here in self._instead.items():
            text = text.replace(written, here)
        return text

    def runs(self, commands: str) -> str:
        """Line by line, except that a line which goes on is one command."""
        return "".join(self.shell.run(command) for command in self.types(commands).replace("\\\n", "").splitlines())

    def executes(self, code: str) -> str:
        done = subprocess.run(
            [str(self.python), "-W", "error", "-c", self.types(code)],
            cwd=self.directory,
            env=self.environment,
            capture_output=True,
            text=True,
            timeout=COMMAND_S,
            check=False,
        )
        assert done.returncode == 0, f"{code}\n{done.stdout}{done.stderr}"
        return done.stdout

    def corrects(self, path: str) -> None:
        """The server of the page has another name and address here."""
        file = self.directory / path
        file.write_text(self.types(file.read_text()))


def _environment(directory: Path) -> Path:
    """A Python that has what this one has, and takes packages of its own."""
    venv.create(directory, with_pip=False, symlinks=True)
    python = directory / "bin" / "python"
    ours = [path for path in sys.path if path.endswith("site-packages")]
    [site] = (directory / "lib").glob("python*/site-packages")
    (site / "base.pth").write_text("".join(f"import site; site.addsitedir({path!r})\n" for path in ours))
    return python


def _script(path: Path, line: str) -> None:
    path.write_text(f"#!/bin/sh\n{line}\n")
    path.chmod(0o755)


@pytest.fixture
def reader(tmp_path: Path) -> Iterator[Reader]:
    found = Reader(tmp_path)
    try:
        yield found
    finally:
        found.shell.close()
        for log in sorted(found.directory.glob("*.log")):
            print(f"---- {log.name}\n{log.read_text(errors='replace')[-5000:]}")


@pytest.mark.kafka
@pytest.mark.timeout(1200)
def test_the_page_from_its_first_command_to_its_last(reader: Reader) -> None:
    printed = ""
    for language, text in blocks():
        if language == "sh":
            printed += reader.runs(text)
            if "omrs connector new" in text:
                reader.corrects("queue-catalog/daemon.yaml")
        elif language == "python" and (path := re.match(r"# (\S+\.py)\n", text)):
            (reader.directory / path[1]).write_text(text.partition("\n")[2])
        elif language == "python":
            printed += reader.executes(text)
    assert "['orders', 'payments', 'refunds']" in printed
    assert printed.count(" passed") == 2
    assert "'created': 2" in printed


def test_the_secrets_store_of_the_page_is_read() -> None:
    [text] = [text for language, text in blocks() if language == "yaml"]
    given: dict[str, Any] = yaml.safe_load(text)
    config = IntegrationConnectorConfig.model_validate({"connectorName": "queues", **given})
    assert isinstance(config.connection, VirtualConnection)
    [store] = config.connection.embedded
    assert store.connection.provider == "yaml-secrets"
    assert store.connection.configuration_properties == {"secretsCollectionName": "broker"}


def test_all_of_the_context_and_of_a_trial_is_on_the_page(memory_kit: Any) -> None:
    from omrs_connectors.kit import Trial, checks
    from omrs_connectors.sdk import IntegrationContext

    page = DOC.read_text(encoding="utf-8")
    runtime = {"connect", "reconfigure", "revoke", "revoked", "use_embedded", "listeners_changed", "connector_name"}
    runtime |= {"permitted_synchronization", "metadata_source_qualified_name", "user_id"}
    of_trial = {"close", "died", "last_refresh_time", "listeners", "message_ids", "report", "writes", "world", "clock"}
    named = {name for name in dir(IntegrationContext) if not name.startswith("_")} - runtime
    named |= {name for name in dir(Trial) if not name.startswith("_")} - of_trial
    named |= {name for name in dir(checks) if name.startswith("check_")}
    assert sorted(name for name in named if name not in page) == []
    assert memory_kit.trial(QueueConnector).refresh().changed

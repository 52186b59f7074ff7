"""The processes of a demo: a broker, workers, a daemon, all below one directory and ended together."""

import contextlib
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

import yaml

from omrs_schemas.errors import EmbeddedKafkaError, NotReadyError
from omrs_streams.log.embedded import EmbeddedKafka

START_S = 60.0  # importing and joining take 3 s on a quiet machine; a busy one gets time
STOP_S = 15.0  # leaving the group and closing RocksDB take under a second


class DemoProcesses:
    """Starts and ends the demo's processes; `home` is their data directory."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self.kafka = EmbeddedKafka(home / "kafka", port=0)
        self._children: dict[str, subprocess.Popen[bytes]] = {}
        self.bootstrap = ""

    def start_kafka(self) -> None:
        self.bootstrap = self.kafka.up().bootstrap_servers

    def start_worker(self, server: str, cohort: str) -> str:
        """Start the one worker of `server`; its URL."""
        options = ["worker", "--server", server, "--cohort", cohort, "--port", "0"]
        return self._start(server, [*options, "--bootstrap-servers", self.bootstrap])

    def start_daemon(self, name: str, server: str, url: str, group: str) -> str:
        """Start the daemon with the connectors of an integration group, and one of its own that events wake; the URL
        of its status API."""
        config = self.home / f"{name}.yaml"
        settings = {
            "daemon": name,
            "server": {"name": server, "url": url},
            "groups": [{"name": group}],
            "connectors": [{"connectorName": "personal-data", "connectorProviderClass": "personal-data"}],
        }
        config.write_text(yaml.safe_dump(settings))
        options = ["daemon", "run", "--config", str(config), "--port", "0"]
        return self._start(name, [*options, "--bootstrap-servers", self.bootstrap])

    def stop(self, name: str) -> None:
        child = self._children.pop(name, None)
        if child is None:
            return
        child.terminate()
        try:
            child.wait(STOP_S)
        except subprocess.TimeoutExpired:
            child.kill()
            child.wait()

    def log(self, name: str) -> Path:
        return self.home / f"{name}.log"

    def memory_mb(self) -> float:
        """Resident memory of everything that the demo runs, broker included, in MB."""
        pids = [child.pid for child in self._children.values()]
        status = self.kafka.status()
        pids += [node.pid for node in status.nodes if node.pid]
        return sum(_resident(pid) for pid in pids) / 1e6

    def close(self, *, keep: bool) -> None:
        """End everything; remove the data unless `keep`."""
        for name in list(self._children):
            self.stop(name)
        with contextlib.suppress(EmbeddedKafkaError):
            self.kafka.down()
        if not keep:
            shutil.rmtree(self.home, ignore_errors=True)

    def _start(self, name: str, arguments: list[str]) -> str:
        ready = self.home / f"{name}.ready"
        ready.unlink(missing_ok=True)
        command = [sys.executable, "-m", "omrs_streams.cli.main", *arguments, "--ready-file", str(ready)]
        with self.log(name).open("ab") as output:
            child = subprocess.Popen(
                command, stdout=output, stderr=subprocess.STDOUT, env={**os.environ, "OMRS_DATA_DIR": str(self.home)}
            )
        self._children[name] = child
        deadline = time.monotonic() + START_S
        while not ready.exists() or not ready.read_text():
            if child.poll() is not None or time.monotonic() > deadline:
                tail = "".join(self.log(name).read_text(errors="replace").splitlines(keepends=True)[-15:])
                raise NotReadyError(f"{name} did not start:\n{tail}", help=f"the whole log: {self.log(name)}")
            time.sleep(0.05)
        return ready.read_text()


def _resident(pid: int) -> int:
    """Resident bytes; 0 where the system has no /proc or the process is gone."""
    try:
        pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    except (OSError, ValueError, IndexError):
        return 0
    return pages * os.sysconf("SC_PAGE_SIZE")

"""Real daemon processes for tests: `omrs daemon run` on the session's broker, ended whatever happens."""

import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import yaml

from omrs_schemas.codec.reports import decode_report
from omrs_streams.log.consumer import read_all
from workers import Running, eventually

START_S = 180.0  # a start takes 4 s; a machine that runs many tests at once has taken 100
STOP_S = 40.0
CALL_S = 60.0  # answered from memory, by a process that others may keep from the processor
HERE = Path(__file__).parent


@dataclass
class Daemon:
    """One daemon process and its status API."""

    name: str
    bootstrap_servers: str
    proc: "subprocess.Popen[bytes]"
    log_path: Path
    ready_file: Path
    url: str = ""

    def reports(self) -> dict[str, Any]:
        """Every connector's report of the status call, by connector name."""
        answer = self.call("GET", "/status")
        assert answer["relatedHTTPCode"] == 200
        found = [one for group in answer["integrationServiceSummaries"] for one in group["integrationConnectorReports"]]
        return {report["connectorName"]: report for report in found}

    def call(self, method: str, path: str, body: Any = None) -> dict[str, Any]:
        target = f"{self.url}/servers/{self.name}/open-metadata/integration-daemon/users/tester{path}"
        answer = httpx.request(method, target, json=body, timeout=CALL_S, trust_env=False)
        assert answer.status_code == 200, answer.text
        bean: dict[str, Any] = answer.json()
        return bean

    def wait(self, what: str, condition: Callable[[dict[str, Any]], Any], within: float = 60.0) -> dict[str, Any]:
        """The connectors' reports once `condition` is true of them."""

        def look() -> dict[str, Any] | None:
            assert self.proc.poll() is None, self.log_text()
            reports = self.reports()
            return reports if condition(reports) else None

        found = eventually(look, f"{what}\n{self.log_text()[-3000:]}", within=within, every=0.2)
        assert found is not None
        return found

    def refresh(self, connector: str) -> dict[str, Any]:
        """Asks for a pass and waits until one that began after this call is over; the connector's report.

        One that is under way would be taken for the one that is asked for, and may have been past what has changed.
        """
        free = self.wait(f"{connector} is free", lambda all_: not all_[connector]["refreshInProgress"])
        before = free[connector]["statistics"]["passes"]
        self.call("POST", "/integration-connectors/refresh", {"name": connector})
        after = self.wait(
            f"{connector} refreshed", lambda all_: all_[connector]["statistics"]["passes"] > before, within=120
        )
        report: dict[str, Any] = after[connector]
        return report

    def published(self, topic: str) -> list[tuple[dict[str, bytes], bytes]]:
        """Headers and value of every record of a topic of one partition."""
        conf = {"bootstrap.servers": self.bootstrap_servers, "group.id": "test-reader", "enable.auto.commit": False}
        found: list[tuple[Any, Any]] = [
            (message.headers() or (), message.value()) for message in read_all(conf, topic, 1)
        ]
        return [(dict(headers), value or b"") for headers, value in found]

    def activity(self, connector: str) -> list[dict[str, Any]]:
        """The published reports of a connector's passes, oldest first, with all that was changed in one list each."""
        reports = [decode_report(value) for _, value in self.published(f"omrs.daemon.{self.name}.reports")]
        found = [report for report in reports if report["connectorName"] == connector]
        for report in found:
            for kind in ("createdElements", "updatedElements", "deletedElements"):
                report[kind] = [guid for change in report["changes"] for guid in change[kind]]
        return found

    def log_text(self) -> str:
        return self.log_path.read_text(errors="replace")

    def stop(self) -> int:
        if self.proc.poll() is None:
            self.proc.terminate()
        return self.proc.wait(STOP_S)

    def kill(self) -> None:
        self.proc.kill()
        self.proc.wait(STOP_S)


class Daemons:
    """Starts daemons paired with one server."""

    def __init__(self, root: Path, server: Running, bootstrap_servers: str) -> None:
        self.root = root
        self.server = server
        self.bootstrap_servers = bootstrap_servers
        self.started: list[Daemon] = []

    def start(self, name: str, *connectors: dict[str, Any], wait: bool = True, **settings: Any) -> Daemon:
        """`settings`: others of the daemon's, such as `worker`, `services`, `groups`."""
        number = len(self.started)
        config, ready = self.root / f"{name}-{number}.yaml", self.root / f"{name}-{number}.url"
        config.write_text(
            yaml.safe_dump(
                {
                    "daemon": name,
                    "server": {"name": self.server.server, "url": self.server.url},
                    "user_id": "erinoverview",
                    "connectors": list(connectors),
                    **settings,
                }
            )
        )
        argv = [sys.executable, "-m", "omrs_streams.cli.main", "daemon", "run", "--config", str(config)]
        argv += ["--bootstrap-servers", self.bootstrap_servers, "--ready-file", str(ready)]
        log_path = self.root / f"{name}-{number}.log"
        path = os.pathsep.join([str(HERE), os.environ.get("PYTHONPATH", "")]).rstrip(os.pathsep)
        env = {**os.environ, "PYTHONPATH": path, "OMRS_DATA_DIR": str(self.root / "data")}
        with log_path.open("wb") as log:
            proc = subprocess.Popen(argv, stdout=log, stderr=subprocess.STDOUT, env=env, cwd=self.root)
        daemon = Daemon(name, self.bootstrap_servers, proc, log_path, ready)
        self.started.append(daemon)
        if wait:
            daemon.url = eventually(lambda: self._url(daemon), f"daemon {name} listens", within=START_S)
        return daemon

    def _url(self, daemon: Daemon) -> str:
        assert daemon.proc.poll() is None, daemon.log_text()
        return daemon.ready_file.read_text() if daemon.ready_file.exists() else ""

    def end(self) -> None:
        for daemon in self.started:
            if daemon.proc.poll() is None:
                daemon.kill()
            print(f"---- daemon {daemon.name} (exit {daemon.proc.returncode})\n{daemon.log_text()[-6000:]}")

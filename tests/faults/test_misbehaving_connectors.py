"""Connectors that hang, crash, leak, flood and spin beside good ones, in one real daemon.

What is required: each fails soon after its deadline, the good ones keep their schedule, a status call is answered from
memory, the daemon ends in time. Times are printed; only bounds that tell "late" from "never" are asserted.
"""

import time
from collections.abc import Iterator
from datetime import datetime
from itertools import pairwise
from pathlib import Path
from statistics import median
from typing import Any

import httpx
import psutil
import pytest
from daemons import Daemon, Daemons

from omrs_streams.log.embedded import Endpoint
from workers import Fleet, eventually, unique

pytestmark = [pytest.mark.kafka, pytest.mark.faults, pytest.mark.timeout(900)]

EVERY_S = 1.5  # the good ones' interval; a look each second makes it 2
DEADLINE_S = 5.0
TERMS = 10_000  # at least: the flood lasts until the siblings have had some passes

FAILS = {
    "sleeping": "method refresh of connector sleeping has not returned within 5 s",
    "raising": "RuntimeError: I always raise",
    "leaking": "used more than 300 MiB",
    "spinning": "method refresh of connector spinning has not returned within 5 s",
    "spinning-apart": "method refresh of connector spinning-apart has not returned within 5 s",
    "exiting": "SystemExit: 1",
}


def connector(name: str, kind: str, **given: Any) -> dict[str, Any]:
    return {"connectorName": name, "connectorProviderClass": f"misbehaving:{kind}", **given}


def bad_ones(root: Path) -> list[dict[str, Any]]:
    def soon(name: str) -> dict[str, Any]:
        return {"deadlines": {"refresh": DEADLINE_S}, "endpoint": {"networkAddress": str(root / name)}}

    return [
        connector("sleeping", "Sleeping", **soon("sleeping")),
        connector("raising", "Raising"),
        connector("leaking", "Leaking", isolation="process", memoryLimit=300),
        connector("spinning", "Spinning", **soon("spinning")),
        connector("spinning-apart", "Spinning", isolation="process", **soon("spinning-apart")),
        connector("exiting", "Exiting"),
        connector("stubborn", "Stubborn"),
    ]


@pytest.fixture
def daemons(workers: Fleet, kafka: Endpoint, tmp_path: Path) -> Iterator[Daemons]:
    root = tmp_path / "daemons"
    root.mkdir()
    ours = Daemons(root, workers.start(unique("faults")), kafka.bootstrap_servers)
    try:
        yield ours
    finally:
        ours.end()


class Siblings:
    """Three good connectors and what they wrote down."""

    def __init__(self, root: Path) -> None:
        self.files = [root / f"punctual-{number}" for number in range(3)]
        for file in self.files:
            file.touch()

    def configured(self) -> list[dict[str, Any]]:
        return [
            connector(file.name, "Punctual", endpoint={"networkAddress": str(file)}, refreshTimeInterval=EVERY_S / 60)
            for file in self.files
        ]

    def passes(self) -> int:
        """Of the one that had fewest."""
        return min(len(times_in(file)) for file in self.files)

    def gaps(self) -> list[float]:
        return [later - earlier for file in self.files for earlier, later in pairwise(times_in(file))]


def answered(daemon: Daemon, times: int = 60) -> list[float]:
    """How long status calls took, in milliseconds."""
    found = []
    target = f"{daemon.url}/servers/{daemon.name}/open-metadata/integration-daemon/users/tester/status"
    with httpx.Client(timeout=60, trust_env=False) as http:
        for _ in range(times):
            before = time.perf_counter()
            assert http.get(target).json()["relatedHTTPCode"] == 200
            found.append((time.perf_counter() - before) * 1_000)
            time.sleep(0.02)
    return found


def told(what: str, values: list[float], unit: str) -> None:
    print(f"{what}: median {median(values):.1f} {unit}, longest {max(values):.1f} {unit} of {len(values)}")


def test_bad_connectors_harm_nobody_but_themselves(daemons: Daemons, tmp_path: Path) -> None:
    siblings = Siblings(tmp_path)
    daemon = daemons.start(unique("daemon"), *siblings.configured(), *bad_ones(tmp_path))
    told("status calls while they misbehave", answered(daemon), "ms")
    reports = daemon.wait(
        "all that fail have failed, and one goes on for ever",
        lambda all_: (
            all(all_[name]["connectorStatus"] == "FAILED" for name in FAILS) and all_["stubborn"]["refreshInProgress"]
        ),
        within=120,
    )
    for name, problem in FAILS.items():
        assert problem in reports[name]["failingExceptionMessage"], name
    for name in ("sleeping", "spinning", "spinning-apart"):
        [began] = times_in(tmp_path / name)
        late = datetime.fromisoformat(reports[name]["lastStatusChange"]).timestamp() - began - DEADLINE_S
        print(f"{name}: FAILED {late:.2f} s after its deadline")

    seen = siblings.passes()
    eventually(lambda: siblings.passes() >= seen + 5, "the siblings go on", within=120)
    told("between refreshes of the good ones", siblings.gaps(), "s")
    told("status calls afterwards", answered(daemon), "ms")
    assert all(daemon.reports()[file.name]["connectorStatus"] == "RUNNING" for file in siblings.files)

    daemon.call("POST", "/integration-connectors/restart", {"name": "raising"})
    daemon.call("POST", "/integration-connectors/restart", {"name": "stubborn"})
    daemon.wait(
        "restarted", lambda all_: all_["stubborn"]["connectorInstanceId"] != reports["stubborn"]["connectorInstanceId"]
    )

    children = psutil.Process(daemon.proc.pid).children(recursive=True)
    before = time.monotonic()
    assert daemon.stop() == 0
    print(f"the daemon ended in {time.monotonic() - before:.1f} s")
    eventually(lambda: not any(alive(child) for child in children), "no process is left behind")


def test_a_flood_of_creates_does_not_delay_the_siblings(daemons: Daemons, tmp_path: Path) -> None:
    """It lasts until they have had some passes, however fast the machine is."""
    siblings, enough = Siblings(tmp_path), tmp_path / "enough"
    flood = connector(
        "flooding",
        "Flooding",
        endpoint={"networkAddress": unique("Flood")},
        configurationProperties={"terms": TERMS, "until": str(enough)},
    )
    began = time.monotonic()
    daemon = daemons.start(unique("daemon"), *siblings.configured(), flood)
    told("status calls during the flood", answered(daemon), "ms")
    daemon.wait("the flood has begun", lambda all_: all_["flooding"]["refreshInProgress"])
    seen = siblings.passes()
    eventually(lambda: siblings.passes() >= seen + 3, "the siblings go on", within=120)
    assert not daemon.reports()["flooding"]["statistics"]["passes"]
    told("between refreshes of the good ones", siblings.gaps(), "s")
    enough.touch()
    reports = daemon.wait("the flood is over", lambda all_: all_["flooding"]["statistics"]["passes"], within=240)
    created = reports["flooding"]["statistics"]["created"]
    print(f"{created} creates in {time.monotonic() - began:.0f} s")
    assert reports["flooding"]["connectorStatus"] == "RUNNING", reports["flooding"]
    assert created >= TERMS


def test_a_connector_in_a_process_ends_with_a_killed_daemon(daemons: Daemons, tmp_path: Path) -> None:
    file = tmp_path / "apart"
    apart = connector("apart", "Punctual", isolation="process", endpoint={"networkAddress": str(file)})
    spinning = connector(
        "spinning", "Spinning", isolation="process", endpoint={"networkAddress": str(tmp_path / "spin")}
    )
    started = tmp_path / "parent"
    parent = connector("parent", "Parent", isolation="process", endpoint={"networkAddress": str(started)})
    daemon = daemons.start(unique("daemon"), apart, spinning, parent)
    daemon.wait("all refresh", lambda all_: file.exists() and all_["spinning"]["refreshInProgress"])
    daemon.wait("a program runs", lambda _: started.exists())
    children = psutil.Process(daemon.proc.pid).children(recursive=True)
    assert len(children) >= 4
    daemon.kill()
    eventually(lambda: not any(alive(child) for child in children), "no process is left behind", within=60)


def times_in(file: Path) -> list[float]:
    """Epoch seconds of the refreshes that were noted in a file."""
    return [float(line) for line in file.read_text().split()]


def alive(process: psutil.Process) -> bool:
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:  # it ended between the two
        return False

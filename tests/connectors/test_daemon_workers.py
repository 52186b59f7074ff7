"""Several workers of a daemon: they share its connectors, take over from one that is killed, never refresh one twice at
once, and each answers and accepts commands for all."""

import time
from pathlib import Path

import pytest
from daemons import START_S, Daemon, Daemons
from recorded_passes import Said, overlapping, read

from workers import eventually, unique

pytestmark = [pytest.mark.kafka, pytest.mark.faults]

COUNT = 12


def connectors(path: Path, count: int = COUNT, every: float = 0.02) -> list[dict[str, object]]:
    return [
        {
            "connectorName": f"c{number}",
            "connectorProviderClass": "recorded_passes:PassRecorder",
            "refreshTimeInterval": every,
            "endpoint": {"networkAddress": str(path)},
        }
        for number in range(count)
    ]


def runs_at(daemon: Daemon) -> dict[str, str]:
    """Which worker runs which connector, as this one sees it."""
    return {
        name: report["worker"] for name, report in daemon.reports().items() if report["connectorStatus"] == "RUNNING"
    }


def shared(first: Daemon, *others: Daemon) -> None:
    """Every worker sees every connector running, some of them at each."""

    def look() -> bool:
        seen = [runs_at(each) for each in (first, *others)]
        workers = {f"w{number + 1}" for number in range(len(seen))}
        return all(each == seen[0] and len(each) == COUNT and set(each.values()) == workers for each in seen)

    eventually(look, "the workers share the connectors", within=90)


def since(path: Path, at: float) -> list[Said]:
    return [each for each in read(path) if each.at > at]


def test_workers_share_take_over_and_give_back(daemons: Daemons, tmp_path: Path) -> None:
    path = tmp_path / "passes"
    name = unique("shared")
    one = daemons.start(name, *connectors(path), worker="w1")
    one.wait("all run", lambda all_: all(each["connectorStatus"] == "RUNNING" for each in all_.values()))
    two = daemons.start(name, *connectors(path), worker="w2")
    shared(one, two)

    killed = time.monotonic()
    two.kill()
    taken_over: dict[str, float] = {}

    def all_refreshed() -> bool:
        for each in since(path, killed):
            if each.what == "begin" and each.pid == one.proc.pid:
                taken_over.setdefault(each.connector, each.at - killed)
        return len(taken_over) == COUNT

    eventually(all_refreshed, "the other worker runs all connectors", within=90)
    print(f"after a kill -9 the last connector was refreshed elsewhere after {max(taken_over.values()):.1f} s")
    assert set(runs_at(one).values()) == {"w1"}

    again = daemons.start(name, *connectors(path), worker="w2")
    shared(one, again)
    left = time.monotonic()
    assert one.stop() == 0
    eventually(lambda: len({each.connector for each in since(path, left) if each.pid == again.proc.pid}) == COUNT, "w2")
    assert not overlapping(read(path), {two.proc.pid: killed})


def test_any_worker_takes_commands_and_they_outlive_it(daemons: Daemons, tmp_path: Path) -> None:
    """Connectors that refresh once only, so that each pass has been asked for."""
    path = tmp_path / "passes"
    name = unique("asked")
    once = connectors(path, every=0)
    one, two = (daemons.start(name, *once, worker=worker, wait=True) for worker in ("w1", "w2"))
    shared(one, two)
    eventually(lambda: all("lastRefreshTime" in report for report in one.reports().values()), "all were refreshed")
    theirs = next(name for name, worker in runs_at(one).items() if worker == "w2")
    here = next(name for name, worker in runs_at(one).items() if worker == "w1")

    def passes(connector: str) -> int:
        return sum(each.what == "begin" and each.connector == connector for each in read(path))

    before = passes(theirs)
    one.call("POST", "/integration-connectors/refresh", {"name": theirs})
    eventually(lambda: passes(theirs) > before, "the other worker has refreshed it")

    body = {"connectorName": here, "mergeUpdate": True, "configurationProperties": {"seconds": 0.2}}
    two.call("POST", "/integration-connectors/configuration-properties", body)
    properties = f"/integration-connectors/{here}/configuration-properties"
    eventually(lambda: one.call("GET", properties)["properties"] == {"seconds": 0.2}, "it has the new configuration")
    two.kill()
    one.kill()
    again = daemons.start(name, *once, worker="w1")
    again.wait("all run", lambda all_: all(each["connectorStatus"] == "RUNNING" for each in all_.values()), within=120)
    eventually(lambda: again.call("GET", properties)["properties"] == {"seconds": 0.2}, "it has it still")


def test_a_second_worker_of_the_same_name_is_refused(daemons: Daemons, tmp_path: Path) -> None:
    name = unique("twice")
    daemons.start(name, *connectors(tmp_path / "passes", 1))
    second = daemons.start(name, *connectors(tmp_path / "passes", 1), wait=False)
    assert second.proc.wait(START_S) == 1
    assert "runs already" in second.log_text()

"""Whole daemons that run groups: 200 connectors while the group is edited, several daemons, connectors that edit."""

import random
from pathlib import Path
from typing import Any

import pytest
from daemons import Daemon, Daemons
from groups_watched import config, editor

from omrs_connectors.groups.editing import GroupEditor
from omrs_connectors.reports.reader import reports_of_element
from omrs_streams.client import MetadataClient
from omrs_streams.log.embedded import Endpoint
from workers import Running, eventually, unique

MANY = 200

Reports = dict[str, dict[str, Any]]


def group_of(daemon: Daemon, name: str) -> dict[str, Any]:
    answer = daemon.call("GET", f"/integration-groups/{name}/summary")
    assert answer["relatedHTTPCode"] == 200, answer
    found: dict[str, Any] = answer["integrationGroupSummary"]
    return found


def members(daemon: Daemon, name: str) -> Reports:
    """The reports of a group's connectors, by name."""
    return {one["connectorName"]: one for one in group_of(daemon, name).get("integrationConnectorReports") or ()}


def wait_for(daemon: Daemon, name: str, what: str, condition: Any, within: float = 60.0) -> Reports:
    seen: list[Reports] = []

    def look() -> bool:
        assert daemon.proc.poll() is None, daemon.log_text()[-6000:]
        seen[:] = [members(daemon, name)]
        return bool(condition(seen[0]))

    eventually(look, f"{what}\n{daemon.log_text()[-3000:]}", within=within, every=0.3)
    return seen[0]


def running(found: Reports, *names: str) -> bool:
    return set(found) >= set(names) and all(
        found[name]["connectorStatus"] == "RUNNING" and found[name].get("lastRefreshTime") for name in names
    )


def note(name: str, log: Path | None = None, address: str = "", **more: Any) -> Any:
    properties = {"log": str(log)} if log else {}
    return config(name, "group_members:Note", address, configurationProperties=properties, **more)


def lines(path: Path) -> list[str]:
    return path.read_text().splitlines() if path.exists() else []


@pytest.mark.timeout(600)
def test_edits_while_200_connectors_run_restart_only_those(daemons: Daemons, client: MetadataClient) -> None:
    edit, group = editor(client)
    ids = {f"c{number}": edit.add_connector(group, note(f"c{number}", address=f"a:{number}")) for number in range(MANY)}
    daemon = daemons.start(unique("many"), groups=[{"name": group}])
    before = wait_for(daemon, group, "all run", lambda found: running(found, *ids), within=240)
    assert {name: one["connectorId"] for name, one in before.items()} == ids

    chosen = random.Random(4).sample(sorted(ids), 6)
    restarted, gone, moved, later, target, kind = chosen
    edit.change_connector(ids[restarted], network_address="elsewhere:1")
    edit.remove_connector(ids[gone])
    edit.change_connector(ids[moved], configuration_properties={"changed": True})
    edit.change_connector(ids[later], refresh_time_interval=60)
    folder = client.add_entity("FileFolder", {"qualifiedName": unique("folder")}).guid
    edit.add_target(ids[target], folder, "lake")
    new_kind = edit.registration(ids[kind]).config
    assert new_kind is not None
    other = new_kind.connection.connector_type.model_copy(
        update={"connector_provider_class_name": "connector_lives:Failing"}
    )
    edit.change_connector(ids[kind], connection=new_kind.connection.model_copy(update={"connector_type": other}))
    edit.add_connector(group, note("added"))

    def applied(found: Reports) -> bool:
        return (
            gone not in found
            and running(found, "added", restarted, moved)
            and all(
                found[name]["connectorInstanceId"] != before[name]["connectorInstanceId"] for name in (restarted, moved)
            )
            and found[later]["minMinutesBetweenRefresh"] == 60
            and found[kind]["connectorStatus"] == "FAILED"
            and found[target]["lastRefreshTime"] > before[target]["lastRefreshTime"]
        )

    after = wait_for(daemon, group, "the edits are applied", applied, within=120)
    assert set(after) == (set(ids) - {gone}) | {"added"}
    anew = {
        name
        for name in set(before) & set(after)
        if before[name]["connectorInstanceId"] != after[name]["connectorInstanceId"]
    }
    assert anew == {restarted, moved, kind}
    passes = {name for name in set(before) & set(after) if after[name]["statistics"]["passes"] != 1}
    assert passes <= {restarted, moved, kind, target, later}, "a connector that nothing was changed of ran again"
    assert daemon.stop() == 0
    text = daemon.log_text()
    for number in ("0019", "0051", "0056", "0052"):
        assert f"INTEGRATION-DAEMON-SERVICES-{number}" in text
    # The group is read as a whole once, and again where its events were not heard in time at the start (0027).
    again = text.count("INTEGRATION-DAEMON-SERVICES-0027")
    assert text.count("INTEGRATION-DAEMON-SERVICES-0051") <= 1 + again


def test_a_group_defined_after_the_daemon_started_runs(
    daemons: Daemons, client: MetadataClient, tmp_path: Path
) -> None:
    group, log = unique("late"), tmp_path / "late.log"
    daemon = daemons.start(unique("early"), groups=[{"name": group}])
    assert group_of(daemon, group)["integrationGroupStatus"] == "ASSIGNED"
    edit = GroupEditor(client)
    edit.create_group(group)
    one = edit.add_connector(group, note("one", log, "here"))
    wait_for(daemon, group, "it runs", lambda found: running(found, "one"))
    assert group_of(daemon, group)["integrationGroupStatus"] == "RUNNING"
    # Targets that come and go: another refresh of the same instance, which sees them.
    instance = members(daemon, group)["one"]["connectorInstanceId"]
    folder = client.add_entity("FileFolder", {"qualifiedName": unique("folder")}).guid
    target = edit.add_target(one, folder, "lake")
    eventually(lambda: lines(log) == ["here ", "here lake"], "the target is seen", within=60)
    edit.remove_target(target)
    eventually(lambda: lines(log) == ["here ", "here lake", "here "], "it is gone", within=60)
    assert members(daemon, group)["one"]["connectorInstanceId"] == instance
    # The same connection again: nothing happens. Another address: it is restarted.
    edit.set_connector(one, note("one", log, "here"))
    edit.set_connector(one, note("one", log, "there"))
    eventually(lambda: lines(log)[-1] == "there ", "it is restarted", within=60)
    assert lines(log) == ["here ", "here lake", "here ", "there "]
    edit.delete_group(group)
    wait_for(daemon, group, "nothing runs", lambda found: not found)
    assert daemon.stop() == 0


def test_two_daemons_share_a_group(daemons: Daemons, client: MetadataClient, tmp_path: Path) -> None:
    """Each runs all of it."""
    edit, group = editor(client)
    log = tmp_path / "shared.log"
    edit.add_connector(group, note("one", log, "first"))
    both = [daemons.start(unique("sharing"), groups=[{"name": group}]) for _ in range(2)]
    for daemon in both:
        wait_for(daemon, group, "it runs", lambda found: running(found, "one"))
    edit.add_connector(group, note("two", log, "second"))
    for daemon in both:
        wait_for(daemon, group, "both run", lambda found: running(found, "one", "two"))
    assert sorted(lines(log)) == ["first ", "first ", "second ", "second "]


def test_a_connector_edits_the_group_that_it_is_in(daemons: Daemons, client: MetadataClient) -> None:
    edit, group = editor(client)
    properties = {"group": group, "names": ["alpha", "beta"]}
    foreman = edit.add_connector(group, config("foreman", "group_members:Foreman", configurationProperties=properties))
    daemon = daemons.start(unique("editing"), groups=[{"name": group}])
    found = wait_for(daemon, group, "all run", lambda found: running(found, "alpha", "beta", "foreman"))
    instances = {name: found[name]["connectorInstanceId"] for name in ("alpha", "beta")}
    # What it did is reported, on the topic and as metadata.
    [report] = [one for one in daemon.activity("foreman") if one["createdCount"]]
    assert set(report["createdElements"]) == {found["alpha"]["connectorId"], found["beta"]["connectorId"]}
    anchors = [change["anchorGUID"] for change in report["changes"]]
    eventually(lambda: all(reports_of_element(client, guid) for guid in anchors), "it is metadata", within=60)
    assert {one["connectorId"] for guid in anchors for one in reports_of_element(client, guid)} == {foreman}
    # Told otherwise, it takes itself out; the others go on.
    edit.change_connector(foreman, configuration_properties={"group": group, "names": []})
    left = wait_for(daemon, group, "it is gone", lambda found: set(found) == {"alpha", "beta"})
    assert {name: left[name]["connectorInstanceId"] for name in ("alpha", "beta")} == instances
    assert daemon.stop() == 0


def test_a_daemon_that_was_killed_finds_what_was_edited_meanwhile(
    daemons: Daemons, client: MetadataClient, tmp_path: Path
) -> None:
    edit, group = editor(client)
    log = tmp_path / "killed.log"
    one = edit.add_connector(group, note("one", log, "before"))
    name = unique("killed")
    daemon = daemons.start(name, groups=[{"name": group}])
    wait_for(daemon, group, "it runs", lambda found: running(found, "one"))
    daemon.kill()
    edit.change_connector(one, network_address="after")
    edit.add_connector(group, note("two", log, "new"))
    daemon = daemons.start(name, groups=[{"name": group}])
    # Until the daemon has built them, its reports are those of its earlier life.
    eventually(lambda: set(lines(log)) == {"before ", "after ", "new "}, "both run as they are now", within=60)
    wait_for(daemon, group, "both run", lambda found: running(found, "one", "two"))


def test_a_server_of_release_4_has_groups_and_reports(
    server_of_release_4: Running, kafka: Endpoint, tmp_path: Path
) -> None:
    root = tmp_path / "daemons"
    root.mkdir()
    daemons = Daemons(root, server_of_release_4, kafka.bootstrap_servers)
    with MetadataClient(server_of_release_4.url, server_of_release_4.server, "erinoverview") as client:
        try:
            edit, group = editor(client)
            properties = {"group": group, "names": ["alpha"]}
            foreman = config("foreman", "group_members:Foreman", configurationProperties=properties)
            guid = edit.add_connector(group, foreman)
            daemon = daemons.start(unique("older"), groups=[{"name": group}])
            found = wait_for(daemon, group, "both run", lambda found: running(found, "alpha", "foreman"))
            anchor = edit.find_group(group)  # end 1 of the registration, which is what was made
            eventually(lambda: reports_of_element(client, anchor), "it is metadata", within=60)
            [report] = reports_of_element(client, anchor)
            assert client.get_entity(report["guid"]).type_name == "IntegrationReport"
            assert report["connectorId"] == guid
            assert report["createdElements"] == [found["alpha"]["connectorId"]]
        finally:
            daemons.end()

"""The metadata highway: its paths as Egeria has them, the commands to connect and leave, and `omrs cohort`."""

import json
import subprocess
import sys
from functools import partial
from typing import Any

import pytest

from omrs_schemas.errors import RepositoryError
from omrs_schemas.model.responses import CohortListResponse, CohortMembershipListResponse, CohortMembershipResponse
from omrs_streams.cli import cohort as cohort_command
from omrs_streams.cli import output
from workers import Fleet, Pair, Running, eventually, unique

pytestmark = pytest.mark.kafka

CALLS = ("connect", "disconnect", "unregister")


def highway(running: Running, path: str, *, user: str = "garygeeke") -> dict[str, Any]:
    answer = running.rest(user).get(f"/metadata-highway/{path}")
    assert answer.status_code == 200
    found: dict[str, Any] = answer.json()
    return found


def status(running: Running, cohort: str) -> str:
    found = highway(running, "cohort-descriptions")["cohorts"]
    return str(next(each["connectionStatus"] for each in found if each["cohortName"] == cohort))


def omrs(running: Running, *arguments: str) -> list[dict[str, Any]]:
    """`omrs cohort …`, piped: JSON lines."""
    argv = [sys.executable, "-m", "omrs_streams.cli.main", "cohort", *arguments, "--server", running.server]
    done = subprocess.run([*argv, "--url", running.url], capture_output=True, text=True, timeout=90, check=False)
    assert done.returncode == 0, done.stderr
    return [json.loads(line) for line in done.stdout.splitlines()]


def test_the_cohorts_and_members_of_a_server(pair: Pair) -> None:
    eventually(lambda: status(pair.a, pair.cohort) == "CONNECTED", "A says that it is connected")
    described = highway(pair.a, "cohort-descriptions")
    assert described["class"] == "CohortListResponse" and described["relatedHTTPCode"] == 200
    assert CohortListResponse.model_validate(described).cohorts
    [one] = described["cohorts"]
    assert one["cohortName"] == pair.cohort and one["topicConnection"]["endpoint"]["address"].endswith("registration")

    local = highway(pair.a, "local-registration")
    assert local["class"] == "CohortMembershipResponse"
    assert local["cohortMember"]["metadataCollectionId"] == pair.ids[0]
    assert "registrationTime" not in local["cohortMember"], "it belongs to a cohort"
    here = highway(pair.a, f"cohorts/{pair.cohort}/local-registration")
    assert CohortMembershipResponse.model_validate(here).cohortMember
    assert here["cohortMember"]["registrationTime"].endswith("+00:00")
    assert here["cohortMember"]["serverName"] == pair.a.server

    def others() -> bool:
        found = highway(pair.a, f"cohorts/{pair.cohort}/remote-members")
        assert found["class"] == "CohortMembershipListResponse"
        assert CohortMembershipListResponse.model_validate(found)
        return pair.ids[1] in {each["metadataCollectionId"] for each in found.get("cohortMembers", [])}

    eventually(others, "A knows B")


def test_errors_are_egerias(pair: Pair, workers: Fleet) -> None:
    for call in ("local-registration", "remote-members", *CALLS):
        refused = highway(pair.a, f"cohorts/nowhere/{call}")
        assert refused["relatedHTTPCode"] == 404
        assert refused["exceptionErrorMessageId"] == "OMRS-REPOSITORY-CONNECTOR-404-002"
        assert refused["exceptionClassName"].endswith(".RepositoryErrorException")
    alone = workers.start(unique("S"))
    for call in ("cohort-descriptions", "cohorts/any/connect"):
        assert highway(alone, call)["exceptionErrorMessageId"] == "OMRS-REST-API-503-003"
    assert highway(alone, "local-registration")["cohortMember"]["serverName"] == alone.server


def test_commands_at_the_command_line(workers: Fleet) -> None:
    cohort = unique("co")
    one = workers.start(unique("A"), cohort=cohort)
    other = workers.start(unique("B"), cohort=cohort)
    eventually(lambda: len(omrs(one, "members")) == 2, "A knows B")
    mine, yours = omrs(one, "members", "--cohort", cohort)
    assert mine["local"] and mine["server"] == one.server and mine["registered"]
    assert not yours["local"] and yours["address"] == f"{other.url}/servers/{other.server}"
    [described] = omrs(one, "describe")
    assert described["cohort"] == cohort and described["status"] == "CONNECTED" and described["other_members"] == 1
    there = f"cohorts/{cohort}/remote-members"
    eventually(lambda: highway(other, there).get("cohortMembers"), "B knows A")
    assert omrs(one, "leave")[0]["status"] == "DISCONNECTED"
    assert len(omrs(other, "members")) == 2, "it only left for now"
    assert omrs(one, "join")[0]["status"] == "CONNECTED"
    [left] = omrs(one, "leave", "--for-good")
    assert left["status"] == "DISCONNECTED" and not left["registered"] and left["other_members"] == 0
    eventually(lambda: len(omrs(other, "members")) == 1, "B forgets A")
    [back] = omrs(one, "connect")
    assert back["status"] == "CONNECTED" and back["registered"]
    eventually(lambda: len(omrs(other, "members")) == 2 == len(omrs(one, "members")), "both know both again")


def test_that_nobody_is_there_is_said_to_people(
    workers: Fleet, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    name = unique("cohort")
    running = workers.start(unique("S"), cohort=name)
    assert highway(running, f"cohorts/{name}/unregister")["flag"]
    monkeypatch.setattr(output, "is_terminal", lambda: True)
    cohort_command.members(server=running.server, url=running.url)
    shown = capsys.readouterr()
    assert shown.out == ""
    assert shown.err.replace("\n", " ").startswith(f"No members: {running.server} is DISCONNECTED")
    with pytest.raises(RepositoryError, match="not configured with cohort other") as caught:
        cohort_command.describe(server=running.server, cohort="other", url=running.url)
    assert name in caught.value.help


def test_any_worker_of_a_server_takes_the_command(workers: Fleet) -> None:
    """One of the two has the registration topic; the other one's API is asked too."""
    cohort = unique("co")
    server = unique("S")
    both = [workers.spawn(server, name, cohort) for name in ("w1", "w2")]
    for running in both:
        workers.await_url(running).wait_ready()
    other = workers.start(unique("B"), cohort=cohort)
    for running in both:
        eventually(lambda running=running: status(running, cohort) == "CONNECTED", "connected")
        assert highway(running, f"cohorts/{cohort}/disconnect")["flag"] is True
        assert status(running, cohort) == "DISCONNECTED"
        for each in both:
            eventually(lambda each=each: status(each, cohort) == "DISCONNECTED", f"{each.worker} says so")
        made = other.client().add_entity("DataFile", {"qualifiedName": unique("file")})
        assert highway(running, f"cohorts/{cohort}/connect")["flag"] is True
        assert status(running, cohort) == "CONNECTED"
        for each in both:
            eventually(lambda each=each: status(each, cohort) == "CONNECTED", f"{each.worker} says so")
        arrives = partial(both[0].client().find_entity, made["guid"])
        assert eventually(arrives, "what was sent meanwhile arrives") == made

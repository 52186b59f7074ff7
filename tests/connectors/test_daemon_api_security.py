"""Who may do what through a daemon's API."""

from collections.abc import Iterator
from dataclasses import replace

import httpx
import pytest
from api_daemon import ApiDaemon, Front, Kept, serving

from omrs_connectors.api import DaemonSecurity, create_api
from omrs_connectors.api.security import Action, action_of
from omrs_schemas.errors import ConfigurationError, UserNotAuthorizedError

SERVER = "/servers/exchangeDL01/open-metadata/integration-daemon"


class OnlyPeterCommands(DaemonSecurity):
    def check(self, user: str, action: Action) -> None:
        if action != "read" and user != "peter":
            raise UserNotAuthorizedError(f"{user} may not {action}", user=user)


class Unmade(DaemonSecurity):
    def __init__(self) -> None:
        raise ValueError("no rules")


@pytest.fixture(scope="module")
def front() -> Iterator[Front]:
    with serving() as found:
        yield found


@pytest.fixture
def daemon() -> ApiDaemon:
    daemon = ApiDaemon(Kept("sales", "database-integrator"))
    daemon.settings = replace(daemon.settings, security=f"{__name__}:OnlyPeterCommands")
    return daemon


@pytest.fixture
def http(front: Front, daemon: ApiDaemon) -> httpx.Client:
    return front.of(daemon)


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("POST", "/users/{user}/refresh", None),
        ("POST", "/users/{user}/integration-connectors/restart", {"name": "sales"}),
        ("GET", "/users/{user}/integration-service/database-integrator/restart", None),
        ("POST", "/users/{user}/integration-connectors/sales/connection", {}),
        ("POST", "/users/{user}/api/v1/lineage", {}),
        ("POST", "/publish-open-lineage-event?delegatingUserId={user}", {}),
    ],
)
def test_egerias_paths(http: httpx.Client, daemon: ApiDaemon, method: str, path: str, body: object) -> None:
    refused = http.request(method, SERVER + path.format(user="paul"), json=body).json()
    assert (refused["relatedHTTPCode"], refused["exceptionClassName"].rpartition(".")[2]) == (
        403,
        "UserNotAuthorizedException",
    )
    assert [entry.message.id for entry in daemon.recorded] == ["OMRS-STREAMS-0030"]
    assert http.request(method, SERVER + path.format(user="peter"), json=body).json()["relatedHTTPCode"] == 200
    assert http.get(f"{SERVER}/users/paul/status").json()["relatedHTTPCode"] == 200


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("POST", "/refresh", None),
        ("POST", "/connectors/sales/restart", None),
        ("PUT", "/connectors/sales/configuration", {"properties": {}}),
        ("PUT", "/connectors/sales/connection", {}),
        ("POST", "/lineage", {}),
    ],
)
def test_paths_for_people(http: httpx.Client, daemon: ApiDaemon, method: str, path: str, body: object) -> None:
    refused = http.request(method, f"/api/v1{path}", json=body, headers={"x-omrs-user": "paul"})
    assert (refused.status_code, refused.headers["content-type"]) == (403, "application/problem+json")
    [entry] = daemon.recorded
    assert (entry.message.id, entry.params["user"]) == ("OMRS-STREAMS-0030", "paul")
    allowed = http.request(method, f"/api/v1{path}", json=body, headers={"x-omrs-user": "peter"})
    assert allowed.status_code in (200, 202)
    assert http.get("/api/v1/connectors").status_code == 200
    assert http.get("/health").status_code == 200


@pytest.mark.parametrize(("name", "problem"), [("none", "not known"), (f"{__name__}:Unmade", "no rules")])
def test_a_security_connector_that_cannot_be_used_is_refused(name: str, problem: str) -> None:
    daemon = ApiDaemon()
    daemon.settings = replace(daemon.settings, security=name)
    with pytest.raises(ConfigurationError, match=problem):
        create_api(daemon)


def test_every_operation_has_an_action() -> None:
    found = {
        action_of(name) for name in ("getDaemon", "listGroups", "refreshGroup", "setEndpoint", "publishLineageEvent")
    }
    assert found == {"read", "command", "configure", "lineage"}


def test_a_defect_is_in_the_audit_log(http: httpx.Client, daemon: ApiDaemon, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(daemon, "service_summaries", lambda: 1 / 0)
    assert http.get("/api/v1/connectors").status_code == 500
    bean = http.get(f"{SERVER}/users/paul/status").json()
    assert (bean["relatedHTTPCode"], bean["exceptionErrorMessageId"]) == (500, "OMRS-STREAMS-500-001")
    assert [entry.message.id for entry in daemon.recorded] == ["OMRS-STREAMS-0031"] * 2

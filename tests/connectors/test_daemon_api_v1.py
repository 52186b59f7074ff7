"""`/api/v1` of a daemon, its health and metrics, and lineage events."""

import gzip
from collections.abc import Iterator
from typing import Any

import httpx
import orjson
import pytest
from api_daemon import ApiDaemon, Front, Kept, serving

from omrs_connectors.api import GroupView

API = "/api/v1"
USER = {"x-omrs-user": "erinoverview"}


@pytest.fixture
def daemon() -> ApiDaemon:
    group = GroupView("Exchange", "cocoMDS1", "RUNNING", "g-1", ("dynamic",))
    return ApiDaemon(
        Kept("oak dene", "files-integrator", properties={"include": ["*.csv"]}),
        Kept("sales", "database-integrator", status="FAILED", failure="no database"),
        Kept("dynamic", group="Exchange"),
        groups=[group],
    )


@pytest.fixture(scope="module")
def front() -> Iterator[Front]:
    with serving() as found:
        yield found


@pytest.fixture
def http(front: Front, daemon: ApiDaemon) -> httpx.Client:
    return front.of(daemon)


def names(http: httpx.Client, **query: Any) -> list[str]:
    answer = http.get(f"{API}/connectors", params=query)
    assert answer.status_code == 200, answer.text
    return [each["name"] for each in answer.json()["items"]]


def test_states_are_answered(http: httpx.Client) -> None:
    state = http.get(f"{API}/daemon").json()
    assert (state["name"], state["started"], state["connectors"]) == ("exchangeDL01", True, {"RUNNING": 2, "FAILED": 1})
    assert "failure" not in state
    assert names(http) == ["oak dene", "sales", "dynamic"]
    assert names(http, service="files-integrator") == ["oak dene"]
    assert names(http, group="Exchange") == ["dynamic"]
    assert names(http, status=["FAILED", "CONFIG_FAILED"]) == ["sales"]
    sales = http.get(f"{API}/connectors/sales").json()
    assert (sales["status"], sales["failure"], sales["service"]) == ("FAILED", "no database", "database-integrator")
    assert sales["lastRefresh"] == "2021-02-02T21:01:11.399+00:00"
    assert "group" not in sales
    assert http.get(f"{API}/connectors/id-of-oak dene").json()["name"] == "oak dene"
    [files, _] = http.get(f"{API}/services").json()["items"]
    assert (files["marker"], files["server"], files["connectors"]) == ("files-integrator", "cocoMDS1", ["oak dene"])
    assert http.get(f"{API}/groups").json()["items"] == [http.get(f"{API}/groups/Exchange").json()]


def test_commands_are_accepted(http: httpx.Client, daemon: ApiDaemon) -> None:
    for command in ("refresh", "restart"):
        answer = http.post(f"{API}/{command}", headers=USER)
        assert (answer.status_code, answer.json()) == (202, {"command": command})
        assert daemon.told(command) == dict.fromkeys(daemon.connectors, "erinoverview")
        http.post(f"{API}/{command}", json={"connectors": ["sales"]})
        assert daemon.told(command) == {"sales": "anonymous"}
        http.post(f"{API}/{command}", json={"service": "files-integrator"})
        assert set(daemon.told(command)) == {"oak dene"}
        assert http.post(f"{API}/connectors/oak dene/{command}").status_code == 202
        assert set(daemon.told(command)) == {"oak dene"}
    assert http.post(f"{API}/groups/Exchange/refresh").status_code == 202
    assert daemon.groups_read == ["Exchange"]


def test_the_configuration_is_read_and_changed(http: httpx.Client, daemon: ApiDaemon) -> None:
    path = f"{API}/connectors/oak dene"
    assert http.get(f"{path}/configuration").json() == {"properties": {"include": ["*.csv"]}}
    assert http.patch(f"{path}/configuration", json={"properties": {"depth": 2}}).status_code == 202
    assert daemon.connectors["oak dene"].properties == {"include": ["*.csv"], "depth": 2}
    assert http.put(f"{path}/configuration", json={"properties": {"depth": 3}}).status_code == 202
    assert daemon.connectors["oak dene"].properties == {"depth": 3}
    assert http.put(f"{path}/endpoint", json={"networkAddress": "/data"}).status_code == 202
    assert daemon.connectors["oak dene"].address == "/data"
    assert http.put(f"{path}/connection", json={"class": "Connection"}).status_code == 202


@pytest.mark.parametrize(
    ("method", "path", "body", "status"),
    [
        ("GET", "/connectors/none", None, 404),
        ("POST", "/connectors/none/refresh", None, 404),
        ("POST", "/refresh", {"connectors": ["none"]}, 404),
        ("POST", "/refresh", {"service": "nothing"}, 404),
        ("POST", "/refresh", {"service": "topic-integrator"}, 404),
        ("POST", "/refresh", {"connector": "sales"}, 400),
        ("GET", "/groups/none", None, 404),
        ("POST", "/groups/none/refresh", None, 404),
        ("GET", "/nothing", None, 404),
        ("DELETE", "/connectors", None, 405),
        ("PUT", "/connectors/sales/endpoint", {}, 400),
        ("PUT", "/connectors/sales/connection", [], 400),
        ("POST", "/lineage", [], 400),
    ],
)
def test_refusals_are_problems(http: httpx.Client, method: str, path: str, body: Any, status: int) -> None:
    answer = http.request(method, f"{API}{path}", json=body)
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    problem = answer.json()
    assert problem["status"] == status
    assert problem["detail"] and problem["code"]


def test_the_document_describes_every_operation(http: httpx.Client) -> None:
    document = http.get(f"{API}/openapi.json").json()
    operations = [each for path in document["paths"].values() for each in path.values()]
    assert len({each["operationId"] for each in operations}) == len(operations) >= 15
    assert all(each["summary"] for each in operations)
    assert "Problem" in document["components"]["schemas"]
    assert http.get(f"{API}/docs").status_code == 200


def test_health_readiness_and_metrics(http: httpx.Client, daemon: ApiDaemon) -> None:
    health = http.get("/health")
    assert (health.status_code, health.json()["connectors"]["sales"]) == (200, "FAILED")
    assert http.get("/ready").json() == {"ready": True}
    assert b"omrs_daemon_refreshes_total 1.0" in http.get("/metrics").content
    assert http.get("/").json()["links"]["docs"] == "/api/v1/docs"
    daemon.failure = "Kafka is gone for good"
    assert (http.get("/health").status_code, http.get("/ready").status_code) == (503, 503)
    assert http.get("/health").json()["reason"] == "Kafka is gone for good"


# ---- lineage -------------------------------------------------------------------------------------------------------

EVENT = b'{ "eventType":"START",\n "run":{"runId":"r"}, "zzz": 1.10, "a":"\\u00e4\xc3\xa4" }'
SERVER = "/servers/exchangeDL01/open-metadata"
PATHS = [
    (f"{SERVER}/integration-services/lineage-integrator/users/peter/publish-open-lineage-event", "peter"),
    (f"{SERVER}/integration-daemon/users/peter/api/v1/lineage", "peter"),
    (f"{SERVER}/integration-daemon/publish-open-lineage-event?delegatingUserId=peter", "peter"),
    (f"{API}/lineage", "anonymous"),
]


@pytest.mark.parametrize(("path", "user"), PATHS)
def test_lineage_events_are_handed_on_byte_for_byte(
    http: httpx.Client, daemon: ApiDaemon, path: str, user: str
) -> None:
    as_string = orjson.dumps(EVENT.decode())
    for body in (EVENT, as_string):
        answer = http.post(path, content=body, headers={"content-type": "application/json"})
        assert answer.status_code == 200, answer.text
        assert path.startswith(API) or answer.json() == {"class": "VoidResponse", "relatedHTTPCode": 200}
    assert daemon.lineage == [(EVENT.decode(), user)] * 2


@pytest.mark.parametrize(("path", "user"), PATHS)
@pytest.mark.parametrize("body", [b"", b"nonsense", b"[]", b'"text"', b'"[1]"', b"{\xff}"])
def test_what_is_no_event_is_refused(http: httpx.Client, daemon: ApiDaemon, path: str, user: str, body: bytes) -> None:
    assert http.post(path, content=body).status_code == 400
    assert daemon.lineage == []


def test_packed_lineage_events(http: httpx.Client, daemon: ApiDaemon) -> None:
    headers = {"content-encoding": "gzip", "content-type": "application/json"}
    assert http.post(f"{API}/lineage", content=gzip.compress(EVENT), headers=headers).status_code == 200
    assert [text for text, _ in daemon.lineage] == [EVENT.decode()]
    assert http.post(f"{API}/lineage", content=b"no gzip", headers=headers).status_code == 400
    huge = gzip.compress(b" " * (17 << 20))
    assert http.post(f"{API}/lineage", content=huge, headers=headers).status_code == 400

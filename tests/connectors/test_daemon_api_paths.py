"""Every path of integration § 9, newer and older forms, through HTTP."""

from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from api_daemon import ApiDaemon, Front, Kept, serving

from omrs_connectors.api import GroupView
from omrs_connectors.api.lineage import OPERATIONS as LINEAGE
from omrs_connectors.api.paths import OPERATIONS

SERVER = "/servers/exchangeDL01"
BASE = f"{SERVER}/open-metadata/integration-daemon/users/erinoverview"


@pytest.fixture
def daemon() -> ApiDaemon:
    group = GroupView("Exchange", "cocoMDS1", "RUNNING", "g-1", ("dynamic",))
    return ApiDaemon(
        Kept("oak-dene", "files-integrator", properties={"include": ["*.csv"]}),
        Kept("old-market", "files-integrator", status="FAILED", failure="BASIC-FILES-404-001 no such directory"),
        Kept("sales", "database-integrator"),
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


def call(http: httpx.Client, method: str, path: str, **given: Any) -> dict[str, Any]:
    answer = http.request(method, path if path.startswith("/servers") else f"{BASE}{path}", **given)
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"] == "application/json"
    bean: dict[str, Any] = answer.json()
    return bean


def good(http: httpx.Client, method: str, path: str, kind: str = "VoidResponse", **given: Any) -> dict[str, Any]:
    bean = call(http, method, path, **given)
    assert (bean["class"], bean["relatedHTTPCode"]) == (kind, 200), bean
    return bean


def test_the_status_has_services_groups_and_their_connectors(http: httpx.Client) -> None:
    bean = good(http, "GET", "/status", "IntegrationDaemonStatusResponse")
    files, database = bean["integrationServiceSummaries"]
    assert (files["integrationServiceId"], database["integrationServiceId"]) == (4005, 4004)
    assert files["integrationServiceURLMarker"] == "files-integrator"
    oak, old = files["integrationConnectorReports"]
    assert oak["lastStatusChange"] == "2021-02-02T20:57:50.647+00:00"
    assert oak["lastRefreshTime"] == "2021-02-02T21:01:11.399+00:00"
    assert "failingExceptionMessage" not in oak
    assert (old["connectorStatus"], old["failingExceptionMessage"]) == (
        "FAILED",
        "BASIC-FILES-404-001 no such directory",
    )
    [group] = bean["integrationGroupSummaries"]
    assert (group["integrationGroupName"], group["integrationGroupStatus"]) == ("Exchange", "RUNNING")
    assert [each["connectorName"] for each in group["integrationConnectorReports"]] == ["dynamic"]


def test_summaries(http: httpx.Client) -> None:
    services = good(http, "GET", "/integration-services/summary", "IntegrationServiceSummaryResponse")
    assert len(services["integrationServiceSummaries"]) == 2
    groups = good(http, "GET", "/integration-groups/summary", "IntegrationGroupSummariesResponse")
    assert len(groups["integrationGroupSummaries"]) == 1
    group = good(http, "GET", "/integration-groups/Exchange/summary", "IntegrationGroupSummaryResponse")
    [connector] = group["integrationGroupSummary"]["integrationConnectorReports"]
    assert connector["lastRefreshTime"].endswith("+00:00")


def test_configuration_properties_are_read_merged_replaced_and_cleared(http: httpx.Client, daemon: ApiDaemon) -> None:
    path = "/integration-connectors/oak-dene/configuration-properties"
    older = "/integration-services/files-integrator/connectors/oak-dene/configuration-properties"
    for each in (path, older):
        assert good(http, "GET", each, "PropertiesResponse")["properties"] == {"include": ["*.csv"]}

    def change(**body: Any) -> None:
        good(http, "POST", "/integration-connectors/configuration-properties", json=body)

    kind = "ConnectorConfigPropertiesRequestBody"
    change(**{"class": kind}, connectorName="oak-dene", mergeUpdate=True, configurationProperties={"n": 2**62})
    assert daemon.connectors["oak-dene"].properties == {"include": ["*.csv"], "n": 2**62}
    change(connectorName="oak-dene", mergeUpdate=False, configurationProperties={"depth": {"a": [1, None]}})
    assert daemon.connectors["oak-dene"].properties == {"depth": {"a": [1, None]}}
    change(connectorName="oak-dene", mergeUpdate=False)
    assert daemon.connectors["oak-dene"].properties == {}
    daemon.told("configure")
    change(connectorName=None, mergeUpdate=True, configurationProperties={"x": 1})
    assert set(daemon.told("configure")) == set(daemon.connectors)


def test_endpoint_and_connection_are_changed(http: httpx.Client, daemon: ApiDaemon) -> None:
    path = "/integration-connectors/sales/endpoint-network-address"
    bodies: list[tuple[dict[str, Any], str]] = [
        ({"json": {"class": "StringRequestBody", "string": "db:1"}}, "db:1"),
        ({"json": "db:2"}, "db:2"),
        ({"content": b"db:3"}, "db:3"),
    ]
    for given, address in bodies:
        good(http, "POST", path, **given)
        assert daemon.connectors["sales"].address == address
    bean = {"class": "Connection", "endpoint": {"class": "Endpoint", "address": "db:4"}}
    good(http, "POST", "/integration-connectors/sales/connection", json=bean)
    assert daemon.connectors["sales"].connection == bean


BODIES: list[tuple[dict[str, Any], bool]] = [
    ({}, False),
    ({"content": b" "}, False),
    ({"content": b"null"}, False),
    ({"json": {}}, False),
    ({"json": {"class": "NameRequestBody", "name": None}}, False),
    ({"json": {"class": "NameRequestBody", "name": "oak-dene"}}, True),
    ({"json": {"name": "id-of-oak-dene"}}, True),
    ({"json": "oak-dene"}, True),
    ({"content": b"oak-dene"}, True),
    ({"content": b"oak-dene\n", "headers": {"content-type": "text/plain"}}, True),
]
FILES = {"oak-dene", "old-market"}


@pytest.mark.parametrize(("given", "one"), BODIES)
@pytest.mark.parametrize("command", ["refresh", "restart"])
def test_connectors_are_refreshed_and_restarted(
    http: httpx.Client, daemon: ApiDaemon, command: str, given: dict[str, Any], one: bool
) -> None:
    of_all, of_service = (
        [f"/integration-connectors/{command}"],
        [
            f"/integration-services/files-integrator/{command}",
            f"/integration-service/files-integrator/{command}",
        ],
    )
    if command == "refresh":
        of_all.append("/refresh")
    for path in (*of_all, *of_service):
        good(http, "POST", path, **given)
        wanted = {"oak-dene"} if one else FILES if path in of_service else set(daemon.connectors)
        assert daemon.told(command) == dict.fromkeys(wanted, "erinoverview"), path


def test_a_service_is_restarted_by_get_as_older_clients_do(http: httpx.Client, daemon: ApiDaemon) -> None:
    for part in ("integration-service", "integration-services"):
        good(http, "GET", f"/{part}/files-integrator/restart")
        assert set(daemon.told("restart")) == FILES


def test_a_group_is_read_again(http: httpx.Client, daemon: ApiDaemon) -> None:
    good(http, "GET", "/integration-groups/Exchange/refresh-config")
    good(http, "POST", "/integration-groups/Exchange/refresh-config")
    assert daemon.groups_read == ["Exchange", "Exchange"]


def test_the_platform_lists_the_integration_services(http: httpx.Client) -> None:
    path = f"{SERVER}/platform-services/users/erinoverview/server-platform/registered-services/integration-services"
    services = good(http, "GET", path, "RegisteredOMAGServicesResponse")["services"]
    [files] = [each for each in services if each["serviceURLMarker"] == "files-integrator"]
    assert files["serviceName"] == "Files Integrator OMIS"
    assert files["serviceDescription"] and files["serviceWiki"].startswith("https://")
    assert len(services) == 13


@pytest.mark.parametrize(
    ("method", "path", "code", "kind"),
    [
        ("POST", "/integration-services/nothing/refresh", "400-010", "VoidResponse"),
        ("POST", "/integration-services/topic-integrator/refresh", "400-030", "VoidResponse"),
        ("GET", "/integration-service/topic-integrator/restart", "400-030", "VoidResponse"),
        ("GET", "/integration-connectors/none/configuration-properties", "400-031", "PropertiesResponse"),
        (
            "GET",
            "/integration-services/files-integrator/connectors/sales/configuration-properties",
            "400-031",
            "PropertiesResponse",
        ),
        ("GET", "/integration-groups/none/summary", "400-034", "IntegrationGroupSummaryResponse"),
        ("GET", "/integration-groups/none/refresh-config", "400-034", "VoidResponse"),
    ],
)
def test_what_is_not_there_is_refused_inside_of_a_200(
    http: httpx.Client, method: str, path: str, code: str, kind: str
) -> None:
    bean = call(http, method, path)
    assert (bean["class"], bean["relatedHTTPCode"]) == (kind, 400)
    assert bean["exceptionErrorMessageId"] == f"INTEGRATION-DAEMON-SERVICES-{code}"
    assert bean["exceptionErrorMessage"].startswith(bean["exceptionErrorMessageId"])
    assert bean["exceptionClassName"] == "org.odpi.openmetadata.frameworks.connectors.ffdc.InvalidParameterException"
    assert bean["exceptionUserAction"] and bean["actionDescription"]


def test_a_daemon_without_groups_says_so(http: httpx.Client, daemon: ApiDaemon) -> None:
    daemon.groups = ()
    bean = call(http, "GET", "/integration-groups/Exchange/summary")
    assert bean["exceptionErrorMessageId"] == "INTEGRATION-DAEMON-SERVICES-400-035"
    assert call(http, "GET", "/integration-groups/summary")["integrationGroupSummaries"] == []


def test_another_server_is_not_hosted_here(http: httpx.Client) -> None:
    for path in ("integration-daemon/users/u/status", "integration-daemon/publish-open-lineage-event"):
        method = "GET" if path.endswith("status") else "POST"
        bean = call(
            http, method, f"/servers/cocoMDS1/open-metadata/{path}", **({} if method == "GET" else {"json": {}})
        )
        assert (bean["relatedHTTPCode"], bean["exceptionErrorMessageId"]) == (404, "OMAG-MULTI-TENANT-404-001")


@pytest.mark.parametrize(
    ("path", "content"),
    [
        ("/integration-connectors/refresh", b'{"name"'),
        ("/integration-connectors/refresh", b"[1]"),
        ("/integration-connectors/refresh", b"\xff"),
        ("/integration-connectors/configuration-properties", b""),
        ("/integration-connectors/configuration-properties", b'{"mergeUpdate": "perhaps"}'),
        ("/integration-connectors/sales/connection", b"null"),
        ("/integration-connectors/sales/endpoint-network-address", b""),
        ("/integration-connectors/sales/endpoint-network-address", b"{}"),
    ],
)
def test_a_body_that_cannot_be_read_is_a_real_400(http: httpx.Client, path: str, content: bytes) -> None:
    answer = http.post(f"{BASE}{path}", content=content)
    assert answer.status_code == 400
    assert answer.json()["exceptionErrorMessageId"] == "OMRS-STREAMS-400-005"


def test_paths_that_there_are_not_are_problems(http: httpx.Client) -> None:
    for path in ("/nothing", f"{BASE}/nothing", f"{BASE}/integration-connectors/a%2Frefresh/connection"):
        answer = http.get(path)
        assert answer.status_code in (200, 404), answer.text
        assert "json" in answer.headers["content-type"]


def test_the_document_has_every_path_once(http: httpx.Client) -> None:
    document = http.get("/openapi.json").json()
    for operation in (*OPERATIONS, *LINEAGE):
        for method in operation.methods:
            assert method.lower() in document["paths"][operation.path], operation.path
    ids = [each["operationId"] for path in document["paths"].values() for each in path.values()]
    assert len(ids) == len(set(ids))
    assert document["components"]["schemas"] is not None
    assert http.get("/docs").status_code == 200

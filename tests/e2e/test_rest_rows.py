"""Every row of the REST table (OMRS queries § 6): a success, something that is not there, and bad input."""

from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

import httpx
import pytest
import rest_rows_copies
import rest_rows_entities
import rest_rows_finds
import rest_rows_relationships
import rest_rows_types
from rest_row import CASES, Call, Case, Never, Nothing, Refused, Row, Says
from rest_world import World

from omrs_schemas.codes import Code
from omrs_streams.api import highway
from omrs_streams.api.app import ANONYMOUS_OPERATIONS, ROUTES
from omrs_streams.api.enterprise import ENTERPRISE, REMOTE_TOPIC, federated_routes
from omrs_streams.api.route import Route
from omrs_streams.log.embedded import Endpoint
from shared_data import require_shared
from workers import PATIENT, fleet, unique

pytestmark = pytest.mark.kafka

ROWS: list[Row] = [
    *rest_rows_types.ROWS,
    *rest_rows_entities.ROWS,
    *rest_rows_finds.ROWS,
    *rest_rows_relationships.ROWS,
    *rest_rows_copies.ROWS,
]
ROUTE_OF = {route.operation: route for route in (*ROUTES, REMOTE_TOPIC)}
LOCAL = ""
JAVA = "org.odpi.openmetadata.repositoryservices.ffdc.exception"


@pytest.fixture(scope="module")
def world(kafka: Endpoint, tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    with fleet(tmp_path_factory.mktemp("rows"), kafka.bootstrap_servers) as ours:
        config = ours.root / "rows.yaml"
        config.write_text(PATIENT)
        yield World(ours.start(unique("rows"), config=config))


def send(rest: httpx.Client, base: str, route: Route, asked: Call) -> tuple[httpx.Response, dict[str, Any]]:
    path = route.path
    for name, value in asked.path.items():
        path = path.replace(f"{{{name}}}", quote(value, safe=""))
    assert "{" not in path, f"{path} lacks a parameter"
    body = {"json": asked.body} if asked.body is not None else {}
    answer = rest.request(route.method, base + path, params=dict(asked.query), **body)
    return answer, answer.json()


def succeeded(route: Route, answer: httpx.Response, bean: dict[str, Any]) -> None:
    assert (answer.status_code, bean["relatedHTTPCode"], bean["class"]) == (200, 200, route.response), bean
    assert not [name for name in bean if name.startswith("exception")], bean


def refused(route: Route, answer: httpx.Response, bean: dict[str, Any], expected: Refused) -> None:
    said = {name: bean.get(name) for name in ("exceptionErrorMessageId", "exceptionClassName", "relatedHTTPCode")}
    assert said == {
        "exceptionErrorMessageId": expected.code,
        "exceptionClassName": f"{JAVA}.{expected.exception}",
        "relatedHTTPCode": expected.http,
    }, bean
    assert bean["class"] == route.response and bean["actionDescription"] == route.operation
    assert bean["exceptionErrorMessage"].startswith(expected.code) and bean["exceptionUserAction"]
    assert answer.status_code == (400 if expected.code == Code.MALFORMED_REQUEST else 200)
    if route.payload:
        assert route.payload not in bean


def tried(base: str, scope: str) -> list[Any]:
    """The rows of a base with each of their cases that can occur there."""
    return [
        pytest.param(base, row, case, id=f"{base.strip('/') or 'local'}-{row.operation}-{case.replace(' ', '-')}")
        for row in ROWS
        for case in CASES
        if scope in row.scope
        and (case == "success" or not isinstance(row.outcome(case, federated=base == ENTERPRISE), Never))
    ]


@pytest.mark.parametrize(("base", "row", "case"), [*tried(LOCAL, "L"), *tried(ENTERPRISE, "E")])
def test_a_row(world: World, base: str, row: Row, case: Case) -> None:
    route = ROUTE_OF[row.operation]
    if case == "success":
        answer, bean = send(world.http, base, route, row.success(world))
        succeeded(route, answer, bean)
        shown = row.shown or route.payload
        assert not shown or bean.get(shown) not in (None, [], {}), f"{shown} is missing: {bean}"
        return
    outcome = row.outcome(case, federated=base == ENTERPRISE)
    assert not isinstance(outcome, Never)
    answer, bean = send(world.http, base, route, outcome.make(world))
    if isinstance(outcome, Refused):
        refused(route, answer, bean, outcome)
        return
    succeeded(route, answer, bean)
    shown = row.shown or route.payload
    if isinstance(outcome, Nothing):
        assert shown not in bean, bean
    elif isinstance(outcome, Says):
        assert shown and bean[shown] == outcome.value


@pytest.mark.parametrize("row", [row for row in ROWS if row.scope == "L"], ids=lambda row: row.operation)
def test_a_row_of_one_repository_is_not_federated(world: World, row: Row) -> None:
    """OMRS queries § 5: refused with 405-001; what concerns a server and no repository has no such path at all."""
    route = ROUTE_OF[row.operation]
    if route not in federated_routes(ROUTES):
        return
    answer, bean = send(world.http, ENTERPRISE, route, row.success(world))
    refused(
        route,
        answer,
        bean,
        Refused(Code.ENTERPRISE_NOT_SUPPORTED, "FunctionNotSupportedException", row.success),
    )


def test_another_server_is_not_found_by_any_row(world: World) -> None:
    base = f"{world.running.url}/servers/elsewhere/open-metadata/repository-services/users/erin"
    with httpx.Client(base_url=base, timeout=40.0, trust_env=False) as rest:
        federated = [(ENTERPRISE, route) for route in (*federated_routes(ROUTES), REMOTE_TOPIC)]
        for below, route in [*((LOCAL, route) for route in ROUTES), *federated]:
            answer = rest.request(route.method, below + route.path)
            expected = Refused(Code.SERVER_NOT_AVAILABLE, "InvalidParameterException", lambda w: Call())
            refused(route, answer, answer.json(), expected)


def test_what_needs_no_user(world: World) -> None:
    """instanceURL points here (OMRS queries § 6)."""
    base = f"{world.running.url}/servers/{world.running.server}/open-metadata/repository-services"
    made = {"getEntityDetail": world.entity(), "getRelationship": world.link(), "getMetadataCollectionId": ""}
    assert made.keys() == ANONYMOUS_OPERATIONS
    with httpx.Client(base_url=base, timeout=40.0, trust_env=False) as rest:
        for operation, guid in made.items():
            route = ROUTE_OF[operation]
            answer, bean = send(rest, "", route, Call({"guid": guid}))
            succeeded(route, answer, bean)
            assert route.payload and bean[route.payload]
            if guid:
                row = next(row for row in ROWS if row.operation == operation)
                assert isinstance(row.missing, Refused)
                refused(route, *send(rest, "", route, row.missing.make(world)), row.missing)


def test_every_route_has_a_row() -> None:
    """The metadata highway has tests of its own; every case that cannot occur says why."""
    cohorts = {route.operation for route in highway.ROUTES}
    assert sorted(row.operation for row in ROWS) == sorted(ROUTE_OF.keys() - cohorts)
    for row in ROWS:
        for case in CASES[1:]:
            outcome = row.outcome(case)
            assert not isinstance(outcome, Never) or len(outcome.why.split()) > 3, row.operation


def test_every_row_of_the_table_is_a_route() -> None:
    """Method, path, response and scope as OMRS queries § 6 has them."""
    lines = require_shared("omrs", "queries.md").read_text().splitlines()
    cells = [
        [cell.strip() for cell in line.strip("|").split("|")] for line in lines if line.startswith(("|GET|", "|POST|"))
    ]
    assert len(cells) == 100
    routes = {(route.method, route.path): route for route in ROUTE_OF.values()}
    scopes = {row.operation: row.scope for row in ROWS}
    for method, path, _, response, _, scope in cells:
        where = "/" + path.strip("`").partition("?")[0].lstrip("/")
        route = routes[method, where]
        assert (route.response, scopes[route.operation]) == (f"{response}Response", scope), where

"""What `/api/v1` knows of its own paths is what its OpenAPI document says, which nobody has to wait for."""

import asyncio
from collections.abc import Iterator
from typing import Any
from unittest.mock import Mock

import httpx
import pytest
from fastapi import FastAPI
from fastapi.routing import APIRoute

from omrs_schemas.typedefs.system import TypeSystem
from omrs_streams.api.v1.app import ROUTERS, make_v1
from omrs_streams.api.v1.handling import query_parameters
from omrs_streams.api.v1.views import moment
from omrs_streams.audit import AuditLog
from omrs_streams.repository.services import Services


@pytest.fixture(scope="module")
def people() -> FastAPI:
    return make_v1("cocoMDS1", Mock(spec=Services), None, TypeSystem(), Mock(spec=AuditLog))


def ask(people: FastAPI, method: str, path: str, **params: str) -> httpx.Response:
    async def asked() -> httpx.Response:
        async with httpx.AsyncClient(transport=httpx.ASGITransport(people), base_url="http://people") as client:
            return await client.request(method, path, params=params)

    return asyncio.run(asked())


def test_a_misspelt_parameter_is_refused_with_those_that_there_are(people: FastAPI) -> None:
    refused = ask(people, "GET", "/entities", tpye="Asset")
    assert refused.status_code == 400
    assert "no such parameter; known: " in refused.json()["detail"] and "limit" in refused.json()["detail"]


def test_a_method_that_a_path_does_not_have(people: FastAPI) -> None:
    refused = ask(people, "PUT", "/entities")
    assert (refused.status_code, refused.headers["allow"]) == (405, "GET, POST")


def test_the_document_has_the_same_paths_methods_and_parameters(people: FastAPI) -> None:
    described = {
        operation["operationId"]: [each["name"] for each in operation["parameters"] if each["in"] == "query"]
        for path in people.openapi()["paths"].values()
        for operation in path.values()
    }
    routes = [route for router in ROUTERS for route in router.routes if isinstance(route, APIRoute)]
    assert {route.operation_id: query_parameters(route) for route in routes} == described
    methods = [(path, method.upper()) for path, found in people.openapi()["paths"].items() for method in found]
    assert sorted((route.path, method) for route in routes for method in route.methods or ()) == sorted(methods)


def test_no_description_is_that_of_a_python_construct(people: FastAPI) -> None:
    described = [each for each in descriptions(people.openapi()) if "Annotated" in each or "annotated type" in each]
    assert described == []


def descriptions(document: Any) -> Iterator[str]:
    """All of them, wherever they are."""
    if isinstance(document, list):
        for each in document:
            yield from descriptions(each)
    elif isinstance(document, dict):
        if isinstance(document.get("description"), str):
            yield document["description"]
        for each in document.values():
            yield from descriptions(each)


def test_refusals_and_times_have_one_form(people: FastAPI) -> None:
    document = people.openapi()
    assert "HTTPValidationError" not in str(document)
    [text, null] = document["components"]["schemas"]["Entity"]["properties"]["createTime"]["anyOf"]
    assert (text["type"], text["format"], null) == ("string", "date-time", {"type": "null"})


@pytest.mark.parametrize(
    ("ms", "text"),
    [
        (0, "1970-01-01T00:00:00.000Z"),
        (-62_135_596_800_000, "0001-01-01T00:00:00.000Z"),
        (253_402_300_800_000, "+10000-01-01T00:00:00.000Z"),
        (-62_198_755_200_001, "-0002-12-31T23:59:59.999Z"),
    ],
)
def test_every_time_is_text(ms: int, text: str) -> None:
    assert moment(ms) == text

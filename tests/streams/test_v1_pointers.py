"""Refusals of `/api/v1` point into the body that was sent (RFC 6901), once per fault."""

import asyncio
from typing import Any
from unittest.mock import Mock

import httpx
import pytest
from fastapi import FastAPI

from omrs_schemas.typedefs.system import TypeSystem
from omrs_streams.api.v1.app import make_v1
from omrs_streams.audit import AuditLog
from omrs_streams.repository.services import Services

WRONG = {"property": "displayName", "operator": "has", "value": "x"}


@pytest.fixture(scope="module")
def people() -> FastAPI:
    return make_v1("cocoMDS1", Mock(spec=Services), None, TypeSystem(), Mock(spec=AuditLog))


def refused(people: FastAPI, path: str, body: Any) -> list[dict[str, str]]:
    async def asked() -> httpx.Response:
        async with httpx.AsyncClient(transport=httpx.ASGITransport(people), base_url="http://people") as client:
            return await client.post(path, json=body)

    answer = asyncio.run(asked())
    assert answer.status_code == 400, answer.text
    errors: list[dict[str, str]] = answer.json()["errors"]
    return errors


@pytest.mark.parametrize(
    ("path", "body", "pointer"),
    [
        ("/search/entities", {"where": WRONG}, "/where/operator"),
        ("/search/entities", {"where": {"all": [{"any": [WRONG]}]}}, "/where/all/0/any/0/operator"),
        ("/search/entities", {"where": {"value": 1}}, "/where/property"),
        ("/search/entities", {"where": {"all": {}}}, "/where/all"),
        ("/search/entities", {"where": {"all": [], "any": []}}, "/where/any"),
        ("/search/entities", {"where": []}, "/where"),
        ("/search/entities", {"classifications": [{"name": "X", "where": WRONG}]}, "/classifications/0/where/operator"),
        ("/search/entities", {"a/b~c": 1}, "/a~1b~0c"),
        ("/entities", [], ""),
        ("/entities", {}, "/type"),
        ("/types", {"name": "Mascot"}, "/category"),
        ("/types", {"name": "Mascot", "category": "thing"}, "/category"),
        ("/types", {"category": "entity"}, "/name"),
        ("/types", {"category": "entity", "name": "Mascot", "attributes": [{}]}, "/attributes/0/name"),
    ],
)
def test_a_fault_is_named_once_by_its_place_in_the_body(people: FastAPI, path: str, body: Any, pointer: str) -> None:
    assert [each["pointer"] for each in refused(people, path, body)] == [pointer]


def test_an_unknown_field_is_refused_with_those_that_there_are(people: FastAPI) -> None:
    [misspelt] = refused(people, "/search/entities", {"wher": WRONG})
    assert misspelt["pointer"] == "/wher"
    assert "did you mean where?" in misspelt["detail"] and "classificationMatch" in misspelt["detail"]
    nested = refused(people, "/entities", {"type": "GlossaryTerm", "classifications": [{"nam": "X"}], "status": "LOST"})
    assert [each["pointer"] for each in nested] == ["/classifications/0/name", "/classifications/0/nam", "/status"]
    assert "did you mean name?" in nested[1]["detail"] and "'DRAFT'" in nested[2]["detail"]

"""`/api/v1/server` of a server that lacks something, and of one that cannot say so yet."""

import asyncio
from collections.abc import Mapping
from typing import Any
from unittest.mock import Mock

import httpx
import pytest

from omrs_schemas.codes import Code
from omrs_schemas.errors import NotReadyError, OmrsError, RepositoryError
from omrs_schemas.typedefs.system import TypeSystem
from omrs_streams.api.v1.app import make_v1
from omrs_streams.audit import AuditLog
from omrs_streams.repository.services import Answer, Caller

MEMBER = {"metadataCollectionId": "c2", "serverName": "cocoMDS2", "registrationTime": 0}


class Server:
    """`Services` of a server in cohort `coco`; `refuses`: what it says to an operation instead."""

    def __init__(self, **refuses: OmrsError) -> None:
        self.refuses = refuses

    async def call(
        self,
        operation: str,
        caller: Caller,
        *,
        path: Mapping[str, str] | None = None,
        query: Mapping[str, str] | None = None,
        body: Any = None,
    ) -> Answer:
        if operation in self.refuses:
            raise self.refuses[operation]
        match operation:
            case "getMetadataCollectionId":
                return Answer("c1")
            case "getCohortDescriptions":
                return Answer([{"cohortName": "coco", "connectionStatus": "CONNECTED"}])
            case _:
                assert (operation, path) == ("getRemoteRegistrations", {"cohort": "coco"})
                return Answer([MEMBER])


def get_server(**refuses: OmrsError) -> tuple[int, Any]:
    people = make_v1("cocoMDS1", Server(**refuses), None, TypeSystem(), Mock(spec=AuditLog))

    async def asked() -> httpx.Response:
        async with httpx.AsyncClient(transport=httpx.ASGITransport(people), base_url="http://people") as client:
            return await client.get("/server")

    response = asyncio.run(asked())
    return response.status_code, response.json()


def test_a_member_of_a_cohort() -> None:
    status, said = get_server()
    assert (status, said["name"], said["collectionId"]) == (200, "cocoMDS1", "c1")
    [cohort] = said["cohorts"]
    assert [member["collectionId"] for member in cohort["members"]] == ["c2"]


def test_a_server_without_a_repository() -> None:
    _, said = get_server(getMetadataCollectionId=RepositoryError("none", code=Code.NO_LOCAL_REPOSITORY))
    assert "collectionId" not in said and said["cohorts"]


def test_a_server_without_cohorts() -> None:
    _, said = get_server(getCohortDescriptions=RepositoryError("none", code=Code.NO_METADATA_HIGHWAY))
    assert (said["collectionId"], said["cohorts"]) == ("c1", [])


@pytest.mark.parametrize("operation", ["getMetadataCollectionId", "getCohortDescriptions"])
def test_what_cannot_be_said_now_is_not_made_up(operation: str) -> None:
    status, said = get_server(**{operation: NotReadyError("the worker is starting")})
    assert (status, said["code"]) == (503, NotReadyError.code)

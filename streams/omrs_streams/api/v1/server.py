"""`/server`: who answers here, and with whom."""

from collections.abc import Awaitable
from typing import Any

from fastapi import Response
from pydantic import Field

from omrs_schemas.codes import Code
from omrs_schemas.errors import RepositoryError
from omrs_streams import metrics
from omrs_streams.api.v1.asking import Ask
from omrs_streams.api.v1.base import Model, Time
from omrs_streams.api.v1.handling import make_router
from omrs_streams.api.v1.replies import plain, refusals
from omrs_streams.api.v1.views import moment
from omrs_streams.repository.local import Bean
from omrs_streams.repository.services import Answer

router = make_router("/server", "server")


class Member(Model):
    """Another member of a cohort, as it registered."""

    collection_id: str
    collection_name: str | None = None
    server: str | None = None
    organization: str | None = None
    registered: Time | None = None


class Cohort(Model):
    """A cohort of this server."""

    name: str
    status: str = Field(description="how this server stands in it", examples=["CONNECTED"])
    members: list[Member] = Field(description="the others")


class Server(Model):
    """This server."""

    name: str
    version: str
    collection_id: str | None = Field(None, description="its metadata collection; none without a local repository")
    cohorts: list[Cohort]


@router.get(
    "",
    operation_id="getServer",
    summary="This server, its metadata collection and its cohorts",
    response_model=Server,
    responses=refusals(),
)
async def server(ask: Ask) -> Response:
    local = ask.here()
    collection = await _unless(Code.NO_LOCAL_REPOSITORY, local("getMetadataCollectionId"))
    cohorts = []
    for described in await _unless(Code.NO_METADATA_HIGHWAY, local("getCohortDescriptions")) or ():
        name = described["cohortName"]
        found = (await local("getRemoteRegistrations", path={"cohort": name})).result or []
        members = [_member(each) for each in found]
        cohorts.append(Cohort(name=name, status=described["connectionStatus"], members=members))
    name = ask.repositories.server
    return plain(Server(name=name, version=metrics.VERSION, collection_id=collection, cohorts=cohorts))


async def _unless(code: str, asked: Awaitable[Answer]) -> Any:
    """The result; None where it is refused with `code`: the server has no such thing."""
    try:
        return (await asked).result
    except RepositoryError as error:
        if error.code != code:
            raise
        return None


def _member(bean: Bean) -> Member:
    return Member(
        collection_id=bean["metadataCollectionId"],
        collection_name=bean.get("metadataCollectionName"),
        server=bean.get("serverName"),
        organization=bean.get("organizationName"),
        registered=moment(bean.get("registrationTime")),
    )

"""A remote member over HTTP: what is sent, how answers are read, and when it is left out. No network."""

import asyncio
import gzip
import json
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import asynccontextmanager
from typing import Any

import httpx
import pytest
from memory_members import ROUTE_OF, TERM

from omrs_schemas.errors import (
    EntityNotKnownError,
    FunctionNotSupportedError,
    MemberUnavailableError,
    RepositoryError,
)
from omrs_streams.cohort.registry_events import Registration
from omrs_streams.federation.member import Asked
from omrs_streams.federation.remote import Remote
from omrs_streams.federation.settings import FederationSettings
from omrs_streams.repository.services import Answer, Caller
from omrs_streams.worker.federation import RemoteMember

Bean = dict[str, Any]
ME = "11111111-aaaa-4111-8111-111111111111"
URL = "http://far.example:9443/servers/far"
GET = Asked("getEntityDetail", {"guid": "a/b ü"})
ENTITY: Bean = {"class": "EntityDetail", "guid": "a/b ü", "type": TERM, "metadataCollectionId": ME, "version": 1}


def answered(**fields: Any) -> httpx.Response:
    return httpx.Response(200, json={"class": "EntityDetailResponse", "relatedHTTPCode": 200, **fields})


def refused(http: int, name: str, code: str) -> httpx.Response:
    java = f"org.odpi.openmetadata.repositoryservices.ffdc.exception.{name}"
    bean = {"class": "EntityDetailResponse", "relatedHTTPCode": http, "exceptionClassName": java}
    return httpx.Response(200, json={**bean, "exceptionErrorMessageId": code, "exceptionErrorMessage": f"{code} no"})


class Server:
    """The other end: answers with `reply`, which may be an exception or a number of seconds; remembers requests."""

    def __init__(self) -> None:
        self.reply: httpx.Response | Exception | float = answered(entity=ENTITY)
        self.collection_id = ME
        self.seen: list[httpx.Request] = []

    async def __call__(self, request: httpx.Request) -> httpx.Response:
        self.seen.append(request)
        if isinstance(self.reply, Exception):
            raise self.reply
        if isinstance(self.reply, float):
            await asyncio.sleep(self.reply)
        if request.url.path.endswith("/metadata-collection-id"):
            return answered(metadataCollectionId=self.collection_id)
        assert isinstance(self.reply, httpx.Response)
        return self.reply

    def calls(self) -> list[httpx.Request]:
        return [each for each in self.seen if not each.url.path.endswith("/metadata-collection-id")]


class Far:
    """A remote member and its server."""

    def __init__(self, patience: float = 30.0, **settings: Any) -> None:
        self.server = Server()
        self.later = 0.0  # seconds by which the member's clock is ahead of the machine's
        self.recorded: list[tuple[str, dict[str, object]]] = []
        connection = {"endpoint": {"address": URL}}
        member = RemoteMember(Registration(ME, "far", connection=connection), ("c",))
        self.patience = patience
        given = {"deadline_s": self.patience, "failures": 2, "pause_s": 0.02, "longest_pause_s": 0.05, **settings}
        self.remote = Remote(
            member,
            ROUTE_OF,
            FederationSettings(**given),
            lambda message_id, /, **params: self.recorded.append((message_id, params)),
            "near",
            clock=lambda: time.monotonic() + self.later,
            transport=httpx.MockTransport(self.server),
        )

    async def ask(self, asked: Asked = GET, caller: Caller | None = None) -> Answer:
        deadline = asyncio.get_running_loop().time() + self.patience
        return await self.remote.call(asked, caller or Caller("erin o"), deadline)

    async def fails(self, *times: type[Exception]) -> None:
        for expected in times:
            with pytest.raises(expected):
                await self.ask()

    def ids(self) -> list[str]:
        return [message_id for message_id, _ in self.recorded]


@asynccontextmanager
async def far(**settings: Any) -> Any:
    found = Far(**settings)
    try:
        yield found
    finally:
        await found.remote.close()


def run(test: Callable[[Far], Awaitable[None]], **settings: Any) -> None:
    async def whole() -> None:
        async with far(**settings) as found:
            await test(found)

    asyncio.run(whole())


def test_a_read() -> None:
    async def test(far: Far) -> None:
        far.server.reply = answered(entity={**ENTITY, "createTime": "2026-11-21T08:24:37.954+00:00"})
        far.server.reply.headers["etag"] = '"4"'
        answer = await far.ask()
        assert answer == Answer({**ENTITY, "createTime": 1795249477954}, 4)
        [first, second] = far.server.seen
        assert first.url.path.endswith("/users/erin o/metadata-collection-id"), "its identity first, once"
        assert second.url.raw_path.decode().endswith("/users/erin%20o/instances/entity/a%2Fb%20%C3%BC")
        await far.ask()
        assert len(far.server.seen) == 3

    run(test)


def test_a_change_carries_an_event_id_of_its_own_and_the_revision() -> None:
    async def test(far: Far) -> None:
        asked = Asked("updateEntityStatus", {"entityGUID": ENTITY["guid"]}, body="ACTIVE")
        for caller in (Caller("erin", "1", 3), Caller("erin", "1", 3), Caller("erin", "2")):
            await far.ask(asked, caller)
        first, again, other = far.server.calls()
        assert json.loads(first.content) == "ACTIVE" and first.headers["if-match"] == '"3"'
        assert "if-match" not in other.headers
        ids = [each.headers["x-omrs-event-id"] for each in (first, again, other)]
        assert ids[0] == ids[1] != ids[2] and ids[0] != "1", "ids of events are unique in a cohort"

    run(test)


def test_a_refusal_is_an_answer() -> None:
    async def test(far: Far) -> None:
        far.server.reply = refused(404, "EntityNotKnownException", "OMRS-REPOSITORY-404-002")
        await far.fails(*[EntityNotKnownError] * 5)
        assert not far.remote.breaker.open and far.recorded == []

    run(test)


BROKEN: list[httpx.Response | Exception] = [
    httpx.ConnectError("refused"),
    httpx.ReadTimeout("late"),
    httpx.RemoteProtocolError("gone"),
    httpx.Response(502, text="<html>a proxy's page</html>"),
]


@pytest.mark.parametrize("reply", BROKEN, ids=repr)
def test_a_member_that_is_not_there_is_left_out_and_tried_until_it_is_back(
    reply: httpx.Response | Exception,
) -> None:
    async def test(far: Far) -> None:
        far.server.reply = reply
        await far.fails(MemberUnavailableError, MemberUnavailableError)
        assert far.remote.breaker.open and far.ids() == ["OMRS-AUDIT-0401"]
        asked = len(far.server.calls())
        with pytest.raises(MemberUnavailableError, match="left out") as caught:
            await far.ask()
        assert not caught.value.sent and len(far.server.calls()) == asked
        far.server.reply = answered(entity=ENTITY)
        await asyncio.wait_for(far.remote.back(), 60)
        assert (await far.ask()).result == ENTITY
        assert far.ids() == ["OMRS-AUDIT-0401", "OMRS-STREAMS-0040"]

    run(test)


def test_a_server_that_is_not_started() -> None:
    async def test(far: Far) -> None:
        far.server.reply = refused(404, "InvalidParameterException", "OMAG-MULTI-TENANT-404-001")
        await far.fails(MemberUnavailableError)

    run(test)


def test_a_member_that_hangs_is_cut_off() -> None:
    async def test(far: Far) -> None:
        await far.ask()
        far.patience, far.server.reply = 0.3, 3600.0
        with pytest.raises(MemberUnavailableError, match="in time") as caught:
            await far.ask()
        assert caught.value.sent

    run(test)


def test_whether_a_request_was_sent() -> None:
    async def test(far: Far) -> None:
        await far.ask()
        change = Asked("updateEntityStatus", {"entityGUID": "e"}, body="ACTIVE")
        for reply, sent in ((httpx.ConnectError("refused"), False), (httpx.RemoteProtocolError("gone"), True)):
            before = len(far.server.calls())
            far.server.reply = reply
            with pytest.raises(MemberUnavailableError) as caught:
                await far.ask(change)
            assert caught.value.sent == sent
            assert len(far.server.calls()) <= before + 1, "a change is not sent twice"
            far.server.reply = answered(entity=ENTITY)
            await far.ask()

    run(test)


def test_a_read_on_a_connection_that_was_closed_is_sent_again() -> None:
    async def test(far: Far) -> None:
        await far.ask()
        replies: Iterator[Exception | None] = iter([httpx.RemoteProtocolError("closed"), None])
        plain = far.server.__call__

        async def closing(request: httpx.Request) -> httpx.Response:
            broken = next(replies)
            if broken is not None:
                raise broken
            return await plain(request)

        far.remote._http._transport = httpx.MockTransport(closing)
        assert (await far.ask()).result == ENTITY

    run(test)


def test_another_server_at_the_address() -> None:
    async def test(far: Far) -> None:
        far.server.collection_id = "somebody else"
        with pytest.raises(MemberUnavailableError, match="somebody else") as caught:
            await far.ask()
        assert caught.value.code == "OMRS-REST-REPOSITORY-CONNECTOR-500-001"
        assert far.server.calls() == []

    run(test)


def test_a_function_that_it_does_not_have_is_not_asked_for_again_for_a_while() -> None:
    async def test(far: Far) -> None:
        far.server.reply = refused(501, "FunctionNotSupportedException", "OMRS-METADATA-COLLECTION-501-001")
        await far.fails(*[FunctionNotSupportedError] * 3)
        assert len(far.server.calls()) == 1 and far.ids() == ["OMRS-AUDIT-0137"]
        far.later = 3_600.0
        far.server.reply = answered(entity=ENTITY)
        assert (await far.ask()).result == ENTITY

    run(test, unsupported_s=3_600.0)


@pytest.mark.parametrize("content", [{"entity": "text"}, {"entities": [{"no": "guid"}]}, {"entities": ["text"]}])
def test_an_answer_that_is_no_instance(content: Bean) -> None:
    async def test(far: Far) -> None:
        far.server.reply = answered(**content)
        operation = "getEntityDetail" if "entity" in content else "findEntities"
        with pytest.raises(RepositoryError):
            await far.ask(Asked(operation, {"guid": "e"} if "entity" in content else {}, body={}))

    run(test)


def test_a_large_answer() -> None:
    async def test(far: Far) -> None:
        many = [{**ENTITY, "guid": str(number), "padding": "x" * 1000} for number in range(400)]
        far.server.reply = answered(entities=many)
        assert (await far.ask(Asked("findEntities", body={}))).result == many

    run(test)


def test_an_answer_that_is_too_large(monkeypatch: pytest.MonkeyPatch) -> None:
    async def test(far: Far) -> None:
        await far.ask()
        monkeypatch.setattr("omrs_streams.federation.remote.BODY", 1_000)
        far.server.reply = answered(entity={**ENTITY, "padding": "x" * 1_000})
        with pytest.raises(RepositoryError, match="more than 1000 bytes"):
            await far.ask()

    run(test)


def test_an_answer_that_is_compressed() -> None:
    """Nobody asked for that, and a little of it could become anything."""

    async def test(far: Far) -> None:
        await far.ask()
        assert {each.headers["accept-encoding"] for each in far.server.seen} == {"identity"}
        packed = gzip.compress(b"{}")
        far.server.reply = httpx.Response(200, headers={"content-encoding": "gzip"}, content=packed)
        with pytest.raises(RepositoryError, match="encoded as gzip"):
            await far.ask()

    run(test)

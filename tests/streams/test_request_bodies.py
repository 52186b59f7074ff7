"""Bodies that are too long are refused before they fill the memory, whether they say how long they are or not."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from unittest.mock import Mock

import httpx
import pytest
from starlette.requests import Request
from starlette.types import Message

from omrs_schemas.typedefs.system import TypeSystem
from omrs_streams.api.endpoint import MAX_BODY, body_of
from omrs_streams.api.replies import UnreadableBodyError
from omrs_streams.api.v1.app import make_v1
from omrs_streams.audit import AuditLog
from omrs_streams.repository.services import Services

CHUNK = b" " * (MAX_BODY // 4)


def read(chunks: Sequence[bytes], *headers: tuple[bytes, bytes]) -> tuple[bytes | str, int]:
    """The body, or why it is refused; and how many chunks were taken."""
    taken = 0

    async def receive() -> Message:
        nonlocal taken
        taken += 1
        return {"type": "http.request", "body": chunks[taken - 1], "more_body": taken < len(chunks)}

    request = Request({"type": "http", "method": "POST", "headers": headers}, receive)
    try:
        return asyncio.run(body_of(request)), taken
    except UnreadableBodyError as error:
        return error.message, taken


def test_a_body_in_pieces() -> None:
    assert read([b"ab", b"", b"c"]) == (b"abc", 3)
    assert read([b""]) == (b"", 1)
    assert read([CHUNK] * 4) == (CHUNK * 4, 4)


def test_no_more_is_read_than_is_taken() -> None:
    said, taken = read([CHUNK, CHUNK, CHUNK, CHUNK, b"x", CHUNK])
    assert taken == 5 and f"{MAX_BODY + 1} and more bytes" in str(said)


def test_a_length_that_is_too_long_is_believed() -> None:
    said, taken = read([b"x"], (b"content-length", str(MAX_BODY + 1).encode()))
    assert taken == 0 and f"{MAX_BODY + 1} bytes" in str(said)


@pytest.mark.parametrize("in_pieces", [True, False])
def test_the_api_for_people_refuses_it_too(in_pieces: bool) -> None:
    people = make_v1("cocoMDS1", Mock(spec=Services), None, TypeSystem(), Mock(spec=AuditLog))

    async def pieces() -> AsyncIterator[bytes]:
        for _ in range(5):
            yield CHUNK

    async def asked() -> httpx.Response:
        async with httpx.AsyncClient(transport=httpx.ASGITransport(people), base_url="http://people") as client:
            return await client.post("/entities", content=pieces() if in_pieces else CHUNK * 5)

    response = asyncio.run(asked())
    assert (response.status_code, response.headers["content-type"]) == (413, "application/problem+json")
    assert f"{MAX_BODY} are taken" in response.json()["detail"]

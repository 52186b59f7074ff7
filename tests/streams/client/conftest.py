"""Tests of the clients run for both of them."""

import asyncio
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any

import pytest

from clients import KINDS, client_of_kind
from omrs_schemas.typedefs.system import TypeSystem
from omrs_streams.client import Retry

TYPES = TypeSystem.builtin()


@pytest.fixture(params=KINDS)
def make_client(request: pytest.FixtureRequest) -> Iterator[Callable[..., Any]]:
    """`make_client(url, deadline=…, **options)`: a client of server `s` for user `u` that does not wait in between."""

    async def no_time(_: float) -> None:
        await asyncio.sleep(0)

    with asyncio.Runner() as runner, ExitStack() as open_clients:

        def make(url: str, deadline: float = 60.0, **options: Any) -> Any:
            retry = Retry(deadline=deadline, sleep=lambda _: None, async_sleep=no_time)
            options = {"retry": retry, "types": TYPES, **options}
            client = client_of_kind(request.param, runner, url, "s", "u", **options)
            return open_clients.enter_context(client)

        yield make

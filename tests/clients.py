"""The blocking and the asynchronous client behind one face, so that a test is written once and holds for both."""

import asyncio
import inspect
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator
from typing import Any, cast

from omrs_streams.client import AsyncMetadataClient, MetadataClient

KINDS = ("blocking", "asynchronous")


class Awaited:
    """An AsyncMetadataClient used like a MetadataClient: every call runs to its end on an event loop of its own."""

    def __init__(self, client: AsyncMetadataClient, runner: asyncio.Runner) -> None:
        self.client = client
        self._runner = runner

    @property
    def types(self) -> Any:
        return self._runner.run(self.client.types())

    def as_user(self, user_id: str) -> "Awaited":
        return Awaited(self.client.as_user(user_id), self._runner)

    def in_scope(self, scope: Any) -> "Awaited":
        return Awaited(self.client.in_scope(scope), self._runner)

    def close(self) -> None:
        self._runner.run(self.client.aclose())

    def __enter__(self) -> "Awaited":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def __getattr__(self, name: str) -> Any:
        method = getattr(self.client, name)
        return self._called(method) if callable(method) else method

    def _called(self, method: Callable[..., Any]) -> Callable[..., Any]:
        def call(*args: Any, **named: Any) -> Any:
            begun = method(*args, **named)
            if inspect.isawaitable(begun):
                return self._runner.run(cast(Coroutine[Any, Any, Any], begun))
            return self._each(begun) if hasattr(begun, "__anext__") else begun

        return call

    def _each(self, items: AsyncIterator[Any]) -> Iterator[Any]:
        async def following() -> Any:
            return await anext(items)

        while True:
            try:
                item = self._runner.run(following())
            except StopAsyncIteration:
                return
            yield item


def client_of_kind(kind: str, runner: asyncio.Runner, *args: Any, **named: Any) -> Any:
    """A client of one of KINDS, with the methods of MetadataClient; arguments as for it."""
    if kind == "blocking":
        return MetadataClient(*args, **named)
    return Awaited(AsyncMetadataClient(*args, **named), runner)

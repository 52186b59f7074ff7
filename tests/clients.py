"""The blocking and the asynchronous client behind one face, so that a test is written once and holds for both."""

import asyncio
import inspect
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator
from typing import Any, cast

from omrs_streams.client import AsyncMetadataClient, AsyncSubscription, MetadataClient

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
            if isinstance(begun, AsyncSubscription):
                return AwaitedSubscription(begun, self._runner)
            if inspect.isawaitable(begun):
                return self._runner.run(cast(Coroutine[Any, Any, Any], begun))
            return each(begun, self._runner) if hasattr(begun, "__anext__") else begun

        return call


class AwaitedSubscription:
    """An AsyncSubscription used like a Subscription."""

    def __init__(self, events: AsyncSubscription, runner: asyncio.Runner) -> None:
        self.awaited = events
        self._runner = runner
        runner.run(events.open())

    @property
    def skipped(self) -> int:
        return self.awaited.skipped

    def __iter__(self) -> Iterator[Any]:
        return each(self.awaited, self._runner)

    def __next__(self) -> Any:
        return next(iter(self))

    def events(self, *, idle: float | None = None) -> Iterator[Any]:
        return each(self.awaited.events(idle=idle), self._runner)

    def commit(self) -> None:
        self._runner.run(self.awaited.commit())

    def close(self) -> None:
        self._runner.run(self.awaited.aclose())

    def __enter__(self) -> "AwaitedSubscription":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def each(items: AsyncIterator[Any], runner: asyncio.Runner) -> Iterator[Any]:
    async def following() -> Any:
        return await anext(items)

    while True:
        try:
            item = runner.run(following())
        except StopAsyncIteration:
            return
        yield item


def client_of_kind(kind: str, runner: asyncio.Runner, *args: Any, **named: Any) -> Any:
    """A client of one of KINDS, with the methods of MetadataClient; arguments as for it."""
    if kind == "blocking":
        return MetadataClient(*args, **named)
    return Awaited(AsyncMetadataClient(*args, **named), runner)

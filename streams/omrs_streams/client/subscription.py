"""Events of a server's out topic as they come: an iterator, and an asynchronous one."""

import asyncio
import time
from collections import deque
from collections.abc import AsyncIterator, Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Self

from omrs_streams.client.feed import POLL_S, Delivery, Feed
from omrs_streams.client.selection import OutEvent


class _Progress:
    """What has been handed out, and is done when the next event is asked for."""

    def __init__(self, feed: Feed) -> None:
        self._feed = feed
        self._ready: deque[Delivery] = deque()
        self._current: Delivery | None = None

    @property
    def skipped(self) -> int:
        """How many records were no events."""
        return self._feed.skipped

    def _settle(self) -> None:
        if self._current is not None:
            self._feed.done(self._current)
            self._current = None

    def _following(self) -> OutEvent | None:
        """The next event of those that were read. What is not for the subscriber is done at once."""
        self._settle()
        while self._ready:
            delivery = self._ready.popleft()
            if delivery.event is not None:
                self._current = delivery
                return delivery.event
            self._feed.done(delivery)
        return None


class Subscription(_Progress):
    """Iterates for ever over events. An event counts as dealt with when the next one is asked for, or at `commit()`.

    with client.subscribe(types="GlossaryTerm", group="my-program") as events:
        for event in events:
            print(event.kind, event.guid)
    """

    def __iter__(self) -> Iterator[OutEvent]:
        return self

    def __next__(self) -> OutEvent:
        event = None
        while event is None:
            event = self._within(None)
        return event

    def events(self, *, idle: float | None = None) -> Iterator[OutEvent]:
        """The same; ends after `idle` seconds without an event (never, if None)."""
        while (event := self._within(idle)) is not None:
            yield event

    def _within(self, idle: float | None) -> OutEvent | None:
        end = None if idle is None else time.monotonic() + idle
        while (event := self._following()) is None:
            left = POLL_S if end is None else end - time.monotonic()
            if left <= 0:
                return None
            self._ready.extend(self._feed.batch(min(POLL_S, left)))
        return event

    def commit(self) -> None:
        """The event that was handed out last is dealt with too; Kafka is told now."""
        self._settle()
        self._feed.commit()

    def close(self) -> None:
        """Leaves the group; what was not dealt with is read again by the next reader."""
        self._feed.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


class AsyncSubscription(_Progress):
    """`Subscription` for coroutines. Kafka is read on a thread of its own; waiting may be cancelled, nothing is lost.

    async with client.subscribe(types="GlossaryTerm") as events:
        async for event in events:
            print(event.kind, event.guid)
    """

    def __init__(self, feed: Feed, started: Callable[[], None] = lambda: None) -> None:
        super().__init__(feed)
        self._started = started
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="omrs-events")
        self._reading: asyncio.Future[list[Delivery]] | None = None
        self._closing = False

    async def open(self) -> Self:
        """Where it begins is decided here; errors as in `MetadataClient.subscribe`. Iterating does it, if need be."""
        self._started()
        await asyncio.get_running_loop().run_in_executor(self._thread, self._feed.open)
        return self

    def __aiter__(self) -> AsyncIterator[OutEvent]:
        return self

    async def __anext__(self) -> OutEvent:
        event = None
        while event is None:
            event = await self._within(None)
        return event

    async def events(self, *, idle: float | None = None) -> AsyncIterator[OutEvent]:
        """The same; ends after `idle` seconds without an event (never, if None)."""
        while (event := await self._within(idle)) is not None:
            yield event

    async def _within(self, idle: float | None) -> OutEvent | None:
        self._started()
        loop = asyncio.get_running_loop()
        end = None if idle is None else loop.time() + idle
        while (event := self._following()) is None:
            if end is not None and loop.time() >= end:
                return None
            if self._reading is None:
                self._reading = loop.run_in_executor(self._thread, self._feed.batch)
            # A wait that is cancelled leaves the read to whoever asks next.
            await asyncio.wait({self._reading}, timeout=None if end is None else max(0.0, end - loop.time()))
            if self._reading.done():
                read, self._reading = self._reading, None
                self._ready.extend(read.result())
        return event

    async def commit(self) -> None:
        """The event that was handed out last is dealt with too; Kafka is told now."""
        self._settle()
        await asyncio.get_running_loop().run_in_executor(self._thread, self._feed.commit)

    async def aclose(self) -> None:
        """Leaves the group; what was not dealt with is read again by the next reader."""
        if self._closing:
            return
        self._closing = True
        await asyncio.get_running_loop().run_in_executor(self._thread, self._feed.close)
        if self._reading is not None:
            await asyncio.wait({self._reading})
            self._reading.exception()  # nobody asks for it any more
        self._thread.shutdown()

    async def __aenter__(self) -> Self:
        try:
            return await self.open()
        except BaseException:
            await self.aclose()
            raise

    async def __aexit__(self, *_: object) -> None:
        await self.aclose()

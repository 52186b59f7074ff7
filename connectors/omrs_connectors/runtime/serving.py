"""The thread that a connector's handler lives on, in the daemon or in a child process: one job after the other."""

import asyncio
import threading
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from omrs_connectors.runtime.handler import ConnectorHandler


@dataclass(frozen=True, slots=True)
class Job:
    """A method of the handler; `answer` gets its result, on the handler's thread."""

    method: str
    arguments: tuple[Any, ...]
    answer: Callable[[Any], None]


class Mailbox:
    """Jobs in the order they came; None ends the thread. Put from any thread, taken by one."""

    def __init__(self) -> None:
        self._jobs: deque[Job | None] = deque()
        self._ready = threading.Condition()
        self._waker: asyncio.Future[None] | None = None

    def put(self, job: Job | None) -> None:
        with self._ready:
            self._jobs.append(job)
            waker, self._waker = self._waker, None
            self._ready.notify()
        if waker is not None:
            waker.get_loop().call_soon_threadsafe(_wake, waker)

    def get(self, loop: asyncio.AbstractEventLoop | None) -> Job | None:
        """Waits. With a loop (of a connector with coroutines) that runs meanwhile: what it has started goes on."""
        if loop is not None:
            return loop.run_until_complete(self._awaited())
        with self._ready:
            while not self._jobs:
                self._ready.wait()
            return self._jobs.popleft()

    async def _awaited(self) -> Job | None:
        while True:
            with self._ready:
                if self._jobs:
                    return self._jobs.popleft()
                waker = self._waker = asyncio.get_running_loop().create_future()
            await waker


def serve(handler: ConnectorHandler, mailbox: Mailbox, given_up: Callable[[], bool] = lambda: False) -> None:
    """Does what the mailbox says until it says None, or until the handler is given up: then it disconnects by itself,
    whenever it comes back."""
    try:
        while (job := mailbox.get(handler.loop)) is not None:
            result = getattr(handler, job.method)(*job.arguments)
            if given_up():
                handler.disconnect()
                return
            job.answer(result)
    finally:
        if handler.loop is not None:
            _end(handler.loop)


def _end(loop: asyncio.AbstractEventLoop) -> None:
    """What a connector has left running on its loop is cancelled."""
    tasks = asyncio.all_tasks(loop)
    for task in tasks:
        task.cancel()
    if tasks:
        loop.run_until_complete(asyncio.gather(*tasks, return_exceptions=True))
    loop.run_until_complete(loop.shutdown_asyncgens())
    loop.close()


def _wake(waker: asyncio.Future[None]) -> None:
    if not waker.done():
        waker.set_result(None)

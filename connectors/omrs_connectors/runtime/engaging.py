"""The dedicated thread of a connector whose calls block (integration § 4, `usesBlockingCalls`)."""

import asyncio
import inspect
import logging
import threading
from collections.abc import Awaitable, Callable
from typing import Protocol

from omrs_connectors.runtime.interrupting import interrupt

log = logging.getLogger(__name__)

THREAD_STARTS = "INTEGRATION-DAEMON-SERVICES-0030"
ENGAGE_RETURNED = "INTEGRATION-DAEMON-SERVICES-0034"
THREAD_ENDS = "INTEGRATION-DAEMON-SERVICES-0035"

BETWEEN_CALLS_S = 1.0  # integration § 4
END_S = 2.0  # for a thread whose connector has been disconnected: within the time that a stopping daemon has


class Owner(Protocol):
    """The connector's handler, as its dedicated thread sees it."""

    loop: asyncio.AbstractEventLoop | None

    @property
    def stopping(self) -> threading.Event: ...

    def say(self, message_id: str) -> None: ...

    def engaged(self, error: BaseException) -> None: ...

    def left_behind(self, threads: int) -> None: ...


class Engagement:
    """Calls engage again and again until the connector is to stop or engage raises.

    The thread is created when the connector is initialized and calls nothing before `begin`. Refreshes and events go on
    meanwhile, on the connector's other thread.
    """

    def __init__(self, name: str, engage: Callable[[], Awaitable[None] | None], owner: Owner) -> None:
        self._engage = engage
        self._owner = owner
        self._stopping = owner.stopping
        self._begun = threading.Event()
        self._left = False
        self._lock = threading.Lock()
        self._thread = threading.Thread(target=self._run, name=f"engage-{name}", daemon=True)
        owner.say(THREAD_STARTS)
        self._thread.start()

    def begin(self) -> None:
        self._begun.set()

    def end(self) -> None:
        """The connector has been disconnected, which ends most calls that block; any other is left to itself."""
        self._begun.set()
        self._thread.join(END_S)
        with self._lock:
            if self._thread.is_alive():
                self._left = True
                self._owner.left_behind(1)
                interrupt(self._thread)

    def _run(self) -> None:
        self._begun.wait()
        while not self._stopping.is_set():
            try:
                self._called()
            except BaseException as error:
                if not self._stopping.is_set():
                    self._owner.engaged(error)
                break
            if not self._stopping.is_set():
                self._owner.say(ENGAGE_RETURNED)
            self._stopping.wait(BETWEEN_CALLS_S)
        self._owner.say(THREAD_ENDS)
        with self._lock:
            if self._left:
                self._owner.left_behind(-1)

    def _called(self) -> None:
        result = self._engage()
        if result is None or not inspect.isawaitable(result):
            return
        loop = self._owner.loop
        if loop is None:  # nothing else of the connector is asynchronous

            async def alone() -> None:
                await result

            asyncio.run(alone())
            return

        async def awaited() -> None:
            await result

        future = asyncio.run_coroutine_threadsafe(awaited(), loop)
        while not future.done():
            if self._stopping.wait(0.2):
                future.cancel()
                return
        future.result()

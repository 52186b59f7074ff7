"""A connector on a thread of its own.

The thread is a daemon thread that nobody ever joins: one that hangs does not keep the process from ending.
"""

import asyncio
import contextlib
import threading
from dataclasses import replace
from typing import Any

from omrs_connectors.runtime.handler import ConnectorHandler, Setting
from omrs_connectors.runtime.hosts import Line
from omrs_connectors.runtime.interrupting import interrupt
from omrs_connectors.runtime.notes import LeftBehind
from omrs_connectors.runtime.serving import Job, Mailbox, serve
from omrs_connectors.sdk import IntegrationConnectorConfig
from omrs_schemas.errors import ConnectorLostError


class ThreadHost:
    """See `Host`."""

    def __init__(self, setting: Setting) -> None:
        self._loop = asyncio.get_running_loop()
        self._tell = setting.tell
        self._line = Line(setting.tell)
        self._name = setting.config.connector_name
        self._handler = ConnectorHandler(replace(setting, tell=self._line.tell))
        self._mailbox = Mailbox()
        self._pending: set[asyncio.Future[Any]] = set()
        self._lock = threading.Lock()
        self._ended = self._left_behind = False
        self._thread = threading.Thread(target=self._run, name=f"connector-{self._name}", daemon=True)
        self._thread.start()

    async def call(self, method: str, *arguments: Any) -> Any:
        if self._line.is_cut:
            raise self._lost()
        future: asyncio.Future[Any] = self._loop.create_future()
        self._pending.add(future)
        future.add_done_callback(self._pending.discard)

        def answer(result: Any) -> None:
            with contextlib.suppress(RuntimeError):  # the loop is closed: the daemon has ended
                self._loop.call_soon_threadsafe(_resolve, future, result)

        self._mailbox.put(Job(method, arguments, answer))
        return await future

    def configure(self, config: IntegrationConnectorConfig) -> None:
        """Nothing: a thread has no limits of its own."""

    def stop(self) -> None:
        self._handler.stop()

    def give_up(self) -> None:
        self._line.cut()
        self._handler.revoke()
        self._mailbox.put(None)
        for future in list(self._pending):
            if not future.done():
                future.set_exception(self._lost())
        with self._lock:
            self._left_behind = not self._ended
        if self._left_behind:
            self._tell(LeftBehind(1))
            interrupt(self._thread)

    def end(self) -> None:
        self._line.cut()
        self._mailbox.put(None)

    def _run(self) -> None:
        try:
            serve(self._handler, self._mailbox, lambda: self._line.is_cut)
        finally:
            with self._lock:
                self._ended = True
            if self._left_behind:
                self._tell(LeftBehind(-1))

    def _lost(self) -> ConnectorLostError:
        return ConnectorLostError(f"connector {self._name} was given up", connector=self._name)


def _resolve(future: asyncio.Future[Any], result: Any) -> None:
    if not future.done():
        future.set_result(result)

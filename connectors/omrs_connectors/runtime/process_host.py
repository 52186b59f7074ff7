"""A connector in a process of its own (`isolation: process`): what it breaks, leaks or blocks is its own.

The child is started by spawn (the daemon holds librdkafka, which a fork would break) and ends with the daemon, however
that ends: it sees its pipe close.
"""

import asyncio
import atexit
import contextlib
import logging
import multiprocessing
import os
import signal
import threading
from collections.abc import Callable
from multiprocessing.connection import Connection
from queue import SimpleQueue
from typing import Any

import psutil

from omrs_connectors.runtime.child import ChildSetup, child_main
from omrs_connectors.runtime.hosts import Line, Tell
from omrs_connectors.sdk import IntegrationConnectorConfig
from omrs_schemas.errors import ConnectorLostError

log = logging.getLogger(__name__)

WATCH_S = 0.25  # between looks at a child's memory: a leak of 1 GB/s is seen before it has taken much more
REAP_S = 5.0  # for a child whose pipe has closed to be gone
MIB = 1 << 20

Lost = Callable[[ConnectorLostError], None]


class ProcessHost:
    """See `Host`. `lost` is called on the loop when the process ends by itself or uses too much memory."""

    def __init__(self, setup: ChildSetup, tell: Tell, lost: Lost) -> None:
        self._loop = asyncio.get_running_loop()
        self._name = setup.config.connector_name
        self._limit = setup.config.memory_limit
        self._line = Line(tell)
        self._lost = lost
        self._why: ConnectorLostError | None = None
        self._pending: dict[int, asyncio.Future[Any]] = {}
        self._number = 0
        self._commands: SimpleQueue[tuple[Any, ...] | None] = SimpleQueue()
        self._process: Any = None
        self._watch: asyncio.Task[None] | None = None
        threading.Thread(target=self._run, args=(setup,), name=f"process-{self._name}", daemon=True).start()

    async def call(self, method: str, *arguments: Any) -> Any:
        if self._line.is_cut:
            raise self._why or self._given_up()
        self._number += 1
        number, future = self._number, self._loop.create_future()
        self._pending[number] = future
        self._commands.put(("call", number, method, arguments))
        try:
            return await future
        finally:
            self._pending.pop(number, None)

    def configure(self, config: IntegrationConnectorConfig) -> None:
        self._limit = config.memory_limit

    def stop(self) -> None:
        self._commands.put(("stop",))

    def give_up(self) -> None:
        self._fail(self._given_up())

    def end(self) -> None:
        self._line.cut()
        self._finish()

    # ---- the loop ----------------------------------------------------------------------------------------------------

    def _fail(self, why: ConnectorLostError) -> None:
        self._line.cut()
        self._why = self._why or why
        self._finish()
        for future in self._pending.values():
            if not future.done():
                future.set_exception(self._why)

    def _finish(self) -> None:
        if self._watch is not None:
            self._watch.cancel()
        self._commands.put(None)
        _kill(self._process)

    def _started(self, pid: int) -> None:
        if self._line.is_cut:
            _kill(self._process)
        else:
            self._watch = self._loop.create_task(self._watched(psutil.Process(pid)), name=f"memory-{self._name}")

    async def _watched(self, child: Any) -> None:
        with contextlib.suppress(psutil.NoSuchProcess):
            while True:
                used = child.memory_info().rss // MIB
                if self._limit is not None and used > self._limit:
                    said = f"the process of connector {self._name} used more than {self._limit} MiB ({used} MiB)"
                    self._ended(ConnectorLostError(said, help="raise its memoryLimit, or find what it keeps"))
                    return
                await asyncio.sleep(WATCH_S)

    def _ended(self, why: ConnectorLostError) -> None:
        """By itself: nobody has asked for it."""
        if not self._line.is_cut:
            self._fail(why)
            self._lost(why)

    def _answered(self, number: int, result: Any) -> None:
        future = self._pending.get(number)
        if future is not None and not future.done():
            future.set_result(result)

    def _given_up(self) -> ConnectorLostError:
        return ConnectorLostError(f"connector {self._name} was given up", connector=self._name)

    # ---- threads: one starts the process and sends, one receives -----------------------------------------------------

    def _run(self, setup: ChildSetup) -> None:
        spawn = multiprocessing.get_context("spawn")
        here, there = spawn.Pipe()
        process = spawn.Process(target=child_main, args=(setup, there), name=f"connector-{self._name}")
        try:
            process.start()
        except Exception as error:
            here.close()
            why = ConnectorLostError(f"the process of connector {self._name} could not be started: {error}")
            self._on_loop(self._ended, why)
            return
        finally:
            there.close()
        self._process = process
        _children.add(process)
        self._on_loop(self._started, process.pid)
        threading.Thread(target=self._receive, args=(here, process), name=f"notes-{self._name}", daemon=True).start()
        with contextlib.suppress(OSError):
            while (command := self._commands.get()) is not None:
                here.send(command)

    def _receive(self, pipe: Connection, process: Any) -> None:
        try:
            while True:
                kind, *rest = pipe.recv()
                if kind == "note":
                    self._line.tell(rest[0])
                else:
                    self._on_loop(self._answered, *rest)
        except (EOFError, OSError):
            pass
        except Exception:
            log.exception("the process of connector %s said something that is not understood", self._name)
            _kill(process)
        process.join(REAP_S)
        _children.discard(process)
        pipe.close()
        self._on_loop(self._ended, ConnectorLostError(_obituary(process.exitcode, self._name)))

    def _on_loop(self, call: Callable[..., None], *arguments: Any) -> None:
        with contextlib.suppress(RuntimeError):  # the loop is closed: the daemon has ended
            self._loop.call_soon_threadsafe(call, *arguments)


_children: set[Any] = set()


@atexit.register
def _end_children() -> None:
    """Before multiprocessing waits for them: a daemon that ends in disorder ends all the same."""
    for process in list(_children):
        _kill(process)


def _kill(process: Any) -> None:
    """The child and what it has started."""
    if process is None or not process.is_alive():
        return
    try:
        os.killpg(process.pid, signal.SIGKILL)
    except (ProcessLookupError, PermissionError):  # it has not come to make itself the leader of a group
        process.kill()


def _obituary(exit_code: int | None, name: str) -> str:
    if exit_code is None:
        return f"the process of connector {name} does not answer any more"
    if exit_code < 0:
        return f"the process of connector {name} was ended by {signal.Signals(-exit_code).name}"
    return f"the process of connector {name} ended with exit code {exit_code}"

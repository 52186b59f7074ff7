"""The daemon as a process: uvicorn on a socket, logging, an exit code."""

import asyncio
import contextlib
import logging
import signal
import sys
from collections.abc import Iterator
from pathlib import Path

import uvicorn

from omrs_connectors.api.app import create_api
from omrs_connectors.running import announce, withdraw
from omrs_connectors.runtime.daemon import IntegrationDaemon
from omrs_connectors.runtime.settings import DaemonSettings
from omrs_connectors.sdk.discretion import hide_secrets_in_logs
from omrs_streams.api.listen import bind
from omrs_streams.audit.console import CONSOLE
from omrs_streams.logs import configure_logging

log = logging.getLogger(__name__)

WATCH = 2.0  # seconds between looks whether Faust has given up
GRACE = 3  # seconds that open requests get at stop: all are answered from memory


SWITCH_S = 0.0005  # a connector that computes holds the interpreter for so long at most, not for Python's usual 5 ms


def serve(settings: DaemonSettings, *, ready_file: Path | None = None) -> int:
    """Runs the daemon until SIGINT or SIGTERM; the exit code: 0 stopped, 1 could not start or could not go on.

    `ready_file`, when given, holds the API's URL once the daemon is up (the port may have been chosen by the system).
    """
    configure_logging()
    hide_secrets_in_logs(CONSOLE)
    sys.setswitchinterval(SWITCH_S)
    return asyncio.run(_serve(settings, ready_file))


class _Server(uvicorn.Server):
    """Leaves SIGINT and SIGTERM to the daemon's process: uvicorn would raise them again when it ends."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


@contextlib.contextmanager
def _ended_by_signals(daemon: IntegrationDaemon, server: uvicorn.Server) -> Iterator[None]:
    loop = asyncio.get_running_loop()

    def end() -> None:
        daemon.abandon_start()
        server.should_exit = True

    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, end)
    try:
        yield
    finally:
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.remove_signal_handler(number)


async def _serve(settings: DaemonSettings, ready_file: Path | None) -> int:
    with bind(settings.host, settings.port) as listener:
        url = f"http://{settings.host}:{listener.getsockname()[1]}"
        daemon = IntegrationDaemon(settings, url=url)
        config = uvicorn.Config(
            create_api(daemon), log_config=None, access_log=False, timeout_graceful_shutdown=GRACE, lifespan="off"
        )
        server = _Server(config)
        with _ended_by_signals(daemon, server):
            async with daemon.running():
                watcher = asyncio.create_task(_watch(daemon, server, url, ready_file))
                try:
                    await server.serve(sockets=[listener])
                finally:
                    watcher.cancel()
                    with contextlib.suppress(asyncio.CancelledError):
                        await watcher
                    await asyncio.to_thread(withdraw, settings.daemon, settings.worker)
    return 1 if daemon.failure or not server.started else 0


async def _watch(daemon: IntegrationDaemon, server: uvicorn.Server, url: str, ready_file: Path | None) -> None:
    """Says where the API is once it is up; ends the process when Faust cannot go on (a supervisor restarts it)."""
    announced = False
    while True:
        if server.started and not announced:
            announced = True
            log.info("worker %s of daemon %s answers at %s", daemon.settings.worker, daemon.settings.daemon, url)
            await asyncio.to_thread(announce, daemon.settings.daemon, daemon.settings.worker, url)
            if ready_file is not None:
                await asyncio.to_thread(ready_file.write_text, url)
        if daemon.failure:
            log.error("daemon %s ends: %s", daemon.settings.daemon, daemon.failure)
            server.should_exit = True
            return
        await asyncio.sleep(WATCH if announced else 0.05)

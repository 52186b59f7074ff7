"""A metadata server inside the test's own process: no Kafka, no port, and time that passes when the test says so."""

import asyncio
import tempfile
import threading
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any, Self

import httpx
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.routing import Route as AsgiRoute

from omrs_connectors.kit.clock import VirtualClock
from omrs_connectors.kit.memory_worker import MemoryWorker
from omrs_connectors.kit.records import Position, record_of
from omrs_connectors.runtime.inbox import Record
from omrs_connectors.sdk.config import Partner
from omrs_connectors.sdk.listener import Source
from omrs_schemas.typedefs.system import TypeSystem
from omrs_streams.api import instances, types
from omrs_streams.api.endpoint import local_endpoint
from omrs_streams.api.segments import WholeSegments
from omrs_streams.api.services import BASE, LocalServices
from omrs_streams.client import MetadataClient, Retry
from omrs_streams.log.names import server_out
from omrs_streams.worker.types import load_release

ANSWER_S = 60.0  # no call takes as long; a test that hangs says where
USER = "kit"


class MemoryServer:
    """A metadata server that is empty at first. `types`: "builtin", or the path of a types archive.

    Its REST API is a real server's, called without a socket; `clock` is the time of every change.
    """

    def __init__(self, name: str = "memory", *, types: str = "builtin", clock: VirtualClock | None = None) -> None:
        self.partner = Partner(name, "http://memory")
        self.clock = clock or VirtualClock()
        self._types = types
        self._directory = tempfile.TemporaryDirectory(prefix="omrs-kit-")
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name=f"server-{name}", daemon=True)
        self._thread.start()
        self._worker: MemoryWorker = self._run(self._open())
        self._http = httpx.Client(transport=_LoopTransport(self._app(), self._run))
        self.client = self.client_of(USER)

    def client_of(self, user: str) -> MetadataClient:
        """A client that calls the server as `user`."""
        return MetadataClient("http://memory", self.partner.name, user, http=self._http, retry=Retry(deadline=0))

    def settle(self) -> None:
        """Everything that was changed has been told already."""

    def position(self) -> Position:
        """Where the out topic ends now."""
        return {0: len(self._worker.producer.records(server_out(self.partner.name)))}

    def events(self, since: Position) -> tuple[list[Record], Position]:
        """The records of the out topic from `since` on, and where it ends now."""
        topic = server_out(self.partner.name)
        start = since.get(0, 0)
        found = self._worker.producer.records(topic, start)
        source = Source(topic)
        records = [
            record_of(source, 0, offset, key, value, headers)
            for offset, (_, _, key, value, headers) in enumerate(found, start)
        ]
        return records, {0: start + len(found)}

    def another(self) -> "MemoryServer":
        return MemoryServer(self.partner.name, types=self._types, clock=self.clock)

    def close(self) -> None:
        if self._loop.is_closed():
            return
        self._run(self._worker.close())
        self._http.close()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(ANSWER_S)
        self._loop.close()
        self._directory.cleanup()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    async def _open(self) -> MemoryWorker:
        known: TypeSystem = load_release(self._types).copy()
        return MemoryWorker(self.partner.name, known, Path(self._directory.name), self.clock)

    def _app(self) -> Starlette:
        worker: Any = self._worker
        routes = [*instances.ROUTES, *types.ROUTES]
        services = LocalServices(worker, routes)

        def told(endpoint: Callable[[Any], Awaitable[Any]]) -> Callable[[Any], Awaitable[Any]]:
            async def serve(http: Any) -> Any:
                answer = await endpoint(http)
                await self._worker.tell()
                return answer

            return serve

        return Starlette(
            routes=[
                AsgiRoute(BASE + route.path, told(local_endpoint(services, route)), methods=[route.method])
                for route in routes
            ],
            middleware=[Middleware(WholeSegments)],
        )

    def _run(self, what: Any) -> Any:
        """Runs a coroutine on the server's loop, from any other thread."""
        return asyncio.run_coroutine_threadsafe(what, self._loop).result(ANSWER_S)


class _LoopTransport(httpx.BaseTransport):
    """Calls an ASGI app that lives on another thread's event loop."""

    def __init__(self, app: Starlette, run: Callable[[Any], Any]) -> None:
        self._asgi = httpx.ASGITransport(app)
        self._run = run

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        content = request.read()

        async def answer() -> httpx.Response:
            asked = httpx.Request(request.method, request.url, headers=request.headers, content=content)
            response = await self._asgi.handle_async_request(asked)
            whole = await response.aread()
            return httpx.Response(response.status_code, headers=response.headers, content=whole)

        response: httpx.Response = self._run(answer())
        return response

"""HTTP exchanges with a metadata server, blocking and asynchronous: keep-alive, bounded retry, idempotent writes."""

from collections.abc import Callable
from copy import copy
from typing import Any, Generic, Self, TypeVar

import httpx

from omrs_streams.client.exchange import (
    EVENT_ID_HEADER,
    Address,
    Answer,
    OnWarning,
    PartialAnswerWarning,
    Pause,
    Request,
    Retry,
    Scope,
    attempts,
    segment,
    warn,
)
from omrs_streams.client.wire import Bean

__all__ = ["EVENT_ID_HEADER", "AsyncTransport", "Retry", "Transport", "segment"]

CONNECTIONS = 32  # sockets kept open; more threads or tasks than that on one client wait for a socket

# The server's address is configured; a proxy from the environment would only swallow loopback calls.
_HTTP: dict[str, Any] = {
    "limits": httpx.Limits(max_connections=CONNECTIONS, max_keepalive_connections=CONNECTIONS),
    "trust_env": False,
}


H = TypeVar("H", httpx.Client, httpx.AsyncClient)


class _Transport(Generic[H]):
    """What both have: the address, the connections, how often to try."""

    def __init__(self, address: Address, http: H, owned: bool, retry: Retry | None, on_warning: OnWarning) -> None:
        self.address = address
        self.retry = retry or Retry()
        self.on_warning = on_warning
        self.allowed: Callable[[Request], None] = lambda request: None
        self._http: H = http
        self._owned = owned

    @property
    def server(self) -> str:
        return self.address.server

    def to(self, address: Address) -> Self:
        """The same connections for another address; closing it closes nothing."""
        other = copy(self)
        other.address, other._owned = address, False
        return other

    def guarded(self, allowed: Callable[[Request], None]) -> Self:
        """The same connections; `allowed` is asked before each attempt, and what it raises ends the call."""

        def both(request: Request) -> None:
            self.allowed(request)
            allowed(request)

        other = self.to(self.address)
        other.allowed = both
        return other

    def _tell(self, request: Request, answer: Answer) -> Answer:
        if answer.warnings and not request.quiet:
            self.on_warning(PartialAnswerWarning(request.name, answer.warnings))
        return answer


class Transport(_Transport[httpx.Client]):
    """Calls below `/servers/{server}/open-metadata/repository-services/users/{user}` of one platform URL.

    Thread-safe (httpx.Client is). `timeout` in seconds bounds each exchange, `retry.deadline` all attempts of a call.
    """

    def __init__(
        self,
        url: str,
        server: str,
        user_id: str,
        *,
        scope: Scope = "local",
        timeout: float = 30.0,
        http: httpx.Client | None = None,
        retry: Retry | None = None,
        on_warning: OnWarning = warn,
    ) -> None:
        client = http or httpx.Client(timeout=timeout, **_HTTP)
        super().__init__(Address(url, server, user_id, scope), client, http is None, retry, on_warning)

    def get(self, path: str, **query: str) -> Bean:
        """A read by GET; `path` begins with a slash and has its segments quoted."""
        return self.run(Request("GET", path, query=query)).bean

    def post(self, path: str, body: Any, **query: str) -> Bean:
        """A read by POST (find, history): no idempotency key."""
        return self.run(Request("POST", path, body, query)).bean

    def write(
        self, path: str, body: Any = None, *, method: str = "POST", event_id: str | None = None, **query: str
    ) -> Bean:
        """A change; see `Request.write`."""
        return self.run(Request.write(path, body, method=method, event_id=event_id, query=query)).bean

    def run(self, request: Request) -> Answer:
        """The answer; errors as in `attempts`."""
        steps = attempts(request, self.address.url, self.retry)
        step = next(steps)
        while True:
            try:
                if isinstance(step, Pause):
                    self.retry.sleep(step.seconds)
                    step = next(steps)
                    continue
                self.allowed(request)
                try:
                    response = self._http.request(request.method, self.address.base + request.path, **step)
                except httpx.HTTPError as error:
                    step = steps.throw(error)
                else:
                    step = steps.send(response)
            except StopIteration as done:
                return self._tell(request, done.value)

    def close(self) -> None:
        """Closes the connections that this transport opened itself."""
        if self._owned:
            self._http.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


class AsyncTransport(_Transport[httpx.AsyncClient]):
    """The same for coroutines of one event loop."""

    def __init__(
        self,
        url: str,
        server: str,
        user_id: str,
        *,
        scope: Scope = "local",
        timeout: float = 30.0,
        http: httpx.AsyncClient | None = None,
        retry: Retry | None = None,
        on_warning: OnWarning = warn,
    ) -> None:
        client = http or httpx.AsyncClient(timeout=timeout, **_HTTP)
        super().__init__(Address(url, server, user_id, scope), client, http is None, retry, on_warning)

    async def run(self, request: Request) -> Answer:
        """The answer; errors as in `attempts`."""
        steps = attempts(request, self.address.url, self.retry)
        step = next(steps)
        while True:
            try:
                if isinstance(step, Pause):
                    await self.retry.async_sleep(step.seconds)
                    step = next(steps)
                    continue
                self.allowed(request)
                try:
                    response = await self._http.request(request.method, self.address.base + request.path, **step)
                except httpx.HTTPError as error:
                    step = steps.throw(error)
                else:
                    step = steps.send(response)
            except StopIteration as done:
                return self._tell(request, done.value)

    async def aclose(self) -> None:
        """Closes the connections that this transport opened itself."""
        if self._owned:
            await self._http.aclose()

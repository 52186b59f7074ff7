"""One HTTP exchange with a metadata server: keep-alive, bounded retry, idempotent writes."""

import random
import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Self
from urllib.parse import quote

import httpx

from omrs_schemas.codec.egeria_json import to_json
from omrs_schemas.errors import NotReadyError, OmrsError, RepositoryError
from omrs_streams.client.wire import Bean, parse_answer

EVENT_ID_HEADER = "X-Omrs-Event-Id"
"""The idempotency key of a write: a retry carries the same id, so that the log takes the change once."""

FIRST_PAUSE = 0.05  # seconds; a rejoining worker is back within tens of milliseconds (static membership)
LONGEST_PAUSE = 1.0  # seconds; a starting server is asked about once a second
CONNECTIONS = 32  # sockets kept open; more threads than that on one client wait for a socket

# The request never reached the server, or the server died on it: with the event id it is safe to send it again.
_TRANSIENT = (httpx.ConnectError, httpx.ConnectTimeout, httpx.ReadError, httpx.WriteError, httpx.RemoteProtocolError)


@dataclass
class Retry:
    """How long a call is tried again while the server says it is not ready, in seconds; 0 = one attempt."""

    deadline: float = 30.0
    clock: Callable[[], float] = time.monotonic
    sleep: Callable[[float], None] = time.sleep
    jitter: Callable[[], float] = field(default=random.random)


class Transport:
    """Calls below `/servers/{server}/open-metadata/repository-services/users/{user}` of one platform URL.

    Thread-safe (httpx.Client is). `timeout` in seconds bounds each exchange, `retry.deadline` all attempts of a call.
    """

    def __init__(
        self,
        url: str,
        server: str,
        user_id: str,
        *,
        timeout: float = 30.0,
        http: httpx.Client | None = None,
        retry: Retry | None = None,
    ) -> None:
        self.url = url.rstrip("/")
        self.server = server
        self.user_id = user_id
        self._retry = retry or Retry()
        self._owned = http is None
        limits = httpx.Limits(max_connections=CONNECTIONS, max_keepalive_connections=CONNECTIONS)
        # The server's address is configured; a proxy from the environment would only swallow loopback calls.
        self._http = http or httpx.Client(timeout=timeout, limits=limits, trust_env=False)
        self._base = (
            f"{self.url}/servers/{quote(server, safe='')}"
            f"/open-metadata/repository-services/users/{quote(user_id, safe='')}"
        )

    def as_user(self, user_id: str) -> "Transport":
        """The same connections for another user."""
        other = Transport(self.url, self.server, user_id, http=self._http, retry=self._retry)
        other._owned = False
        return other

    def get(self, path: str, **query: str) -> Bean:
        """A read by GET; `path` begins with a slash and has its segments quoted."""
        return self._call("GET", path, None, query, None)

    def post(self, path: str, body: Any, **query: str) -> Bean:
        """A read by POST (find, history): no idempotency key."""
        return self._call("POST", path, body, query, None)

    def write(
        self, path: str, body: Any = None, *, method: str = "POST", event_id: str | None = None, **query: str
    ) -> Bean:
        """A change: every attempt carries the same event id (a new one unless the caller gives one)."""
        return self._call(method, path, body, query, event_id or str(uuid.uuid4()))

    def _call(self, method: str, path: str, body: Any, query: dict[str, str], event_id: str | None) -> Bean:
        started = self._retry.clock()
        attempts, pause = 0, FIRST_PAUSE
        while True:
            attempts += 1
            try:
                return self._exchange(method, path, body, query, event_id)
            except OmrsError as error:
                left = self._retry.deadline - (self._retry.clock() - started)
                if not error.retriable or left <= 0:
                    error.params.setdefault("attempts", attempts)
                    raise
                self._retry.sleep(min(left, pause * (0.5 + self._retry.jitter() / 2)))
                pause = min(pause * 2, LONGEST_PAUSE)

    def _exchange(self, method: str, path: str, body: Any, query: dict[str, str], event_id: str | None) -> Bean:
        headers = {"Content-Type": "application/json"} if method == "POST" else {}
        if event_id is not None:
            headers[EVENT_ID_HEADER] = event_id
        content = to_json(body) if method == "POST" and body is not None else None
        try:
            answer = self._http.request(
                method, self._base + path, params=query or None, content=content, headers=headers
            )
        except _TRANSIENT as error:
            raise NotReadyError(
                f"{method} {path}: no answer from {self.url} ({type(error).__name__}: {error})",
                help="is the server running at this URL? see `omrs status`",
                event_id=event_id or "",
            ) from error
        except httpx.HTTPError as error:
            raise RepositoryError(
                f"{method} {path}: {self.url} did not answer ({type(error).__name__}: {error})",
                help="raise the client's timeout; a write may have been carried out, ask for it by its event id",
                event_id=event_id or "",
            ) from error
        return parse_answer(answer.content, answer.status_code, what=f"{method} {path}")

    def close(self) -> None:
        """Closes the connections that this transport opened itself."""
        if self._owned:
            self._http.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def segment(text: str) -> str:
    """`text` (a guid or name, any characters) as one path segment."""
    return quote(text, safe="")

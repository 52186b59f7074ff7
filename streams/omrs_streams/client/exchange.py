"""One call of a server, without the I/O: what is sent, how long it is tried, what the answer means.

`attempts` says what to do next, a transport does it: httpx's blocking client in a thread, its asynchronous one in a
coroutine. Whatever can be decided without a socket is decided here, once for both.
"""

import asyncio
import inspect
import os
import random
import time
import uuid
import warnings
from collections.abc import Awaitable, Callable, Generator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any, Literal, NamedTuple, get_args
from urllib.parse import quote

import httpx

from omrs_schemas.codec.egeria_json import from_json, to_json
from omrs_schemas.errors import CodecError, InvalidParameterError, NotReadyError, OmrsError, RepositoryError
from omrs_streams.client.wire import Bean, parse_answer

EVENT_ID_HEADER = "X-Omrs-Event-Id"
"""The idempotency key of a write: a retry carries the same id, so that the log takes the change once."""

WARNINGS_HEADER = "x-omrs-warnings"
"""What an answer could not take into account: a JSON list of texts, of calls over the whole cohort."""

FIRST_PAUSE = 0.05  # seconds; a rejoining worker is back within tens of milliseconds (static membership)
LONGEST_PAUSE = 1.0  # seconds; a starting server is asked about once a second

# The request never reached the server, or the server died on it: with the event id it is safe to send it again.
_TRANSIENT = (httpx.ConnectError, httpx.ConnectTimeout, httpx.ReadError, httpx.WriteError, httpx.RemoteProtocolError)

Scope = Literal["local", "cohort"]
"""Whom a call asks: the server's own repository, or every member of its cohorts through it (OMRS queries § 5)."""

_HERE = str(Path(__file__).parent) + os.sep


class PartialAnswerWarning(UserWarning):
    """Members of the cohort did not contribute to an answer. `call`: what was asked; `missing`: a text for each."""

    def __init__(self, call: str, missing: tuple[str, ...]) -> None:
        super().__init__(f"the answer to {call} is not complete: {'; '.join(missing)}")
        self.call = call
        self.missing = missing


OnWarning = Callable[[PartialAnswerWarning], None]


def warn(warning: PartialAnswerWarning) -> None:
    """The default: a Python warning, which a program may turn into an error or ignore as any other.

    It names the line that called the client's method, however deep below it the answer was read.
    """
    frame, level = inspect.currentframe(), 1
    while frame is not None and frame.f_code.co_filename.startswith(_HERE):
        frame, level = frame.f_back, level + 1
    warnings.warn(warning, stacklevel=level)


@dataclass
class Retry:
    """How long a call is tried again while the server says it is not ready, in seconds; 0 = one attempt."""

    deadline: float = 30.0
    clock: Callable[[], float] = time.monotonic
    sleep: Callable[[float], None] = time.sleep
    jitter: Callable[[], float] = field(default=random.random)
    async_sleep: Callable[[float], Awaitable[None]] = asyncio.sleep


@dataclass(frozen=True)
class Address:
    """Where calls go, and for whom. InvalidParameterError for a scope that is none."""

    url: str
    server: str
    user_id: str
    scope: Scope = "local"

    def __post_init__(self) -> None:
        if self.scope not in get_args(Scope):
            known = " or ".join(map(repr, get_args(Scope)))
            raise InvalidParameterError(
                f"there is no scope {self.scope!r}", help=f"a scope is {known}", parameter="scope"
            )

    @cached_property
    def base(self) -> str:
        users = f"/servers/{segment(self.server)}/open-metadata/repository-services/users/{segment(self.user_id)}"
        return self.url.rstrip("/") + users + ("/enterprise" if self.scope == "cohort" else "")


@dataclass(frozen=True, slots=True)
class Request:
    """`path` begins with a slash, its segments are quoted. `event_id`: of a write; `revision`: what it insists on.

    `quiet`: the client's own, so that the caller is not told what its answer could not take into account.
    """

    method: str
    path: str
    body: Any = None
    query: Mapping[str, str] = field(default_factory=dict)
    event_id: str | None = None
    revision: int | None = None
    quiet: bool = False

    @classmethod
    def write(
        cls,
        path: str,
        body: Any = None,
        *,
        method: str = "POST",
        event_id: str | None = None,
        revision: int | None = None,
        query: Mapping[str, str] | None = None,
    ) -> "Request":
        """A change: every attempt carries the same event id (a new one unless the caller gives one)."""
        return cls(method, path, body, query or {}, event_id or str(uuid.uuid4()), revision)

    @property
    def name(self) -> str:
        return f"{self.method} {self.path}"

    def prepared(self) -> dict[str, Any]:
        """`params`, `content` and `headers` as httpx takes them."""
        headers = {"Content-Type": "application/json"} if self.method == "POST" or self.body is not None else {}
        if self.event_id is not None:
            headers[EVENT_ID_HEADER] = self.event_id
        if self.revision is not None:
            headers["If-Match"] = f'"{self.revision}"'
        content = None if self.body is None else to_json(self.body)
        return {"params": dict(self.query) or None, "content": content, "headers": headers}


class Answer(NamedTuple):
    """The response bean, and what stands in the headers: `revision` (ETag) of one instance, warnings."""

    bean: Bean
    revision: int | None
    warnings: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Pause:
    """Wait so many seconds before the next attempt."""

    seconds: float


def attempts(
    request: Request, url: str, retry: Retry
) -> Generator[dict[str, Any] | Pause, httpx.Response | None, Answer]:
    """Yields what to send (arguments for httpx) or a Pause; is sent the response, or thrown httpx's error.

    Returns the answer. Raises what the server raised; NotReadyError or RepositoryError where there is no answer.
    """
    prepared = request.prepared()
    started = retry.clock()
    count, pause = 0, FIRST_PAUSE
    while True:
        count += 1
        try:
            try:
                response = yield prepared
            except httpx.HTTPError as error:
                raise _unanswered(request, url, error) from error
            if response is None:
                raise AssertionError("a transport sends the response of every request")
            return _answer(request, response)
        except OmrsError as error:
            left = retry.deadline - (retry.clock() - started)
            if not error.retriable or left <= 0:
                error.params.setdefault("attempts", count)
                raise
            wait = min(left, pause * (0.5 + retry.jitter() / 2))
        pause = min(pause * 2, LONGEST_PAUSE)
        yield Pause(wait)


def _answer(request: Request, response: httpx.Response) -> Answer:
    bean = parse_answer(response.content, response.status_code, what=request.name)
    tag = response.headers.get("etag", "").strip('"')
    told = response.headers.get(WARNINGS_HEADER)
    return Answer(bean, int(tag) if tag.isdigit() else None, () if told is None else _texts(told))


def _texts(told: str) -> tuple[str, ...]:
    try:
        found = from_json(told)
    except CodecError:
        found = told
    return tuple(map(str, found)) if isinstance(found, list) else (told,)


def _unanswered(request: Request, url: str, error: httpx.HTTPError) -> RepositoryError:
    event_id = request.event_id or ""
    if isinstance(error, _TRANSIENT):
        return NotReadyError(
            f"{request.name}: no answer from {url} ({type(error).__name__}: {error})",
            help="is the server running at this URL? see `omrs status`",
            event_id=event_id,
        )
    return RepositoryError(
        f"{request.name}: {url} did not answer ({type(error).__name__}: {error})",
        help="raise the client's timeout; a write may have been carried out, ask for it by its event id",
        event_id=event_id,
    )


def segment(text: str) -> str:
    """`text` (a guid or name, any characters) as one path segment."""
    return quote(text, safe="")

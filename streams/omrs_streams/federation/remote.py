"""A remote member: OMRS REST calls to the address in its registration (OMRS queries § 6, observed.md)."""

import asyncio
import ssl
import time
from collections.abc import Callable, Mapping
from functools import cache
from typing import Any
from urllib.parse import quote

import httpx

from omrs_schemas.codec.egeria_json import to_json
from omrs_schemas.codes import Code
from omrs_schemas.errors import FunctionNotSupportedError, MemberUnavailableError, OmrsError, RepositoryError
from omrs_streams import metrics
from omrs_streams.client.wire import parse_answer
from omrs_streams.federation.answers import checked
from omrs_streams.federation.breaker import Breaker
from omrs_streams.federation.member import Asked, Operation
from omrs_streams.federation.settings import FederationSettings
from omrs_streams.log.event_ids import following_id
from omrs_streams.repository.services import Answer, Caller
from omrs_streams.worker.federation import RemoteMember
from omrs_streams.worker.peers import EVENT_ID

BASE = "/open-metadata/repository-services/users/"
COLLECTION_ID = "getMetadataCollectionId"
IDLE_S = 3.0  # servers close idle connections, uvicorn after 5 s; whoever is a moment late writes into a closed one
BIG = 256 * 1024  # bytes; parsing more holds up the loop for longer than handing it to a thread costs

Record = Callable[..., None]
"""Records an audit message: id and parameters."""

_NOT_SENT = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout, httpx.InvalidURL, httpx.UnsupportedProtocol)

_BROKEN = (httpx.RemoteProtocolError, httpx.ReadError, httpx.WriteError)
READS = ("get", "find", "is", "search", "verify")
"""How the operations begin that may be sent twice."""

IDENTITY = "identity"
FEDERATED = "x-omrs-federated"
"""The header of a request that a federation makes of a member: who is asked so answers for itself alone."""
BODY = 64 * 1024 * 1024  # bytes; more is no page that anybody asked for, and would have to be held in memory
REVISION = 18  # digits


class Remote:
    """One member, with connections and a circuit breaker of its own: a member that hangs takes nothing from others."""

    def __init__(
        self,
        member: RemoteMember,
        operations: Mapping[str, Operation],
        settings: FederationSettings,
        record: Record,
        user: str,
        clock: Callable[[], float] = time.monotonic,
        transport: httpx.AsyncBaseTransport | None = None,
    ) -> None:
        """`user`: as whom the member is tried while it is left out. `transport`: another way than HTTP connections."""
        self.member = member
        self.collection_id = member.collection_id
        self.name = member.registration.server_name or member.collection_id
        self._operations = operations
        self._settings = settings
        self._record = record
        self._user = user
        self._clock = clock
        self._unsupported: dict[str, float] = {}
        self._identified = False
        self._trials: asyncio.Task[None] | None = None
        self.breaker = Breaker(settings.failures, settings.pause_s, settings.longest_pause_s, clock)
        limits = httpx.Limits(
            max_connections=settings.connections,
            max_keepalive_connections=settings.connections,
            keepalive_expiry=IDLE_S,
        )
        self._http = httpx.AsyncClient(
            timeout=httpx.Timeout(None, connect=settings.connect_s),  # the deadline of each call bounds the rest
            limits=limits,
            trust_env=False,  # its address is registered; a proxy from the environment would only swallow calls
            verify=_tls(),
            transport=transport,
        )
        metrics.MEMBER_LEFT_OUT.labels(self.name).set(0)

    async def call(self, asked: Asked, caller: Caller, deadline: float) -> Answer:
        """See `Member`. A function that the member said not to have is not asked for again for a while."""
        self._check_supported(asked.operation)
        if self.breaker.open:
            self._count("left out")
            raise self._unavailable(asked, "it did not answer before, and is left out until it does", sent=False)
        started = self._clock()
        try:
            answer = await self._call(asked, caller, deadline)
        except MemberUnavailableError as error:
            self._count("unavailable")
            self._identified = False
            if self.breaker.failed(started):
                self._opened(error)
            raise
        except FunctionNotSupportedError:
            self._answered("unsupported", started)
            self._unsupported[asked.operation] = self._clock() + self._settings.unsupported_s
            self._record(
                "OMRS-AUDIT-0137", server=self.name, collection_id=self.collection_id, operation=asked.operation
            )
            raise
        except OmrsError:
            self._answered("refused", started)
            raise
        except Exception as error:
            self._count("refused")
            self._record(
                "OMRS-AUDIT-0136",
                server=self.name,
                collection_id=self.collection_id,
                operation=asked.operation,
                message=f"{type(error).__name__}: {error}",
            )
            raise self._unusable(asked, f"{type(error).__name__}: {error}") from error
        self._answered("answered", started)
        return answer

    async def close(self) -> None:
        """Give up its connections, and trying it."""
        if self._trials is not None:
            self._trials.cancel()
        await self._http.aclose()
        metrics.MEMBER_LEFT_OUT.labels(self.name).set(0)

    async def back(self) -> None:
        """When it is no longer left out."""
        if self._trials is not None:
            await asyncio.shield(self._trials)

    # ---- one call --------------------------------------------------------------------------------------------------

    async def _call(self, asked: Asked, caller: Caller, deadline: float) -> Answer:
        sent = False
        try:
            async with asyncio.timeout_at(deadline):
                if not self._identified:
                    await self._identify(caller)
                sent = asked.operation != COLLECTION_ID
                try:
                    return await self._exchange(asked, caller)
                except _BROKEN:
                    if not asked.operation.startswith(READS):
                        raise
                return await self._exchange(asked, caller)  # the connection was closed while it was idle, most often
        except TimeoutError as error:
            raise self._unavailable(asked, "no answer in time", sent=sent) from error
        except _NOT_SENT as error:
            raise self._unavailable(asked, f"{type(error).__name__}: {error}", sent=False) from error
        except httpx.HTTPError as error:
            raise self._unavailable(asked, f"{type(error).__name__}: {error}", sent=sent) from error

    async def _identify(self, caller: Caller) -> None:
        """The server at the address must be the member: addresses are given to others, and guessed."""
        found = (await self._exchange(Asked(COLLECTION_ID), caller)).result
        if found != self.collection_id:
            raise MemberUnavailableError(
                f"{self.member.url} answers as metadata collection {found}, not as {self.name}, {self.collection_id}",
                code=Code.METADATA_COLLECTION_ID_MISMATCH,
                http=503,
                help="its server has moved; start it with the address that it registers",
                member=self.name,
                sent=False,
            )
        self._identified = True

    async def _exchange(self, asked: Asked, caller: Caller) -> Answer:
        operation = self._operations[asked.operation]
        path = operation.path
        for name, value in asked.path.items():
            path = path.replace(f"{{{name}}}", quote(value, safe=""))
        url = f"{self.member.url}{BASE}{quote(caller.user, safe='')}{path}"
        headers = {
            EVENT_ID: following_id(caller.event_id, self.collection_id),
            "accept-encoding": IDENTITY,
            FEDERATED: "1",
        }
        if caller.revision is not None:
            headers["if-match"] = f'"{caller.revision}"'
        content = None
        if asked.body is not None:
            content = to_json(asked.body)
            headers["content-type"] = "application/json"
        params = dict(asked.query) or None
        async with self._http.stream(operation.method, url, params=params, content=content, headers=headers) as reply:
            said = await self._body(reply, asked)
        if b'"relatedHTTPCode"' not in said and reply.status_code >= 500:
            raise self._unavailable(asked, f"HTTP {reply.status_code} without an OMRS answer", sent=True)
        if len(said) > BIG:
            result = await asyncio.to_thread(self._result, said, reply.status_code, asked)
        else:
            result = self._result(said, reply.status_code, asked)
        tag = reply.headers.get("etag", "").strip('"')
        return Answer(result, int(tag) if tag.isdecimal() and len(tag) <= REVISION else None)

    async def _body(self, reply: httpx.Response, asked: Asked) -> bytes:
        """The body, as it is sent: a compressed one could become any size. RepositoryError where it is too large."""
        encoding = reply.headers.get("content-encoding", IDENTITY)
        if encoding != IDENTITY:
            raise self._unusable(asked, f"it is encoded as {encoding[:100]}, which was not asked for")
        content = bytearray()
        async for part in reply.aiter_bytes():
            content += part
            if len(content) > BODY:
                raise self._unusable(asked, f"it has more than {BODY} bytes")
        return bytes(content)

    def _result(self, content: bytes, status: int, asked: Asked) -> Any:
        """What the answer holds. Raises the member's refusal; RepositoryError where it is none."""
        what, payload = f"{asked.operation} at {self.name}", self._operations[asked.operation].payload
        try:
            bean = parse_answer(content, status, what=what)
        except OmrsError as error:
            if error.code == Code.SERVER_NOT_AVAILABLE:  # the platform answers, the server is not started there
                raise MemberUnavailableError(f"{what}: {error.message}", member=self.name, sent=False) from error
            raise
        fields = {name: value for name, value in bean.items() if name not in ("class", "relatedHTTPCode")}
        return checked(payload, fields.get(payload) if payload else fields, asked, what)

    # ---- whether to call it ----------------------------------------------------------------------------------------

    def _check_supported(self, operation: str) -> None:
        until = self._unsupported.get(operation)
        if until is None:
            return
        if self._clock() >= until:
            del self._unsupported[operation]
            return
        self._count("unsupported")
        raise FunctionNotSupportedError(
            f"{self.name} said before that it does not support {operation}", member=self.name, operation=operation
        )

    def _opened(self, error: MemberUnavailableError) -> None:
        metrics.MEMBER_LEFT_OUT.labels(self.name).set(1)
        self._record("OMRS-AUDIT-0401", server=self.name, collection_id=self.collection_id, message=error.message)
        self._trials = asyncio.create_task(self._try_again())

    async def _try_again(self) -> None:
        """Until it answers again: nobody's request waits for a member that is down."""
        while self.breaker.open:
            await asyncio.sleep(self.breaker.until_trial)
            if not self.breaker.begin_trial():
                continue
            deadline = asyncio.get_running_loop().time() + self._settings.deadline_s
            try:
                await self._call(Asked(COLLECTION_ID), Caller(self._user), deadline)
            except MemberUnavailableError:
                self._count("unavailable")
                self.breaker.trial_failed()
            except OmrsError:
                self._back()
            else:
                self._back()

    def _back(self) -> None:
        self.breaker.succeeded()
        metrics.MEMBER_LEFT_OUT.labels(self.name).set(0)
        self._record("OMRS-STREAMS-0040", server=self.name, collection_id=self.collection_id)

    def _answered(self, outcome: str, started: float) -> None:
        self._count(outcome)
        metrics.MEMBER_SECONDS.labels(self.name).observe(self._clock() - started)
        if not self.breaker.open:
            self.breaker.succeeded()

    def _count(self, outcome: str) -> None:
        metrics.MEMBER_CALLS.labels(self.name, outcome).inc()

    def _unusable(self, asked: Asked, why: str) -> RepositoryError:
        return RepositoryError(
            f"the answer of {self.name} to {asked.operation} cannot be used: {why}",
            code=Code.UNEXPECTED_EXCEPTION_FROM_COHORT,
            member=self.name,
        )

    def _unavailable(self, asked: Asked, why: str, *, sent: bool) -> MemberUnavailableError:
        return MemberUnavailableError(
            f"{asked.operation} at {self.name} ({self.member.url}): {why}",
            help="look after that server; it is asked again by itself",
            member=self.name,
            sent=sent,
        )


@cache
def _tls() -> ssl.SSLContext:
    return ssl.create_default_context()

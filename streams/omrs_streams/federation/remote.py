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

_ONE = ("entity", "relationship", "typeDef", "attributeTypeDef")
_MANY = ("entities", "relationships", "classifications", "typeDefs", "attributeTypeDefs")
_GRAPH = ("entityElementList", "relationshipElementList", *_MANY)


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
            said = f"the answer of {self.name} to {asked.operation} cannot be used: {type(error).__name__}: {error}"
            raise RepositoryError(said, code=Code.UNEXPECTED_EXCEPTION_FROM_COHORT, member=self.name) from error
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
        headers = {EVENT_ID: following_id(caller.event_id, self.collection_id)}
        if caller.revision is not None:
            headers["if-match"] = f'"{caller.revision}"'
        content = None
        if asked.body is not None:
            content = to_json(asked.body)
            headers["content-type"] = "application/json"
        reply = await self._http.request(
            operation.method, url, params=dict(asked.query) or None, content=content, headers=headers
        )
        if b'"relatedHTTPCode"' not in reply.content and reply.status_code >= 500:
            raise self._unavailable(asked, f"HTTP {reply.status_code} without an OMRS answer", sent=True)
        what = f"{asked.operation} at {self.name}"
        if len(reply.content) > BIG:
            bean = await asyncio.to_thread(parse_answer, reply.content, reply.status_code, what=what)
        else:
            bean = self._parsed(reply.content, reply.status_code, what)
        fields = {name: value for name, value in bean.items() if name not in ("class", "relatedHTTPCode")}
        result = fields.get(operation.payload) if operation.payload else fields
        tag = reply.headers.get("etag", "").strip('"')
        return Answer(checked(operation.payload, result, what), int(tag) if tag.isdigit() else None)

    def _parsed(self, content: bytes, status: int, what: str) -> dict[str, Any]:
        try:
            return parse_answer(content, status, what=what)
        except OmrsError as error:
            if error.code == Code.SERVER_NOT_AVAILABLE:  # the platform answers, the server is not started there
                raise MemberUnavailableError(f"{what}: {error.message}", member=self.name, sent=False) from error
            raise

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

    def _unavailable(self, asked: Asked, why: str, *, sent: bool) -> MemberUnavailableError:
        return MemberUnavailableError(
            f"{asked.operation} at {self.name} ({self.member.url}): {why}",
            help="look after that server; it is asked again by itself",
            member=self.name,
            sent=sent,
        )


def checked(payload: str | None, result: Any, what: str) -> Any:
    """`result`, whose instances have what merging needs: RepositoryError for a member that answers something else."""
    beans: list[Any] = []
    if payload in _ONE:
        beans = [] if result is None else [result]
    elif payload in _MANY:
        beans = result or []
    elif payload is None:
        beans = [bean for name in _GRAPH for bean in result.get(name) or ()]
    key = "name" if payload == "classifications" else "guid"
    if not isinstance(beans, list) or not all(isinstance(bean, dict) and bean.get(key) for bean in beans):
        raise RepositoryError(
            f"{what}: the answer holds something that is no instance", code=Code.UNEXPECTED_EXCEPTION_FROM_COHORT
        )
    return result


@cache
def _tls() -> ssl.SSLContext:
    return ssl.create_default_context()

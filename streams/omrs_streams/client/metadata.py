"""`MetadataClient` and `AsyncMetadataClient`: a metadata server as Python methods."""

import asyncio
from collections.abc import Callable, Coroutine
from dataclasses import replace
from typing import Any, Self

import httpx

from omrs_schemas.typedefs.system import TypeSystem
from omrs_streams.client.copies import CopyCalls
from omrs_streams.client.decoder import OutEventDecoder
from omrs_streams.client.exchange import Answer, OnWarning, Request, Retry, Scope, warn
from omrs_streams.client.feed import BadRecord, Feed, Start
from omrs_streams.client.find import FindCalls
from omrs_streams.client.graph import GraphCalls
from omrs_streams.client.identity import IdentityCalls
from omrs_streams.client.plans import Asynchronous, Blocking, Plan, operation
from omrs_streams.client.selection import Names, Selection
from omrs_streams.client.server_types import ServerTypes
from omrs_streams.client.subscription import AsyncSubscription, Subscription
from omrs_streams.client.transport import AsyncTransport, Transport
from omrs_streams.client.typedefs import TypeDefCalls
from omrs_streams.log.kafka import KafkaSettings

TYPES_S = 90.0  # how long the thread that reads events waits for types: longer than the client tries by default


class Operations(IdentityCalls, CopyCalls, FindCalls, GraphCalls, TypeDefCalls):
    """Every call there is, as plans."""

    @operation
    def metadata_collection_id(self) -> Plan[str]:
        """The id of the server's local metadata collection."""
        answer: Answer = yield Request("GET", "/metadata-collection-id")
        return str(answer.bean["metadataCollectionId"])


class MetadataClient(Blocking, Operations):
    """Calls server `server` of the platform at `url` as `user_id`. Thread-safe, keeps connections alive.

    Properties are Python values, converted by the server's own TypeDefs; instances come back as beans (dates in epoch
    milliseconds). Refusals are raised as the error the server raised. Calls are tried again only while the server is
    starting, moving or unreachable, for at most `retry.deadline` seconds; writes carry an idempotency key.

    `scope="cohort"` asks every member of the server's cohorts through it. Where some of them did not contribute to an
    answer, `on_warning` is called with a PartialAnswerWarning; by default it is issued as a Python warning.

        with MetadataClient("http://127.0.0.1:8801", "cocoMDS1", "garygeeke") as client:
            term = client.add_entity("GlossaryTerm", {"qualifiedName": "Term:1", "displayName": "One"})
            client.classify(term["guid"], "Confidentiality", {"confidentialityLevel": 3})
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
        types: TypeSystem | None = None,
        on_warning: OnWarning = warn,
    ) -> None:
        transport = Transport(
            url, server, user_id, scope=scope, timeout=timeout, http=http, retry=retry, on_warning=on_warning
        )
        self._use(transport, ServerTypes(types))

    def _use(self, transport: Transport, server_types: ServerTypes) -> Self:
        super().__init__(transport.address, server_types)
        self._transport, self._plans = transport, Operations(transport.address, server_types)
        return self

    @property
    def types(self) -> TypeSystem:
        """The server's types, fetched at first use and kept; `refresh_types()` asks again."""
        return self._run(self._plans._known_types())

    def as_user(self, user_id: str) -> "MetadataClient":
        """The same server and connections for another user; close the first client, not this one."""
        transport = self._transport.to(replace(self._address, user_id=user_id))
        return MetadataClient.__new__(MetadataClient)._use(transport, self._server_types)

    def guarded(self, allowed: Callable[[Request], None]) -> "MetadataClient":
        """The same server and connections for calls that somebody may forbid: `allowed` is asked before each attempt of
        one, and what it raises ends the call. Close the first client, not this one."""
        return MetadataClient.__new__(MetadataClient)._use(self._transport.guarded(allowed), self._server_types)

    def in_scope(self, scope: Scope) -> "MetadataClient":
        """The same server and connections, asking the whole cohort or the server alone; close the first client."""
        transport = self._transport.to(replace(self._address, scope=scope))
        return MetadataClient.__new__(MetadataClient)._use(transport, self._server_types.elsewhere())

    def subscribe(
        self,
        *,
        types: Names | None = None,
        guids: Names | None = None,
        kinds: Names | None = None,
        homes: Names | None = None,
        from_: Start = "now",
        group: str | None = None,
        kafka: KafkaSettings | str | None = None,
        on_bad_record: BadRecord | None = None,
    ) -> Subscription:
        """Events of the server's out topic: everything that becomes visible at the server, as it happens.

        `types` (names; subtypes included), `guids`, `kinds` (`NEW_ENTITY_EVENT`, or its beginning `NEW`) and `homes`
        (metadata collection ids) choose among them, by headers, before anything is decoded. None = all.

        With a `group`, readers of that name share the partitions and go on where the last one stopped: at least once,
        an event is dealt with when the next one is asked for. Without, this reader sees everything and keeps nothing.
        `from_` is where a reader begins that has not read before: "now", "beginning" (the oldest event kept) or a time.
        A record that is no event goes to `on_bad_record` (logged by default) and is skipped.

        `kafka`: bootstrap servers, or settings; by default those of the environment, else the embedded Kafka.
        Raises LogError for a topic that is not there and for a Kafka that does not answer, TypeDefNotKnownError,
        InvalidParameterError for a kind or a beginning that is none, and for a group that begins with `omrs.`.
        """
        feed = Feed(
            kafka,
            self.server,
            group,
            OutEventDecoder(self),
            selection=Selection(types, guids, kinds, homes),
            start=from_,
            on_bad_record=on_bad_record,
        )
        feed.open()
        return Subscription(feed)

    def close(self) -> None:
        self._transport.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


class AsyncMetadataClient(Asynchronous, Operations):
    """`MetadataClient` for coroutines: the same methods, awaited; `iter_…` are asynchronous iterators.

    async with AsyncMetadataClient("http://127.0.0.1:8801", "cocoMDS1", "garygeeke") as client:
        async for term in client.iter_entities("GlossaryTerm"):
            print(await client.entity_history(term.guid))
    """

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
        types: TypeSystem | None = None,
        on_warning: OnWarning = warn,
    ) -> None:
        transport = AsyncTransport(
            url, server, user_id, scope=scope, timeout=timeout, http=http, retry=retry, on_warning=on_warning
        )
        self._use(transport, ServerTypes(types))

    def _use(self, transport: AsyncTransport, server_types: ServerTypes) -> Self:
        super().__init__(transport.address, server_types)
        self._transport, self._plans = transport, Operations(transport.address, server_types)
        return self

    @operation
    def types(self) -> Plan[TypeSystem]:
        """The server's types, fetched at first use and kept; `refresh_types()` asks again."""
        return self._known_types()

    def as_user(self, user_id: str) -> "AsyncMetadataClient":
        """The same server and connections for another user; close the first client, not this one."""
        transport = self._transport.to(replace(self._address, user_id=user_id))
        return AsyncMetadataClient.__new__(AsyncMetadataClient)._use(transport, self._server_types)

    def guarded(self, allowed: Callable[[Request], None]) -> "AsyncMetadataClient":
        """The same server and connections for calls that somebody may forbid: `allowed` is asked before each attempt of
        one, and what it raises ends the call. Close the first client, not this one."""
        return AsyncMetadataClient.__new__(AsyncMetadataClient)._use(
            self._transport.guarded(allowed), self._server_types
        )

    def in_scope(self, scope: Scope) -> "AsyncMetadataClient":
        """The same server and connections, asking the whole cohort or the server alone; close the first client."""
        transport = self._transport.to(replace(self._address, scope=scope))
        return AsyncMetadataClient.__new__(AsyncMetadataClient)._use(transport, self._server_types.elsewhere())

    def subscribe(
        self,
        *,
        types: Names | None = None,
        guids: Names | None = None,
        kinds: Names | None = None,
        homes: Names | None = None,
        from_: Start = "now",
        group: str | None = None,
        kafka: KafkaSettings | str | None = None,
        on_bad_record: BadRecord | None = None,
    ) -> AsyncSubscription:
        """As `MetadataClient.subscribe`. It begins, and errors are raised, on `async with` or the first event."""
        source = _FromThread(self)
        feed = Feed(
            kafka,
            self.server,
            group,
            OutEventDecoder(source),
            selection=Selection(types, guids, kinds, homes),
            start=from_,
            on_bad_record=on_bad_record,
        )
        return AsyncSubscription(feed, source.begin)

    async def aclose(self) -> None:
        await self._transport.aclose()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.aclose()


class _FromThread:
    """The types of an asynchronous client for the thread that reads its events."""

    def __init__(self, client: AsyncMetadataClient) -> None:
        self._client = client
        self._loop: asyncio.AbstractEventLoop | None = None

    def begin(self) -> None:
        """On the loop that the client is used on."""
        self._loop = asyncio.get_running_loop()

    @property
    def types(self) -> TypeSystem:
        return self._result(self._client.types)

    def refresh_types(self) -> TypeSystem:
        return self._result(self._client.refresh_types)

    def _result(self, ask: Callable[[], Coroutine[Any, Any, TypeSystem]]) -> TypeSystem:
        if self._loop is None:
            raise AssertionError("events are read before the subscription began")
        return asyncio.run_coroutine_threadsafe(ask(), self._loop).result(TYPES_S)

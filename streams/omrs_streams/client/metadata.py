"""`MetadataClient` and `AsyncMetadataClient`: a metadata server as Python methods."""

from dataclasses import replace
from typing import Self

import httpx

from omrs_schemas.typedefs.system import TypeSystem
from omrs_streams.client.copies import CopyCalls
from omrs_streams.client.exchange import Answer, OnWarning, Request, Retry, Scope, warn
from omrs_streams.client.find import FindCalls
from omrs_streams.client.graph import GraphCalls
from omrs_streams.client.identity import IdentityCalls
from omrs_streams.client.plans import Asynchronous, Blocking, Plan, operation
from omrs_streams.client.server_types import ServerTypes
from omrs_streams.client.transport import AsyncTransport, Transport
from omrs_streams.client.typedefs import TypeDefCalls


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

    def in_scope(self, scope: Scope) -> "MetadataClient":
        """The same server and connections, asking the whole cohort or the server alone; close the first client."""
        transport = self._transport.to(replace(self._address, scope=scope))
        return MetadataClient.__new__(MetadataClient)._use(transport, self._server_types.elsewhere())

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

    def in_scope(self, scope: Scope) -> "AsyncMetadataClient":
        """The same server and connections, asking the whole cohort or the server alone; close the first client."""
        transport = self._transport.to(replace(self._address, scope=scope))
        return AsyncMetadataClient.__new__(AsyncMetadataClient)._use(transport, self._server_types.elsewhere())

    async def aclose(self) -> None:
        await self._transport.aclose()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.aclose()

"""`MetadataClient`: a metadata server as Python methods."""

from typing import Self

import httpx

from omrs_schemas.typedefs.system import TypeSystem
from omrs_streams.client.calls import ServerTypes
from omrs_streams.client.copies import CopyCalls
from omrs_streams.client.entities import EntityCalls
from omrs_streams.client.find import FindCalls
from omrs_streams.client.identity import IdentityCalls
from omrs_streams.client.relationships import RelationshipCalls
from omrs_streams.client.transport import Retry, Transport


class MetadataClient(EntityCalls, RelationshipCalls, IdentityCalls, CopyCalls, FindCalls):
    """Calls server `server` of the platform at `url` as `user_id`. Synchronous, thread-safe, keeps connections alive.

    Properties are Python values, converted by the server's own TypeDefs; instances come back as beans (dates in epoch
    milliseconds). Refusals are raised as the error the server raised. Calls are tried again only while the server is
    starting, moving or unreachable, for at most `retry.deadline` seconds; writes carry an idempotency key.

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
        timeout: float = 30.0,
        http: httpx.Client | None = None,
        retry: Retry | None = None,
        types: TypeSystem | None = None,
    ) -> None:
        transport = Transport(url, server, user_id, timeout=timeout, http=http, retry=retry)
        super().__init__(transport, ServerTypes(transport, types))

    @property
    def server(self) -> str:
        return self._transport.server

    @property
    def user_id(self) -> str:
        return self._transport.user_id

    def as_user(self, user_id: str) -> "MetadataClient":
        """The same server and connections for another user; close the first client, not this one."""
        other = MetadataClient.__new__(MetadataClient)
        EntityCalls.__init__(other, self._transport.as_user(user_id), self._server_types)
        return other

    def metadata_collection_id(self) -> str:
        """The id of the server's local metadata collection."""
        return str(self._transport.get("/metadata-collection-id")["metadataCollectionId"])

    def close(self) -> None:
        self._transport.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

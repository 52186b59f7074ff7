"""All members of this server's cohorts as one repository (OMRS queries § 5)."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any

from omrs_streams.federation import classifying, finds, graph, reads, typesearch, writes
from omrs_streams.federation.failures import no_repositories, not_offered
from omrs_streams.federation.member import Asked, Connector, LocalMember, Member
from omrs_streams.federation.request import Federated, Request
from omrs_streams.repository.services import Answer, Caller
from omrs_streams.worker.federation import RemoteMember

Strategy = Callable[[Request], Awaitable[Answer]]


def _with_past(operation: str) -> tuple[str, str]:
    return operation, f"{operation}AsOf"


_FINDS = (
    "findEntities",
    "findEntitiesByProperty",
    "findEntitiesByClassification",
    "findEntitiesByPropertyValue",
    "findRelationships",
    "findRelationshipsByProperty",
    "findRelationshipsByPropertyValue",
    "getRelationshipsForEntity",
    "getRelatedEntities",
)
_NOUNS = ("Entity", "Relationship")

QUERIES: Mapping[str, Strategy] = {
    "getMetadataCollectionId": typesearch.collection_id,
    **dict.fromkeys(("getAllTypes", "findTypesByName"), typesearch.gallery),
    **dict.fromkeys(
        (
            "findTypeDefsByCategory",
            "findAttributeTypeDefsByCategory",
            "findTypeDefsByProperty",
            "findTypesByExternalID",
            "searchForTypeDefs",
        ),
        typesearch.several,
    ),
    **dict.fromkeys(
        ("getTypeDefByGUID", "getTypeDefByName", "getAttributeTypeDefByGUID", "getAttributeTypeDefByName"),
        typesearch.single,
    ),
    **dict.fromkeys(("verifyTypeDef", "verifyAttributeTypeDef"), typesearch.verify),
    **dict.fromkeys(
        (
            "isEntityKnown",
            "isRelationshipKnown",
            "getEntitySummary",
            "getEntityDetail",
            "getEntityAsOf",
            *_with_past("getRelationship"),
        ),
        reads.read,
    ),
    **dict.fromkeys((name for each in _FINDS for name in _with_past(each)), finds.find),
    **dict.fromkeys((*_with_past("getEntityNeighborhood"), *_with_past("getLinkingEntities")), graph.graph),
}
"""What only reads: all members at once, under one deadline."""

CHANGES: Mapping[str, Strategy] = {
    **dict.fromkeys(("addEntity", "addExternalEntity", "addEntityProxy"), writes.create),
    **dict.fromkeys(("addRelationship", "addExternalRelationship"), writes.create_relationship),
    **dict.fromkeys(
        (
            pattern.format(noun)
            for pattern in ("update{}Status", "update{}Properties", "undo{}Update", "delete{}")
            for noun in _NOUNS
        ),
        writes.change,
    ),
    **dict.fromkeys(
        (pattern.format(noun) for pattern in ("purge{}", "restore{}") for noun in _NOUNS), writes.change_deleted
    ),
    **dict.fromkeys(
        ("classifyEntity", "classifyEntityDetailed", "classifyEntityProxy", "classifyEntityProxyDetailed"),
        classifying.classify,
    ),
    **dict.fromkeys(("updateEntityClassification", "updateEntityProxyClassification"), classifying.reclassify),
    **dict.fromkeys(("declassifyEntity", "declassifyEntityProxy"), classifying.declassify),
}
"""What changes something: one member after the other."""

STRATEGIES: Mapping[str, Strategy] = {**QUERIES, **CHANGES}

_COPIES = ("save{}ReferenceCopy", "delete{}ReferenceCopy", "purge{}ReferenceCopy", "refresh{}ReferenceCopy")
_LOCAL_OF_BOTH = ("get{}History", "reIdentify{}", "reType{}", "reHome{}", "purge{}ReferenceCopyByGUID", *_COPIES)
LOCAL_ONLY = frozenset(
    {pattern.format(noun) for pattern in _LOCAL_OF_BOTH for noun in _NOUNS}
    | {
        "addTypeDefGallery",
        "addTypeDef",
        "addAttributeTypeDef",
        "updateTypeDef",
        "deleteTypeDef",
        "deleteAttributeTypeDef",
        "reIdentifyTypeDef",
        "reIdentifyAttributeTypeDef",
        "getHomeClassifications",
        "getHomeClassificationsAsOf",
        "saveClassificationReferenceCopy",
        "purgeClassificationReferenceCopy",
        "saveInstanceReferenceCopies",
    }
)
"""What concerns one repository, and is refused here (405-001)."""


def _with_class(model: Any, body: Any) -> Any:
    """A request bean as Java reads it: named, and not left out."""
    name = getattr(model, "bean_class", None)
    if name is None or (body is not None and not isinstance(body, dict)):
        return body
    return {"class": name, **(body or {})}


class Enterprise:
    """`Services` over the local repository, where there is one, and the remote members that are registered now."""

    def __init__(
        self,
        federated: Federated,
        local: LocalMember | None,
        members: Callable[[], Sequence[RemoteMember]],
        connect: Callable[[RemoteMember], Connector],
    ) -> None:
        """`members`: in the order in which they registered. `connect` makes the connector of one."""
        self._federated = federated
        self._local = local
        self._members = members
        self._connect = connect
        self._remotes: dict[str, Connector] = {}
        self._closing: set[asyncio.Task[None]] = set()

    async def call(
        self,
        operation: str,
        caller: Caller,
        *,
        path: Mapping[str, str] | None = None,
        query: Mapping[str, str] | None = None,
        body: Any = None,
    ) -> Answer:
        """See `Services`. `Answer.warnings` name the members that the answer does without, and why."""
        federated = self._federated
        strategy = STRATEGIES.get(operation)
        if strategy is None:
            raise not_offered(operation, federated.server)
        members = self.members()
        if not members:
            raise no_repositories(federated.server)
        kept = {name: value for name, value in (path or {}).items() if name not in ("server", "userId")}
        bean = _with_class(federated.operations[operation].body, body)
        asked = Asked(operation, kept, dict(query or {}), bean)
        deadline = None
        if operation in QUERIES:
            deadline = asyncio.get_running_loop().time() + federated.settings.deadline_s
        return await strategy(Request(federated, asked, caller, members, deadline))

    def members(self) -> list[Member]:
        """The local repository, then the remote members. One that registered anew is connected anew: what was held
        against it is forgotten."""
        registered = {each.collection_id: each for each in self._members()}
        for collection_id, remote in list(self._remotes.items()):
            now = registered.get(collection_id)
            if now is None or now.registration != remote.member.registration:
                del self._remotes[collection_id]
                self._close(remote)
        for collection_id, member in registered.items():
            if collection_id not in self._remotes:
                self._remotes[collection_id] = self._connect(member)
        local: list[Member] = [self._local] if self._local is not None else []
        return [*local, *(self._remotes[each] for each in registered)]

    async def close(self) -> None:
        """Give up all connections."""
        for remote in self._remotes.values():
            await remote.close()
        self._remotes.clear()
        if self._closing:
            await asyncio.wait(self._closing)

    def _close(self, remote: Connector) -> None:
        task = asyncio.create_task(remote.close())
        self._closing.add(task)
        task.add_done_callback(self._closing.discard)

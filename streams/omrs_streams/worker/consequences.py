"""What follows from a change: deleting or purging an entity does the same to the relationships at it (OMRS instances
§ Delete), and the unknown ends of a relationship copy are kept as proxies. Each is a record of its own that names its
cause; a publisher's cursor makes the process resumable."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from uuid import NAMESPACE_OID, uuid5

from omrs_schemas.errors import InvalidParameterError, OmrsError, RelationshipNotKnownError, RevisionConflictError
from omrs_schemas.model.enums import InstanceStatus
from omrs_streams.log.record import ORIGIN_COPY, ORIGIN_HOME, Effective, LogRecord
from omrs_streams.repository.commands import Call
from omrs_streams.repository.local import Bean
from omrs_streams.worker.ends import RelationshipEnds
from omrs_streams.worker.scattered import Scattered

RUN_TIMEOUT_S = 60.0  # an entity may have thousands of relationships; beyond this the batch is tried again

Run = Callable[[str, str, Call, Bean], Awaitable[None]]

_PURGED = b"PURGED_ENTITY_EVENT"
_CAUSES = frozenset({b"DELETED_ENTITY_EVENT", _PURGED})
_FROM_HOME = f"{ORIGIN_HOME}|"
_COPIED = f"{ORIGIN_COPY}|"
_RELATIONSHIP = "RELATIONSHIP_EVENT"

ALL_STATUSES = [status.value for status in InstanceStatus]
"""A purge takes every relationship with it, deleted ones too."""


class Consequences:
    """Follows the log behind the fold and issues the cascades of home changes and the ends of copies."""

    def __init__(
        self,
        collection_id: str,
        scattered: Scattered,
        run: Run,
        ends: RelationshipEnds,
        loop: asyncio.AbstractEventLoop,
    ) -> None:
        self._collection_id = collection_id
        self._scattered = scattered
        self._run = run
        self._ends = ends
        self._loop = loop

    def follow(self, records: Sequence[Effective]) -> None:
        """On the publisher's thread; returns when everything that follows from `records` is in the log."""
        causes = [r for r in records if r.named.get("kind") in _CAUSES and r.text("omrs-meta").startswith(_FROM_HOME)]
        for record in causes:
            asyncio.run_coroutine_threadsafe(self._cascade(record), self._loop).result(RUN_TIMEOUT_S)
        copies = [
            LogRecord.parse(r.partition, r.offset, r.key, r.value, r.headers)
            for r in records
            if r.text("kind").endswith(_RELATIONSHIP) and r.text("omrs-meta").startswith(_COPIED)
        ]
        if copies:
            asyncio.run_coroutine_threadsafe(self._ends.keep(copies), self._loop).result(RUN_TIMEOUT_S)

    async def _cascade(self, record: Effective) -> None:
        purged = record.named["kind"] == _PURGED
        statuses = ALL_STATUSES if purged else None
        attached = await self._scattered.relationships_of(record.key.decode(), {"limitResultsByStatus": statuses}, None)
        for bean in attached:
            if not self._distributes(bean):
                await self._one("drop", bean, record)
                continue
            for name in ("delete", "purge"):
                if name == "delete" and bean.get("status") == "DELETED":
                    continue
                if name == "purge" and not purged:
                    continue
                await self._one(name, bean, record)

    async def _one(self, name: str, bean: Bean, cause: Effective) -> None:
        """The event id follows from cause and relationship, so a repetition after a crash changes nothing twice."""
        because = cause.text("event-id")
        event_id = str(uuid5(NAMESPACE_OID, f"{because}/{name}/{bean['guid']}"))
        call = Call(bean.get("updatedBy") or bean.get("createdBy") or "", event_id, cause=because)
        try:
            await self._run(name, bean["guid"], call, bean)
        except (RelationshipNotKnownError, RevisionConflictError):
            return  # somebody else deleted or purged it meanwhile
        except InvalidParameterError as error:
            _needs_nothing(error)

    def _distributes(self, bean: Bean) -> bool:
        """Whether the relationship comes from here; a copy of another member's is dropped with its end."""
        return self._collection_id in (bean.get("metadataCollectionId"), bean.get("replicatedBy"))


def _needs_nothing(error: OmrsError) -> None:
    """What was deleted already, and what an archive brought: that stays until the archive is gone."""
    if error.code not in ("OMRS-LOCAL-REPOSITORY-503-010", "OMRS-REPOSITORY-400-045"):
        raise error

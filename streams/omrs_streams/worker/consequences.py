"""What follows from a change: deleting or purging an entity does the same to the relationships at it (OMRS instances
§ Delete). Each is a record of its own that names its cause; a publisher's cursor makes the process resumable."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from uuid import NAMESPACE_OID, uuid5

from omrs_schemas.errors import InvalidParameterError, OmrsError, RelationshipNotKnownError, RevisionConflictError
from omrs_streams.log.record import ORIGIN_HOME, LogRecord
from omrs_streams.repository.commands import Call
from omrs_streams.repository.local import Bean
from omrs_streams.worker.scattered import Scattered

RUN_TIMEOUT_S = 60.0  # an entity may have thousands of relationships; beyond this the batch is tried again

Run = Callable[[str, str, Call, Bean], Awaitable[None]]

_DELETED = "DELETED_ENTITY_EVENT"
_PURGED = "PURGED_ENTITY_EVENT"


class Consequences:
    """Follows the log behind the fold and issues the cascades of home changes."""

    def __init__(self, scattered: Scattered, run: Run, loop: asyncio.AbstractEventLoop) -> None:
        self._scattered = scattered
        self._run = run
        self._loop = loop

    def follow(self, records: Sequence[LogRecord]) -> None:
        """On the publisher's thread; returns when everything that follows from `records` is in the log."""
        causes = [r for r in records if r.origin == ORIGIN_HOME and r.kind in (_DELETED, _PURGED)]
        for record in causes:
            asyncio.run_coroutine_threadsafe(self._cascade(record), self._loop).result(RUN_TIMEOUT_S)

    async def _cascade(self, record: LogRecord) -> None:
        statuses = None if record.kind == _DELETED else ["DELETED", "ACTIVE", *_OTHER_STATUSES]
        attached = await self._scattered.relationships_of(record.key, {"limitResultsByStatus": statuses}, None)
        for bean in attached:
            for name in ("delete", "purge"):
                if name == "delete" and bean.get("status") == "DELETED":
                    continue
                if name == "purge" and record.kind == _DELETED:
                    continue
                await self._one(name, bean, record)

    async def _one(self, name: str, bean: Bean, cause: LogRecord) -> None:
        """The event id follows from cause and relationship, so a repetition after a crash changes nothing twice."""
        event_id = str(uuid5(NAMESPACE_OID, f"{cause.event_id}/{name}/{bean['guid']}"))
        call = Call(bean.get("updatedBy") or bean.get("createdBy") or "", event_id, cause=cause.event_id)
        try:
            await self._run(name, bean["guid"], call, bean)
        except (RelationshipNotKnownError, RevisionConflictError):
            return  # somebody else deleted or purged it meanwhile
        except InvalidParameterError as error:
            _not_ours(error)


def _not_ours(error: OmrsError) -> None:
    """A relationship homed elsewhere is its home's to delete; ours that is deleted already needs nothing."""
    if error.code not in ("OMRS-LOCAL-REPOSITORY-503-010", "OMRS-REPOSITORY-400-045"):
        raise error


_OTHER_STATUSES = (
    "UNKNOWN",
    "DRAFT",
    "PREPARED",
    "PROPOSED",
    "APPROVED",
    "REJECTED",
    "APPROVED_CONCEPT",
    "UNDER_DEVELOPMENT",
    "DEVELOPMENT_COMPLETE",
    "APPROVED_FOR_DEPLOYMENT",
    "STANDBY",
    "FAILED",
    "DISABLED",
    "COMPLETE",
    "DEPRECATED",
    "OTHER",
)

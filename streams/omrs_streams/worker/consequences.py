"""What follows from a change (OMRS instances § Delete, § Reidentify): deleting or purging an entity does the same to
the relationships at it, a new guid retires the old one and re-points relationships, the unknown ends of a relationship
copy are kept as proxies. Each is a record of its own that names its cause; a publisher's cursor makes the process
resumable."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from itertools import count
from math import inf

from omrs_schemas.errors import (
    CodecError,
    InvalidParameterError,
    OmrsError,
    RelationshipNotKnownError,
    RevisionConflictError,
)
from omrs_schemas.model.enums import InstanceStatus
from omrs_streams.log.event_ids import following_id
from omrs_streams.log.record import ORIGIN_ARCHIVE, ORIGIN_COPY, ORIGIN_HOME, Effective, LogRecord
from omrs_streams.repository.changes import content_of, is_former
from omrs_streams.repository.commands import Call
from omrs_streams.repository.local import Bean
from omrs_streams.worker.boundary import fault_of, is_of_message
from omrs_streams.worker.ends import RelationshipEnds
from omrs_streams.worker.scattered import Scattered

log = logging.getLogger(__name__)

RUN_TIMEOUT_S = 60.0  # an entity may have thousands of relationships; beyond this the batch is tried again
AT_ONCE = 32  # relationships changed together: their appends share the producer's batches

# Another member's change may be what an attempt fell over; the publisher waits a second before it repeats.
ATTEMPTS = 3

Bury = Callable[[Effective, OmrsError], None]

Run = Callable[[str, str, Call, Bean], Awaitable[Bean]]

_PURGED = b"PURGED_ENTITY_EVENT"
_CAUSES = frozenset({b"DELETED_ENTITY_EVENT", _PURGED})
_RE_IDENTIFIED = frozenset({b"RE_IDENTIFIED_ENTITY_EVENT", b"RE_IDENTIFIED_RELATIONSHIP_EVENT"})
_FROM_HOME = f"{ORIGIN_HOME}|"
_COPIED = f"{ORIGIN_COPY}|"
_LOADED = f"{ORIGIN_ARCHIVE}|"
_RELATIONSHIP = "RELATIONSHIP_EVENT"

ALL_STATUSES = [status.value for status in InstanceStatus]
"""A purge takes every relationship with it, deleted ones too."""


class Consequences:
    """Follows the log behind the fold and issues what home changes entail, and the ends of copies."""

    def __init__(
        self,
        collection_id: str,
        scattered: Scattered,
        run: Run,
        ends: RelationshipEnds,
        loop: asyncio.AbstractEventLoop,
        bury: Bury,
    ) -> None:
        self._collection_id = collection_id
        self._scattered = scattered
        self._run = run
        self._ends = ends
        self._loop = loop
        self._bury = bury
        self._failed: dict[tuple[int, int], int] = {}

    def follow(self, records: Sequence[Effective]) -> None:
        """On the publisher's thread; returns when everything that follows from `records` is in the log.

        Raises what is to be repeated. What a record entails and cannot be done, however often it is tried, is a dead
        letter: what follows from later records must not wait for ever.
        """
        for record in records:
            kind = record.named.get("kind")
            if kind in _CAUSES and record.text("omrs-meta").startswith(_FROM_HOME) and record.text("home-id"):
                self._try(record, self._cascade)  # not for a copy that was only forgotten: that record names no home
            elif kind in _RE_IDENTIFIED and not record.text("omrs-meta").startswith(_LOADED):
                self._try(record, self._new_identity)
        copies = [
            r for r in records if r.text("kind").endswith(_RELATIONSHIP) and r.text("omrs-meta").startswith(_COPIED)
        ]
        if copies:
            self._keep_ends(copies)

    def _keep_ends(self, copies: Sequence[Effective]) -> None:
        """Those of all copies together; where that fails, one by one, to find whose fault it is."""
        try:
            self._wait(self._ends.keep([_parsed(copy) for copy in copies]))
        except Exception as error:
            if not is_of_message(error):
                raise
            for copy in copies:
                self._try(copy, lambda record: self._ends.keep([_parsed(record)]))

    def _try(self, record: Effective, act: Callable[[Effective], Awaitable[None]]) -> None:
        place = (record.partition, record.offset)
        try:
            self._wait(act(record))
        except Exception as error:
            fault = fault_of(error, f"what follows from {record.text('kind')} of {record.key.decode()}")
            self._failed[place] = self._failed.get(place, 0) + 1
            if self._failed[place] < ATTEMPTS:
                raise fault from fault.__cause__
            self._bury(record, fault)
        self._failed.pop(place, None)

    def _wait(self, following: Awaitable[None]) -> None:
        async def done() -> None:
            await following

        asyncio.run_coroutine_threadsafe(done(), self._loop).result(RUN_TIMEOUT_S)

    # ---- delete, purge ---------------------------------------------------------------------------------------------

    async def _cascade(self, record: Effective) -> None:
        purged = record.named["kind"] == _PURGED
        if await self._lives(record.key.decode(), record, purged=purged):
            return
        statuses = ALL_STATUSES if purged else None
        attached = await self._scattered.relationships_of(record.key.decode(), {"limitResultsByStatus": statuses}, None)

        async def goes(bean: Bean) -> None:
            if not self._distributes(bean):
                await self._one("drop", bean, record)
                return
            if bean.get("status") != "DELETED":
                await self._one("delete", bean, record)
            if purged:
                await self._one("purge", bean, record)

        await _each(attached, goes)

    async def _lives(self, guid: str, record: Effective, *, purged: bool) -> bool:
        """Whether the entity is there again: what is attached to it now belongs to its new life. That is so when the
        log is followed a second time because a publisher's cursor was lost."""
        bean = (await self._run("look", guid, _call(record, "look", guid, ""), {})).get("bean")
        return bean is not None and (purged or bean.get("status") != "DELETED")

    async def _one(self, name: str, bean: Bean, cause: Effective) -> None:
        """The event id follows from cause and relationship, so a repetition after a crash changes nothing twice."""
        call = _call(cause, name, bean["guid"], bean.get("updatedBy") or bean.get("createdBy") or "")
        try:
            await self._run(name, bean["guid"], call, bean)
        except (RelationshipNotKnownError, RevisionConflictError):
            return  # somebody else deleted or purged it meanwhile
        except InvalidParameterError as error:
            _needs_nothing(error)

    def _distributes(self, bean: Bean) -> bool:
        """Whether the relationship comes from here; a copy of another member's is dropped with its end."""
        return self._collection_id in (bean.get("metadataCollectionId"), bean.get("replicatedBy"))

    # ---- a new guid ------------------------------------------------------------------------------------------------

    async def _new_identity(self, record: Effective) -> None:
        """At its home the old guid is retired; everywhere relationships of ours get the new end."""
        try:
            section = self._ends.codec.decode(record.value)["instanceEventSection"]
        except CodecError:
            return  # the store reported it when it was folded
        old = section.get("originalInstanceGUID")
        bean: Bean | None = section.get("entity") or section.get("relationship")
        if not old or bean is None:
            return
        if not record.text("omrs-meta").startswith(_COPIED):
            await self._retire(record, old, bean)
        if "entity" in section:
            attached = await self._scattered.relationships_of(old, {"limitResultsByStatus": ALL_STATUSES}, None)
            since = await self._taken_since(record, old, bean)
            ours = [each for each in attached if self._distributes(each) and each.get("createTime", 0) <= since]
            await _each(ours, lambda relationship: self._re_point(record, old, bean, relationship))

    async def _taken_since(self, record: Effective, old: str, entity: Bean) -> float:
        """The time (epoch ms) after which relationships at the old guid are about something else: another object has
        it, or `entity` was restored under it. Infinite while nothing else has it."""
        found = (await self._run("look", old, _call(record, "look", old, ""), {})).get("bean") or {}
        if not found or found.get("status") == "DELETED":
            return inf
        same = found.get("createTime") == entity.get("createTime")
        if same and found.get("version", 0) <= entity.get("version", 0):
            return inf  # a copy that is about to go
        return float(entity.get("updateTime") or inf)

    async def _retire(self, record: Effective, old: str, bean: Bean) -> None:
        """Whatever the old guid took since the new one was made from it goes along; then its life ends.

        A RE_IDENTIFIED that is itself a consequence gave the guid up to another member's object.
        """
        user, new, base = bean.get("updatedBy") or "", record.key.decode(), content_of(bean)
        while True:
            found = await self._run("look", old, _call(record, "look", old, user), {})
            if not is_former(found, bean):
                return
            content, revision = content_of(found["bean"]), found["revision"]
            if content != base:
                done = await self._run(
                    "carry", new, _call(record, f"carry/{revision}", new, user), {"base": base, "content": content}
                )
                if not done["done"]:
                    log.warning("%s was changed as %s too; the changes as %s count", old, new, new)
                base = content
            what = {"revision": revision, "forget": bool(record.text("cause"))}
            try:
                await self._run("retire", old, _call(record, f"retire/{revision}", old, user), what)
            except RevisionConflictError:
                continue
            return

    async def _re_point(self, record: Effective, old: str, entity: Bean, relationship: Bean) -> None:
        guid, user = relationship["guid"], entity.get("updatedBy") or ""
        for attempt in count():
            call = _call(record, f"re-point/{attempt}", guid, user)
            try:
                await self._run("re_point", guid, call, {"old": old, "entity": entity})
            except RevisionConflictError:
                continue  # another writer was first; an event id that lost changes nothing any more
            return


def _parsed(record: Effective) -> LogRecord:
    return LogRecord.parse(record.partition, record.offset, record.key, record.value, record.headers)


async def _each(beans: Sequence[Bean], act: Callable[[Bean], Awaitable[None]]) -> None:
    """`act` on all of them, `AT_ONCE` together; the first error ends it."""
    for start in range(0, len(beans), AT_ONCE):
        await asyncio.gather(*(act(bean) for bean in beans[start : start + AT_ONCE]))


def _call(cause: Effective, name: str, guid: str, user: str) -> Call:
    """The event id follows from the cause, so that a repetition after a crash changes nothing twice."""
    because = cause.text("event-id")
    return Call(user, following_id(because, name, guid), cause=because)


def _needs_nothing(error: OmrsError) -> None:
    """What was deleted already, and what an archive brought: that stays until the archive is gone."""
    if error.code not in ("OMRS-LOCAL-REPOSITORY-503-010", "OMRS-REPOSITORY-400-045"):
        raise error

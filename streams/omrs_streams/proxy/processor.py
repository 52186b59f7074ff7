"""The event processor: from what a mapper tells to records of the server log. Called on the proxy's threads."""

import asyncio
import logging
import threading
from collections.abc import Awaitable, Callable, Collection, Iterable, Mapping, Sequence
from concurrent.futures import CancelledError, Future
from dataclasses import dataclass
from functools import partial
from itertools import islice
from typing import Any, Protocol, TypeVar

from omrs_schemas.errors import NotReadyError, OmrsError, TypeDefKnownError
from omrs_streams.proxy.interfaces import Bean, EventProcessor, Mapped, MappedEntity, MappedRelationship
from omrs_streams.proxy.plan import Plan, Planner, State, Step, Told

log = logging.getLogger(__name__)

CHUNK = 200  # instances per round: about 40 ms of folding, so that requests get their turn
RETRY_S = 0.5  # while partitions move or Kafka is away
ATTEMPTS = 5  # another writer of the same guid: only the proxy's earlier owner, for as long as a hand-over takes

T = TypeVar("T")

Plans = Callable[[Mapping[str, State]], Iterable[Plan]]
"""From the states that were asked for to what follows from them."""


class Instances(Protocol):
    """What the server log holds: `omrs_streams.proxy.stored.StoredStates`."""

    async def states(self, guids: Collection[str]) -> dict[str, State]: ...
    async def guids(self, type_guids: Collection[str]) -> set[str]: ...


@dataclass(frozen=True, slots=True)
class Ports:
    """What the processor needs of a worker; each is called on the worker's event loop."""

    loop: asyncio.AbstractEventLoop
    stored: Instances
    append: Callable[[Mapping[str, Any]], Awaitable[dict[str, Any]]]
    """`Bulk.append`"""
    relationships: Callable[[str], Awaitable[list[Bean]]]
    """the relationships at an entity"""
    add_types: Callable[[Sequence[Bean], Sequence[Bean], Sequence[Bean]], Awaitable[Any]]
    """attribute types, types, patches"""
    clock: Callable[[], int]


@dataclass(slots=True)
class Counts:
    """What was appended since the process started, and what could not be."""

    appended: int = 0
    refused: int = 0


class LogProcessor(EventProcessor):
    """One session's processor; `close` ends every call that is under way with NotReadyError."""

    def __init__(
        self,
        ports: Ports,
        planner: Planner,
        type_guids: Collection[str],
        default_user: str,
        counts: Counts,
        refused: Callable[[str, str], None],
    ) -> None:
        self._ports = ports
        self._planner = planner
        self._type_guids = type_guids
        self._default_user = default_user
        self._counts = counts
        self._refused = refused
        self._lock = threading.RLock()
        self._over = threading.Event()
        self._synchronized = threading.Event()
        self._waiting: set[Future[Any]] = set()
        self.error: Exception | None = None

    # ---- the session -----------------------------------------------------------------------------------------------

    def await_synchronized(self) -> None:
        while not self._synchronized.wait(0.1):
            self._require_open()
        self._require_open()

    def synchronized(self) -> None:
        """The session's snapshot is reconciled."""
        self._synchronized.set()

    def failed(self, error: Exception) -> None:
        if not self._over.is_set():
            self.error = error
            self.close()

    def close(self) -> None:
        self._over.set()
        for future in list(self._waiting):
            future.cancel()

    def wait_over(self) -> None:
        """Until `failed` or `close`."""
        self._over.wait()

    def _require_open(self) -> None:
        if self._over.is_set():
            raise NotReadyError("the session of the proxy is over", help="the next one begins with a snapshot")

    # ---- many ------------------------------------------------------------------------------------------------------

    def reconcile(
        self, present: Iterable[Mapped], *, among: Collection[str] | None = None, purge: bool = True, user: str = ""
    ) -> None:
        wanted = list(present)
        with self._lock:
            if among is None:
                among = self._call(lambda: self._ports.stored.guids(self._type_guids))
            self._tell(wanted, user)
            gone = sorted(set(among) - {each.guid for each in wanted})
            for relationships in (True, False):  # entities last: nothing is left to follow from their deletion
                for chunk in chunks(gone):
                    self._carry_out(chunk, partial(self._gone, relationships, purge, user))

    def process_batch(self, present: Iterable[Mapped], *, user: str = "") -> None:
        with self._lock:
            self._tell(list(present), user)

    def _tell(self, wanted: Sequence[Mapped], user: str, **how: Any) -> None:
        """Entities, then relationships between them."""
        told: dict[str, Bean] = {}
        for entities in chunks([each for each in wanted if isinstance(each, MappedEntity)]):
            by_guid = {each.guid: each for each in entities}
            for plan in self._carry_out(by_guid, partial(self._entities, by_guid, user, how)):
                if plan.bean is not None:
                    told[plan.guid] = plan.bean
        for links in chunks([each for each in wanted if isinstance(each, MappedRelationship)]):
            ends = {end for each in links for end in (each.end1, each.end2)}
            known = self._entities_at(ends - told.keys())
            known.update({guid: told[guid] for guid in ends if guid in told})
            wanted_links = {each.guid: each for each in links}
            self._carry_out(wanted_links, partial(self._links, wanted_links, known, user, how))

    def _entities_at(self, guids: Collection[str]) -> dict[str, Bean]:
        found = self._call(lambda: self._ports.stored.states(guids))
        return {guid: state.bean for guid, state in found.items() if state.bean is not None}

    def _entities(
        self, wanted: Mapping[str, MappedEntity], user: str, how: Mapping[str, Any], states: Mapping[str, State]
    ) -> Iterable[Plan]:
        for guid, state in states.items():
            yield from self._allowed(guid, partial(self._planner.entity, wanted[guid], state, self._told(user), **how))

    def _links(
        self,
        wanted: Mapping[str, MappedRelationship],
        ends: Mapping[str, Bean],
        user: str,
        how: Mapping[str, Any],
        states: Mapping[str, State],
    ) -> Iterable[Plan]:
        for guid, state in states.items():
            yield from self._allowed(
                guid, partial(self._planner.relationship, wanted[guid], state, ends, self._told(user), **how)
            )

    def _gone(self, relationships: bool, purge: bool, user: str, states: Mapping[str, State]) -> Iterable[Plan]:
        for guid, state in states.items():
            bean = state.bean
            if bean is None or not self._planner.ours(bean) or (bean["class"] == "Relationship") != relationships:
                continue
            yield self._planner.gone(guid, state, self._told(user), purge=purge)

    def _allowed(self, guid: str, plan: Callable[[], Plan]) -> Iterable[Plan]:
        """The plan, or nothing and a report for what does not fit its type."""
        try:
            yield plan()
        except OmrsError as error:
            self._refuse(guid, error)

    # ---- one entity ------------------------------------------------------------------------------------------------

    def process_new_entity(self, entity: MappedEntity, *, user: str = "") -> None:
        self.process_batch([entity], user=user)

    process_updated_entity = process_new_entity
    process_restored_entity = process_new_entity
    process_retyped_entity = process_new_entity

    def process_undone_entity(self, entity: MappedEntity, *, user: str = "") -> None:
        with self._lock:
            self._tell([entity], user, change="UNDONE")

    def process_rehomed_entity(self, entity: MappedEntity, *, user: str = "") -> None:
        with self._lock:
            self._tell([entity], user, rehome=True)

    def process_classified_entity(
        self, guid: str, classification: str, properties: Mapping[str, Any], *, user: str = ""
    ) -> None:
        self._one(guid, partial(self._planner.reclassified, guid, classification, properties), user)

    process_reclassified_entity = process_classified_entity

    def process_declassified_entity(self, guid: str, classification: str, *, user: str = "") -> None:
        self._one(guid, partial(self._planner.reclassified, guid, classification, None), user)

    def process_deleted_entity(self, guid: str, *, user: str = "") -> None:
        self._one(guid, partial(self._planner.gone, guid, purge=False), user)

    def process_purged_entity(self, guid: str, *, user: str = "") -> None:
        self._one(guid, partial(self._planner.gone, guid, purge=True), user)

    process_delete_purged_entity = process_purged_entity

    def process_reidentified_entity(self, original_guid: str, entity: MappedEntity, *, user: str = "") -> None:
        with self._lock:
            attached = self._call(lambda: self._ports.relationships(original_guid))
            renamed = self._reidentify(original_guid, entity.guid, user)
            if renamed is not None:
                ours = [each["guid"] for each in attached if self._planner.ours(each)]
                for chunk in chunks(ours):
                    self._carry_out(chunk, partial(self._repointed, original_guid, renamed, user))
            self._tell([entity], user)

    def _repointed(self, before: str, entity: Bean, user: str, states: Mapping[str, State]) -> Iterable[Plan]:
        for guid, state in states.items():
            yield from self._allowed(guid, partial(self._planner.repointed, state, before, entity, self._told(user)))

    def _reidentify(self, original: str, guid: str, user: str) -> Bean | None:
        """The instance under its new guid; None when it cannot have it."""

        def plans(states: Mapping[str, State]) -> Iterable[Plan]:
            return self._planner.reidentified(states[original], states[guid], original, guid, self._told(user))

        try:
            found = self._carry_out([original, guid], plans, together=True)
        except OmrsError as error:
            if error.retriable:
                raise
            self._refuse(guid, error)
            return None
        return next((plan.bean for plan in found if plan.guid == guid), None)

    # ---- one relationship ------------------------------------------------------------------------------------------

    def process_new_relationship(self, relationship: MappedRelationship, *, user: str = "") -> None:
        self.process_batch([relationship], user=user)

    process_updated_relationship = process_new_relationship
    process_restored_relationship = process_new_relationship
    process_retyped_relationship = process_new_relationship

    def process_undone_relationship(self, relationship: MappedRelationship, *, user: str = "") -> None:
        with self._lock:
            self._tell([relationship], user, change="UNDONE")

    def process_rehomed_relationship(self, relationship: MappedRelationship, *, user: str = "") -> None:
        with self._lock:
            self._tell([relationship], user, rehome=True)

    def process_deleted_relationship(self, guid: str, *, user: str = "") -> None:
        self.process_deleted_entity(guid, user=user)

    def process_purged_relationship(self, guid: str, *, user: str = "") -> None:
        self.process_purged_entity(guid, user=user)

    def process_delete_purged_relationship(self, guid: str, *, user: str = "") -> None:
        self.process_purged_entity(guid, user=user)

    def process_reidentified_relationship(
        self, original_guid: str, relationship: MappedRelationship, *, user: str = ""
    ) -> None:
        with self._lock:
            self._reidentify(original_guid, relationship.guid, user)
            self._tell([relationship], user)

    # ---- types -----------------------------------------------------------------------------------------------------

    def process_new_typedef(self, typedef: Bean) -> None:
        self._add_types([], [typedef], [])

    def process_new_attribute_typedef(self, typedef: Bean) -> None:
        self._add_types([typedef], [], [])

    def process_updated_typedef(self, patch: Bean) -> None:
        self._add_types([], [], [patch])

    def _add_types(self, attributes: Sequence[Bean], typedefs: Sequence[Bean], patches: Sequence[Bean]) -> None:
        try:
            self._call(lambda: self._ports.add_types(attributes, typedefs, patches))
        except OmrsError as error:
            if error.retriable:
                raise
            if not isinstance(error, TypeDefKnownError):
                self._refuse(str((*attributes, *typedefs, *patches)[0].get("guid", "")), error)

    # ---- shared ----------------------------------------------------------------------------------------------------

    def _told(self, user: str) -> Told:
        return Told(user or self._default_user, self._ports.clock())

    def _one(self, guid: str, plan: Callable[[State, Told], Plan], user: str) -> None:
        def plans(states: Mapping[str, State]) -> Iterable[Plan]:
            return self._allowed(guid, lambda: plan(states[guid], self._told(user)))

        with self._lock:
            self._carry_out([guid], plans)

    def _refuse(self, guid: str, error: OmrsError) -> None:
        self._counts.refused += 1
        self._refused(guid, str(error))

    def _carry_out(self, guids: Iterable[str], plans: Plans, *, together: bool = False) -> list[Plan]:
        """Plan on what the log holds and append; again for what another writer was faster with (`together`: for all).

        Raises NotReadyError when the session is over, or the other writer goes on writing.
        """
        done: dict[str, Plan] = {}
        left = list(guids)
        for _ in range(ATTEMPTS):
            states = self._call(partial(self._ports.stored.states, left))
            made = list(plans(states))
            lost = self._append([step for plan in made for step in plan.steps])
            done.update({plan.guid: plan for plan in made if plan.guid not in lost})
            if not lost:
                return list(done.values())
            log.info("%d instances of the proxy were changed by another writer; looking again", len(lost))
            left = left if together else sorted(lost)
        raise NotReadyError(
            f"{len(left)} instances of the proxy are written by somebody else, such as {left[0]}",
            help="is another worker of this server running the proxy? `omrs status` shows who owns partition 0",
        )

    def _append(self, steps: Sequence[Step]) -> set[str]:
        """Append in chunks; the guids of which another writer was faster. One that no topic takes is left out."""
        lost: set[str] = set()
        for chunk in chunks(steps):
            body = {"entries": [step.entry() for step in chunk]}
            try:
                results = self._call(partial(self._ports.append, body))["results"]
            except OmrsError as error:
                if error.retriable:
                    raise
                guids = list(dict.fromkeys(step.guid for step in chunk))
                if len(guids) == 1:
                    self._refuse(guids[0], error)
                    continue
                for guid in guids:
                    lost |= self._append([step for step in chunk if step.guid == guid])
                continue
            for step in chunk:
                if results[step.event_id]["effective"]:
                    self._counts.appended += 1
                else:
                    lost.add(step.guid)
        return lost

    def _call(self, make: Callable[[], Awaitable[T]]) -> T:
        """The result of `make()` on the worker's loop; made again, until the session is over, while it is retriable."""

        async def work() -> T:
            # An append is never broken off between the log and the fold, whoever stops waiting for it.
            task = asyncio.ensure_future(make())
            task.add_done_callback(_take_note)
            return await asyncio.shield(task)

        while True:
            self._require_open()
            future = asyncio.run_coroutine_threadsafe(work(), self._ports.loop)
            self._waiting.add(future)
            try:
                return future.result()
            except CancelledError:
                self._require_open()
                raise
            except OmrsError as error:
                if not error.retriable:
                    raise
                log.info("the proxy waits: %s", error)
            finally:
                self._waiting.discard(future)
            self._over.wait(RETRY_S)


def _take_note(task: "asyncio.Future[Any]") -> None:
    """Nobody may be waiting any more for what went wrong."""
    if not task.cancelled() and task.exception() is not None:
        log.debug("the proxy's call failed: %s", task.exception())


def chunks(items: Iterable[T]) -> Iterable[list[T]]:
    """Lists of at most `CHUNK`."""
    left = iter(items)
    while chunk := list(islice(left, CHUNK)):
        yield chunk

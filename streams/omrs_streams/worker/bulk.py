"""Many events at once for a server's log: archives. Each goes to the worker that owns its guid; the answer says for
each what the fold made of it, so that whoever loads knows what is acknowledged and can repeat the rest."""

import asyncio
from collections.abc import Collection, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from omrs_schemas.errors import InvalidParameterError, NotReadyError, OmrsError
from omrs_streams.cohort.receiving import Held, Run, held_of
from omrs_streams.log.record import ORIGIN_ARCHIVE, LogRecord
from omrs_streams.repository.events import log_record
from omrs_streams.worker.boundary import UNFORESEEN, defect
from omrs_streams.worker.directory import Owner
from omrs_streams.worker.partition import OwnedPartition
from omrs_streams.worker.router import MOVING_S

if TYPE_CHECKING:
    from omrs_streams.worker.worker import Worker

APPEND = "/internal/v1/append"
HEADERS = "/internal/v1/headers"
HELD = "/internal/v1/held"
TYPES = "/internal/v1/types"

Entry = Mapping[str, Any]
"""`{"event_id", "guid", "event"}`: an OMRSEventV1 bean for one instance; `origin`, `cause` where no archive is, and
`expected_revision` where the append depends on what was there."""


class Bulk:
    """Appending and looking up by the hundred, wherever the partitions are."""

    def __init__(self, worker: "Worker") -> None:
        self._worker = worker

    async def append(self, body: Mapping[str, Any]) -> dict[str, Any]:
        """`{"entries": [...]}` → `{"results": {event_id: {"effective", "reason"}}}`.

        An archive is refused as a whole (InvalidParameterError) where one of its events cannot be stored. Others'
        events each count for themselves: such a one has `refused`, the reason, in its result.
        """
        entries: Sequence[Entry] = body["entries"]
        results: dict[str, Any] = {}
        loop = asyncio.get_running_loop()
        deadline = loop.time() + (2.0 if body.get("forwarded") else MOVING_S)
        while entries:
            answers = await asyncio.gather(
                *(
                    self._share(owner, share, forwarded=bool(body.get("forwarded")))
                    for owner, share in (await self._by_owner(entries, deadline)).items()
                )
            )
            for answer in answers:
                results.update(answer)
            entries = [entry for entry in entries if entry["event_id"] not in results]
            if entries:
                if loop.time() > deadline:
                    raise NotReadyError(
                        f"{len(entries)} of the events could not be appended: partitions are moving",
                        help="repeat them; what was appended before changes nothing twice",
                    )
                await asyncio.sleep(0.1)
        return {"results": results}

    async def _by_owner(self, entries: Sequence[Entry], deadline: float) -> dict[Owner | None, list[Entry]]:
        router = self._worker.router
        shares: dict[Owner | None, list[Entry]] = {}
        for entry in entries:
            found = await router.locate(router.partition(entry["guid"]), deadline)
            shares.setdefault(None if isinstance(found, OwnedPartition) else found, []).append(entry)
        return shares

    async def _share(self, owner: Owner | None, entries: Sequence[Entry], *, forwarded: bool) -> dict[str, Any]:
        if owner is None:
            return await self._append_here(entries)
        if forwarded:
            return {}
        try:
            answer = await self._worker.peers.call(owner, APPEND, {"entries": entries, "forwarded": True})
        except NotReadyError:
            return {}
        found: dict[str, Any] = answer["results"]
        return found

    async def _append_here(self, entries: Sequence[Entry]) -> dict[str, Any]:
        worker = self._worker
        by_partition: dict[int, list[Any]] = {}
        results: dict[str, Any] = {}
        for entry in entries:
            try:
                record = self._record(entry)
            except (OmrsError, *UNFORESEEN) as error:
                if entry.get("origin", ORIGIN_ARCHIVE) == ORIGIN_ARCHIVE:
                    raise
                refused = defect(error, f"the event for {entry['guid']}").message
                results[entry["event_id"]] = {"effective": False, "reason": "", "refused": refused}
            else:
                by_partition.setdefault(record.partition, []).append(record)
        for number, records in by_partition.items():
            owned = worker.router.local(number)
            if owned is None:
                continue
            for record, effect in zip(records, await owned.append(records), strict=True):
                done = effect.effective or effect.duplicate
                results[record.event_id] = {"effective": done, "reason": effect.reason}
        return results

    def _record(self, entry: Entry) -> LogRecord:
        record = log_record(
            entry["event"],
            self._worker.codec.encode,
            self._worker.settings.partitions,
            event_id=entry["event_id"],
            origin=entry.get("origin", ORIGIN_ARCHIVE),
            cause=entry.get("cause"),
            expected_revision=entry.get("expected_revision"),
        )
        if record.key != entry["guid"]:
            raise InvalidParameterError(f"the event for {entry['guid']} carries the instance {record.key}")
        return record

    async def headers(self, body: Mapping[str, Any]) -> dict[str, Any]:
        """`{"guids": [...]}` → the beans of those that are known here, by guid."""
        found = await asyncio.gather(*(self._worker.scattered.lookup(guid) for guid in body["guids"]))
        return {"beans": {guid: bean for guid, bean in zip(body["guids"], found, strict=True) if bean is not None}}

    async def held(self, guids: Collection[str], *, forwarded: bool = False) -> dict[str, Held]:
        """What the fold holds of those of `guids` that were ever seen, purged ones included."""
        found: dict[str, Held] = {}
        loop = asyncio.get_running_loop()
        deadline = loop.time() + (2.0 if forwarded else MOVING_S)
        missing = set(guids)
        while missing:
            shares = await self._by_owner([{"guid": guid} for guid in missing], deadline)
            for owner, share in shares.items():
                asked = [entry["guid"] for entry in share]
                answer = await self._held_share(owner, asked, forwarded=forwarded)
                if answer is not None:
                    found.update(answer)
                    missing.difference_update(asked)
            if missing:
                if loop.time() > deadline:
                    raise NotReadyError(f"the state of {len(missing)} guids is not known: partitions are moving")
                await asyncio.sleep(0.1)
        return found

    async def answer_held(self, body: Mapping[str, Any]) -> dict[str, Any]:
        """`{"guids": [...]}` → `{"held": {guid: the fields of Held}}`, for another worker."""
        held = await self.held(body["guids"], forwarded=True)
        return {"held": {guid: _to_json(found) for guid, found in held.items()}}

    async def _held_share(
        self, owner: Owner | None, guids: Sequence[str], *, forwarded: bool
    ) -> dict[str, Held] | None:
        """None when the owner gave them up."""
        if owner is None:
            return self._held_here(guids)
        if forwarded:
            return None
        try:
            answer = await self._worker.peers.call(owner, HELD, {"guids": guids})
        except NotReadyError:
            return None
        return {guid: _from_json(fields) for guid, fields in answer["held"].items()}

    def _held_here(self, guids: Sequence[str]) -> dict[str, Held] | None:
        router = self._worker.router
        found: dict[str, Held] = {}
        for guid in guids:
            owned = router.local(router.partition(guid))
            if owned is None:
                return None
            held = held_of(owned.store, guid, self._worker.codec)
            if held is not None:
                found[guid] = held
        return found

    async def types(self, body: Mapping[str, Any]) -> dict[str, Any]:
        """Add the types of an archive; the names of those that are new or changed."""
        changed = await self._worker.add_types(body["attributeTypeDefs"], body["typeDefs"], body["patches"])
        return {"changed": [typedef["name"] for typedef in changed]}


def _to_json(held: Held) -> dict[str, Any]:
    return {
        "bean": held.bean,
        "revision": held.revision,
        "create_time": held.create_time,
        "version": held.version,
        "home": held.home,
        "event_time": held.event_time,
        "ended": held.ended,
        "statements": list(held.statements),
        "past": [list(run) for run in held.past()],
    }


def _from_json(fields: Mapping[str, Any]) -> Held:
    past = [Run(*run) for run in fields["past"]]
    return Held(**{**fields, "statements": tuple(fields["statements"]), "past": lambda: past})

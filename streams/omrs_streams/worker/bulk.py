"""Many events at once for a server's log: archives. Each goes to the worker that owns its guid; the answer says for
each what the fold made of it, so that whoever loads knows what is acknowledged and can repeat the rest."""

import asyncio
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from omrs_schemas.errors import InvalidParameterError, NotReadyError
from omrs_streams.log.record import ORIGIN_ARCHIVE
from omrs_streams.repository.events import log_record
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
        """`{"entries": [...]}` → `{"results": {event_id: {"effective", "reason"}}}`."""
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
        for entry in entries:
            record = log_record(
                entry["event"],
                worker.codec.encode,
                worker.settings.partitions,
                event_id=entry["event_id"],
                origin=entry.get("origin", ORIGIN_ARCHIVE),
                cause=entry.get("cause"),
                expected_revision=entry.get("expected_revision"),
            )
            if record.key != entry["guid"]:
                raise InvalidParameterError(f"the event for {entry['guid']} carries the instance {record.key}")
            by_partition.setdefault(record.partition, []).append(record)
        results: dict[str, Any] = {}
        for number, records in by_partition.items():
            owned = worker.router.local(number)
            if owned is None:
                continue
            for record, effect in zip(records, await owned.append(records), strict=True):
                done = effect.effective or effect.duplicate
                results[record.event_id] = {"effective": done, "reason": effect.reason}
        return results

    async def headers(self, body: Mapping[str, Any]) -> dict[str, Any]:
        """`{"guids": [...]}` → the beans of those that are known here, by guid."""
        found = await asyncio.gather(*(self._worker.scattered.lookup(guid) for guid in body["guids"]))
        return {"beans": {guid: bean for guid, bean in zip(body["guids"], found, strict=True) if bean is not None}}

    async def held(self, body: Mapping[str, Any]) -> dict[str, Any]:
        """`{"guids": [...]}` → `{"held": {guid: {"revision", "version", "create_time", "bean"}}}` of those ever seen;
        `bean` is None for what was purged."""
        guids: Sequence[str] = body["guids"]
        found: dict[str, Any] = {}
        forwarded = bool(body.get("forwarded"))
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
        return {"held": found}

    async def _held_share(self, owner: Owner | None, guids: Sequence[str], *, forwarded: bool) -> dict[str, Any] | None:
        """None when the owner gave them up."""
        if owner is None:
            return self._held_here(guids)
        if forwarded:
            return None
        try:
            answer = await self._worker.peers.call(owner, HELD, {"guids": guids, "forwarded": True})
        except NotReadyError:
            return None
        held: dict[str, Any] = answer["held"]
        return held

    def _held_here(self, guids: Sequence[str]) -> dict[str, Any] | None:
        router = self._worker.router
        found: dict[str, Any] = {}
        for guid in guids:
            owned = router.local(router.partition(guid))
            if owned is None:
                return None
            stored = owned.store.get(guid)
            meta = owned.store.get_meta(guid) if stored is None else stored.meta
            if meta is not None:
                found[guid] = {
                    "revision": meta.revision,
                    "version": meta.version,
                    "create_time": meta.create_time,
                    "bean": None if stored is None else owned.store.to_bean(stored),
                }
        return found

    async def types(self, body: Mapping[str, Any]) -> dict[str, Any]:
        """Add the types of an archive; the names of those that are new or changed."""
        changed = await self._worker.add_types(body["attributeTypeDefs"], body["typeDefs"], body["patches"])
        return {"changed": [typedef["name"] for typedef in changed]}

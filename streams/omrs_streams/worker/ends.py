"""The ends of relationship copies: an end that nobody here knows is kept as its proxy (OMRS instances § Reference
copies: "saving a relationship copy also stores its two proxies if the entities are unknown")."""

import logging
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, TypeGuard

from omrs_schemas.codec import EventCodec
from omrs_schemas.errors import CodecError
from omrs_streams.fold.kinds import DELETED_STATUS, PURGE_KINDS
from omrs_streams.log.event_ids import following_id
from omrs_streams.log.record import ORIGIN_CONSEQUENCE, ORIGIN_COPY, LogRecord
from omrs_streams.repository.events import instance_event
from omrs_streams.repository.local import Bean, LocalCollection

log = logging.getLogger(__name__)

LOOKUP = 500  # guids per call to another worker: as many as an archive load asks for at once

ENDS = ("entityOneProxy", "entityTwoProxy")

KnownHere = Callable[[str], bool]
"""Whether a guid is stored in a partition that this worker owns; nothing is decoded for the answer."""

Call = Callable[[dict[str, Any]], Awaitable[dict[str, Any]]]
"""`Bulk.headers` or `Bulk.append`."""


class RelationshipEnds:
    """Appends proxies behind the fold. An entity that comes later takes the place of its proxy."""

    def __init__(
        self, local: LocalCollection, codec: EventCodec, known_here: KnownHere, headers: Call, append: Call
    ) -> None:
        self._known_here = known_here
        self._local = local
        self.codec = codec
        self._headers = headers
        self._append = append

    async def keep(self, records: Sequence[LogRecord]) -> None:
        """Store what is unknown of the ends of the relationship copies among `records`; again changes nothing twice.

        An entity of ours that is gone stays gone: nobody else's relationship brings it back as a proxy.
        """
        ends = self._ends(records)
        guids = [guid for guid in ends if not self._known_here(guid)]
        for start in range(0, len(guids), LOOKUP):
            asked = guids[start : start + LOOKUP]
            known = (await self._headers({"guids": asked}))["beans"]
            entries = [self._entry(guid, ends[guid]) for guid in asked if guid not in known]
            if entries:
                results = (await self._append({"entries": entries}))["results"]
                for entry in entries:
                    refused = results.get(entry["event_id"], {}).get("refused")
                    if refused:
                        log.warning("the end %s of a relationship is not kept: %s", entry["guid"], refused)

    def _ends(self, records: Sequence[LogRecord]) -> dict[str, LogRecord]:
        """Guids of ends that are not at home here, each with the latest relationship that has it."""
        found: dict[str, LogRecord] = {}
        for record in records:
            if record.origin != ORIGIN_COPY or not record.is_relationship or record.value is None:
                continue  # what is written here has its ends checked, an archive brings its own proxies
            if record.kind in PURGE_KINDS or record.status == DELETED_STATUS:
                continue
            try:
                relationship = self.codec.decode_record(record.value).get("relationship") or {}
            except CodecError:
                continue  # the store reported it when it was folded
            for name in ENDS:
                proxy = relationship.get(name)
                if not _complete(proxy):
                    log.warning("%s of %s is no entity that can be kept: it lacks guid or type", name, record.key)
                elif proxy.get("metadataCollectionId") != self._local.collection_id:
                    found[proxy["guid"]] = record
        return found

    def _entry(self, guid: str, cause: LogRecord) -> dict[str, Any]:
        """The event id follows from cause and end, so a repetition after a crash changes nothing twice."""
        relationship = self.codec.decode(cause.value or b"")["instanceEventSection"]["relationship"]
        proxies = (relationship.get(name) for name in ENDS)
        proxy: Bean = next(each for each in proxies if _complete(each) and each["guid"] == guid)
        return {
            "event_id": following_id(cause.event_id, "proxy", proxy["guid"]),
            "guid": proxy["guid"],
            "event": instance_event("NEW", proxy, self._local.originator(), cause.valid_from),
            "origin": ORIGIN_CONSEQUENCE,
            "cause": cause.event_id,
        }


def _complete(proxy: Any) -> TypeGuard[Bean]:
    """Whether a relationship's end says which entity it is, and of which type."""
    if not isinstance(proxy, dict) or not proxy.get("guid"):
        return False
    kind = proxy.get("type")
    return isinstance(kind, dict) and bool(kind.get("typeDefGUID") and kind.get("typeDefName"))

"""TypeDef events of one cohort: taking in what others announce, announcing what is defined here (OMRS types § 7)."""

import asyncio
import logging
import time
from collections.abc import Sequence
from typing import Any
from uuid import uuid4

from omrs_schemas.errors import CodecError, OmrsError, TypeDefConflictError
from omrs_streams import metrics
from omrs_streams.log.consumer import read_all
from omrs_streams.repository.local import Bean
from omrs_streams.worker.parts import Parts
from omrs_streams.worker.types import definition, type_event
from omrs_streams.worker.wire import TYPEDEF, Wire

log = logging.getLogger(__name__)


class TypeExchange:
    """The types topic of one cohort at one worker."""

    def __init__(self, cohort: str, wire: Wire, parts: Parts) -> None:
        self._cohort = cohort
        self._wire = wire
        self._parts = parts

    # ---- inbound ---------------------------------------------------------------------------------------------------

    async def events(self, messages: Sequence[Any]) -> None:
        """The Faust agent's batch of the types topic (types.md § 7)."""
        learned: list[Bean] = []
        for message in messages:
            try:
                event = self._wire.read(message, TYPEDEF)
                if event is None:
                    continue
                found = self._event(event)
            except OmrsError as error:
                self._parts.letters.bury(message, error)
                continue
            if found is not None:
                learned.append(found)
            metrics.INBOUND.labels(self._wire.types_topic, "learned" if found else "known").inc()
        if learned:
            await self._parts.types.keep(learned, self._parts.local.originator(), now_ms())
            log.info("cohort %s: %d types learned", self._cohort, len(learned))

    def _event(self, event: Bean) -> Bean | None:
        """The definition that is new here; None when it is known. TypeDefConflictError when it is another type."""
        section = event["typeDefEventSection"]
        types = self._parts.types
        typedef = definition(event)
        if typedef is not None:
            if types.learn(typedef):
                return typedef
            self._verify(typedef)
            return None
        patch = section.get("typeDefPatch")
        if patch is not None:
            before = types.types.typedef(patch["typeDefGUID"])
            after = types.types.apply_patch(patch)
            return after if after is not before else None
        log.info("cohort %s: %s is only noted", self._cohort, section.get("typeDefEventType"))
        return None

    def _verify(self, typedef: Bean) -> None:
        types = self._parts.types.types
        known = types.typedef(typedef["guid"])
        if known is not None and known["name"] != typedef["name"]:
            raise TypeDefConflictError(
                f"type {typedef['name']} ({typedef['guid']}) is known here as {known['name']}", guid=typedef["guid"]
            )
        if known is not None and typedef.get("version", 0) == known.get("version", 0):
            types.verify_typedef(typedef)

    # ---- outbound --------------------------------------------------------------------------------------------------

    async def announce_missing(self) -> None:
        """Publish every type that nobody has announced in this cohort yet, in an order that each can be taken in."""
        announced = await asyncio.to_thread(self._announced)
        missing = [t for t in self._parts.types.all() if (t["guid"], t.get("version", 0)) not in announced]
        await self.announce(missing)

    def _announced(self) -> set[tuple[str, int]]:
        found = set()
        for message in read_all(self._parts.conf, self._wire.types_topic, 1):
            try:
                typedef = definition(self._parts.codec.decode(message.value() or b""))
            except CodecError:
                continue  # the agent that reads this topic sends it to the dead letters
            if typedef is not None:
                found.add((typedef["guid"], typedef.get("version", 0)))
        return found

    async def announce(self, typedefs: Sequence[Bean]) -> None:
        originator, now = self._parts.local.originator(), now_ms()
        events = [type_event(typedef, originator, now) for typedef in typedefs]
        await self._parts.producer.send_batch([self._wire.type(event, str(uuid4())) for event in events])


def now_ms() -> int:
    return int(time.time() * 1000)

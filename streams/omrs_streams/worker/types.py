"""The TypeDefs of a server: the configured release plus what was added or learned, kept on the server's types topic.

Every worker reads that topic, and only from there do its types change (cohort/type_fold.py).
"""

import asyncio
import json
import logging
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from omrs_schemas.codec import EventCodec
from omrs_schemas.errors import ConfigurationError, OmrsError
from omrs_schemas.typedefs.links import by_dependence
from omrs_schemas.typedefs.system import TypeSystem
from omrs_streams.cohort.type_events import NATIVE, NONE
from omrs_streams.cohort.type_fold import TypeFold, record_key
from omrs_streams.log.names import server_types
from omrs_streams.log.producer import LogProducer, Outgoing
from omrs_streams.log.view import Change, TopicView
from omrs_streams.repository.local import Bean
from omrs_streams.settings import BUILTIN_TYPES

log = logging.getLogger(__name__)


def load_release(types: str) -> TypeSystem:
    """The type release of the configuration: `builtin`, or the path of a types archive."""
    if types == BUILTIN_TYPES:
        return TypeSystem.builtin()
    try:
        return TypeSystem.from_archive(json.loads(Path(types).read_text()))
    except (OSError, ValueError) as error:
        raise ConfigurationError(
            f"types archive {types} cannot be read: {error}", help="give `builtin` or the path of an .omarchive file"
        ) from error


def take_in(types: TypeSystem, codec: EventCodec, topic: str, changes: Iterable[Change]) -> TypeFold:
    """Add what a types topic holds, in whatever order compaction left it.

    What cannot be used is logged and left out; the topic is this server's own, so that is a defect or a foreign hand.
    """
    fold = TypeFold(types)
    _apply(fold, codec, topic, changes)
    for event in fold.waiting.values():
        log.warning("%s: %s waits for types or versions that are not there", topic, record_key(event))
    return fold


def _apply(fold: TypeFold, codec: EventCodec, topic: str, changes: Iterable[Change]) -> None:
    for key, value, offset in changes:
        if value is None:
            continue
        try:
            faults = fold.apply(codec.decode(value))
        except OmrsError as error:
            faults = [error]
        for fault in faults:
            log.error("%s@%d (type %s) cannot be used: %s", topic, offset, key, fault)


class ServerTypes:
    """The types of a server at one worker: those known, and which of them are active.

    Our store takes instances of every type that is known, so all are active, also those of the reference copies that a
    repository proxy keeps; `supported` names the ones that the technology behind a proxy has. Without a local
    repository no type is active. All of that follows from the configuration, so nothing of it is stored.
    """

    def __init__(
        self,
        conf: dict[str, Any],
        server: str,
        types: TypeSystem,
        codec: EventCodec,
        producer: LogProducer,
        repository: str = NATIVE,
    ) -> None:
        self.release = types.copy()
        self.fold = TypeFold(types)
        self.types = types
        self.repository = repository
        self.supported: frozenset[str] = frozenset()
        # Held from the keeping of a change made here until the cohorts were told of it: who compares what is known here
        # with what a cohort was told must not look in between.
        self.changing = asyncio.Lock()
        self.topic = server_types(server)
        self.view = TopicView(conf, self.topic, self._apply)
        self._codec = codec
        self._producer = producer

    def _apply(self, changes: list[Change]) -> None:
        _apply(self.fold, self._codec, self.topic, changes)

    def of_release(self, guid: str) -> bool:
        """Whether the configured release has the TypeDef or AttributeTypeDef."""
        return self.release.typedef(guid) is not None or self.release.attribute_typedef(guid) is not None

    def active(self, guid: str, name: str) -> bool:
        """Whether instances of this type can be held here; the type may be named as it was before."""
        known = self.types.typedef(guid)
        return known is not None and self.types.typedef_by_name(name) is known and self.repository != NONE

    def supports(self, name: str) -> bool:
        """Whether the repository, or the technology behind it, has instances of the type, given that it is known."""
        return self.repository == NATIVE or (self.repository != NONE and name in self.supported)

    async def keep(self, records: Sequence[Bean]) -> None:
        """Write TypeDef events to the types topic; returns when they have changed the types of this worker."""
        outgoing: list[Outgoing] = [
            (self.topic, 0, record_key(event).encode(), self._codec.encode(event), []) for event in records
        ]
        offsets = await self._producer.send_batch(outgoing)
        if offsets:
            await self.view.passed(max(offsets))

    def all(self) -> list[Bean]:
        """Every type, attribute types first, each after those it is built on."""
        return [*self.types.attribute_typedefs(), *by_dependence(self.types.typedefs())]

"""The TypeDefs of a server: the configured release plus what was added or learned, kept on the server's types topic."""

import json
import logging
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from omrs_schemas.codec import EventCodec
from omrs_schemas.errors import ConfigurationError, OmrsError
from omrs_schemas.typedefs.links import by_dependence
from omrs_schemas.typedefs.system import TypeSystem
from omrs_streams.log.names import server_types
from omrs_streams.log.producer import LogProducer, Outgoing
from omrs_streams.log.view import Change, TopicView
from omrs_streams.repository.local import Bean
from omrs_streams.settings import BUILTIN_TYPES

log = logging.getLogger(__name__)

ATTRIBUTE_CLASSES = frozenset({"PrimitiveDef", "CollectionDef", "EnumDef"})


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


def type_event(typedef: Bean, originator: Bean, now: int) -> Bean:
    """NEW_TYPEDEF_EVENT or NEW_ATTRIBUTE_TYPEDEF_EVENT with the whole definition (OMRS events § 4)."""
    attribute = typedef["class"] in ATTRIBUTE_CLASSES
    return {
        "class": "OMRSEventV1",
        "protocolVersionId": "OMRS V1.0",
        "timestamp": now,
        "originator": originator,
        "eventCategory": "TYPEDEF",
        "typeDefEventSection": {
            "typeDefEventType": "NEW_ATTRIBUTE_TYPEDEF_EVENT" if attribute else "NEW_TYPEDEF_EVENT",
            ("attributeTypeDef" if attribute else "typeDef"): typedef,
        },
    }


def definition(event: Bean) -> Bean | None:
    """The type that a NEW_… event defines."""
    section = event.get("typeDefEventSection") or {}
    found: Bean | None = section.get("typeDef") or section.get("attributeTypeDef")
    return found


def type_key(typedef: Bean) -> str:
    return str(typedef["guid"])


def learn(types: TypeSystem, typedef: Bean) -> bool:
    """Add a definition to `types`; False when it was known. Raises the errors of types.md § 4."""
    if typedef["class"] in ATTRIBUTE_CLASSES:
        if types.attribute_typedef(typedef["guid"]) is not None:
            return False
        types.add_attribute_typedef(typedef)
        return True
    known = types.typedef(typedef["guid"])
    if known is None:
        types.add_typedef(typedef)
        return True
    if typedef.get("version", 0) > known.get("version", 0):
        types.replace_typedef(typedef)
        return True
    return False


def take_in(types: TypeSystem, codec: EventCodec, topic: str, changes: Iterable[Change]) -> None:
    """Add the definitions of a types topic in whatever order compaction left them: a type waits for its super type.

    What cannot be used is logged and left out; the topic is this server's own, so that is a defect or a foreign hand.
    """
    waiting: list[Bean] = []
    for key, value, offset in changes:
        if value is None:
            continue
        try:
            found = definition(codec.decode(value))
        except OmrsError as error:
            log.error("%s@%d (type %s) is skipped: %s", topic, offset, key, error)
            continue
        if found is not None:
            waiting.append(found)
    while waiting:
        left: list[tuple[Bean, OmrsError]] = []
        for typedef in waiting:
            try:
                learn(types, typedef)
            except OmrsError as error:
                left.append((typedef, error))
        if len(left) == len(waiting):
            for typedef, reason in left:
                log.error("type %s of %s cannot be used: %s", typedef.get("name"), topic, reason)
            return
        waiting = [typedef for typedef, _ in left]


class ServerTypes:
    """The type system of a worker: the release, and the `types` topic that every worker of the server reads."""

    def __init__(
        self, conf: dict[str, Any], server: str, types: TypeSystem, codec: EventCodec, producer: LogProducer
    ) -> None:
        self.types = types
        self.topic = server_types(server)
        self.view = TopicView(conf, self.topic, self._apply)
        self._codec = codec
        self._producer = producer

    def _apply(self, changes: list[Change]) -> None:
        take_in(self.types, self._codec, self.topic, changes)

    def learn(self, typedef: Bean) -> bool:
        """Add a definition; False when it was known. Raises the errors of types.md § 4."""
        return learn(self.types, typedef)

    async def keep(self, typedefs: Sequence[Bean], originator: Bean, now: int) -> None:
        """Write definitions to the types topic, in an order in which each finds what it refers to."""
        records: list[Outgoing] = [
            (self.topic, 0, type_key(typedef).encode(), self._codec.encode(type_event(typedef, originator, now)), [])
            for typedef in typedefs
        ]
        offsets = await self._producer.send_batch(records)
        if offsets:
            await self.view.passed(max(offsets))

    def all(self) -> Iterable[Bean]:
        """Every type, attribute types first, each after those it is built on."""
        yield from self.types.attribute_typedefs()
        yield from by_dependence(self.types.typedefs())

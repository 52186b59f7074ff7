"""The types a command needs to decode what is on some topics."""

import difflib
import logging
import re
from collections.abc import Callable, Iterable

from omrs_schemas.codec import EventCodec
from omrs_schemas.codec.egeria_json import loads
from omrs_schemas.errors import OmrsError, TypeDefNotKnownError
from omrs_schemas.typedefs.system import TypeSystem
from omrs_streams.cohort.type_announcing import Announced
from omrs_streams.log import names
from omrs_streams.log.consumer import read_all
from omrs_streams.log.kafka import KafkaSettings
from omrs_streams.log.roles import COHORT, SERVER, role_of
from omrs_streams.repository.local import Bean
from omrs_streams.worker.types import load_release, take_in

log = logging.getLogger(__name__)

_GUID = re.compile(r"[0-9A-Za-z]{8}-[0-9A-Za-z-]{20,}")


def topic_types(kafka: KafkaSettings, topics: Iterable[str], release: str, existing: Iterable[str]) -> TypeSystem:
    """The types of a release and what the servers and cohorts that own `topics` added to it.

    `existing` are the topics of the cluster. Raises ConfigurationError for a release that cannot be read.
    """
    types = load_release(release)
    codec = EventCodec(types)
    there = set(existing)
    for source in sorted({found for topic in topics if (found := _source(topic)) in there}):
        messages = read_all(kafka.bulk_consumer("omrs.topics"), source, 1)
        role = role_of(source)
        if role.owned_by == COHORT:
            decode = loads if role.root else codec.decode
            _follow(types, (message.value() for message in messages), decode)
            continue
        changes = [
            ((message.key() or b"").decode(errors="replace"), message.value(), message.offset() or 0)
            for message in messages
        ]
        take_in(types, codec, source, changes)
    return types


def _follow(types: TypeSystem, values: Iterable[bytes | None], decode: Callable[[bytes], Bean]) -> None:
    """What members announced, as far as it fits the release: as a member of the cohort takes it in."""
    announced = Announced(types)
    for value in values:
        try:
            announced.take(decode(value or b""))
        except OmrsError as error:
            log.debug("a type event is passed over: %s", error)


def _source(topic: str) -> str:
    """The topic with the types of the owner of `topic`."""
    role = role_of(topic)
    if role.owned_by == SERVER:
        return names.server_types(role.owner)
    if role.root:
        return names.egeria_types(role.owner, role.root)
    return names.cohort_types(role.owner) if role.owned_by == COHORT else ""


def find_types(types: TypeSystem, wanted: Iterable[str], *, subtypes: bool) -> tuple[frozenset[str], frozenset[str]]:
    """(guids, names of the classifications among them) of types given by name or guid.

    A guid that is not known is taken as it is. TypeDefNotKnownError for a name that is not, with names like it.
    """
    guids: set[str] = set()
    for each in wanted:
        typedef = types.typedef(each) or types.typedef_by_name(each)
        if typedef is not None:
            guids |= types.subtype_guids(typedef["guid"]) if subtypes else {typedef["guid"]}
        elif (attribute := types.attribute_typedef(each) or types.attribute_typedef_by_name(each)) is not None:
            guids.add(attribute["guid"])
        elif _GUID.fullmatch(each):
            guids.add(each)
        else:
            known = [typedef["name"] for typedef in types.typedefs()]
            near = difflib.get_close_matches(each, known, 3, 0.6)
            raise TypeDefNotKnownError(
                f"there is no type {each!r}",
                help=f"did you mean {', '.join(near)}?" if near else "give the name or guid of a type, or --types",
                name=each,
            )
    definitions = [typedef for guid in guids if (typedef := types.typedef(guid)) is not None]
    return frozenset(guids), frozenset(each["name"] for each in definitions if each["class"] == "ClassificationDef")

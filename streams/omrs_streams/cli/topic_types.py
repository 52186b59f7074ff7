"""The types a command needs to decode what is on some topics."""

import difflib
import re
from collections.abc import Iterable

from omrs_schemas.codec import EventCodec
from omrs_schemas.errors import TypeDefNotKnownError
from omrs_schemas.typedefs.system import TypeSystem
from omrs_streams.log import names
from omrs_streams.log.consumer import read_all
from omrs_streams.log.kafka import KafkaSettings
from omrs_streams.log.roles import COHORT, SERVER, role_of
from omrs_streams.worker.types import load_release, take_in

_GUID = re.compile(r"[0-9A-Za-z]{8}-[0-9A-Za-z-]{20,}")


def topic_types(kafka: KafkaSettings, topics: Iterable[str], release: str, existing: Iterable[str]) -> TypeSystem:
    """The types of a release and what the servers and cohorts that own `topics` added to it.

    `existing` are the topics of the cluster. Raises ConfigurationError for a release that cannot be read.
    """
    types = load_release(release)
    codec = EventCodec(types)
    there = set(existing)
    for source in sorted({found for topic in topics if (found := _source(topic)) in there}):
        changes = [
            ((message.key() or b"").decode(errors="replace"), message.value(), message.offset() or 0)
            for message in read_all(kafka.bulk_consumer("omrs.topics"), source, 1)
        ]
        take_in(types, codec, source, changes)
    return types


def _source(topic: str) -> str:
    """The topic with the types of the owner of `topic`."""
    role = role_of(topic)
    if role.owned_by == SERVER:
        return names.server_types(role.owner)
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

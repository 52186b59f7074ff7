"""The index entries of an instance: a pure function of its guid, type and decoded payloads.

Entities and relationships are indexed by type and by property, entities by classification, relationships by both ends.
Soft-deleted instances stay (queries may ask for DELETED). Proxies and tombstones have no entries: they are never found.
"""

from collections.abc import Iterable, Iterator, Mapping
from functools import lru_cache
from typing import Any

from omrs_schemas.errors import CodecError
from omrs_streams.fold.meta import PROXY, RELATIONSHIP, TOMBSTONE, StateMeta
from omrs_streams.fold.overlay import merge_classifications
from omrs_streams.store import keys
from omrs_streams.store.encoding import encode

Record = Mapping[str, Any]
"""An Avro InstanceEvent as the codec's `decode_record` reads it."""

Entries = dict[bytes, bytes]

NOTHING = b""


def index_entries(guid: str, meta: StateMeta, base: Record, overlay: Iterable[Record]) -> Entries:
    """Key → value of every index entry that `guid` has in the state `meta` with these payloads.

    CodecError for a payload that can be decoded and is of another shape all the same: such a record is on the log for
    ever, and must not keep a store from opening.
    """
    try:
        return _entries(guid, meta, base, overlay)
    except (AttributeError, LookupError, TypeError, ValueError) as error:
        raise CodecError(
            f"the payload of {guid} cannot be indexed: {type(error).__name__}: {str(error)[:200]}", guid=guid
        ) from error


def _entries(guid: str, meta: StateMeta, base: Record, overlay: Iterable[Record]) -> Entries:
    flags = meta.flags
    if flags & (TOMBSTONE | PROXY):
        return {}
    instance = base.get("relationship" if flags & RELATIONSHIP else "entity")
    if instance is None:
        return {}
    tail = guid.encode()
    entries: Entries = dict.fromkeys(property_keys(instance.get("properties"), tail), NOTHING)
    entries[_stem(keys.BY_TYPE, meta.type_guid) + tail] = NOTHING
    if flags & RELATIONSHIP:
        for field in ("entityOneProxy", "entityTwoProxy"):
            end = (instance.get(field) or {}).get("guid")
            if end:
                entries[keys.BY_END + keys.part(end) + tail] = meta.type_guid.encode()
        return entries
    classifications = instance.get("classifications")
    if classifications or overlay:
        for classification in merge_classifications(classifications or (), overlay, instance):
            if classification.get("name"):
                entries[_stem(keys.BY_CLASSIFICATION, classification["name"]) + tail] = NOTHING
    return entries


def property_keys(properties: Mapping[str, Any] | None, tail: bytes) -> Iterator[bytes]:
    """The key of each property that is a single value; arrays, maps and structs are left to scans.

    Of a TypedValue it is the primitive or the enum's ordinal, as it is where the value is plain.
    """
    for name, value in ((properties or {}).get("values") or {}).items():
        if type(value) is dict:
            if type(value.get("type")) is not dict:
                continue  # a plain map
            value = value.get("ordinal" if value.get("class") == "EnumPropertyValue" else "primitiveValue")
        encoded = encode(value)
        if encoded is not None:
            yield _stem(keys.BY_PROPERTY, name) + encoded + tail


@lru_cache(4_096)  # types have some hundred attribute names, classification names and guids; the text may be foreign
def _stem(index: bytes, text: str) -> bytes:
    return index + keys.part(text)

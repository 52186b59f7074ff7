"""The index entries of an instance: a pure function of its guid, type and decoded payloads.

Entities and relationships are indexed by type and by property, entities by classification, relationships by both ends.
Soft-deleted instances stay (queries may ask for DELETED). Proxies and tombstones have no entries: they are never found.
"""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from omrs_streams.fold.meta import PROXY, RELATIONSHIP, TOMBSTONE, StateMeta
from omrs_streams.fold.overlay import merge_classifications
from omrs_streams.store import keys
from omrs_streams.store.encoding import Scalar, encode

Record = Mapping[str, Any]
"""An Avro InstanceEvent as the codec's `decode_record` reads it."""

Entries = dict[bytes, bytes]

NOTHING = b""


def index_entries(guid: str, meta: StateMeta, base: Record, overlay: Iterable[Record]) -> Entries:
    """Key → value of every index entry that `guid` has in the state `meta` with these payloads."""
    if meta.flags & (TOMBSTONE | PROXY):
        return {}
    instance = base.get("relationship" if meta.flags & RELATIONSHIP else "entity")
    if instance is None:
        return {}
    tail = guid.encode()
    entries: Entries = {keys.BY_TYPE + keys.part(meta.type_guid) + tail: NOTHING}
    for name, value in property_terms(instance.get("properties")):
        encoded = encode(value)
        if encoded is not None:
            entries[keys.BY_PROPERTY + keys.part(name) + encoded + tail] = NOTHING
    if meta.flags & RELATIONSHIP:
        for field in ("entityOneProxy", "entityTwoProxy"):
            end = (instance.get(field) or {}).get("guid")
            if end:
                entries[keys.BY_END + keys.part(end) + tail] = meta.type_guid.encode()
    else:
        for classification in merge_classifications(instance.get("classifications") or (), overlay):
            if classification.get("name"):
                entries[keys.BY_CLASSIFICATION + keys.part(classification["name"]) + tail] = NOTHING
    return entries


def property_terms(properties: Mapping[str, Any] | None) -> Iterator[tuple[str, Scalar]]:
    """Attribute name and value of each property that is a single value; arrays, maps and structs are left to scans."""
    for name, value in ((properties or {}).get("values") or {}).items():
        if isinstance(value, dict):
            value = _typed(value)
        if isinstance(value, str | int | float):
            yield name, value


def _typed(value: Mapping[str, Any]) -> object:
    """The single value of a TypedValue record (an enum's is its ordinal); None for a collection and for a plain map."""
    if not isinstance(value.get("type"), dict):
        return None
    return value.get("ordinal" if value.get("class") == "EnumPropertyValue" else "primitiveValue")

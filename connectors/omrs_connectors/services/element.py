"""`Element` and `Relation`: one shape for everything that typed calls answer, whatever its type."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

from omrs_schemas.model.values import from_properties
from omrs_streams.client.instances import Entity, Relationship

P = TypeVar("P")
Plain = dict[str, Any]
"""Properties by their attribute names, as Python values."""


@dataclass(frozen=True, slots=True)
class Element(Generic[P]):
    """An entity as it is now. `properties` are what the call that answered it deals in: a class of properties, or
    plain values by attribute name. Dates are epoch milliseconds.
    """

    guid: str
    type_name: str
    properties: P
    status: str
    version: int
    classifications: Mapping[str, Plain]
    """Properties of each classification, by its name."""
    home: str
    """The id of the metadata collection, or the guid of the external source, that the element is at home in."""
    anchor_guid: str | None = None
    """The element that this one comes and goes with; None where it stands on its own."""
    relation_guid: str | None = field(default=None, compare=False)
    """The relationship that it was reached by, where it was looked for from another element."""


@dataclass(frozen=True, slots=True)
class Relation(Generic[P]):
    """A relationship: `first` and `second` in the order of the call that answered it."""

    guid: str
    type_name: str
    first: str
    second: str
    properties: P
    status: str


@dataclass(frozen=True, slots=True)
class RelatedElement(Generic[P]):
    """An element, and the relationship by which it was reached."""

    element: Element[P]
    relation: Relation[P]


def plain_relation(relationship: Relationship) -> Relation[Plain]:
    """The relationship with its properties by attribute name; `first` is end 1."""
    end1, end2 = ends_of(relationship)
    return Relation(
        guid=relationship.guid,
        type_name=relationship.type_name,
        first=end1,
        second=end2,
        properties=relationship.plain_properties,
        status=str(relationship.get("status", "")),
    )


def classifications_of(entity: Mapping[str, Any]) -> dict[str, Plain]:
    """The properties of each classification of an entity bean, by name."""
    return {one["name"]: from_properties(one.get("properties")) for one in entity.get("classifications") or ()}


def element_of(entity: Entity, properties: P, *, relation_guid: str | None = None) -> Element[P]:
    """The entity with `properties` made of it."""
    classifications = classifications_of(entity)
    return Element(
        guid=entity.guid,
        type_name=entity.type_name,
        properties=properties,
        status=str(entity.get("status", "")),
        version=entity.version,
        classifications=classifications,
        home=str(entity.get("metadataCollectionId", "")),
        anchor_guid=anchor_in(classifications),
        relation_guid=relation_guid,
    )


def plain_element(entity: Entity, *, relation_guid: str | None = None) -> Element[Plain]:
    """The entity with its properties by attribute name."""
    return element_of(entity, entity.plain_properties, relation_guid=relation_guid)


def proxy_element(proxy: Mapping[str, Any], *, relation_guid: str | None = None) -> Element[Plain]:
    """An element of which only a proxy is here: its header, classifications and unique properties."""
    classifications = classifications_of(proxy)
    return Element(
        guid=str(proxy["guid"]),
        type_name=str(proxy["type"]["typeDefName"]),
        properties=from_properties(proxy.get("uniqueProperties")),
        status=str(proxy.get("status", "")),
        version=int(proxy.get("version", 0)),
        classifications=classifications,
        home=str(proxy.get("metadataCollectionId", "")),
        anchor_guid=anchor_in(classifications),
        relation_guid=relation_guid,
    )


def anchor_in(classifications: Mapping[str, Plain]) -> str | None:
    """The guid in an Anchors classification."""
    guid = classifications.get("Anchors", {}).get("anchorGUID")
    return str(guid) if guid else None


def ends_of(relationship: Relationship) -> tuple[str, str]:
    """The guids of end 1 and end 2."""
    return str(relationship["entityOneProxy"]["guid"]), str(relationship["entityTwoProxy"]["guid"])

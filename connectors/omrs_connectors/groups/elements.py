"""Writing elements that may be there already."""

from collections.abc import Mapping
from typing import Any

from omrs_streams.client import Entity, MetadataClient, Relationship

Bean = dict[str, Any]


def ensure(client: MetadataClient, type_name: str, qualified_name: str, properties: Mapping[str, Any]) -> str:
    """The guid of the element of that name; one made with `properties` where there is none."""
    found = client.find_by_unique_name(type_name, "qualifiedName", qualified_name)
    if found is None:
        found = client.add_entity(type_name, {"qualifiedName": qualified_name, **properties})
    return found.guid


def update(client: MetadataClient, entity: Entity, said: Mapping[str, Any]) -> None:
    """Writes `said` where it differs from what the entity has; None takes a property away."""
    merged = _merged(entity, said)
    if merged != entity.plain_properties:
        client.update_entity_properties(entity.guid, merged, type_name=entity.type_name)


def update_link(client: MetadataClient, link: Relationship, said: Mapping[str, Any]) -> None:
    """As `update`, for a relationship."""
    merged = _merged(link, said)
    if merged != link.plain_properties:
        client.update_relationship_properties(link.guid, merged, type_name=link.type_name)


def link(client: MetadataClient, type_name: str, one: str, other: str, *, first_type: str) -> str:
    """Links two elements in the order that the release has. `first_type`: the type of the end that `one` is."""
    typedef = client.types.require(name=type_name)
    in_order = typedef["endDef1"]["entityType"]["name"] == first_type
    return client.add_relationship(type_name, one if in_order else other, other if in_order else one).guid


def _merged(instance: Entity | Relationship, said: Mapping[str, Any]) -> Bean:
    merged = {**instance.plain_properties, **said}
    return {name: value for name, value in merged.items() if value is not None}

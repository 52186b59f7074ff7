"""What the metadata server holds of a database, by the keys of its objects."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from omrs_connectors.builtin.parallel import in_parallel
from omrs_connectors.builtin.postgres.identity import database_entity, instances_of, keyed
from omrs_connectors.builtin.postgres.wanted import LinkKey
from omrs_connectors.builtin.postgres_catalog.names import RelationalNames
from omrs_schemas.model.values import from_properties
from omrs_streams.client import Entity, MetadataClient, Relationship

STEWARDED = frozenset({"steward", "source", "confidence"})
"""A foreign key that somebody else stands for, in the database or not, says so; it is left alone."""


@dataclass(slots=True)
class HeldEntity:
    guid: str
    type_name: str
    properties: dict[str, Any]
    classifications: dict[str, dict[str, Any]]

    @classmethod
    def of(cls, entity: Entity) -> "HeldEntity":
        found = {each["name"]: from_properties(each.get("properties")) for each in entity.get("classifications") or ()}
        return cls(entity.guid, entity.type_name, entity.plain_properties, found)


@dataclass(slots=True)
class HeldLink:
    guid: str
    properties: dict[str, Any]


@dataclass(slots=True)
class Held:
    """Entries of one table are only touched by the job of that table."""

    entities: dict[str, HeldEntity] = field(default_factory=dict)
    links: dict[LinkKey, HeldLink] = field(default_factory=dict)


def load(
    client: MetadataClient, names: RelationalNames, root: str, instance: str, page_size: int, parallelism: int
) -> Held:
    """Finds everything that is known by a key below `root`: a paged find per type, then the links of each element."""
    held = Held()
    database = database_entity(client, names, root, page_size)
    if database is not None:
        held.entities[root] = HeldEntity.of(database)
    instances = instances_of(database, names, instance)
    for type_name in ("DeployedDatabaseSchema", "RelationalDBSchemaType", "RelationalTable", "RelationalColumn"):
        for key, entity in keyed(client, type_name, root, instances, page_size):
            # Twice the same key: two daemons made it at once. One stays, the other is one that nobody wants.
            held.entities[key if key not in held.entities else f"{key}#{entity.guid}"] = HeldEntity.of(entity)
    keys = {entity.guid: key for key, entity in held.entities.items()}
    kinds = {names.data_set_content, names.asset_schema, "AttributeForSchema", "NestedSchemaAttribute", "ForeignKey"}
    for link in _links(client, held, parallelism):
        if link.type_name not in kinds or link.plain_properties.keys() & STEWARDED:
            continue
        ends = keys.get(link["entityOneProxy"]["guid"]), keys.get(link["entityTwoProxy"]["guid"])
        if ends[0] is not None and ends[1] is not None:
            linked = (link.type_name, ends[0], ends[1])
            held.links.setdefault(linked, HeldLink(link.guid, link.plain_properties))
    return held


def _links(client: MetadataClient, held: Held, parallelism: int) -> Iterator[Relationship]:
    """Each is asked for at the end that has few: a schema type has many tables, but tables have one schema type."""
    asked = ("DeployedDatabaseSchema", "RelationalTable")

    def of(entity: HeldEntity) -> Sequence[Relationship]:
        return client.relationships_of(entity.guid)

    for links in in_parallel(of, (each for each in held.entities.values() if each.type_name in asked), parallelism):
        yield from links
    if any(entity.type_name == "RelationalColumn" for entity in held.entities.values()):
        yield from client.iter_relationships("ForeignKey")

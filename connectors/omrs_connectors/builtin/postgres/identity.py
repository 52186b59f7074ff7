"""What an object of PostgreSQL is known by in metadata: a key of numbers that no rename changes.

The key stands in `identifier`, or where the release has no such attribute (4.x) in `additionalProperties`.
"""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from omrs_connectors.builtin.postgres_catalog.catalogue import DatabaseRow
from omrs_connectors.builtin.postgres_catalog.names import RelationalNames
from omrs_schemas.typedefs.system import TypeSystem
from omrs_streams.client import Entity, MetadataClient, starts_with

FACT = "postgresId"
ATTRIBUTE = "identifier"


def key_of(*path: object) -> str:
    """The key of the object at `path`, which begins with that of its database."""
    return "/".join(map(str, path))


def identified(row: DatabaseRow, instance: str) -> DatabaseRow:
    """Where the cluster's own identifier may not be read, the name of the database server stands for it."""
    return row if row.system else replace(row, system=instance)


def database_key(row: DatabaseRow) -> str:
    """`row.system` must tell the cluster: another cluster's database of the same oid is another database."""
    return key_of("postgresql", row.system, row.oid)


def table_key(database: str, oid: int) -> str:
    return key_of(database, "table", oid)


def column_key(database: str, table: int, number: int) -> str:
    return key_of(database, "column", table, number)


def has_identifier(types: TypeSystem) -> bool:
    return ATTRIBUTE in types.attributes("RelationalTable")


def with_key(properties: dict[str, Any], key: str, *, identifier: bool) -> dict[str, Any]:
    """The properties of an element that is known by `key`."""
    if identifier:
        return {**properties, ATTRIBUTE: key}
    return {**properties, "additionalProperties": {**properties.get("additionalProperties", {}), FACT: key}}


def key_in(properties: dict[str, Any]) -> str:
    """The key of the element that has these properties; empty for one that is none of ours."""
    return str(properties.get(ATTRIBUTE) or (properties.get("additionalProperties") or {}).get(FACT) or "")


def keyed(
    client: MetadataClient,
    type_name: str,
    root: str,
    instances: frozenset[str],
    page_size: int,
    classifications: tuple[str, ...] | None = None,
) -> Iterator[tuple[str, Entity]]:
    """The elements of a type below the key `root`, with their keys. `instances`: names of the database server that
    their qualified names may hold, for releases in which keys cannot be searched."""
    if has_identifier(client.types):
        conditions = [{ATTRIBUTE: starts_with(f"{root}/")}]
    else:
        conditions = [{"qualifiedName": starts_with(f"{type_name}::{instance}::")} for instance in sorted(instances)]
    for condition in conditions:
        for entity in client.iter_entities(type_name, condition, classifications=classifications, page_size=page_size):
            key = key_in(entity.plain_properties)
            if key.startswith(f"{root}/"):
                yield key, entity


def database_entity(client: MetadataClient, names: RelationalNames, root: str, page_size: int) -> Entity | None:
    """The database that is known by the key `root`."""
    for entity in client.iter_entities(names.database, page_size=page_size):
        if key_in(entity.plain_properties) == root:
            return entity
    return None


def instances_of(database: Entity | None, names: RelationalNames, instance: str) -> frozenset[str]:
    """The names that the database server has in qualified names: now, and when they were written."""
    written = database.plain_properties.get(names.instance) if database is not None else None
    return frozenset({instance, str(written)} if written else {instance})

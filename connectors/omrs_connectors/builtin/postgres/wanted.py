"""What metadata should say of a database: the mapping that the repository proxy has too, by keys instead of guids."""

from dataclasses import dataclass, field, replace

from omrs_connectors.builtin.postgres.identity import database_key, key_of, table_key, with_key
from omrs_connectors.builtin.postgres.options import PostgresOptions
from omrs_connectors.builtin.postgres_catalog.catalogue import Catalogue
from omrs_connectors.builtin.postgres_catalog.mapping import CatalogueMapping
from omrs_connectors.builtin.postgres_catalog.names import RelationalNames
from omrs_streams.proxy.interfaces import Mapped, MappedEntity, MappedRelationship

LinkKey = tuple[str, str, str]
"""Type of the relationship, keys of its ends. Two constraints over the same pair of columns are one link."""


@dataclass(slots=True)
class Part:
    """A table with its columns and the links to and from them, or the database with its schemas."""

    entities: dict[str, MappedEntity] = field(default_factory=dict)
    links: dict[LinkKey, MappedRelationship] = field(default_factory=dict)
    anchors: dict[str, str] = field(default_factory=dict)
    """key of an element -> key of the schema that it belongs to"""


@dataclass(slots=True)
class Wanted:
    """`frame`: the database and its schemas; `tables` by key; `scope`: keys of the tables looked at, None = all."""

    root: str
    frame: Part
    tables: dict[str, Part]
    scope: frozenset[str] | None


def wanted(
    names: RelationalNames, instance: str, catalogue: Catalogue, options: PostgresOptions, *, identifier: bool
) -> Wanted:
    """`catalogue.database.system` must be set; what the options leave out is not there."""
    catalogue = _chosen(catalogue, options)
    root = database_key(catalogue.database)
    mapping = CatalogueMapping(names, key_of, instance, catalogue.database, options.wants_schema)
    schema_of = {table.oid: table.schema_oid for table in catalogue.tables}
    frame = Part()
    tables: dict[str, Part] = {}
    for (kind, oid), instances in mapping.scopes(catalogue):
        if kind == "table":
            if oid in schema_of:
                anchor = key_of(root, "schema", schema_of[oid])
                _add(tables.setdefault(table_key(root, oid), Part()), instances, anchor, identifier)
        else:
            _add(frame, instances, key_of(root, "schema", oid) if kind == "schema" else "", identifier)
    scope = None if catalogue.asked is None else frozenset(table_key(root, oid) for oid in catalogue.asked)
    return Wanted(root, frame, tables, scope)


def _add(part: Part, instances: list[Mapped], anchor: str, identifier: bool) -> None:
    for each in instances:
        if isinstance(each, MappedEntity):
            properties = with_key(dict(each.properties), each.guid, identifier=identifier)
            part.entities[each.guid] = replace(each, properties=properties)
            if anchor and anchor != each.guid:
                part.anchors[each.guid] = anchor
        else:
            part.links.setdefault((each.type_name, each.end1, each.end2), each)


def _chosen(catalogue: Catalogue, options: PostgresOptions) -> Catalogue:
    names = {schema.oid: schema.name for schema in catalogue.schemas}
    tables = [table for table in catalogue.tables if options.wants_table(names[table.schema_oid], table.name)]
    kept = {table.oid for table in tables}
    return replace(
        catalogue,
        tables=tables,
        columns=[column for column in catalogue.columns if column.table_oid in kept],
        keys=[key for key in catalogue.keys if key.table_oid in kept],
    )

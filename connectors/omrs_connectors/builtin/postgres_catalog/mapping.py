"""From rows of the system catalogues to entities and relationships. Pure; identity is by oid, so a rename is an update.

| PostgreSQL | in the types of 6.x (of 4.x) |
|---|---|
| database | RelationalDatabase (Database) |
| schema | DeployedDatabaseSchema, by DataSetContent (DataContentForDataSet) of the database |
| | RelationalDBSchemaType, by Schema (AssetSchemaType) of the schema |
| table, view, … | RelationalTable, by AttributeForSchema of the schema type |
| column | RelationalColumn, by NestedSchemaAttribute of the table |
| primary key | classification PrimaryKey of its columns |
| foreign key | ForeignKey, from the referenced column to the referencing one |
"""

from collections import defaultdict
from collections.abc import Callable, Iterator
from typing import Any

from omrs_connectors.builtin.postgres_catalog.catalogue import (
    Catalogue,
    ColumnRow,
    DatabaseRow,
    KeyRow,
    SchemaRow,
    TableRow,
)
from omrs_connectors.builtin.postgres_catalog.comments import text_of
from omrs_connectors.builtin.postgres_catalog.names import RelationalNames
from omrs_streams.proxy.interfaces import Mapped, MappedEntity, MappedRelationship

KINDS = {
    "r": "table",
    "p": "partitioned table",
    "v": "view",
    "m": "materialized view",
    "f": "foreign table",
}

Scope = tuple[str, int]
"""Whose part of the catalogue an instance is: ("schema", oid), ("table", oid), or ("database", oid)."""

Guid = Callable[..., str]


class CatalogueMapping:
    """Maps what belongs to one database. `guid(*path)` is `ProxyContext.guid`."""

    def __init__(
        self, names: RelationalNames, guid: Guid, instance: str, database: DatabaseRow, wants: Callable[[str], bool]
    ) -> None:
        self._names = names
        self._instance = instance
        self._database = database
        self._wants = wants
        self._path = ("postgresql", database.system, database.oid)
        self._guid_of = guid

    def scopes(self, catalogue: Catalogue) -> Iterator[tuple[Scope, list[Mapped]]]:
        """Each part of the catalogue with its instances; a table that was asked for and is not there has none."""
        yield ("database", self._database.oid), [self._database_entity()]
        schemas = {schema.oid: schema for schema in catalogue.schemas}
        for schema in catalogue.schemas:
            yield ("schema", schema.oid), list(self._schema(schema))
        columns: dict[int, list[ColumnRow]] = defaultdict(list)
        keys: dict[int, list[KeyRow]] = defaultdict(list)
        for column in catalogue.columns:
            columns[column.table_oid].append(column)
        for key in catalogue.keys:
            keys[key.table_oid].append(key)
        found = set()
        for table in catalogue.tables:
            found.add(table.oid)
            of_table = self._table(schemas[table.schema_oid], table, columns[table.oid], keys[table.oid])
            yield ("table", table.oid), list(of_table)
        for oid in (catalogue.asked or frozenset()) - found:
            yield ("table", oid), []

    def _guid(self, *path: object) -> str:
        return self._guid_of(*self._path, *path)

    def _qualified(self, kind: str, *parts: str) -> str:
        return "::".join([kind, self._instance, self._database.name, *parts])

    # ---- database and schemas --------------------------------------------------------------------------------------

    def _database_entity(self) -> MappedEntity:
        names, row = self._names, self._database
        facts = {"owner": row.owner, "encoding": row.encoding}
        if not names.version:
            facts["serverVersion"] = row.server_version
        properties = {
            "qualifiedName": self._qualified(names.database),
            names.asset_name: row.name,
            names.resource_name: row.name,
            names.instance: self._instance,
            names.version: row.server_version,
            "description": text_of(row.comment),
            "deployedImplementationType": "PostgreSQL Relational Database",
            "additionalProperties": facts,
        }
        return MappedEntity(self._guid(), names.database, _given(properties), mapping={"oid": str(row.oid)})

    def _schema(self, row: SchemaRow) -> Iterator[Mapped]:
        names = self._names
        properties = {
            "qualifiedName": self._qualified("DeployedDatabaseSchema", row.name),
            names.asset_name: row.name,
            names.resource_name: row.name,
            "description": text_of(row.comment),
            "additionalProperties": {"owner": row.owner},
        }
        schema = MappedEntity(
            self._guid("schema", row.oid), "DeployedDatabaseSchema", _given(properties), mapping={"oid": str(row.oid)}
        )
        yield schema
        described = {
            "qualifiedName": self._qualified("RelationalDBSchemaType", row.name),
            "displayName": row.name,
        }
        structure = MappedEntity(self._guid("schema-type", row.oid), "RelationalDBSchemaType", described)
        yield structure
        ends = (self._guid(), schema.guid) if names.database_first else (schema.guid, self._guid())
        yield self._link(names.data_set_content, *ends)
        yield self._link(names.asset_schema, schema.guid, structure.guid)

    # ---- tables ----------------------------------------------------------------------------------------------------

    def _table(
        self, schema: SchemaRow, row: TableRow, columns: list[ColumnRow], keys: list[KeyRow]
    ) -> Iterator[Mapped]:
        names = self._names
        properties = {
            "qualifiedName": self._qualified("RelationalTable", schema.name, row.name),
            "displayName": row.name,
            "description": text_of(row.comment),
            "nativeClass": KINDS[row.kind],
            "additionalProperties": {"owner": row.owner},
        }
        classifications: dict[str, dict[str, Any]] = {
            "TypeEmbeddedAttribute": {"schemaTypeName": "RelationalTableType"}
        }
        if row.query is not None:
            classifications[names.view] = {names.view_query: row.query.strip()}
        table = MappedEntity(
            self._guid("table", row.oid), "RelationalTable", _given(properties), classifications, {"oid": str(row.oid)}
        )
        yield table
        yield self._link("AttributeForSchema", self._guid("schema-type", schema.oid), table.guid)
        primary = {number: key.name for key in keys if key.kind == "p" for number in key.columns}
        for column in columns:
            yield from self._column(schema, table, row, column, primary.get(column.number))
        for key in keys:
            if key.kind == "f" and key.other_schema is not None and self._wants(key.other_schema):
                yield from self._foreign_key(key)

    def _column(
        self, schema: SchemaRow, table: MappedEntity, of: TableRow, row: ColumnRow, key: str | None
    ) -> Iterator[Mapped]:
        position = row.number - 1
        on_entity = self._names.position == "entity"
        properties = {
            "qualifiedName": self._qualified("RelationalColumn", schema.name, of.name, row.name),
            "displayName": row.name,
            "description": text_of(row.comment),
            "isNullable": not row.required,
            "length": row.length,
            "precision": _precision(row.precision, as_text=on_entity),
            "position": position if on_entity else None,
            "additionalProperties": {"generated": row.generated} if row.generated else None,
        }
        embedded = {"schemaTypeName": "PrimitiveSchemaType", "dataType": row.data_type, "defaultValue": row.default}
        classifications: dict[str, dict[str, Any]] = {"TypeEmbeddedAttribute": _given(embedded)}
        if key is not None:
            classifications["PrimaryKey"] = {self._names.key_name: key}
        guid = self._guid("column", of.oid, row.number)
        yield MappedEntity(guid, "RelationalColumn", _given(properties), classifications)
        yield self._link("NestedSchemaAttribute", table.guid, guid, **({} if on_entity else {"position": position}))

    def _foreign_key(self, key: KeyRow) -> Iterator[Mapped]:
        for index, (number, other) in enumerate(zip(key.columns, key.other_columns, strict=True)):
            yield MappedRelationship(
                self._guid("foreign-key", key.oid, index),
                "ForeignKey",
                self._guid("column", key.other_table_oid, other),
                self._guid("column", key.table_oid, number),
                {self._names.key_name: key.name},
                {"oid": str(key.oid)},
            )

    def _link(self, type_name: str, end1: str, end2: str, **properties: Any) -> MappedRelationship:
        """A link whose guid follows from its ends."""
        return MappedRelationship(self._guid("link", type_name, end1, end2), type_name, end1, end2, properties)


def type_names(names: RelationalNames) -> frozenset[str]:
    """The types of the instances that the mapping makes."""
    return frozenset(
        {
            names.database,
            "DeployedDatabaseSchema",
            "RelationalDBSchemaType",
            "RelationalTable",
            "RelationalColumn",
            names.data_set_content,
            names.asset_schema,
            "AttributeForSchema",
            "NestedSchemaAttribute",
            "ForeignKey",
        }
    )


def _given(properties: dict[str, Any]) -> dict[str, Any]:
    """Without what has no value, and what the release has no attribute for."""
    return {name: value for name, value in properties.items() if name and value is not None}


def _precision(value: int | None, *, as_text: bool) -> int | str | None:
    return str(value) if as_text and value is not None else value

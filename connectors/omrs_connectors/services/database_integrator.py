"""Database Integrator: connectors and context for relational databases (integration § 11)."""

from dataclasses import dataclass
from typing import ClassVar

from omrs_connectors.sdk.connector import IntegrationConnector
from omrs_connectors.sdk.context import IntegrationContext
from omrs_connectors.services.base import FROM_THIRD_PARTY, IntegrationService, wiki_of
from omrs_connectors.services.below import SCHEMA_ATTRIBUTE
from omrs_connectors.services.classifying import MarkKind
from omrs_connectors.services.elements import Kind
from omrs_connectors.services.kinds import Mark
from omrs_connectors.services.naming import Link
from omrs_connectors.services.properties import Properties, called
from omrs_connectors.services.relations import LinkKind
from omrs_connectors.services.schemas import (
    AssetProperties,
    CapabilityProperties,
    DataSetProperties,
    LinkProperties,
    SchemaAttributeProperties,
    below_asset,
    embedded,
    schema_attributes,
)
from omrs_connectors.services.uses import query_targets


@dataclass(frozen=True, kw_only=True)
class DatabaseProperties(AssetProperties):
    """RelationalDatabase (6.x) / Database (4.x)."""

    path_name: str | None = None
    store_create_time: int | None = None
    store_update_time: int | None = None
    database_instance: str | None = called("databaseInstance", "instance")
    database_version: str | None = None
    imported_from: str | None = None


@dataclass(frozen=True, kw_only=True)
class ViewProperties(SchemaAttributeProperties):
    """RelationalTable with the classification CalculatedValue, and RelationalView in 4.x."""

    formula: str | None = called("formula", "expression")
    formula_type: str | None = None


@dataclass(frozen=True, kw_only=True)
class PrimaryKeyProperties(Properties):
    """PrimaryKey. `key_pattern`: LOCAL_KEY, NATURAL_KEY, STABLE_KEY …"""

    display_name: str | None = called("displayName", "name")
    key_pattern: str | None = None


@dataclass(frozen=True, kw_only=True)
class ForeignKeyProperties(LinkProperties):
    """ForeignKey."""

    confidence: int | None = None
    steward: str | None = None
    source: str | None = None


TABLE = embedded("RelationalTableType")


class DatabaseIntegratorContext(IntegrationContext):
    """Metadata of relational databases.

    A schema's parent is its database; tables and views hang below a schema (or a database that has none), columns below
    a table or view. A database is not deleted with its schemas: they are assets of their own, delete them first.
    """

    database_managers = Kind("database servers", CapabilityProperties, ("DatabaseManager",))
    databases = Kind("databases", DatabaseProperties, ("RelationalDatabase", "Database"))
    schemas = Kind(
        "schemas of databases",
        DataSetProperties,
        ("DeployedDatabaseSchema",),
        below=(Link(("DataSetContent", "DataContentForDataSet"), "Database", "DataSet"),),
    )
    tables = schema_attributes(
        "tables",
        "RelationalTable",
        schema_type="RelationalDBSchemaType",
        attribute_type="RelationalTableType",
        without=("CalculatedValue", "RelationalView"),
    )
    views = Kind(
        "views",
        ViewProperties,
        ("RelationalTable",),
        below=(SCHEMA_ATTRIBUTE,),
        through=below_asset("RelationalDBSchemaType"),
        marks=(
            TABLE,
            Mark(("CalculatedValue",), identifies=True),
            Mark(("RelationalView",)),
        ),
        anchored=True,
    )
    columns = schema_attributes("columns of tables and views", "RelationalColumn")
    primary_keys = MarkKind("columns that identify a row", PrimaryKeyProperties, ("PrimaryKey",))
    foreign_keys = LinkKind(
        "foreign keys: from the column that is referred to, to the column that refers",
        ForeignKeyProperties,
        Link(("ForeignKey",), "RelationalColumn", "RelationalColumn"),
    )
    query_targets = query_targets("what a view or its columns are made of")


class DatabaseIntegratorConnector(IntegrationConnector):
    """Runs under `database-integrator`."""

    service: ClassVar[str] = "database-integrator"
    context: DatabaseIntegratorContext


DATABASE = IntegrationService(
    id=4004,
    full_name="Database Integrator OMIS",
    url_marker="database-integrator",
    description="Catalogues relational databases: schemas, tables, views, columns and keys.",
    wiki=wiki_of("database-integrator"),
    partner="Data Manager OMAS",
    default_permitted_synchronization=FROM_THIRD_PARTY,
    connector_class=DatabaseIntegratorConnector,
    context_class=DatabaseIntegratorContext,
)

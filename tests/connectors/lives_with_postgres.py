"""A connector to PostgreSQL with its context, driven by hand; and what metadata says of a database, read back."""

import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, LiteralString, Protocol
from uuid import uuid4

from omrs_connectors.builtin.postgres.connector import PostgresConnector
from omrs_connectors.builtin.postgres_catalog.names import relational_names
from omrs_connectors.kit import MemoryServer
from omrs_connectors.sdk import ActivityReport, IntegrationConnector, IntegrationConnectorConfig, IntegrationContext
from omrs_connectors.sdk.config import Partner
from omrs_connectors.services.registry import service_of
from omrs_schemas.model.values import from_properties
from omrs_streams.client import Entity, MetadataClient
from postgres import PostgresServer
from shared_data import require_shared

CLEAR = {"allowClearPassword": True}
"""The tests' servers have a password that is no secret."""


class Metadata(Protocol):
    """The metadata server that a connector works with."""

    server: str
    url: str

    def client(self, user: str) -> MetadataClient: ...


class InMemory:
    """A metadata server in this process, as tests see one that runs by itself."""

    def __init__(self, types: str = "builtin") -> None:
        self.world = MemoryServer(types=types)
        self.server, self.url = self.world.partner.name, self.world.partner.url

    def client(self, user: str) -> MetadataClient:
        return self.world.client_of(user)


@contextmanager
def old_release() -> Iterator[InMemory]:
    """A metadata server with the types of release 4.2."""
    found = InMemory(str(require_shared("data", "archives", "OpenMetadataTypes-4.2.omarchive")))
    try:
        yield found
    finally:
        found.world.close()


class Life:
    """One life of a connector: what a daemon calls, without a daemon."""

    def __init__(
        self, metadata: Metadata, connector: IntegrationConnector, address: str, password: str = "", **config: Any
    ) -> None:
        connection: dict[str, Any] = {
            "class": "Connection",
            "connectorType": {"class": "ConnectorType", "connectorProviderClassName": "tests:one"},
            "endpoint": {"class": "Endpoint", "networkAddress": address},
            "configurationProperties": {**CLEAR, **config.pop("options", {})},
        }
        if password:
            connection["clearPassword"] = password
        connection |= config.pop("connection", {})
        given = {"connectorName": "one", "connection": connection, **config}
        self.config = IntegrationConnectorConfig.model_validate(given)
        self.connector = connector
        service = service_of(connector)
        self.context: IntegrationContext = service.context_class(
            self.config,
            Partner(metadata.server, metadata.url),
            metadata.client("erinoverview"),
            self.new_report(),
            default_permitted_synchronization=service.default_permitted_synchronization,
        )
        self.context.connect()
        connector.set_context(self.context)
        connector.initialize()
        connector.start()

    def new_report(self) -> ActivityReport:
        return ActivityReport(self.config.connector_id, self.config.connector_name, "test", int(time.time() * 1000))

    def refresh(self) -> ActivityReport:
        """One pass, and the report of it."""
        self.context.report = self.new_report()
        self.connector.refresh()
        return self.context.report


def postgres_life(
    metadata: Metadata, connector: IntegrationConnector, server: PostgresServer, database: str, **config: Any
) -> Life:
    return Life(metadata, connector, server.dsn(database), server.password, **config)


# ---- both sides, in the words of information_schema ----------------------------------------------------------------

_TABLES = """
select table_schema, table_name, table_type from information_schema.tables
 where table_schema not in ('pg_catalog', 'information_schema') and table_schema <> all(%(without)s)
"""
_COLUMNS = """
select table_schema, table_name, column_name, is_nullable = 'YES' from information_schema.columns
 where table_schema not in ('pg_catalog', 'information_schema') and table_schema <> all(%(without)s)
"""
_PRIMARY = """
select table_schema, table_name, column_name from information_schema.key_column_usage u
 where exists (select from information_schema.table_constraints c where c.constraint_type = 'PRIMARY KEY'
                and (c.constraint_schema, c.constraint_name) = (u.constraint_schema, u.constraint_name)
                and (c.table_schema, c.table_name) = (u.table_schema, u.table_name))
"""
_FOREIGN = """
select f.table_schema, f.table_name, f.column_name, p.table_schema, p.table_name, p.column_name
  from information_schema.referential_constraints r
  join information_schema.key_column_usage f
    on (f.constraint_schema, f.constraint_name) = (r.constraint_schema, r.constraint_name)
  join information_schema.key_column_usage p
    on (p.constraint_schema, p.constraint_name) = (r.unique_constraint_schema, r.unique_constraint_name)
   and p.ordinal_position = f.position_in_unique_constraint
"""


def source_facts(server: PostgresServer, database: str, without: tuple[str, ...] = ("omrs_catalog",)) -> Any:
    """What the database says of itself."""
    found: dict[str, set[Any]] = {}
    with server.connect(database) as connection:
        for kind, query in (("table", _TABLES), ("column", _COLUMNS), ("primary", _PRIMARY), ("foreign", _FOREIGN)):
            rows = connection.execute(query.encode(), {"without": list(without)}).fetchall()
            found[kind] = {tuple(row) for row in rows if row[0] not in (*without, "pg_catalog")}
        schemas = connection.execute(
            "select nspname::text from pg_namespace where nspname !~ '^pg_' and nspname <> 'information_schema'"
        ).fetchall()
    found["schema"] = {name for (name,) in schemas if name not in without}
    return found


def metadata_facts(client: MetadataClient, database_guid: str) -> Any:
    """The same of the metadata that hangs on the element of a database, found by its relationships alone."""
    names = relational_names(client.types)
    found: dict[str, set[Any]] = {kind: set() for kind in ("schema", "table", "column", "primary", "foreign")}
    columns: dict[str, tuple[str, str, str]] = {}
    schema_end = "entityTwoProxy" if names.database_first else "entityOneProxy"
    for schema in _ends(client, database_guid, names.data_set_content, schema_end):
        schema_name = _name(schema)
        found["schema"].add(schema_name)
        for structure in _ends(client, schema.guid, names.asset_schema, "entityTwoProxy"):
            for table in _ends(client, structure.guid, "AttributeForSchema", "entityTwoProxy"):
                kind = "VIEW" if names.view in _classifications(table) else "BASE TABLE"
                found["table"].add((schema_name, _name(table), kind))
                for column in _ends(client, table.guid, "NestedSchemaAttribute", "entityTwoProxy"):
                    path = (schema_name, _name(table), _name(column))
                    columns[column.guid] = path
                    found["column"].add((*path, column.plain_properties["isNullable"]))
                    if "PrimaryKey" in _classifications(column):
                        found["primary"].add(path)
    for guid, path in columns.items():
        for link in client.relationships_of(guid, "ForeignKey"):
            if link["entityTwoProxy"]["guid"] == guid:
                found["foreign"].add((*path, *columns[link["entityOneProxy"]["guid"]]))
    return found


def everything(client: MetadataClient, prefix: str) -> dict[str, Entity]:
    """Living elements of a server's databases by guid: no qualified name may come twice."""
    found = {}
    database = relational_names(client.types).database
    for type_name in (database, "DeployedDatabaseSchema", "RelationalDBSchemaType", "SchemaAttribute"):
        for entity in client.iter_entities(type_name):
            if f"::{prefix}::" in entity.plain_properties["qualifiedName"]:
                found[entity.guid] = entity
    names = Counter(entity.plain_properties["qualifiedName"] for entity in found.values())
    assert not [name for name, count in names.items() if count > 1]
    return found


def by_name(client: MetadataClient, prefix: str) -> dict[str, Entity]:
    """The same by what follows the server in the qualified name, with the kind: `RelationalTable shop::public::t`."""
    return {
        entity.plain_properties["qualifiedName"].replace(f"::{prefix}::", " ", 1): entity
        for entity in everything(client, prefix).values()
    }


def _ends(client: MetadataClient, guid: str, type_name: str, end: str) -> list[Entity]:
    links = client.relationships_of(guid, type_name)
    return [client.get_entity(link[end]["guid"]) for link in links if link[end]["guid"] != guid]


def _name(entity: Entity) -> str:
    properties = entity.plain_properties
    return str(properties.get("displayName") or properties["name"])


def _classifications(entity: Entity) -> dict[str, dict[str, Any]]:
    return {each["name"]: from_properties(each.get("properties")) for each in entity.get("classifications") or ()}


# ---- a database and the connector that looks after it ---------------------------------------------------------------

SHOP: tuple[LiteralString, ...] = (
    "create schema shop",
    "create table shop.customer (id int primary key, email text not null, born date)",
    "create table shop.orders (id int primary key, customer int references shop.customer, total numeric(9, 2))",
    "create table shop.item (orders int references shop.orders, number int, sku text, primary key (orders, number))",
    "create view shop.big as select id, total from shop.orders where total > 100",
    "comment on table shop.customer is 'who buys'",
    "comment on column shop.customer.email is 'where they read'",
)


class Shop:
    """A database of its own, a connector that looks after it, and what both sides say."""

    def __init__(self, metadata: Metadata, client: MetadataClient, server: PostgresServer) -> None:
        self.metadata, self.client, self.server = metadata, client, server
        self.database = f"d{uuid4().hex[:10]}"
        self.instance = f"pg-{uuid4().hex[:8]}"
        with server.connect() as connection:
            connection.execute(f"create database {self.database}".encode())
        self.dsn = server.dsn(self.database)
        self.sql(*SHOP)

    def sql(self, *statements: LiteralString) -> None:
        self.server.sql(*statements, database=self.database)

    def life(self, **options: object) -> Life:
        given = {"instance": self.instance, **options}
        return postgres_life(self.metadata, PostgresConnector(), self.server, self.database, options=given)

    def elements(self) -> dict[str, Entity]:
        return everything(self.client, self.instance)

    def named(self) -> dict[str, Entity]:
        """By kind and the path in the database."""
        return {
            name.replace(f" {self.database}", "", 1).replace("::", " ", 1): entity
            for name, entity in by_name(self.client, self.instance).items()
        }

    def equal(self) -> None:
        databases = [each for each in self.elements().values() if each.type_name.endswith("Database")]
        assert len(databases) == 1
        assert metadata_facts(self.client, databases[0].guid) == source_facts(self.server, self.database)

    def told(self, life: Life) -> ActivityReport:
        """A pass whose report names exactly the elements that it changed; afterwards both sides are equal."""
        before = self.elements()
        report = life.refresh()
        after = self.elements()
        made, gone = after.keys() - before.keys(), before.keys() - after.keys()
        changed = {guid for guid in after.keys() & before.keys() if after[guid] != before[guid]}
        assert set(report.guids("deleted")) & before.keys() == gone
        assert set(report.guids("created")) >= made
        links = set(report.guids("created")) - made
        assert all(self.client.find_relationship(guid) for guid in links)
        assert set(report.guids("updated")) & after.keys() == changed
        self.equal()
        return report

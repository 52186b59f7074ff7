"""The PostgreSQL catalogue as entities and relationships, in both type releases, read from a real server."""

import json
from collections import defaultdict
from typing import Any
from uuid import uuid4

import pytest

from omrs_connectors.builtin.postgres_catalog.connector import PostgresCatalog
from omrs_connectors.builtin.postgres_catalog.names import RELEASE_4, RELEASE_6, relational_names
from omrs_schemas.errors import ConfigurationError, RepositoryError, TypeDefNotSupportedError
from omrs_schemas.typedefs import validate
from omrs_schemas.typedefs.system import TypeSystem
from omrs_streams.proxy import MappedEntity, MappedRelationship, ProxyContext
from omrs_streams.proxy.interfaces import Mapped
from omrs_streams.proxy.loading import known_repositories, load_repository
from omrs_streams.proxy.plan import Planner, State, Told
from omrs_streams.repository.local import LocalCollection
from postgres import PostgresServer
from shared_data import require_shared

LOCAL = LocalCollection("c", "proxy", "proxy")
SHOP = (
    "create schema shop",
    "comment on schema shop is 'all about selling'",
    "create type shop.mood as enum ('good', 'bad')",
    "create table shop.customer (a int, b int, name varchar(40) not null default 'nobody', credit numeric(10, 2),"
    " m shop.mood, born date, n bigint generated always as identity, primary key (b, a))",
    "alter table shop.customer drop column born",
    "comment on column shop.customer.name is 'full name'",
    "create table shop.orders (id int primary key, cb int, ca int, foreign key (cb, ca) references shop.customer)",
    "create table shop.log (at date) partition by range (at)",
    "create table shop.log_2026 partition of shop.log for values from ('2026-01-01') to ('2027-01-01')",
    "create materialized view shop.totals as select count(*) as total from shop.orders",
    'create view shop."Odd \'name\'::x" as select 1 as "a::b"',
    "create table public.unseen (id int primary key)",
    "create table shop.refers (id int references public.unseen)",
    "create temporary table passing (id int)",
)


@pytest.fixture(scope="module")
def shop(server: PostgresServer) -> str:
    """A database with everything that is mapped; its name."""
    name = f"shop_{uuid4().hex[:8]}"
    with server.connect() as connection:
        connection.execute(f"create database {name}".encode())
    server.sql(*SHOP, database=name)
    return name


def catalog(server: PostgresServer, database: str, types: TypeSystem, **options: Any) -> PostgresCatalog:
    connector = PostgresCatalog()
    given = {"dsn": server.dsn(database), "password": server.password, "exclude_schemas": ["public"], **options}
    connector.configure(ProxyContext("proxy", "c", types, given, lambda *_, **__: None))
    return connector


def release(name: str) -> TypeSystem:
    if name == "6":
        return TypeSystem.builtin()
    path = require_shared("data", "archives", "OpenMetadataTypes-4.2.omarchive")
    return TypeSystem.from_archive(json.loads(path.read_text()))


def by_name(snapshot: list[Mapped], type_name: str) -> dict[str, MappedEntity]:
    return {
        str(each.properties.get("displayName") or each.properties.get("name")): each
        for each in snapshot
        if isinstance(each, MappedEntity) and each.type_name == type_name
    }


def links(snapshot: list[Mapped], type_name: str) -> list[MappedRelationship]:
    return [each for each in snapshot if isinstance(each, MappedRelationship) and each.type_name == type_name]


@pytest.mark.parametrize("name", ["6", "4"])
def test_everything_fits_the_types_of_the_release(server: PostgresServer, shop: str, name: str) -> None:
    types = release(name)
    connector = catalog(server, shop, types)
    snapshot = list(connector.snapshot())
    planner, told, beans = Planner(LOCAL, types, "pg"), Told("u", 1), {}
    for each in snapshot:
        if isinstance(each, MappedEntity):
            beans[each.guid] = planner.entity(each, State(), told).bean or {}
    for each in snapshot:
        if isinstance(each, MappedRelationship):
            beans[each.guid] = planner.relationship(each, State(), beans, told).bean or {}
    assert len(beans) == len(snapshot)
    for bean in beans.values():
        validate.validate_instance(types, bean)
    assert {bean["type"]["typeDefName"] for bean in beans.values()} == set(connector.type_names)
    assert all(types.typedef_by_name(each) is not None for each in connector.type_names)


def test_what_is_said_of_tables_columns_and_keys(server: PostgresServer, shop: str) -> None:
    snapshot = list(catalog(server, shop, TypeSystem.builtin()).snapshot())
    tables, columns = by_name(snapshot, "RelationalTable"), by_name(snapshot, "RelationalColumn")
    assert set(tables) == {"customer", "orders", "log", "log_2026", "totals", "refers", "Odd 'name'::x"}
    assert {name: each.properties["nativeClass"] for name, each in tables.items()}["log"] == "partitioned table"
    assert tables["totals"].properties["nativeClass"] == "materialized view"
    assert "count(*)" in tables["totals"].classifications["CalculatedValue"]["formula"]
    [schema] = by_name(snapshot, "DeployedDatabaseSchema").values()
    assert schema.properties["description"] == "all about selling"

    name = columns["name"]
    assert name.properties | {"qualifiedName": ""} == {
        "qualifiedName": "",
        "displayName": "name",
        "description": "full name",
        "isNullable": False,
        "length": 40,
    }
    assert name.properties["qualifiedName"].endswith(f"::{shop}::shop::customer::name")
    embedded = name.classifications["TypeEmbeddedAttribute"]
    assert (embedded["dataType"], embedded["defaultValue"]) == (
        "character varying(40)",
        "'nobody'::character varying",
    )
    assert columns["credit"].properties["precision"] == 10
    assert columns["m"].classifications["TypeEmbeddedAttribute"]["dataType"] == "shop.mood"
    assert columns["n"].properties["additionalProperties"] == {"generated": "identity"}
    keys = {each.guid for each in columns.values() if "PrimaryKey" in each.classifications}
    assert {columns["a"].guid, columns["b"].guid, columns["id"].guid} >= keys - {columns["id"].guid}

    foreign = {(each.end1, each.end2): each for each in links(snapshot, "ForeignKey")}
    assert foreign.keys() == {
        (columns["b"].guid, columns["cb"].guid),
        (columns["a"].guid, columns["ca"].guid),
    }, "in the order of the key; not those into a schema that is left out"
    positions: dict[str, set[int]] = defaultdict(set)
    for link in links(snapshot, "NestedSchemaAttribute"):
        positions[link.end1].add(link.properties["position"])
    assert positions[tables["customer"].guid] == {0, 1, 2, 3, 4, 6}, "of a dropped column the place stays empty"
    qualified = [each.properties["qualifiedName"] for each in snapshot if isinstance(each, MappedEntity)]
    assert len(qualified) == len(set(qualified))
    guids = [each.guid for each in snapshot]
    assert len(guids) == len(set(guids))


def test_names_of_release_4(server: PostgresServer, shop: str) -> None:
    snapshot = list(catalog(server, shop, release("4")).snapshot())
    [database] = by_name(snapshot, "Database").values()
    assert database.properties["name"] == shop and "databaseVersion" in database.properties
    columns = by_name(snapshot, "RelationalColumn")
    assert (columns["name"].properties["position"], columns["credit"].properties["precision"]) == (2, "10")
    assert "RelationalView" in by_name(snapshot, "RelationalTable")["totals"].classifications
    [content] = links(snapshot, "DataContentForDataSet")
    assert content.end1 == database.guid


def test_identity_is_the_oid(server: PostgresServer, shop: str) -> None:
    connector = catalog(server, shop, TypeSystem.builtin())
    before = by_name(list(connector.snapshot()), "RelationalTable")
    server.sql("alter table shop.refers rename to pointer", database=shop)
    try:
        after = by_name(list(connector.snapshot()), "RelationalTable")
        assert after["pointer"].guid == before["refers"].guid
        other = catalog(server, shop, TypeSystem.builtin(), instance="elsewhere")
        assert by_name(list(other.snapshot()), "RelationalTable")["pointer"].guid == before["refers"].guid
    finally:
        server.sql("alter table shop.pointer rename to refers", database=shop)


def test_a_part_says_what_was_there_before(server: PostgresServer, shop: str) -> None:
    connector = catalog(server, shop, TypeSystem.builtin())
    whole = {each.guid: each for each in connector.snapshot()}
    table = by_name(list(whole.values()), "RelationalTable")["log"]
    present, before = connector.part({int(table.mapping["oid"])})
    found = {each.guid for each in present}
    assert found == before and found < set(whole), "the table, its partition, all schemas and the database"
    assert {"log", "log_2026"} == set(by_name(present, "RelationalTable"))
    assert {each.guid: each for each in present} == {guid: whole[guid] for guid in found}
    nothing, gone = connector.part({2**31 - 1})
    assert {each.guid for each in nothing} == gone


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"dsn": "host=localhost nonsense"},
        {"dsn": "host=localhost", "pasword": "very-secret"},
        {"dsn": "host=localhost password=very-secret nonsense"},
        {"dsn": "host=localhost", "poll_seconds": -1},
        {"dsn": "host=localhost", "audit_schema": 'x"; drop'},
        {"dsn": "host=localhost", "password_env": "OMRS_NOT_SET_ANYWHERE"},
    ],
)
def test_options_that_do_not_do(options: dict[str, Any]) -> None:
    with pytest.raises(ConfigurationError) as error:
        load_repository("postgres-catalog", context(options))
    assert "very-secret" not in str(error.value)


def context(options: dict[str, Any], types: TypeSystem | None = None) -> ProxyContext:
    return ProxyContext("proxy", "c", types or TypeSystem.builtin(), options, lambda *_, **__: None)


def test_the_password_comes_from_where_it_may(server: PostgresServer, shop: str, monkeypatch: Any) -> None:
    monkeypatch.setenv("TEST_PG_SECRET", server.password)
    named = catalog(server, shop, TypeSystem.builtin(), password=None, password_env="TEST_PG_SECRET")
    assert list(named.snapshot())
    monkeypatch.setenv("PGPASSWORD", server.password)
    assert list(catalog(server, shop, TypeSystem.builtin(), password=None).snapshot())
    wrong = catalog(server, shop, TypeSystem.builtin(), password="not-this-one")
    with pytest.raises(RepositoryError) as error:
        list(wrong.snapshot())
    assert "not-this-one" not in str(error.value) and "password" in str(error.value)
    assert "not-this-one" not in repr(wrong.options)


def test_connectors_are_found_by_name() -> None:
    assert "postgres-catalog" in known_repositories()
    for name in ("no-such-thing", "no.such.module:Thing", "omrs_streams.proxy:ProxyContext"):
        with pytest.raises(ConfigurationError):
            load_repository(name, context({}))
    assert relational_names(TypeSystem.builtin()) is RELEASE_6
    assert relational_names(release("4")) is RELEASE_4
    with pytest.raises(TypeDefNotSupportedError):
        relational_names(TypeSystem())

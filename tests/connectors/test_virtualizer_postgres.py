"""Views of a real PostgreSQL that follow the glossary of a real server."""

from typing import Any
from uuid import uuid4

import pytest
from lives_with_postgres import Life, Metadata, by_name, old_release, postgres_life

from omrs_connectors.builtin.postgres.connector import PostgresConnector
from omrs_connectors.builtin.virtualizer.connector import VirtualizerConnector
from omrs_schemas.errors import ConfigurationError, DeletionRefusedError, RepositoryError
from omrs_streams.client import MetadataClient
from postgres import PostgresServer, postgres_server
from workers import Running

pytestmark = pytest.mark.kafka


class Mart:
    """A catalogued database with two tables, and a glossary."""

    def __init__(self, metadata: Metadata, client: MetadataClient, server: PostgresServer) -> None:
        self.metadata, self.client, self.server = metadata, client, server
        self.database, self.instance = f"d{uuid4().hex[:10]}", f"pg-{uuid4().hex[:8]}"
        with server.connect() as connection:
            connection.execute(f"create database {self.database}".encode())
        self.sql(
            "create table cst (id int primary key, cst_nm text, x int)",
            "insert into cst values (1, 'Ann', 7), (2, 'Bob', 8)",
            'create table "Or ders" (id int, cst int)',
        )
        self.catalogue = postgres_life(
            metadata,
            PostgresConnector(),
            server,
            self.database,
            options={"instance": self.instance, "excludeSchemas": ["business"]},
        )
        self.catalogue.refresh()

    def sql(self, *statements: str) -> None:
        with self.server.connect(self.database) as connection:
            for statement in statements:
                connection.execute(statement.encode())

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        with self.server.connect(self.database) as connection:
            return connection.execute(query.encode()).fetchall()

    def life(self, **options: Any) -> Life:
        given = {"instance": self.instance, **options}
        return postgres_life(self.metadata, VirtualizerConnector(), self.server, self.database, options=given)

    def term(self, name: str, description: str | None = None) -> str:
        properties = {"qualifiedName": f"Term::{uuid4()}", "displayName": name, "description": description}
        return self.client.add_entity("GlossaryTerm", properties).guid

    def mean(self, path: str, term: str) -> str:
        """The assignment of a term to `table` or `table::column`."""
        kind = "RelationalColumn" if "::" in path else "RelationalTable"
        element = by_name(self.client, self.instance)[f"{kind} {self.database}::public::{path}"]
        return self.client.add_relationship("SemanticAssignment", element.guid, term).guid

    def rename(self, term: str, name: str) -> None:
        properties = self.client.get_entity(term).plain_properties
        self.client.update_entity_properties(term, {**properties, "displayName": name})

    def views(self) -> dict[str, list[str]]:
        """Views of the schema with their columns, as PostgreSQL tells."""
        found: dict[str, list[str]] = {}
        query = "select table_name, column_name from information_schema.columns where table_schema = 'business'"
        for view, column in self.rows(f"{query} order by table_name, ordinal_position"):
            found.setdefault(view, []).append(column)
        return found


def done(life: Life) -> dict[str, int]:
    """What a pass did in the database."""
    report = life.refresh()
    assert not report.changed, "metadata is only read"
    counters = report.counters()
    return {
        name: count for name, count in counters.items() if count and name.startswith("views") and name != "viewsWanted"
    }


@pytest.fixture
def mart(metadata_server: Running, client: MetadataClient, server: PostgresServer) -> Mart:
    return Mart(metadata_server, client, server)


def test_views_follow_the_glossary(mart: Mart) -> None:
    life = mart.life()
    assert done(life) == {} and mart.views() == {}
    customer, name = mart.term("Customer", "Who buys"), mart.term("Customer Name")
    assigned = mart.mean("cst", customer)
    mart.mean("cst::cst_nm", name)
    assert done(life) == {"viewsMade": 1}
    assert mart.rows('select "Customer Name" from business."Customer" order by 1') == [("Ann",), ("Bob",)]
    assert done(life) == {} == done(mart.life())
    [(comment,)] = mart.rows("select obj_description('business.\"Customer\"'::regclass)")
    assert comment.startswith("Who buys\nomrs-virtualizer: ")

    mart.rename(name, "Full Name")
    mart.mean("cst::x", mart.term("Points"))
    mart.sql('create view dependent as select * from business."Customer"')
    assert done(life) == {"viewsChanged": 1}
    assert mart.views() == {"Customer": ["Full Name", "Points"]}
    mart.rename(customer, 'Buy"er; drop table cst')
    assert done(life) == {"viewsRenamed": 1}
    assert list(mart.views()) == ['Buy"er; drop table cst'] and len(mart.rows("select * from dependent")) == 2
    mart.rename(customer, "Buyer")
    assert done(life) == {"viewsRenamed": 1}

    mart.sql('grant select on business."Buyer" to public', "drop view dependent")
    mart.mean("cst::id", mart.term("Number"))
    assert done(life) == {"viewsChanged": 1} and mart.views() == {"Buyer": ["Number", "Full Name", "Points"]}
    assert mart.rows("select has_table_privilege('pg_monitor', 'business.\"Buyer\"', 'select')") == [(True,)]
    mart.sql("alter table cst rename to customers", "alter table customers rename cst_nm to full_name")
    assert done(life) == {}, "a view follows its table by itself"

    mart.client.delete_relationship(assigned)
    assert done(life) == {"viewsRenamed": 1, "viewsChanged": 1} and list(mart.views()) == ["customers"]
    mart.client.delete_entity(name)
    assert done(life) == {"viewsChanged": 1} and mart.views() == {"customers": ["Number", "Points"]}


def test_names_are_swapped(mart: Mart) -> None:
    life = mart.life()
    first, second = mart.term("First"), mart.term("Second")
    mart.mean("cst", first)
    mart.mean("Or ders", second)
    mart.mean("cst::id", first)
    mart.mean("cst::cst_nm", second)
    assert done(life) == {"viewsMade": 2}
    assert mart.views() == {"First": ["First", "Second"], "Second": ["id", "cst"]}
    mart.rename(first, "Third")
    mart.rename(second, "First")
    mart.rename(first, "Second")
    assert done(life) == {"viewsRenamed": 2, "viewsChanged": 1}
    assert mart.views() == {"Second": ["Second", "First"], "First": ["id", "cst"]}
    assert mart.rows('select "First" from business."Second" order by 1') == [("Ann",), ("Bob",)]


def test_only_own_views_are_touched(mart: Mart) -> None:
    mart.sql("create schema business", 'create view business."Customer" as select 1 as one')
    mart.sql("create view business.stale as select 2 as two")
    customer = mart.term("Customer")
    mart.mean("cst", customer)
    life = mart.life()
    assert done(life) == {"viewsInTheWay": 1}
    assert mart.views() == {"Customer": ["one"], "stale": ["two"]}
    other = mart.life(viewSchema="others")
    other.refresh()
    assert done(life) == {"viewsInTheWay": 1}, "views of another virtualizer are no tables to make views of"
    mart.client.delete_entity(customer)
    assert done(life) == {} and mart.views() == {"Customer": ["one"], "stale": ["two"]}


def test_views_that_are_not_wanted_any_more_are_dropped_but_not_too_many(mart: Mart) -> None:
    life = mart.life()
    terms = [mart.term("A"), mart.term("B")]
    mart.mean("cst", terms[0])
    mart.mean("Or ders", terms[1])
    assert done(life) == {"viewsMade": 2}
    for term in terms:
        mart.client.delete_entity(term)
    with pytest.raises(DeletionRefusedError, match="2 of 2 views"):
        life.refresh()
    assert set(mart.views()) == {"A", "B"}
    mart.sql('create view dependent as select * from business."A"')
    assert done(mart.life(maxDeletedShare=1)) == {"viewsDropped": 1, "viewsFailed": 1}
    mart.sql("drop view dependent")
    assert done(life) == {"viewsDropped": 1} and mart.views() == {}


def test_what_somebody_did_to_a_view_is_undone(mart: Mart) -> None:
    life = mart.life(unassignedColumns="keep", names="snake_case")
    mart.mean("cst", mart.term("Customer"))
    mart.mean("cst::cst_nm", mart.term("Customer Name"))
    life.refresh()
    assert mart.views() == {"customer": ["id", "customer_name", "x"]}
    mart.sql("alter table business.customer rename customer_name to n", "alter view business.customer rename to c")
    assert done(life) == {"viewsRenamed": 1, "viewsChanged": 1}
    assert mart.views() == {"customer": ["id", "customer_name", "x"]}
    mart.sql("drop view business.customer")
    assert done(life) == {"viewsMade": 1}


def test_withdrawn_assignments_and_a_direction_that_forbids_views(mart: Mart) -> None:
    link = mart.mean("cst", mart.term("Customer"))
    mart.client.update_relationship_properties(link, {"termAssignmentStatus": "OBSOLETE"})
    assert done(mart.life()) == {}
    with pytest.raises(ConfigurationError, match="TO_THIRD_PARTY"):
        postgres_life(
            mart.metadata,
            VirtualizerConnector(),
            mart.server,
            mart.database,
            permittedSynchronization="FROM_THIRD_PARTY",
        )


def test_a_database_that_is_away(metadata_server: Running, client: MetadataClient) -> None:
    with postgres_server() as own:
        mart = Mart(metadata_server, client, own)
        life = mart.life()
        mart.mean("cst", mart.term("Customer"))
        own.stop("immediate")
        for step in (life.refresh, mart.life):
            with pytest.raises(RepositoryError):
                step()
        own.start()
        assert done(life) == {"viewsMade": 1}


def test_types_of_release_4(server: PostgresServer) -> None:
    with old_release() as old:
        mart = Mart(old, old.client("one"), server)
        life = mart.life()
        mart.mean("cst", mart.term("Customer"))
        link = mart.mean("cst::cst_nm", mart.term("Customer Name"))
        assert done(life) == {"viewsMade": 1} and mart.views() == {"Customer": ["Customer Name"]}
        mart.client.update_relationship_properties(link, {"status": "Obsolete"})
        assert done(life) == {"viewsChanged": 1} and mart.views() == {"Customer": ["id", "cst_nm", "x"]}

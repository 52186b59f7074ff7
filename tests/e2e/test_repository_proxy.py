"""A repository proxy for a real PostgreSQL: its catalogue as home instances, seen by another member of the cohort."""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
import yaml
from e2e_samples import Bean, refused

from omrs_schemas.errors import FunctionNotSupportedError
from omrs_schemas.model.values import from_properties
from omrs_schemas.typedefs.system import TypeSystem
from omrs_streams.client import MetadataClient
from omrs_streams.log.embedded import Endpoint
from oracle import equals_its_log
from postgres import PostgresServer, postgres_server
from shared_data import require_shared
from workers import Fleet, Running, eventually, unique

pytestmark = pytest.mark.kafka

HERE = 60.0  # seconds within which DDL is seen at the other member; 0.1 s on a quiet machine
BACK = 90.0  # a session is tried again after at most 30 s

SHOP = (
    "create schema shop",
    "create table shop.customer (id bigint primary key, name varchar(40) not null, credit numeric(10, 2) default 0)",
    "create table shop.orders (id int primary key, customer bigint references shop.customer)",
    "comment on table shop.customer is 'Who buys'",
    "create view shop.rich as select id, name from shop.customer where credit > 100",
)


@pytest.fixture(scope="module")
def server() -> Iterator[PostgresServer]:
    with postgres_server() as running:
        yield running


@dataclass
class Place:
    """A database of one test, and where it is catalogued."""

    postgres: PostgresServer
    database: str
    config: Path
    workers: Fleet
    name: str
    cohort: str

    def sql(self, *statements: Any) -> None:
        self.postgres.sql(*statements, database=self.database)

    def start(self, worker: str = "w1", **options: Any) -> Running:
        return self.workers.start(self.name, worker, cohort=self.cohort, config=self.config, **options)


@pytest.fixture
def place(server: PostgresServer, workers: Fleet, tmp_path: Path) -> Place:
    return make_place(server, workers, tmp_path)


def make_place(server: PostgresServer, workers: Fleet, tmp_path: Path, **options: Any) -> Place:
    database = f"d{uuid4().hex[:10]}"
    with server.connect() as connection:
        connection.execute(f"create database {database}".encode())
    config = tmp_path / "proxy.yaml"
    given = {"dsn": server.dsn(database), "password": server.password, **options}
    config.write_text(
        yaml.safe_dump({"repository": "proxy", "proxy": {"connector": "postgres-catalog", "options": given}})
    )
    made = Place(server, database, config, workers, unique("pg"), unique("co"))
    made.sql(*SHOP)
    return made


def proxy_status(running: Running) -> Bean:
    found: Bean = running.ask("/status")["proxy"]
    return found


def follows(running: Running, within: float = HERE) -> None:
    eventually(lambda: proxy_status(running)["state"] == "following", "the proxy follows its database", within=within)


def named(client: MetadataClient, type_name: str, display_name: str) -> Bean | None:
    """The entity of that name, if there is exactly one."""
    found = client.find_entities_by_property(type_name, {"displayName": display_name})
    assert len(found) < 2, found
    return found[0] if found else None


def seen(client: MetadataClient, type_name: str, display_name: str) -> Bean:
    found = eventually(lambda: named(client, type_name, display_name), f"{display_name} is seen", within=HERE)
    assert found is not None
    return found


def becomes(client: MetadataClient, guid: str, true: Callable[[dict[str, Any]], bool], what: str) -> Bean:
    last: list[Bean | None] = [None]

    def holds() -> bool:
        last[0] = client.find_entity(guid)
        return last[0] is not None and last[0]["status"] != "DELETED" and true(from_properties(last[0]["properties"]))

    eventually(holds, f"{what}; last seen {last[0]}", within=HERE)
    assert last[0] is not None
    return last[0]


def gone(client: MetadataClient, guid: str) -> None:
    eventually(lambda: client.find_entity(guid) is None, f"{guid} is gone", within=HERE)


def same_everywhere(proxy: Running, *others: Running) -> None:
    home = proxy.ask("/status")["metadata_collection_id"]

    def equal() -> bool:
        found = [each.ask("/digest", home=home) for each in (proxy, *others)]
        return all(each == found[0] for each in found) and found[0]["count"] > 0

    eventually(equal, "the same instances everywhere", within=HERE)


def test_a_catalogue_is_seen_at_another_member(kafka: Endpoint, place: Place) -> None:
    other = place.workers.start(unique("M"), cohort=place.cohort)
    proxy = place.start()
    follows(proxy)
    bob, home = other.client("bob"), proxy.ask("/status")["metadata_collection_id"]

    # First sync: what was there, with its structure and its keys.
    table = seen(bob, "RelationalTable", "customer")
    assert (table["metadataCollectionId"], table["version"], table["createdBy"]) == (home, 1, "postgres-catalog")
    assert from_properties(table["properties"])["description"] == "Who buys"
    same_everywhere(proxy, other)
    columns = {
        from_properties(bob.get_entity(link["entityTwoProxy"]["guid"])["properties"])["displayName"]: link
        for link in bob.relationships_of(table["guid"], "NestedSchemaAttribute")
    }
    assert {name: from_properties(link["properties"])["position"] for name, link in columns.items()} == {
        "id": 0,
        "name": 1,
        "credit": 2,
    }
    key = bob.get_entity(columns["id"]["entityTwoProxy"]["guid"])
    assert {each["name"] for each in key["classifications"]} == {"TypeEmbeddedAttribute", "PrimaryKey"}
    [foreign] = bob.relationships_of(key["guid"], "ForeignKey")
    assert foreign["entityOneProxy"]["guid"] == key["guid"]
    view = seen(bob, "RelationalTable", "rich")
    formula = next(each for each in view["classifications"] if each["name"] == "CalculatedValue")
    assert "credit > " in from_properties(formula["properties"])["formula"]

    # Changes, each as one user of the database made it.
    place.sql("create table shop.invoice (id int primary key, total numeric)")
    invoice = seen(bob, "RelationalTable", "invoice")
    assert invoice["createdBy"] == "postgres"
    place.sql("alter table shop.invoice add column paid boolean not null default false")
    paid = seen(bob, "RelationalColumn", "paid")
    assert from_properties(paid["properties"])["isNullable"] is False
    place.sql("comment on column shop.invoice.paid is 'settled'")
    becomes(bob, paid["guid"], lambda p: p.get("description") == "settled", "the comment arrives")
    place.sql("alter table shop.invoice rename to bill")
    renamed = becomes(bob, invoice["guid"], lambda p: p["displayName"] == "bill", "the new name arrives")
    assert renamed["createTime"] == invoice["createTime"] and renamed["version"] > invoice["version"]
    assert renamed["updatedBy"] == "postgres"
    becomes(bob, paid["guid"], lambda p: "::bill::" in p["qualifiedName"], "its columns are renamed with it")
    place.sql("alter table shop.bill drop constraint invoice_pkey")
    same_everywhere(proxy, other)  # a link to a column is in another partition than what it links
    id_column = next(
        link["entityTwoProxy"]["guid"]
        for link in bob.relationships_of(invoice["guid"], "NestedSchemaAttribute")
        if from_properties(link["properties"])["position"] == 0
    )
    eventually(
        lambda: "PrimaryKey" not in {each["name"] for each in bob.get_entity(id_column)["classifications"]},
        "the key is gone",
        within=HERE,
    )
    place.sql("alter table shop.bill drop column paid")
    gone(bob, paid["guid"])
    place.sql("alter schema shop rename to store")
    becomes(bob, invoice["guid"], lambda p: "::store::" in p["qualifiedName"], "the schema's new name arrives")
    place.sql("drop table store.bill")
    gone(bob, invoice["guid"])
    gone(bob, id_column)
    place.sql("drop schema store cascade")
    gone(bob, table["guid"])
    same_everywhere(proxy, other)

    # The proxy's own log explains all of it, and what is in its store.
    status = proxy_status(proxy)
    assert status["refused"] == 0 and status["error"] == "" and status["appended"] > 50
    equals_its_log(kafka.bootstrap_servers, proxy)
    for running in (proxy, other):
        assert place.postgres.password not in running.log_text()
        assert running.stop() == 0
    assert "Traceback" not in proxy.log_text()


def test_users_change_nothing_and_copies_are_kept(place: Place) -> None:
    other = place.workers.start(unique("M"), cohort=place.cohort)
    proxy = place.start()
    follows(proxy)
    alice, bob = proxy.client("alice"), other.client("bob")
    table = seen(alice, "RelationalTable", "customer")
    rest = proxy.rest()
    for attempt in (
        lambda: alice.add_entity("GlossaryTerm", {"qualifiedName": "t"}),
        lambda: alice.update_entity_properties(table["guid"], {"qualifiedName": "x"}),
        lambda: alice.update_entity_status(table["guid"], "ACTIVE"),
        lambda: alice.classify(table["guid"], "Confidentiality", {"confidentialityLevel": 1}),
        lambda: alice.delete_entity(table["guid"]),
        lambda: alice.undo_entity(table["guid"]),
        lambda: alice.add_relationship("ForeignKey", table["guid"], table["guid"]),
    ):
        with pytest.raises(FunctionNotSupportedError) as error:
            attempt()
        assert error.value.code == "OMRS-METADATA-COLLECTION-501-001"
    answer = rest.post("/types/typedef", json={"class": "EntityDef", "guid": str(uuid4()), "name": "New"})
    refused(answer, "OMRS-METADATA-COLLECTION-501-001", "FunctionNotSupportedException")
    assert alice.get_entity(table["guid"]) == table
    compatible = {
        name: rest.post("/types/typedef/compatibility", json=TypeSystem.builtin().require(name=name))
        for name in ("RelationalTable", "GlossaryTerm")
    }
    assert compatible["RelationalTable"].json()["flag"] is True
    refused(compatible["GlossaryTerm"], "OMRS-METADATA-COLLECTION-501-002", "TypeDefNotSupportedException")

    # Others' metadata is kept as anywhere, and may be linked to what the proxy has.
    copy = bob.add_entity("GlossaryTerm", {"qualifiedName": f"Term:{uuid4()}", "displayName": "Customer"})
    eventually(lambda: alice.find_entity(copy["guid"]) == copy, "a copy arrives", within=HERE)
    eventually(lambda: bob.find_entity(table["guid"]), "the table is at the other", within=HERE)
    link = bob.add_relationship("SemanticAssignment", table["guid"], copy["guid"])
    eventually(lambda: alice.relationships_of(table["guid"], "SemanticAssignment") == [link], "its link", within=HERE)
    place.sql("drop table shop.orders", "drop table shop.customer cascade")
    gone(alice, table["guid"])
    assert alice.find_entity(copy["guid"]) == copy


def test_a_database_that_is_down_loses_nothing(workers: Fleet, tmp_path: Path, kafka: Endpoint) -> None:
    with postgres_server() as own:
        place = make_place(own, workers, tmp_path)
        proxy = place.start()
        follows(proxy)
        client = proxy.client()
        table = seen(client, "RelationalTable", "customer")
        before = proxy.ask("/digest", home=table["metadataCollectionId"])
        own.stop("immediate")
        eventually(lambda: proxy_status(proxy)["state"] == "waiting", "it is noticed", within=HERE)
        eventually(lambda: "refused" in proxy_status(proxy)["error"].lower(), "and said why", within=HERE)
        assert proxy.ask("/digest", home=table["metadataCollectionId"]) == before
        assert client.get_entity(table["guid"]) == table
        own.start()
        # What happened before anybody listens again is found by comparing.
        place.sql("alter table shop.customer rename to buyer", "drop view shop.rich")
        becomes(client, table["guid"], lambda p: p["displayName"] == "buyer", "the rename")
        follows(proxy, BACK)
        eventually(lambda: named(client, "RelationalTable", "rich") is None, "the view is gone", within=HERE)
        place.sql("create table shop.later (id int)")
        seen(client, "RelationalTable", "later")
        eventually(lambda: "OMRS-AUDIT-0035" in proxy.log_text(), "it is in the audit log", within=HERE)
        equals_its_log(kafka.bootstrap_servers, proxy)


def test_killed_and_started_again(kafka: Endpoint, place: Place) -> None:
    proxy = place.start()
    follows(proxy)
    client = proxy.client()
    table, view = seen(client, "RelationalTable", "customer"), seen(client, "RelationalTable", "rich")
    place.sql("create table shop.a (id int)", "create table shop.b (id int)", "alter table shop.a rename to c")
    proxy.kill()
    place.sql("alter table shop.customer rename to buyer", "drop view shop.rich")
    proxy = place.start()
    follows(proxy)
    client = proxy.client()
    becomes(client, table["guid"], lambda p: p["displayName"] == "buyer", "the rename")
    gone(client, view["guid"])
    seen(client, "RelationalTable", "c")

    def tables() -> set[str]:
        found = client.find_entities("RelationalTable")
        return {from_properties(each["properties"])["displayName"] for each in found}

    eventually(
        lambda: tables() == {"buyer", "orders", "b", "c"}, "what the database has, and nothing else", within=HERE
    )
    appended = proxy_status(proxy)["appended"]
    proxy.kill()
    proxy = place.start()
    follows(proxy)
    assert appended > 0 and proxy_status(proxy)["appended"] == 0, "nothing changed, so nothing is told"
    log = equals_its_log(kafka.bootstrap_servers, proxy)
    told = [record.event_id for record in log.effective]
    assert len(told) == len(set(told))


def test_one_of_two_workers_runs_it(kafka: Endpoint, place: Place) -> None:
    runners = [place.workers.spawn(place.name, name, cohort=place.cohort, config=place.config) for name in ("w1", "w2")]
    for running in runners:
        place.workers.await_url(running).wait_ready()

    def shared() -> bool:
        return all(running.ask("/status")["partitions"] for running in runners)

    def owner_first() -> list[Running]:
        """Both, once the owner of partition 0 follows and the other does not."""
        owns = [0 in {each["partition"] for each in running.ask("/status")["partitions"]} for running in runners]
        states = [proxy_status(running)["state"] for running in runners]
        for first, expected in ((0, ["following", "elsewhere"]), (1, ["elsewhere", "following"])):
            if states == expected and owns == [first == 0, first == 1]:
                return [runners[first], runners[1 - first]]
        return []

    eventually(shared, "both have a share", within=HERE)  # partition 0 moves no more
    owner, rest = eventually(owner_first, "the owner of partition 0 follows, and nobody else", within=HERE)
    client = rest.client(patience=90.0)
    table = seen(client, "RelationalTable", "customer")
    place.sql("create table shop.one (id int)")
    seen(client, "RelationalTable", "one")
    owner.kill()
    place.sql("drop table shop.one", "alter table shop.customer rename to buyer", "create table shop.two (id int)")
    follows(rest, within=90.0)  # after the session time-out of the group
    becomes(client, table["guid"], lambda p: p["displayName"] == "buyer", "the other goes on")
    seen(client, "RelationalTable", "two")
    eventually(lambda: named(client, "RelationalTable", "one") is None, "the drop is noticed", within=HERE)
    equals_its_log(kafka.bootstrap_servers, rest)


def test_without_permission_for_triggers_it_compares(server: PostgresServer, workers: Fleet, tmp_path: Path) -> None:
    server.sql("do $$ begin create role reader login password 'reader'; exception when duplicate_object then end $$")
    place = make_place(server, workers, tmp_path, poll_seconds=1)
    given = yaml.safe_load(place.config.read_text())
    given["proxy"]["options"].update({"dsn": server.dsn(place.database, "reader"), "password": "reader"})
    place.config.write_text(json.dumps(given))
    proxy = place.start()
    follows(proxy)
    client = proxy.client()
    table = seen(client, "RelationalTable", "customer")
    place.sql("alter table shop.customer rename to buyer")
    changed = becomes(client, table["guid"], lambda p: p["displayName"] == "buyer", "the rename")
    assert changed["updatedBy"] == "postgres-catalog"
    assert "its event triggers cannot be created" in proxy.log_text()


def test_types_of_release_4(place: Place) -> None:
    """The names of Egeria 4.2, so that a cohort with one can have the proxy."""
    archive = require_shared("data", "archives", "OpenMetadataTypes-4.2.omarchive")
    types = TypeSystem.from_archive(json.loads(archive.read_text()))
    proxy = place.start(types=archive)
    follows(proxy)
    client = proxy.client(types=types)
    table = seen(client, "RelationalTable", "customer")
    [column, *_] = client.relationships_of(table["guid"], "NestedSchemaAttribute")
    assert "position" in from_properties(client.get_entity(column["entityTwoProxy"]["guid"])["properties"])
    place.sql("alter table shop.customer rename to buyer")
    becomes(client, table["guid"], lambda p: p["displayName"] == "buyer", "the rename")
    assert proxy_status(proxy)["refused"] == 0

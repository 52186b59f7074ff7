"""The PostgreSQL connector with a real server on both sides: what metadata says is what the database says."""

from typing import LiteralString

import pytest
from lives_with_postgres import Life, Shop

from omrs_schemas.errors import DeletionRefusedError, RepositoryError
from omrs_streams.client import MetadataClient
from postgres import PostgresServer, postgres_server
from workers import Running

pytestmark = pytest.mark.kafka


@pytest.fixture
def shop(metadata_server: Running, client: MetadataClient, server: PostgresServer) -> Shop:
    return Shop(metadata_server, client, server)


def test_first_and_incremental_sync(shop: Shop) -> None:
    life = shop.life()
    first = shop.told(life)
    assert first.counts()["updated"] == first.counts()["deleted"] == 0
    named = shop.named()
    customer = named["RelationalTable shop::customer"]
    assert customer.plain_properties["description"] == "who buys"
    assert named["RelationalColumn shop::customer::email"].plain_properties["description"] == "where they read"
    assert "> (100)::numeric" in str(named["RelationalTable shop::big"]["classifications"])
    assert set(first.by_anchor()) >= {named["DeployedDatabaseSchema shop"].guid, named["RelationalDatabase"].guid}

    second = shop.told(life)
    assert not second.changed and second.counters() == {"databases.nothing": 1}

    shop.sql("alter table shop.customer add column phone text", "create table shop.late (id int primary key)")
    third = shop.told(life)
    assert third.counters()["databases.changes"] == 1
    assert third.counters()["tablesRead"] == 3, "the two tables, and the view that might have changed with them"
    assert (third.counts()["created"], third.counts()["deleted"]) == (6, 0)
    assert set(third.by_anchor()) == {named["DeployedDatabaseSchema shop"].guid}


def test_another_life_finds_everything_again(shop: Shop) -> None:
    shop.told(shop.life())
    report = shop.told(shop.life())
    assert not report.changed and report.counters()["databases.everything"] == 1


RENAMES: tuple[tuple[LiteralString, str, str], ...] = (
    ("alter table shop.customer rename to buyer", "RelationalTable shop::customer", "RelationalTable shop::buyer"),
    (
        "alter table shop.orders rename total to amount",
        "RelationalColumn shop::orders::total",
        "RelationalColumn shop::orders::amount",
    ),
    ("alter schema shop rename to store", "DeployedDatabaseSchema shop", "DeployedDatabaseSchema store"),
    ("alter view shop.big rename to large", "RelationalTable shop::big", "RelationalTable shop::large"),
)


@pytest.mark.parametrize(("statement", "old", "new"), RENAMES)
@pytest.mark.parametrize("restarted", [False, True])
def test_what_is_renamed_stays_itself(
    shop: Shop, statement: LiteralString, old: str, new: str, restarted: bool
) -> None:
    life = shop.life()
    shop.told(life)
    guid = shop.named()[old].guid
    shop.sql(statement)
    report = shop.told(shop.life() if restarted else life)
    assert (report.counts()["created"], report.counts()["deleted"]) == (0, 0)
    named = shop.named()
    assert old not in named and named[new].guid == guid


def test_names_that_are_swapped_and_a_database_that_is_renamed(shop: Shop) -> None:
    life = shop.life()
    shop.told(life)
    before = shop.named()
    shop.sql(
        "alter table shop.orders rename to t", "alter table shop.customer rename to orders",
        "alter table shop.t rename to customer",
    )  # fmt: skip
    assert shop.told(life).counts()["created"] == 0
    after = shop.named()
    assert after["RelationalTable shop::orders"].guid == before["RelationalTable shop::customer"].guid
    renamed = f"{shop.database}x"
    with shop.server.connect() as connection:
        connection.execute(f"alter database {shop.database} rename to {renamed}".encode())
    shop.database = renamed
    report = shop.told(shop.life())
    assert (report.counts()["created"], report.counts()["deleted"]) == (0, 0)
    assert shop.named()["RelationalDatabase"].guid == before["RelationalDatabase"].guid


def test_deletions(shop: Shop) -> None:
    life = shop.life()
    shop.told(life)
    shop.sql("alter table shop.customer drop column born", "drop view shop.big", "drop table shop.item")
    report = shop.told(life)
    assert report.counts() == {"created": 0, "updated": 0, "deleted": 1 + 3 + 4}
    shop.sql("alter table shop.orders drop constraint orders_customer_fkey")
    shop.sql("alter table shop.customer drop constraint customer_pkey")
    assert shop.told(life).counts()["deleted"] == 1
    shop.sql("drop table shop.customer", "create table shop.customer (id int)")
    report = shop.told(life)
    assert report.counts()["created"] == 4 and report.counts()["deleted"] == 3


def test_an_emptied_database_deletes_nothing(shop: Shop) -> None:
    life = shop.life()
    shop.told(life)
    before = shop.elements()
    shop.sql("drop schema shop cascade", "drop schema public cascade", "create schema fresh")
    with pytest.raises(DeletionRefusedError, match="nothing was deleted"):
        life.refresh()
    assert before.keys() <= shop.elements().keys()
    assert shop.told(shop.life(maxDeletedShare=1)).counts()["deleted"] == len(before) - 1


def test_a_source_that_is_away_and_comes_back(shop: Shop, metadata_server: Running, client: MetadataClient) -> None:
    with postgres_server() as own:
        mine = Shop(metadata_server, client, own)
        life = mine.life()
        mine.told(life)
        before = mine.elements()
        own.stop("immediate")
        with pytest.raises(RepositoryError, match="PostgreSQL cannot be read") as away:
            life.refresh()
        assert own.password not in str(away.value) and not away.value.retriable
        with pytest.raises(RepositoryError):
            mine.life()  # initialize fails while it is away, which the daemon tries again
        assert mine.elements() == before
        own.start()
        assert not mine.told(life).changed
        mine.sql("drop table shop.item")
        assert mine.told(mine.life()).counts()["deleted"] == 4


def test_a_connector_that_is_stopped_in_the_middle_goes_on(shop: Shop) -> None:
    """Killed after each of its first writes in turn; at the end, and only once, everything is there."""
    for writes in (1, 2, 4, 7, 11):
        life = shop.life(parallelism=1)
        _break_after(life, writes)
        with pytest.raises(KeyboardInterrupt):
            life.refresh()
    shop.told(shop.life())
    shop.sql("alter table shop.orders rename to bought", "drop table shop.item", "alter schema shop rename to s")
    for writes in (1, 3, 5):
        life = shop.life(parallelism=1)
        _break_after(life, writes)
        with pytest.raises(KeyboardInterrupt):
            life.refresh()
    shop.told(shop.life())
    quiet = shop.life()
    quiet.context.stopping.set()
    assert not quiet.refresh().changed


def _break_after(life: Life, writes: int) -> None:
    """As if the process were killed before the next write."""
    left = [writes]
    allowed = life.context._may_write

    def counted(action: str) -> None:
        if not left[0]:
            raise KeyboardInterrupt
        left[0] -= 1
        allowed(action)

    life.context._may_write = counted


def test_what_others_add_stays_and_what_they_delete_comes_back(shop: Shop, client: MetadataClient) -> None:
    life = shop.life()
    shop.told(life)
    table = shop.named()["RelationalTable shop::customer"]
    client.classify(table.guid, "Confidentiality", {"confidentialityLevel": 3})
    properties = table.plain_properties
    client.update_entity_properties(
        table.guid,
        {**properties, "aliases": ["people"], "additionalProperties": {**properties["additionalProperties"], "x": "1"}},
    )
    named = shop.named()
    born = named["RelationalColumn shop::customer::born"].guid
    total = named["RelationalColumn shop::orders::total"].guid
    links = [
        client.add_relationship("DataFlow", table.guid, named["RelationalTable shop::orders"].guid).guid,
        client.add_relationship("ForeignKey", born, total, {"steward": "erinoverview"}).guid,
    ]
    client.classify(total, "CalculatedValue", {"formula": "sum"})
    client.classify(named["RelationalDatabase"].guid, "Anchors", {"anchorGUID": named["RelationalDatabase"].guid})
    shop.life().refresh()
    assert all(client.get_relationship(guid)["status"] == "ACTIVE" for guid in links)
    assert "CalculatedValue" in str(client.get_entity(total)["classifications"])
    assert "Anchors" in str(client.get_entity(named["RelationalDatabase"].guid)["classifications"])
    client.delete_relationship(links[1])
    client.delete_entity(born)
    shop.sql("comment on table shop.customer is 'who bought'", "alter table shop.customer alter born set not null")
    shop.told(shop.life())
    table = shop.named()["RelationalTable shop::customer"]
    found = table.plain_properties
    assert (found["aliases"], found["additionalProperties"]["x"]) == (["people"], "1")
    assert found["description"] == "who bought"
    assert "Confidentiality" in {each["name"] for each in table["classifications"]}

    client.delete_entity(shop.named()["RelationalTable shop::orders"].guid)
    shop.sql("comment on table shop.orders is 'again'")
    life.refresh()
    shop.equal()


def test_included_and_excluded(shop: Shop) -> None:
    shop.sql("create schema tmp", "create table tmp.scratch (id int)")
    life = shop.life(excludeSchemas=["tmp", "public"], excludeTables=["shop.it*"], tables=["shop.*"])
    life.refresh()
    tables = {name for name in shop.named() if name.startswith("RelationalTable")}
    assert tables == {f"RelationalTable shop::{name}" for name in ("customer", "orders", "big")}
    shop.told(shop.life())

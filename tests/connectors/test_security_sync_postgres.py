"""Grants and marks of a real PostgreSQL in step with security tags at a real server, in each direction."""

from typing import Any
from uuid import uuid4

import pytest
from lives_with_postgres import Life, Metadata, by_name, old_release, postgres_life

from omrs_connectors.builtin.postgres.connector import PostgresConnector
from omrs_connectors.builtin.postgres_catalog.comments import split
from omrs_connectors.builtin.security_sync.connector import SecuritySyncConnector
from omrs_connectors.sdk import ActivityReport
from omrs_schemas.errors import DeletionRefusedError, RepositoryError
from omrs_schemas.model.values import from_properties
from omrs_streams.client import MetadataClient
from postgres import PostgresServer, postgres_server
from workers import Running

pytestmark = pytest.mark.kafka

TAGS = "SecurityTags"


class Vault:
    """A catalogued database with two tables, and roles of its own."""

    def __init__(self, metadata: Metadata, client: MetadataClient, server: PostgresServer) -> None:
        self.metadata, self.client, self.server = metadata, client, server
        self.database, self.instance = f"d{uuid4().hex[:10]}", f"pg-{uuid4().hex[:8]}"
        self.reader, self.writer = f"reader {uuid4().hex[:6]}", f"writer_{uuid4().hex[:6]}"
        self.sql(
            f"create database {self.database}", f'create role "{self.reader}"', f"create role {self.writer}", at=""
        )
        self.sql(
            'create table "Pay Roll" (id int, salary int)',
            "create table plain (id int)",
            "comment on column \"Pay Roll\".salary is 'a month''s'",
        )
        self.catalogue = postgres_life(
            metadata, PostgresConnector(), server, self.database, options={"instance": self.instance}
        )
        self.catalogue.refresh()
        named = by_name(client, self.instance)
        self.table = named[f"RelationalTable {self.database}::public::Pay Roll"].guid
        self.salary = named[f"RelationalColumn {self.database}::public::Pay Roll::salary"].guid
        self.plain = named[f"RelationalTable {self.database}::public::plain"].guid

    def sql(self, *statements: str, at: str | None = None) -> None:
        with self.server.connect(self.database if at is None else "postgres") as connection:
            for statement in statements:
                connection.execute(statement.encode())

    def life(self, direction: str = "TO_THIRD_PARTY", **options: Any) -> Life:
        return postgres_life(
            self.metadata,
            SecuritySyncConnector(),
            self.server,
            self.database,
            permittedSynchronization=direction,
            options={"instance": self.instance, **options},
        )

    def may(self, role: str, privilege: str, column: str = "") -> bool:
        """What PostgreSQL says itself."""
        kind = "column" if column else "table"
        arguments = [role, '"Pay Roll"', *([column] if column else []), privilege]
        query = f"select has_{kind}_privilege({', '.join(['%s'] * len(arguments))})"
        with self.server.connect(self.database) as connection:
            return connection.execute(query.encode(), arguments).fetchall() == [(True,)]

    def comment(self, number: int = 0, table: str = '"Pay Roll"') -> tuple[str | None, Any]:
        function = (
            f"col_description('{table}'::regclass, {number})" if number else f"obj_description('{table}'::regclass)"
        )
        with self.server.connect(self.database) as connection:
            [(found,)] = connection.execute(f"select {function}".encode()).fetchall()
        text, notes = split(found)
        return text, notes.get("omrs-security")

    def tags(self, guid: str) -> dict[str, Any] | None:
        found = self.client.get_entity(guid).get("classifications") or ()
        return next((from_properties(each.get("properties")) for each in found if each["name"] == TAGS), None)

    def settled(self, life: Life) -> None:
        """Another pass changes nothing anywhere."""
        report = life.refresh()
        assert not report.changed and not touched(report), report.counters()


def touched(report: ActivityReport) -> dict[str, int]:
    """What was done in the database."""
    return {name: count for name, count in report.counters().items() if count and name.startswith(("grants", "marks"))}


@pytest.fixture
def vault(metadata_server: Running, client: MetadataClient, server: PostgresServer) -> Vault:
    return Vault(metadata_server, client, server)


def test_grants_follow_metadata(vault: Vault) -> None:
    life = vault.life()
    vault.settled(life)
    vault.sql(f"grant select on plain to {vault.writer}")
    vault.client.classify(vault.table, TAGS, {"securityProperties": {f"access:{vault.writer}": "INSERT, SELECT"}})
    vault.client.classify(
        vault.salary,
        TAGS,
        {"securityLabels": ["personal"], "securityProperties": {"law": "x", f"access:{vault.reader}": "SELECT"}},
    )
    report = life.refresh()
    assert touched(report) == {"grantsGiven": 3, "marksWritten": 2} and not report.changed
    assert vault.may(vault.writer, "INSERT") and vault.may(vault.reader, "SELECT", "salary")
    assert not vault.may(vault.reader, "SELECT", "id")
    text, mark = vault.comment(2)
    assert text == "a month's" and (mark["labels"], mark["properties"]) == (["personal"], {"law": "x"})
    vault.settled(life)
    assert not vault.catalogue.refresh().changed, "the mark is not part of the description"

    vault.sql(f'grant delete on "Pay Roll" to {vault.writer}')
    assert touched(life.refresh()) == {"grantsTaken": 1}, "a grant that metadata knows nothing of"
    vault.client.reclassify(vault.table, TAGS, {"securityProperties": {f"access:{vault.writer}": "SELECT"}})
    assert touched(vault.life().refresh()) == {"grantsTaken": 1, "marksWritten": 1}
    assert not vault.may(vault.writer, "INSERT") and vault.may(vault.reader, "SELECT", "salary")

    vault.client.declassify(vault.salary, TAGS)
    assert touched(life.refresh()) == {"grantsTaken": 1, "marksWritten": 1}
    assert vault.comment(2) == ("a month's", None) and not vault.may(vault.reader, "SELECT", "salary")
    vault.settled(life)
    with vault.server.connect(vault.database) as connection:
        query = "select has_table_privilege(%s, 'plain', 'SELECT')"
        assert connection.execute(query, [vault.writer]).fetchall() == [(True,)], "what has no tags is left alone"


def test_a_grant_on_a_column_outlives_a_revoke_on_its_table(vault: Vault) -> None:
    life = vault.life()
    access = {"securityProperties": {f"access:{vault.reader}": "SELECT"}}
    vault.client.classify(vault.table, TAGS, access)
    vault.client.classify(vault.salary, TAGS, access)
    life.refresh()
    vault.client.reclassify(vault.table, TAGS, {"securityLabels": ["closed"]})
    life.refresh()
    assert vault.may(vault.reader, "SELECT", "salary") and not vault.may(vault.reader, "SELECT", "id")
    vault.settled(life)


def test_unknown_roles_and_privileges_are_told_and_granted_once_they_are_there(vault: Vault) -> None:
    life = vault.life()
    late = f"late_{uuid4().hex[:6]}"
    access = {f"access:{late}": "SELECT", f"access:{vault.writer}": "FLY, ALL", "access:pg_monitor": "SELECT"}
    vault.client.classify(vault.table, TAGS, {"securityProperties": access})
    report = life.refresh()
    assert touched(report) == {"grantsGiven": 7, "marksWritten": 1} and report.counters()["accessIgnored"] == 3
    assert any(late in message for message in report.messages)
    vault.settled(life)
    vault.sql(f"create role {late}")
    assert touched(life.refresh()) == {"grantsGiven": 1, "marksWritten": 1}


def test_grants_and_marks_become_tags(vault: Vault) -> None:
    life = vault.life("FROM_THIRD_PARTY")
    vault.settled(life)
    vault.sql(
        f'grant select, update on "Pay Roll" to {vault.writer}',
        'comment on column "Pay Roll".salary is E\'pay\nomrs-security: {"labels": ["personal"]}\'',
    )
    report = life.refresh()
    assert (sorted(report.guids("updated")), touched(report)) == (sorted([vault.table, vault.salary]), {})
    assert vault.tags(vault.table) == {"securityProperties": {f"access:{vault.writer}": "SELECT, UPDATE"}}
    assert vault.tags(vault.salary) == {"securityLabels": ["personal"]}
    vault.settled(life)
    vault.metadata.client("garygeeke").classify(vault.plain, TAGS, {"securityLabels": ["somebody's"]})
    vault.sql(f'revoke update on "Pay Roll" from {vault.writer}', "comment on column \"Pay Roll\".salary is 'pay'")
    assert sorted(vault.life("FROM_THIRD_PARTY").refresh().guids("updated")) == sorted([vault.table, vault.salary])
    assert vault.tags(vault.table) == {"securityProperties": {f"access:{vault.writer}": "SELECT"}}
    assert vault.tags(vault.salary) is None and vault.tags(vault.plain) == {"securityLabels": ["somebody's"]}


@pytest.mark.parametrize("winner", ["metadata", "database"])
def test_both_ways(vault: Vault, winner: str) -> None:
    life = vault.life("BOTH_DIRECTIONS", winner=winner)
    vault.client.classify(vault.table, TAGS, {"securityLabels": ["a"]})
    vault.sql(f"grant select on plain to {vault.writer}")
    life.refresh()
    assert vault.comment()[1]["labels"] == ["a"]
    assert vault.tags(vault.plain) == {"securityProperties": {f"access:{vault.writer}": "SELECT"}}
    vault.settled(life)
    vault.client.declassify(vault.plain, TAGS)
    vault.sql(f'grant insert on "Pay Roll" to {vault.writer}')
    life.refresh()
    assert vault.comment(table="plain") == (None, None)
    assert vault.tags(vault.table) == {
        "securityLabels": ["a"],
        "securityProperties": {f"access:{vault.writer}": "INSERT"},
    }
    vault.settled(life)
    vault.client.reclassify(vault.table, TAGS, {"securityLabels": ["metadata"]})
    vault.sql('comment on table "Pay Roll" is \'omrs-security: {"labels": ["database"], "agreed": "other"}\'')
    life.refresh()
    assert vault.comment()[1]["labels"] == [winner]
    tags = vault.tags(vault.table)
    assert tags is not None and tags["securityLabels"] == [winner]
    vault.settled(life)


def test_no_more_is_taken_than_is_allowed(vault: Vault) -> None:
    life = vault.life()
    access = {"securityProperties": {f"access:{vault.writer}": "SELECT, INSERT"}}
    vault.client.classify(vault.table, TAGS, access)
    vault.client.classify(vault.plain, TAGS, access)
    life.refresh()
    vault.client.declassify(vault.table, TAGS)
    vault.client.reclassify(vault.plain, TAGS, {"securityLabels": ["l"]})
    vault.client.classify(vault.salary, TAGS, {"securityLabels": ["new"]})
    with pytest.raises(DeletionRefusedError, match="would delete 4 of 4 grants"):
        life.refresh()
    assert vault.may(vault.writer, "INSERT"), "nothing was taken"
    assert touched(vault.life(maxDeletedShare=1).refresh())["grantsTaken"] == 4


def test_what_is_not_catalogued_any_more_keeps_its_grants(vault: Vault) -> None:
    life = vault.life()
    vault.client.classify(vault.table, TAGS, {"securityProperties": {f"access:{vault.writer}": "SELECT"}})
    life.refresh()
    vault.client.delete_entity(vault.table)
    report = life.refresh()
    assert report.counters() == {"notCatalogued": 1} and vault.may(vault.writer, "SELECT")


def test_a_database_that_is_away(metadata_server: Running, client: MetadataClient) -> None:
    with postgres_server() as own:
        vault = Vault(metadata_server, client, own)
        life = vault.life()
        vault.client.classify(vault.table, TAGS, {"securityLabels": ["a"]})
        own.stop("immediate")
        with pytest.raises(RepositoryError):
            life.refresh()
        own.start()
        assert touched(life.refresh()) == {"marksWritten": 1}
        own.stop()
        with pytest.raises(RepositoryError):
            vault.life()


def test_a_table_that_may_not_be_changed_does_not_hinder_others(vault: Vault) -> None:
    vault.sql(
        f"create role {vault.writer}_login login password '{vault.server.password}'",
        f"alter table plain owner to {vault.writer}_login",
    )
    for guid in (vault.table, vault.plain):
        vault.client.classify(guid, TAGS, {"securityLabels": ["a"]})
    address = vault.server.dsn(vault.database, f"{vault.writer}_login")
    life = Life(
        vault.metadata, SecuritySyncConnector(), address, vault.server.password, options={"instance": vault.instance}
    )
    report = life.refresh()
    assert (report.counters()["tablesFailed"], report.counters()["marksWritten"]) == (1, 1)
    assert "must be owner" in report.messages[0] and vault.comment(table="plain")[1]["labels"] == ["a"]


def test_types_of_release_4(server: PostgresServer) -> None:
    with old_release() as old:
        vault = Vault(old, old.client("one"), server)
        life = vault.life("BOTH_DIRECTIONS")
        vault.client.classify(vault.table, TAGS, {"accessGroups": {vault.writer: "SELECT"}})
        vault.sql(f'grant select (salary) on "Pay Roll" to {vault.writer}')
        life.refresh()
        assert vault.may(vault.writer, "SELECT")
        assert vault.tags(vault.salary) == {"accessGroups": {vault.writer: "SELECT"}}
        vault.settled(life)

"""What PostgreSQL's event triggers report, as the event mapper tells it; real DDL on a real server."""

import threading
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any, LiteralString
from uuid import uuid4

import pytest

from omrs_connectors.builtin.postgres_catalog import trigger
from omrs_connectors.builtin.postgres_catalog.connector import PostgresCatalog
from omrs_schemas.errors import RepositoryError
from omrs_schemas.typedefs.system import TypeSystem
from omrs_streams.proxy import EventProcessor, MappedEntity, ProxyContext
from omrs_streams.proxy.interfaces import Mapped
from postgres import PostgresServer, postgres_server
from workers import eventually

WITHIN = 60.0


@dataclass
class Seen(EventProcessor):
    """Holds what was told as the log would: by guid, with how it was told."""

    held: dict[str, Mapped] = field(default_factory=dict)
    users: list[str] = field(default_factory=list)
    wholes: int = 0
    error: Exception | None = None
    go: threading.Event = field(default_factory=threading.Event)

    def await_synchronized(self) -> None:
        assert self.go.wait(WITHIN)

    def failed(self, error: Exception) -> None:
        self.error = error

    def reconcile(
        self, present: Iterable[Mapped], *, among: Collection[str] | None = None, purge: bool = True, user: str = ""
    ) -> None:
        wanted = {each.guid: each for each in present}
        gone = (set(self.held) if among is None else set(among)) - wanted.keys()
        self.wholes += among is None
        self.users.append(user)
        self.held = {guid: each for guid, each in {**self.held, **wanted}.items() if guid not in gone}

    def names(self, type_name: str) -> set[str]:
        return {
            each.properties["displayName"]
            for each in list(self.held.values())
            if isinstance(each, MappedEntity) and each.type_name == type_name
        }


def synchronized() -> Seen:
    """Nothing that happened before has to be told first."""
    seen = Seen()
    seen.go.set()
    return seen


@dataclass
class Session:
    """A connector that follows a database of its own."""

    server: PostgresServer
    database: str
    connector: PostgresCatalog
    seen: Seen
    audited: list[str]

    def sql(self, *statements: LiteralString, user: str = "postgres") -> None:
        self.server.sql(*statements, database=self.database, user=user)

    def agrees(self, what: str) -> None:
        """What was told piece by piece is what a snapshot finds."""

        def same() -> bool:
            assert self.seen.error is None, self.seen.error
            return self.seen.held == {each.guid: each for each in whole.snapshot()}

        whole = connector_of(self.server, self.database, [])
        eventually(same, what, within=WITHIN)


def connector_of(server: PostgresServer, database: str, audited: list[str], **options: Any) -> PostgresCatalog:
    connector = PostgresCatalog()
    given = {"dsn": server.dsn(database), "password": server.password, **options}
    types = TypeSystem.builtin()
    connector.configure(ProxyContext("proxy", "c", types, given, lambda message, **_: audited.append(message)))
    return connector


@pytest.fixture
def database(server: PostgresServer) -> str:
    name = f"d{uuid4().hex[:10]}"
    with server.connect() as connection:
        connection.execute(f"create database {name}".encode())
    return name


@pytest.fixture
def session(server: PostgresServer, database: str) -> Iterator[Session]:
    audited: list[str] = []
    connector = connector_of(server, database, audited)
    found = Session(server, database, connector, Seen(), audited)
    mapper = connector.event_mapper()
    mapper.start(found.seen)
    found.sql("create schema early", "create table early.bird (id int)")  # between listening and the snapshot
    found.seen.reconcile(connector.snapshot())
    found.seen.go.set()
    yield found
    mapper.stop()
    assert found.seen.error is None


SCRIPT: tuple[LiteralString, ...] = (
    "create schema s",
    "create table s.a (id int primary key, n text)",
    "create table s.b (id int primary key, a int references s.a)",
    "alter table s.a add column extra numeric(5, 1) default 3 not null, alter column n type varchar(9)",
    "alter table s.a rename column n to m",
    "comment on table s.a is 'first'",
    "comment on column s.a.m is 'words'",
    "comment on schema s is 'small'",
    "create view s.v as select m from s.a",
    "create or replace view s.v as select m, id from s.a",
    "create materialized view s.mv as select id from s.a",
    "create table s.p (k int) partition by list (k)",
    "create table s.p1 partition of s.p for values in (1)",
    "alter table s.p add column late text",
    "alter table s.b rename to c",
    "alter table s.c rename constraint b_pkey to c_key",
    "alter table s.a drop constraint a_pkey cascade",
    "alter table s.a add primary key (id)",
    "create type s.mood as enum ('x')",
    "alter table s.c add column mood s.mood",
    "alter type s.mood rename to temper",
    "alter table s.c drop column mood",
    "create table s2 as select 1 as one",
    "alter table s2 set schema s",
    "alter schema s rename to t",
    "create role passing_owner",
    "alter table t.s2 owner to passing_owner",
    "alter table t.s2 owner to postgres",
    "drop role passing_owner",
    "drop materialized view t.mv",
    "drop view t.v",
    "drop table t.a cascade",
    "drop schema t cascade",
)


def test_every_kind_of_ddl_is_told(session: Session) -> None:
    session.agrees("what happened before the snapshot")
    for statement in SCRIPT:
        session.sql(statement)
        session.agrees(statement)
    assert set(session.seen.users) <= {"", "postgres"}
    with session.server.connect(session.database) as connection:
        tags = {tag for (tag,) in connection.execute("select tag from omrs_catalog.ddl_events").fetchall()}
    assert {"CREATE TABLE", "ALTER TABLE", "COMMENT", "DROP SCHEMA"} <= tags


def test_a_migration_is_told_at_once_and_a_rollback_never(session: Session) -> None:
    told = len(session.seen.users)
    with session.server.connect(session.database) as connection, connection.transaction():
        for number in range(40):
            connection.execute(f"create table m{number} (id int)".encode())
    session.agrees("a migration")
    assert len(session.seen.users) - told < 40, "table by table"
    assert len(session.seen.names("RelationalTable")) == 41
    with session.server.connect(session.database) as connection, connection.transaction(force_rollback=True):
        connection.execute("drop table m0")
    session.sql("create temporary table t (id int)", "create index on m1 (id)", "grant select on m1 to public")
    session.sql("create table last (id int)")
    session.agrees("what came after")
    assert {"m0", "last"} <= session.seen.names("RelationalTable") and session.seen.wholes == 1


def test_anybodys_ddl_is_reported_and_never_hindered(session: Session) -> None:
    role = f"r{uuid4().hex[:8]}"
    with session.server.connect(session.database) as connection:
        connection.execute(f"create role {role} login password '{session.server.password}'".encode())
        connection.execute(f"create schema own authorization {role}".encode())
    session.agrees("a schema of somebody else")
    session.sql("create table own.mine (id int)", user=role)
    session.agrees("a table of somebody else")
    assert session.seen.users[-1] == role
    session.sql("drop table omrs_catalog.ddl_events", "create table own.later (id int)")
    assert session.seen.error is None, "the report is lost, the command is not"


def test_triggers_are_brought_up_to_date_and_installed_once(server: PostgresServer, database: str) -> None:
    mapper = connector_of(server, database, []).event_mapper()
    mapper.start(synchronized())
    mapper.stop()
    with server.connect(database) as connection:
        assert trigger.installed(connection, "omrs_catalog")
        connection.execute("comment on function omrs_catalog.report(text, text, text, oid, boolean) is 'older'")
        assert not trigger.installed(connection, "omrs_catalog")
        connection.execute(trigger.install_sql("omrs_catalog"))
        assert trigger.installed(connection, "omrs_catalog")
        connection.execute("alter event trigger omrs_catalog_changed disable")
        assert not trigger.installed(connection, "omrs_catalog")


def test_without_triggers_it_polls_or_says_that_it_does_not(server: PostgresServer, database: str) -> None:
    audited: list[str] = []
    polling = connector_of(server, database, audited, install_trigger=False, poll_seconds=0.2)
    seen = synchronized()
    mapper = polling.event_mapper()
    mapper.start(seen)
    server.sql("create table found (id int)", database=database)
    eventually(lambda: "found" in seen.names("RelationalTable"), "a comparison finds it", within=WITHIN)
    mapper.stop()
    assert audited == []
    deaf = connector_of(server, database, audited, install_trigger=False, poll_seconds=0).event_mapper()
    deaf.start(synchronized())
    deaf.stop()
    assert audited == ["OMRS-AUDIT-0022"]


def test_compared_now_and_then_although_it_is_told(server: PostgresServer, database: str) -> None:
    """The database's own name and comment are reported by no event trigger."""
    seen = synchronized()
    mapper = connector_of(server, database, [], compare_minutes=0.01).event_mapper()
    mapper.start(seen)
    with server.connect() as connection:
        connection.execute(f"comment on database {database} is 'all of it'".encode())

    def commented() -> bool:
        return any(each.properties.get("description") == "all of it" for each in list(seen.held.values()))

    eventually(commented, "the comment is found", within=WITHIN)
    mapper.stop()


def test_a_server_that_goes_away_ends_the_session(database: str) -> None:
    with postgres_server() as own:
        connector = connector_of(own, "postgres", [])
        seen = synchronized()
        mapper = connector.event_mapper()
        mapper.start(seen)
        own.stop("immediate")
        eventually(lambda: seen.error, "the session ends", within=WITHIN)
        assert isinstance(seen.error, RepositoryError) and own.password not in str(seen.error)
        mapper.stop()
        with pytest.raises(RepositoryError):
            connector.event_mapper().start(synchronized())


def test_foreign_payloads_are_passed_over() -> None:
    for payload in ("", "{}", "[1]", '{"tag": "X", "oid": "no", "type": null, "dropped": false, "role": "r"}'):
        assert trigger.Change.of(payload) is None
    found = trigger.Change.of('{"tag": "X", "oid": null, "type": null, "dropped": false, "role": "r"}')
    assert found == trigger.Change("X", "", None, False, "r")

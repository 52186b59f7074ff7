"""Data Platform Server, Security Sync Server and Virtualizer of docs/older-daemons.md as real daemons."""

import re
import time
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
import yaml
from daemons import Daemon, Daemons
from lives_with_postgres import by_name, metadata_facts, source_facts

from omrs_connectors.runtime.settings import load_daemon_settings
from omrs_schemas.errors import EntityNotKnownError
from omrs_streams.client import MetadataClient
from postgres import PostgresServer, postgres_server
from workers import eventually, unique

pytestmark = pytest.mark.kafka

DOC = Path(__file__).resolve().parents[2] / "docs" / "older-daemons.md"
SECRETS = ("WAREHOUSE_CATALOG", "SALES_CATALOG", "SALES_SECURITY", "SALES_VIEWS")

REST_S = 5.0  # events are collected for 2 s at most, and a look each second begins the pass

LISTENING = "select from pg_stat_activity where datname = current_database() and query like 'listen%'"


def documented() -> dict[str, str]:
    """The YAML of each daemon with a connector to PostgreSQL, by the file's name."""
    blocks = re.findall(r"```yaml\n# (\S+)\.yaml\n(.*?)```", DOC.read_text(), re.S)
    return {name: block for name, block in blocks if "connectorProviderClassName: postgres" in block}


class Site:
    """A database, and the daemons of the documentation pointed at it."""

    def __init__(self, server: PostgresServer, daemons: Daemons, client: MetadataClient) -> None:
        self.server, self.daemons, self.client = server, daemons, client
        self.database, self.instance = f"d{uuid4().hex[:10]}", f"pg-{uuid4().hex[:8]}"
        with server.connect() as connection:
            connection.execute(f"create database {self.database}".encode())
        self.sql("create table customer (id int primary key, nm text)", "create table orders (id int)")

    def sql(self, *statements: str) -> None:
        with self.server.connect(self.database) as connection:
            for statement in statements:
                connection.execute(statement.encode())

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        with self.server.connect(self.database) as connection:
            return connection.execute(query.encode()).fetchall()

    def start(self, name: str, *only: str, **changes: Any) -> Daemon:
        """The documented daemon, with the connectors `only` names; `changes` to what is said of each."""
        services = yaml.safe_load(documented()[name])["services"]
        for service in services:
            service["connectors"] = [
                {**one, **changes} for one in service["connectors"] if not only or one["connectorName"] in only
            ]
            for connector in service["connectors"]:
                connector["connectorId"] = f"{self.database} {connector['connectorName']}"
                if "metadataSourceQualifiedName" in connector:
                    connector["metadataSourceQualifiedName"] += self.database
                connector["connection"]["endpoint"]["networkAddress"] = self.server.dsn(self.database)
                connector["connection"]["configurationProperties"]["instance"] = self.instance
        return self.daemons.start(unique(name), services=services)

    def named(self) -> dict[str, Any]:
        prefix = f" {self.database}"
        return {name.replace(prefix, "", 1): each for name, each in by_name(self.client, self.instance).items()}

    def equal(self) -> bool:
        """False also while elements come and go between two reads."""
        try:
            database = self.named()["RelationalDatabase"]
            found = metadata_facts(self.client, database.guid)
        except (EntityNotKnownError, KeyError):
            return False
        return bool(found == source_facts(self.server, self.database))

    def synced(self, daemon: Daemon, connector: str) -> None:
        """Until the first pass is over, after which both sides are equal. One that is asked for before that is none of
        its own: the pass under way counts as the answer."""
        daemon.wait(f"{connector} is refreshed", lambda all_: all_[connector]["statistics"].get("passes"))
        eventually(self.equal, "the first sync")


@pytest.fixture
def site(server: PostgresServer, daemons: Daemons, client: MetadataClient, monkeypatch: pytest.MonkeyPatch) -> Site:
    for name in SECRETS:
        monkeypatch.setenv(f"OMRS_SECRET_{name}", server.password)
    return Site(server, daemons, client)


def state(daemon: Daemon, connector: str, wanted: str) -> dict[str, Any]:
    """The connector's report once its status is `wanted`."""
    reports = daemon.wait(f"{connector} {wanted}", lambda all_: all_[connector]["connectorStatus"] == wanted)
    found: dict[str, Any] = reports[connector]
    return found


def at_rest(daemon: Daemon, connector: str) -> None:
    """Until no pass has begun or ended for longer than a change waits for its pass."""
    seen: list[tuple[int, bool]] = []
    since = 0.0

    def resting(reports: dict[str, Any]) -> bool:
        nonlocal since
        found = reports[connector]["statistics"]["passes"], reports[connector]["refreshInProgress"]
        if seen != [found]:
            seen[:], since = [found], time.monotonic()
        return not found[1] and time.monotonic() - since > REST_S

    daemon.wait(f"{connector} rests", resting)


@pytest.mark.parametrize("name", documented())
def test_the_examples_are_configurations(name: str, tmp_path: Path) -> None:
    file = tmp_path / "daemon.yaml"
    file.write_text(documented()[name])
    assert load_daemon_settings(file).daemon == name


def test_the_data_platform_server_asks(site: Site) -> None:
    daemon = site.start("data-platform-server", "warehouse")
    state(daemon, "warehouse", "RUNNING")
    site.synced(daemon, "warehouse")
    table = site.named()["RelationalTable::public::customer"]
    assert table["instanceProvenanceType"] == "EXTERNAL_SOURCE"
    site.sql("alter table customer rename to buyer", "drop table orders")
    daemon.refresh("warehouse")
    assert site.equal() and site.named()["RelationalTable::public::buyer"].guid == table.guid

    daemon.kill()
    site.sql("create table late (id int)")
    again = site.start("data-platform-server", "warehouse")
    eventually(site.equal, "a daemon that was killed goes on")
    assert site.server.password not in daemon.log_text() + again.log_text()


def test_the_data_platform_server_is_told(site: Site) -> None:
    daemon = site.start("data-platform-server", "sales", refreshTimeInterval=0)
    state(daemon, "sales", "RUNNING")
    eventually(site.equal, "the first sync")
    eventually(lambda: site.rows(LISTENING), "it listens")
    for statement in ("create table told (id int)", "alter table told add column more text", "drop table told"):
        site.sql(statement)
        eventually(site.equal, statement)
    assert daemon.stop() == 0


def test_a_database_that_is_away_and_comes_back(
    daemons: Daemons, client: MetadataClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    with postgres_server() as own:
        monkeypatch.setenv("OMRS_SECRET_WAREHOUSE_CATALOG", own.password)
        site = Site(own, daemons, client)
        daemon = site.start("data-platform-server", "warehouse")
        site.synced(daemon, "warehouse")
        before = site.named()
        own.stop("immediate")
        daemon.call("POST", "/integration-connectors/refresh", {"name": "warehouse"})
        failed = state(daemon, "warehouse", "FAILED")
        assert "PostgreSQL cannot be read" in failed["failingExceptionMessage"]
        daemon.call("POST", "/integration-connectors/restart", {"name": "warehouse"})
        state(daemon, "warehouse", "INITIALIZE_FAILED")
        assert site.named() == before
        own.start()
        site.sql("create table back (id int)")
        state(daemon, "warehouse", "RUNNING")
        eventually(site.equal, "it heals by itself")


def test_a_database_that_is_restarted_is_listened_to_again(
    daemons: Daemons, client: MetadataClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    with postgres_server() as own:
        monkeypatch.setenv("OMRS_SECRET_SALES_CATALOG", own.password)
        site = Site(own, daemons, client)
        daemon = site.start("data-platform-server", "sales", refreshTimeInterval=0)
        eventually(lambda: site.rows(LISTENING), "it listens")
        site.sql("create table before (id int)")
        eventually(site.equal, "it is told")
        at_rest(daemon, "sales")  # a refresh in the middle of the restart would be FAILED
        own.stop()
        own.start()
        site.sql("create table meanwhile (id int)")
        eventually(lambda: site.rows(LISTENING), "it listens again")
        eventually(site.equal, "what happened meanwhile is there")
        site.sql("create table afterwards (id int)")
        eventually(site.equal, "and what happens now")
        assert daemon.reports()["sales"]["connectorStatus"] == "RUNNING"


def test_the_security_sync_server_follows_tags(site: Site) -> None:
    site.start("data-platform-server", "warehouse")
    eventually(site.equal, "the first sync")
    daemon = site.start("security-sync-server")
    state(daemon, "sales security", "RUNNING")
    role = f"r{uuid4().hex[:8]}"
    site.sql(f"create role {role}")
    tags = {"securityLabels": ["personal"], "securityProperties": {f"access:{role}": "SELECT"}}
    column = site.named()["RelationalColumn::public::customer::nm"]
    site.client.classify(column.guid, "SecurityTags", tags)
    may = f"select has_column_privilege('{role}', 'customer', 'nm', 'select')"
    eventually(lambda: site.rows(may) == [(True,)], "the grant follows")
    site.client.declassify(column.guid, "SecurityTags")
    eventually(lambda: site.rows(may) == [(False,)], "and is taken away")


def test_the_security_sync_server_is_told_of_grants(site: Site) -> None:
    site.start("data-platform-server", "warehouse")
    eventually(site.equal, "the first sync")
    changes = {"permittedSynchronization": "FROM_THIRD_PARTY", "usesBlockingCalls": True, "refreshTimeInterval": 0}
    daemon = site.start("security-sync-server", **changes)
    state(daemon, "sales security", "RUNNING")
    eventually(lambda: site.rows(LISTENING), "it listens")
    table = site.named()["RelationalTable::public::customer"].guid

    def tagged() -> bool:
        return "SecurityTags" in str(site.client.get_entity(table).get("classifications"))

    site.sql("grant select on customer to public")
    eventually(tagged, "the grant becomes a tag")
    site.sql("revoke select on customer from public")
    eventually(lambda: not tagged(), "and the tag goes with it")


def test_the_virtualizer_follows_the_glossary(site: Site) -> None:
    site.start("data-platform-server", "warehouse")
    eventually(site.equal, "the first sync")
    daemon = site.start("virtualizer")
    state(daemon, "sales views", "RUNNING")
    term = site.client.add_entity("GlossaryTerm", {"qualifiedName": site.database, "displayName": "Full Name"})
    column = site.named()["RelationalColumn::public::customer::nm"]
    site.client.add_relationship("SemanticAssignment", column.guid, term.guid)
    shown = "select column_name from information_schema.columns where table_schema = 'business'"
    eventually(lambda: site.rows(shown) == [("Full Name",)], "the view appears")
    site.client.delete_entity(term.guid)
    eventually(lambda: site.rows(shown) == [], "and goes")

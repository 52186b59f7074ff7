"""Which databases the PostgreSQL connector looks after, as whom, and with which release of the types."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from lives_with_postgres import InMemory, Life, Shop, metadata_facts, old_release, postgres_life, source_facts

from omrs_connectors.builtin.postgres.connector import PostgresConnector
from omrs_connectors.groups.editing import GroupEditor
from omrs_connectors.sdk import IntegrationConnectorConfig
from omrs_connectors.sdk.connector import Embedded
from omrs_connectors.sdk.secrets import YamlSecrets
from omrs_schemas.errors import ConfigurationError, RepositoryError
from omrs_streams.client import MetadataClient
from postgres import PostgresServer, postgres_server
from workers import unique


@pytest.fixture(scope="module")
def metadata() -> Iterator[InMemory]:
    found = InMemory()
    yield found
    found.world.close()


@pytest.fixture
def shop(metadata: InMemory, server: PostgresServer) -> Shop:
    return Shop(metadata, metadata.client("one"), server)


def test_types_of_release_4(server: PostgresServer) -> None:
    with old_release() as old:
        shop = Shop(old, old.client("one"), server)
        shop.told(shop.life())
        assert not shop.told(shop.life()).changed
        before = shop.named()
        shop.sql("alter table shop.customer rename to buyer", "drop view shop.big")
        assert shop.told(shop.life()).counts()["created"] == 0
        renamed = f"{shop.database}x"
        with server.connect() as connection:
            connection.execute(f"alter database {shop.database} rename to {renamed}".encode())
        shop.database, shop.instance = renamed, f"{shop.instance}-moved"
        report = shop.life().refresh()
        assert (report.counts()["created"], report.counts()["deleted"]) == (0, 0)
        shop.equal()
        assert shop.named()["RelationalTable shop::buyer"].guid == before["RelationalTable shop::customer"].guid


def test_several_databases_of_a_server(metadata: InMemory, server: PostgresServer) -> None:
    first, second = (Shop(metadata, metadata.client("one"), server) for _ in range(2))
    second.instance = first.instance
    life = first.life(databases=[first.database, second.database])
    assert life.refresh().counters()["databases.everything"] == 2
    held = first.elements()
    found = {each.plain_properties["displayName"]: each for each in held.values() if "Database" in each.type_name}
    for each in (first, second):
        assert metadata_facts(each.client, found[each.database].guid) == source_facts(server, each.database)
    with server.connect() as connection:
        connection.execute(f"drop database {second.database}".encode())
    assert not first.life(databases=[first.database]).refresh().changed, "what others look after stays"
    assert life.refresh().counts()["deleted"] == len(held) / 2
    first.equal()


def test_catalog_targets(metadata: InMemory, server: PostgresServer) -> None:
    client = metadata.client("one")
    first, second = (Shop(metadata, client, server) for _ in range(2))
    second.instance = first.instance
    config = {"connectorName": "one", "connectorProviderClass": "postgres"}
    editor = GroupEditor(client)
    group = unique("group")
    editor.create_group(group)
    registration = editor.add_connector(group, IntegrationConnectorConfig.model_validate(config))
    elements = []
    for shop in (first, second):
        properties = {"qualifiedName": f"mine::{shop.database}", "resourceName": shop.database}
        elements.append(client.add_entity("RelationalDatabase", properties).guid)
    editor.add_target(registration, elements[0], "first", configurationProperties={"networkAddress": first.dsn})
    connect(client, elements[1], second.dsn)
    target = editor.add_target(registration, elements[1], "second")
    life = Life(
        metadata,
        PostgresConnector(),
        "",
        server.password,
        connectorId=registration,
        options={"instance": first.instance},
    )
    assert life.refresh().counters()["databases.everything"] == 2
    for shop, element in zip((first, second), elements, strict=True):
        assert metadata_facts(client, element) == source_facts(server, shop.database), (
            "the element became the database's"
        )
    editor.remove_target(target)
    first.sql("create table shop.late (id int)")
    second.sql("create table shop.late (id int)")
    assert life.refresh().counters() == {"databases.changes": 1, "tablesRead": 2}
    assert metadata_facts(client, elements[0]) == source_facts(server, first.database)


def test_one_of_several_is_away(metadata: InMemory, server: PostgresServer) -> None:
    client = metadata.client("one")
    with postgres_server() as other:
        here, away = Shop(metadata, client, server), Shop(metadata, client, other)
        group, editor = unique("group"), GroupEditor(client)
        editor.create_group(group)
        config = IntegrationConnectorConfig.model_validate(
            {"connectorName": "one", "connectorProviderClass": "postgres"}
        )
        registration = editor.add_connector(group, config)
        element = client.add_entity("RelationalDatabase", {"qualifiedName": unique("db")}).guid
        editor.add_target(registration, element, "away", configurationProperties={"networkAddress": away.dsn})
        life = Life(metadata, PostgresConnector(), here.dsn, server.password, connectorId=registration)
        assert life.refresh().counters()["databases.everything"] == 2
        other.stop()
        here.sql("create table shop.late (id int)")
        report = life.refresh()
        assert (report.counters()["databases.changes"], report.counters()["databases.away"]) == (1, 1)
        assert report.counts()["deleted"] == 0 and "cannot be read" in report.messages[0]
        other.start()
        away.sql("create table shop.late (id int)")
        assert life.refresh().counters()["databases.changes"] == 1
        assert metadata_facts(client, element) == source_facts(other, away.database)


def connect(client: MetadataClient, asset: str, address: str) -> None:
    """Gives an asset a connection with an endpoint."""
    name = unique("connection")
    connection = client.add_entity("Connection", {"qualifiedName": name}).guid
    endpoint = client.add_entity("Endpoint", {"qualifiedName": f"{name} endpoint", "networkAddress": address}).guid
    client.add_relationship("AssetConnection", asset, connection)
    client.add_relationship("ConnectToEndpoint", connection, endpoint)


def test_a_password_in_a_secrets_store(shop: Shop, tmp_path: Path) -> None:
    file = tmp_path / "secrets.yaml"
    file.write_text(f"daemon: {{shop: {shop.server.password}}}")
    file.chmod(0o600)
    store = YamlSecrets()
    bean = {"endpoint": {"networkAddress": str(file)}, "configurationProperties": {"secretsCollectionName": "daemon"}}
    store.connection = store.connection.model_validate(bean)
    connector = PostgresConnector()
    connector.embedded = (Embedded("secrets", store),)
    given: dict[str, Any] = {"instance": shop.instance, "passwordSecret": "shop", "allowClearPassword": False}
    life = Life(shop.metadata, connector, shop.dsn, options=given)
    shop.told(life)
    file.write_text("daemon: {shop: wrong}")
    with pytest.raises(RepositoryError, match="authentication failed") as refused:
        life.refresh()
    assert "wrong" not in str(refused.value)


def test_a_password_in_clear_needs_insisting(shop: Shop) -> None:
    secret = "://postgres:"  # the beginning of an address with a password
    for address, password in ((shop.dsn, shop.server.password), (shop.dsn.replace("://postgres", f"{secret}x"), "")):
        with pytest.raises(ConfigurationError, match="password in clear") as refused:
            Life(shop.metadata, PostgresConnector(), address, password, options={"allowClearPassword": False})
        assert shop.server.password not in str(refused.value)
    for address, said in (("", "neither an address nor catalog targets"), ("x=y z", "is no connection string")):
        with pytest.raises(ConfigurationError, match=said):
            Life(shop.metadata, PostgresConnector(), address)
    with pytest.raises(ConfigurationError, match="excludeSchema: not known, is excludeSchemas meant"):
        shop.life(excludeSchema=["x"])


def test_metadata_is_at_home_in_its_source(shop: Shop) -> None:
    source = f"SoftwareCapability::{shop.database}"
    life = postgres_life(
        shop.metadata,
        PostgresConnector(),
        shop.server,
        shop.database,
        metadataSourceQualifiedName=source,
        options={"instance": shop.instance},
    )
    shop.told(life)
    assert {each["instanceProvenanceType"] for each in shop.elements().values()} == {"EXTERNAL_SOURCE"}
    shop.sql("alter table shop.customer rename to buyer", "alter table shop.buyer drop column born")
    shop.told(life)

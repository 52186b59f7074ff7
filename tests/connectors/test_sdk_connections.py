"""Connections: Egeria's beans in, connectors with embedded connectors out, and no secret shown anywhere."""

import json
import logging
import pickle
from typing import Any

import pytest
from kit_connectors import Login, Vault
from pydantic import ValidationError

from omrs_connectors.runtime.loading import connector_broker, create_connector, known_secrets_stores, load_connector
from omrs_connectors.sdk import (
    Connection,
    Connector,
    ConnectorBroker,
    Deadlines,
    IntegrationConnectorConfig,
    VirtualConnection,
)
from omrs_connectors.sdk.connections import HIDDEN, parse_connection, without_secrets
from omrs_schemas.errors import ConfigurationError

SECRET = "s3cr3t-w0rd"

EGERIA: dict[str, Any] = {
    "class": "VirtualConnection",
    "headerVersion": 0,
    "displayName": "orders",
    "connectorType": {"class": "ConnectorType", "connectorProviderClassName": "tests:outer", "type": {"x": 1}},
    "endpoint": {"class": "Endpoint", "address": f"postgresql://me:{SECRET}@db/orders", "protocol": "postgresql"},
    "userId": "me",
    "clearPassword": SECRET,
    "configurationProperties": {
        "depth": 2,
        "apiKey": SECRET,
        "nested": [{"token": SECRET, "url": f"http://u:{SECRET}@h"}],
    },
    "securedProperties": {"key": SECRET},
    "embeddedConnections": [
        {
            "class": "EmbeddedConnection",
            "position": 1,
            "displayName": "second",
            "arguments": {"use": "log"},
            "embeddedConnection": {
                "class": "Connection",
                "clearPassword": SECRET,
                "connectorType": {"connectorProviderClassName": "tests:inner"},
            },
        },
        {
            "class": "EmbeddedConnection",
            "position": 0,
            "displayName": "first",
            "embeddedConnection": {"connectorType": {"connectorProviderClassName": "tests:inner"}},
        },
    ],
}


def test_a_bean_of_egeria_is_read_and_written() -> None:
    connection = parse_connection(EGERIA)
    assert isinstance(connection, VirtualConnection)
    assert connection.provider == "tests:outer"
    assert connection.endpoint.network_address == f"postgresql://me:{SECRET}@db/orders"
    assert [one.display_name for one in connection.embedded] == ["first", "second"]
    bean = connection.to_bean()
    assert bean["clearPassword"] == SECRET
    assert bean["endpoint"]["address"] == bean["endpoint"]["networkAddress"]
    assert "headerVersion" not in bean and "type" not in bean["connectorType"]
    assert parse_connection(bean) == connection
    assert pickle.loads(pickle.dumps(connection)) == connection


@pytest.mark.parametrize("name", ["address", "networkAddress"])
def test_an_endpoint_is_called_by_either_name(name: str) -> None:
    assert parse_connection({"endpoint": {name: "there"}}).endpoint.network_address == "there"


def test_no_secret_is_shown(caplog: pytest.LogCaptureFixture) -> None:
    connection = parse_connection(EGERIA)
    config = IntegrationConnectorConfig.model_validate({"connectorName": "c", "connection": EGERIA})
    with caplog.at_level(logging.DEBUG):
        logging.getLogger("test").warning("%s %r", config, config)
    shown = [json.dumps(connection.redacted()), repr(connection), str(connection), repr(config), caplog.text]
    assert not [text for text in shown if SECRET in text]
    assert HIDDEN in repr(connection)
    assert connection.redacted()["configurationProperties"]["depth"] == 2
    assert list(connection.secret_names()) == [
        "clearPassword",
        "securedProperties.key",
        "endpoint.networkAddress",
        "configurationProperties",
        "embeddedConnections.1.clearPassword",
    ]
    assert not list(Connection().secret_names())


def test_an_error_does_not_quote_the_connection() -> None:
    wrong = {**EGERIA, "configurationProperties": SECRET, "clearPassword": [SECRET]}
    with pytest.raises(ValidationError) as caught:
        IntegrationConnectorConfig.model_validate({"connectorName": "c", "connection": wrong})
    assert "clearPassword" in str(caught.value) and "configurationProperties" in str(caught.value)
    assert SECRET not in str(caught.value)


def test_a_changed_password_is_another_connection() -> None:
    assert parse_connection(EGERIA) != parse_connection({**EGERIA, "clearPassword": "another"})
    assert parse_connection(EGERIA) == parse_connection(json.loads(json.dumps(EGERIA)))


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        ("postgresql://me:pw@db/x?y=1", f"postgresql://me:{HIDDEN}@db/x?y=1"),
        ("https://host:8443/path@x", "https://host:8443/path@x"),
        ({"password": "x", "passwordFile": "/x"}, {"password": HIDDEN, "passwordFile": "/x"}),
        ({"secretsCollectionName": "c"}, {"secretsCollectionName": "c"}),
        ({"private_key": "x", "keys": ["a"], "token": 7}, {"private_key": HIDDEN, "keys": ["a"], "token": 7}),
    ],
)
def test_what_looks_like_a_secret_is_hidden(value: Any, shown: Any) -> None:
    assert without_secrets(value) == shown


class Outer(Connector):
    pass


class Inner(Connector):
    pass


def broker() -> ConnectorBroker:
    classes: dict[str, type[Connector]] = {"tests:outer": Outer, "tests:inner": Inner}
    return ConnectorBroker(lambda provider: classes[provider]())


def test_embedded_connectors_are_built_in_order_and_given() -> None:
    outer = broker().connector_for(parse_connection(EGERIA))
    assert isinstance(outer, Outer)
    assert outer.connection.display_name == "orders"
    assert [(one.name, type(one.connector), one.arguments) for one in outer.embedded] == [
        ("first", Inner, {}),
        ("second", Inner, {"use": "log"}),
    ]
    assert outer.embedded[1].connector.connection.secret("clearPassword") == SECRET
    assert Inner.embedded == () and Outer.connection == Connection(), "classes are not touched"


def test_a_connection_without_a_class_is_refused_by_its_place() -> None:
    bean = {**EGERIA, "embeddedConnections": [{"embeddedConnection": {"class": "Connection"}}]}
    with pytest.raises(ConfigurationError, match=r"connection\.embeddedConnections\.0\.connectorType") as caught:
        broker().connector_for(parse_connection(bean))
    assert SECRET not in str(caught.value)
    deep: dict[str, Any] = {"connectorType": {"connectorProviderClassName": "tests:outer"}}
    for _ in range(12):
        deep = {"connectorType": deep["connectorType"], "embeddedConnections": [{"embeddedConnection": deep}]}
    with pytest.raises(ConfigurationError, match="nested more than 10 deep"):
        broker().connector_for(parse_connection(deep))


def test_the_installed_broker_knows_connectors_and_secrets_stores() -> None:
    assert set(known_secrets_stores()) >= {"environment-secrets", "yaml-secrets"}
    provider = f"{Login.__module__}:{Login.__qualname__}"
    virtual = {
        "connectorType": {"connectorProviderClassName": provider},
        "embeddedConnections": [
            {"embeddedConnection": {"connectorType": {"connectorProviderClassName": name}}}
            for name in ("environment-secrets", f"{Vault.__module__}:{Vault.__qualname__}")
        ],
    }
    made = connector_broker().connector_for(parse_connection(virtual))
    assert isinstance(made, Login)
    assert isinstance(made.inside()[1][1], Vault)
    with pytest.raises(ConfigurationError, match="not a Connector"):
        create_connector("pathlib:Path")
    with pytest.raises(ConfigurationError, match="not an IntegrationConnector"):
        load_connector(f"{Vault.__module__}:{Vault.__qualname__}")


# ---- the configuration of a connector --------------------------------------------------------------------------------


def test_the_short_form_is_a_connection() -> None:
    short = IntegrationConnectorConfig.model_validate(
        {
            "connectorName": "c",
            "connectorProviderClass": "p:C",
            "endpoint": {"networkAddress": "there"},
            "configurationProperties": {"depth": 1},
        }
    )
    assert (short.connector_id, short.connector_provider_class) == ("c", "p:C")
    assert (short.network_address, short.configuration_properties) == ("there", {"depth": 1})
    long = IntegrationConnectorConfig.model_validate({"connectorName": "c", "connection": short.connection.to_bean()})
    assert long == short


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"connectorName": "c"}, "connectorProviderClass is missing"),
        ({"connectorName": "c", "connectorProviderClass": "p:C", "connection": {}}, "part of the connection"),
        ({"connectorProviderClass": "p:C"}, "connectorName"),
        ({"connectorName": "c", "connectorProviderClass": "p:C", "refresh": 1}, "refresh"),
        ({"connectorName": "c", "connectorProviderClass": "p:C", "memoryLimit": 100}, "isolation: process"),
        ({"connectorName": "c", "connectorProviderClass": "p:C", "isolation": "vm"}, "isolation"),
        ({"connectorName": "c", "connectorProviderClass": "p:C", "deadlines": {"refresh": 0}}, "deadlines.refresh"),
        (
            {
                "connectorName": "c",
                "connectorProviderClass": "p:C",
                "startDate": "2026-02-01",
                "stopDate": "2026-01-01",
            },
            "stopDate is before startDate",
        ),
    ],
)
def test_a_wrong_configuration_is_refused_by_name(given: dict[str, Any], said: str) -> None:
    with pytest.raises(ValidationError, match=said):
        IntegrationConnectorConfig.model_validate(given)


def test_overrides_are_laid_over_the_connection() -> None:
    config = IntegrationConnectorConfig.model_validate({"connectorName": "c", "connection": EGERIA})
    assert config.with_overrides() is config
    moved = config.with_overrides(network_address="elsewhere", configuration_properties={"depth": 3})
    assert (moved.network_address, moved.configuration_properties) == ("elsewhere", {"depth": 3})
    assert moved.connection.secret("clearPassword") == SECRET
    assert moved.connection.embedded == config.connection.embedded
    assert config.configuration_properties["depth"] == 2
    other = Connection.model_validate({"connectorType": {"connectorProviderClassName": "p:Other"}})
    whole = config.with_overrides(connection=other, network_address="there")
    assert (whole.connector_provider_class, whole.network_address) == ("p:Other", "there")
    assert config.with_overrides(network_address=config.network_address) is config


def test_defaults() -> None:
    config = IntegrationConnectorConfig.model_validate({"connectorName": "c", "connectorProviderClass": "p:C"})
    assert config.deadlines == Deadlines(initialize=60, start=60, refresh=1800, event=300, disconnect=8)
    assert (config.isolation, config.memory_limit, config.permitted_synchronization) == ("thread", None, None)
    naive = IntegrationConnectorConfig.model_validate(
        {"connectorName": "c", "connectorProviderClass": "p:C", "startDate": "2026-01-01T00:00:00"}
    )
    assert naive.start_date is not None and naive.start_date.isoformat() == "2026-01-01T00:00:00+00:00"

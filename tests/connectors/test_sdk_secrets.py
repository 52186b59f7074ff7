"""Secrets by name from stores embedded in a connection: environment, private YAML file, stores of other packages."""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from kit_connectors import Login, Vault

from omrs_connectors.kit import ConnectorKit
from omrs_connectors.kit.checks import check_keeps_secret
from omrs_connectors.sdk.connections import parse_connection
from omrs_connectors.sdk.secrets import EnvironmentSecrets, YamlSecrets
from omrs_schemas.errors import ConfigurationError

SECRET = "correct-horse-battery"


@pytest.fixture(autouse=True)
def _forget() -> Iterator[None]:
    Login.seen.clear()
    yield
    Login.seen.clear()


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "secrets.yaml"
    path.write_text(f"orders-db:\n  password: {SECRET}\n  port: 5432\nother: {{}}\n")
    path.chmod(0o600)
    return path


def yaml_store(path: Path) -> YamlSecrets:
    store = YamlSecrets()
    store.connection = parse_connection({"endpoint": {"networkAddress": str(path)}})
    return store


def embedding(*stores: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {
        "class": "VirtualConnection",
        **more,
        "embeddedConnections": [
            {"class": "EmbeddedConnection", "position": number, "embeddedConnection": store}
            for number, store in enumerate(stores)
        ],
    }


def store_bean(provider: str, address: str = "", collection: str = "") -> dict[str, Any]:
    return {
        "class": "Connection",
        "connectorType": {"connectorProviderClassName": provider},
        "endpoint": {"networkAddress": address},
        "configurationProperties": {"secretsCollectionName": collection} if collection else {},
    }


def test_a_private_file(file: Path) -> None:
    store = yaml_store(file)
    assert store.secret("orders-db", "password") == SECRET
    assert store.secret("orders-db", "port") == "5432"
    assert store.secret("orders-db", "none") is None
    assert store.secret("other", "password") is None
    assert store.secret("nothing", "password") is None
    file.write_text("orders-db: {password: rotated}")
    assert store.secret("orders-db", "password") == "rotated", "the file is read when it is asked"


@pytest.mark.parametrize("mode", [0o644, 0o640, 0o660, 0o604, 0o601, 0o777])
def test_a_file_that_others_may_read_is_refused(file: Path, mode: int) -> None:
    file.chmod(mode)
    with pytest.raises(ConfigurationError, match=rf"{mode:04o}.*chmod 600"):
        yaml_store(file).secret("orders-db", "password")


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a file away")
def test_a_file_of_somebody_else_is_refused(file: Path) -> None:
    os.chown(file, 12345, -1)
    with pytest.raises(ConfigurationError, match="belongs to user 12345"):
        yaml_store(file).secret("orders-db", "password")


def test_a_link_to_a_public_file_is_refused(file: Path, tmp_path: Path) -> None:
    file.chmod(0o644)
    link = tmp_path / "link.yaml"
    link.symlink_to(file)
    with pytest.raises(ConfigurationError, match="0644"):
        yaml_store(link).secret("orders-db", "password")


def test_a_file_that_is_none_is_named_and_never_quoted(file: Path, tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match=r"missing.yaml cannot be read: No such file"):
        yaml_store(tmp_path / "missing.yaml").secret("a", "b")
    file.write_text(f"orders-db: [{SECRET}\n: ")
    with pytest.raises(ConfigurationError, match="no YAML") as caught:
        yaml_store(file).secret("a", "b")
    assert SECRET not in str(caught.value) and caught.value.__cause__ is None
    file.write_text(f"- {SECRET}")
    with pytest.raises(ConfigurationError, match="holds no collections") as caught:
        yaml_store(file).secret("a", "b")
    assert SECRET not in str(caught.value)
    with pytest.raises(ConfigurationError, match="cannot be read"):
        yaml_store(tmp_path).secret("a", "b")


def test_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OMRS_SECRET_ORDERS_DB_PASSWORD", SECRET)
    monkeypatch.setenv("OMRS_SECRET_PLAIN", "plain")
    monkeypatch.setenv("MY_APP_TOKEN", "token")
    store = EnvironmentSecrets()
    assert store.secret("orders-db", "password") == SECRET
    assert store.secret("", "plain") == "plain"
    assert store.secret("orders-db", "other") is None
    store.connection = parse_connection({"configurationProperties": {"prefix": "MY_APP"}})
    assert store.secret("", "token") == "token"


def test_a_connector_asks_its_stores_in_order(
    memory_kit: ConnectorKit, file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OMRS_SECRET_PASSWORD", "of-the-environment")
    stores = [store_bean("yaml-secrets", str(file), "orders-db"), store_bean("environment-secrets")]
    trial = memory_kit.trial(Login, connection=embedding(*stores)).start()
    assert Login.seen == [SECRET]
    monkeypatch.setenv("OMRS_SECRET_TOKEN", "second-store")
    assert trial.context.secret("token") == "second-store"
    with pytest.raises(ConfigurationError, match="no secret 'no-thing': looked in the connection, ") as caught:
        trial.context.secret("no-thing")
    places = caught.value.message.partition("the connection, ")[2]
    assert places == f"secrets file {file}: orders-db: no-thing, environment variable OMRS_SECRET_NO_THING"
    assert SECRET not in caught.value.message


def test_what_was_looked_for_is_said_where_a_store_has_a_name(memory_kit: ConnectorKit, file: Path) -> None:
    connection = embedding(
        store_bean("environment-secrets", collection="orders"), store_bean("yaml-secrets", str(file))
    )
    connection["embeddedConnections"][0]["displayName"] = "deployment"
    trial = memory_kit.trial(Login, connection=connection)
    trial.refresh(check=False)
    assert "deployment (environment variable OMRS_SECRET_ORDERS_PASSWORD)" in (trial.failure or "")
    assert f"secrets file {file}: no secretsCollectionName is set" in (trial.failure or "")


def test_stores_of_other_packages(memory_kit: ConnectorKit) -> None:
    vault = store_bean(f"{Vault.__module__}:{Vault.__qualname__}", collection="team")
    trial = memory_kit.trial(Login, connection=embedding(vault, securedProperties={"password": "own"})).start()
    assert trial.context.secret("vaulted") == "team-vaulted-from-vault"
    assert Login.seen == ["own"], "what no store has, the connection may hold"
    [(_, store)] = trial.connector.inside()
    assert store.life == ["started"]
    trial.stop()
    assert store.life == ["started", "disconnected"]


def test_a_secret_that_is_missing_fails_initialize_and_says_where_it_looked(memory_kit: ConnectorKit) -> None:
    trial = memory_kit.trial(Login)
    trial.refresh(check=False)
    assert trial.status == "INITIALIZE_FAILED"
    assert "no secret 'password'" in (trial.failure or "")


def test_the_secret_is_seen_by_nobody_else(
    memory_kit: ConnectorKit, file: Path, caplog: pytest.LogCaptureFixture
) -> None:
    connection = embedding(
        store_bean("yaml-secrets", str(file), "orders-db"), clearPassword=SECRET, securedProperties={"k": SECRET}
    )
    with caplog.at_level("DEBUG"):
        check_keeps_secret(memory_kit.trial(Login, connection=connection), SECRET, caplog.text)
    assert SECRET not in caplog.text
    assert Login.seen == [SECRET]

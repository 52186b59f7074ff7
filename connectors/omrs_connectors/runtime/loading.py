"""From a connection to an instance of its connector, with those embedded in it."""

from typing import TypeVar

from omrs_connectors.sdk.connections import Connector, ConnectorBroker
from omrs_connectors.sdk.connector import IntegrationConnector
from omrs_connectors.sdk.secrets import ENTRY_POINTS as SECRETS
from omrs_schemas.errors import ConfigurationError
from omrs_streams.plugins import known, load_class

GROUP = "omrs.connectors"

C = TypeVar("C", bound=Connector)


def known_connectors() -> dict[str, str]:
    """Installed integration connectors by entry-point name, with the class each stands for."""
    return known(GROUP)


def known_secrets_stores() -> dict[str, str]:
    """Installed secrets stores, likewise."""
    return known(SECRETS)


def connector_class(provider: str) -> type[Connector]:
    """The class that `provider` stands for: the name of an integration connector or a secrets store, or
    `package.module:Class`.

    Raises ConfigurationError: unknown name, module that does not import, class that is no Connector.
    """
    return _class_of(provider, Connector)


def _class_of(provider: str, kind: type[C]) -> type[C]:
    group = SECRETS if provider in known(SECRETS) else GROUP
    found: type[C] = load_class(group, provider, kind, "connector provider", f"omrs_connectors.sdk.{kind.__name__}")
    return found


def create_connector(provider: str) -> Connector:
    """A new connector of any kind. ConfigurationError as above, and where it cannot be made without arguments."""
    return _created(provider, _class_of(provider, Connector))


def load_connector(provider: str) -> IntegrationConnector:
    """A new integration connector. ConfigurationError likewise."""
    return _created(provider, _class_of(provider, IntegrationConnector))


def _created(provider: str, kind: type[C]) -> C:
    try:
        return kind()
    except Exception as error:
        raise ConfigurationError(f"{provider!r} cannot be created: {error}", provider=provider) from error


def connector_broker() -> ConnectorBroker:
    """The broker of a daemon: of everything that is installed."""
    return ConnectorBroker(create_connector)

"""From a connection to an instance of its connector, with those embedded in it."""

from omrs_connectors.sdk.connections import ConnectorBroker
from omrs_connectors.sdk.connector import Connector, IntegrationConnector
from omrs_connectors.sdk.secrets import ENTRY_POINTS as SECRETS
from omrs_schemas.errors import ConfigurationError
from omrs_streams.plugins import known, load_class

GROUP = "omrs.connectors"


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
    public = "omrs_connectors.sdk.IntegrationConnector"
    group = SECRETS if provider in known(SECRETS) else GROUP
    kind: type[Connector] = load_class(group, provider, Connector, "connector provider", public)
    return kind


def create_connector(provider: str) -> Connector:
    """A new instance of `connector_class(provider)`. ConfigurationError, also where it cannot be made."""
    kind = connector_class(provider)
    try:
        return kind()
    except Exception as error:
        raise ConfigurationError(f"{provider!r} cannot be created: {error}", provider=provider) from error


def load_connector(provider: str) -> IntegrationConnector:
    """A new integration connector. ConfigurationError as above, and for a connector that is none."""
    connector = create_connector(provider)
    if not isinstance(connector, IntegrationConnector):
        raise ConfigurationError(
            f"connector provider {provider!r} is not an IntegrationConnector",
            help="subclass omrs_connectors.sdk.IntegrationConnector",
            name=provider,
        )
    return connector


def connector_broker() -> ConnectorBroker:
    """The broker of a daemon: of everything that is installed."""
    return ConnectorBroker(create_connector)

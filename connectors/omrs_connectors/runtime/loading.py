"""From a connector's configuration to an instance of its class."""

from omrs_connectors.sdk import IntegrationConnector
from omrs_schemas.errors import ConfigurationError
from omrs_streams.plugins import known, load_class

GROUP = "omrs.connectors"


def known_connectors() -> dict[str, str]:
    """Installed connectors by entry-point name, with the class each stands for."""
    return known(GROUP)


def load_connector(provider: str) -> IntegrationConnector:
    """A new instance for `provider`: an entry-point name, or `package.module:Class`.

    Raises ConfigurationError: unknown name, module that does not import, class that is no IntegrationConnector or
    cannot be made without arguments.
    """
    public = "omrs_connectors.sdk.IntegrationConnector"
    kind = load_class(GROUP, provider, IntegrationConnector, "connector provider", public)
    try:
        connector: IntegrationConnector = kind()
    except Exception as error:
        raise ConfigurationError(f"{provider!r} cannot be created: {error}", provider=provider) from error
    return connector

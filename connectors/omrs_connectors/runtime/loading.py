"""From a connector's configuration to an instance of its class."""

import importlib
from importlib.metadata import entry_points

from omrs_connectors.sdk import IntegrationConnector
from omrs_schemas.errors import ConfigurationError

GROUP = "omrs.connectors"


def known_connectors() -> dict[str, str]:
    """Installed connectors by entry-point name, with the class each stands for."""
    return {point.name: point.value for point in entry_points(group=GROUP)}


def load_connector(provider: str) -> IntegrationConnector:
    """A new instance for `provider`: an entry-point name, or `package.module:Class`.

    Raises ConfigurationError: unknown name, module that does not import, class that is no IntegrationConnector or
    cannot be made without arguments.
    """
    known = known_connectors()
    target = known.get(provider, provider)
    module_name, _, class_name = target.partition(":")
    if not class_name:
        raise ConfigurationError(
            f"connector provider {provider!r} is not known",
            help=f"give package.module:Class, or one of: {', '.join(sorted(known)) or 'none installed'}",
            provider=provider,
        )
    try:
        kind = getattr(importlib.import_module(module_name), class_name)
    except (ImportError, AttributeError) as error:
        raise ConfigurationError(
            f"connector provider {target!r} cannot be loaded: {error}",
            help="is the package that holds it installed?",
            provider=provider,
        ) from error
    if not (isinstance(kind, type) and issubclass(kind, IntegrationConnector)):
        raise ConfigurationError(
            f"{target!r} is not an IntegrationConnector", help="subclass omrs_connectors.sdk.IntegrationConnector"
        )
    try:
        return kind()
    except Exception as error:
        raise ConfigurationError(f"{target!r} cannot be created: {error}", provider=provider) from error

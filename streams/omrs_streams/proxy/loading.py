"""From the name in the configuration to a repository connector, configured."""

import importlib
from importlib.metadata import entry_points

from omrs_schemas.errors import ConfigurationError
from omrs_streams.proxy.interfaces import ProxyContext, RepositoryConnector

GROUP = "omrs.repositories"


def known_repositories() -> dict[str, str]:
    """Installed repository connectors by entry-point name, with the class each stands for."""
    return {point.name: point.value for point in entry_points(group=GROUP)}


def load_repository(name: str, context: ProxyContext) -> RepositoryConnector:
    """The connector `name`: an entry-point name, or `package.module:Class`.

    Raises ConfigurationError: unknown name, module that does not import, class that is no RepositoryConnector, options
    that it refuses, types that the server does not know.
    """
    known = known_repositories()
    target = known.get(name, name)
    module_name, _, class_name = target.partition(":")
    if not class_name:
        raise ConfigurationError(
            f"proxy.connector {name!r} is not known",
            help=f"give package.module:Class, or one of: {', '.join(sorted(known)) or 'none installed'}",
            connector=name,
        )
    try:
        kind = getattr(importlib.import_module(module_name), class_name)
    except (ImportError, AttributeError) as error:
        raise ConfigurationError(
            f"the repository connector {target!r} cannot be loaded: {error}",
            help="is the package that holds it installed, with the extra that it needs?",
            connector=name,
        ) from error
    if not (isinstance(kind, type) and issubclass(kind, RepositoryConnector)):
        raise ConfigurationError(
            f"{target!r} is not a RepositoryConnector", help="subclass omrs_streams.proxy.RepositoryConnector"
        )
    connector = kind()
    connector.configure(context)
    missing = [type_name for type_name in connector.type_names if context.types.typedef_by_name(type_name) is None]
    if missing:
        raise ConfigurationError(
            f"the repository connector {name!r} needs types that this server does not know: {', '.join(missing)}",
            help="set `types` to the release that has them",
            connector=name,
        )
    return connector

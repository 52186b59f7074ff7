"""From the name in the configuration to a repository connector, configured."""

from omrs_schemas.errors import ConfigurationError
from omrs_streams.plugins import known, load_class
from omrs_streams.proxy.interfaces import ProxyContext, RepositoryConnector

GROUP = "omrs.repositories"


def known_repositories() -> dict[str, str]:
    """Installed repository connectors by entry-point name, with the class each stands for."""
    return known(GROUP)


def load_repository(name: str, context: ProxyContext) -> RepositoryConnector:
    """The connector `name`: an entry-point name, or `package.module:Class`.

    Raises ConfigurationError: unknown name, module that does not import, class that is no RepositoryConnector, options
    that it refuses, types that the server does not know.
    """
    public = "omrs_streams.proxy.RepositoryConnector"
    connector: RepositoryConnector = load_class(GROUP, name, RepositoryConnector, "proxy.connector", public)()
    connector.configure(context)
    missing = [type_name for type_name in connector.type_names if context.types.typedef_by_name(type_name) is None]
    if missing:
        raise ConfigurationError(
            f"the repository connector {name!r} needs types that this server does not know: {', '.join(missing)}",
            help="set `types` to the release that has them",
            connector=name,
        )
    return connector

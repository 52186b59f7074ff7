"""Who may do what through a daemon's API: a class that the setting `security` names."""

from typing import Literal

from omrs_schemas.errors import ConfigurationError
from omrs_streams.plugins import load_class

GROUP = "omrs.daemon-security"
"""The entry-point group in which other packages offer such classes."""

Action = Literal["read", "command", "configure", "lineage"]
"""What a call does: looks; refreshes or restarts; changes a configuration; brings a lineage event."""

_ACTIONS: dict[str, Action] = {
    "get": "read",
    "list": "read",
    "refresh": "command",
    "restart": "command",
    "publish": "lineage",
}


class DaemonSecurity:
    """Lets everybody do everything; inherit from it to decide."""

    def check(self, user: str, action: Action) -> None:
        """Raises UserNotAuthorizedError where `user` may not do this. Called before every call, on the event loop: it
        may not wait for anything."""


def load_security(name: str) -> DaemonSecurity:
    """The class that `name` stands for: an entry point, or `package.module:Class`; the open one for no name.

    Raises ConfigurationError for a class that cannot be loaded or made.
    """
    if not name:
        return DaemonSecurity()
    kind = load_class(GROUP, name, DaemonSecurity, "security connector", "omrs_connectors.api.DaemonSecurity")
    try:
        made: DaemonSecurity = kind()
    except Exception as error:
        raise ConfigurationError(f"security connector {name!r} cannot be made: {error}", name=name) from error
    return made


def action_of(operation: str) -> Action:
    """What an operation of the API does, told from how its name begins."""
    return next((action for word, action in _ACTIONS.items() if operation.startswith(word)), "configure")

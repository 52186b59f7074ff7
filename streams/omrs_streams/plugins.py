"""Classes that are named in the configuration: by an entry point, or as `package.module:Class`."""

import importlib
import time
from importlib.metadata import entry_points
from typing import Any

from omrs_schemas.errors import ConfigurationError

FRESH_S = 10.0
"""Looking reads a file of every installed package, some 20 ms: a daemon that runs hundreds of connectors looks once for
all of them, and still finds what is installed while it runs."""

_seen: dict[str, tuple[float, dict[str, str]]] = {}


def known(group: str) -> dict[str, str]:
    """The entry points of a group that are installed, by name, with the class each stands for."""
    now = time.monotonic()
    looked, found = _seen.get(group, (-FRESH_S, {}))
    if now - looked >= FRESH_S:
        found = {point.name: point.value for point in entry_points(group=group)}
        _seen[group] = (now, found)
    return dict(found)


def load_class(group: str, name: str, kind: type, what: str, public: str) -> Any:
    """The subclass of `kind` that `name` stands for; `what` it is called, and what to subclass (`public`), is said in
    messages.

    Raises ConfigurationError: unknown name, module that does not import, class of another kind.
    """
    installed = known(group)
    target = installed.get(name, name)
    module_name, _, class_name = target.partition(":")
    if not class_name:
        raise ConfigurationError(
            f"{what} {name!r} is not known",
            help=f"give package.module:Class, or one of: {', '.join(sorted(installed)) or 'none installed'}",
            name=name,
        )
    try:
        found = getattr(importlib.import_module(module_name), class_name)
    except (ImportError, AttributeError) as error:
        raise ConfigurationError(
            f"{what} {target!r} cannot be loaded: {error}",
            help="is the package that holds it installed, with the extra that it needs?",
            name=name,
        ) from error
    if not (isinstance(found, type) and issubclass(found, kind)):
        article = "an" if kind.__name__[0] in "AEIOU" else "a"
        raise ConfigurationError(
            f"{what} {target!r} is not {article} {kind.__name__}",
            help=f"subclass {public}",
            name=name,
            expected=kind.__name__,
        )
    return found

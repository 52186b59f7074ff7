"""Sub-commands that are imported only when they are called.

`omrs --help` lists them with the first line of their module's docstring, which is read from the source without
running it: a command that imports half the world costs nothing until it is used, and a plug-in that cannot be
imported breaks nobody else.
"""

import ast
import importlib
import re
from collections.abc import Callable, Iterator
from importlib.machinery import ModuleSpec
from importlib.metadata import entry_points
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import typer
from typer.core import TyperCommand, TyperGroup
from typer.main import get_command

from omrs_schemas.errors import ConfigurationError

# One line per command; each module has `app: typer.Typer` or `command(app: typer.Typer)`.
BUILT_IN = ("archive", "audit", "cohort", "kafka", "replay", "status", "topics", "worker")
GROUP = "omrs.commands"
_COMPLETION = ("install_completion", "show_completion")


class Deferred(TyperCommand):
    """Stands for a command until it is called: then its module is imported and takes over."""

    def __init__(self, name: str, module: str, attribute: str, origin: str) -> None:
        super().__init__(name, help=_short_help(module), add_help_option=False)
        self.module, self.attribute, self.origin = module, attribute, origin

    def load(self) -> Any:
        """The real click command. Raises ConfigurationError naming the plug-in that cannot be imported."""
        try:
            found = importlib.import_module(self.module)
            target = getattr(found, self.attribute) if self.attribute else _app_of(found)
            command = get_command(target)
        except Exception as error:  # whatever a plug-in does wrong, it is this plug-in and not us
            raise ConfigurationError(
                f"the command {self.name!r} of {self.origin} cannot be loaded: {type(error).__name__}: {error}",
                help=f"correct or uninstall {self.origin}; the other commands work",
                command=self.name,
            ) from error
        command.name = self.name
        # Completion is installed for `omrs` as a whole; a sub-command's own options for it would only confuse.
        command.params = [param for param in command.params if param.name not in _COMPLETION]
        return command

    def make_context(self, info_name: str | None, args: list[str], parent: Any = None, **extra: Any) -> Any:
        return self.load().make_context(info_name, args, parent=parent, **extra)


class Commands(TyperGroup):
    """The root group: what is registered on it, the built-in modules, and what other packages plug in."""

    def __init__(self, **attributes: Any) -> None:
        super().__init__(**attributes)
        for command in deferred():
            if command.name and command.name not in self.commands:
                self.commands[command.name] = command

    def list_commands(self, ctx: Any) -> list[str]:
        return sorted(super().list_commands(ctx))


def deferred() -> Iterator[Deferred]:
    """Built-in commands, then plugged-in ones by name. A plug-in cannot take the name of a command that is there."""
    for name in BUILT_IN:
        yield Deferred(name, f"{__package__}.{name}", "", "omrs-streams")
    for entry in sorted(entry_points(group=GROUP), key=lambda entry: entry.name):
        yield Deferred(entry.name, entry.module, entry.attr, entry.dist.name if entry.dist else entry.module)


def _app_of(module: Any) -> typer.Typer:
    app = getattr(module, "app", None)
    if isinstance(app, typer.Typer):
        return app
    alone = typer.Typer()
    register: Callable[[typer.Typer], object] = module.command
    register(alone)
    return alone


def _short_help(module: str) -> str:
    """First line of the docstring of `module`, or what is wrong with it."""
    try:
        spec: ModuleSpec | None = find_spec(module)
        if spec is None or spec.origin is None:
            return f"(broken: there is no module {module})"
        source = Path(spec.origin).read_text(encoding="utf-8")
        first = (ast.get_docstring(ast.parse(source)) or "").partition("\n")[0]
        # A module's docstring may begin with the command it holds; beside the command's name that is said twice.
        said = re.sub(r"^`omrs [^`]*`: ", "", first)
        return said[:1].upper() + said[1:]
    except Exception as error:  # find_spec imports the parent packages, which may do anything
        return f"(broken: {type(error).__name__}: {error})"

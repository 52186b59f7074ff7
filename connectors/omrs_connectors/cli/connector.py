"""`omrs connector`: begin one of your own, and see what an installed one can be told."""

import re
from importlib.metadata import version
from pathlib import Path
from typing import Annotated, Any

import typer

from omrs_schemas.errors import ConfigurationError
from omrs_streams.cli import output

app = typer.Typer(
    help="Write an integration connector, or look at what an installed one can be told.", no_args_is_help=True
)

TEMPLATE = Path(__file__).parent / "template"
SUFFIX = ".tmpl"

_NAME = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)*")


@app.command()
def new(
    name: Annotated[str, typer.Argument(help="name of the package: lower case words with dashes, queue-catalog")],
    directory: Annotated[Path, typer.Option("--directory", "-d", help="where the package's folder is made")] = Path(),
    service: Annotated[
        str, typer.Option("--service", "-s", help="integration service it is written for (URL marker)")
    ] = "generic",
) -> None:
    """Make a package with a connector that works, its options, tests and a daemon that runs it."""
    from omrs_connectors.services.registry import service_for

    if not _NAME.fullmatch(name):
        raise ConfigurationError(f"{name!r} cannot be a package's name", help="lower case words with dashes", name=name)
    base = service_for(service).connector_class
    target = directory / name
    if target.exists():
        raise ConfigurationError(
            f"{target} is there already", help="choose another name or --directory", path=str(target)
        )
    words = name.split("-")
    values = {
        "name": name,
        "package": name.replace("-", "_"),
        "Class": "".join(map(str.capitalize, words)),
        "title": " ".join(words),
        "version": version("omrs-streams"),
        "imports": _imports(base),
        "Base": base.__name__,
    }
    for file in make(TEMPLATE, target, values):
        output.say(str(file))
    output.say(f"next: pip install -e '{target}[test]' && pytest {target}")


def _imports(base: type) -> str:
    """What the connector's module imports of the SDK."""
    if base.__name__ == "IntegrationConnector":
        return "from omrs_connectors.sdk import ConnectorOptions, IntegrationConnector"
    return f"from omrs_connectors.sdk import ConnectorOptions\nfrom {base.__module__} import {base.__name__}"


def make(template: Path, target: Path, values: dict[str, str]) -> list[Path]:
    """Writes the files of a template, with the values in their places; what was written."""
    made = []
    for source in sorted(template.rglob(f"*{SUFFIX}")):
        parts = [values["package"] if part == "package" else part for part in source.relative_to(template).parts]
        file = target.joinpath(*parts).with_suffix("")
        text = source.read_text(encoding="utf-8")
        for name, value in values.items():
            text = text.replace("{{" + name + "}}", value)
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")
        made.append(file)
    return made


@app.command()
def options(
    connector: Annotated[str, typer.Argument(help="an installed connector's name, or package.module:Class")],
) -> None:
    """List what may stand in the configurationProperties of a connector."""
    from omrs_connectors.runtime.loading import load_connector

    kind = type(load_connector(connector))
    if kind.Options is None:
        output.say(f"{connector} takes what it takes: it declares no options")
        return
    output.rows(
        {
            "option": field.alias or name,
            "default": "must be given" if field.is_required() else _shown(field.get_default(call_default_factory=True)),
            "what": field.description or "",
        }
        for name, field in kind.Options.model_fields.items()
    )


def _shown(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, list | tuple | frozenset):
        return ", ".join(map(str, value))
    return "" if value is None else str(value)

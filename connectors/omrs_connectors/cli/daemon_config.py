"""`omrs daemon config`: what connectors are configured with, read and changed while the daemon runs.

A change holds until the next one, also when the daemon is restarted; its YAML file stays as it is.
"""

from pathlib import Path
from typing import Annotated, Any

import typer
import yaml

from omrs_connectors.cli.daemon_calls import Name, Url, daemon_at, segment
from omrs_schemas.errors import ConfigurationError
from omrs_streams.cli import output
from omrs_streams.settings import read_yaml

app = typer.Typer(no_args_is_help=True, help=__doc__)

Connector = Annotated[str, typer.Argument(help="name or id of a connector")]


@app.command()
def get(connector: Connector, daemon: Name = "", url: Url = "") -> None:
    """Show the configuration properties of a connector."""
    output.record(daemon_at(url, daemon).get(f"/connectors/{segment(connector)}/configuration")["properties"])


@app.command(name="set")
def set_(
    connector: Connector,
    values: Annotated[list[str] | None, typer.Argument(metavar="[NAME=VALUE]...", help="YAML values")] = None,
    file: Annotated[Path | None, typer.Option(help="YAML file with more of them", exists=True, dir_okay=False)] = None,
    replace: Annotated[bool, typer.Option("--replace", help="nothing else stays; without values: clear all")] = False,
    daemon: Name = "",
    url: Url = "",
) -> None:
    """Change configuration properties of a connector; it is initialized anew with them."""
    properties: dict[str, Any] = dict(read_yaml(file)) if file is not None else {}
    properties.update(map(_pair, values or ()))
    if not properties and not replace:
        raise ConfigurationError("no property is given", help="give NAME=VALUE, --file, or --replace to clear them all")
    method = "PUT" if replace else "PATCH"
    path = f"/connectors/{segment(connector)}/configuration"
    daemon_at(url, daemon).send(method, path, {"properties": properties})
    output.say(f"{connector} is being initialized with its new configuration: `omrs daemon status`")


@app.command()
def endpoint(
    connector: Connector,
    address: Annotated[str, typer.Argument(help="network address of the technology")],
    daemon: Name = "",
    url: Url = "",
) -> None:
    """Change where a connector finds its technology."""
    path = f"/connectors/{segment(connector)}/endpoint"
    daemon_at(url, daemon).send("PUT", path, {"networkAddress": address})
    output.say(f"{connector} is being initialized with its new endpoint: `omrs daemon status`")


@app.command()
def connection(
    connector: Connector,
    file: Annotated[Path, typer.Argument(help="YAML or JSON file with a Connection bean", exists=True, dir_okay=False)],
    daemon: Name = "",
    url: Url = "",
) -> None:
    """Change the whole connection of a connector."""
    path = f"/connectors/{segment(connector)}/connection"
    daemon_at(url, daemon).send("PUT", path, dict(read_yaml(file)))
    output.say(f"{connector} is being initialized with its new connection: `omrs daemon status`")


def _pair(given: str) -> tuple[str, Any]:
    name, equals, value = given.partition("=")
    if not equals or not name:
        raise ConfigurationError(f"{given!r} is no property", help="give NAME=VALUE, such as include='[\"*.csv\"]'")
    try:
        return name, yaml.safe_load(value)
    except yaml.YAMLError as error:
        raise ConfigurationError(f"the value of {name} is no YAML: {error}", help="quote it") from error

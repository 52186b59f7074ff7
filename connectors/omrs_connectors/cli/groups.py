"""`omrs daemon groups`: define integration groups in a metadata server, and change them while daemons follow them."""

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import orjson
import typer

from omrs_connectors.cli.daemon_calls import Name, Url, daemon_at
from omrs_connectors.cli.metadata import ServerName, ServerUrl, User, metadata_client
from omrs_schemas.errors import ConfigurationError
from omrs_streams.cli import output

if TYPE_CHECKING:
    from omrs_connectors.groups.editing import GroupEditor
    from omrs_connectors.sdk.config import IntegrationConnectorConfig

app = typer.Typer(help="Integration groups: connectors that are defined as metadata.", no_args_is_help=True)

Group = Annotated[str, typer.Argument(help="qualified name of the group")]
Connector = Annotated[str, typer.Argument(help="name or id of the connector")]
Provider = Annotated[str, typer.Option("--provider", help="an installed connector's name, or package.module:Class")]
Address = Annotated[str | None, typer.Option("--address", help="network address of the technology; '' takes it away")]
Interval = Annotated[int | None, typer.Option("--every", help="minutes between two refreshes; 0 = once", min=0)]
Properties = Annotated[
    list[str] | None,
    typer.Option("--property", "-p", help="configuration property name=value; the value as JSON or text; repeatable"),
]
ConnectorUser = Annotated[str | None, typer.Option("--connector-user", help="who the connector acts as")]
Source = Annotated[str | None, typer.Option("--metadata-source", help="its metadata source: a qualified name")]
Direction = Annotated[
    str | None, typer.Option("--direction", help="BOTH_DIRECTIONS, TO_THIRD_PARTY or FROM_THIRD_PARTY")
]
File = Annotated[
    Path | None, typer.Option("--file", "-f", help="the connector as YAML, as in a daemon's file", exists=True)
]


@app.command("list")
def list_groups(server_url: ServerUrl = "", server: ServerName = "", user: User = "") -> None:
    """List the groups that a metadata server knows."""
    with _editor(server_url, server, user) as edit:
        output.rows(
            {
                "group": found.plain_properties.get("qualifiedName"),
                "guid": found.guid,
                "connectors": len(edit.client.relationships_of(found.guid, "RegisteredIntegrationConnector")),
                "description": found.plain_properties.get("description"),
            }
            for found in edit.groups()
        )


@app.command()
def show(group: Group, server_url: ServerUrl = "", server: ServerName = "", user: User = "") -> None:
    """Show the connectors of a group as a daemon reads them, and their catalog targets."""
    with _editor(server_url, server, user) as edit:
        output.rows(
            {
                **_row(guid, found.config),
                "targets": [target.name or target.element for target in edit.targets(guid)],
                "problem": found.problem,
            }
            for guid, found in sorted(edit.registrations(group).items())
        )


@app.command()
def create(
    group: Group,
    description: Annotated[str, typer.Option(help="what it is for")] = "",
    server_url: ServerUrl = "",
    server: ServerName = "",
    user: User = "",
) -> None:
    """Make a group, if it is not there. Daemons that are configured with its name apply it at once."""
    with _editor(server_url, server, user) as edit:
        output.record({"group": group, "guid": edit.create_group(group, description=description)})


@app.command()
def add_connector(
    group: Group,
    connector: Annotated[str, typer.Argument(help="name of the connector; not needed with --file")] = "",
    file: File = None,
    provider: Provider = "",
    address: Address = None,
    every: Interval = None,
    properties: Properties = None,
    connector_user: ConnectorUser = None,
    metadata_source: Source = None,
    direction: Direction = None,
    server_url: ServerUrl = "",
    server: ServerName = "",
    user: User = "",
) -> None:
    """Register a connector; one of that name that is there already is made equal to what is given."""
    given = _from_file(file) if file is not None else {}
    if connector:
        given["connectorName"] = connector
    if provider:
        given["connectorProviderClass"] = provider
    if address:
        given["endpoint"] = {"networkAddress": address}
    if properties:
        given["configurationProperties"] = {**(given.get("configurationProperties") or {}), **_pairs(properties)}
    given |= _named(every, connector_user, metadata_source, direction)
    with _editor(server_url, server, user) as edit:
        guid = edit.add_connector(group, _config(given))
        output.record(_row(guid, edit.registration(guid).config))


@app.command("set")
def change(
    group: Group,
    connector: Connector,
    provider: Provider = "",
    address: Address = None,
    every: Interval = None,
    properties: Properties = None,
    clear: Annotated[bool, typer.Option("--clear", help="forget the properties that are not given")] = False,
    connector_user: ConnectorUser = None,
    metadata_source: Source = None,
    direction: Direction = None,
    server_url: ServerUrl = "",
    server: ServerName = "",
    user: User = "",
) -> None:
    """Change a connector of a group: what is given. Daemons restart the connector if its connection changed."""
    with _editor(server_url, server, user) as edit:
        guid = edit.find_connector(group, connector)
        found = edit.registration(guid).config
        changes = dict(_snake(_named(every, connector_user, metadata_source, direction)))
        if found is not None and provider and provider != found.connector_provider_class:
            kind = found.connection.connector_type.model_copy(update={"connector_provider_class_name": provider})
            changes["connection"] = found.connection.model_copy(update={"connector_type": kind})
        if address is not None:
            changes["network_address"] = address
        if found is not None and (properties or clear):
            kept = {} if clear else dict(found.configuration_properties)
            changes["configuration_properties"] = {**kept, **_pairs(properties or ())}
        edit.change_connector(guid, **changes)
        output.record(_row(guid, edit.registration(guid).config))


@app.command()
def remove_connector(
    group: Group,
    connector: Connector,
    server_url: ServerUrl = "",
    server: ServerName = "",
    user: User = "",
) -> None:
    """Take a connector out of a group; daemons disconnect it."""
    with _editor(server_url, server, user) as edit:
        guid = edit.find_connector(group, connector)
        edit.remove_connector(guid)
        output.record({"removed": guid})


@app.command()
def add_target(
    group: Group,
    connector: Connector,
    element: Annotated[str, typer.Argument(help="guid of the element to catalogue")],
    name: Annotated[str, typer.Option(help="what the connector calls it")] = "",
    server_url: ServerUrl = "",
    server: ServerName = "",
    user: User = "",
) -> None:
    """Give a connector an element to catalogue. It is refreshed, not restarted."""
    with _editor(server_url, server, user) as edit:
        output.record({"target": edit.add_target(edit.find_connector(group, connector), element, name)})


@app.command()
def remove_target(
    group: Group,
    connector: Connector,
    target: Annotated[str, typer.Argument(help="name or guid of the target, or guid of its element")],
    server_url: ServerUrl = "",
    server: ServerName = "",
    user: User = "",
) -> None:
    """Take an element away from a connector."""
    with _editor(server_url, server, user) as edit:
        guid = edit.find_connector(group, connector)
        found = [one for one in edit.targets(guid) if target in (one.guid, one.name, one.element)]
        if not found:
            raise ConfigurationError(f"connector {connector} has no catalog target {target}", help="see `show`")
        for one in found:
            edit.remove_target(one.guid)
        output.record({"removed": [one.guid for one in found]})


@app.command()
def refresh(group: Group, daemon: Name = "", url: Url = "") -> None:
    """Make a daemon read a group again now, as after an event that it did not hear."""
    daemon_at(url, daemon).send("POST", f"/groups/{group}/refresh")
    output.record({"refreshed": group})


@contextmanager
def _editor(server_url: str, server: str, user: str) -> "Iterator[GroupEditor]":
    from omrs_connectors.groups.editing import GroupEditor

    with metadata_client(server_url, server, user) as client:
        yield GroupEditor(client)


def _row(guid: str, config: "IntegrationConnectorConfig | None") -> dict[str, Any]:
    if config is None:
        return {"connector": "", "id": guid}
    return {
        "connector": config.connector_name,
        "id": guid,
        "provider": config.connector_provider_class,
        "every": f"{config.refresh_time_interval:g} min" if config.refresh_time_interval > 0 else "once",
        "where": config.connection.endpoint.redacted().get("networkAddress", ""),
    }


def _config(given: Mapping[str, Any]) -> "IntegrationConnectorConfig":
    """ConfigurationError that names what is wrong, never what was given: it may be secret."""
    from pydantic import ValidationError

    from omrs_connectors.sdk.config import IntegrationConnectorConfig

    try:
        return IntegrationConnectorConfig.model_validate(given)
    except ValidationError as error:
        problems = (f"{'.'.join(map(str, item['loc'])) or 'connector'}: {item['msg']}" for item in error.errors())
        raise ConfigurationError("; ".join(problems), help="see docs/groups.md") from None


def _from_file(file: Path) -> dict[str, Any]:
    from omrs_streams.settings import read_yaml

    return dict(read_yaml(file))


def _named(
    every: int | None, connector_user: str | None, metadata_source: str | None, direction: str | None
) -> dict[str, Any]:
    said = {
        "refreshTimeInterval": every,
        "connectorUserId": connector_user,
        "metadataSourceQualifiedName": metadata_source,
        "permittedSynchronization": direction,
    }
    return {name: value for name, value in said.items() if value is not None}


def _snake(given: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    from pydantic.alias_generators import to_snake

    for name, value in given.items():
        yield to_snake(name), value


def _pairs(given: Iterable[str]) -> dict[str, Any]:
    found = {}
    for each in given:
        name, equals, value = each.partition("=")
        if not equals:
            raise ConfigurationError(f"--property {each!r} has no value", help="give name=value")
        try:
            found[name] = orjson.loads(value)
        except orjson.JSONDecodeError:
            found[name] = value
    return found

"""`omrs daemon`: run an integration daemon, ask it, tell it to refresh or restart connectors."""

import json
from pathlib import Path
from typing import Annotated, Any, NoReturn

import httpx
import typer
from rich.console import Console
from rich.table import Table

from omrs_connectors.runtime.loading import known_connectors
from omrs_connectors.runtime.settings import load_daemon_settings
from omrs_schemas.errors import NotReadyError, OmrsError
from omrs_streams.client.wire import parse_answer

app = typer.Typer(help="Run an integration daemon and look at its connectors.", no_args_is_help=True)

CALL_TIMEOUT = 10.0  # seconds: every call of the daemon's API answers from memory

Config = Annotated[Path, typer.Option("--config", "-c", help="the daemon's YAML file", exists=True, dir_okay=False)]
Url = Annotated[str, typer.Option("--url", help="URL of the daemon's status API", envvar="OMRS_DAEMON_URL")]
Name = Annotated[str, typer.Option("--daemon", help="name of the daemon")]


@app.command()
def run(
    config: Config,
    bootstrap_servers: Annotated[
        str | None, typer.Option("--bootstrap-servers", help="Kafka; default: the file's, else the embedded one")
    ] = None,
    port: Annotated[int | None, typer.Option(help="port of the status API; 0 chooses one")] = None,
    ready_file: Annotated[Path | None, typer.Option(help="write the status API's URL here once it is up")] = None,
) -> None:
    """Runs a daemon in the foreground until it is stopped by SIGINT or SIGTERM."""
    from omrs_connectors.runtime.process import serve  # Faust and FastAPI take a second to import

    kafka = {"bootstrap_servers": bootstrap_servers} if bootstrap_servers else None
    try:
        code = serve(load_daemon_settings(config, kafka=kafka, port=port), ready_file=ready_file)
    except OmrsError as error:
        _refuse(error)
    raise typer.Exit(code)


@app.command()
def check(config: Config) -> None:
    """Reads a daemon's YAML file and says what it would run, or what is wrong with it."""
    try:
        settings = load_daemon_settings(config)
    except OmrsError as error:
        _refuse(error)
    table = Table("connector", "provider", "every (min)", "where", title=f"daemon {settings.daemon}")
    for connector in settings.connectors:
        table.add_row(
            connector.connector_name,
            connector.connector_provider_class,
            str(connector.refresh_time_interval) if connector.refresh_time_interval > 0 else "once",
            connector.endpoint.network_address,
        )
    Console().print(table)


@app.command()
def connectors() -> None:
    """Lists the installed connectors (entry points `omrs.connectors`)."""
    table = Table("name", "class")
    for name, target in sorted(known_connectors().items()):
        table.add_row(name, target)
    Console().print(table)


@app.command()
def status(daemon: Name, url: Url, as_json: Annotated[bool, typer.Option("--json", help="as JSON")] = False) -> None:
    """Shows the state of every connector of a running daemon."""
    answer = _call("GET", url, daemon, "/status")
    reports = [
        report for group in answer["integrationServiceSummaries"] for report in group["integrationConnectorReports"]
    ]
    if as_json:
        typer.echo(json.dumps(reports))
        return
    table = Table("connector", "status", "created", "updated", "deleted", "events", "message")
    for report in reports:
        statistics = report["statistics"]
        counts = [str(statistics.get(name, 0)) for name in ("created", "updated", "deleted", "events")]
        table.add_row(
            report["connectorName"], report["connectorStatus"], *counts, report.get("failingExceptionMessage", "")
        )
    Console().print(table)


@app.command()
def refresh(
    daemon: Name, url: Url, connector: Annotated[str | None, typer.Argument(help="one connector; default all")] = None
) -> None:
    """Asks for a refresh pass of one connector or all."""
    _call("POST", url, daemon, "/integration-connectors/refresh", {"name": connector} if connector else {})


@app.command()
def restart(
    daemon: Name, url: Url, connector: Annotated[str | None, typer.Argument(help="one connector; default all")] = None
) -> None:
    """Restarts one connector or all; a FAILED connector needs it."""
    _call("POST", url, daemon, "/integration-connectors/restart", {"name": connector} if connector else {})


def _call(method: str, url: str, daemon: str, path: str, body: Any = None) -> dict[str, Any]:
    target = f"{url.rstrip('/')}/servers/{daemon}/open-metadata/integration-daemon/users/cli{path}"
    try:
        try:
            answer = httpx.request(method, target, json=body, timeout=CALL_TIMEOUT, trust_env=False)
        except httpx.HTTPError as error:
            raise NotReadyError(f"no answer from {url}: {error}", help="is the daemon running at this URL?") from error
        return parse_answer(answer.content, answer.status_code, what=f"{method} {target}")
    except OmrsError as error:
        _refuse(error)


def _refuse(error: OmrsError) -> NoReturn:
    typer.secho(str(error), err=True, fg="red")
    raise typer.Exit(1)

"""`omrs daemon`: run an integration daemon, ask it, tell it to refresh or restart connectors."""

import time
from pathlib import Path
from typing import Annotated, Any

import typer

from omrs_connectors.cli import daemon_config, groups
from omrs_connectors.cli.daemon_calls import Api, Name, Url, daemon_at
from omrs_schemas.errors import ConfigurationError, NotReadyError
from omrs_streams.cli import output

app = typer.Typer(help="Run an integration daemon and look at its connectors.", no_args_is_help=True)
app.add_typer(daemon_config.app, name="config")
app.add_typer(groups.app, name="groups")

POLL_S = 0.5  # between looks at whether a refresh that somebody waits for is over

Config = Annotated[Path, typer.Option("--config", "-c", help="the daemon's YAML file", exists=True, dir_okay=False)]
Connectors = Annotated[list[str] | None, typer.Argument(metavar="[CONNECTOR]...", help="names or ids; default all")]
Service = Annotated[str, typer.Option("--service", help="only those of this integration service (URL marker)")]


@app.command()
def run(
    config: Config,
    worker: Annotated[str | None, typer.Option("--worker", "-w", help="name of this worker within the daemon")] = None,
    bootstrap_servers: Annotated[
        str | None, typer.Option("--bootstrap-servers", help="Kafka; default: the file's, else the embedded one")
    ] = None,
    host: Annotated[str | None, typer.Option(help="address of the API")] = None,
    port: Annotated[int | None, typer.Option(help="port of the API; 0 chooses one")] = None,
    ready_file: Annotated[Path | None, typer.Option(help="write the API's URL here once it is up")] = None,
) -> None:
    """Run one worker of a daemon in the foreground until it is stopped by SIGINT or SIGTERM."""
    from omrs_connectors.runtime.process import serve  # Faust and FastAPI take a second to import
    from omrs_connectors.runtime.settings import load_daemon_settings

    kafka = {"bootstrap_servers": bootstrap_servers} if bootstrap_servers else None
    settings = load_daemon_settings(config, kafka=kafka, worker=worker, host=host, port=port)
    raise typer.Exit(serve(settings, ready_file=ready_file))


@app.command()
def check(config: Config) -> None:
    """Read a daemon's YAML file and say what it would run, or what is wrong with it.

    The exit code is 1 when a connector could not run: an unknown class, one of another service, wrong options.
    """
    from omrs_connectors.cli.daemon_check import looked_at
    from omrs_connectors.runtime.settings import load_daemon_settings

    settings = load_daemon_settings(config)
    configured = [("", each) for each in settings.connectors]
    configured += [(given.service, each) for given in settings.services for each in given.connectors]
    found = [looked_at(each, service) for service, each in configured]
    output.rows((row for row, _ in found), title=f"daemon {settings.daemon}")
    for group in settings.groups:
        server = group.server or settings.server
        output.say(f"and the connectors of integration group {group.name} of metadata server {server.name}")
    problems = [problem for _, problem in found if problem is not None]
    for problem in problems:
        output.error(problem)
    if problems:
        raise typer.Exit(1)


def _service_of(provider: str) -> str:
    """The URL marker of the service that a class is written for; empty where the class cannot be loaded."""
    from omrs_connectors.runtime.loading import load_connector
    from omrs_connectors.services.registry import service_of

    try:
        return service_of(load_connector(provider)).url_marker
    except ConfigurationError as error:
        output.say(f"warning: {error.message}")
        return ""


@app.command()
def connectors() -> None:
    """List the installed connectors (entry points `omrs.connectors`) and the service that each is written for."""
    from omrs_connectors.runtime.loading import known_connectors

    output.rows(
        {"name": name, "service": _service_of(name), "class": target}
        for name, target in sorted(known_connectors().items())
    )


@app.command()
def services() -> None:
    """List the integration services: the kinds of connectors there are, and the URL marker of each."""
    from omrs_connectors.services.registry import SERVICES

    output.rows(
        {
            "id": each.id,
            "marker": each.url_marker,
            "name": each.full_name,
            "synchronization": each.default_permitted_synchronization.value,
            "what": each.description,
        }
        for each in SERVICES.values()
    )


@app.command()
def status(
    daemon: Name = "",
    url: Url = "",
    only: Annotated[list[str] | None, typer.Option("--only", help="connectors in this status; repeatable")] = None,
    watch: Annotated[bool, typer.Option("--watch", "-w", help="go on, until Ctrl-C")] = False,
    every: Annotated[float, typer.Option(help="seconds between two looks of --watch", min=0.2)] = 2.0,
    as_json: Annotated[bool, typer.Option("--json", help="one JSON document")] = False,
) -> None:
    """Show every connector of a running daemon: its state, when it was refreshed, what it changed, what failed."""
    from omrs_connectors.cli.daemon_status import show
    from omrs_connectors.cli.daemon_status import watch as watching

    api = daemon_at(url, daemon)
    wanted = [each.upper() for each in only or ()]

    def look() -> tuple[dict[str, Any], list[dict[str, Any]]]:
        return api.get("/daemon"), api.get("/connectors", status=wanted)["items"]

    if watch:
        watching(look, every)
    else:
        show(*look(), api.get("/groups")["items"], as_json=as_json)


@app.command()
def refresh(
    names: Connectors = None,
    service: Service = "",
    wait: Annotated[float, typer.Option(help="seconds to wait until the passes are over", min=0)] = 0.0,
    daemon: Name = "",
    url: Url = "",
) -> None:
    """Ask for a refresh pass of connectors: they compare their technology with open metadata and make good.

    With --wait the exit code is 1 when a connector that is named is not RUNNING afterwards.
    """
    _command("refresh", daemon_at(url, daemon), names, service, wait)


@app.command()
def restart(
    names: Connectors = None,
    service: Service = "",
    wait: Annotated[float, typer.Option(help="seconds to wait until they have been refreshed", min=0)] = 0.0,
    daemon: Name = "",
    url: Url = "",
) -> None:
    """Build connectors anew and refresh them; what is FAILED or CONFIG_FAILED needs it.

    With --wait the exit code is 1 when a connector that is named is not RUNNING afterwards.
    """
    _command("restart", daemon_at(url, daemon), names, service, wait)


def _command(command: str, api: Api, names: list[str] | None, service: str, wait: float) -> None:
    body = {name: value for name, value in (("connectors", names), ("service", service)) if value}
    before = {each["id"]: each for each in _meant(api, names, service)} if wait else {}
    api.send("POST", f"/{command}", body or None)
    if wait and not _wait(api, command, before, wait) and names:
        raise typer.Exit(1)


def _meant(api: Api, names: list[str] | None, service: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = api.get("/connectors", **({"service": service} if service else {}))["items"]
    return [each for each in found if not names or each["name"] in names or each["id"] in names]


def _wait(api: Api, command: str, before: dict[str, dict[str, Any]], seconds: float) -> bool:
    """Until each has had another pass (of another instance, after a restart), or failed; whether all are RUNNING then.

    NotReadyError where the time does not suffice.
    """
    deadline = time.monotonic() + seconds
    waiting = dict(before)
    running = True
    while waiting:
        for each in api.get("/connectors")["items"]:
            then = waiting.get(each["id"])
            if then is not None and _over(command, then, each):
                del waiting[each["id"]]
                if each["status"] != "RUNNING":
                    running = False
                    output.say(f"{each['name']} is {each['status']}: {each.get('failure', '')}")
        if waiting and time.monotonic() > deadline:
            names = ", ".join(each["name"] for each in waiting.values())
            raise NotReadyError(
                f"no {command} within {seconds:g} s of: {names}", help="`omrs daemon status` shows how they are"
            )
        time.sleep(POLL_S if waiting else 0)
    return running


def _over(command: str, then: dict[str, Any], now: dict[str, Any]) -> bool:
    if now["status"] == "CONFIG_FAILED" or (command == "refresh" and now["status"] == "FAILED"):
        return True
    if command == "restart" and now.get("instanceId") == then.get("instanceId"):
        return False
    passes, had = (each.get("statistics", {}).get("passes", 0) for each in (now, then))
    return not now["refreshing"] and passes > had

"""`omrs reports`: what the passes of a daemon's connectors changed."""

import os
import sys
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from typing import Annotated, Any

import typer

from omrs_connectors.cli.metadata import ServerName, ServerUrl, User, metadata_client
from omrs_connectors.sdk.report import KINDS
from omrs_schemas.errors import ConfigurationError
from omrs_streams.cli import output
from omrs_streams.cli.connection import BootstrapServers, kafka_settings
from omrs_streams.cli.topics_tail import moment
from omrs_streams.clock import now_ms

Bean = dict[str, Any]

app = typer.Typer(help="Show what integration connectors changed.", invoke_without_command=True)


@app.callback()
def reports(
    daemon: Annotated[str, typer.Option("--daemon", "-d", help="name of the daemon", envvar="OMRS_DAEMON")] = "",
    connector: Annotated[str, typer.Option("--connector", "-c", help="only this one: name or id")] = "",
    element: Annotated[str, typer.Option("--element", "-e", help="only what concerns this guid")] = "",
    since: Annotated[str, typer.Option(help="passes that ended since: a date, a time, or how long ago (`1h`)")] = "",
    until: Annotated[str, typer.Option(help="passes that ended before")] = "",
    changes: Annotated[bool, typer.Option("--changes", help="only passes that changed something")] = False,
    follow: Annotated[bool, typer.Option("--follow", "-f", help="go on with what comes")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="whole reports, a JSON document a line")] = False,
    server_url: ServerUrl = "",
    server: ServerName = "",
    user: User = "",
    bootstrap_servers: BootstrapServers = "",
) -> None:
    """Show the reports of a daemon's passes, oldest first; or, without --daemon, those that a metadata server holds of
    --element, newest first."""
    now = now_ms()
    start = moment(since, now, "--since") if since else None
    end = moment(until, now, "--until") if until else None
    if not daemon:
        if not element:
            raise ConfigurationError(
                "whose reports?", help="name --daemon, or --element with --server-url and --server"
            )
        from omrs_connectors.reports.reader import iter_reports_of_element

        with metadata_client(server_url, server, user) as client:
            _show(iter_reports_of_element(client, element, since=start, until=end), as_json)
        return
    from omrs_connectors.reports.reader import DaemonReports, Wanted

    wanted = Wanted(connector, element, start, end, changes)
    found = DaemonReports(kafka_settings(bootstrap_servers), daemon)
    try:
        _show(found.until_now(wanted), as_json, flowing=follow)
        if follow:
            _show(found.from_now(wanted), as_json, flowing=True)
    except KeyboardInterrupt:
        return
    except BrokenPipeError:  # whoever read us has seen enough; what is still buffered has nowhere to go
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _show(beans: Iterable[Bean], as_json: bool, *, flowing: bool = False) -> None:
    if as_json:
        for bean in beans:
            output.line(bean)
    elif flowing and output.is_terminal():
        for bean in beans:
            output.rows([_row(bean)])
    else:
        output.rows(_rows(beans))


def _rows(beans: Iterable[Bean]) -> Iterator[Bean]:
    for bean in beans:
        yield _row(bean)


def _row(bean: Bean) -> Bean:
    """One line of a table. A report that an element has tells of one anchor; one of the topic, of a whole pass."""
    counts: Bean = {kind: bean.get(f"{kind}Count", len(bean.get(f"{kind}Elements") or ())) for kind in KINDS}
    more = bean.get("additionalProperties") or {}
    seconds = (bean["refreshCompletionDate"] - bean["refreshStartDate"]) / 1000
    ended = datetime.fromtimestamp(bean["refreshCompletionDate"] / 1000, UTC)
    part = f"{bean['part']} of {bean['parts']}" if bean.get("parts", 1) > 1 else ""
    return {
        "ended": ended.strftime("%Y-%m-%d %H:%M:%S"),
        "connector": bean["connectorName"],
        "trigger": bean.get("trigger") or more.get("trigger"),
        "seconds": round(seconds, 1),
        **counts,
        "status": bean.get("connectorStatus") or more.get("connectorStatus"),
        **({"part": part} if part else {}),
        "message": bean.get("failingExceptionMessage") or more.get("failingExceptionMessage") or "",
    }

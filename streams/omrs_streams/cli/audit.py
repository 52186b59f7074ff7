"""Read the audit log of servers and daemons, and what its messages mean."""

from typing import Annotated

import typer

from omrs_streams.cli import output
from omrs_streams.cli.connection import BootstrapServers, admin_client, kafka_settings

app = typer.Typer(no_args_is_help=True, help=__doc__)


@app.command()
def tail(
    server: Annotated[
        list[str] | None, typer.Option("--server", "-s", help="only this server; repeatable; default: all there are")
    ] = None,
    daemon: Annotated[list[str] | None, typer.Option("--daemon", "-d", help="only this daemon; repeatable")] = None,
    severity: Annotated[
        list[str] | None, typer.Option("--severity", help="only this severity, such as Action; repeatable")
    ] = None,
    id_: Annotated[
        list[str] | None, typer.Option("--id", help="only this id, such as 0110, 'OMRS-AUDIT-03*'; repeatable")
    ] = None,
    where: Annotated[
        list[str] | None, typer.Option("--where", help="only with this parameter, such as guid=…; repeatable")
    ] = None,
    worker: Annotated[str, typer.Option("--worker", "-w", help="only of this worker")] = "",
    since: Annotated[str, typer.Option(help="10m (ago; s, m, h, d) or an ISO time; default: all that is kept")] = "",
    last: Annotated[int, typer.Option("--last", "-n", min=0, help="only the last so many; 0: all")] = 0,
    follow: Annotated[bool, typer.Option("--follow", "-f", help="go on with what comes; end with Ctrl-C")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="JSON lines at a terminal too")] = False,
    bootstrap_servers: BootstrapServers = "",
) -> None:
    """Show audit messages: lines as on the console at a terminal, JSON lines when piped."""
    from omrs_streams.cli.audit_tail import Owners, Wanted, show

    wanted = Wanted.of(severity or (), id_ or (), where or (), worker)
    kafka = kafka_settings(bootstrap_servers)
    owners = Owners(tuple(server or ()), tuple(daemon or ()))
    show(kafka, admin_client(kafka), owners, wanted, since=since, last=last, follow=follow, as_json=as_json)


@app.command()
def messages(
    id_: Annotated[str, typer.Argument(metavar="[ID]", help="an id, such as OMRS-AUDIT-0110 or 0110")] = "",
) -> None:
    """Explain a message: severity, text, cause and what to do; without an id, list them all."""
    from omrs_streams.audit import AuditMessage
    from omrs_streams.audit.catalogue import every_message, explained

    def facts(message: AuditMessage) -> dict[str, str]:
        return {"id": message.id, "severity": message.severity.label, "message": message.template}

    if not id_:
        output.rows(facts(message) for message in sorted(every_message().values(), key=lambda found: found.id))
        return
    found = explained(id_)
    output.record({**facts(found), "cause": found.cause, "action": found.action})

"""See what is on the topics, follow it decoded, and produce events."""

from pathlib import Path
from typing import Annotated

import typer

from omrs_streams.cli import output
from omrs_streams.cli.connection import BootstrapServers, admin_client, kafka_settings
from omrs_streams.settings import BUILTIN_TYPES

app = typer.Typer(no_args_is_help=True, help=__doc__)

Release = Annotated[str, typer.Option("--types", help="type release, as for `omrs worker`")]


@app.command()
def ls(
    everything: Annotated[bool, typer.Option("--all", help="other topics of the cluster too")] = False,
    bootstrap_servers: BootstrapServers = "",
) -> None:
    """List our topics: what each is, partitions, records, bytes (of the embedded Kafka), how long records are kept."""
    from omrs_streams.cli.topics_ls import listing

    kafka = kafka_settings(bootstrap_servers)
    found = listing(kafka, admin_client(kafka), everything=everything)
    if not found:
        output.say(f"There are no topics of omrs-streams on {kafka.bootstrap_servers}.")
    output.rows(found)


@app.command()
def tail(
    topic: Annotated[list[str] | None, typer.Argument(help="topics; or name a server or a cohort")] = None,
    server: Annotated[str, typer.Option("--server", "-s", help="the log of this server")] = "",
    cohort: Annotated[str, typer.Option("--cohort", "-c", help="the three topics of this cohort")] = "",
    start: Annotated[
        str,
        typer.Option(
            "--from",
            help="beginning, end, an offset, -N (last N of each partition), 10m (ago) or an ISO time; "
            "default: beginning, with --follow end",
        ),
    ] = "",
    limit: Annotated[int, typer.Option("--limit", "-n", min=0, help="stop after so many; 0: no limit")] = 0,
    follow: Annotated[bool, typer.Option("--follow", "-f", help="go on with what comes; end with Ctrl-C")] = False,
    partition: Annotated[int, typer.Option(min=-1, help="only this partition")] = -1,
    type_: Annotated[list[str] | None, typer.Option("--type", help="only this type (name or guid); repeatable")] = None,
    subtypes: Annotated[bool, typer.Option("--subtypes", help="with their subtypes")] = False,
    guid: Annotated[str, typer.Option("--guid", "-g", help="only this instance (type, member)")] = "",
    kind: Annotated[
        list[str] | None, typer.Option("--kind", help="only this event kind, such as NEW_ENTITY or 'NEW_*'; repeatable")
    ] = None,
    origin: Annotated[
        list[str] | None, typer.Option("--origin", help="only home, copy, archive or consequence; repeatable")
    ] = None,
    headers: Annotated[bool, typer.Option("--headers", help="show the headers too")] = False,
    raw: Annotated[bool, typer.Option("--raw", help="do not decode; values as base64 when piped")] = False,
    types: Release = BUILTIN_TYPES,
    bootstrap_servers: BootstrapServers = "",
) -> None:
    """Show decoded events: a line each at a terminal, JSON lines when piped.

    Filters look at key and headers first, so that a whole log is searched without being decoded. A record that cannot
    be read is shown as such, with the reason.
    """
    from omrs_streams.cli.topics_tail import Options, show

    options = Options(
        start, limit, follow, partition, type_ or (), subtypes, guid, kind or (), origin or (), headers, raw, types
    )
    show(kafka_settings(bootstrap_servers), topic or (), server, cohort, options)


@app.command()
def produce(
    topic: Annotated[str, typer.Argument(help="the topic")],
    file: Annotated[Path | None, typer.Option("--file", help="JSON lines; default: standard input")] = None,
    force: Annotated[bool, typer.Option("--force", help="write to a server's own topics, whatever follows")] = False,
    types: Release = BUILTIN_TYPES,
    bootstrap_servers: BootstrapServers = "",
) -> None:
    """Produce events: JSON lines (event beans, or what `omrs topics tail` wrote), checked, as Avro.

    A line that is no event is reported with its number and left out; then the exit code is 1.
    """
    from omrs_streams.cli.topics_produce import produce_lines

    report = produce_lines(kafka_settings(bootstrap_servers), topic, file, types, force=force)
    output.record(
        {"topic": topic, "produced": report.produced, "failed": len(report.failed)},
        say=f"{report.produced} events are on {topic}.",
    )
    if report.failed:
        raise typer.Exit(1)

"""`omrs archive`: load open metadata archives into a server."""

from functools import partial
from pathlib import Path
from typing import Annotated, Any

import typer

from omrs_schemas.errors import ArchiveError, NotReadyError
from omrs_streams.archive.load import Loaded, Target, load_archive
from omrs_streams.cli import output
from omrs_streams.cli.connection import BootstrapServers, admin_client, kafka_settings
from omrs_streams.log.names import server_workers
from omrs_streams.log.offsets import partitions
from omrs_streams.worker.directory import read_owners

app = typer.Typer(help="Load open metadata archives into a server.", no_args_is_help=True)

SHOWN = 50  # lines of the report at a terminal; piped output has them all


@app.callback()
def group() -> None:
    """Load open metadata archives into a server."""


@app.command()
def load(
    file: Annotated[Path, typer.Argument(help="the archive (.omarchive, JSON)")],
    server: Annotated[str, typer.Option("--server", "-s", help="server that takes the archive")],
    url: Annotated[str, typer.Option(help="URL of one of its workers; default: found through Kafka")] = "",
    bootstrap_servers: BootstrapServers = "",
) -> None:
    """Load an archive: its types, entities, relationships and classifications, with a report of what was left out.

    Exit code 0: everything is loaded; 1: nothing was, or something had to be left out (the report names it).
    An interrupted load is repeated with the same command; nothing is stored twice.
    """
    find = None if url else partial(worker_urls, server, bootstrap_servers)
    urls = [url] if find is None else find()
    with Target(server, urls, find) as target, output.progress(f"load {file.name}", 1) as advance:
        loaded = load_archive(target, file, _bar(advance))
    _print(loaded)
    if not loaded.complete:
        errors = sum(entry.severity == "error" for entry in loaded.report)
        raise ArchiveError(
            f"{errors} parts of {file.name} were left out; the rest is loaded",
            help="the lines marked `error` name each by guid and JSON pointer: correct them and load the file again",
        )


def worker_urls(server: str, bootstrap_servers: str = "") -> list[str]:
    """The URLs of the server's workers. NotReadyError when none has ever announced itself, LogError without Kafka."""
    kafka = kafka_settings(bootstrap_servers)
    topic = server_workers(server)
    known = topic in partitions(admin_client(kafka))  # a consumer would wait a while for a topic that is not there
    owners = read_owners(kafka.bulk_consumer("omrs.cli"), topic) if known else {}
    urls = sorted({owner.url for owner in owners.values()})
    if not urls:
        raise NotReadyError(f"no worker of server {server} is known", help=f"start one: omrs worker --server {server}")
    return urls


def _bar(advance: Any) -> Any:
    shown = 0

    def report(done: int, of: int) -> None:
        nonlocal shown
        advance(done - shown, of)
        shown = done

    return report


def _print(loaded: Loaded) -> None:
    facts = {
        "archive": loaded.archive,
        "types": loaded.types,
        "entities": loaded.entities,
        "proxies": loaded.proxies,
        "relationships": loaded.relationships,
        "classifications": loaded.classifications,
        "stale": loaded.stale,
        "unchanged": loaded.unchanged,
        "seconds": round(loaded.seconds, 2),
    }
    output.record(facts, say=f"{loaded.archive} is loaded.")
    entries = loaded.report[:SHOWN] if output.is_terminal() else loaded.report
    output.rows(
        {
            "severity": each.severity,
            "guid": _writable(each.guid),
            "pointer": _writable(each.pointer),
            "message": _writable(each.message),
        }
        for each in entries
    )
    if len(entries) < len(loaded.report):
        output.say(f"… and {len(loaded.report) - len(entries)} more lines (pipe the output to see all)")


def _writable(text: str | None) -> str | None:
    """JSON can hold half of a surrogate pair, a terminal and UTF-8 cannot: it is shown as its escape."""
    return None if text is None else text.encode("utf-8", "backslashreplace").decode()

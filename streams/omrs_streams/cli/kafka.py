"""Run an Apache Kafka of our own, without Docker or an installed Java."""

import sys
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from omrs_schemas.errors import EmbeddedKafkaError
from omrs_streams.cli import output
from omrs_streams.log.embedded import EmbeddedKafka, recorded
from omrs_streams.paths import data_root

DEFAULT_PORT = 9092

app = typer.Typer(no_args_is_help=True, help=__doc__)

DataDir = Annotated[
    Path | None, typer.Option("--data-dir", help="Where its data lives (default: kafka/ in the data root)")
]


@app.command()
def up(
    data_dir: DataDir = None,
    port: Annotated[
        int | None,
        typer.Option(min=0, max=65535, help="Port on 127.0.0.1; 0: any free one (default: as before, at first 9092)"),
    ] = None,
    nodes: Annotated[
        int | None, typer.Option(min=1, help="1, or 3 with three copies of everything (default: as before, at first 1)")
    ] = None,
) -> None:
    """Start Kafka in the background, or find it running. Its data survives restarts."""
    folder = _folder(data_dir)
    before = recorded(folder)
    known_port, known_nodes = before or (DEFAULT_PORT, 1)
    with output.downloads("Fetching Apache Kafka") as progress:
        broker = EmbeddedKafka(
            folder, known_port if port is None else port, known_nodes if nodes is None else nodes, progress=progress
        )
        endpoint = broker.up()
    state = "was running already" if endpoint.reused else "is up"
    output.record(
        {
            "bootstrap_servers": endpoint.bootstrap_servers,
            "pids": list(endpoint.pids),
            "data_dir": str(endpoint.data_dir),
            "reused": endpoint.reused,
        },
        say=f"Kafka {state} on {endpoint.bootstrap_servers}",
    )


@app.command()
def down(data_dir: DataDir = None) -> None:
    """Stop Kafka; its data stays."""
    folder = _folder(data_dir)
    stopped = EmbeddedKafka(folder).down()
    what = "Kafka is stopped" if stopped else "No Kafka was running"
    output.record({"stopped": stopped, "data_dir": str(folder)}, say=what)


@app.command()
def status(data_dir: DataDir = None) -> None:
    """Show whether it runs, where, and how much it holds."""
    found = EmbeddedKafka(_folder(data_dir)).status()
    if not output.is_terminal():
        output.line(found)
        return
    heading = f"Kafka runs on {found.bootstrap_servers}" if found.running else "Kafka is not running"
    output.record({"data_dir": found.data_dir, "size": f"{found.bytes / 1e6:.1f} MB"}, say=heading)
    output.rows(asdict(node) for node in found.nodes)


@app.command()
def wipe(
    data_dir: DataDir = None,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask; stop it first where it runs")] = False,
) -> None:
    """Delete all that Kafka holds: every log, every topic."""
    folder = _folder(data_dir)
    broker = EmbeddedKafka(folder)
    if not yes:
        broker.require_stopped()
        if not sys.stdin.isatty():
            raise EmbeddedKafkaError(f"nothing deleted in {folder}: nobody can be asked", help="confirm with --yes")
        typer.confirm(f"Delete every topic and record in {folder}?", abort=True)
    broker.wipe(force=yes)
    output.record({"wiped": str(folder)}, say="Deleted")


def _folder(data_dir: Path | None) -> Path:
    return (data_dir or data_root() / "kafka").expanduser().absolute()

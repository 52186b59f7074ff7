"""`omrs demo`: catalogue a directory with two servers and a daemon's group, compare, update, replay."""

import sysconfig
import tempfile
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from omrs_connectors.demo.processes import DemoProcesses
from omrs_connectors.demo.story import SERVER_A, SERVER_B, Findings, Story
from omrs_schemas.errors import ReplayError
from omrs_streams.cli import output

SHOWN = 10  # classified files that are listed


def command(app: typer.Typer) -> None:
    app.command()(demo)


def demo(
    directory: Annotated[
        Path | None, typer.Argument(help="directory to catalogue; default: this Python's library", file_okay=False)
    ] = None,
    keep: Annotated[bool, typer.Option(help="leave data and logs behind and say where")] = False,
) -> None:
    """Run everything on this machine: Kafka, two metadata servers, the integration daemon.

    Registers the files connector with the daemon's integration group while it runs: it catalogues a directory at the
    first server, and another connector, woken by what appears there, classifies files that look personal. Then shows
    that the second server holds equal reference copies, sends one update across, deletes the second store and rebuilds
    it from the log. Ends cleanly and leaves nothing behind.
    """
    source = directory or Path(sysconfig.get_paths()["stdlib"])
    if not source.is_dir():
        raise typer.BadParameter(f"{source} is no directory", param_hint="DIRECTORY")
    processes = DemoProcesses(Path(tempfile.mkdtemp(prefix="omrs-demo-")))
    try:
        found = Story(processes, source.resolve(), output.say).run()
    except BaseException:
        processes.close(keep=True)
        output.say(f"the logs of the demo are in {processes.home}")
        raise
    processes.close(keep=keep)
    show(found)
    if keep:
        output.say(f"data and logs are in {processes.home}")
    if not found.good:
        raise ReplayError("the digests are not equal", help="run `omrs demo --keep` and look at the logs")


def show(found: Findings) -> None:
    """The summary: tables at a terminal, one line of JSON behind a pipe."""
    if not output.is_terminal():
        output.line(asdict(found) | {"good": found.good})
        return
    output.rows(
        [{"type": name, "catalogued": count} for name, count in found.catalogued.items()],
        title=f"Catalogued in {found.catalogue_s:.1f} s",
    )
    output.rows(found.classified[:SHOWN], title=f"Classified as confidential: {len(found.classified)} files")
    output.rows([{"topic": name, "events": count} for name, count in found.topics.items()], title="Events on topics")
    output.record(
        {
            "started": f"{found.start_s:.1f} s until both servers were registered",
            "reaction": f"{found.react_s:.1f} s from a new catalog target until its file was classified by events",
            "copies": f"{found.copies:,} instances, digest {found.digest_b[:16]} at {SERVER_B}, "
            f"{found.digest_a[:16]} at {SERVER_A}",
            "update": f"{found.update_ms:.0f} ms from {SERVER_A} to {SERVER_B}",
            "replay": f"{found.replay['records']:,} records at {found.replay['records_per_second']:,}/s, "
            f"indexed after {found.replay['seconds_until_indexed']:.1f} s, digest {found.digest_after[:16]}",
            "memory": f"{found.memory_mb:.0f} MB: broker, two servers, daemon",
        },
        say="Equal digests." if found.good else "The digests are NOT equal.",
    )

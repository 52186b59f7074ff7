"""The `omrs` command: its root, and the one place where errors become exit codes."""

import platform
import sys
from importlib.metadata import version as version_of
from typing import Annotated

import typer

from omrs_schemas.errors import OmrsError
from omrs_streams.cli.commands import Commands

app = typer.Typer(
    cls=Commands,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    help="Open metadata (OMRS) cohort member and integration daemon on Kafka.",
)


def _show_version(asked: bool) -> None:
    if asked:
        version()
        raise typer.Exit


@app.callback()
def root(
    shown: Annotated[
        bool, typer.Option("--version", help="As the command `version`.", is_eager=True, callback=_show_version)
    ] = False,
) -> None:
    """Open metadata (OMRS) cohort member and integration daemon on Kafka."""


@app.command()
def version() -> None:
    """Show which versions are installed."""
    from omrs_streams.cli import output
    from omrs_streams.log.embedded.lock import KAFKA

    found = {"omrs-streams": version_of("omrs-streams"), "python": platform.python_version(), "kafka": KAFKA}
    output.record(found)


def main() -> None:
    """Run the command line. Exit code 1: an error of ours, rendered; 2: the command line is wrong."""
    try:
        app()
    except OmrsError as problem:
        from omrs_streams.cli import output

        output.error(problem)
        sys.exit(1)


if __name__ == "__main__":
    main()

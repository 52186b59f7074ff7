"""`omrs replay`: rebuild a worker's stores from the log, beside the live ones, then switch."""

import os
from functools import partial
from typing import Annotated

import typer

from omrs_streams.cli import output
from omrs_streams.cli.connection import BootstrapServers, kafka_settings
from omrs_streams.paths import data_root
from omrs_streams.replay.run import run_replay
from omrs_streams.settings import BUILTIN_TYPES, store_dir


def command(app: typer.Typer) -> None:
    app.command()(replay)


def replay(
    server: Annotated[str, typer.Option("--server", "-s", help="server whose stores are rebuilt")],
    worker: Annotated[str, typer.Option("--worker", "-w", help="worker whose stores are rebuilt")] = "w1",
    from_scratch: Annotated[bool, typer.Option(help="start again instead of resuming an interrupted rebuild")] = False,
    verify: Annotated[bool, typer.Option(help="compare digests with the stores in use before switching")] = False,
    processes: Annotated[int, typer.Option(help="parallel processes; 0: one per core")] = 0,
    types: Annotated[str, typer.Option(help="type release of the server, as for `omrs worker`")] = BUILTIN_TYPES,
    bootstrap_servers: BootstrapServers = "",
    as_json: Annotated[bool, typer.Option("--json", help="print the result as JSON")] = False,
) -> None:
    """Rebuild the stores of a worker from the server log and put them in use.

    The stores in use are read and served meanwhile. Exits with 1 and the first differing guids when --verify finds
    that a rebuilt store is not equal to the one in use; nothing is switched then.
    """
    kafka = kafka_settings(bootstrap_servers)
    stores = store_dir(data_root(), server, worker)
    result = run_replay(
        kafka,
        server,
        worker,
        stores,
        from_scratch=from_scratch,
        verify=verify,
        processes=processes or (os.cpu_count() or 1),
        types=types,
        bar=partial(output.progress, "replay", quiet=as_json),
    )
    if as_json:
        output.line(result)
    else:
        output.record(result, say=f"The stores of {server}/{worker} were rebuilt from {server}'s log.")

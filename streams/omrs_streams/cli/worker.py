"""`omrs worker`: run one worker of a metadata server."""

import asyncio
import logging
import signal
import sys
from collections.abc import Coroutine
from contextlib import nullcontext, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from omrs_streams.log.embedded import EmbeddedKafka, running
from omrs_streams.logs import configure_logging
from omrs_streams.paths import data_root
from omrs_streams.settings import ServerSettings, load_settings

if TYPE_CHECKING:
    from omrs_streams.worker.worker import Worker

GRACE_S = 5.0  # how long open HTTP requests may take when the worker stops


def command(app: typer.Typer) -> None:
    app.command()(worker)


def worker(
    server: Annotated[str | None, typer.Option("--server", "-s", help="name of the metadata server")] = None,
    name: Annotated[str | None, typer.Option("--worker", "-w", help="name of this worker within the server")] = None,
    cohort: Annotated[list[str] | None, typer.Option("--cohort", "-c", help="cohort to join; repeatable")] = None,
    config: Annotated[Path | None, typer.Option(help="YAML file with settings")] = None,
    host: Annotated[str | None, typer.Option(help="address of the REST API")] = None,
    port: Annotated[int | None, typer.Option(help="port of the REST API; 0 chooses a free one")] = None,
    advertised_url: Annotated[str | None, typer.Option(help="URL by which others reach this worker")] = None,
    metadata_collection_id: Annotated[str | None, typer.Option(help="id of the local metadata collection")] = None,
    partitions: Annotated[int | None, typer.Option(help="partitions of the server log when it is created")] = None,
    types: Annotated[str | None, typer.Option(help="`builtin` (release 6.1) or the path of a types archive")] = None,
    bootstrap_servers: Annotated[str | None, typer.Option(help="Kafka; the embedded one is started without it")] = None,
    ready_file: Annotated[Path | None, typer.Option(help="file to write the URL to once the worker is up")] = None,
    log_level: Annotated[str, typer.Option(help="logging level")] = "INFO",
    log_json: Annotated[bool, typer.Option(help="log JSON objects, one a line")] = False,
) -> None:
    """Run one worker of a metadata server until it is interrupted."""
    configure_logging(log_level, as_json=log_json)
    kafka: dict[str, Any] | None = {"bootstrap_servers": bootstrap_servers} if bootstrap_servers else None
    settings = load_settings(
        config,
        server=server,
        worker=name,
        cohorts=cohort or None,
        host=host,
        port=port,
        advertised_url=advertised_url,
        metadata_collection_id=metadata_collection_id,
        partitions=partitions,
        types=types,
        kafka=kafka,
    )
    if not settings.kafka.bootstrap_servers and running(data_root() / "kafka") is None:
        endpoint = EmbeddedKafka(data_root() / "kafka").up()
        logging.getLogger(__name__).info("started the embedded Kafka on %s", endpoint.bootstrap_servers)
    failure = run_loop(run(settings, ready_file))
    if failure is not None:
        raise failure


def run_loop(main: Coroutine[Any, Any, Exception | None]) -> Exception | None:
    """Run on uvloop, which answers a fifth more requests than asyncio's own loop; on that where uvloop is not there."""
    # Background threads (publishers, views) share the interpreter: with the default of 5 ms each of them could hold up
    # a request for as long as the whole request takes.
    sys.setswitchinterval(0.0005)
    try:
        import uvloop
    except ImportError:
        return asyncio.run(main)
    return uvloop.run(main)


async def run(settings: ServerSettings, ready_file: Path | None = None) -> Exception | None:
    """Serve until SIGTERM, SIGINT or a failure; the failure that ended it."""
    import uvicorn

    from omrs_streams.api.app import make_api
    from omrs_streams.api.listen import bind
    from omrs_streams.collection import settle_heap
    from omrs_streams.worker.worker import Worker

    config = uvicorn.Config(
        "unused:app",
        host=settings.host,
        port=settings.port,
        lifespan="off",
        log_level="warning",
        access_log=False,
        timeout_graceful_shutdown=int(GRACE_S),
    )
    listening = bind(settings.host, settings.port)
    port = listening.getsockname()[1]
    url = settings.advertised_url or f"http://{settings.host}:{port}"
    worker = Worker(settings, url)
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, worker.stopped.set)
    stopped = asyncio.create_task(worker.stopped.wait())
    try:
        if not await _started(worker, stopped):
            return worker.failure
        settle_heap()
        config.app = make_api(worker)
        server = uvicorn.Server(config)
        # uvicorn would catch the signals itself and raise them again before the worker has left its group.
        setattr(server, "capture_signals", nullcontext)  # noqa: B010 - typed as a method
        serving = asyncio.create_task(server.serve(sockets=[listening]))
        if ready_file is not None:
            await asyncio.to_thread(ready_file.write_text, url)
        logging.getLogger(__name__).info(
            "server %s listens on %s (API: %s/api/v1/docs, OMRS paths: %s/docs)", settings.server, url, url, url
        )
        await asyncio.wait({serving, stopped}, return_when=asyncio.FIRST_COMPLETED)
        server.should_exit = True
        await serving
    finally:
        stopped.cancel()
        await worker.stop()
        listening.close()
    return worker.failure


async def _started(worker: "Worker", stopped: "asyncio.Task[Any]") -> bool:
    """Start the worker; False when it was told to stop before it was up. It may wait long for its Kafka."""
    starting = asyncio.create_task(worker.start())
    await asyncio.wait({starting, stopped}, return_when=asyncio.FIRST_COMPLETED)
    if starting.done():
        await starting
        return True
    starting.cancel()
    with suppress(asyncio.CancelledError):
        await starting
    return False

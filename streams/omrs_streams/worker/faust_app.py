"""The Faust app of one worker: group membership and live delivery. State never lives in Faust (DESIGN.md, "What Faust
does and does not do")."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from typing import Any

import faust
from faust.types import TP

from omrs_streams.log.kafka import KafkaSettings
from omrs_streams.worker.batches import BatchTransport

log = logging.getLogger(__name__)

# Static members rejoin within this time without a rebalance; a killed worker's partitions move after it.
SESSION_TIMEOUT_S = 10.0
HEARTBEAT_S = 2.5
# Batches that wait per agent: enough that a fetch runs while one is folded; more only delays a rebalance.
STREAM_BUFFER = 16
# Records of a fetch at most: about 50 ms of folding, so that REST requests get their turn.
POLL_RECORDS = 500

Handler = Callable[[Sequence[Any]], Awaitable[None]]
"""Takes the records of a batch: objects with topic, partition, offset, key, value and headers."""

Fatal = Callable[[Exception], None]
"""Stops the process: its partitions go to another worker, which reads the uncommitted records again."""


def make_app(app_id: str, worker: str, kafka: KafkaSettings, data_dir: Path) -> faust.App:
    """A Faust app that only consumes; `worker` makes its group membership static.

    `data_dir` is for Faust's own files; without one it would write into the current directory.
    """
    data_dir.mkdir(parents=True, exist_ok=True)
    app = faust.App(
        app_id,
        broker=kafka.faust_broker(),
        broker_credentials=kafka.faust_credentials(),
        broker_client_id=f"{app_id}.{worker}",
        consumer_group_instance_id=f"{app_id}.{worker}",
        consumer_auto_offset_reset="earliest",
        broker_session_timeout=SESSION_TIMEOUT_S,
        broker_heartbeat_interval=HEARTBEAT_S,
        broker_max_poll_records=POLL_RECORDS,
        broker_commit_interval=1.0,
        stream_buffer_maxsize=STREAM_BUFFER,
        stream_wait_empty=False,
        autodiscover=False,
        web_enabled=False,
        datadir=str(data_dir),
        store="memory://",
        topic_allow_declare=False,
        key_serializer="raw",
        value_serializer="raw",
    )
    app.transport = BatchTransport(app.conf.broker, app)
    return app


def add_agent(app: faust.App, topic: str, handle: Handler, fatal: Fatal) -> None:
    """An agent that hands `handle` the batches of `topic`, each of one partition, as they are fetched.

    `handle` deals with bad records itself. Whatever else it raises ends the worker through `fatal`, and the batch is
    never acknowledged. Faust acknowledges even when the body is cancelled or raises; a reference of our own on the
    message, given back only after the work, keeps it uncommitted then.
    """
    channel = app.topic(topic, key_type=bytes, value_type=bytes, key_serializer="raw", value_serializer="raw")

    async def consume(stream: Any) -> None:
        async for event in stream.events():
            message = event.message
            message.incref()
            try:
                await handle(message.records)
            except Exception as error:
                fatal(error)
                await asyncio.Event().wait()
            message.decref()

    app.agent(channel, name=f"{topic}-agent")(consume)


def on_assignment(
    app: faust.App,
    assigned: Callable[[set[TP]], Awaitable[None]],
    revoked: Callable[[set[TP]], Awaitable[None]],
) -> None:
    """Call `assigned` with the whole new assignment after a rebalance and `revoked` with what was taken before it."""

    async def on_assigned(_: Any, assigned_tps: set[TP], **__: Any) -> None:
        await assigned(set(assigned_tps))

    async def on_revoked(_: Any, revoked_tps: set[TP], **__: Any) -> None:
        await revoked(set(revoked_tps))

    signals: Any = app
    signals.on_partitions_assigned.connect(on_assigned, weak=False)
    signals.on_partitions_revoked.connect(on_revoked, weak=False)

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
# Batches of one topic that are handled at the same time, or wait for the one before them in their partition.
BATCHES = 8
# Records of a fetch at most, over all partitions: what is decoded but not folded stays below 10 MB.
POLL_RECORDS = 1_000

Handler = Callable[[Sequence[Any]], Awaitable[None]]
"""Takes the records of a batch: objects with topic, partition, offset, key, value and headers."""


class WithdrawnError(Exception):
    """A batch cannot be handled here any more because its partition went to another worker, which receives it again."""


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

    Batches of one partition are handled one after the other, those of different partitions at the same time: while one
    waits for the broker's acknowledgement the next is decoded. `handle` deals with bad records itself. WithdrawnError
    leaves its batch unacknowledged. Whatever else it raises ends the worker through `fatal`, and neither that batch nor
    a later one of its partition is acknowledged.

    Faust acknowledges a message when the stream goes on, also when an agent is cancelled; a reference of our own keeps
    it uncommitted until its batch is done.
    """
    channel = app.topic(topic, key_type=bytes, value_type=bytes, key_serializer="raw", value_serializer="raw")

    async def work(message: Any, before: "asyncio.Task[bool] | None", room: asyncio.Semaphore) -> bool:
        """Whether this batch and all before it are done."""
        try:
            if before is not None and not await before:
                return False
            await handle(message.records)
        except WithdrawnError:
            return True  # not acknowledged; what comes after it belongs to a later assignment
        except Exception as error:
            fatal(error)
            return False
        finally:
            room.release()
        message.ack(app.consumer)
        return True

    async def consume(stream: Any) -> None:
        lanes: dict[int, asyncio.Task[bool]] = {}
        room = asyncio.Semaphore(BATCHES)
        async for event in stream.events():
            message = event.message
            message.incref()
            await room.acquire()
            lanes[message.partition] = asyncio.create_task(work(message, lanes.get(message.partition), room))

    app.agent(channel, name=f"{topic}-agent")(consume)


def hold(app: faust.App, topics: frozenset[str]) -> None:
    """From now on read everything but `topics`, whose partitions stay assigned and keep their offsets."""
    consumer: Any = app.consumer
    consumer.hold(topics)


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

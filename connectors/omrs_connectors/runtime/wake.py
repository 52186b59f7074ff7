"""Faust side of the daemon: a timer that ticks, and one agent per connector on the server's out topic.

Each agent has its own buffer, so a connector that is busy refreshing holds back only its own events; Faust commits an
offset when every agent is done with it.
"""

import logging
from collections.abc import Awaitable, Callable, Iterable
from typing import Any

import faust

from omrs_connectors.runtime.lane import ConnectorLane

log = logging.getLogger(__name__)

BATCH = 200  # events handed to a connector at once: bounds how long it keeps its thread between two passes
TICK = 1.0  # seconds between looks at what is due (integration § 5)


def add_timer(app: faust.App, tick: Callable[[], Awaitable[None]]) -> None:
    """Calls `tick` every second while the app runs."""

    async def guarded() -> None:
        try:
            await tick()
        except Exception:  # the boundary: an error here must not end the timer
            log.exception("a tick of the daemon failed")

    app.timer(TICK, name="connector-tick")(guarded)


def add_agents(app: faust.App, topic: str, lanes: Iterable[ConnectorLane]) -> None:
    """One agent per connector on `topic`, values as raw bytes."""
    channel = app.topic(topic, key_type=bytes, value_type=bytes, key_serializer="raw", value_serializer="raw")
    for lane in lanes:
        app.agent(channel, name=f"events-{lane.handler.config.connector_id}")(_consumer(lane))


def _consumer(lane: ConnectorLane) -> Callable[[Any], Awaitable[None]]:
    async def consume(stream: Any) -> None:
        async for event in stream.events():
            # A message is a batch of one partition (omrs_streams.worker.batches). Faust acknowledges it even when this
            # body is cancelled; a reference of our own, given back only after the work, keeps it uncommitted then.
            message = event.message
            message.incref()
            records = message.records
            try:
                for start in range(0, len(records), BATCH):
                    await lane.process(records[start : start + BATCH])
            except Exception:  # the boundary: what escapes an agent takes its batch with it
                log.exception("events for connector %s were not processed", lane.name)
            message.decref()

    return consume

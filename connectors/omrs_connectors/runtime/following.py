"""Handing an integration group the events of its metadata server's out topic that concern it (integration § 6)."""

import asyncio
import logging
from collections.abc import Mapping
from dataclasses import dataclass

from omrs_connectors.groups.group import IntegrationGroup
from omrs_connectors.runtime.feed import Feed
from omrs_connectors.runtime.inbox import Inbox
from omrs_connectors.runtime.partners import out_of
from omrs_connectors.sdk.listener import Source
from omrs_schemas.errors import LogError
from omrs_streams.client.decoder import OutEventDecoder

log = logging.getLogger(__name__)

BATCH = 500  # events that a group looks at at once
LISTENING_S = 5.0  # a reader knows its topic within a second; longer means that the topic is not there
LOOK_S = 0.1  # between looks at whether it does


async def follow(group: IntegrationGroup, feed: Feed, decoder: OutEventDecoder) -> None:
    """Starts the group and hands it events, until cancelled.

    It is read when its changes are heard, so that none is missed; where the out topic is not there, at once, and again
    when it is.
    """
    inbox = Inbox(feed)
    source = out_of(group.partner)
    inbox.listeners([_Listener(source, group)])
    try:
        await asyncio.wait_for(_reads(feed, source), LISTENING_S)
    except TimeoutError:
        group.not_listening(LogError(f"topic {source.topic} is not there or cannot be read", topic=source.topic))
        group.start()
        await _reads(feed, source)
    group.listening()
    group.start()
    while True:
        records = await inbox.take(BATCH)
        for record in records:
            try:
                await group.on_event(await asyncio.to_thread(decoder.decode, record.value))
            except Exception as error:  # the boundary: whatever the event would have told, a whole read tells too
                log.warning("group %s is read again because of an event: %s", group.name, error)
                group.read_soon("an event could not be read")
        inbox.done(records)


async def _reads(feed: Feed, source: Source) -> None:
    """Returns when the topic is read, from wherever."""
    while True:
        if feed.reached(source):
            return
        await asyncio.sleep(LOOK_S)


@dataclass(frozen=True, slots=True)
class _Listener:
    """Wants what concerns a group."""

    source: Source
    group: IntegrationGroup

    def wants_record(self, key: bytes | None, headers: Mapping[str, bytes]) -> bool:
        return self.group.interested(headers)

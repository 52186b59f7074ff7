"""One integration group that a daemon follows: read at start, kept by events, read again now and then
(integration § 6)."""

import asyncio
import contextlib
import logging
import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from enum import StrEnum
from typing import Any, Protocol

from omrs_connectors.groups.changes import CHANGED, Event, Interest, Pending, users_of
from omrs_connectors.groups.reading import GroupElement, GroupReader, Registration
from omrs_connectors.sdk.config import IntegrationConnectorConfig, Partner
from omrs_schemas.errors import ConfigurationError, OmrsError, UserNotAuthorizedError
from omrs_streams.client import MetadataClient

log = logging.getLogger(__name__)

REFRESH_INTERVAL = (
    2_000.0  # seconds between two whole reads (integration § 6): events tell changes, this what they lost
)
SETTLE = 0.2  # seconds that events are collected: defining one connector is some ten events
GRACE = 3.0  # seconds that a connector goes on whose metadata has become incomplete: somebody is replacing a part of it
FIRST_RETRY = 1.0  # seconds until a failed read is tried again; doubles: the server is usually just starting
LONGEST_RETRY = 60.0

IDS = "INTEGRATION-DAEMON-SERVICES-"


class GroupStatus(StrEnum):
    """IntegrationGroupStatus; the wire form is the name."""

    ASSIGNED = "ASSIGNED"  # only its name is known
    CONFIGURING = "CONFIGURING"  # it is there, and has no connector that can run
    RUNNING = "RUNNING"  # its connectors are handed over
    FAILED = "FAILED"  # it could not be read the last time; its connectors go on as they were
    DISABLED = "DISABLED"  # the daemon does not follow it any more


class Audit(Protocol):
    """The part of the daemon's audit log that is needed here."""

    def record(self, message_id: str, /, **params: object) -> None: ...


Changed = Callable[[Mapping[str, IntegrationConnectorConfig], "IntegrationGroup"], None]
"""Called on the loop with all configurations of a group by connector id, when they are others than before."""


class IntegrationGroup:
    """Follows the group `name` of the metadata server `partner`.

    `start` begins to read it in the background, `close` ends that. Whoever reads the server's out topic asks
    `interested` about a record's headers and hands decoded events to `on_event`. `targets_changed` is called with the
    id of a connector that has got or lost a catalog target, or whose target was changed: it needs a refresh.
    Everything but the reads themselves, which are on threads, happens on the event loop.
    """

    def __init__(
        self,
        name: str,
        partner: Partner,
        client_factory: Callable[[], MetadataClient],
        audit: Audit,
        changed: Changed,
        *,
        targets_changed: Callable[[str], None] = lambda connector_id: None,
        refresh_interval: float = REFRESH_INTERVAL,
        settle: float = SETTLE,
        grace: float = GRACE,
        first_retry: float = FIRST_RETRY,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self.name = name
        self.partner = partner
        self.status = GroupStatus.ASSIGNED
        self.element = GroupElement()
        self.configs: Mapping[str, IntegrationConnectorConfig] = {}
        self.failure: str | None = None
        self._client_factory = client_factory
        self._audit = audit
        self._changed = changed
        self._targets_changed = targets_changed
        self._refresh_interval = refresh_interval
        self._settle = settle
        self._grace = grace
        self._first_retry = first_retry
        self._monotonic = monotonic
        self._user = ""
        self._reader: GroupReader | None = None
        self._interest: Interest | None = None
        self._registrations: dict[str, Registration] = {}
        self._doubtful: dict[str, float] = {}  # registrations that have become incomplete -> when that is believed
        self._handed_over = False
        self._reading = asyncio.Lock()
        self._pending = Pending(group="the daemon starts")
        self._wake = asyncio.Event()
        self._due = 0.0  # when the whole group is read next
        self._retries = 0
        self._task: asyncio.Task[None] | None = None

    @property
    def guid(self) -> str:
        """Of the group's element; empty while the server has none of that name."""
        return self.element.guid

    @property
    def problems(self) -> dict[str, str]:
        """Why registered connectors cannot run, by the guid of the registration."""
        return {guid: read.problem for guid, read in self._registrations.items() if read.problem}

    def summary(self) -> dict[str, Any]:
        """IntegrationGroupSummary without its connectors' reports."""
        bean: dict[str, Any] = {
            "class": "IntegrationGroupSummary",
            "integrationGroupName": self.name,
            "integrationGroupStatus": self.status.value,
        }
        if self.element.guid:
            bean["integrationGroupGUID"] = self.element.guid
        if self.element.description:
            bean["integrationGroupDescription"] = self.element.description
        return bean

    def start(self) -> None:
        """Begins to follow the group; does not wait for the metadata server."""
        if self._task is None:
            self._task = asyncio.create_task(self._follow(), name=f"group-{self.name}")

    async def close(self) -> None:
        """Ends it. The connectors are the fleet's business."""
        self._audit.record(f"{IDS}0052", group=self.name)
        task, self._task = self._task, None
        if task is not None:
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await task
        self.status = GroupStatus.DISABLED

    def listening(self) -> None:
        """The server's out topic is read from now on; a group that was read before is read again."""
        if self._task is not None:
            self.read_soon("its changes are heard from now on")
        self._audit.record(f"{IDS}0019", server=self.partner.name, group=self.name)

    def not_listening(self, error: Exception) -> None:
        """The server's out topic cannot be read."""
        self._audit.record(f"{IDS}0027", server=self.partner.name, group=self.name, error=error)

    def read_soon(self, reason: str) -> None:
        """The whole group is read again, together with what else changes meanwhile."""
        self._pending.group = reason
        self._wake.set()

    def interested(self, headers: Mapping[str, bytes]) -> bool:
        """Whether a record of the out topic can concern the group, before it is decoded.

        While nothing has been read, nothing needs to be heard: the read that follows sees it.
        """
        if self._interest is None:
            return False
        type_guid = headers.get("type-guid", b"").decode("utf-8", "replace")
        return not type_guid or type_guid in self._interest.type_guids

    async def on_event(self, event: Event) -> None:
        """Notes what the event changes; it is read again soon, together with what else changes meanwhile."""
        if self._interest is None:
            return
        connector = self._interest.note(event, self.element.guid, self.name, self._pending)
        if connector:
            for guid, read in self._registrations.items():
                if read.connector == connector and read.config is not None:
                    self._targets_changed(guid)
        # An element that nothing was read from concerns nobody - unless it is being read about just now.
        if self._pending and not self._reading.locked() and not self._concerns_anything():
            self._pending.elements.clear()
        if self._pending:
            self._wake.set()

    async def refresh_config(self, reason: str = "") -> None:
        """Reads the whole group now. Raises what went wrong; what was read before stays valid then."""
        async with self._reading:
            await self._read_all(reason)

    def _concerns_anything(self) -> bool:
        pending = self._pending
        return bool(pending.group or pending.registrations or users_of(pending.elements, self._registrations))

    async def _follow(self) -> None:
        while True:
            try:
                await self._step()
                self._retries = 0
            except Exception as error:  # the boundary: whatever it is, it is tried again
                delay = min(self._first_retry * 2**self._retries, LONGEST_RETRY)
                self._retries = min(self._retries + 1, 16)
                level = logging.DEBUG if isinstance(error, OmrsError) else logging.ERROR
                log.log(level, "group %s is read again in %.0f s", self.name, delay, exc_info=error)
                await asyncio.sleep(self._settle)
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(self._wake.wait(), delay)

    async def _step(self) -> None:
        """Waits for something to do and does it."""
        if not self._pending:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._wake.wait(), max(0.0, self._due - self._monotonic()))
            if not self._pending:
                self._pending.group = "its time has come" if self._monotonic() >= self._due else ""
            else:
                await asyncio.sleep(self._settle)
        self._wake.clear()
        if self._pending.group:
            await self._apply_group()
        elif self._pending:
            await self._apply_some()

    async def _apply_group(self) -> None:
        async with self._reading:
            now, self._pending = self._pending, Pending()
            failure = self.failure
            try:
                await self._read_all(now.group)
            except Exception as error:
                self._pending.group = now.group
                if now.group == CHANGED and self.failure != failure:
                    self._audit.record(f"{IDS}0053", group=self.name, error=error)
                raise

    async def _apply_some(self) -> None:
        """Reads the registrations again that something of has changed."""
        async with self._reading:
            now, self._pending = self._pending, Pending()
            affected = now.registrations | users_of(now.elements, self._registrations)
            if not affected or not self.element.guid:
                return
            reader = await asyncio.to_thread(self._connected)
            found = await asyncio.to_thread(reader.some, self.element.guid, affected)
            failed: Exception | None = None
            for guid, read in found.items():
                if isinstance(read, Exception):
                    failed = read
                    self._pending.registrations.add(guid)
                    self._not_applied(guid, read)
                elif read is None:
                    self._registrations.pop(guid, None)
                else:
                    self._registrations[guid] = self._believed(read)
            self._hand_over()
            if failed is not None:
                raise failed

    async def _read_all(self, reason: str) -> None:
        again = self.failure is not None
        if not again:
            self._audit.record(f"{IDS}0051", group=self.name, server=self.partner.name, reason=reason or None)
        try:
            reader = await asyncio.to_thread(self._connected)
            self.element = await asyncio.to_thread(reader.group_element)
            if self.status is GroupStatus.ASSIGNED:
                self.status = GroupStatus.CONFIGURING
            read = await asyncio.to_thread(reader.registrations, self.element.guid)
            self._registrations = {guid: self._believed(each) for guid, each in read.items()}
        except Exception as error:
            self._failed(error)
            raise
        if again:
            self._audit.record(f"{IDS}0051", group=self.name, server=self.partner.name, reason=reason or None)
        self.failure = None
        self._due = self._monotonic() + self._refresh_interval
        self._hand_over()
        self._audit.record(f"{IDS}0056", group=self.name, count=len(self.configs))

    def _connected(self) -> GroupReader:
        """The reader; on a thread, since the server is asked for its types. They may have grown since the last time."""
        client = self._client_factory()
        self._user = client.user_id
        reader = self._reader or GroupReader(client, self.name)
        self._interest = Interest(client.types, reader.names)
        self._reader = reader
        return reader

    def _failed(self, error: Exception) -> None:
        unknown = isinstance(error, ConfigurationError) and error.code.endswith("400-032")
        if unknown:  # never there, or deleted: then its registrations are too
            self.element = GroupElement()
            self._registrations = {}
            self._hand_over()
        self.status = GroupStatus.ASSIGNED if unknown else GroupStatus.FAILED
        said = str(error)
        if said == self.failure:
            return
        self.failure = said
        if isinstance(error, UserNotAuthorizedError):
            self._audit.record(f"{IDS}0050", user=self._user, server=self.partner.name, error=error)
        self._audit.record(f"{IDS}0028", group=self.name, server=self.partner.name, error=error)

    def _believed(self, read: Registration) -> Registration:
        """What was read; but a connector that was complete before stays what it was for a moment."""
        before = self._registrations.get(read.guid)
        if read.config is not None or before is None or before.config is None:
            self._doubtful.pop(read.guid, None)
            return read
        now = self._monotonic()
        until = self._doubtful.setdefault(read.guid, now + self._grace)
        if now >= until:
            del self._doubtful[read.guid]
            return read
        asyncio.get_running_loop().call_later(until - now, self._read_again, read.guid)
        return replace(read, config=before.config, problem="")

    def _read_again(self, guid: str) -> None:
        self._pending.registrations.add(guid)
        self._wake.set()

    def _not_applied(self, guid: str, error: Exception) -> None:
        config = self.configs.get(guid)
        name = guid if config is None else config.connector_name
        if self._retries == 0:
            self._audit.record(f"{IDS}0054", connector=name, connector_id=guid, group=self.name, error=error)

    def _hand_over(self) -> None:
        for guid, read in self._registrations.items():
            if read.problem:
                log.info("connector %s of group %s cannot run yet: %s", guid, self.name, read.problem)
        configs = {guid: read.config for guid, read in self._registrations.items() if read.config is not None}
        if self.element.guid:
            self.status = GroupStatus.RUNNING if configs else GroupStatus.CONFIGURING
        if configs == self.configs and (self._handed_over or not self.element.guid):
            return
        self.configs = configs
        self._handed_over = True
        self._changed(configs, self)

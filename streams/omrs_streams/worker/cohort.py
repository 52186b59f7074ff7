"""This server as a member of one cohort: who the members are, and whether it is connected (OMRS cohort § 3 to § 7).

Registry and type events stand on topics of one partition, so one worker speaks for the server: the one that Faust gave
the registration topic. What it decides goes to the server's `cohorts` topic, which every worker reads; a command to
connect, disconnect or un-register goes there too, so that any worker takes it and it outlives all of them
(docs/decisions/0009).
"""

import asyncio
import contextlib
import logging
import re
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from typing import Any
from uuid import uuid4

from omrs_schemas.codes import Code
from omrs_schemas.errors import ConfigurationError, OmrsError, RepositoryError
from omrs_streams import metrics
from omrs_streams.clock import now_ms
from omrs_streams.cohort import registry
from omrs_streams.cohort.registry_events import Identity, Registration
from omrs_streams.log.record import ORIGINATOR
from omrs_streams.repository.local import Bean, LocalCollection
from omrs_streams.settings import CohortSettings
from omrs_streams.worker.boundary import fault_of
from omrs_streams.worker.cohort_store import RegistryStore, Standing, Wanted, Wish
from omrs_streams.worker.cohort_types import TypeExchange
from omrs_streams.worker.faust_app import Handler, WithdrawnError
from omrs_streams.worker.federation import REST_CONNECTOR, Federation, connection_fault
from omrs_streams.worker.outbound import Outbound
from omrs_streams.worker.parts import Parts
from omrs_streams.worker.wire import REGISTRY, Wire

log = logging.getLogger(__name__)

TICK_S = 5.0  # between attempts to send what could not be sent; the producer itself has tried for 30 s by then
COMMAND_S = 30.0  # how long a command waits to be carried out: a rebalance and a few sends
HEARD_S = 5.0  # how often a collection that is not registered is looked at again; the registry decides whether to ask
POLL_S = 0.02

_SENDER = re.compile(rb'"originator"\s*:\s*\{[^{}]*?"metadataCollectionId"\s*:\s*"([^"\\]+)"')


class CohortMember:
    """One cohort at one worker. `open`: set while the server takes part in it; agents and publisher wait for it."""

    def __init__(
        self, settings: CohortSettings, wire: Wire, parts: Parts, store: RegistryStore, federation: Federation
    ) -> None:
        self.name = settings.name
        self.settings = settings
        self.wire = wire
        self.types = TypeExchange(settings.name, wire, parts)
        self.outbound = Outbound(settings.name, wire, parts)
        self.registry = store.of(settings.name)
        self.open = asyncio.Event()
        self.on_flow: Callable[[], None] = lambda: None
        self.on_failure: Callable[[Exception], object] = lambda error: log.error("cohort %s: %s", self.name, error)
        self._parts = parts
        self._store = store
        self._federation = federation
        self._state: registry.RegistryState | None = None
        self._connected = asyncio.Event()
        self._terms = 0
        self._serial = asyncio.Lock()
        self._types_due = False
        self._announcing: asyncio.Future[None] | None = None
        self._tasks: set[asyncio.Future[None]] = set()
        self._heard: dict[str, float] = {}
        self._bystander = registry.RegistryState(
            self.name, identity_of(parts.local), status="CONNECTED", asked=now_ms()
        )
        self.noticed()

    # ---- what every worker knows -----------------------------------------------------------------------------------

    @property
    def remotes(self) -> dict[str, Registration]:
        return self.registry.remotes

    @property
    def stored(self) -> list[Registration]:
        """Every registration, ours first where there is one."""
        own = [] if self.registry.local is None else [self.registry.local]
        return [*own, *self.remotes.values()]

    @property
    def wanted(self) -> bool:
        """Whether the server shall be connected to this cohort."""
        return self.registry.wish.state == "CONNECTED"

    def noticed(self) -> None:
        """The registry store was read: follow it."""
        taking_part = self.wanted and self.registry.standing.status != "CONFIGURATION_ERROR"
        if taking_part != self.open.is_set():
            (self.open.set if taking_part else self.open.clear)()
            self.on_flow()
        for message_id, params in self._federation.sync(self.name, self.remotes if taking_part else {}):
            self._parts.audit.record(message_id, **params)
        if self._state is not None and self.registry.wish.id != self.registry.standing.wish:
            self._spawn(self._attend())

    def gated(self, handle: Handler) -> Handler:
        """`handle` for batches of the types or instances topic: they wait while the server is disconnected."""

        async def wait_and_handle(messages: Sequence[Any]) -> None:
            await self.open.wait()
            for sender in {_sender(message) for message in messages}:
                self._hear(sender)
            await handle(messages)

        return wait_and_handle

    def _hear(self, sender: str | None) -> None:
        """An event came from this collection; if it is not registered, ask for registrations (not too often)."""
        if sender is None or sender == self._parts.local.sender or sender in self.remotes:
            return
        now = asyncio.get_running_loop().time()
        if self._heard.get(sender, 0.0) > now:
            return
        if len(self._heard) > registry.STRANGERS:
            self._heard.clear()
        self._heard[sender] = now + HEARD_S
        self._spawn(self._happened(registry.Heard(sender)))

    # ---- commands --------------------------------------------------------------------------------------------------

    async def ask(self, state: Wanted, user: str) -> None:
        """Have the server connected, disconnected or un-registered, and wait until it is.

        Raises RepositoryError (COHORT_DISCONNECT_FAILED, METADATA_HIGHWAY_NOT_AVAILABLE) when that takes too long; the
        command stands nevertheless. ConfigurationError when the cohort cannot be joined.
        """
        wish = Wish(state, str(uuid4()), user)
        await self._store.want(self.name, wish)
        loop = asyncio.get_running_loop()
        deadline = loop.time() + COMMAND_S
        done = "CONNECTED" if state == "CONNECTED" else "DISCONNECTED"
        while self.registry.standing.wish != wish.id or self.registry.standing.status != done:
            found = self.registry.standing
            if found.wish == wish.id and found.status == "CONFIGURATION_ERROR":
                raise ConfigurationError(f"cohort {self.name} cannot be joined: {found.message}", cohort=self.name)
            if loop.time() > deadline:
                raise RepositoryError(
                    f"cohort {self.name} is {found.status} after {COMMAND_S:.0f} s, not {done}",
                    code=Code.METADATA_HIGHWAY_NOT_AVAILABLE if done == "CONNECTED" else Code.COHORT_DISCONNECT_FAILED,
                    help="the command is stored and will be carried out; `omrs cohort describe` shows when",
                    cohort=self.name,
                )
            await asyncio.sleep(POLL_S)

    # ---- speaking for the server -----------------------------------------------------------------------------------

    async def speak(self) -> None:
        """This worker has the registration topic: connect, unless the server shall not be connected."""
        await self._store.caught_up()
        state = self._state
        if state is not None:
            if (state.local or state.leaving) == self.registry.local and dict(state.remotes) == self.remotes:
                return
            self.release()  # another worker had it for a moment
        self._state = registry.RegistryState(
            self.name, identity_of(self._parts.local), self.registry.local, dict(self.remotes)
        )
        self._spawn(self._keep_trying(self._terms))
        await self._attend()

    def release(self) -> None:
        """Another worker has the registration topic, and speaks."""
        self._state = None
        self._terms += 1
        self._say_no_more()
        # Handlers that wait wake up, see that their term is over, and leave their batch to the other worker.
        self._connected.set()
        self._connected = asyncio.Event()

    async def _attend(self) -> None:
        """Become what is wanted."""
        async with self._serial:
            state, wish = self._state, self.registry.wish
            if state is None:
                return
            try:
                if self._is_away(state):
                    self._state = replace(state, status="DISCONNECTED")
                await self._become(self._state or state, wish.state)
            except ConfigurationError as error:
                # The server goes on with its other cohorts (OMRS cohort § 2).
                self._parts.audit.record("OMRS-AUDIT-0006", cohort=self.name, message=error)
                self._state = replace(state, status="CONFIGURATION_ERROR")
                await self._say(wish.id, str(error))
        self._announce_types()

    def _is_away(self, state: registry.RegistryState) -> bool:
        """Whether a command to leave was carried out before this start, so that nothing is left to do or to tell."""
        found, wish = self.registry.standing, self.registry.wish
        done = (found.status, found.wish) == ("DISCONNECTED", wish.id)
        if state.status != "NEW" or wish.state == "CONNECTED" or not done:
            return False
        return wish.state == "DISCONNECTED" or not (state.local or state.leaving or state.remotes)

    async def _become(self, state: registry.RegistryState, wanted: Wanted) -> None:
        if wanted == "CONNECTED":
            if state.status != "CONNECTED":
                self._types_due = bool(self._parts.local.collection_id)
                await self._step(registry.Connect())
        elif wanted == "DISCONNECTED":
            if state.status in ("CONNECTED", "NEW"):
                await self._step(registry.Disconnect())
        elif state.status != "DISCONNECTED" or state.local or state.remotes:
            await self._step(registry.Unregister())
        await self._follow_status()

    def _announce_types(self) -> None:
        """Beside everything else: it waits for what others announced to be taken in."""
        if self._types_due and self._announcing is None and self._connected.is_set():
            self._announcing = self._spawn(self._announced())

    async def _announced(self) -> None:
        self._types_due = False
        try:
            await self.types.announce_missing()
        except OmrsError as error:
            log.warning("cohort %s: types are announced later: %s", self.name, error)
            self._types_due = True
        self._announcing = None

    def _say_no_more(self) -> None:
        """The server leaves, or another worker speaks: whoever connects next announces the types."""
        if self._announcing is not None:
            self._announcing.cancel()
            self._announcing = None

    async def _keep_trying(self, term: int) -> None:
        while self._terms == term:
            await asyncio.sleep(TICK_S)
            if self._state is not None and self._state.unsent:
                await self._happened(registry.Tick())
            self._announce_types()

    async def _happened(self, happened: registry.Input) -> None:
        async with self._serial:
            if self._state is None:
                # Another worker speaks; whoever hears of a stranger may ask for it.
                if isinstance(happened, registry.Heard):
                    await self._ask_for(happened)
                return
            await self._step(happened)
            await self._follow_status()

    async def _ask_for(self, heard: registry.Heard) -> None:
        state = replace(self._bystander, local=self.registry.local, remotes=self.remotes)
        self._bystander, outputs = registry.step(state, heard, now_ms())
        for output in outputs:
            if isinstance(output, registry.SendEvent):
                await self._send(output.event)

    async def _step(self, happened: registry.Input) -> None:
        if self._state is None:
            return
        self._state, outputs = registry.step(self._state, happened, now_ms())
        for output in outputs:
            await self._carry_out(output)

    async def _carry_out(self, output: registry.Output) -> None:
        match output:
            case registry.SendEvent(event=event, report=report):
                fault = await self._send(event)
                if report or fault:
                    await self._step(registry.Sent(event, fault))
            case registry.StoreRegistration(registration=found, local=local):
                await self._store.save(self.name, found, now_ms(), local=local)
            case registry.RemoveRegistration(collection_id=collection_id, local=local):
                await self._store.remove(self.name, collection_id, local=local)
            case registry.Audit(id=message_id, params=params):
                self._parts.audit.record(message_id, **params)
            case registry.FederateWith(registration=found):
                fault = connection_fault(found.connection)
                if fault:
                    await self._step(registry.ConnectionFailed(found.collection_id, fault))
            case registry.StopFederating():
                pass  # the federation follows the store

    async def _send(self, event: Bean) -> str | None:
        try:
            await self._parts.producer.send_batch([self.wire.registry(event, str(uuid4()))])
        except OmrsError as error:
            return str(error)
        return None

    async def _follow_status(self) -> None:
        """Tell every worker how the server stands in the cohort, and let registry events in while it is connected."""
        if self._state is None:
            return
        if self._state.status == "CONNECTED":
            self._connected.set()
        else:
            self._connected.clear()
            self._say_no_more()
        await self._say(self.registry.wish.id)

    async def _say(self, wish: str, message: str = "") -> None:
        if self._state is not None:
            standing = Standing(self._state.status, wish, message)
            if standing != self.registry.standing:
                await self._store.say(self.name, standing)

    def _spawn(self, work: Awaitable[None]) -> "asyncio.Future[None]":
        task = asyncio.ensure_future(work)
        self._tasks.add(task)
        task.add_done_callback(self._finished)
        return task

    def _finished(self, task: "asyncio.Future[None]") -> None:
        self._tasks.discard(task)
        if not task.cancelled() and isinstance(error := task.exception(), Exception):
            self.on_failure(error)

    async def stop(self) -> None:
        """The worker stops: nothing is sent, the registry is kept."""
        self.release()
        for task in list(self._tasks):
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await task

    # ---- inbound registry ------------------------------------------------------------------------------------------

    async def registry_events(self, messages: Sequence[Any]) -> None:
        """The Faust agent's batch of the registration topic; it waits until this worker has connected.

        Raises WithdrawnError when the topic went to another worker meanwhile, which receives the batch again.
        """
        for message in messages:
            term = self._terms
            await self._connected.wait()
            if self._terms != term:
                raise WithdrawnError(f"{message.topic} is read by another worker now")
            try:
                await self._registry_event(message)
            except Exception as error:
                self._parts.letters.bury(message, fault_of(error, "a registry event"))
                self._as_stored()

    async def _registry_event(self, message: Any) -> None:
        event = self.wire.read(message, REGISTRY)
        if event is None:
            return
        await self._happened(registry.Received(event))
        metrics.INBOUND.labels(self.wire.registration_topic, "processed").inc()
        if event["registryEventSection"].get("registryEventType") == "REGISTRATION_EVENT":
            self._spawn(self.types.member_joined())

    def _as_stored(self) -> None:
        """After an event that went wrong: the members are those of the store, which may not have taken a new one."""
        if self._state is not None:
            self._state = replace(self._state, remotes=dict(self.remotes))


def identity_of(local: LocalCollection) -> Identity:
    """How this server presents itself; without a local repository it has no collection and is not queried."""
    connection = {
        "class": "Connection",
        "headerVersion": 0,
        "displayName": "Local Repository Remote Connection",
        "connectorType": {"class": "ConnectorType", "headerVersion": 0, "connectorProviderClassName": REST_CONNECTOR},
        "endpoint": {"class": "Endpoint", "headerVersion": 0, "address": f"{local.url_root}/servers/{local.server}"},
    }
    if not local.collection_id:
        return Identity(None, local.server, None, local.server_type, local.organization or None)
    return Identity(
        local.collection_id,
        local.server,
        local.collection_name,
        local.server_type,
        local.organization or None,
        connection,
    )


def _sender(message: Any) -> str | None:
    """The collection that sent an event: from our header, else from the JSON; None where neither says it."""
    for name, value in reversed(message.headers or ()):
        if name == ORIGINATOR and value is not None:
            return str(value.decode(errors="replace"))
    found = _SENDER.search(message.value, 0, 4_096) if (message.value or b"")[:1] == b"{" else None
    return found[1].decode(errors="replace") if found else None

"""This server as a member of one cohort: who the members are (OMRS cohort § 3, § 4, § 5, § 7).

Registry and type events stand on topics of one partition, so one worker of the server handles them: the one that Faust
gave that partition. What it decides goes to the server's compacted topics, which every worker reads.
"""

import logging
from collections.abc import Sequence
from typing import Any
from uuid import uuid4

from omrs_schemas.errors import CodecError, OmrsError
from omrs_streams import metrics
from omrs_streams.cohort import registry
from omrs_streams.cohort.registry_events import Identity, Registration, registration_event
from omrs_streams.log import names
from omrs_streams.log.view import Change
from omrs_streams.repository.local import Bean
from omrs_streams.settings import CohortSettings
from omrs_streams.worker.cohort_types import TypeExchange, now_ms
from omrs_streams.worker.outbound import Outbound
from omrs_streams.worker.parts import Parts
from omrs_streams.worker.wire import REGISTRY, Wire

log = logging.getLogger(__name__)

LOCAL = "local"
IDENTITY = "identity"


class CohortMember:
    """One cohort at one worker."""

    def __init__(self, settings: CohortSettings, wire: Wire, parts: Parts) -> None:
        self.name = settings.name
        self.settings = settings
        self.wire = wire
        self.types = TypeExchange(settings.name, wire, parts)
        self.outbound = Outbound(settings.name, wire, parts)
        self.stored: dict[str, Registration] = {}
        self._parts = parts
        self._cohorts_topic = names.server_cohorts(parts.local.server)
        self._state: registry.RegistryState | None = None

    # ---- the registry store, as every worker reads it --------------------------------------------------------------

    def apply(self, changes: Sequence[Change]) -> None:
        """Take in changes of the server's `cohorts` topic; keys of other cohorts are not ours."""
        for key, value, offset in changes:
            cohort, _, name = key.partition("/")
            if cohort != self.name:
                continue
            if value is None:
                self.stored.pop(name, None)
                continue
            try:
                found = Registration.of_event(self._parts.codec.decode(value))
            except CodecError as error:
                log.error("%s@%d is skipped: %s", self._cohorts_topic, offset, error)
                continue
            if found is not None:
                self.stored[name] = found

    @property
    def remotes(self) -> dict[str, Registration]:
        return {found.collection_id: found for name, found in self.stored.items() if name != LOCAL}

    @property
    def local_registration(self) -> Registration | None:
        return self.stored.get(LOCAL)

    # ---- joining ---------------------------------------------------------------------------------------------------

    def _identity(self) -> Identity:
        local = self._parts.local
        connection = {
            "class": "Connection",
            "headerVersion": 0,
            "displayName": "Local Repository Remote Connection",
            "connectorType": {
                "class": "ConnectorType",
                "headerVersion": 0,
                "connectorProviderClassName": "org.odpi.openmetadata.adapters.repositoryservices.rest."
                "repositoryconnector.OMRSRESTRepositoryConnectorProvider",
            },
            "endpoint": {
                "class": "Endpoint",
                "headerVersion": 0,
                "address": f"{local.url_root}/servers/{local.server}",
            },
        }
        return Identity(
            local.collection_id,
            local.server,
            local.collection_name,
            local.server_type,
            local.organization or None,
            connection,
        )

    async def connect(self) -> None:
        """Become the worker that handles this cohort's registry and types: register, ask for others, announce types.

        Raises ConfigurationError when the registry belongs to another metadata collection.
        """
        self._state = registry.RegistryState(self.name, self._identity(), self.local_registration, self.remotes)
        await self._step(registry.Connect())
        await self.types.announce_missing()

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
                key = LOCAL if local else found.collection_id
                event = registration_event("REGISTRATION_EVENT", found, now_ms())
                await self._store(key, self._parts.codec.encode(event))
            case registry.RemoveRegistration(collection_id=collection_id, local=local):
                await self._store(LOCAL if local else collection_id, None)
            case registry.Audit(id=message_id, params=params):
                self._parts.audit.record(message_id, **params)
            case registry.FederateWith() | registry.StopFederating():
                log.debug("cohort %s: %s", self.name, output)

    async def _send(self, event: Bean) -> str | None:
        try:
            await self._parts.producer.send_batch([self.wire.registry(event, str(uuid4()))])
        except OmrsError as error:
            return str(error)
        return None

    async def _store(self, name: str, value: bytes | None) -> None:
        await self._parts.producer.send_batch([(self._cohorts_topic, 0, f"{self.name}/{name}".encode(), value, [])])

    # ---- inbound registry ------------------------------------------------------------------------------------------

    async def registry_events(self, messages: Sequence[Any]) -> None:
        """The Faust agent's batch of the registration topic."""
        for message in messages:
            try:
                event = self.wire.read(message, REGISTRY)
            except OmrsError as error:
                self._parts.letters.bury(message, error)
                continue
            if event is not None:
                await self._step(registry.Received(event))
                metrics.INBOUND.labels(self.wire.registration_topic, "processed").inc()

"""This server as a member of one cohort: registry, types and instances over the cohort's topics (OMRS cohort, events).

Registry and type events stand on topics of one partition, so one worker of the server handles them: the one that Faust
gave that partition. What it decides goes to the server's compacted topics, which every worker reads.
"""

import logging
import time
from collections.abc import Sequence
from typing import Any
from uuid import uuid4

from omrs_schemas.codec import EventCodec
from omrs_schemas.errors import CodecError, InvalidParameterError, OmrsError, TypeDefConflictError
from omrs_streams import metrics
from omrs_streams.cohort import registry
from omrs_streams.cohort.registry_events import Identity, Registration, registration_event
from omrs_streams.log import names
from omrs_streams.log.consumer import read_all
from omrs_streams.log.dead_letters import DeadLetters
from omrs_streams.log.producer import LogProducer, Outgoing
from omrs_streams.log.record import ORIGINATOR, Effective
from omrs_streams.log.view import Change
from omrs_streams.repository.local import Bean, LocalCollection
from omrs_streams.worker.types import ServerTypes, definition, type_event, type_key

log = logging.getLogger(__name__)

LOCAL = "local"
IDENTITY = "identity"


class CohortMember:
    """One cohort at one worker."""

    def __init__(
        self,
        cohort: str,
        conf: dict[str, Any],
        letters: DeadLetters,
        cohorts_topic: str,
        local: LocalCollection,
        types: ServerTypes,
        codec: EventCodec,
        producer: LogProducer,
    ) -> None:
        self.name = cohort
        self.registration_topic = names.cohort_registration(cohort)
        self.types_topic = names.cohort_types(cohort)
        self.instances_topic = names.cohort_instances(cohort)
        self.stored: dict[str, Registration] = {}
        self._conf = conf
        self._letters = letters
        self._cohorts_topic = cohorts_topic
        self._local = local
        self._types = types
        self._codec = codec
        self._producer = producer
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
                found = Registration.of_event(self._codec.decode(value))
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
        url = f"{self._local.url_root}/servers/{self._local.server}"
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
            "endpoint": {"class": "Endpoint", "headerVersion": 0, "address": url},
        }
        return Identity(
            self._local.collection_id,
            self._local.server,
            self._local.collection_name,
            self._local.server_type,
            self._local.organization or None,
            connection,
        )

    async def connect(self) -> None:
        """Become the worker that handles this cohort's registry and types: register, ask for others, announce types.

        Raises ConfigurationError when the registry belongs to another metadata collection.
        """
        self._state = registry.RegistryState(self.name, self._identity(), self.local_registration, self.remotes)
        await self._step(registry.Connect())
        await self.announce_missing_types()

    async def _step(self, happened: registry.Input) -> None:
        if self._state is None:
            return
        self._state, outputs = registry.step(self._state, happened, now_ms())
        for output in outputs:
            await self._carry_out(output)

    async def _carry_out(self, output: registry.Output) -> None:
        match output:
            case registry.SendEvent(event=event, report=report):
                fault = await self._send(self.registration_topic, self._local.collection_id, event)
                if report or fault:
                    await self._step(registry.Sent(event, fault))
            case registry.StoreRegistration(registration=found, local=local):
                key = LOCAL if local else found.collection_id
                event = registration_event("REGISTRATION_EVENT", found, now_ms())
                await self._store(key, self._codec.encode(event))
            case registry.RemoveRegistration(collection_id=collection_id, local=local):
                await self._store(LOCAL if local else collection_id, None)
            case registry.Audit(id=message_id, params=params):
                log.info("%s %s", message_id, " ".join(f"{name}={value}" for name, value in params.items()))
            case registry.FederateWith() | registry.StopFederating():
                log.debug("cohort %s: %s", self.name, output)

    async def _send(self, topic: str, key: str, event: Bean) -> str | None:
        headers = [(ORIGINATOR, self._local.collection_id.encode()), ("event-id", str(uuid4()).encode())]
        try:
            await self._producer.send_batch([(topic, 0, key.encode(), self._codec.encode(event), headers)])
        except OmrsError as error:
            return str(error)
        return None

    async def _store(self, name: str, value: bytes | None) -> None:
        await self._producer.send_batch([(self._cohorts_topic, 0, f"{self.name}/{name}".encode(), value, [])])

    # ---- inbound registry and types --------------------------------------------------------------------------------

    async def registry_events(self, messages: Sequence[Any]) -> None:
        """The Faust agent's batch of the registration topic."""
        for message in messages:
            event = self._decode(message, "REGISTRY")
            if event is not None:
                await self._step(registry.Received(event))
                metrics.INBOUND.labels(self.registration_topic, "processed").inc()

    async def type_events(self, messages: Sequence[Any]) -> None:
        """The Faust agent's batch of the types topic (types.md § 7)."""
        learned: list[Bean] = []
        for message in messages:
            if _originator(message) == self._local.collection_id:
                continue
            event = self._decode(message, "TYPEDEF")
            if event is None:
                continue
            try:
                found = self._type_event(event)
            except OmrsError as error:
                self._letters.bury(message, error)
                continue
            if found is not None:
                learned.append(found)
            metrics.INBOUND.labels(self.types_topic, "learned" if found else "known").inc()
        if learned:
            await self._types.keep(learned, self._local.originator(), now_ms())
            log.info("cohort %s: %d types learned", self.name, len(learned))

    def _type_event(self, event: Bean) -> Bean | None:
        """The definition that is new here; None when it is known. TypeDefConflictError when it is another type."""
        section = event["typeDefEventSection"]
        typedef = definition(event)
        if typedef is not None:
            if self._types.learn(typedef):
                return typedef
            self._verify(typedef)
            return None
        patch = section.get("typeDefPatch")
        if patch is not None:
            before = self._types.types.typedef(patch["typeDefGUID"])
            after = self._types.types.apply_patch(patch)
            return after if after is not before else None
        log.info("cohort %s: %s is only noted", self.name, section.get("typeDefEventType"))
        return None

    def _verify(self, typedef: Bean) -> None:
        known = self._types.types.typedef(typedef["guid"])
        if known is not None and known["name"] != typedef["name"]:
            raise TypeDefConflictError(
                f"type {typedef['name']} ({typedef['guid']}) is known here as {known['name']}", guid=typedef["guid"]
            )
        if known is not None and typedef.get("version", 0) == known.get("version", 0):
            self._types.types.verify_typedef(typedef)

    def _decode(self, message: Any, category: str) -> Bean | None:
        try:
            event: Bean = self._codec.decode(message.value or b"")
            if event["eventCategory"] != category:
                raise InvalidParameterError(
                    f"a {event['eventCategory']} event stands on the {category} topic",
                    help="produce it to its own topic",
                )
        except OmrsError as error:
            self._letters.bury(message, error)
            return None
        return event

    # ---- outbound --------------------------------------------------------------------------------------------------

    async def announce_missing_types(self) -> None:
        """Publish every type that nobody has announced in this cohort yet, in an order that each can be taken in."""
        import asyncio

        announced = await asyncio.to_thread(self._announced)
        missing = [t for t in self._types.all() if (t["guid"], t.get("version", 0)) not in announced]
        await self.announce_types(missing)

    def _announced(self) -> set[tuple[str, int]]:
        found = set()
        for message in read_all(self._conf, self.types_topic, 1):
            try:
                typedef = definition(self._codec.decode(message.value() or b""))
            except CodecError:
                continue  # the agent that reads this topic sends it to the dead letters
            if typedef is not None:
                found.add((typedef["guid"], typedef.get("version", 0)))
        return found

    async def announce_types(self, typedefs: Sequence[Bean]) -> None:
        originator, now = self._local.originator(), now_ms()
        headers = [(ORIGINATOR, self._local.collection_id.encode())]
        await self._producer.send_batch(
            [
                (self.types_topic, 0, type_key(t).encode(), self._codec.encode(type_event(t, originator, now)), headers)
                for t in typedefs
            ]
        )

    def publish(self, records: Sequence[Effective]) -> None:
        """On the publisher's thread: send what this server is home of, or distributes for an external home."""
        ours = self._local.collection_id.encode()
        outgoing: list[Outgoing] = [
            (self.instances_topic, r.partition, r.key, r.value, [*r.headers, (ORIGINATOR, ours)])
            for r in records
            if r.named.get("home-id") == ours or r.named.get("replicated-by") == ours
        ]
        self._producer.send_and_wait(outgoing)


def _originator(message: Any) -> str | None:
    for name, value in message.headers or ():
        if name == ORIGINATOR and value is not None:
            return str(value.decode(errors="replace"))
    return None


def now_ms() -> int:
    return int(time.time() * 1000)

"""Producing events straight onto a cohort's topics: a member without a server of its own."""

from collections.abc import Mapping
from typing import Any, Self
from uuid import uuid4

from omrs_schemas.codec import EventCodec
from omrs_schemas.model.values import to_properties
from omrs_schemas.typedefs.system import TypeSystem
from omrs_schemas.typedefs.validate import validate_instance
from omrs_streams.clock import now_ms
from omrs_streams.cohort.registry_events import Identity, Registration, registration_event
from omrs_streams.log.kafka import KafkaSettings
from omrs_streams.log.names import check_name, cohort_instances, cohort_registration
from omrs_streams.log.producer import LogProducer
from omrs_streams.log.record import ORIGIN_HOME, ORIGINATOR
from omrs_streams.repository import changes
from omrs_streams.repository.events import instance_event, log_record
from omrs_streams.repository.local import Bean, LocalCollection


class EventProducer:
    """Sends instance events to cohort `cohort` as the metadata collection `collection_id`.

    Every member keeps reference copies of what is sent; versions are the caller's to count up. `register` makes the
    collection known, else its instances read as DEREGISTERED_REPOSITORY. `partitions` is that of the instances topic.

        with EventProducer("127.0.0.1:9092", "demo", "my-catalog", TypeSystem.builtin()) as producer:
            producer.register()
            producer.new_entity("DataFile", {"qualifiedName": "file:/data/a.csv", "displayName": "a.csv"})
    """

    def __init__(
        self,
        kafka: KafkaSettings | str,
        cohort: str,
        collection_id: str,
        types: TypeSystem,
        *,
        user: str = "producer",
        partitions: int = 8,
    ) -> None:
        settings = KafkaSettings(bootstrap_servers=kafka) if isinstance(kafka, str) else kafka.resolved()
        self._cohort = check_name("cohort", cohort)
        self._local = LocalCollection(collection_id, collection_id, collection_id)
        self._types = types
        self._codec = EventCodec(types)
        self._user = user
        self._partitions = partitions
        self._producer = LogProducer(settings.producer(f"omrs.producer.{collection_id}"))

    def register(self) -> None:
        """Tell the members about this collection (OMRS events § 3). It has no REST API, so it is not federated.

        To be called in every run: members that know it note when it came last.
        """
        now = now_ms()
        identity = Identity(self._local.collection_id, self._local.server, self._local.collection_name)
        member = Registration.of_identity(identity, now)
        if member is None:
            return
        event = registration_event("REGISTRATION_EVENT", member, now)
        key = self._local.collection_id.encode()
        headers = [(ORIGINATOR, key), ("event-id", str(uuid4()).encode())]
        self._producer.send_and_wait([(cohort_registration(self._cohort), 0, key, self._codec.encode(event), headers)])

    def new_entity(self, type_name: str, properties: Mapping[str, Any], *, guid: str | None = None) -> Bean:
        """Send NEW_ENTITY_EVENT of an entity at home in this collection; the entity. Errors as in `to_properties`."""
        now = now_ms()
        typedef = self._types.require(name=type_name)
        header = changes.home_header(
            self._local, self._user, now, self._types.instance_type(typedef), self._types.initial_status(type_name)
        )
        values = to_properties(self._types, type_name, properties)
        entity = changes.new_instance(changes.ENTITY, guid or str(uuid4()), header, values, self._local)
        self.send("NEW", entity)
        return entity

    def update_entity(self, entity: Bean, properties: Mapping[str, Any]) -> Bean:
        """Send UPDATED_ENTITY_EVENT: the entity one version later with exactly these properties."""
        values = to_properties(self._types, entity["type"]["typeDefName"], properties)
        changed = changes.with_properties(changes.next_version(entity, self._user, now_ms()), values)
        self.send("UPDATED", changed)
        return changed

    def send(self, kind: str, instance: Bean) -> None:
        """Send an event with the whole instance; `kind` is NEW, UPDATED, DELETED, RESTORED or PURGED.

        Returns once Kafka has acknowledged it. Errors: those of `validate_instance`, ProduceError.
        """
        validate_instance(self._types, instance)
        event = instance_event(kind, instance, self._local.originator(), now_ms())
        record = log_record(event, self._codec.encode, self._partitions, event_id=str(uuid4()), origin=ORIGIN_HOME)
        headers = record.headers(self._local.server, [(ORIGINATOR, self._local.collection_id.encode())])
        topic = cohort_instances(self._cohort)
        self._producer.send_and_wait([(topic, record.partition, record.key.encode(), record.value, headers)])

    def close(self) -> None:
        self._producer.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

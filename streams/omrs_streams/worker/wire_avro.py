"""The Avro dialect: single-object records on `omrs.cohort.<cohort>.…`, keyed by collection, type and instance guid."""

from typing import Any

from omrs_schemas.codec import EventCodec
from omrs_schemas.errors import PoisonRecordError
from omrs_streams.cohort.receiving_speakers import originator_of
from omrs_streams.log import names
from omrs_streams.log.event_ids import following_id
from omrs_streams.log.kafka import MAX_VALUE_BYTES
from omrs_streams.log.producer import Outgoing, too_large
from omrs_streams.log.record import ORIGINATOR, Effective, LogRecord
from omrs_streams.log.topics import TopicSpec, cohort_topics
from omrs_streams.repository.local import Bean
from omrs_streams.worker.wire import EVENT_ID, INSTANCE, REGISTRY, Arrival, arrival_id


class AvroWire:
    """`sender` stands for this server (`LocalCollection.sender`); it travels in a header, so an echo costs nothing."""

    whole = True

    def __init__(self, cohort: str, sender: str, codec: EventCodec) -> None:
        self.cohort = cohort
        self.registration_topic = names.cohort_registration(cohort)
        self.types_topic = names.cohort_types(cohort)
        self.instances_topic = names.cohort_instances(cohort)
        self._sender = sender.encode()
        self._codec = codec

    def topics(self, partitions: int) -> list[TopicSpec]:
        return cohort_topics(self.cohort, partitions)

    # ---- inbound ---------------------------------------------------------------------------------------------------

    def read(self, message: Any, category: str) -> Bean | None:
        # Registry events of our own are read: another server may use our collection id (OMRS cohort § 5).
        if category != REGISTRY and self._own(message):
            return None
        event = self._codec.decode(message.value or b"")
        self._require(event["eventCategory"], category)
        if category == REGISTRY and self._own(message):
            # A request for registrations does not say whose it is; our own is not for us to answer.
            kind = (event.get("registryEventSection") or {}).get("registryEventType")
            return None if kind == "REFRESH_REGISTRATION_REQUEST" else event
        return event

    def read_instance(self, message: Any) -> Arrival | None:
        if self._own(message):
            return None
        if message.value is not None and len(message.value) > MAX_VALUE_BYTES:
            raise too_large(self.instances_topic, len(message.value))
        if not any(name == "omrs-meta" for name, _ in message.headers or ()):
            event = self._codec.decode(message.value or b"")
            self._require(event["eventCategory"], INSTANCE)
            originator = originator_of(event)
            return Arrival(arrival_id(message, originator), event=event, originator=originator)
        record = LogRecord.parse(message.partition, -1, message.key, message.value, message.headers)
        decoded = self._codec.decode_record(record.value or b"")
        originator = originator_of(decoded)
        record.event_id = following_id(record.event_id, originator or "")
        return Arrival(record.event_id, record, decoded, originator=originator)

    def _own(self, message: Any) -> bool:
        return any(name == ORIGINATOR and value == self._sender for name, value in message.headers or ())

    def _require(self, found: str, category: str) -> None:
        if found != category:
            raise PoisonRecordError(
                f"a {found} event stands on the {category} topic of cohort {self.cohort}",
                help="produce it to its own topic",
            )

    # ---- outbound --------------------------------------------------------------------------------------------------

    def registry(self, event: Bean, event_id: str) -> Outgoing:
        return (self.registration_topic, 0, self._sender, self._codec.encode(event), self._headers(event_id))

    def type(self, event: Bean, event_id: str) -> Outgoing:
        section = event["typeDefEventSection"]
        defined = section.get("typeDef") or section.get("attributeTypeDef") or {}
        patched = (section.get("typeDefPatch") or {}).get("typeDefGUID")
        guid = defined.get("guid") or section.get("typeDefGUID") or patched
        key = self._sender if guid is None else str(guid).encode()
        return (self.types_topic, 0, key, self._codec.encode(event), self._headers(event_id))

    def instance(self, event: Bean, event_id: str) -> Outgoing:
        section = event["instanceEventSection"]
        guid = section.get("instanceGUID") or (event.get("errorSection") or {}).get("targetInstanceGUID")
        key = self._sender if guid is None else str(guid).encode()
        headers = [*self._headers(event_id), ("kind", str(section["eventType"]).encode())]
        return (self.instances_topic, -1, key, self._codec.encode(event), headers)

    def published(self, record: Effective) -> Outgoing:
        headers = [*record.headers, (ORIGINATOR, self._sender)]
        return (self.instances_topic, record.partition, record.key, record.value, headers)

    def _headers(self, event_id: str) -> list[tuple[str, bytes]]:
        return [(ORIGINATOR, self._sender), (EVENT_ID, event_id.encode())]

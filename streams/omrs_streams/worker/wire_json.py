"""The dialect of Egeria members: JSON on `<root>.openmetadata.repositoryservices.cohort.<cohort>.OMRSTopic.…`
(OMRS events § 1, § 2, § 9).

Every topic has one partition; the key is the sender's and says nothing of the instance. What arrives becomes a record
of the server log here, keyed by guid, and from there on nobody sees that it came as JSON.
"""

from typing import Any

from omrs_schemas.codec import EventCodec
from omrs_schemas.codec.egeria_json import dumps, loads
from omrs_schemas.errors import PoisonRecordError
from omrs_streams.cohort.receiving_speakers import originator_of
from omrs_streams.fold.kinds import PURGE_KINDS
from omrs_streams.log import names
from omrs_streams.log.kafka import MAX_VALUE_BYTES
from omrs_streams.log.producer import Outgoing, too_large
from omrs_streams.log.record import DIGITS, ORIGIN_COPY, ORIGINATOR, Effective, Headers, fits
from omrs_streams.log.topics import TopicSpec, egeria_topics
from omrs_streams.repository.events import log_record
from omrs_streams.repository.local import Bean, LocalCollection
from omrs_streams.worker.wire import EVENT_ID, INSTANCE, REGISTRY, TYPEDEF, Arrival, arrival_id

_SECTION = {REGISTRY: "registryEventSection", TYPEDEF: "typeDefEventSection", INSTANCE: "instanceEventSection"}

_INSTANCES = ("relationship", "entity", "entityProxy")
_NOT_PLAIN = frozenset({"RE_IDENTIFIED_ENTITY_EVENT", "RE_IDENTIFIED_RELATIONSHIP_EVENT", "UNKNOWN_INSTANCE_EVENT"})
"""Kinds with an instance that mean more than "this is its state now"."""

_REQUESTS = frozenset({"REFRESH_ENTITY_REQUEST", "REFRESH_RELATIONSHIP_REQUEST"})
_REGISTRATIONS_WANTED = "REFRESH_REGISTRATION_REQUEST"


class JsonWire:
    """`root` starts the topic names; `local` is this server, whose collection id is the key of all that it sends."""

    whole = False

    def __init__(self, cohort: str, root: str, local: LocalCollection, codec: EventCodec) -> None:
        self.cohort = cohort
        self._root = root
        self.registration_topic = names.egeria_registration(cohort, root)
        self.types_topic = names.egeria_types(cohort, root)
        self.instances_topic = names.egeria_instances(cohort, root)
        self._local = local
        self._key = local.collection_id.encode()
        self._codec = codec

    def topics(self, partitions: int) -> list[TopicSpec]:
        """One partition each, whatever `partitions` is."""
        return egeria_topics(self.cohort, self._root)

    # ---- inbound ---------------------------------------------------------------------------------------------------

    def read(self, message: Any, category: str) -> Bean | None:
        if category != REGISTRY:
            if message.key == self._key:
                return None
            event = self._event(message, category)
            return None if self._own(event) else event
        event = self._event(message, category)
        # Registrations under our own id are read: another server may use it (OMRS cohort § 5). A request for them says
        # nothing of its sender but the key; our own is not for us to answer.
        kind = event["registryEventSection"].get("registryEventType")
        ours = message.key == self._key and kind == _REGISTRATIONS_WANTED
        return None if ours else event

    def read_instance(self, message: Any) -> Arrival | None:
        if message.key == self._key:
            return None
        if message.value is not None and len(message.value) > MAX_VALUE_BYTES:
            raise too_large(self.instances_topic, len(message.value))
        event = self._event(message, INSTANCE)
        if self._own(event):
            return None
        originator = originator_of(event)
        event_id = arrival_id(message, originator)
        section = event["instanceEventSection"]
        instance = _only_instance(section)
        if instance is None or not _complete(section, instance) or "errorSection" in event:
            return Arrival(event_id, event=event, originator=originator)
        _require_numbers(section, instance)
        name, content = self._codec.event_to_record(event)
        value = self._codec.encode_record(name, content)
        # The partition is that of the log, which the one who appends knows.
        record = log_record(event, lambda _: value, 1, event_id=event_id, origin=ORIGIN_COPY)
        return Arrival(event_id, record, content, originator=originator)

    def _event(self, message: Any, category: str) -> Bean:
        event = loads(message.value or b"")
        if event["eventCategory"] != category:
            raise PoisonRecordError(
                f"a {event['eventCategory']} event stands on the {category} topic of cohort {self.cohort}",
                help="produce it to its own topic",
            )
        if _SECTION[category] not in event:
            raise PoisonRecordError(f"a {category} event without {_SECTION[category]}")
        event.setdefault("timestamp", message.timestamp)
        return event

    def _own(self, event: Bean) -> bool:
        return bool((event.get("originator") or {}).get("metadataCollectionId") == self._local.collection_id)

    # ---- outbound --------------------------------------------------------------------------------------------------

    def registry(self, event: Bean, event_id: str) -> Outgoing:
        return (self.registration_topic, -1, self._key, dumps(event), self._headers(event_id))

    def type(self, event: Bean, event_id: str) -> Outgoing:
        return (self.types_topic, -1, self._key, dumps(event), self._headers(event_id))

    def instance(self, event: Bean, event_id: str) -> Outgoing:
        return (self.instances_topic, -1, self._key, dumps(event), self._headers(event_id))

    def published(self, record: Effective) -> Outgoing:
        """The event as a Java member can use it: in our name, and purges in the form that it obeys."""
        event = self._codec.decode(record.value)
        event["originator"] = self._local.originator()
        section = event["instanceEventSection"]
        if section["eventType"] in PURGE_KINDS:
            _make_purge(section, at_home=record.text("home-id") == self._local.collection_id)
        value = dumps(event)
        if len(value) > MAX_VALUE_BYTES:
            raise too_large(self.instances_topic, len(value))
        return (self.instances_topic, -1, self._key, value, self._headers(record.text("event-id")))

    def _headers(self, event_id: str) -> Headers:
        """Egeria sends and reads none; other members of ours know a repeated event by its id."""
        return [(ORIGINATOR, self._key), (EVENT_ID, event_id.encode())]


def _make_purge(section: Bean, *, at_home: bool) -> None:
    """A purge carries the version of the delete before it, which Java takes for old news; so it stays DELETED there
    for ever. DELETE_PURGED only overwrites (observed.md, Receivers 3). By ids alone it is obeyed from the instance's
    home; one that we distribute for an external home has to be newer than the delete."""
    section["eventType"] = section["eventType"].removeprefix("DELETE_")
    for field in _INSTANCES:
        instance = section.get(field)
        if instance is not None and at_home:
            del section[field]
        elif instance is not None:
            section[field] = {**instance, "version": instance.get("version", 0) + 1}


def _only_instance(section: Bean) -> Bean | None:
    """The instance that an event is about, where it is about one and says its whole state."""
    if section["eventType"] in _NOT_PLAIN or section["eventType"] in _REQUESTS or "instanceBatch" in section:
        return None
    found: list[Bean] = [section[field] for field in _INSTANCES if field in section]
    return found[0] if len(found) == 1 else None


def _complete(section: Bean, instance: Bean) -> bool:
    """Whether guid, type and home are there. What the section leaves out of them is taken from the instance."""
    guid, kind = instance.get("guid"), instance.get("type") or {}
    if not guid or not kind.get("typeDefGUID") or not kind.get("typeDefName"):
        return False
    section["instanceGUID"] = guid
    section["typeDefGUID"], section["typeDefName"] = kind["typeDefGUID"], kind["typeDefName"]
    changed = section.get("classification") or section.get("originalClassification")
    if changed is not None and not changed.get("name"):
        return False
    header = changed if changed is not None and "entityProxy" in section else instance
    return bool(header.get("metadataCollectionId"))


def _require_numbers(section: Bean, instance: Bean) -> None:
    """PoisonRecordError for a version or time that no header of a log record holds."""
    changed = section.get("classification") or section.get("originalClassification") or {}
    for header in (instance, changed):
        for name in ("version", "createTime", "updateTime"):
            if not fits(header.get(name, 0)):
                raise PoisonRecordError(f"{name} {header[name]} of {instance['guid']} is beyond {DIGITS} digits")

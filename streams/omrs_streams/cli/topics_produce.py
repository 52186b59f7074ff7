"""What `omrs topics produce` does with each line: check it, encode it, give it the key and headers a worker would."""

import sys
from collections.abc import Iterable, Iterator
from contextlib import nullcontext
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import uuid4

import typer
from confluent_kafka import KafkaException, Producer

from omrs_schemas.codec import EventCodec
from omrs_schemas.codec.egeria_json import dumps, from_json, loads, to_json
from omrs_schemas.errors import ConfigurationError, InvalidParameterError, OmrsError, ProduceError
from omrs_streams.cli.connection import admin_client
from omrs_streams.cli.topic_types import topic_types
from omrs_streams.cli.topics_tail import known
from omrs_streams.clock import now_ms
from omrs_streams.log import offsets
from omrs_streams.log.kafka import DELIVERY_TIMEOUT_MS, KafkaSettings
from omrs_streams.log.record import ORIGIN_HOME, ORIGINATOR, Headers
from omrs_streams.log.roles import COHORT, EVENT_KINDS, OUT, REGISTRATION, SERVER, TYPES, Role, role_of
from omrs_streams.log.selection import instance_of, kind_of, section_of, type_of
from omrs_streams.repository.events import log_record

Bean = dict[str, Any]
Outcome = tuple[int, OmrsError | None]
"""line number, what was wrong"""

_FLUSH_S = DELIVERY_TIMEOUT_MS / 1000 + 1.0  # librdkafka gives up after its delivery time-out; then it has said so
_CATEGORY = {REGISTRATION: "REGISTRY", TYPES: "TYPEDEF"}


def check_writable(topic: str, role: Role, *, force: bool) -> None:
    """ConfigurationError where events have no place, or (without `force`) where only workers write."""
    if role.ours and role.kind not in EVENT_KINDS:
        raise ConfigurationError(f"nothing is produced to {topic}: events have no place there", topic=topic)
    if role.owned_by == SERVER and role.kind != OUT and not force:
        raise ConfigurationError(
            f"nothing is produced to {topic}: only the workers of {role.owner} write there",
            help="change the server by its REST API, or send to a cohort; --force does it all the same",
            topic=topic,
        )


@dataclass(slots=True)
class Report:
    """What became of the lines. `failed`: line number → error, in the order in which they were seen."""

    produced: int = 0
    failed: dict[int, OmrsError] = field(default_factory=dict)


def produce_lines(kafka: KafkaSettings, topic: str, file: Path | None, release: str, *, force: bool) -> Report:
    """Produce the lines of `file` (standard input without one); what is wrong with one is said on stderr at once.

    Raises ConfigurationError for a topic that is not there or not for events, and for a file that cannot be read.
    """
    counts = offsets.partitions(admin_client(kafka))
    role = role_of(known(topic, counts))
    check_writable(topic, role, force=force)
    codec = EventCodec(topic_types(kafka, [topic], release, counts))
    lines = Lines(kafka.producer("omrs-topics-produce"), topic, role, counts[topic], codec)
    try:
        with file.open("rb") if file is not None else nullcontext(sys.stdin.buffer) as source:
            for number, error in lines.produce(source):
                typer.echo(f"line {number}: {error.message}" + (f" ({error.help})" if error.help else ""), err=True)
    except OSError as error:
        raise ConfigurationError(f"{file or 'standard input'} cannot be read: {error.strerror}") from error
    return lines.report


class Lines:
    """Lines of JSON → records of one topic of `partitions` partitions."""

    def __init__(self, conf: dict[str, Any], topic: str, role: Role, partitions: int, codec: EventCodec) -> None:
        self.report = Report()
        self._producer = Producer(conf)
        self._topic = topic
        self._role = role
        self._partitions = partitions
        self._codec = codec
        self._outcomes: list[Outcome] = []

    def produce(self, lines: Iterable[bytes]) -> Iterator[tuple[int, OmrsError]]:
        """Produce each line at once; gives those that failed, with their number, as they become known."""
        for number, line in enumerate(lines, 1):
            if not line.strip():
                continue
            try:
                self._send(number, line)
            except OmrsError as error:
                self._outcomes.append((number, error))
            self._producer.poll(0)
            yield from self._failures()
        self._producer.flush(_FLUSH_S)
        yield from self._failures()

    def _failures(self) -> Iterator[tuple[int, OmrsError]]:
        seen, self._outcomes = self._outcomes, []
        for number, error in seen:
            if error is None:
                self.report.produced += 1
            else:
                self.report.failed[number] = error
                yield number, error

    def _send(self, number: int, line: bytes) -> None:
        event, event_id = parse(line)
        partition, key, value, headers = self._record(event, event_id)

        def delivered(error: Any, _: Any) -> None:
            failure = ProduceError(f"Kafka refused it: {error.str()}", topic=self._topic) if error is not None else None
            self._outcomes.append((number, failure))

        while True:
            try:
                self._producer.produce(self._topic, value, key, partition, delivered, headers=list(headers))
            except BufferError:
                self._producer.poll(0.1)  # the local queue is full: let it drain
            except KafkaException as error:
                raise ProduceError(f"Kafka refused it: {error.args[0].str()}", topic=self._topic) from error
            else:
                return

    def _record(self, event: Bean, event_id: str) -> tuple[int, bytes, bytes, Headers]:
        expected = _CATEGORY.get(self._role.kind, "INSTANCE" if self._role.kind in EVENT_KINDS else None)
        category = event.get("eventCategory")
        if expected is not None and category != expected:
            raise InvalidParameterError(
                f"a {category} event has no place on {self._topic}", help=f"it takes {expected} events"
            )
        sender = (event.get("originator") or {}).get("metadataCollectionId") or ""
        if self._role.owned_by == COHORT and not sender and kind_of(event) != "REFRESH_REGISTRATION_REQUEST":
            raise InvalidParameterError(
                "originator.metadataCollectionId is missing",
                help="every member must see whose event it is, so that an event's sender drops its echo",
            )
        if self._role.root:
            return self._json(event, event_id, sender)
        if category == "INSTANCE":
            return self._instance(event, event_id, sender)
        return self._control(event, event_id, sender)

    def _instance(self, event: Bean, event_id: str, sender: str) -> tuple[int, bytes, bytes, Headers]:
        instance = instance_of(section_of(event))
        if not instance.get("guid") or not (instance.get("type") or {}).get("typeDefGUID"):
            raise InvalidParameterError(
                f"{kind_of(event)} carries no instance with guid and type",
                help="only events with an entity, entityProxy or relationship have a log record's headers",
            )
        _complete(section_of(event), instance)
        record = log_record(event, self._codec.encode, self._partitions, event_id=event_id, origin=ORIGIN_HOME)
        server = (event.get("originator") or {}).get("serverName") or "omrs-topics-produce"
        extra = [(ORIGINATOR, sender.encode())] if sender and self._role.owned_by == COHORT else []
        return record.partition, record.key.encode(), record.value or b"", record.headers(server, extra)

    def _json(self, event: Bean, event_id: str, sender: str) -> tuple[int, bytes, bytes, Headers]:
        """For Egeria members: the key is the sender's, by which it knows its own."""
        section = section_of(event)
        instance = instance_of(section)
        if instance.get("guid") and (instance.get("type") or {}).get("typeDefGUID"):
            _complete(section, instance)
        key = sender or (event.get("originator") or {}).get("serverName") or ""
        return -1, str(key).encode(), dumps(event), [(ORIGINATOR, sender.encode()), ("event-id", event_id.encode())]

    def _control(self, event: Bean, event_id: str, sender: str) -> tuple[int, bytes, bytes, Headers]:
        """Registry and type events: as `CohortMember` sends them."""
        value = self._codec.encode(event)
        headers: Headers = [(ORIGINATOR, sender.encode())] if sender else []
        if event["eventCategory"] == "REGISTRY":
            key = sender or (event.get("originator") or {}).get("serverName") or ""
            headers.append(("event-id", event_id.encode()))
        else:
            defined, section = type_of(section_of(event)), section_of(event)
            key = defined.get("guid") or defined.get("typeDefGUID") or section.get("typeDefGUID") or ""
        if not key:
            raise InvalidParameterError(f"{kind_of(event)} names nothing that could be its record's key")
        return -1, str(key).encode(), value, headers


def _complete(section: Bean, instance: Bean) -> None:
    """Fill in what the section says again of its instance, where a hand-written event leaves it out."""
    section.setdefault("instanceGUID", instance["guid"])
    section.setdefault("typeDefGUID", instance["type"]["typeDefGUID"])
    section.setdefault("typeDefName", instance["type"].get("typeDefName"))


def parse(line: bytes) -> tuple[Bean, str]:
    """The checked event bean of a line and its event id. A line is an event, or what `omrs topics tail` wrote about
    one; with --headers the event id is that of the record, so that a member which has it already ignores it.

    A missing timestamp becomes now. CodecError says what is wrong with it.
    """
    found, event_id = from_json(line), ""
    if isinstance(found, dict) and "class" not in found and isinstance(found.get("event"), dict):
        event_id = str((found.get("headers") or {}).get("event-id") or "")
        line = to_json(found["event"])
    event = loads(line)
    event.setdefault("timestamp", now_ms())
    return event, event_id or str(uuid4())

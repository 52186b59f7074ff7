"""Reading topics for people and programs: from any point, filtered by the envelope, decoded, never stopped by a bad
record."""

import heapq
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from confluent_kafka import Consumer, KafkaError, TopicPartition

from omrs_schemas.codec import EventCodec
from omrs_schemas.codec.audit import decode_audit, is_audit
from omrs_schemas.codec.avro import MARKER
from omrs_schemas.codec.egeria_json import from_json, loads
from omrs_schemas.codec.reports import decode_report, is_report
from omrs_schemas.errors import CodecError, LogError, OmrsError, PoisonRecordError
from omrs_schemas.typedefs.system import TypeSystem
from omrs_streams.log.consumer import BATCH, FILL_S, POLL_S, STALL_S, take
from omrs_streams.log.offsets import Offsets, Part
from omrs_streams.log.record import LogRecord
from omrs_streams.log.roles import AUDIT, DEAD_LETTERS, EVENT_KINDS, INSTANCE_KINDS, Role, role_of
from omrs_streams.log.selection import Header, Selection

DLQ_PREFIX = "dlq-"


@dataclass(slots=True)
class Entry:
    """One record as it was found. `event` is an event bean, `data` other JSON or text; both are None where the record
    has no value, or `problem` says why it cannot be read. A record with an event may have a problem too: then its
    envelope is one that no metadata server accepts.
    """

    topic: str
    partition: int
    offset: int
    timestamp: int
    key: str | None
    headers: list[Header]
    value: bytes | None
    event: dict[str, Any] | None = None
    data: Any = None
    problem: OmrsError | None = None

    @property
    def letter(self) -> dict[str, str]:
        """Of a dead letter: why, and from where (`reason`, `error`, `topic`, `partition`, `offset`, `attempts`,
        `stack`). Empty for any other record."""
        return {
            name.removeprefix(DLQ_PREFIX): value.decode(errors="replace")
            for name, value in self.headers
            if name.startswith(DLQ_PREFIX)
        }


def read(conf: dict[str, Any], starts: Offsets, ends: Offsets | None) -> Iterator[list[Any]]:
    """Batches of messages of `starts` up to `ends` (exclusive), or for ever where that is None.

    In order per partition; what arrives together from several partitions is merged by time. `conf` is a bulk
    consumer's. LogError when a bounded read gets nothing for `STALL_S`, or the log does not hold an offset any more.
    """
    left = dict(starts) if ends is None else {part: at for part, at in starts.items() if at < ends[part]}
    if not left:
        return
    consumer = Consumer(conf)
    try:
        consumer.assign([TopicPartition(*part, at) for part, at in left.items()])
        last_progress = time.monotonic()
        while left:
            by_part: dict[Part, list[Any]] = {}
            for message in take(consumer, BATCH, POLL_S, FILL_S):
                part = (message.topic(), message.partition())
                if message.error() is not None:
                    if _at_end(message.error(), part) and ends is not None:
                        left.pop(part, None)
                elif part in left and (ends is None or message.offset() < ends[part]):
                    by_part.setdefault(part, []).append(message)
                    left[part] = message.offset() + 1
            if by_part:
                last_progress = time.monotonic()
                yield _merged(by_part.values())
            elif ends is not None and time.monotonic() - last_progress > STALL_S:
                raise LogError(
                    f"Kafka gave no records for {STALL_S:.0f} s; still to read: {_names(left)}",
                    help="is the broker up? `omrs kafka status`",
                )
            if ends is not None:
                for part in [part for part, at in left.items() if at >= ends[part]]:
                    del left[part]
                    consumer.incremental_unassign([TopicPartition(*part)])
    finally:
        consumer.close()


def _at_end(error: Any, part: Part) -> bool:
    """Whether the error only says that the end was reached; False for one that passes. LogError for any other."""
    if error.code() == KafkaError._PARTITION_EOF:
        return True
    if error.retriable() or error.code() in (KafkaError._TRANSPORT, KafkaError._ALL_BROKERS_DOWN):
        return False
    raise LogError(f"{part[0]}[{part[1]}] cannot be read: {error.str()}", topic=part[0], partition=part[1])


def _merged(parts: Iterable[list[Any]]) -> list[Any]:
    found = list(parts)
    return found[0] if len(found) == 1 else list(heapq.merge(*found, key=lambda message: message.timestamp()[1]))


def _names(parts: Iterable[Part]) -> str:
    return ", ".join(f"{topic}[{number}]" for topic, number in sorted(parts))


class Decoder:
    """Messages → entries. `types` is asked once, when the first instance event needs definitions.

    `decoded` counts the values that were looked into.
    """

    def __init__(self, types: Callable[[], TypeSystem]) -> None:
        self.decoded = 0
        self._types = types
        self._codec: EventCodec | None = None

    @property
    def codec(self) -> EventCodec:
        if self._codec is None:
            self._codec = EventCodec(self._types())
        return self._codec

    def envelope(self, message: Any) -> Entry:
        """The entry with nothing decoded."""
        key = message.key()
        return Entry(
            message.topic(),
            message.partition(),
            message.offset(),
            message.timestamp()[1],
            None if key is None else key.decode(errors="backslashreplace"),
            [(name, value or b"") for name, value in message.headers() or ()],
            message.value(),
        )

    def entry(self, role: Role, message: Any) -> Entry:
        """The entry of a message; what is wrong with it is in `problem`."""
        found = self.envelope(message)
        self.decoded += 1
        try:
            if found.value is not None:
                self._decode(role, found, found.value)
        except CodecError as error:
            found.problem = error
        if role.kind in INSTANCE_KINDS and not role.root and found.problem is None:
            try:
                LogRecord.parse(found.partition, found.offset, message.key(), found.value, found.headers)
            except PoisonRecordError as error:
                found.problem = error
        return found

    def _decode(self, role: Role, found: Entry, value: bytes) -> None:
        if role.kind == AUDIT and is_audit(value):
            found.data = decode_audit(value)
        elif is_report(value):
            found.data = decode_report(value)
        elif value.startswith(MARKER):
            found.event = self.codec.decode(value)
        elif value.lstrip()[:1] in (b"{", b"["):
            parsed = from_json(value)
            if isinstance(parsed, dict) and parsed.get("class") == "OMRSEventV1":
                found.event = loads(value)
            else:
                found.data = parsed
        elif role.kind in EVENT_KINDS or role.kind == DEAD_LETTERS:
            found.event = self.codec.decode(value)  # raises, and says what it should start with
        else:
            try:
                found.data = value.decode()
            except UnicodeDecodeError as error:
                raise CodecError(f"neither an event nor JSON nor text: {error}", size=len(value)) from error
        if found.event is None and role.kind in EVENT_KINDS:
            raise CodecError("not an OMRS event: JSON without class OMRSEventV1", size=len(value))


@dataclass(slots=True)
class Tail:
    """The wanted entries of what `read` gives. `unread` counts records that could not be judged: what was asked for
    stands in their content only, and that cannot be read."""

    selection: Selection
    decoder: Decoder
    raw: bool = False
    unread: int = 0
    _roles: dict[str, Role] = field(default_factory=dict)

    def entries(self, messages: Iterable[Any]) -> Iterator[Entry]:
        for message in messages:
            role = self._role(message.topic())
            if self.selection.refuses_key(role, message.key()):
                continue
            verdict = self.selection.verdict(role, message.key(), message.headers())
            if verdict is False:
                continue
            if verdict is True and self.raw:
                yield self.decoder.envelope(message)
                continue
            entry = self.decoder.entry(role, message)
            if verdict is None and not self._accepts(entry):
                continue
            yield self.decoder.envelope(message) if self.raw else entry

    def _role(self, topic: str) -> Role:
        role = self._roles.get(topic)
        if role is None:
            role = self._roles[topic] = role_of(topic)
        return role

    def _accepts(self, entry: Entry) -> bool:
        if entry.event is None:
            self.unread += entry.problem is not None
            return False
        return self.selection.accepts(entry.event)


def clipped(wanted: Mapping[Part, int], low: Offsets, high: Offsets) -> Offsets:
    """Offsets to start from: at least the first and at most the next of each partition."""
    return {part: min(max(wanted[part], low[part]), high[part]) for part in wanted}

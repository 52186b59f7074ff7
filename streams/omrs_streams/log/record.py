"""One record of a server log: the Kafka envelope that LOG.md § Envelope defines.

The value is an Avro single-object InstanceEvent. Everything the fold needs stands in the headers, so that a replay
folds without decoding. `omrs-crc` covers the value: a truncated or foreign value is poison before the fold sees it.
"""

import re
import zlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from omrs_schemas.errors import PoisonRecordError

ORIGIN_HOME = "home"
ORIGIN_COPY = "copy"
ORIGIN_ARCHIVE = "archive"
ORIGIN_CONSEQUENCE = "consequence"
ORIGINS = frozenset({ORIGIN_HOME, ORIGIN_COPY, ORIGIN_ARCHIVE, ORIGIN_CONSEQUENCE})

ORIGINATOR = "originator"
"""Header of cohort records: the metadata collection that sent them, so that an echo is dropped without decoding."""

DIGITS = 18
"""What versions and times may take: all of them fit in 64 bits then, and no real one is longer."""

_MOST: int = 10**DIGITS
_LEAST: int = -(10 ** (DIGITS - 1))  # the sign takes the place of a digit


def fits(number: int) -> bool:
    """Whether a version or time takes at most `DIGITS` characters."""
    return _LEAST < number < _MOST


TEXT_LIMIT = 1_000
"""Characters that a guid, an id or any other text of the envelope may have: at most 4,000 bytes in UTF-8, so that a
store's keys and states hold it (their lengths have 16 bits). Real ones have up to a hundred."""

FLAG_PROXY = 1
FLAG_RELATIONSHIP = 2

Headers = list[tuple[str, bytes]]

_NEEDED = frozenset({"event-id", "kind", "type-guid", "home-id"})
_TEXTS = ("key", "home_id", "replicated_by", "type_guid", "event_id", "status", "kind", "cause")
_READ = ("event-id", "kind", "type-guid", "home-id", "replicated-by", "cause")
_META = re.compile(rb"(?:home|copy|archive|consequence)(?:\|-?\d{1,18}){4}\|\d+\|[^|]*")


@dataclass(slots=True)
class LogRecord:
    """A parsed record. Times are epoch milliseconds; `offset` is -1 until the broker has acknowledged the append."""

    partition: int
    offset: int
    key: str
    value: bytes | None
    event_id: str
    expected_revision: int | None
    cause: str | None
    kind: str
    origin: str
    version: int
    create_time: int
    type_guid: str
    type_version: int
    home_id: str
    replicated_by: str
    status: str
    valid_from: int
    is_proxy: bool
    is_relationship: bool

    def headers(self, server: str, extra: Iterable[tuple[str, bytes]] = ()) -> Headers:
        """The Kafka headers of this record: routing and replay first, then CloudEvents attributes and `extra`."""
        value = self.value or b""
        flags = (FLAG_PROXY if self.is_proxy else 0) | (FLAG_RELATIONSHIP if self.is_relationship else 0)
        numbers = f"{self.version}|{self.create_time}|{self.type_version}|{self.valid_from}|{flags}"
        meta = f"{self.origin}|{numbers}|{self.status}"
        headers: Headers = [
            ("event-id", self.event_id.encode()),
            ("kind", self.kind.encode()),
            ("type-guid", self.type_guid.encode()),
            ("home-id", self.home_id.encode()),
            ("omrs-meta", meta.encode()),
            ("omrs-crc", b"%08x" % zlib.crc32(value)),
        ]
        if self.expected_revision is not None:
            headers.append(("expected-revision", str(self.expected_revision).encode()))
        if self.replicated_by:
            headers.append(("replicated-by", self.replicated_by.encode()))
        if self.cause:
            headers.append(("cause", self.cause.encode()))
        headers.extend(
            (
                ("schema-fingerprint", value[2:10].hex().encode()),
                ("ce_id", self.event_id.encode()),
                ("ce_source", f"/omrs/{server}".encode()),
                ("ce_type", f"org.omrs.{self.kind}".encode()),
                ("ce_time", str(self.valid_from).encode()),
            )
        )
        headers.extend(extra)
        return headers

    def too_long(self) -> str | None:
        """The name of a text that no store holds (`TEXT_LIMIT`); None where all fit."""
        if (
            len(self.key) <= TEXT_LIMIT
            and len(self.home_id) <= TEXT_LIMIT
            and len(self.replicated_by) <= TEXT_LIMIT
            and len(self.type_guid) <= TEXT_LIMIT
            and len(self.event_id) <= TEXT_LIMIT
            and len(self.status) <= TEXT_LIMIT
            and len(self.kind) <= TEXT_LIMIT
            and (self.cause is None or len(self.cause) <= TEXT_LIMIT)
        ):
            return None
        return next(name for name in _TEXTS if len(getattr(self, name) or "") > TEXT_LIMIT)

    @classmethod
    def parse(
        cls,
        partition: int,
        offset: int,
        key: bytes | None,
        value: bytes | None,
        headers: Sequence[tuple[str, bytes]] | None,
    ) -> "LogRecord":
        """The record of a consumed message; PoisonRecordError says which header or byte is wrong.

        `headers` is what confluent-kafka's `Message.headers()` or aiokafka's `ConsumerRecord.headers` hold.
        """
        try:
            found = dict(headers or ())
            origin, version, create_time, type_version, valid_from, flags, status = (
                found["omrs-meta"].decode().split("|")
            )
            bits = int(flags)
            too_long = len(version) > DIGITS or len(type_version) > DIGITS
            if too_long or len(create_time) > DIGITS or len(valid_from) > DIGITS:
                raise PoisonRecordError("a number in header omrs-meta does not fit in 64 bits")
            if value is None or key is None:
                raise PoisonRecordError("the record has no " + ("key" if key is None else "value"))
            if int(found["omrs-crc"], 16) != zlib.crc32(value):
                raise PoisonRecordError("the value is not the one that was appended (omrs-crc differs)")
            if origin not in ORIGINS:
                raise PoisonRecordError(f"unknown origin {origin!r} in header omrs-meta")
            expected = found.get("expected-revision")
            record = cls(
                partition,
                offset,
                key.decode(),
                value,
                found["event-id"].decode(),
                None if expected is None else int(expected),
                _text(found.get("cause")),
                found["kind"].decode(),
                origin,
                int(version),
                int(create_time),
                found["type-guid"].decode(),
                int(type_version),
                found["home-id"].decode(),
                _text(found.get("replicated-by")) or "",
                status,
                int(valid_from),
                bool(bits & FLAG_PROXY),
                bool(bits & FLAG_RELATIONSHIP),
            )
            if (long := record.too_long()) is not None:
                raise PoisonRecordError(f"{long} has more than {TEXT_LIMIT} characters")
            return record
        except KeyError as missing:
            raise PoisonRecordError(
                f"header {missing.args[0]!r} is missing; only a metadata server appends to a server log"
            ) from None
        except (ValueError, AttributeError, TypeError) as bad:
            raise PoisonRecordError(f"a header cannot be read: {bad}") from None


class Effective(NamedTuple):
    """A record that changed something, on its way to a publisher's target: bytes as they are, headers by name.

    Parsing a whole LogRecord would cost more than sending it on.
    """

    partition: int
    offset: int
    key: bytes
    value: bytes
    headers: Headers
    named: dict[str, bytes]

    @classmethod
    def of(cls, message: Any) -> "Effective | None":
        """The record of a confluent-kafka message; None for poison, which the fold sent to the dead letters."""
        return cls.at(message.partition(), message.offset(), message.key(), message.value(), message.headers() or [])

    @classmethod
    def at(
        cls, partition: int, offset: int, key: bytes | None, value: bytes | None, headers: Headers
    ) -> "Effective | None":
        """The record that stands there in the log; None for poison."""
        named = dict(headers)
        crc = named.get("omrs-crc")
        if key is None or value is None or crc is None or crc != b"%08x" % zlib.crc32(value):
            return None
        meta = named.get("omrs-meta")
        if meta is None or not _META.fullmatch(meta) or None in named.values() or not named.keys() >= _NEEDED:
            return None
        if not named.get("expected-revision", b"0").isdigit() or not _readable(key, meta, named):
            return None
        return cls(partition, offset, key, value, headers, named)

    def text(self, header: str) -> str:
        """A header as text; empty where it is not there."""
        return self.named.get(header, b"").decode()


def _text(value: bytes | None) -> str | None:
    return None if value is None else value.decode()


def _readable(key: bytes, meta: bytes, named: dict[str, bytes]) -> bool:
    """Whether the texts of the envelope are UTF-8 and fit a store, as `LogRecord.parse` has it."""
    texts = (key, meta.rpartition(b"|")[2], *(named.get(name, b"") for name in _READ))
    whole = b"".join(texts)
    if len(whole) <= TEXT_LIMIT and whole.isascii():
        return True
    try:
        return all(len(text.decode()) <= TEXT_LIMIT for text in texts)
    except UnicodeDecodeError:
        return False

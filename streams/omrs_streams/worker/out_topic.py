"""The out topic: what becomes visible at this server, told to whoever subscribes (DESIGN.md, "The log (topics)").

Every effective record of the server log, home and accepted copies alike, with the bytes that the log has and headers by
which a stranger chooses without decoding. Security decides as for the user that the rules name (`out_topic_user`).
"""

import zlib
from collections.abc import Sequence
from datetime import UTC, datetime
from functools import lru_cache

from omrs_schemas.errors import OmrsError
from omrs_streams.cohort.instance_events import purged_by_id
from omrs_streams.log import names
from omrs_streams.log.event_ids import following_id
from omrs_streams.log.producer import Outgoing
from omrs_streams.log.record import Effective, Headers
from omrs_streams.repository.local import Bean
from omrs_streams.worker.delivery import deliver
from omrs_streams.worker.parts import Parts

_OURS = frozenset({"expected-revision", "ce_time"})
"""Headers of the log that are of no use elsewhere, or that are told in another form."""


class OutTopic:
    """Publishes; runs on the publisher's thread."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self._topic = names.server_out(parts.local.server)

    def publish(self, records: Sequence[Effective]) -> None:
        """Send what may be seen of them; returns once Kafka has it. Raises what is retriable."""
        deliver(self._parts.producer, records, self._sent, self._bury)

    def _sent(self, record: Effective) -> Outgoing | None:
        security, type_guid = self._parts.security, record.text("type-guid")
        if not security.filters_published(type_guid):
            return self._outgoing(record, type_guid, record.value, record.headers)
        event = self._parts.codec.decode(record.value)
        seen = security.published(event)
        if seen is event:
            return self._outgoing(record, type_guid, record.value, record.headers)
        if seen is not None:
            return self._changed(record, seen, {})
        if record.text("kind").startswith("NEW_") or not security.withdraws_published(event):
            return None
        return self._withdrawal(record, event)

    def _withdrawal(self, record: Effective, event: Bean) -> Outgoing:
        """For subscribers the instance is purged: they may have been told of it before, and are not to see it."""
        section = event["instanceEventSection"]
        purge = purged_by_id(
            record.key.decode(),
            section,
            record.text("home-id"),
            "relationship" in section,
            self._parts.local.originator(),
            event["timestamp"],
        )
        kind = purge["instanceEventSection"]["eventType"]
        event_id = following_id(record.text("event-id"), "withdrawn").encode()
        named = {
            "event-id": event_id,
            "ce_id": event_id,
            "kind": kind.encode(),
            "ce_type": b"org.omrs." + kind.encode(),
        }
        return self._changed(record, purge, named)

    def _changed(self, record: Effective, event: Bean, named: dict[str, bytes]) -> Outgoing:
        """The record with another payload, and the headers that describe it."""
        value = self._parts.codec.encode(event)
        named |= {"omrs-crc": b"%08x" % zlib.crc32(value), "schema-fingerprint": value[2:10].hex().encode()}
        return self._outgoing(
            record, record.text("type-guid"), value, [(name, named.get(name, data)) for name, data in record.headers]
        )

    def _outgoing(self, record: Effective, type_guid: str, value: bytes, headers: Headers) -> Outgoing:
        """`type-name` and `version` in the open, and the CloudEvents attributes that Kafka's binding asks for."""
        _, version, _, _, valid_from, _ = record.named["omrs-meta"].split(b"|", 5)
        told: Headers = [
            ("version", version),
            ("ce_specversion", b"1.0"),
            ("ce_subject", record.key),
            ("ce_time", rfc3339(int(valid_from))),
        ]
        typedef = self._parts.types.types.typedef(type_guid)
        if typedef is not None:
            told.append(("type-name", typedef["name"].encode()))
        told.extend([header for header in headers if header[0] not in _OURS])
        return (self._topic, record.partition, record.key, value, told)

    def _bury(self, record: Effective, error: OmrsError) -> None:
        """What subscribers cannot be told is a dead letter of our log; what comes after it must not wait for ever."""
        log = names.server_log(self._parts.local.server)
        self._parts.letters.bury_record(
            log, record.partition, record.offset, record.key, record.value, record.headers, error
        )


def rfc3339(ms: int) -> bytes:
    """A time as CloudEvents has it; the epoch for one that no calendar holds."""
    seconds, rest = divmod(ms, 1000)
    return b"%s.%03dZ" % (_second(seconds), rest)


@lru_cache(maxsize=64)  # the records of a batch are of the same few seconds, and a calendar costs more than the rest
def _second(seconds: int) -> bytes:
    try:
        moment = datetime.fromtimestamp(seconds, UTC)
    except (ValueError, OverflowError, OSError):
        moment = datetime.fromtimestamp(0, UTC)
    return moment.strftime("%Y-%m-%dT%H:%M:%S").encode()

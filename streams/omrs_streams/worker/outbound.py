"""What this server tells one cohort about instances: its own changes, as send rule and security let them pass (OMRS
events § 6, § 7)."""

import zlib
from collections.abc import Sequence
from uuid import uuid4

from omrs_schemas.errors import OmrsError
from omrs_streams.log import names
from omrs_streams.log.producer import Outgoing
from omrs_streams.log.record import Effective
from omrs_streams.repository.local import Bean
from omrs_streams.worker.parts import Parts
from omrs_streams.worker.wire import Wire


class Outbound:
    """The instances topic of one cohort, for sending."""

    def __init__(self, cohort: str, wire: Wire, parts: Parts) -> None:
        self._cohort = cohort
        self._wire = wire
        self._parts = parts

    def publish(self, records: Sequence[Effective]) -> None:
        """On the publisher's thread: send what this server is home of, or distributes for an external home."""
        outgoing: list[tuple[Effective, Outgoing]] = []
        for record in records:
            try:
                passed = self._passed(record)
                if passed is not None:
                    outgoing.append((record, self._wire.published(passed)))
            except OmrsError as error:
                self._bury(record, error)
        sent = self._send_all(outgoing)
        if sent:
            self._parts.audit.record("OMRS-AUDIT-8009", count=sent, topic=self._wire.instances_topic)

    def _send_all(self, outgoing: Sequence[tuple[Effective, Outgoing]]) -> int:
        """Send them together; where one can never be sent (too large for the topic as others made it), one by one."""
        try:
            self._parts.producer.send_and_wait([each for _, each in outgoing])
            return len(outgoing)
        except OmrsError as error:
            if error.retriable:
                raise
            if len(outgoing) == 1:
                self._bury(outgoing[0][0], error)
                return 0
        return sum(self._send_all([each]) for each in outgoing)

    def _bury(self, record: Effective, error: OmrsError) -> None:
        """What the cohort cannot be told is a dead letter of our log; what comes after it must not wait for ever."""
        if error.retriable:
            raise error
        log = names.server_log(self._parts.local.server)
        self._parts.letters.bury_record(
            log, record.partition, record.offset, record.key, record.value, record.headers, error
        )

    def _passed(self, record: Effective) -> Effective | None:
        ours = self._parts.local.collection_id.encode()
        if ours not in (record.named.get("home-id"), record.named.get("replicated-by")):
            return None
        type_guid = record.text("type-guid")
        typedef = self._parts.types.types.typedef(type_guid)
        if not self._parts.send.instance(type_guid, None if typedef is None else typedef["name"]):
            return None
        if not self._parts.security.filters_outbound(self._cohort, type_guid):
            return record
        event = self._parts.codec.decode(record.value)
        secured = self._parts.security.outbound(self._cohort, event)
        if secured is None or secured is event:
            return None if secured is None else record
        return _with_value(record, self._parts.codec.encode(secured))

    async def send(self, events: Sequence[Bean]) -> None:
        """Send instance events that no log record stands behind: refresh requests and their answers, errors.

        Raises ProduceError when Kafka does not acknowledge them.
        """
        outgoing = []
        for event in events:
            passed = self._parts.send.event(event)
            secured = None if passed is None else self._parts.security.outbound(self._cohort, dict(passed))
            if secured is not None:
                outgoing.append(self._wire.instance(secured, str(uuid4())))
        await self._parts.producer.send_batch(outgoing)


def _with_value(record: Effective, value: bytes) -> Effective:
    """The record with another payload, and the headers that describe the payload."""
    changed = {"omrs-crc": b"%08x" % zlib.crc32(value), "schema-fingerprint": value[2:10].hex().encode()}
    headers = [(name, changed.get(name, data)) for name, data in record.headers]
    return record._replace(value=value, headers=headers, named=dict(headers))

"""What this server tells one cohort about instances: its own changes, as send rule and security let them pass (OMRS
events § 6, § 7)."""

import zlib
from collections.abc import Sequence
from uuid import uuid4

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
        outgoing: list[Outgoing] = []
        for record in records:
            passed = self._passed(record)
            if passed is not None:
                outgoing.append(self._wire.published(passed))
        self._parts.producer.send_and_wait(outgoing)
        if outgoing:
            self._parts.audit.record("OMRS-AUDIT-8009", count=len(outgoing), topic=self._wire.instances_topic)

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

"""What this server tells one cohort about instances: its own changes, as send rule and security let them pass (OMRS
events § 6, § 7)."""

import zlib
from collections.abc import Sequence
from uuid import uuid4

from omrs_schemas.errors import OmrsError
from omrs_streams.cohort.instance_events import purged_by_id
from omrs_streams.log import names
from omrs_streams.log.event_ids import following_id
from omrs_streams.log.producer import Outgoing
from omrs_streams.log.record import Effective
from omrs_streams.repository.local import Bean
from omrs_streams.worker.delivery import deliver
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
        count = deliver(self._parts.producer, records, self._sent, self._bury)
        if count:
            self._parts.audit.record("OMRS-AUDIT-8009", count=count, topic=self._wire.instances_topic)

    def _bury(self, record: Effective, error: OmrsError) -> None:
        """What the cohort cannot be told is a dead letter of our log; what comes after it must not wait for ever."""
        log = names.server_log(self._parts.local.server)
        self._parts.letters.bury_record(
            log, record.partition, record.offset, record.key, record.value, record.headers, error
        )

    def _sent(self, record: Effective) -> Outgoing | None:
        """What the cohort is sent of a record; None when it is told nothing."""
        ours = self._parts.local.collection_id.encode()
        if ours not in (record.named.get("home-id"), record.named.get("replicated-by")):
            return None
        type_guid = record.text("type-guid")
        typedef = self._parts.types.types.typedef(type_guid)
        if not self._parts.send.instance(type_guid, None if typedef is None else typedef["name"]):
            return None
        security = self._parts.security
        if not security.filters_outbound(self._cohort, type_guid):
            return self._wire.published(record)
        event = self._parts.codec.decode(record.value)
        secured = security.outbound(self._cohort, event)
        if secured is None:
            new = record.text("kind").startswith("NEW_")
            return self._withdrawal(record, event) if not new and security.withdraws(self._cohort, event) else None
        unchanged = secured is event
        return self._wire.published(record if unchanged else _with_value(record, self._parts.codec.encode(secured)))

    def _withdrawal(self, record: Effective, event: Bean) -> Outgoing:
        """To the cohort the instance is purged: it may have been sent before, and must not be seen any longer."""
        section = event["instanceEventSection"]
        relationship = "relationship" in section
        purge = purged_by_id(
            record.key.decode(),
            section,
            self._parts.local.collection_id,
            relationship,
            self._parts.local.originator(),
            event["timestamp"],
        )
        return self._wire.instance(purge, following_id(record.text("event-id"), "withdrawn"))

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

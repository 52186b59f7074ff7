"""Instance events and log records of what a command did (OMRS events § 5, LOG.md § Envelope)."""

import hashlib
from collections.abc import Callable
from uuid import UUID

from omrs_schemas.errors import InvalidParameterError
from omrs_streams.cohort.instance_events import instance_event
from omrs_streams.log.partition import partition_of
from omrs_streams.log.record import DIGITS, TEXT_LIMIT, LogRecord, fits
from omrs_streams.repository.local import Bean

__all__ = ["guid_for", "instance_event", "instance_time", "log_record"]


def guid_for(event_id: str) -> str:
    """The guid of what the command `event_id` creates: random to look at, and the same when the command is repeated."""
    return str(UUID(bytes=hashlib.sha256(event_id.encode()).digest()[:16], version=4))


def log_record(
    event: Bean,
    encode: Callable[[Bean], bytes],
    partitions: int,
    *,
    event_id: str,
    origin: str,
    expected_revision: int | None = None,
    cause: str | None = None,
) -> LogRecord:
    """The record that appends `event`; its header fields are taken from the instance, or from the classification
    where only a proxy travels with it.

    Raises InvalidParameterError where no log and no store holds them: a guid or id of more than `TEXT_LIMIT`
    characters, a version or time of more than 18 digits. Here, because what is appended is read at every start.
    """
    section = event["instanceEventSection"]
    kind: str = section["eventType"]
    relationship = section.get("relationship")
    entity = section.get("entity")
    proxy = section.get("entityProxy")
    instance: Bean = relationship or entity or proxy
    classification = section.get("classification") or section.get("originalClassification")
    header = classification if proxy is not None and classification is not None else instance
    changed = classification if classification is not None else instance
    valid_from = max(instance_time(instance), instance_time(changed))
    if kind.startswith("DECLASSIFIED"):
        valid_from = max(valid_from, event["timestamp"])
    guid: str = instance["guid"]
    record = LogRecord(
        partition=partition_of(guid, partitions),
        offset=-1,
        key=guid,
        value=encode(event),
        event_id=event_id,
        expected_revision=expected_revision,
        cause=cause,
        kind=kind,
        origin=origin,
        version=header.get("version", 0),
        create_time=instance.get("createTime", 0),
        type_guid=instance["type"]["typeDefGUID"],
        type_version=instance["type"].get("typeDefVersion", 0),
        home_id=header.get("metadataCollectionId") or "",
        replicated_by=header.get("replicatedBy") or "",
        status=instance.get("status") or "UNKNOWN",
        valid_from=valid_from,
        is_proxy=proxy is not None,
        is_relationship=relationship is not None,
    )
    _require_storable(record)
    return record


def _require_storable(record: LogRecord) -> None:
    long = record.too_long()
    if long is not None:
        raise InvalidParameterError(
            f"{long} of a {record.kind} has more than {TEXT_LIMIT} characters: {getattr(record, long)[:40]!r}...",
            help="give it a shorter one; guids and metadata collection ids have up to a hundred characters",
        )
    if not all(map(fits, (record.version, record.create_time, record.type_version, record.valid_from))):
        raise InvalidParameterError(
            f"a version or time in a {record.kind} of {record.key} has more than {DIGITS} digits"
        )


def instance_time(header: Bean) -> int:
    """Since when this version is valid, epoch ms (OMRS instances § Versioning)."""
    return int(header.get("updateTime") or header.get("createTime") or 0)

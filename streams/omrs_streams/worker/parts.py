"""What the parts of one worker share: the server's identity, its types and codec, and the ways out."""

from dataclasses import dataclass
from typing import Any

from omrs_schemas.codec import EventCodec
from omrs_streams.audit import AuditLog
from omrs_streams.cohort.rules import ExchangeRule
from omrs_streams.log.dead_letters import DeadLetters
from omrs_streams.log.producer import LogProducer
from omrs_streams.repository.local import LocalCollection
from omrs_streams.security import MetadataSecurity
from omrs_streams.worker.types import ServerTypes


@dataclass(frozen=True, slots=True)
class Parts:
    """`conf`: librdkafka settings of a plain consumer. `send`: which events leave for the cohorts."""

    conf: dict[str, Any]
    local: LocalCollection
    types: ServerTypes
    codec: EventCodec
    producer: LogProducer
    letters: DeadLetters
    audit: AuditLog
    send: ExchangeRule
    security: MetadataSecurity

"""What a cohort speaks: how event beans become Kafka records and back.

Two dialects stand beside each other: Avro on our topic names (wire_avro) and Egeria's JSON on Egeria's (wire_json).
Everything above works on event beans.
"""

from dataclasses import dataclass
from typing import Any, Protocol
from uuid import NAMESPACE_URL, uuid5

from omrs_streams.log.event_ids import following_id
from omrs_streams.log.producer import Outgoing
from omrs_streams.log.record import Effective, LogRecord
from omrs_streams.log.topics import TopicSpec
from omrs_streams.repository.local import Bean

REGISTRY, TYPEDEF, INSTANCE = "REGISTRY", "TYPEDEF", "INSTANCE"
EVENT_ID = "event-id"


@dataclass(slots=True)
class Arrival:
    """An instance event of another member.

    `record` and `decoded` (its Avro record) are there where the sender's headers say what the fold needs; such a record
    is appended to the server log as it is. Otherwise there is only the event bean. `originator`: the collection that
    says it sent the event, where it does.
    """

    event_id: str
    record: LogRecord | None = None
    decoded: dict[str, Any] | None = None
    event: Bean | None = None
    originator: str | None = None


class Wire(Protocol):
    """One cohort's dialect. Reading raises CodecError or PoisonRecordError for a record that is none of its events."""

    registration_topic: str
    types_topic: str
    instances_topic: str
    whole: bool
    """Whether every member reads the topics from their beginning; Egeria's read on from their own start."""

    def topics(self, partitions: int) -> list[TopicSpec]:
        """The cohort's topics as they have to be; `partitions` are those of this server's log."""
        ...

    def read(self, message: Any, category: str) -> Bean | None:
        """A registry or type event; None for an echo of our own."""
        ...

    def read_instance(self, message: Any) -> Arrival | None:
        """An instance event; None for an echo of our own."""
        ...

    def registry(self, event: Bean, event_id: str) -> Outgoing: ...

    def type(self, event: Bean, event_id: str) -> Outgoing: ...

    def instance(self, event: Bean, event_id: str) -> Outgoing:
        """An instance event that is not in the server log: a refresh request, an answer, an error, a batch."""
        ...

    def published(self, record: Effective) -> Outgoing:
        """A record of the server log as the others receive it."""
        ...


def arrival_id(message: Any, originator: str | None) -> str:
    """The id that the event of a message has here: the same each time it is delivered.

    It follows from the sender's and who that is: a caller may have used one id at two members. A record that carries
    none is named by its place.
    """
    for name, value in message.headers or ():
        if name == EVENT_ID and value is not None:
            return following_id(value.decode(errors="replace"), originator or "")
    return str(uuid5(NAMESPACE_URL, f"omrs:{message.topic}/{message.partition}/{message.offset}"))

"""Messages that the protocol has no id for: dead letters, stores, the audit log itself, security."""

from omrs_schemas.model.audit import AuditSeverity as S
from omrs_streams.audit.message import AuditMessage as M

UNKNOWN_ID = "OMRS-STREAMS-0001"
DROPPED = "OMRS-STREAMS-0002"
AWAY = "OMRS-STREAMS-0003"
BACK = "OMRS-STREAMS-0004"

MESSAGES = (
    M(
        UNKNOWN_ID,
        S.ERROR,
        "A message with the unknown id {id} was recorded: {message}",
        "A defect: the code uses an id that the catalogue does not have.",
        "Report it.",
    ),
    M(
        DROPPED,
        S.ACTION,
        "{count} audit messages were not written to {destination}",
        "Messages came faster than the destination takes them, or Kafka was away for long.",
        "Look after Kafka, or ask for fewer severities (`audit.severities`).",
    ),
    M(
        AWAY,
        S.ACTION,
        "The audit topic {topic} does not take messages: {message}; up to {count} are kept until it does",
        "Kafka is away, or the topic has been deleted.",
        "Look after Kafka (`omrs kafka status`). Messages are on the console meanwhile.",
    ),
    M(
        BACK,
        S.INFO,
        "The audit topic {topic} takes messages again; {count} that had been kept have been written",
        "Kafka is back.",
        "None.",
    ),
    M(
        "OMRS-STREAMS-0010",
        S.ACTION,
        "A record of {topic}[ (partition {partition}, offset {offset})] is a dead letter: {message}",
        "The record cannot be processed; everything after it is.",
        "See it with `omrs topics tail`; the message says what is wrong with it.",
    ),
)

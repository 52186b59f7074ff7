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
        "OMRS-STREAMS-0020",
        S.ACTION,
        "Two members of cohort {cohort} are called {server}: metadata collections {collection_id} and"
        " {other_collection_id}",
        "Two servers were given one name; the protocol tells them apart by id, people cannot.",
        "Give one of them another name, unless it is a new life of the other that did not un-register before.",
    ),
    M(
        "OMRS-STREAMS-0021",
        S.ACTION,
        "Two members of cohort {cohort} advertise the address {address}: metadata collections {collection_id} and"
        " {other_collection_id}",
        "One of them advertises an address that is not its own; queries for it reach the other.",
        "Correct `advertised_url` of one of them.",
    ),
    M(
        "OMRS-STREAMS-0022",
        S.STARTUP,
        "Server {server} was told to leave cohort {cohort}, and stays away",
        "`omrs cohort leave` (or the REST call) stands until the next command, whatever stops and starts meanwhile.",
        "None if that is intended; `omrs cohort join --server {server} --cohort {cohort}` connects it again.",
    ),
    M(
        "OMRS-STREAMS-0030",
        S.SECURITY,
        "User[ {user}] was refused {operation}: {message}",
        "The rules of the metadata security connector do not allow it.",
        "None if that is intended; otherwise change the rules (`security` in the settings).",
    ),
    M(
        "OMRS-STREAMS-0031",
        S.EXCEPTION,
        "Request {operation}[ of user {user}] failed unexpectedly: {message}",
        "A defect; the request was answered with an error.",
        "Report it with the stack from the worker's log.",
    ),
    M(
        "OMRS-STREAMS-0040",
        S.INFO,
        "Member {server}, metadata collection {collection_id}, answers again",
        "It had been left out of federated requests (OMRS-AUDIT-0401).",
        "None.",
    ),
    M(
        "OMRS-STREAMS-0041",
        S.ACTION,
        "Type {type_name} ({type_guid}) is defined by {server} and by {other_server} in different ways",
        "The members have other releases of the open metadata types, or two types were given one guid.",
        "Load one release at all members of a cohort (`types`); correct the type that is wrong.",
    ),
)

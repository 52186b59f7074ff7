"""Messages about instance events and what is wrong with events (OMRS events § 2, § 5, instances § Currency rule)."""

from omrs_schemas.model.audit import AuditSeverity as S
from omrs_streams.audit.message import AuditMessage as M

_WHICH = "Decide which of the two is right, and delete or re-identify the other at its home."

MESSAGES = (
    M(
        "OMRS-AUDIT-0028",
        S.INFO,
        "An event[ {kind}] for instance {guid} came from elsewhere[ ({server})][ in cohort {cohort}], but"
        " its home is here;"
        " it is ignored",
        "Another member sent an event for an instance that only this server may change.",
        "Look at the member that sent it; instances are changed at their home.",
    ),
    M(
        "OMRS-AUDIT-0100",
        S.EXCEPTION,
        "Record {offset} of {topic}, partition {partition}, is no event: {message}",
        "The record is broken, or something that is no cohort member wrote to the topic.",
        "The record is in the dead letters (`omrs topics tail`); correct whoever wrote it. The topic goes on.",
    ),
    M(
        "OMRS-AUDIT-0101",
        S.EXCEPTION,
        "Record {offset} of {topic}, partition {partition}, could not be processed: {message}",
        "The event is well-formed, but taking it in failed.",
        "The record is in the dead letters with the reason; correct that, then send the event again.",
    ),
    M(
        "OMRS-AUDIT-0206",
        S.ACTION,
        "Guid {guid} is used for two different instances[: one of {collection_id}][ and one of"
        " {other_collection_id}][, reported by {server}][ in cohort {cohort}][: {message}]",
        "Two metadata collections created an instance with the same guid.",
        "None if OMRS-AUDIT-0207 follows. " + _WHICH,
    ),
    M(
        "OMRS-AUDIT-0207",
        S.INFO,
        "Our instance {guid} has been given the new guid {other_guid}[ because of a conflict in cohort {cohort}]",
        "Its guid was used by another instance that was there first.",
        "Change references to the old guid that are kept outside of the cohort.",
    ),
    M(
        "OMRS-AUDIT-0208",
        S.ACTION,
        "Our instance {guid}, whose guid is used elsewhere too, could not be given a new one: {message}",
        "Re-identifying failed.",
        _WHICH,
    ),
    M(
        "OMRS-AUDIT-0209",
        S.ACTION,
        "Instance {guid}[ of {collection_id}] has another type at[ {server},] a member[ of cohort {cohort}];"
        " its home is asked for it again[: {message}]",
        "A member reported that the types of its copy and of the event differ.",
        _WHICH,
    ),
    M(
        "OMRS-AUDIT-0210",
        S.ACTION,
        "Our instance {guid} has another type at[ {server},] a member[ of cohort {cohort}][: {message}]",
        "A member holds a copy of the instance whose type is a later one than ours.",
        "Compare the releases of the types that the two servers load.",
    ),
    M(
        "OMRS-AUDIT-0315",
        S.ACTION,
        "An event[ {kind}][ of {server}][ in cohort {cohort}] names no guid; it is ignored",
        "The instance in the event has no guid.",
        "Correct the member that sent it.",
    ),
    M(
        "OMRS-AUDIT-0316",
        S.ACTION,
        "An event[ {kind}][ for {guid}][ of {server}][ in cohort {cohort}] names no home; it is ignored",
        "The instance in the event has no metadata collection id.",
        "Correct the member that sent it.",
    ),
    M(
        "OMRS-AUDIT-0317",
        S.ACTION,
        "An event[ {kind}][ for {guid}][ of {server}][ in cohort {cohort}] has no instance; it is ignored",
        "The event does not carry what its kind says.",
        "Correct the member that sent it.",
    ),
    M(
        "OMRS-AUDIT-8001",
        S.ERROR,
        "An event of a kind that we do not know[ ({kind})] came[ from {server}][ in cohort {cohort}][: {message}]",
        "The sender speaks a later version of the protocol, or the event is broken.",
        "Compare the versions of the two servers.",
    ),
    M(
        "OMRS-AUDIT-8002",
        S.TYPES,
        "Instance {guid}[ of {server}][ in cohort {cohort}] came with a version of its type[ {type_name}] that is older"
        " than the one stored; it is refused",
        "The sender has an older definition of the type.",
        "Compare the releases of the types that the two servers load.",
    ),
    M(
        "OMRS-AUDIT-8003",
        S.ACTION,
        "Instance {guid} has moved[ from {other_collection_id}][ to {collection_id}][ in cohort {cohort}]",
        "Another member has made itself the home of the instance.",
        "None if that was intended; it should be done only when the old home is gone.",
    ),
    M(
        "OMRS-AUDIT-8004",
        S.ACTION,
        "Instance {guid} has another type now[: {type_name}][ instead of {other_type_name}][ in cohort {cohort}]",
        "The instance was re-typed at its home.",
        "None if that was intended.",
    ),
    M(
        "OMRS-AUDIT-8005",
        S.ACTION,
        "An event[ {kind}] for {guid}[ of {server}][ in cohort {cohort}] is about another instance than the one stored;"
        " it is refused[: {message}]",
        "The instances were created at different times, or have different homes.",
        _WHICH,
    ),
    M(
        "OMRS-AUDIT-8006",
        S.EVENT,
        "Event {kind}[ for {guid}][ of cohort {cohort}]: {outcome}",
        "Said for every event that comes in, if events are asked for (`audit.severities`).",
        "None.",
    ),
    M(
        "OMRS-AUDIT-8009",
        S.EVENT,
        "{count} events have been sent to {topic}",
        "Said for every batch that goes out, if events are asked for (`audit.severities`).",
        "None.",
    ),
    M(
        "OMRS-AUDIT-9015",
        S.ERROR,
        "Instance[ {guid}] of an event[ {kind}][ of {server}][ in cohort {cohort}] cannot be saved: {message}",
        "The instance has no guid, no home or no type that this server supports.",
        "Correct the member that sent it, or load its types.",
    ),
)

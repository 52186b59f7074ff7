"""Messages about federated requests: members that do not answer, do not support something, or answer badly (OMRS
queries § 5)."""

from omrs_schemas.model.audit import AuditSeverity as S
from omrs_streams.audit.message import AuditMessage as M

MESSAGES = (
    M(
        "OMRS-AUDIT-0039",
        S.INFO,
        "Entity {guid} has classification {classification} already, with the same properties; it is left as it is",
        "Two callers classify one entity at about the same time, or one repeats its request.",
        "None.",
    ),
    M(
        "OMRS-AUDIT-0136",
        S.EXCEPTION,
        "Member {server}, metadata collection {collection_id}, answered {operation} with something that cannot be used:"
        " {message}",
        "The answer is no bean of the protocol. The answers of the other members are used without it.",
        "Look at that server's log, and at its release.",
    ),
    M(
        "OMRS-AUDIT-0137",
        S.INFO,
        "Member {server}, metadata collection {collection_id}, does not support {operation}",
        "It is not asked for it again for a while (`federation.unsupported_s`), or until it registers anew.",
        "None.",
    ),
    M(
        "OMRS-AUDIT-0401",
        S.ACTION,
        "Member {server}, metadata collection {collection_id}, is left out of federated requests: {message}",
        "It has not answered several calls. It is tried again by itself; answers name it as missing until then.",
        "Look after that server, and at the address that it advertises.",
    ),
)

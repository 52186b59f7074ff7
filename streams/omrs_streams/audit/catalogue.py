"""Every message by its id."""

from omrs_schemas.errors import InvalidParameterError
from omrs_streams.audit import messages_cohort, messages_events, messages_server, messages_streams, messages_types
from omrs_streams.audit.message import AuditMessage

AREAS = {
    "Server": messages_server.MESSAGES,
    "Cohorts": messages_cohort.MESSAGES,
    "Types": messages_types.MESSAGES,
    "Events and instances": messages_events.MESSAGES,
    "Beside the protocol": messages_streams.MESSAGES,
}
"""The messages by what they are about, as the documentation shows them."""

CATALOGUE: dict[str, AuditMessage] = {message.id: message for area in AREAS.values() for message in area}


def explained(message_id: str) -> AuditMessage:
    """The message with this id; case and a missing `OMRS-AUDIT-` do not matter. InvalidParameterError for no id."""
    wanted = message_id.upper()
    found = CATALOGUE.get(wanted) or CATALOGUE.get(f"OMRS-AUDIT-{wanted}")
    if found is None:
        raise InvalidParameterError(
            f"there is no audit message {message_id!r}",
            help="`omrs audit messages` lists those this software records",
            id=message_id,
        )
    return found

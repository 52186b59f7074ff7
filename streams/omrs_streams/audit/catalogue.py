"""Every message by its id."""

from functools import cache
from importlib.metadata import entry_points

from omrs_schemas.errors import InvalidParameterError
from omrs_streams.audit import (
    messages_cohort,
    messages_events,
    messages_federation,
    messages_server,
    messages_streams,
    messages_types,
)
from omrs_streams.audit.left_out import LEFT_OUT
from omrs_streams.audit.message import AuditMessage

AREAS = {
    "Server": messages_server.MESSAGES,
    "Cohorts": messages_cohort.MESSAGES,
    "Types": messages_types.MESSAGES,
    "Events and instances": messages_events.MESSAGES,
    "Federated requests": messages_federation.MESSAGES,
    "Beside the protocol": messages_streams.MESSAGES,
}
"""The messages by what they are about, as the documentation shows them."""

CATALOGUE: dict[str, AuditMessage] = {message.id: message for area in AREAS.values() for message in area}


GROUP = "omrs.audit"
"""Entry points by which other kinds of servers (the integration daemon) tell their catalogues: id → message."""


@cache
def every_message() -> dict[str, AuditMessage]:
    """The messages of metadata servers and of every other kind of server that is installed."""
    found = dict(CATALOGUE)
    for point in entry_points(group=GROUP):
        found.update(point.load())
    return found


def explained(message_id: str) -> AuditMessage:
    """The message with this id; case and a missing `OMRS-AUDIT-` do not matter. InvalidParameterError for no id."""
    wanted = message_id.upper()
    known = every_message()
    found = known.get(wanted) or known.get(f"OMRS-AUDIT-{wanted}")
    if found is None:
        why = LEFT_OUT.get(wanted) or LEFT_OUT.get(f"OMRS-AUDIT-{wanted}")
        raise InvalidParameterError(
            f"audit message {message_id} is not recorded here" if why else f"there is no audit message {message_id!r}",
            help=f"why: {why}" if why else "`omrs audit messages` lists those this software records",
            id=message_id,
        )
    return found

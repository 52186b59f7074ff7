"""Every message of a daemon by its id."""

from omrs_connectors.audit import (
    messages_connectors,
    messages_daemon,
    messages_groups,
    messages_services,
    messages_start,
)
from omrs_streams.audit import CATALOGUE as SERVER
from omrs_streams.audit.message import AuditMessage

_START = tuple(message for message in messages_start.MESSAGES if message.id not in SERVER)

AREAS = {
    "Start of a daemon": _START,
    "Integration daemon": messages_daemon.MESSAGES,
    "Integration connectors": messages_connectors.MESSAGES,
    "Integration groups": messages_groups.MESSAGES,
    "Integration services": messages_services.MESSAGES,
}
"""The messages by what they are about, without those that metadata servers record too."""

CATALOGUE: dict[str, AuditMessage] = {
    **{message.id: message for message in messages_start.MESSAGES},
    **{message_id: SERVER[message_id] for message_id in messages_start.ABOUT_THE_LOG},
    **{message.id: message for area in AREAS.values() for message in area},
}

"""Event ids that follow from others, so that a repetition of what made them makes the same ones (LOG.md § Envelope)."""

from uuid import NAMESPACE_OID, uuid5


def following_id(cause: str, *steps: object) -> str:
    """The id of the record of a step that follows from event `cause`: the same whenever and by whomever it is tried.

    Empty steps are left out; without a step it is the event's own id.
    """
    names = [name for name in map(str, steps) if name]
    return str(uuid5(NAMESPACE_OID, "/".join([cause, *names]))) if names else cause

"""Recording audit messages: by id and named parameters, from any thread."""

import logging

log = logging.getLogger(__name__)


class AuditLog:
    """The audit log of one server."""

    def __init__(self, server: str) -> None:
        self._server = server

    def record(self, message_id: str, **params: object) -> None:
        """Report the message `message_id`; `params` fill its text. Never blocks."""
        log.info("%s %s %s", self._server, message_id, " ".join(f"{name}={value}" for name, value in params.items()))

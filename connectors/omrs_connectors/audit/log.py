"""Recording a daemon's audit messages: console and topic `omrs.daemon.<daemon>.audit`, as servers have them."""

import time
from collections.abc import Callable, Mapping, Sequence

from omrs_connectors.audit import messages_start as start
from omrs_connectors.audit.catalogue import CATALOGUE
from omrs_connectors.sdk.discretion import discreet
from omrs_schemas.errors import OmrsError
from omrs_streams.audit import AuditLog, AuditSettings
from omrs_streams.audit.sinks import Sink
from omrs_streams.log import names
from omrs_streams.log.producer import LogProducer
from omrs_streams.log.topics import TopicSpec, days

SERVER_TYPE = "Integration Daemon"


class DaemonAudit(AuditLog):
    """The audit log of one worker of a daemon; see `AuditLog`.

    Every message knows the daemon without being told. `error` may be an exception: then its text is recorded, and its
    name as `exception`. `permitted` is written in words, as Egeria's console has it.
    """

    def __init__(
        self,
        daemon: str,
        settings: AuditSettings | None = None,
        *,
        worker: str = "",
        clock: Callable[[], float] = time.time,
        sinks: Sequence[Sink] | None = None,
    ) -> None:
        topic = names.daemon_audit(daemon)
        super().__init__(daemon, settings, worker=worker, clock=clock, sinks=sinks, catalogue=CATALOGUE, topic=topic)

    def record(self, message_id: str, /, **params: object) -> None:
        """Record a message; `params` fill its text. From any thread; returns at once and never raises."""
        known = {"daemon": self.server, **params}
        error, permitted = known.get("error"), known.get("permitted")
        if isinstance(error, BaseException):
            known["error"] = said(error)
            known.setdefault("exception", named(error))
        if permitted is not None:
            known["permitted"] = in_words(permitted)
        super().record(message_id, **known)

    def open(self, producer: LogProducer, originator: Mapping[str, str] | None = None) -> None:
        """The audit topic is there: write what has been recorded, and what follows, to it."""
        super().open(producer, originator or {"serverName": self.server, "serverType": SERVER_TYPE})

    def server_starting(self, *, worker: str, url: str, max_page_size: int, security: str = "") -> None:
        """What a server says before its daemon services start, in its order (integration § 3, step 1).

        `security`: the name of the security connector, where there is one.
        """
        self.record("OMRS-AUDIT-0064", server=self.server, destinations=self.destinations)
        self.record(start.MAX_PAGE_SIZE, count=max_page_size)
        self.record("OMRS-AUDIT-0001", worker=worker, url=url)
        self.record("OMRS-AUDIT-0007")
        if security:
            self.record(start.SECURITY, connector=security)
        self.record(start.SERVICES_STARTING)

    def server_started(self, services: Sequence[str]) -> None:
        """What a server says when its daemon services are up; `services`: full names of the integration services."""
        self.record(start.SERVICES_STARTED)
        running = ["Open Metadata Repository Services (OMRS)", *services, "Integration Daemon Services"]
        self.record(start.STARTED, services=running)


def audit_topic(daemon: str, settings: AuditSettings) -> TopicSpec:
    """The topic that the messages go to."""
    return TopicSpec(names.daemon_audit(daemon), 1, days(settings.retention_days))


def said(error: BaseException) -> str:
    """What an exception says; its name where it says nothing; secrets hidden. Our own errors begin with their code."""
    return discreet((f"{error.code} {error.message}" if isinstance(error, OmrsError) else str(error)) or named(error))


def named(error: BaseException) -> str:
    """The name that people look for: Egeria's for our own errors."""
    return error.exception_class if isinstance(error, OmrsError) else type(error).__name__


def in_words(permitted: object) -> str:
    """`FROM_THIRD_PARTY` as `From Third Party`."""
    return str(getattr(permitted, "value", permitted)).replace("_", " ").title()

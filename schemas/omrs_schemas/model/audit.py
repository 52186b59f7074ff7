"""One message of an audit log as it lies on the audit topic; names as in Egeria's audit log records."""

from __future__ import annotations

from pydantic import Field

from omrs_schemas.model.base import Bean, EpochMs, WireEnum
from omrs_schemas.model.events import EventOriginator


class AuditSeverity(WireEnum):
    """What kind of message it is; the ordinals are Egeria's."""

    UNKNOWN = "UNKNOWN", 0
    INFO = "INFO", 1
    EVENT = "EVENT", 2
    DECISION = "DECISION", 3
    ACTION = "ACTION", 4
    ERROR = "ERROR", 5
    EXCEPTION = "EXCEPTION", 6
    SECURITY = "SECURITY", 7
    STARTUP = "STARTUP", 8
    SHUTDOWN = "SHUTDOWN", 9
    ASSET = "ASSET", 10
    TYPES = "TYPES", 11
    COHORT = "COHORT", 12
    TRACE = "TRACE", 13
    PERFMON = "PERFMON", 14
    ACTIVITY = "ACTIVITY", 15

    @property
    def label(self) -> str:
        """The name that people see, such as `Information`."""
        return _LABELS.get(self.value, self.value.capitalize())


_LABELS = {"INFO": "Information", "PERFMON": "PerfMon"}


class AuditRecord(Bean):
    """A message of a server's audit log: what happened, when, where, and the values that its text is made of."""

    messageId: str
    severity: AuditSeverity = AuditSeverity.UNKNOWN
    timeStamp: EpochMs
    originator: EventOriginator | None = None
    worker: str | None = None
    messageText: str
    messageParameters: dict[str, str] = Field(default_factory=dict)
    userAction: str | None = None
    guid: str | None = None

"""The console: messages as lines of Egeria's form, or as JSON where the log is JSON."""

import logging
import time

from omrs_schemas.model.audit import AuditSeverity as S
from omrs_streams.audit.entry import Entry

CONSOLE = "omrs.audit"
"""The logger that console messages go to; `logs.configure_logging` says what its lines look like."""

_LEVELS = {
    S.ERROR: logging.ERROR,
    S.EXCEPTION: logging.ERROR,
    S.ACTION: logging.WARNING,
    S.SECURITY: logging.WARNING,
    S.TRACE: logging.DEBUG,
}


def console_line(milliseconds: int, server: str, severity: str, message_id: str, text: str) -> str:
    """A line as Egeria's console has it: `Tue Feb 02 20:57:50 GMT 2021 server Startup OMRS-AUDIT-0064 text`."""
    at = time.strftime("%a %b %d %H:%M:%S %Z %Y", time.localtime(milliseconds / 1000))
    flat = " ".join(text.split("\n"))
    return f"{at} {server} {severity} {message_id} {flat}"


class ConsoleSink:
    """Writes to the logger `CONSOLE`; the record has everything a formatter may want as extra attributes."""

    name = "console"

    def __init__(self, server: str, worker: str) -> None:
        self._server = server
        self._worker = worker
        self._log = logging.getLogger(CONSOLE)

    def write(self, entry: Entry) -> None:
        message = entry.message
        extra = {
            "server": self._server,
            "worker": self._worker,
            "severity": message.severity.label,
            "id": message.id,
            "time": entry.time,
            "params": dict(entry.params),
        }
        self._log.log(_LEVELS.get(message.severity, logging.INFO), "%s", entry.text, extra=extra)

    def pump(self) -> bool:
        return False


class ConsoleLine(logging.Formatter):
    """A message as Egeria's console shows it."""

    def format(self, record: logging.LogRecord) -> str:
        given = record.__dict__
        return console_line(given["time"], given["server"], given["severity"], given["id"], record.getMessage())

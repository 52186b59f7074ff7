"""Logging of our processes: one line a record for people, one JSON object a record for collectors."""

import logging
import sys
from typing import Any

import structlog

from omrs_streams.audit.console import CONSOLE, ConsoleLine

NOISY = ("faust", "mode", "aiokafka", "httpx", "uvicorn.access", "omrs_streams.worker.batches")
"""Libraries whose progress messages hide ours; their warnings stay. The last is Faust's consumer in our subclass."""

BENIGN = "__assignor-__leader"
"""Faust asks for its leader topic, which nobody creates here because no leader timers are used; it warns of that."""


def configure_logging(level: str = "INFO", *, as_json: bool = False) -> None:
    """Send every record of the standard library's logging to stderr through structlog."""
    shared: list[Any] = [
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.stdlib.ExtraAdder(),
    ]
    rendered: list[Any] = [structlog.stdlib.ProcessorFormatter.remove_processors_meta]
    if as_json:
        rendered += [structlog.processors.format_exc_info, structlog.processors.JSONRenderer()]
    else:
        # Plain tracebacks: pretty ones print local variables, and with them whatever somebody sent us.
        plain = structlog.dev.plain_traceback
        rendered.append(
            structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty(), pad_event_to=0, exception_formatter=plain)
        )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(structlog.stdlib.ProcessorFormatter(foreign_pre_chain=shared, processors=rendered))
    handler.addFilter(lambda record: BENIGN not in record.getMessage())
    # Audit messages have a form of their own for people (that of Egeria's console), and the common one for collectors.
    audit = logging.StreamHandler(sys.stderr)
    audit.setFormatter(handler.formatter if as_json else ConsoleLine())
    logging.getLogger(CONSOLE).handlers[:] = [audit]
    logging.getLogger(CONSOLE).propagate = False
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level.upper())
    for name in NOISY:
        logging.getLogger(name).setLevel(logging.WARNING)

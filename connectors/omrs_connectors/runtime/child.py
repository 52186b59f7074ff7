"""The other end of a `ProcessHost`: the process that one connector lives in."""

import contextlib
import os
import signal
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from multiprocessing.connection import Connection
from typing import Any

from omrs_connectors.runtime.faults import described
from omrs_connectors.runtime.handler import ConnectorHandler, Setting
from omrs_connectors.runtime.notes import Delivered, LeftBehind, Note, Progress
from omrs_connectors.runtime.serving import Job, Mailbox, serve
from omrs_connectors.sdk import ActivityReport, IntegrationConnectorConfig
from omrs_connectors.sdk.config import Partner
from omrs_connectors.sdk.connections import ConnectorBroker
from omrs_connectors.sdk.discretion import hide_secrets_in_logs
from omrs_connectors.services.base import IntegrationService
from omrs_schemas.errors import NotReadyError
from omrs_streams.audit.console import CONSOLE
from omrs_streams.client import MetadataClient, Retry
from omrs_streams.logs import configure_logging

PROGRESS_S = 1.0  # how old the counts of a refresh under way are in the status call
PROGRESS_SHARE = 0.05  # of the time, for telling it: a report of 100,000 elements takes a while to send


@dataclass(frozen=True, slots=True)
class ChildSetup:
    """What the child needs to make its own handler; all of it can be pickled. Times in seconds."""

    config: IntegrationConnectorConfig
    service: IntegrationService
    partner: Partner
    user_id: str
    broker: ConnectorBroker
    max_page_size: int
    call_timeout: float
    retry_deadline: float


def child_main(setup: ChildSetup, pipe: Connection) -> None:
    """Serves until the daemon kills it or is gone."""
    with contextlib.suppress(OSError):
        os.setsid()  # a group of its own: it is killed with everything it starts, and Ctrl-C is the daemon's business
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    configure_logging()
    hide_secrets_in_logs(CONSOLE)
    sending = threading.Lock()

    def send(message: tuple[Any, ...]) -> None:
        with sending, contextlib.suppress(OSError):
            pipe.send(message)

    def tell(note: Note) -> None:
        if not isinstance(note, LeftBehind):  # its threads end with this process
            send(("note", note))

    reporter = _Reporter(tell)
    with MetadataClient(
        setup.partner.url,
        setup.partner.name,
        setup.user_id,
        timeout=setup.call_timeout,
        retry=Retry(deadline=setup.retry_deadline),
    ) as client:
        setting = Setting(
            setup.config,
            setup.service,
            setup.partner,
            client,
            setup.broker,
            setup.max_page_size,
            tell,
            follow=reporter.follow,
        )
        handler, mailbox = ConnectorHandler(setting), Mailbox()

        def answer(number: int, result: Any) -> None:
            send(("result", number, _portable(result)))

        def receive() -> None:
            try:
                while True:
                    kind, *rest = pipe.recv()
                    if kind == "stop":
                        handler.stop()
                        continue
                    number, method, arguments = rest
                    mailbox.put(Job(method, arguments, partial(answer, number)))
            except (EOFError, OSError):
                _end_with_all()

        threading.Thread(target=receive, name="commands", daemon=True).start()
        threading.Thread(target=reporter.run, name="progress", daemon=True).start()
        serve(handler, mailbox)


def _end_with_all() -> None:
    """The daemon is gone: nothing that the connector does, or has started, may go on."""
    if os.getpgrp() == os.getpid():
        os.killpg(0, signal.SIGKILL)
    os._exit(0)


class _Reporter:
    """Tells now and then how far the report under way has come: it is what is known of it if this process is killed."""

    def __init__(self, tell: Callable[[Note], None]) -> None:
        self._tell = tell
        self._report: ActivityReport | None = None
        self._lock = threading.Lock()

    def follow(self, report: ActivityReport | None) -> None:
        """None: it is complete; nothing is told of it any more."""
        with self._lock:
            self._report = report

    def run(self) -> None:
        told: dict[str, int] = {}
        took = 0.0
        while True:
            time.sleep(max(PROGRESS_S, took / PROGRESS_SHARE))
            with self._lock:
                statistics = {} if self._report is None else self._report.statistics()
                if self._report is not None and statistics != told:
                    began = time.monotonic()
                    self._tell(Progress(self._report))
                    took = time.monotonic() - began
                told = statistics


def _portable(result: Any) -> Any:
    """Errors as they can be sent: what a connector raises may hold anything."""
    if not isinstance(result, Delivered):
        return result
    failures = tuple((index, RuntimeError(described(error))) for index, error in result.failures)
    return replace(result, failures=failures, again=result.again and NotReadyError(described(result.again)))

"""The event mapper: DDL as the triggers report it, told as what changed; where none can report, everything is compared
again and again."""

import logging
import threading
import time
from collections.abc import Collection, Sequence
from typing import Any, Protocol

from omrs_connectors.builtin.postgres_catalog.listening import DdlListener, listen
from omrs_connectors.builtin.postgres_catalog.options import PostgresOptions
from omrs_connectors.builtin.postgres_catalog.trigger import Change
from omrs_streams.proxy.interfaces import EventMapper, EventProcessor, Mapped, ProxyContext

log = logging.getLogger(__name__)

WAIT_S = 0.5  # how long one wait for notifications takes, and so how long a stop may
JOIN_S = 10.0
MANY_TABLES = 500  # more than these are read with everything else

TABLES = frozenset({"table", "view", "materialized view", "foreign table", "table constraint", "default value"})
EVERYTHING = frozenset({"ALTER SCHEMA", "ALTER TYPE", "ALTER DOMAIN", "CREATE EXTENSION", "ALTER EXTENSION"})
"""Commands whose effect on tables is not reported object by object."""


class Repository(Protocol):
    """What the mapper reads the catalogue with."""

    options: PostgresOptions
    context: ProxyContext

    def snapshot(self) -> Any: ...
    def part(self, tables: Collection[int]) -> tuple[list[Mapped], set[str]]: ...


class PostgresEventMapper(EventMapper):
    """One session on a listening connection of its own."""

    def __init__(self, repository: Repository) -> None:
        self._repository = repository
        self._options = repository.options
        self._halt = threading.Event()
        self._thread: threading.Thread | None = None

    def start(self, processor: EventProcessor) -> None:
        listener = self._listen()
        self._thread = threading.Thread(target=self._run, args=(processor, listener), name="omrs-postgres", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        self._halt.set()
        if self._thread is not None:
            self._thread.join(JOIN_S)

    # ---- being told ------------------------------------------------------------------------------------------------

    def _listen(self) -> DdlListener | None:
        """None where nothing reports DDL. RepositoryError: no database."""
        options = self._options
        found = listen(options.conninfo(), options.audit_schema, install=options.install_trigger)
        if isinstance(found, DdlListener):
            return found
        if options.poll_seconds:
            log.warning(
                "PostgreSQL does not report DDL: %s. The catalogue is compared every %g s instead",
                found,
                options.poll_seconds,
            )
        else:
            self._repository.context.audit("OMRS-AUDIT-0022", connector="postgres-catalog")
        return None

    # ---- telling ---------------------------------------------------------------------------------------------------

    def _run(self, processor: EventProcessor, listener: DdlListener | None) -> None:
        try:
            processor.await_synchronized()
            self._follow(processor, listener)
        except Exception as error:  # the boundary of this thread: the session ends with it
            processor.failed(error)
        finally:
            if listener is not None:
                listener.close()

    def _follow(self, processor: EventProcessor, listener: DdlListener | None) -> None:
        pause = self._options.poll_seconds if listener is None else self._options.compare_minutes * 60
        due = time.monotonic() + pause
        while not self._halt.is_set():
            if listener is None:
                self._halt.wait(min(pause or WAIT_S, WAIT_S))
            else:
                self._tell(processor, listener.changes(WAIT_S))
            if pause and time.monotonic() >= due and not self._halt.is_set():
                processor.reconcile(self._repository.snapshot())
                due = time.monotonic() + pause

    def _tell(self, processor: EventProcessor, changes: Sequence[Change]) -> None:
        """Read what the changes concern, as it is now, and have the log follow."""
        relevant = [change for change in changes if _kind(change) in TABLES or _everything(change) or _schema(change)]
        if not relevant:
            return
        roles = {change.role for change in relevant}
        user = roles.pop() if len(roles) == 1 else ""
        tables = {change.oid for change in relevant if change.oid is not None and _kind(change) in TABLES}
        if len(tables) > MANY_TABLES or any(map(_everything, relevant)):
            processor.reconcile(self._repository.snapshot(), user=user)
            return
        present, before = self._repository.part(tables)
        processor.reconcile(present, among=before, user=user)


def _kind(change: Change) -> str:
    """`table column` is reported with the oid of its table."""
    return change.object_type.removesuffix(" column")


def _schema(change: Change) -> bool:
    return change.object_type == "schema"


def _everything(change: Change) -> bool:
    return change.tag in EVERYTHING

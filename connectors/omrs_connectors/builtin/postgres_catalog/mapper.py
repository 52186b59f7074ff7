"""The event mapper: DDL as the triggers report it, told as what changed; where none can report, everything is compared
again and again."""

import logging
import threading
import time
from collections.abc import Collection, Sequence
from typing import Any, Protocol

import psycopg

from omrs_connectors.builtin.postgres_catalog import trigger
from omrs_connectors.builtin.postgres_catalog.catalogue import unavailable
from omrs_connectors.builtin.postgres_catalog.options import PostgresOptions
from omrs_connectors.builtin.postgres_catalog.trigger import Change
from omrs_streams.proxy.interfaces import EventMapper, EventProcessor, Mapped, ProxyContext

log = logging.getLogger(__name__)

WAIT_S = 0.5  # how long one wait for notifications takes, and so how long a stop may
SETTLE_S = 0.02  # a migration is many commands: those that come within this are told together
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
        connection = self._listen()
        self._thread = threading.Thread(
            target=self._run, args=(processor, connection), name="omrs-postgres", daemon=True
        )
        self._thread.start()

    def stop(self) -> None:
        self._halt.set()
        if self._thread is not None:
            self._thread.join(JOIN_S)

    # ---- being told ------------------------------------------------------------------------------------------------

    def _listen(self) -> "psycopg.Connection[Any] | None":
        """A connection that is notified of DDL; None where nothing reports it. RepositoryError: no database."""
        try:
            connection = psycopg.connect(self._options.conninfo(), autocommit=True)
            try:
                reason = self._subscribe(connection)
            except BaseException:
                connection.close()
                raise
        except psycopg.Error as error:
            raise unavailable(error) from error
        if not reason:
            return connection
        connection.close()
        context = self._repository.context
        if self._options.poll_seconds:
            log.warning(
                "PostgreSQL does not report DDL: %s. The catalogue is compared every %g s instead",
                reason,
                self._options.poll_seconds,
            )
        else:
            context.audit("OMRS-AUDIT-0022", connector="postgres-catalog")
        return None

    def _subscribe(self, connection: "psycopg.Connection[Any]") -> str:
        """Listen; why that is not possible, or empty."""
        schema = self._options.audit_schema
        if connection.execute("select pg_is_in_recovery()").fetchall() == [(True,)]:
            return "it is a standby, on which nobody can listen"
        if not trigger.installed(connection, schema):
            if not self._options.install_trigger:
                return f"its event triggers are not in schema {schema}, and install_trigger is off"
            try:
                with connection.transaction():
                    connection.execute(trigger.install_sql(schema))
            except psycopg.errors.InsufficientPrivilege as error:
                return f"its event triggers cannot be created ({_line(error)}); docs/repository-proxy.md has them"
            log.info("event triggers that report DDL are installed in schema %s", schema)
        connection.execute(psycopg.sql.SQL("listen {}").format(psycopg.sql.Identifier(trigger.channel(schema))))
        return ""

    # ---- telling ---------------------------------------------------------------------------------------------------

    def _run(self, processor: EventProcessor, connection: "psycopg.Connection[Any] | None") -> None:
        try:
            processor.await_synchronized()
            self._follow(processor, connection)
        except psycopg.Error as error:
            processor.failed(unavailable(error))
        except Exception as error:  # the boundary of this thread: the session ends with it
            processor.failed(error)
        finally:
            if connection is not None:
                connection.close()

    def _follow(self, processor: EventProcessor, connection: "psycopg.Connection[Any] | None") -> None:
        pause = self._options.poll_seconds if connection is None else self._options.compare_minutes * 60
        due = time.monotonic() + pause
        while not self._halt.is_set():
            if connection is None:
                self._halt.wait(min(pause or WAIT_S, WAIT_S))
            else:
                self._tell(processor, self._reported(connection))
            if pause and time.monotonic() >= due and not self._halt.is_set():
                processor.reconcile(self._repository.snapshot())
                due = time.monotonic() + pause

    def _reported(self, connection: "psycopg.Connection[Any]") -> list[Change]:
        """What came within `WAIT_S`, and what follows at once."""
        payloads = [each.payload for each in connection.notifies(timeout=WAIT_S, stop_after=1)]
        if payloads:
            payloads += [each.payload for each in connection.notifies(timeout=SETTLE_S)]
        return [found for found in map(Change.of, payloads) if found is not None]

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


def _line(error: psycopg.Error) -> str:
    return " ".join(str(error).split())

"""Being told of DDL: a connection of its own that is notified by the event triggers."""

import logging
from typing import Any

import psycopg
from psycopg import sql

from omrs_connectors.builtin.postgres_catalog import trigger
from omrs_connectors.builtin.postgres_catalog.conninfo import line_of, unavailable
from omrs_connectors.builtin.postgres_catalog.trigger import Change

log = logging.getLogger(__name__)

SETTLE_S = 0.02  # a migration is many commands: those that come within this are told together


class DdlListener:
    """Hears of the DDL of one database, whoever runs it."""

    def __init__(self, connection: "psycopg.Connection[Any]") -> None:
        self._connection = connection

    def changes(self, timeout: float) -> list[Change]:
        """What is reported within `timeout` seconds, and what follows at once. RepositoryError: no database."""
        try:
            payloads = [each.payload for each in self._connection.notifies(timeout=timeout, stop_after=1)]
            if payloads:
                payloads += [each.payload for each in self._connection.notifies(timeout=SETTLE_S)]
        except psycopg.Error as error:
            raise unavailable(error) from error
        return [found for found in map(Change.of, payloads) if found is not None]

    def close(self) -> None:
        self._connection.close()


def listen(conninfo: str, schema: str, *, install: bool) -> DdlListener | str:
    """Begin to listen; or why that is not possible: then changes can only be found by comparing.

    `install`: create the event triggers where they are missing. RepositoryError: no database.
    """
    try:
        connection = psycopg.connect(conninfo, autocommit=True)
        try:
            reason = _subscribe(connection, schema, install)
        except BaseException:
            connection.close()
            raise
    except psycopg.Error as error:
        raise unavailable(error) from error
    if not reason:
        return DdlListener(connection)
    connection.close()
    return reason


def _subscribe(connection: "psycopg.Connection[Any]", schema: str, install: bool) -> str:
    """Listen; why that is not possible, or empty."""
    if connection.execute("select pg_is_in_recovery()").fetchall() == [(True,)]:
        return "it is a standby, on which nobody can listen"
    if not trigger.installed(connection, schema):
        if not install:
            return f"its event triggers are not in schema {schema}, and they may not be installed"
        try:
            with connection.transaction():
                connection.execute(trigger.install_sql(schema))
        except psycopg.errors.InsufficientPrivilege as error:
            return f"its event triggers cannot be created ({line_of(error)}); docs/repository-proxy.md has them"
        log.info("event triggers that report DDL are installed in schema %s", schema)
    connection.execute(sql.SQL("listen {}").format(sql.Identifier(trigger.channel(schema))))
    return ""

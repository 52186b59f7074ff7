"""Connection strings of libpq: checked, completed and given to psycopg, never shown."""

import os
from typing import Any

import psycopg
from psycopg import ProgrammingError
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from omrs_schemas.errors import ConfigurationError, RepositoryError

CONNECT_S = 5  # a server that does not accept within that is down; the next session tries again
SECRET = ("password", "sslpassword", "passfile")


def parts_of(dsn: str, setting: str) -> dict[str, Any]:
    """What a connection string or URL says. ConfigurationError names the `setting` that it came from."""
    try:
        return dict(conninfo_to_dict(dsn))
    except ProgrammingError:
        # psycopg quotes the string, which may hold the password
        raise ConfigurationError(
            f"{setting} is no connection string",
            help="for example postgresql://catalog@db.example.org:5432/sales, or `host=… dbname=… user=…`",
        ) from None


def complete(given: dict[str, Any], *, password: str | None, statement_seconds: float) -> str:
    """For psycopg; holds the password. A vanished server is noticed, and no query runs for ever."""
    found = dict(given)
    if password is not None:
        found["password"] = password
    found.setdefault("connect_timeout", CONNECT_S)
    found.setdefault("application_name", "omrs-streams")
    # A connection that only listens notices a vanished server by TCP keep-alives alone: within about 20 s.
    for name, value in (("keepalives_idle", 10), ("keepalives_interval", 3), ("keepalives_count", 3)):
        found.setdefault(name, value)
    milliseconds = int(statement_seconds * 1000)
    found["options"] = f"{found.get('options', '')} -c statement_timeout={milliseconds}".strip()
    return make_conninfo(**found)


def server_of(given: dict[str, Any]) -> str:
    """Host and port of the database server, as libpq finds them."""
    host = given.get("host") or given.get("hostaddr") or os.environ.get("PGHOST") or "localhost"
    port = given.get("port") or os.environ.get("PGPORT") or 5432
    return f"{host}:{port}"


def unavailable(error: psycopg.Error) -> RepositoryError:
    """What psycopg says, on one line; it never quotes a password."""
    return RepositoryError(
        f"PostgreSQL cannot be read: {line_of(error)}", help="check that it runs and that its address is right"
    )


def line_of(error: psycopg.Error) -> str:
    return " ".join(str(error).split()) or type(error).__name__

"""Options of the PostgreSQL catalogue (`proxy.options`). Secrets come from here or the environment, and stay there."""

import os
from collections.abc import Mapping
from fnmatch import fnmatchcase
from typing import Any

from psycopg import ProgrammingError
from psycopg.conninfo import conninfo_to_dict, make_conninfo
from pydantic import BaseModel, ConfigDict, Field, SecretStr, ValidationError

from omrs_schemas.errors import ConfigurationError

CONNECT_S = 5  # a server that does not accept within that is down; the next session tries again
SECRET = ("password", "sslpassword", "passfile")


class PostgresOptions(BaseModel):
    """Which database, as whom, and how changes are noticed."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    dsn: SecretStr = Field(description="where the database is: a libpq connection string or URL")
    password: SecretStr | None = Field(None, description="password, if it stands neither in the dsn nor in PGPASSWORD")
    password_env: str = Field("", description="name of an environment variable that holds the password")
    instance: str = Field(
        "", description="name of the database server in qualified names; default: host and port of the dsn"
    )
    schemas: tuple[str, ...] = Field(("*",), description="schemas that are catalogued: names or globs")
    exclude_schemas: tuple[str, ...] = Field((), description="schemas that are left out, by name or glob")
    install_trigger: bool = Field(
        True, description="create the event triggers that report DDL, where that is permitted and they are missing"
    )
    audit_schema: str = Field("omrs_catalog", pattern="^[a-z_][a-z0-9_]{0,50}$", description="schema of the triggers")
    poll_seconds: float = Field(
        60.0, ge=0, description="how often everything is compared when no trigger reports; 0 = never"
    )
    compare_minutes: float = Field(
        60.0, ge=0, description="how often everything is compared though a trigger reports; 0 = only at start"
    )
    statement_seconds: float = Field(60.0, gt=0, description="how long one query may take")

    def wants(self, schema: str) -> bool:
        """Whether the schema of that name is catalogued."""
        if schema == self.audit_schema:
            return False
        return _matches(self.schemas, schema) and not _matches(self.exclude_schemas, schema)

    def conninfo(self) -> str:
        """For psycopg; holds the password. ConfigurationError when the dsn is none."""
        given = _parts(self.dsn.get_secret_value())
        if self.password is not None:
            given["password"] = self.password.get_secret_value()
        elif self.password_env:
            given["password"] = os.environ[self.password_env]
        given.setdefault("connect_timeout", CONNECT_S)
        given.setdefault("application_name", "omrs-streams")
        # A connection that only listens notices a vanished server by TCP keep-alives alone: within about 20 s.
        for name, value in (("keepalives_idle", 10), ("keepalives_interval", 3), ("keepalives_count", 3)):
            given.setdefault(name, value)
        milliseconds = int(self.statement_seconds * 1000)
        given["options"] = f"{given.get('options', '')} -c statement_timeout={milliseconds}".strip()
        return make_conninfo(**given)

    def instance_name(self) -> str:
        """The database server in qualified names."""
        given = _parts(self.dsn.get_secret_value())
        host = given.get("host") or given.get("hostaddr") or os.environ.get("PGHOST") or "localhost"
        port = given.get("port") or os.environ.get("PGPORT") or 5432
        return self.instance or f"{host}:{port}"


def postgres_options(given: Mapping[str, Any]) -> PostgresOptions:
    """The options of `proxy.options`; ConfigurationError names each that is wrong, without its value."""
    try:
        options = PostgresOptions(**given)
    except ValidationError as error:
        problems = "; ".join(f"{'.'.join(map(str, item['loc']))}: {item['msg']}" for item in error.errors())
        raise ConfigurationError(
            f"proxy.options: {problems}", help=f"known: {', '.join(PostgresOptions.model_fields)}"
        ) from None
    if options.password_env and options.password_env not in os.environ:
        raise ConfigurationError(
            f"proxy.options: the environment variable {options.password_env} is not set",
            help="password_env names the variable that holds the password",
        )
    options.conninfo()
    return options


def _parts(dsn: str) -> dict[str, Any]:
    try:
        return dict(conninfo_to_dict(dsn))
    except ProgrammingError:
        # psycopg quotes the string, which may hold the password
        raise ConfigurationError(
            "proxy.options: dsn is no connection string",
            help="for example postgresql://catalog@db.example.org:5432/sales, or `host=… dbname=… user=…`",
        ) from None


def _matches(globs: tuple[str, ...], name: str) -> bool:
    return any(fnmatchcase(name, glob) for glob in globs)

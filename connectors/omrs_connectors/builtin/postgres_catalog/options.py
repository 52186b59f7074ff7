"""Options of the PostgreSQL catalogue (`proxy.options`). Secrets come from here or the environment, and stay there."""

import os
from collections.abc import Mapping
from fnmatch import fnmatchcase
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, SecretStr, ValidationError

from omrs_connectors.builtin.postgres_catalog.conninfo import complete, parts_of, server_of
from omrs_schemas.errors import ConfigurationError


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
        return matches(self.schemas, schema) and not matches(self.exclude_schemas, schema)

    def conninfo(self) -> str:
        """For psycopg; holds the password. ConfigurationError when the dsn is none."""
        password = None
        if self.password is not None:
            password = self.password.get_secret_value()
        elif self.password_env:
            password = os.environ[self.password_env]
        return complete(self._dsn_parts(), password=password, statement_seconds=self.statement_seconds)

    def instance_name(self) -> str:
        """The database server in qualified names."""
        return self.instance or server_of(self._dsn_parts())

    def _dsn_parts(self) -> dict[str, Any]:
        return parts_of(self.dsn.get_secret_value(), "proxy.options: dsn")


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


def matches(globs: tuple[str, ...], name: str) -> bool:
    """Whether one of the globs matches the name; capitals count."""
    return any(fnmatchcase(name, glob) for glob in globs)

"""Where a database is and who calls it; what the connectors to PostgreSQL have in common of their configuration."""

from dataclasses import dataclass, field
from typing import Any

from pydantic import Field

from omrs_connectors.builtin.postgres_catalog.conninfo import complete, parts_of, server_of
from omrs_connectors.sdk.context import IntegrationContext
from omrs_connectors.sdk.options import ConnectorOptions
from omrs_schemas.errors import ConfigurationError

NETWORK_ADDRESS = "endpoint.networkAddress"


class AccessOptions(ConnectorOptions):
    """Who calls the database, and how long that may take."""

    password_secret: str = Field(
        "", description="name of the secret that is the password, in a secrets store of the connection"
    )
    allow_clear_password: bool = Field(
        False, description="accept a password that stands in the connection or its address itself"
    )
    statement_seconds: float = Field(60.0, gt=0, description="how long one query may take")
    instance: str = Field(
        "", description="name of the database server in qualified names; default: host and port of its address"
    )


@dataclass(frozen=True, slots=True)
class Address:
    """One database of one server; what is shown of it holds no password."""

    parts: tuple[tuple[str, Any], ...] = field(repr=False)
    password: str | None = field(repr=False)
    statement_seconds: float
    instance: str

    @property
    def database(self) -> str:
        """The database's name as configured; libpq falls back to the user's name."""
        parts = dict(self.parts)
        return str(parts.get("dbname") or parts.get("user") or "")

    def conninfo(self) -> str:
        """For psycopg; holds the password."""
        return complete(dict(self.parts), password=self.password, statement_seconds=self.statement_seconds)

    def of(self, database: str) -> "Address":
        """Another database of the same server."""
        return Address(
            tuple(sorted({**dict(self.parts), "dbname": database}.items())),
            self.password,
            self.statement_seconds,
            self.instance,
        )

    def __str__(self) -> str:
        return f"PostgreSQL database {self.database} at {self.instance}"


def address_of(context: IntegrationContext, options: AccessOptions, network_address: str = "") -> Address:
    """The database at `network_address`, by default that of the connection; the password as the options say.

    ConfigurationError for an address that is none, and for a password in clear that nobody insisted on.
    """
    address = network_address or context.network_address
    if not address:
        raise ConfigurationError(
            f"connector {context.connector_name} has no database",
            help=f"set {NETWORK_ADDRESS}, for example postgresql://catalog@db.example.org:5432/sales",
        )
    parts = parts_of(address, NETWORK_ADDRESS)
    connection = context.config.connection
    if connection.user_id and not parts.get("user"):
        parts["user"] = connection.user_id
    clear = next(
        (
            place
            for place, held in ((NETWORK_ADDRESS, parts.get("password")), ("clearPassword", connection.clear_password))
            if held
        ),
        "",
    )
    if clear and not options.allow_clear_password:
        raise ConfigurationError(
            f"connector {context.connector_name} has a password in clear in {clear}",
            help="embed a secrets store in its connection and set passwordSecret, or insist: allowClearPassword: true",
        )
    password = None
    if options.password_secret:
        password = context.secret(options.password_secret)
    elif connection.clear_password is not None:
        password = connection.clear_password.get_secret_value()
    return Address(
        tuple(sorted(parts.items())), password, options.statement_seconds, options.instance or server_of(parts)
    )

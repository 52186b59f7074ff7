"""Connections: where a technology is, who calls it, which connector does; and the connector that is built from one.

The beans are Egeria's (integration § 2, § 12): a Connection names its ConnectorType and Endpoint; a VirtualConnection
has embedded connections, each of which becomes a connector that the outer one is given (a secrets store, for example).
"""

import re
from collections.abc import Awaitable, Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, SecretStr, SerializeAsAny, model_validator
from pydantic.alias_generators import to_camel

from omrs_schemas.errors import ConfigurationError
from omrs_schemas.model.base import JsonBean

HIDDEN = "********"
"""What stands in place of a secret in everything that is shown, logged or sent."""

DEEPEST = 10  # connections inside connections; more is a mistake, and a circle would never end

# `passwordSecret` and the like name a secret of a secrets store.
_SECRET_KEY = re.compile(
    r"(password|passwd|(?<!password)(?<!token)(?<!registry)secret|token|credentials?|(api|access|private|secret)_?key)$",
    re.I,
)
# Begins with what is rare: a pattern that begins with the scheme takes seconds for a long word without any URL.
_PASSWORD_IN_URL = re.compile(r"(?P<before>://[^/@\s:]*):[^/\s]+@")


class ConnectionBean(BaseModel):
    """Base of the beans: Egeria's names, unknown fields ignored, values never shown in errors (they may be secret)."""

    model_config = ConfigDict(
        extra="ignore", alias_generator=to_camel, populate_by_name=True, frozen=True, hide_input_in_errors=True
    )

    qualified_name: str | None = None
    display_name: str | None = None
    description: str | None = None
    guid: str | None = None

    def to_bean(self) -> JsonBean:
        """Egeria's JSON form, secrets included: for the wire to a connector, never for people or logs."""
        return self._bean(lambda secret: secret)

    def redacted(self) -> JsonBean:
        """The same with every secret hidden: for status calls, logs and topics."""
        bean: JsonBean = without_secrets(self._bean(lambda _: HIDDEN))
        return bean

    def __repr_args__(self) -> Iterator[tuple[str | None, Any]]:
        yield from ((name, value) for name, value in self.redacted().items() if name != "class")

    def _bean(self, shown: Callable[[Any], Any]) -> JsonBean:
        bean: JsonBean = {"class": type(self).__name__}
        for name, described in type(self).model_fields.items():
            value = getattr(self, name)
            if value is None or value in ({}, (), ""):
                continue
            if isinstance(value, SecretStr):
                value = shown(value.get_secret_value())
            elif isinstance(value, ConnectionBean):
                value = value._bean(shown)
            elif isinstance(value, tuple):
                value = [item._bean(shown) if isinstance(item, ConnectionBean) else item for item in value]
            elif name == "secured_properties":
                value = {key: shown(secret) for key, secret in value.items()}
            bean[described.alias or name] = value
        return bean


class Endpoint(ConnectionBean):
    """Where the third party technology is. Egeria's beans call the address `address`, its metadata `networkAddress`."""

    network_address: str = ""
    protocol: str | None = None
    encryption_method: str | None = None

    @model_validator(mode="before")
    @classmethod
    def _either_name(cls, given: Any) -> Any:
        if isinstance(given, Mapping) and given.get("address") and not given.get("networkAddress"):
            return {**given, "networkAddress": given["address"]}
        return given

    def _bean(self, shown: Callable[[Any], Any]) -> JsonBean:
        """The address under both names."""
        bean = super()._bean(shown)
        return {**bean, "address": bean["networkAddress"]} if "networkAddress" in bean else bean


class ConnectorType(ConnectionBean):
    """Which class does the work: `package.module:Class`, or the name of an entry point."""

    connector_provider_class_name: str = ""
    recognized_configuration_properties: tuple[str, ...] = ()
    recognized_secured_properties: tuple[str, ...] = ()
    recognized_additional_properties: tuple[str, ...] = ()


class Connection(ConnectionBean):
    """How one technology is reached. Two are equal when everything in them is, secrets included."""

    connector_type: ConnectorType = ConnectorType()
    endpoint: Endpoint = Endpoint()
    user_id: str | None = None
    clear_password: SecretStr | None = None
    encrypted_password: SecretStr | None = None
    configuration_properties: dict[str, Any] = Field(default_factory=dict)
    secured_properties: dict[str, Any] = Field(default_factory=dict)

    @property
    def provider(self) -> str:
        """The connector's class or entry point; empty when the connection names none."""
        return self.connector_type.connector_provider_class_name

    @property
    def embedded(self) -> "tuple[EmbeddedConnection, ...]":
        """The embedded connections, in their order."""
        return ()

    def secret(self, name: str) -> str | None:
        """A secret that the connection itself holds: a secured property, `clearPassword` or `encryptedPassword`."""
        held = {"clearPassword": self.clear_password, "encryptedPassword": self.encrypted_password}.get(name)
        if held is not None:
            return held.get_secret_value()
        value = self.secured_properties.get(name)
        return None if value is None else str(value)

    def secret_names(self) -> Iterator[str]:
        """What of the connection and of those embedded in it is secret: names, never values."""
        if self.clear_password is not None:
            yield "clearPassword"
        if self.encrypted_password is not None:
            yield "encryptedPassword"
        yield from (f"securedProperties.{name}" for name in self.secured_properties)
        for name, shown in (
            ("endpoint.networkAddress", self.endpoint.network_address),
            ("configurationProperties", self.configuration_properties),
        ):
            if without_secrets(shown) != shown:
                yield name
        for number, embedded in enumerate(self.embedded):
            yield from (f"embeddedConnections.{number}.{name}" for name in embedded.connection.secret_names())


def parse_connection(given: Any) -> Any:
    """A Connection or VirtualConnection, as the bean's `class` (or its embedded connections) says."""
    if isinstance(given, Mapping):
        virtual = given.get("class") == "VirtualConnection" or given.get("embeddedConnections")
        return (VirtualConnection if virtual else Connection).model_validate(given)
    return given


AnyConnection = Annotated[SerializeAsAny[Connection], BeforeValidator(parse_connection)]
"""A field that takes either kind."""


class EmbeddedConnection(ConnectionBean):
    """One connection inside another: its place among them, its name there, arguments for this use of it."""

    position: int = 0
    arguments: dict[str, Any] = Field(default_factory=dict)
    connection: AnyConnection = Field(default_factory=Connection, alias="embeddedConnection")


class VirtualConnection(Connection):
    """A connection whose connector uses other connectors."""

    embedded_connections: tuple[EmbeddedConnection, ...] = ()

    @property
    def embedded(self) -> tuple[EmbeddedConnection, ...]:
        return tuple(sorted(self.embedded_connections, key=lambda one: one.position))


def without_secrets(value: Any) -> Any:
    """JSON with what looks like a secret hidden: passwords in URLs, texts under keys such as `password` or `apiKey`."""
    if isinstance(value, str):
        return _PASSWORD_IN_URL.sub(rf"\g<before>:{HIDDEN}@", value)
    if isinstance(value, Mapping):
        return {
            key: HIDDEN if isinstance(held, str) and _SECRET_KEY.search(str(key)) else without_secrets(held)
            for key, held in value.items()
        }
    return [without_secrets(item) for item in value] if isinstance(value, list | tuple) else value


@dataclass(frozen=True, slots=True)
class Embedded:
    """A connector inside another: its name there, and arguments for this use of it."""

    name: str
    connector: "Connector"
    arguments: dict[str, Any] = field(default_factory=dict)


class Connector:
    """What a connector broker makes of a connection. Made without arguments.

    `embedded`: the connectors of the connections inside a virtual one, in their order. The daemon starts them before
    the outer one is initialized, and disconnects them after it.
    """

    connection: Connection = Connection()
    embedded: tuple[Embedded, ...] = ()

    def start(self) -> Awaitable[None] | None:
        """Begin: connect to the technology."""

    def disconnect(self) -> Awaitable[None] | None:
        """Release everything."""


class ConnectorBroker:
    """Makes a connector of a connection, and connectors of those embedded in it.

    `load` makes an instance of what stands in a ConnectorType: the name of an entry point, or a class."""

    def __init__(self, load: Callable[[str], Connector]) -> None:
        self._load = load

    def connector_for(self, connection: Connection) -> Connector:
        """A new connector that knows its connection and has its embedded connectors; nothing of them is started.

        ConfigurationError names the part of the connection that is missing or wrong.
        """
        return self._connector_for(connection, "connection", 0)

    def _connector_for(self, connection: Connection, path: str, depth: int) -> Connector:
        if depth > DEEPEST:
            raise ConfigurationError(f"{path}: connections are nested more than {DEEPEST} deep", path=path)
        if not connection.provider:
            raise ConfigurationError(
                f"{path}.connectorType.connectorProviderClassName is missing",
                help="name an installed connector, or package.module:Class",
                path=path,
            )
        try:
            connector = self._load(connection.provider)
        except ConfigurationError as error:
            error.params.setdefault("path", f"{path}.connectorType.connectorProviderClassName")
            raise
        connector.connection = connection
        connector.embedded = tuple(
            Embedded(
                one.display_name or one.connection.display_name or "",
                self._connector_for(one.connection, f"{path}.embeddedConnections.{number}", depth + 1),
                dict(one.arguments),
            )
            for number, one in enumerate(connection.embedded)
        )
        return connector

"""Configuration of one connector, in the names of Egeria's IntegrationConnectorConfig (integration § 2)."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator
from pydantic.alias_generators import to_camel

from omrs_connectors.sdk.connections import AnyConnection, Connection, ConnectorType, Endpoint
from omrs_schemas.errors import UserNotAuthorizedError

_SHORT = ("connectorProviderClass", "endpoint", "configurationProperties")
"""What may stand beside the connector's name instead of inside a connection."""


class PermittedSynchronization(StrEnum):
    """Which way metadata may flow between open metadata and the third party technology."""

    BOTH_DIRECTIONS = "BOTH_DIRECTIONS"
    TO_THIRD_PARTY = "TO_THIRD_PARTY"
    FROM_THIRD_PARTY = "FROM_THIRD_PARTY"

    def check_write(self, connector: str, action: str) -> None:
        """UserNotAuthorizedError when the connector may not change open metadata."""
        if self is PermittedSynchronization.TO_THIRD_PARTY:
            raise UserNotAuthorizedError(
                f"connector {connector} may not {action}: its permittedSynchronization is {self}",
                help="set permittedSynchronization to FROM_THIRD_PARTY or BOTH_DIRECTIONS",
                connector=connector,
            )

    def check_third_party_write(self, connector: str, action: str) -> None:
        """UserNotAuthorizedError when the connector may not change the third party technology."""
        if self is PermittedSynchronization.FROM_THIRD_PARTY:
            raise UserNotAuthorizedError(
                f"connector {connector} may not {action}: its permittedSynchronization is {self}",
                help="set permittedSynchronization to TO_THIRD_PARTY or BOTH_DIRECTIONS",
                connector=connector,
            )


@dataclass(frozen=True, slots=True)
class Partner:
    """The metadata server that a connector works with: its name, and the URL of any of its workers."""

    name: str
    url: str = ""


class Deadlines(BaseModel):
    """Seconds that each call of a connector may take; one that takes longer is given up and the connector is FAILED."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    initialize: float = Field(60, gt=0, description="it reaches the metadata server, which may be starting")
    start: float = Field(60, gt=0, description="it connects to the technology")
    refresh: float = Field(1800, gt=0, description="a first catalogue of 100,000 elements takes minutes")
    event: float = Field(300, gt=0, description="one batch of events")
    disconnect: float = Field(8, gt=0, description="a daemon ends within 10 seconds, whatever its connectors do")


class IntegrationConnectorConfig(BaseModel):
    """One connector. Its class stands in the connection's connectorType: `package.module:Class`, or the name of an
    `omrs.connectors` entry point.

    In short, `connectorProviderClass`, `endpoint` and `configurationProperties` may be given instead of a connection.
    `refreshTimeInterval` is in minutes, fractions allowed; 0 or less = once at start and on request.
    """

    model_config = ConfigDict(
        extra="forbid", alias_generator=to_camel, populate_by_name=True, frozen=True, hide_input_in_errors=True
    )

    connector_name: str = Field(min_length=1)
    connector_id: str = ""
    connector_user_id: str | None = None
    connection: AnyConnection = Field(default_factory=Connection)
    metadata_source_qualified_name: str | None = None
    refresh_time_interval: float = Field(0.0, allow_inf_nan=False)
    uses_blocking_calls: bool = False
    permitted_synchronization: PermittedSynchronization | None = None  # None: the integration service's default
    generate_integration_reports: bool = True
    start_date: datetime | None = None
    stop_date: datetime | None = None
    isolation: Literal["thread", "process"] = "thread"
    memory_limit: int | None = Field(None, ge=64)  # MiB of a process; an interpreter with the SDK takes about 60
    deadlines: Deadlines = Deadlines()

    @model_validator(mode="before")
    @classmethod
    def _spell_out(cls, given: Any) -> Any:
        """The connector's id is its name unless one is given: it keys the daemon's reports. The short form is folded
        into a connection."""
        if not isinstance(given, Mapping):
            return given
        whole = {to_camel(name) if "_" in name else name: value for name, value in given.items()}
        if not whole.get("connectorId") and whole.get("connectorName"):
            whole["connectorId"] = whole["connectorName"]
        short = {name: whole.pop(name) for name in _SHORT if name in whole}
        if short and "connection" in whole:
            raise ValueError(f"{', '.join(short)}: part of the connection where there is one")
        if short:
            whole["connection"] = _connection_of(short)
        return whole

    @field_validator("start_date", "stop_date")
    @classmethod
    def _in_utc(cls, date: datetime | None) -> datetime | None:
        """A date without an offset is UTC."""
        return date.replace(tzinfo=UTC) if date is not None and date.tzinfo is None else date

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        if not self.connection.provider:
            raise ValueError("connectorProviderClass is missing: which connector is it?")
        if self.start_date and self.stop_date and self.stop_date < self.start_date:
            raise ValueError("stopDate is before startDate")
        if self.memory_limit is not None and self.isolation != "process":
            raise ValueError("memoryLimit needs isolation: process; threads share the daemon's memory")
        return self

    @property
    def connector_provider_class(self) -> str:
        return self.connection.provider

    @property
    def endpoint(self) -> Endpoint:
        return self.connection.endpoint

    @property
    def network_address(self) -> str:
        """Where the third party technology is."""
        return self.connection.endpoint.network_address

    @property
    def configuration_properties(self) -> Mapping[str, Any]:
        return self.connection.configuration_properties

    def with_overrides(
        self,
        *,
        configuration_properties: Mapping[str, Any] | None = None,
        network_address: str | None = None,
        connection: Connection | None = None,
    ) -> Self:
        """The same connector with another connection, then another address, then other configuration properties."""
        new = self.connection if connection is None else connection
        if network_address is not None:
            endpoint = new.endpoint.model_copy(update={"network_address": network_address})
            new = new.model_copy(update={"endpoint": endpoint})
        if configuration_properties is not None:
            new = new.model_copy(update={"configuration_properties": dict(configuration_properties)})
        return self if new == self.connection else self.model_copy(update={"connection": new})


def _connection_of(short: Mapping[str, Any]) -> dict[str, Any]:
    connection: dict[str, Any] = {}
    if "connectorProviderClass" in short:
        connection["connectorType"] = ConnectorType(connectorProviderClassName=short["connectorProviderClass"])
    for name in ("endpoint", "configurationProperties"):
        if short.get(name) is not None:
            connection[name] = short[name]
    return connection

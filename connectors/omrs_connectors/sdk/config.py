"""Configuration of one connector, in the names of Egeria's IntegrationConnectorConfig (integration § 2)."""

from datetime import datetime
from enum import StrEnum
from typing import Any, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator
from pydantic.alias_generators import to_camel

from omrs_schemas.errors import UserNotAuthorizedError


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


class Endpoint(BaseModel):
    """Where the third party technology is."""

    model_config = ConfigDict(extra="forbid", alias_generator=to_camel, populate_by_name=True, frozen=True)

    network_address: str = ""


class IntegrationConnectorConfig(BaseModel):
    """One connector; its provider is `package.module:Class` or the name of an `omrs.connectors` entry point.

    `refreshTimeInterval` is in minutes, fractions allowed; 0 or less = once at start and on request.
    """

    model_config = ConfigDict(extra="forbid", alias_generator=to_camel, populate_by_name=True, frozen=True)

    connector_name: str = Field(min_length=1)
    connector_id: str = ""
    connector_provider_class: str = Field(min_length=1)
    connector_user_id: str | None = None
    metadata_source_qualified_name: str | None = None
    refresh_time_interval: float = 0.0
    permitted_synchronization: PermittedSynchronization = PermittedSynchronization.BOTH_DIRECTIONS
    generate_integration_reports: bool = True
    start_date: datetime | None = None
    stop_date: datetime | None = None
    endpoint: Endpoint = Endpoint()
    configuration_properties: dict[str, Any] = Field(default_factory=dict)

    @model_validator(mode="before")
    @classmethod
    def _identify(cls, given: Any) -> Any:
        """The connector's id is its name unless one is given: it keys the daemon's reports."""
        if isinstance(given, dict) and not (given.get("connectorId") or given.get("connector_id")):
            name = given.get("connectorName") or given.get("connector_name")
            return {**given, "connectorId": name} if name else given
        return given

    @model_validator(mode="after")
    def _dates(self) -> Self:
        if self.start_date and self.stop_date and self.stop_date < self.start_date:
            raise ValueError("stopDate is before startDate")
        return self

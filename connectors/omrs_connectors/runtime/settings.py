"""Configuration of a daemon: YAML file, then environment (`OMRS_…`, `__` between levels), then command line."""

from pathlib import Path
from typing import Any, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator
from pydantic.alias_generators import to_camel
from pydantic_settings import BaseSettings, SettingsConfigDict

from omrs_connectors.sdk.config import IntegrationConnectorConfig, PermittedSynchronization
from omrs_connectors.services.registry import SERVICES
from omrs_schemas.errors import ConfigurationError
from omrs_streams.audit import AuditSettings
from omrs_streams.log.kafka import KafkaSettings
from omrs_streams.log.names import check_name
from omrs_streams.paths import data_root
from omrs_streams.settings import layered, read_yaml


class MetadataServer(BaseModel):
    """The metadata server that the daemon is paired with."""

    model_config = ConfigDict(extra="forbid")

    name: str = Field(description="name of the metadata server; its out topic wakes the connectors")
    url: str = Field(description="URL of any of the server's workers")


class ServiceSettings(BaseModel):
    """An integration service and the connectors that run in it (integration § 2)."""

    model_config = ConfigDict(extra="forbid", alias_generator=to_camel, populate_by_name=True)

    service: str = Field(description="URL marker of the service, such as `files-integrator`")
    server: MetadataServer | None = Field(None, description="the metadata server it works with; default the daemon's")
    default_permitted_synchronization: PermittedSynchronization | None = Field(
        None, description="for connectors that say nothing themselves; default the service's own"
    )
    options: dict[str, Any] = Field(default_factory=dict, description="options of the service")
    connectors: list[IntegrationConnectorConfig] = Field(default_factory=list, description="its connectors")

    @field_validator("service")
    @classmethod
    def _known(cls, marker: str) -> str:
        if marker not in SERVICES:
            raise ValueError(f"there is no integration service {marker!r}; there are: {', '.join(SERVICES)}")
        return marker


class GroupSettings(BaseModel):
    """An integration group: its connectors are metadata of the server (integration § 6)."""

    model_config = ConfigDict(extra="forbid")

    name: str = Field(min_length=1, description="qualifiedName of the IntegrationGroup")
    server: MetadataServer | None = Field(None, description="the server that holds it; default the daemon's")


class DaemonSettings(BaseSettings):
    """One worker of an integration daemon. All its workers have the same settings but for worker, host and port."""

    model_config = SettingsConfigDict(env_prefix="OMRS_", env_nested_delimiter="__", extra="forbid")

    daemon: str = Field(description="name of the daemon; part of its topic names and its consumer group")
    worker: str = Field("w1", description="name of this worker, unique in the daemon")
    server: MetadataServer = Field(description="the metadata server it is paired with")
    user_id: str = Field("integration-daemon", description="user that connectors act as unless they have their own")
    host: str = Field("127.0.0.1", description="address the status API listens on")
    port: int = Field(0, ge=0, le=65_535, description="port of the status API; 0 chooses a free one")
    max_page_size: int = Field(500, ge=1, description="instances that connectors ask for at once")
    call_timeout: float = Field(30.0, gt=0, description="seconds that one call to the metadata server may take")
    partitions: int = Field(8, ge=1, description="partitions of the command topic: so many workers can share")
    group_refresh: float = Field(2000.0, gt=0, description="seconds between two whole reads of an integration group")
    security: str = Field("", description="class of a security connector for the daemon's own API")
    audit: AuditSettings = Field(default_factory=AuditSettings, description="where audit messages go")
    kafka: KafkaSettings = Field(default_factory=KafkaSettings, description="which Kafka, and how to authenticate")
    data_dir: Path = Field(default_factory=data_root, description="where the daemon keeps its working files")
    services: list[ServiceSettings] = Field(default_factory=list, description="integration services, their connectors")
    groups: list[GroupSettings] = Field(default_factory=list, description="integration groups")
    connectors: list[IntegrationConnectorConfig] = Field(
        default_factory=list, description="connectors that run in the service that their class is written for"
    )

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        check_name("daemon", self.daemon)
        check_name("worker", self.worker)
        others = [each.server for each in self.services] + [each.server for each in self.groups]
        for server in (self.server, *(each for each in others if each)):
            check_name("server", server.name)
        _unique("service", [each.service for each in self.services])
        _unique("group", [each.name for each in self.groups])
        connectors = [*self.connectors, *(one for each in self.services for one in each.connectors)]
        _unique("connectorId", [each.connector_id for each in connectors])
        _unique("connectorName", [each.connector_name for each in connectors])
        if not (connectors or self.groups):
            raise ConfigurationError(
                f"daemon {self.daemon} has neither connectors nor integration groups",
                code="INTEGRATION-DAEMON-SERVICES-400-001",
                help="configure services with connectors, connectors, or groups",
            )
        return self


def _unique(what: str, values: list[str]) -> None:
    twice = sorted({value for value in values if values.count(value) > 1})
    if twice:
        raise ValueError(f"{what} must be unique; used more than once: {', '.join(twice)}")


def load_daemon_settings(config: Path, **given: Any) -> DaemonSettings:
    """Settings from `config` (YAML), the environment and `given` (None values are not given).

    Raises ConfigurationError that names the file and each setting that is wrong.
    """
    file = read_yaml(config)
    try:
        return DaemonSettings(**layered(DaemonSettings, file, given))
    except (ValidationError, ConfigurationError) as error:
        code = error.code if isinstance(error, ConfigurationError) else None
        raise ConfigurationError(
            f"{config}: {_problems(error)}", code=code, help="see docs/daemon.md for an example"
        ) from error


def _problems(error: ValidationError | ConfigurationError) -> str:
    if isinstance(error, ConfigurationError):
        return error.message
    return "; ".join(f"{'.'.join(map(str, item['loc'])) or 'settings'}: {item['msg']}" for item in error.errors())

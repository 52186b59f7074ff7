"""Configuration of a daemon: YAML file, then environment (`OMRS_…`, `__` between levels), then command line."""

from pathlib import Path
from typing import Any, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from omrs_connectors.sdk import IntegrationConnectorConfig
from omrs_schemas.errors import ConfigurationError
from omrs_streams.log.kafka import KafkaSettings
from omrs_streams.log.names import check_name
from omrs_streams.paths import data_root
from omrs_streams.settings import layered, read_yaml


class MetadataServer(BaseModel):
    """The metadata server that the daemon is paired with."""

    model_config = ConfigDict(extra="forbid")

    name: str = Field(description="name of the metadata server; its out topic wakes the connectors")
    url: str = Field(description="URL of any of the server's workers")


class DaemonSettings(BaseSettings):
    """One integration daemon and its connectors."""

    model_config = SettingsConfigDict(env_prefix="OMRS_", env_nested_delimiter="__", extra="forbid")

    daemon: str = Field(description="name of the daemon; part of its topic names and its consumer group")
    server: MetadataServer = Field(description="the metadata server it is paired with")
    user_id: str = Field("integration-daemon", description="user that connectors act as unless they have their own")
    host: str = Field("127.0.0.1", description="address the status API listens on")
    port: int = Field(0, ge=0, le=65_535, description="port of the status API; 0 chooses a free one")
    max_page_size: int = Field(500, ge=1, description="instances that connectors ask for at once")
    call_timeout: float = Field(30.0, gt=0, description="seconds that one call to the metadata server may take")
    server_wait: float = Field(60.0, gt=0, description="seconds to wait at start for the server's out topic")
    kafka: KafkaSettings = Field(default_factory=KafkaSettings, description="which Kafka, and how to authenticate")
    data_dir: Path = Field(default_factory=data_root, description="where the daemon keeps its working files")
    connectors: list[IntegrationConnectorConfig] = Field(
        default_factory=list, description="the connectors that it runs"
    )

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        check_name("daemon", self.daemon)
        check_name("server", self.server.name)
        for attribute in ("connector_id", "connector_name"):
            values = [getattr(connector, attribute) for connector in self.connectors]
            twice = sorted({value for value in values if values.count(value) > 1})
            if twice:
                raise ValueError(f"{attribute} must be unique; used more than once: {', '.join(twice)}")
        return self


def load_daemon_settings(config: Path, **given: Any) -> DaemonSettings:
    """Settings from `config` (YAML), the environment and `given` (None values are not given).

    Raises ConfigurationError that names the file and each setting that is wrong.
    """
    file = read_yaml(config)
    try:
        return DaemonSettings(**layered(DaemonSettings, file, given))
    except (ValidationError, ConfigurationError) as error:
        raise ConfigurationError(f"{config}: {_problems(error)}", help="see docs/daemon.md for an example") from error


def _problems(error: ValidationError | ConfigurationError) -> str:
    if isinstance(error, ConfigurationError):
        return error.message
    return "; ".join(f"{'.'.join(map(str, item['loc'])) or 'settings'}: {item['msg']}" for item in error.errors())

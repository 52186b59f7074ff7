"""Which Kafka a command talks to: `--bootstrap-servers`, else `OMRS_KAFKA__…`, else the embedded one."""

from typing import Annotated

import typer
from confluent_kafka.admin import AdminClient
from pydantic import Field, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict

from omrs_schemas.errors import ConfigurationError
from omrs_streams.log.kafka import KafkaSettings

BootstrapServers = Annotated[
    str,
    typer.Option("--bootstrap-servers", help="Kafka; default: OMRS_KAFKA__BOOTSTRAP_SERVERS, else the embedded one"),
]


class _Environment(BaseSettings):
    model_config = SettingsConfigDict(env_prefix="OMRS_", env_nested_delimiter="__", extra="ignore")

    kafka: KafkaSettings = Field(default_factory=KafkaSettings)


def kafka_settings(bootstrap_servers: str = "") -> KafkaSettings:
    """The settings of the environment with the given servers. ConfigurationError where there is no Kafka to talk to."""
    try:
        found = _Environment().kafka
    except ValidationError as error:
        problems = "; ".join(f"{'.'.join(map(str, item['loc']))}: {item['msg']}" for item in error.errors())
        raise ConfigurationError(f"the settings OMRS_KAFKA__… are not valid: {problems}") from error
    if bootstrap_servers:
        found = found.model_copy(update={"bootstrap_servers": bootstrap_servers})
    return found.resolved()


def admin_client(kafka: KafkaSettings) -> AdminClient:
    return AdminClient(kafka.librdkafka())

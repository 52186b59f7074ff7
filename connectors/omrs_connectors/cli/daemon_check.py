"""What `omrs daemon check` says of a connector without running it: what would make it CONFIG_FAILED."""

from collections.abc import Mapping
from typing import Any

from omrs_connectors.runtime.loading import connector_broker
from omrs_connectors.sdk import IntegrationConnector, IntegrationConnectorConfig
from omrs_connectors.services.registry import service_for, service_of
from omrs_schemas.errors import ConfigurationError


def looked_at(config: IntegrationConnectorConfig, marker: str) -> tuple[Mapping[str, Any], ConfigurationError | None]:
    """How a connector would run, and what is wrong with it: its classes, its service, its options.

    `marker`: the service that it is configured under; "" for the one that its class is written for.
    """
    problem: ConfigurationError | None = None
    try:
        connector = connector_broker().connector_for(config.connection)
        if not marker and isinstance(connector, IntegrationConnector):
            marker = service_of(connector).url_marker
        service_for(marker or "generic").check(connector, config.connector_name)
        if isinstance(connector, IntegrationConnector) and connector.Options is not None:
            connector.Options.parse(config.configuration_properties)
    except ConfigurationError as error:
        who = f"connector {config.connector_name}"
        message = error.message if error.message.startswith(f"{who} ") else f"{who}: {error.message}"
        problem = ConfigurationError(message, code=error.code, help=error.help)
    row = {
        "connector": config.connector_name,
        "service": marker,
        "provider": config.connector_provider_class,
        "every": f"{config.refresh_time_interval:g} min" if config.refresh_time_interval > 0 else "once",
        "where": config.connection.endpoint.redacted().get("networkAddress", ""),
    }
    return row, problem

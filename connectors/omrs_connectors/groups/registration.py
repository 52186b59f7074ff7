"""A connector's configuration as the properties of its registration and its element, in the names of a release."""

import math
from datetime import datetime
from typing import Any

import orjson

from omrs_connectors.groups.reading import ORDINALS, OWN_SETTINGS, REGISTRATION
from omrs_connectors.sdk.config import IntegrationConnectorConfig
from omrs_connectors.sdk.releases import TypeNames
from omrs_schemas.model.dates import datetime_ms
from omrs_schemas.typedefs.system import TypeSystem

Bean = dict[str, Any]


def registration_properties(types: TypeSystem, names: TypeNames, config: IntegrationConnectorConfig) -> Bean:
    """Of RegisteredIntegrationConnector; None for what is not set. Metadata counts whole minutes: a fraction is rounded
    up."""
    permitted = config.permitted_synchronization
    kinds = types.attributes(REGISTRATION)["permittedSynchronization"].enum or {}
    return {
        "connectorName": config.connector_name,
        "connectorUserId": config.connector_user_id,
        "metadataSourceQualifiedName": config.metadata_source_qualified_name,
        "refreshTimeInterval": math.ceil(config.refresh_time_interval),
        "permittedSynchronization": None if permitted is None else kinds[ORDINALS[permitted]]["value"],
        "startDate": _ms(config.start_date),
        names.registration_stop: _ms(config.stop_date),
        names.registration_reports: config.generate_integration_reports,
    }


def connector_properties(names: TypeNames, config: IntegrationConnectorConfig) -> Bean:
    """Of IntegrationConnector. What open metadata has no attribute for stands in its additionalProperties."""
    plain = config.model_dump(mode="json", by_alias=True, exclude_defaults=True)
    own = {name: plain[name] for name in OWN_SETTINGS if plain.get(name) is not None}
    texts = {name: value if isinstance(value, str) else orjson.dumps(value).decode() for name, value in own.items()}
    return {
        names.asset_name: config.connector_name,
        "usesBlockingCalls": config.uses_blocking_calls,
        "additionalProperties": texts or None,
    }


def _ms(date: datetime | None) -> int | None:
    return None if date is None else datetime_ms(date)

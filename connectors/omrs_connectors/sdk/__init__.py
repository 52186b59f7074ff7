"""What a connector author subclasses and is handed: connector, context, listener."""

from omrs_connectors.sdk.config import Endpoint, IntegrationConnectorConfig, PermittedSynchronization
from omrs_connectors.sdk.connector import IntegrationConnector
from omrs_connectors.sdk.context import IntegrationContext
from omrs_connectors.sdk.listener import ENTITY_CHANGES, RELATIONSHIP_CHANGES, Listener
from omrs_connectors.sdk.releases import TypeNames, type_names
from omrs_connectors.sdk.report import ActivityReport

__all__ = [
    "ENTITY_CHANGES",
    "RELATIONSHIP_CHANGES",
    "ActivityReport",
    "Endpoint",
    "IntegrationConnector",
    "IntegrationConnectorConfig",
    "IntegrationContext",
    "Listener",
    "PermittedSynchronization",
    "TypeNames",
    "type_names",
]

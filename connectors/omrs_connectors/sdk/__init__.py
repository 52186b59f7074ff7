"""What a connector author subclasses and is handed: connector, options, context, connections, listeners, secrets."""

from omrs_connectors.sdk.config import Deadlines, IntegrationConnectorConfig, Partner, PermittedSynchronization
from omrs_connectors.sdk.connections import (
    Connection,
    ConnectorBroker,
    ConnectorType,
    EmbeddedConnection,
    Endpoint,
    VirtualConnection,
)
from omrs_connectors.sdk.connector import Connector, Embedded, IntegrationConnector
from omrs_connectors.sdk.context import IntegrationContext
from omrs_connectors.sdk.listener import ENTITY_CHANGES, RELATIONSHIP_CHANGES, Listener, Source, TopicRecord
from omrs_connectors.sdk.options import ConnectorOptions
from omrs_connectors.sdk.releases import TypeNames, type_names
from omrs_connectors.sdk.report import ActivityReport
from omrs_connectors.sdk.secrets import SecretsStoreConnector
from omrs_connectors.sdk.targets import CatalogTarget

__all__ = [
    "ENTITY_CHANGES",
    "RELATIONSHIP_CHANGES",
    "ActivityReport",
    "CatalogTarget",
    "Connection",
    "Connector",
    "ConnectorBroker",
    "ConnectorOptions",
    "ConnectorType",
    "Deadlines",
    "Embedded",
    "EmbeddedConnection",
    "Endpoint",
    "IntegrationConnector",
    "IntegrationConnectorConfig",
    "IntegrationContext",
    "Listener",
    "Partner",
    "PermittedSynchronization",
    "SecretsStoreConnector",
    "Source",
    "TopicRecord",
    "TypeNames",
    "VirtualConnection",
    "type_names",
]

"""The public surface: `__all__` is sorted, complete and importable, and nothing else is offered."""

import importlib
from types import ModuleType

import pytest

PUBLIC = {
    "omrs_schemas.codec": {"FINGERPRINTS", "EventCodec", "fingerprint"},
    "omrs_schemas.typedefs": {"AttributeSpec", "TypeSystem"},
    "omrs_streams.client": {
        "EVENT_ID_HEADER",
        "AsyncMetadataClient",
        "AsyncSubscription",
        "Condition",
        "Entity",
        "EntityHeader",
        "EventProducer",
        "ExternalSource",
        "Graph",
        "MetadataClient",
        "OutEvent",
        "OutTopicReader",
        "PartialAnswerWarning",
        "Relationship",
        "Retry",
        "SearchProperties",
        "Subscription",
        "contains",
        "ends_with",
        "exact",
        "starts_with",
    },
    "omrs_streams.proxy": {
        "EventMapper",
        "EventProcessor",
        "MappedEntity",
        "MappedRelationship",
        "ProxyContext",
        "RepositoryConnector",
    },
    "omrs_connectors.kit": {
        "ConnectorKit",
        "DiedError",
        "MemoryServer",
        "Snapshot",
        "Trial",
        "TrialError",
        "VirtualClock",
    },
    "omrs_connectors.sdk": {
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
    },
}


@pytest.mark.parametrize("package", PUBLIC)
def test_all_is_exact(package: str) -> None:
    module = importlib.import_module(package)
    offered = {
        name
        for name, value in vars(module).items()
        if not name.startswith("_")
        and not isinstance(value, ModuleType)
        and getattr(value, "__module__", "") != package
    }
    assert len(module.__all__) == len(set(module.__all__))
    assert set(module.__all__) == PUBLIC[package] == offered

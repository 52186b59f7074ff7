"""HTTP client of a metadata server, for connectors, the command line and programs."""

from omrs_streams.client.calls import ExternalSource
from omrs_streams.client.event_producer import EventProducer
from omrs_streams.client.exchange import EVENT_ID_HEADER, PartialAnswerWarning, Retry
from omrs_streams.client.instances import Entity, EntityHeader, Graph, Relationship
from omrs_streams.client.metadata import AsyncMetadataClient, MetadataClient
from omrs_streams.client.out_topic import OutTopicReader
from omrs_streams.client.search import Condition, SearchProperties, contains, ends_with, exact, starts_with
from omrs_streams.client.selection import OutEvent
from omrs_streams.client.subscription import AsyncSubscription, Subscription

__all__ = [
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
]

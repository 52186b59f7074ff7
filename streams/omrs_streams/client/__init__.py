"""HTTP client of a metadata server, for connectors, the command line and programs."""

from omrs_streams.client.calls import ExternalSource
from omrs_streams.client.event_producer import EventProducer
from omrs_streams.client.metadata import MetadataClient
from omrs_streams.client.out_topic import OutTopicReader
from omrs_streams.client.search import Condition, SearchProperties, contains, ends_with, exact, starts_with
from omrs_streams.client.transport import EVENT_ID_HEADER, Retry

__all__ = [
    "EVENT_ID_HEADER",
    "Condition",
    "EventProducer",
    "ExternalSource",
    "MetadataClient",
    "OutTopicReader",
    "Retry",
    "SearchProperties",
    "contains",
    "ends_with",
    "exact",
    "starts_with",
]

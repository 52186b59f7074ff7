"""Topic Integrator: connectors and context for topics and events (integration § 11)."""

from dataclasses import dataclass
from typing import ClassVar

from omrs_connectors.sdk.connector import IntegrationConnector
from omrs_connectors.sdk.context import IntegrationContext
from omrs_connectors.services.base import FROM_THIRD_PARTY, IntegrationService, wiki_of
from omrs_connectors.services.below import ASSET_SCHEMA, SCHEMA_OPTION
from omrs_connectors.services.elements import Kind
from omrs_connectors.services.kinds import Through
from omrs_connectors.services.schemas import (
    AssetProperties,
    CapabilityProperties,
    SchemaTypeProperties,
    schema_attributes,
)
from omrs_connectors.services.uses import asset_uses, data_flows


@dataclass(frozen=True, kw_only=True)
class TopicProperties(AssetProperties):
    """Topic. Partitions and replicas: KafkaTopic of 4.x only."""

    topic_type: str | None = None
    partitions: int | None = None
    replicas: int | None = None


class TopicIntegratorContext(IntegrationContext):
    """Topics of event brokers, the events on them and their schemas.

    An event type hangs below a topic: the topic's schema is then a list of event types. Attributes hang below an event
    type or an attribute.
    """

    event_brokers = Kind("event brokers", CapabilityProperties, ("EventBroker",))
    topics = Kind("topics", TopicProperties, ("Topic",))
    event_types = Kind(
        "types of events on a topic",
        SchemaTypeProperties,
        ("EventType",),
        below=(SCHEMA_OPTION,),
        through=Through(ASSET_SCHEMA, "EventTypeList", "::events"),
        anchored=True,
    )
    event_attributes = schema_attributes("fields of an event", "EventSchemaAttribute")
    uses = asset_uses("what a broker has")
    data_flows = data_flows()


class TopicIntegratorConnector(IntegrationConnector):
    """Runs under `topic-integrator`."""

    service: ClassVar[str] = "topic-integrator"
    context: TopicIntegratorContext


TOPIC = IntegrationService(
    id=4002,
    full_name="Topic Integrator OMIS",
    url_marker="topic-integrator",
    description="Catalogues topics of event brokers, the events on them and their schemas.",
    wiki=wiki_of("topic-integrator"),
    partner="Data Manager OMAS",
    default_permitted_synchronization=FROM_THIRD_PARTY,
    connector_class=TopicIntegratorConnector,
    context_class=TopicIntegratorContext,
)

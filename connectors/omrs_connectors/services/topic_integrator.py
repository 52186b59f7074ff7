"""Topic Integrator: connectors and context for topics and events (integration § 11)."""

from typing import ClassVar

from omrs_connectors.sdk.connector import IntegrationConnector
from omrs_connectors.sdk.context import IntegrationContext
from omrs_connectors.services.base import FROM_THIRD_PARTY, IntegrationService, wiki_of


class TopicIntegratorContext(IntegrationContext):
    """Metadata of topics and events."""


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

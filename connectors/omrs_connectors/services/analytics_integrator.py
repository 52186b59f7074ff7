"""Analytics Integrator: connectors and context for analytics (integration § 11)."""

from typing import ClassVar

from omrs_connectors.sdk.connector import IntegrationConnector
from omrs_connectors.sdk.context import IntegrationContext
from omrs_connectors.services.base import BOTH_DIRECTIONS, IntegrationService, wiki_of


class AnalyticsIntegratorContext(IntegrationContext):
    """Metadata of analytics."""


class AnalyticsIntegratorConnector(IntegrationConnector):
    """Runs under `analytics-integrator`."""

    service: ClassVar[str] = "analytics-integrator"
    context: AnalyticsIntegratorContext


ANALYTICS = IntegrationService(
    id=4009,
    full_name="Analytics Integrator OMIS",
    url_marker="analytics-integrator",
    description="Exchanges analytics models, the data sets they work on and their runs with analytics tools.",
    wiki=wiki_of("analytics-integrator"),
    partner="Data Science OMAS",
    default_permitted_synchronization=BOTH_DIRECTIONS,
    connector_class=AnalyticsIntegratorConnector,
    context_class=AnalyticsIntegratorContext,
)

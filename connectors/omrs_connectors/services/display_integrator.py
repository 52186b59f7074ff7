"""Display Integrator: connectors and context for reports, forms and queries (integration § 11)."""

from typing import ClassVar

from omrs_connectors.sdk.connector import IntegrationConnector
from omrs_connectors.sdk.context import IntegrationContext
from omrs_connectors.services.base import FROM_THIRD_PARTY, IntegrationService, wiki_of


class DisplayIntegratorContext(IntegrationContext):
    """Metadata of reports, forms and queries."""


class DisplayIntegratorConnector(IntegrationConnector):
    """Runs under `display-integrator`."""

    service: ClassVar[str] = "display-integrator"
    context: DisplayIntegratorContext


DISPLAY = IntegrationService(
    id=4003,
    full_name="Display Integrator OMIS",
    url_marker="display-integrator",
    description="Catalogues what shows data to people and takes it from them: reports, forms and queries.",
    wiki=wiki_of("display-integrator"),
    partner="Data Manager OMAS",
    default_permitted_synchronization=FROM_THIRD_PARTY,
    connector_class=DisplayIntegratorConnector,
    context_class=DisplayIntegratorContext,
)

"""API Integrator: connectors and context for APIs (integration § 11)."""

from typing import ClassVar

from omrs_connectors.sdk.connector import IntegrationConnector
from omrs_connectors.sdk.context import IntegrationContext
from omrs_connectors.services.base import FROM_THIRD_PARTY, IntegrationService, wiki_of


class APIIntegratorContext(IntegrationContext):
    """Metadata of APIs."""


class APIIntegratorConnector(IntegrationConnector):
    """Runs under `api-integrator`."""

    service: ClassVar[str] = "api-integrator"
    context: APIIntegratorContext


API = IntegrationService(
    id=4001,
    full_name="API Integrator OMIS",
    url_marker="api-integrator",
    description="Catalogues APIs of gateways and services: operations, parameters and what they answer.",
    wiki=wiki_of("api-integrator"),
    partner="Data Manager OMAS",
    default_permitted_synchronization=FROM_THIRD_PARTY,
    connector_class=APIIntegratorConnector,
    context_class=APIIntegratorContext,
)

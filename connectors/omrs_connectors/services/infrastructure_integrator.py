"""Infrastructure Integrator: connectors and context for IT infrastructure (integration § 11)."""

from typing import ClassVar

from omrs_connectors.sdk.connector import IntegrationConnector
from omrs_connectors.sdk.context import IntegrationContext
from omrs_connectors.services.base import BOTH_DIRECTIONS, IntegrationService, wiki_of


class InfrastructureIntegratorContext(IntegrationContext):
    """Metadata of IT infrastructure."""


class InfrastructureIntegratorConnector(IntegrationConnector):
    """Runs under `infrastructure-integrator`."""

    service: ClassVar[str] = "infrastructure-integrator"
    context: InfrastructureIntegratorContext


INFRASTRUCTURE = IntegrationService(
    id=4011,
    full_name="Infrastructure Integrator OMIS",
    url_marker="infrastructure-integrator",
    description="Exchanges hosts, platforms, servers, their capabilities and endpoints with IT management tools.",
    wiki=wiki_of("infrastructure-integrator"),
    partner="IT Infrastructure OMAS",
    default_permitted_synchronization=BOTH_DIRECTIONS,
    connector_class=InfrastructureIntegratorConnector,
    context_class=InfrastructureIntegratorContext,
)

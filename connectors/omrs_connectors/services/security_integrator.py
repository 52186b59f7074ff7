"""Security Integrator: connectors and context for what protects data (integration § 11)."""

from typing import ClassVar

from omrs_connectors.sdk.connector import IntegrationConnector
from omrs_connectors.sdk.context import IntegrationContext
from omrs_connectors.services.base import TO_THIRD_PARTY, IntegrationService, wiki_of


class SecurityIntegratorContext(IntegrationContext):
    """Metadata of what protects data."""


class SecurityIntegratorConnector(IntegrationConnector):
    """Runs under `security-integrator`."""

    service: ClassVar[str] = "security-integrator"
    context: SecurityIntegratorContext


SECURITY = IntegrationService(
    id=4008,
    full_name="Security Integrator OMIS",
    url_marker="security-integrator",
    description="Hands security tags, groups and zones to the technology that enforces access.",
    wiki=wiki_of("security-integrator"),
    partner="Security Manager OMAS",
    default_permitted_synchronization=TO_THIRD_PARTY,
    connector_class=SecurityIntegratorConnector,
    context_class=SecurityIntegratorContext,
)

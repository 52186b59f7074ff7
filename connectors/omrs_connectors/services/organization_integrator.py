"""Organization Integrator: connectors and context for people and teams (integration § 11)."""

from typing import ClassVar

from omrs_connectors.sdk.connector import IntegrationConnector
from omrs_connectors.sdk.context import IntegrationContext
from omrs_connectors.services.base import FROM_THIRD_PARTY, IntegrationService, wiki_of


class OrganizationIntegratorContext(IntegrationContext):
    """Metadata of people and teams."""


class OrganizationIntegratorConnector(IntegrationConnector):
    """Runs under `organization-integrator`."""

    service: ClassVar[str] = "organization-integrator"
    context: OrganizationIntegratorContext


ORGANIZATION = IntegrationService(
    id=4007,
    full_name="Organization Integrator OMIS",
    url_marker="organization-integrator",
    description="Loads people, teams and roles of an organization, and their user identities.",
    wiki=wiki_of("organization-integrator"),
    partner="Community Profile OMAS",
    default_permitted_synchronization=FROM_THIRD_PARTY,
    connector_class=OrganizationIntegratorConnector,
    context_class=OrganizationIntegratorContext,
)

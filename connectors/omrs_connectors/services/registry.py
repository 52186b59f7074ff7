"""Every integration service by its URL marker (integration § 11)."""

from collections.abc import Mapping
from types import MappingProxyType

from omrs_connectors.sdk.connector import IntegrationConnector
from omrs_connectors.sdk.context import IntegrationContext
from omrs_connectors.services.analytics_integrator import ANALYTICS
from omrs_connectors.services.api_integrator import API
from omrs_connectors.services.base import BOTH_DIRECTIONS, IntegrationService
from omrs_connectors.services.catalog_integrator import CATALOG
from omrs_connectors.services.database_integrator import DATABASE
from omrs_connectors.services.display_integrator import DISPLAY
from omrs_connectors.services.files_integrator import FILES
from omrs_connectors.services.infrastructure_integrator import INFRASTRUCTURE
from omrs_connectors.services.lineage_integrator import LINEAGE
from omrs_connectors.services.organization_integrator import ORGANIZATION
from omrs_connectors.services.security_integrator import SECURITY
from omrs_connectors.services.stewardship_integrator import STEWARDSHIP
from omrs_connectors.services.topic_integrator import TOPIC
from omrs_schemas.errors import ConfigurationError

GENERIC = IntegrationService(
    id=4099,
    full_name="Integration Daemon generic context",
    url_marker="generic",
    description="Runs connectors that need no service's typed methods, only the common context.",
    wiki="https://egeria-project.org/concepts/integration-connector/",
    partner="",
    default_permitted_synchronization=BOTH_DIRECTIONS,
    connector_class=IntegrationConnector,
    context_class=IntegrationContext,
)
"""Of the project's own: connectors of no service (integration § 11: newer releases have one generic context only)."""

_ALL = (
    CATALOG,
    API,
    TOPIC,
    DISPLAY,
    DATABASE,
    FILES,
    LINEAGE,
    ORGANIZATION,
    SECURITY,
    ANALYTICS,
    INFRASTRUCTURE,
    STEWARDSHIP,
    GENERIC,
)

SERVICES: Mapping[str, IntegrationService] = MappingProxyType({service.url_marker: service for service in _ALL})
"""In the order of their ids. 4004 and 4005 are given by integration § 11, the others by the same numbering (40nn where
newer releases say 6nn); the stewardship integrator and `generic` have the project's own."""


def service_for(marker: str) -> IntegrationService:
    """The service of a URL marker. ConfigurationError (INTEGRATION-DAEMON-SERVICES-400-010) where there is none."""
    service = SERVICES.get(marker)
    if service is None:
        raise ConfigurationError(
            f"there is no integration service {marker!r}",
            code="INTEGRATION-DAEMON-SERVICES-400-010",
            help=f"URL markers: {', '.join(SERVICES)}",
            service=marker,
        )
    return service


def service_of(connector: IntegrationConnector | type[IntegrationConnector]) -> IntegrationService:
    """The service that a connector is written for: the one whose class it inherits from; else the generic one."""
    kind = connector if isinstance(connector, type) else type(connector)
    return next((service for service in _ALL if issubclass(kind, service.connector_class)), GENERIC)

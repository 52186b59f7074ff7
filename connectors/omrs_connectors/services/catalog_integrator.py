"""Catalog Integrator: connectors and context for other catalogs (integration § 11)."""

from typing import ClassVar

from omrs_connectors.sdk.connector import IntegrationConnector
from omrs_connectors.sdk.context import IntegrationContext
from omrs_connectors.services.base import BOTH_DIRECTIONS, IntegrationService, wiki_of


class CatalogIntegratorContext(IntegrationContext):
    """Metadata of other catalogs."""


class CatalogIntegratorConnector(IntegrationConnector):
    """Runs under `catalog-integrator`."""

    service: ClassVar[str] = "catalog-integrator"
    context: CatalogIntegratorContext


CATALOG = IntegrationService(
    id=4000,
    full_name="Catalog Integrator OMIS",
    url_marker="catalog-integrator",
    description="Keeps assets and glossaries in step with other catalogs, in both directions.",
    wiki=wiki_of("catalog-integrator"),
    partner="Asset Manager OMAS",
    default_permitted_synchronization=BOTH_DIRECTIONS,
    connector_class=CatalogIntegratorConnector,
    context_class=CatalogIntegratorContext,
)

"""Database Integrator: connectors and context for relational databases (integration § 11)."""

from typing import ClassVar

from omrs_connectors.sdk.connector import IntegrationConnector
from omrs_connectors.sdk.context import IntegrationContext
from omrs_connectors.services.base import FROM_THIRD_PARTY, IntegrationService, wiki_of


class DatabaseIntegratorContext(IntegrationContext):
    """Metadata of relational databases."""


class DatabaseIntegratorConnector(IntegrationConnector):
    """Runs under `database-integrator`."""

    service: ClassVar[str] = "database-integrator"
    context: DatabaseIntegratorContext


DATABASE = IntegrationService(
    id=4004,
    full_name="Database Integrator OMIS",
    url_marker="database-integrator",
    description="Catalogues relational databases: schemas, tables, views, columns and keys.",
    wiki=wiki_of("database-integrator"),
    partner="Data Manager OMAS",
    default_permitted_synchronization=FROM_THIRD_PARTY,
    connector_class=DatabaseIntegratorConnector,
    context_class=DatabaseIntegratorContext,
)

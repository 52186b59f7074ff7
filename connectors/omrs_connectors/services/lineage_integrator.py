"""Lineage Integrator: connectors and context for processes and lineage (integration § 11)."""

from typing import ClassVar

from omrs_connectors.sdk.connector import IntegrationConnector
from omrs_connectors.sdk.context import IntegrationContext
from omrs_connectors.services.base import FROM_THIRD_PARTY, IntegrationService, wiki_of


class LineageIntegratorContext(IntegrationContext):
    """Metadata of processes and lineage."""


class LineageIntegratorConnector(IntegrationConnector):
    """Runs under `lineage-integrator`."""

    service: ClassVar[str] = "lineage-integrator"
    context: LineageIntegratorContext


LINEAGE = IntegrationService(
    id=4006,
    full_name="Lineage Integrator OMIS",
    url_marker="lineage-integrator",
    description="Records processes, their ports and the lineage between data; receives open lineage events.",
    wiki=wiki_of("lineage-integrator"),
    partner="Asset Manager OMAS",
    default_permitted_synchronization=FROM_THIRD_PARTY,
    connector_class=LineageIntegratorConnector,
    context_class=LineageIntegratorContext,
)

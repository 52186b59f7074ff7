"""Stewardship Integrator: connectors and context for the work of stewards (integration § 11)."""

from typing import ClassVar

from omrs_connectors.sdk.connector import IntegrationConnector
from omrs_connectors.sdk.context import IntegrationContext
from omrs_connectors.services.base import BOTH_DIRECTIONS, IntegrationService, wiki_of


class StewardshipIntegratorContext(IntegrationContext):
    """Metadata of the work of stewards."""


class StewardshipIntegratorConnector(IntegrationConnector):
    """Runs under `stewardship-integrator`."""

    service: ClassVar[str] = "stewardship-integrator"
    context: StewardshipIntegratorContext


STEWARDSHIP = IntegrationService(
    id=4012,
    full_name="Stewardship Integrator OMIS",
    url_marker="stewardship-integrator",
    description="Exchanges to-dos, incident reports and annotations with tools that stewards work with.",
    wiki=wiki_of("stewardship-integrator"),
    partner="Stewardship Action OMAS",
    default_permitted_synchronization=BOTH_DIRECTIONS,
    connector_class=StewardshipIntegratorConnector,
    context_class=StewardshipIntegratorContext,
)

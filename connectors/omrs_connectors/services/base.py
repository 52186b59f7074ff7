"""`IntegrationService`: one kind of integration connector (integration § 2, § 11)."""

from dataclasses import dataclass

from omrs_connectors.sdk.config import PermittedSynchronization
from omrs_connectors.sdk.connector import IntegrationConnector
from omrs_connectors.sdk.context import IntegrationContext
from omrs_schemas.errors import ConfigurationError

FROM_THIRD_PARTY = PermittedSynchronization.FROM_THIRD_PARTY
TO_THIRD_PARTY = PermittedSynchronization.TO_THIRD_PARTY
BOTH_DIRECTIONS = PermittedSynchronization.BOTH_DIRECTIONS


def wiki_of(url_marker: str) -> str:
    """Where the service is described for Egeria's users."""
    return f"https://egeria-project.org/services/omis/{url_marker}/overview/"


@dataclass(frozen=True, slots=True)
class IntegrationService:
    """What runs under a URL marker: the class its connectors inherit from and the context they are handed.

    `partner` is the access service that a metadata server of Egeria answers the context's calls by; "" for none.
    """

    id: int
    full_name: str
    url_marker: str
    description: str
    wiki: str
    partner: str
    default_permitted_synchronization: PermittedSynchronization
    connector_class: type[IntegrationConnector]
    context_class: type[IntegrationContext]

    @property
    def name(self) -> str:
        """The short name: "Files Integrator"."""
        return self.full_name.removesuffix(" OMIS")

    @property
    def code_prefix(self) -> str:
        """What ids of the service's messages and errors begin with: OMIS-FILES-INTEGRATOR."""
        return f"OMIS-{self.url_marker.upper()}"

    def check(self, connector: object, connector_name: str) -> None:
        """ConfigurationError `<code prefix>-400-001` for a connector that is not of the service's kind."""
        if isinstance(connector, self.connector_class):
            return
        required = f"{self.connector_class.__module__}.{self.connector_class.__qualname__}"
        raise ConfigurationError(
            f"connector {connector_name} cannot run in the {self.full_name}: its class {type(connector).__qualname__} "
            f"does not inherit from {required}",
            code=f"{self.code_prefix}-400-001",
            help="configure it under the integration service that it is written for, or correct its base class",
            connector=connector_name,
            service=self.full_name,
            required=required,
        )

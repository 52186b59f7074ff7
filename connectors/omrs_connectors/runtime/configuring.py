"""From settings to connectors that are configured in full: with their service, their metadata server, its defaults."""

from collections.abc import Mapping
from dataclasses import dataclass

from omrs_connectors.runtime.loading import connector_class
from omrs_connectors.runtime.settings import DaemonSettings, MetadataServer, ServiceSettings
from omrs_connectors.sdk.config import IntegrationConnectorConfig, Partner
from omrs_connectors.sdk.connector import IntegrationConnector
from omrs_connectors.services.base import IntegrationService
from omrs_connectors.services.registry import GENERIC, SERVICES, service_of
from omrs_schemas.errors import ConfigurationError


@dataclass(frozen=True, slots=True)
class Configured:
    """A connector as it shall run."""

    config: IntegrationConnectorConfig
    service: IntegrationService
    partner: Partner


def partner_of(settings: DaemonSettings, server: MetadataServer | None) -> Partner:
    """The daemon's metadata server unless another is named."""
    chosen = server or settings.server
    return Partner(chosen.name, chosen.url)


def configured(
    config: IntegrationConnectorConfig,
    service: IntegrationService | None,
    partner: Partner,
    settings: ServiceSettings | None = None,
) -> Configured:
    """With what the service says where the connector says nothing. `service` None: the one its class is written for."""
    service = service or service_of_class(config.connector_provider_class)
    permitted = config.permitted_synchronization
    if permitted is None and settings is not None:
        permitted = settings.default_permitted_synchronization
    if permitted is None:
        permitted = service.default_permitted_synchronization
    return Configured(config.model_copy(update={"permitted_synchronization": permitted}), service, partner)


def static_connectors(settings: DaemonSettings) -> dict[str, dict[str, Configured]]:
    """By the URL marker of their service, then by their id, in the order of the configuration."""
    found: dict[str, dict[str, Configured]] = {}
    for given in settings.services:
        partner = partner_of(settings, given.server)
        found[given.service] = {
            each.connector_id: configured(each, SERVICES[given.service], partner, given) for each in given.connectors
        }
    for config in settings.connectors:
        one = configured(config, None, partner_of(settings, None))
        found.setdefault(one.service.url_marker, {})[config.connector_id] = one
    return found


def service_of_class(provider: str) -> IntegrationService:
    """Generic for a class that cannot be loaded: the connector's status says what is wrong with it."""
    try:
        kind = connector_class(provider)
    except ConfigurationError:
        return GENERIC
    return service_of(kind) if issubclass(kind, IntegrationConnector) else GENERIC


class Members:
    """The connectors of one group, configured in full; those that have not changed are not looked at again."""

    def __init__(self, partner: Partner) -> None:
        self._partner = partner
        self._known: dict[str, tuple[IntegrationConnectorConfig, Configured]] = {}

    def __call__(
        self, configs: Mapping[str, IntegrationConnectorConfig]
    ) -> tuple[dict[str, Configured], list[tuple[IntegrationConnectorConfig, ConfigurationError]]]:
        """Them by id, and those among the changed ones that are of no kind that can run. On a thread: their modules are
        imported."""
        known: dict[str, tuple[IntegrationConnectorConfig, Configured]] = {}
        unknown = []
        for each, config in configs.items():
            before = self._known.get(each)
            if before is not None and before[0] == config:
                known[each] = before
                continue
            known[each] = (config, configured(config, None, self._partner))
            if error := _unknown_kind(config.connector_provider_class):
                unknown.append((config, error))
        self._known = known
        return {each: one for each, (_, one) in known.items()}, unknown


def _unknown_kind(provider: str) -> ConfigurationError | None:
    """Why no integration service runs connectors of a class; None where one does."""
    try:
        kind = connector_class(provider)
    except ConfigurationError as error:
        return error
    if issubclass(kind, IntegrationConnector):
        return None
    return ConfigurationError(f"{provider} is no integration connector", help="correct its connector type")

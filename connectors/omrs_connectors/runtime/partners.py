"""The metadata servers that connectors work with: one client and one decoder each, for all connectors of a worker."""

from dataclasses import dataclass

from omrs_connectors.runtime.settings import DaemonSettings
from omrs_connectors.sdk.config import Partner
from omrs_connectors.sdk.listener import Source
from omrs_streams.client import MetadataClient, Retry
from omrs_streams.client.decoder import OutEventDecoder
from omrs_streams.log.names import server_out

RETRY_DEADLINE = 10.0  # seconds a connector's call is repeated while the server is not ready: then its pass fails


@dataclass(frozen=True, slots=True)
class PartnerCalls:
    """What connectors of one metadata server share."""

    client: MetadataClient
    decoder: OutEventDecoder


class Partners:
    """Makes them as they are needed."""

    def __init__(self, settings: DaemonSettings) -> None:
        self._settings = settings
        self._calls: dict[Partner, PartnerCalls] = {}

    def __getitem__(self, partner: Partner) -> PartnerCalls:
        found = self._calls.get(partner)
        if found is None:
            client = MetadataClient(
                partner.url,
                partner.name,
                self._settings.user_id,
                timeout=self._settings.call_timeout,
                retry=Retry(deadline=RETRY_DEADLINE),
            )
            found = self._calls[partner] = PartnerCalls(client, OutEventDecoder(client))
        return found

    def named(self, server: str) -> MetadataClient | None:
        """The client of the metadata server of that name; None for one that nothing here is configured with."""
        settings = self._settings
        others = [each.server for each in settings.services] + [each.server for each in settings.groups]
        for given in (settings.server, *others):
            if given is not None and given.name == server:
                return self[Partner(given.name, given.url)].client
        return None

    def close(self) -> None:
        for calls in self._calls.values():
            calls.client.close()


def out_of(partner: Partner) -> Source:
    """The server's out topic."""
    return Source(server_out(partner.name))

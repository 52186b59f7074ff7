"""`ConnectorKit`: a metadata server of the test's own, and connectors on trial at it."""

from collections.abc import Mapping
from typing import Any, Self

from omrs_connectors.kit.clock import VirtualClock
from omrs_connectors.kit.memory import MemoryServer
from omrs_connectors.kit.snapshot import Snapshot, snapshot_of
from omrs_connectors.kit.trial import Trial
from omrs_connectors.kit.world import World
from omrs_connectors.runtime.loading import create_connector
from omrs_connectors.sdk import Connector, IntegrationConnector, IntegrationConnectorConfig
from omrs_connectors.services.registry import GENERIC, service_of
from omrs_streams.client import MetadataClient


class ConnectorKit:
    """Runs connectors in the test's process, at a metadata server in memory unless another `world` is given.

    with ConnectorKit() as kit:
        trial = kit.trial(QueueConnector, endpoint={"networkAddress": "kafka:9092"})
        assert trial.refresh().counts()["created"] == 2
        assert not trial.refresh().changed
    """

    def __init__(self, world: World | None = None) -> None:
        self.clock = VirtualClock()
        self.world: World = world if world is not None else MemoryServer(clock=self.clock)
        self._trials: list[Trial] = []
        self._others: list[ConnectorKit] = []

    @property
    def client(self) -> MetadataClient:
        """Calls the metadata server, as a person beside the connector would."""
        return self.world.client

    def trial(
        self,
        connector: type[IntegrationConnector] | str,
        *,
        name: str = "trial",
        options: Mapping[str, Any] | None = None,
        max_page_size: int = 500,
        **config: Any,
    ) -> Trial:
        """A connector, by its class or the name it is installed under; nothing of it is called yet.

        `options`: its configuration properties. `config`: what else may be said of a connector, in the names of its
        configuration (`connectorUserId`, `metadataSourceQualifiedName`, `endpoint`, `connection` …).
        """
        classes: dict[str, type[Connector]] = {}
        provider = connector
        if isinstance(connector, type):
            provider = f"{connector.__module__}:{connector.__qualname__}"
            classes[provider] = connector
        given: dict[str, Any] = {"connectorName": name, **config}
        if "connection" not in given:
            given["connectorProviderClass"] = provider
            given["configurationProperties"] = dict(options or {})
        else:
            given["connection"] = _connecting(given["connection"], str(provider), options)
        whole = IntegrationConnectorConfig.model_validate(given)

        def load(wanted: str) -> Connector:
            kind = classes.get(wanted)
            return create_connector(wanted) if kind is None else kind()

        kind = classes.get(whole.connector_provider_class) or type(create_connector(whole.connector_provider_class))
        service = service_of(kind) if issubclass(kind, IntegrationConnector) else GENERIC
        trial = Trial(self.world, self.clock, whole, service, load, max_page_size=max_page_size)
        self._trials.append(trial)
        return trial

    def fresh(self) -> "ConnectorKit":
        """A kit of the same kind at another, empty server; closed with this one."""
        other = ConnectorKit(self.world.another())
        self._others.append(other)
        return other

    def snapshot(self) -> Snapshot:
        """What the server holds, without guids and times: equal for servers that hold the same."""
        return snapshot_of(self.client)

    def close(self) -> None:
        while self._trials:
            self._trials.pop().close()
        while self._others:
            self._others.pop().close()
        self.world.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def _connecting(connection: Any, provider: str, options: Mapping[str, Any] | None) -> dict[str, Any]:
    """A connection that says where, of the connector that the trial is about."""
    bean = connection.to_bean() if hasattr(connection, "to_bean") else dict(connection)
    bean["connectorType"] = {**(bean.get("connectorType") or {}), "connectorProviderClassName": provider}
    if options is not None:
        bean["configurationProperties"] = dict(options)
    return bean
